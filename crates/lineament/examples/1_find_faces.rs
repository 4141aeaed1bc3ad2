//! Lesson 1: where are the faces, and are they good enough to be remembered?
//!
//! ```console
//! $ cargo run --release --example 1_find_faces -- models photo.jpg
//! ```
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;

use lineament::{ModelLimits, ModelStore, Pipeline, PipelineOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(models), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: 1_find_faces MODELS PHOTO".into());
    };

    // A store is a folder of ONNX files. Each is known by a manifest beside it or by its hash, so
    // nothing about a network is ever guessed.
    let store = ModelStore::open(Path::new(&models), ModelLimits::default())?;

    // Finding faces needs no embedder.
    let pipeline = Pipeline::open_detector(&store, &PipelineOptions::default())?;

    // A large JPEG is decoded at the scale that detection needs; coordinates are still those of
    // the full photo.
    let photo = pipeline.read(Path::new(&path))?;
    for face in pipeline.detect(&photo)? {
        println!(
            "{:?}, detection score {:.2}",
            face.rect, face.detection_score
        );

        // Each reason says what was found and what was wanted.
        for reason in &face.quality.reasons {
            println!("  {reason}");
        }
    }
    Ok(())
}
