//! Measures how many images a second the loader alone makes.
//!
//! ```console
//! $ cargo run --release -p lineament-train --example loader_speed -- SET --threads 2 --packed FILE
//! ```

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use lineament_train::data::{
    Augment, AugmentOptions, ColorOptions, DataSource, Images, Loader, Part, Sampler,
    SamplerOptions, SetOptions, Target, TargetViews, Teacher, TeacherFeatures, TeacherModel,
    TrainSet,
};

#[derive(Parser)]
struct Arguments {
    /// A set of aligned crops.
    set: PathBuf,
    /// The file of decoded crops; written first where it is not there. Without it, every image is
    /// decoded when it is needed.
    #[arg(long)]
    packed: Option<PathBuf>,
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    #[arg(long, default_value = "128")]
    batch: usize,
    /// Batches that are timed.
    #[arg(long, default_value = "100")]
    batches: u64,
    /// What a teacher said of the images, read along.
    #[arg(long)]
    features: Option<PathBuf>,
    /// A teacher that is asked about every image.
    #[arg(long, conflicts_with = "features")]
    teacher: Option<PathBuf>,
    /// What is done to the images.
    #[arg(long, value_enum, default_value = "usual")]
    augment: Level,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Level {
    /// Half of the images are mirrored.
    Flip,
    /// They are moved, enlarged, turned and recoloured as well.
    Usual,
}

impl Level {
    fn options(self) -> AugmentOptions {
        match self {
            Self::Flip => AugmentOptions::default(),
            Self::Usual => AugmentOptions {
                shift_px: 4.0,
                scale: 0.08,
                rotation_deg: 5.0,
                color: ColorOptions {
                    probability: 0.5,
                    brightness: 0.2,
                    contrast: 0.2,
                    saturation: 0.2,
                },
                grey: 0.05,
                ..AugmentOptions::default()
            },
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut images = Images::open(&[DataSource::at(&arguments.set)])?;
    if let Some(packed) = &arguments.packed {
        let start = Instant::now();
        images = images.packed(packed, arguments.threads, &mut |_, _| {
            ControlFlow::Continue(())
        })?;
        say(&format!(
            "packed and open after {:.1} s",
            start.elapsed().as_secs_f64()
        ))?;
    }
    let images = Arc::new(images);
    let target = Target::cut(112, 112);
    let teacher = match (&arguments.features, &arguments.teacher) {
        (Some(path), _) => Some(Teacher::Features(Arc::new(TeacherFeatures::open(
            path, &images,
        )?))),
        (None, Some(path)) => Some(Teacher::Model(Arc::new(TeacherModel::open(path, &target)?))),
        (None, None) => None,
    };
    let set = TrainSet::of(images, &SetOptions::default(), Part::Train)?;
    let set = Arc::new(match teacher {
        Some(teacher) => set.with_teacher(teacher, TargetViews::Seen)?,
        None => set,
    });
    say(&format!(
        "{:?}, {} people",
        set.counts(),
        set.people().len()
    ))?;
    let uniform = SamplerOptions::Uniform {
        batch: arguments.batch,
    };
    let sampler = Sampler::new(&uniform, set.labels(), 1)?;
    let augment = Augment::new(&arguments.augment.options(), 1)?;
    let loader = Loader::new(set, sampler, augment, target, arguments.threads)?;
    let start = Instant::now();
    for step in 0..arguments.batches {
        loader.batch(step)?;
    }
    let per_s = arguments.batches as f64 / start.elapsed().as_secs_f64();
    let images_per_s = per_s * arguments.batch as f64;
    say(&format!(
        "{per_s:.2} batches, {images_per_s:.0} images a second"
    ))?;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
