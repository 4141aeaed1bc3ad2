//! Lesson 2: do two photos show one person?
//!
//! ```console
//! $ cargo run --release --example 2_same_person -- models a.jpg b.jpg
//! ```
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;

use lineament::{Embedding, ModelLimits, ModelStore, Pipeline, PipelineOptions, prominent};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [models, a, b] = arguments.as_slice() else {
        return Err("usage: 2_same_person MODELS A B".into());
    };
    let store = ModelStore::open(Path::new(models), ModelLimits::default())?;
    let pipeline = Pipeline::open(&store, &PipelineOptions::default())?;

    // An embedding is a vector of unit norm that knows which model made it. Two of them give a
    // score, greater for faces more alike; two of different models give an error, not a number.
    let score = portrait(&pipeline, a)?.score(&portrait(&pipeline, b)?)?;

    // A threshold means nothing by itself. The calibration tells which one lets at most one pair of
    // strangers in ten thousand pass, and refuses rates that it was not measured for.
    let point = pipeline.calibration()?.threshold_at(1e-4)?;
    let answer = if score >= point.threshold {
        "one person"
    } else {
        "two people"
    };
    println!(
        "{answer}: score {score}, threshold {} ({})",
        point.threshold, point.source
    );
    Ok(())
}

/// The stages one by one: read, detect, choose, align, embed.
fn portrait(pipeline: &Pipeline, path: &str) -> Result<Embedding, Box<dyn Error>> {
    let photo = pipeline.read(Path::new(path))?;
    let faces = pipeline.detect(&photo)?;
    let face_idx = prominent(&faces, photo.size()).ok_or_else(|| format!("{path}: no face"))?;
    let crop = pipeline.align(&photo, &faces[face_idx])?;
    let embedding = pipeline.embed(&[crop])?.pop();
    embedding.ok_or_else(|| "one crop gives one embedding".into())
}
