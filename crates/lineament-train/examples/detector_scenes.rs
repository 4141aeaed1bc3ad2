//! Writes the first scenes of a detector's configuration as PNG, faces framed in green and what is
//! ignored in red, and prints how many a second one thread makes:
//!
//!     cargo run --release -p lineament-train --example detector_scenes -- CONFIG DIR N [FIELD=VALUE …]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use lineament_core::{Rect, RgbImage};
use lineament_train::detect::{DetectorConfig, scenes};
use lineament_train::run::{Threads, Unwatched};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [config, folder, n, fields @ ..] = &args[..] else {
        return Err("usage: detector_scenes CONFIG DIR N [FIELD=VALUE …]".into());
    };
    let config = DetectorConfig::load(Path::new(config), fields)?;
    let one = NonZeroUsize::MIN;
    let threads = Threads {
        compute: one,
        load: one,
    };
    let scenes = scenes(&config, threads, &mut Unwatched)?;
    let n: usize = n.parse()?;
    let before = Instant::now();
    let made: Result<Vec<_>, _> = (0..n).map(|slot| scenes.scene(0, slot)).collect();
    let made = made?;
    writeln!(
        std::io::stdout(),
        "{:.0} scenes a second",
        n as f64 / before.elapsed().as_secs_f64()
    )?;
    std::fs::create_dir_all(folder)?;
    for (slot, mut scene) in made.into_iter().enumerate() {
        for face in &scene.marks.faces {
            frame(&mut scene.image, &face.rect, [0, 255, 0]);
            for point in face.landmarks.iter().flat_map(|l| l.to_array()) {
                let dot =
                    Rect::from_corners(point.x - 1.0, point.y - 1.0, point.x + 1.0, point.y + 1.0);
                frame(&mut scene.image, &dot, [255, 255, 0]);
            }
        }
        for rect in &scene.marks.ignored {
            frame(&mut scene.image, rect, [255, 0, 0]);
        }
        write(
            &Path::new(folder).join(format!("{slot:03}.png")),
            &scene.image,
        )?;
    }
    Ok(())
}

fn frame(image: &mut RgbImage, rect: &Rect, color: [u8; 3]) {
    let (width, height) = (image.width() as i64, image.height() as i64);
    let [left, top, right, bottom] =
        [rect.x, rect.y, rect.right(), rect.bottom()].map(|v| v.round() as i64);
    let sides = (left..=right).flat_map(|x| [(x, top), (x, bottom)]);
    let sides = sides.chain((top..=bottom).flat_map(|y| [(left, y), (right, y)]));
    for (x, y) in sides {
        if (0..width).contains(&x) && (0..height).contains(&y) {
            let at = (y * width + x) as usize * 3;
            image.pixels_mut()[at..at + 3].copy_from_slice(&color);
        }
    }
}

fn write(path: &Path, image: &RgbImage) -> Result<(), Box<dyn Error>> {
    let mut encoder = png::Encoder::new(File::create(path)?, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(image.pixels())?;
    Ok(())
}
