//! A small set of drawn people, and a configuration to train on it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lineament_eval::Seeded;
use lineament_train::run::checkpoint;
use lineament_train::run::{Config, Event, Outcome, Threads, Unwatched, Watch, train};

pub(crate) const SIDE: u32 = 32;

/// Draws `n_people` folders of six pictures each: stripes of a colour of the person's own, noise
/// over it.
pub(crate) fn draw_people(folder: &Path, n_people: usize) {
    let mut random = Seeded::new(7);
    for person in 0..n_people {
        let people = folder.join(format!("person-{person:02}"));
        fs::create_dir_all(&people).unwrap();
        let color = [0; 3].map(|_| random.below(200) as u8);
        for picture in 0..6 {
            let pixel = |i: usize, random: &mut Seeded| {
                let row = i as u32 / SIDE;
                let is_striped = row.is_multiple_of(person as u32 % 5 + 2);
                color.map(|c| c / (1 + u8::from(is_striped)) + random.below(50) as u8)
            };
            let n = (SIDE * SIDE) as usize;
            let pixels: Vec<u8> = (0..n).flat_map(|i| pixel(i, &mut random)).collect();
            write_png(&people.join(format!("{picture}.png")), &pixels);
        }
    }
}

pub(crate) fn write_png(path: &Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(pixels)
        .unwrap();
}

/// Twenty steps of a small network, everything that has a memory turned on.
pub(crate) const CONFIG: &str = r#"
name = "drawn"
seed = 3

[network]
name = "lite-tiny"
options = { embedding_dim = 16, width = 0.5, dropout = 0.2 }

[input]
width = 32
height = 32

[data]
sources = [{ path = "people" }]
selection = { held_out = 0.4, split_seed = 1 }

[sampler]
kind = "uniform"
batch = 8

[augment]
shift_px = 2.0

[loss]
kind = "arcface"
scale = 16.0
margin = 0.2

[optimizer]
kind = "sgd"
momentum = 0.9
weight_decay = 5e-4

[schedule]
rate = 0.05
warmup = "4 steps"
decay = { kind = "cosine" }

[train]
length = "20 steps"
accumulate = 2
ema = 0.9
clip_norm = 5.0
precision = "float"
device = "cpu"
log_every = 5

[checkpoint]
every = "5 steps"
keep = 2

[validation]
every = "10 steps"
n_pairs = 40
folds = 2
"#;

/// A folder with drawn people, and a configuration for them.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        draw_people(&folder.path().join("people"), 10);
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> String {
        format!("data.root={:?}", self.folder.path())
    }

    /// The configuration, some fields set anew.
    pub(crate) fn config(&self, assignments: &[&str]) -> Config {
        let mut all: Vec<String> = assignments.iter().map(|a| (*a).to_owned()).collect();
        all.push(self.root());
        Config::parse(CONFIG, "test", &all).unwrap()
    }
}

pub(crate) fn threads(load: usize) -> Threads {
    Threads {
        compute: 1.try_into().unwrap(),
        load: load.try_into().unwrap(),
    }
}

/// Asks to stop after a step, and remembers what it was told.
#[derive(Default)]
pub(crate) struct Ears {
    pub(crate) stop_after: Option<u64>,
    pub(crate) step: u64,
    pub(crate) warnings: Vec<String>,
    pub(crate) accuracies: Vec<f64>,
}

impl Watch for Ears {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Stepped { step, .. } => self.step = *step,
            Event::Warning(text) => self.warnings.push((*text).to_owned()),
            Event::Validated(metrics) => self.accuracies.push(metrics.accuracy),
            _ => {}
        }
    }

    fn stops(&self) -> bool {
        self.stop_after == Some(self.step)
    }
}

pub(crate) fn last(run: &Path) -> PathBuf {
    let found = checkpoint::list(&run.join("checkpoints")).unwrap();
    found.last().unwrap().1.clone()
}

pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

pub(crate) fn whole(place: &Place, assignments: &[&str], load_threads: usize) -> PathBuf {
    let run = place.path(&format!("whole-{load_threads}"));
    let config = place.config(assignments);
    let outcome = train(config, &run, threads(load_threads), &mut Unwatched).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    run
}
