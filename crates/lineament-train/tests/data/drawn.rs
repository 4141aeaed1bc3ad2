//! Sets of drawn crops.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use lineament_train::data::{
    Augment, AugmentOptions, BlurOptions, ColorOptions, DataSource, Images, JpegOptions, Loader,
    LowResolutionOptions, MixOptions, OcclusionOptions, Sampler, SamplerOptions, Target, TrainSet,
    WarpOptions,
};
use tch::Tensor;

/// A crop of 128×128 of which red tells the column, green the row and blue the person.
pub(crate) fn draw(path: &Path, person: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixels: Vec<u8> = (0..128)
        .flat_map(|y| (0..128).flat_map(move |x| [x, y, person]))
        .collect();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 128, 128);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
}

/// `n_images[i]` crops of person i, then three that show nobody known, two of which are no images.
pub(crate) fn folder(root: &Path, n_images: &[usize]) -> Vec<DataSource> {
    for (person, &n) in n_images.iter().enumerate() {
        for image in 0..n {
            draw(&root.join(format!("p{person}/{image}.png")), person as u8);
        }
    }
    fs::create_dir_all(root.join("nobody at all")).unwrap();
    draw(&root.join("z0.png"), 99);
    fs::write(root.join("z1.png"), b"").unwrap();
    fs::write(root.join("z2.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    vec![DataSource::at(root)]
}

pub(crate) fn threads(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

pub(crate) fn packed(sources: &[DataSource], path: &Path) -> Arc<Images> {
    let images = Images::open(sources).unwrap();
    let packed = images.packed(path, threads(3), &mut |_, _| ControlFlow::Continue(()));
    Arc::new(packed.unwrap())
}

pub(crate) fn loader(
    set: &Arc<TrainSet>,
    options: &AugmentOptions,
    batch: usize,
    n_threads: usize,
) -> Loader {
    let sampler = Sampler::new(&SamplerOptions::Uniform { batch }, set.labels(), 5).unwrap();
    let augment = Augment::new(options, 6).unwrap();
    Loader::new(
        set.clone(),
        sampler,
        augment,
        Target::cut(112, 112),
        threads(n_threads),
    )
    .unwrap()
}

/// Everything that makes an image differ from another.
pub(crate) fn everything() -> AugmentOptions {
    AugmentOptions {
        shift_px: 6.0,
        scale: 0.1,
        rotation_deg: 10.0,
        color: ColorOptions {
            probability: 0.8,
            brightness: 0.3,
            contrast: 0.3,
            saturation: 0.3,
        },
        grey: 0.3,
        occlusion: OcclusionOptions {
            probability: 0.3,
            ..OcclusionOptions::default()
        },
        blur: BlurOptions {
            probability: 0.3,
            ..BlurOptions::default()
        },
        low_resolution: LowResolutionOptions {
            probability: 0.3,
            ..LowResolutionOptions::default()
        },
        jpeg: JpegOptions {
            probability: 0.3,
            ..JpegOptions::default()
        },
        warp: WarpOptions {
            probability: 0.3,
            ..WarpOptions::default()
        },
        mix: MixOptions {
            probability: 0.3,
            ..MixOptions::default()
        },
        ..AugmentOptions::default()
    }
}

pub(crate) fn plain() -> AugmentOptions {
    AugmentOptions {
        flip: 0.0,
        ..AugmentOptions::default()
    }
}

pub(crate) fn bytes(tensor: &Tensor) -> Vec<u8> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}
