//! Drawn photos, lists of their faces, and a configuration to train on them.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lineament_core::{Rect, RgbImage};
use lineament_testkit::{DrawnFace, draw_faces};
use lineament_train::detect::DetectorConfig;
use lineament_train::run::Threads;

pub(crate) const CONFIG: &str = r#"
task = "detect"
name = "drawn"
seed = 3
batch = 2

[input]
width = 64
height = 96

[data]
photos = "photos.csv"
held_out = "photos.csv"

[augment]
flip = 0.0
grey = 0.2
jpeg = { probability = 0.3 }

[optimizer]
kind = "adamw"

[schedule]
rate = 0.001
decay = { kind = "cosine" }

[train]
length = "8 steps"
accumulate = 2
clip_norm = 10.0
ema = 0.9
precision = "float"
device = "cpu"
log_every = 2

[validation]
every = "4 steps"
max_side_px = 96
"#;

/// A folder with three drawn photos of one or two faces each, and their list.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut list =
            "file,x,y,width,height,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,\
            mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y,ignore\n"
                .to_owned();
        for photo in 0..3_u8 {
            let name = format!("{photo}.png");
            let one = DrawnFace::at(50.0 + 10.0 * f32::from(photo), 60.0, 50.0);
            let two = DrawnFace::at(120.0, 80.0, 40.0);
            let faces = &[one, two][..1 + usize::from(photo % 2)];
            write_png(&folder.path().join(&name), &draw_faces(160, 120, faces));
            for face in faces {
                row(&mut list, &name, face, "");
            }
        }
        let unsure = DrawnFace::at(20.0, 20.0, 20.0);
        row(&mut list, "0.png", &unsure, "1");
        fs::write(folder.path().join("photos.csv"), list).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration, some fields set anew.
    pub(crate) fn config(&self, assignments: &[&str]) -> DetectorConfig {
        let mut all: Vec<String> = assignments.iter().map(|a| (*a).to_owned()).collect();
        all.push(format!("data.root={:?}", self.folder.path()));
        DetectorConfig::parse(CONFIG, "test", &all).unwrap()
    }
}

/// A detector's box around a drawn face.
pub(crate) fn rect(face: &DrawnFace) -> Rect {
    Rect {
        x: face.center.x - 0.36 * face.height_px,
        y: face.center.y - 0.5 * face.height_px,
        width: 0.72 * face.height_px,
        height: face.height_px,
    }
}

fn row(list: &mut String, name: &str, face: &DrawnFace, ignore: &str) {
    let rect = rect(face);
    let points = face.landmarks().to_array();
    let points: Vec<String> = points.iter().map(|p| format!("{},{}", p.x, p.y)).collect();
    writeln!(
        list,
        "{name},{},{},{},{},{},{ignore}",
        rect.x,
        rect.y,
        rect.width,
        rect.height,
        points.join(",")
    )
    .unwrap();
}

fn write_png(path: &Path, image: &RgbImage) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(image.pixels()).unwrap();
}

pub(crate) fn threads(load: usize) -> Threads {
    Threads {
        compute: 1.try_into().unwrap(),
        load: load.try_into().unwrap(),
    }
}
