//! Lesson 3: who is in a folder of photos, on all cores?
//!
//! ```console
//! $ cargo run --release --example 3_many_photos -- models ada.jpg photos/*.jpg
//! ```
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use lineament::stream::map_in_order;
use lineament::{KnownPeople, ModelLimits, ModelStore, Pipeline, PipelineOptions, prominent};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(models), Some(known)) = (arguments.next(), arguments.next()) else {
        return Err("usage: 3_many_photos MODELS KNOWN PHOTOS…".into());
    };
    let store = ModelStore::open(Path::new(&models), ModelLimits::default())?;

    // One pipeline serves all threads; each network runs on the thread that calls it, so that the
    // photos, not the layers of a network, are what runs in parallel.
    let pipeline = Pipeline::open(&store, &PipelineOptions::default())?;
    let threshold = pipeline.calibration()?.threshold_at(1e-4)?.threshold;

    let mut people = KnownPeople::new(pipeline.space()?.clone());
    let photo = pipeline.read(Path::new(&known))?;
    let faces = pipeline.analyze(&photo)?;
    let found: Vec<_> = faces.iter().map(|(face, _)| face.clone()).collect();
    let portrait = prominent(&found, photo.size()).ok_or("no face to know")?;
    people.add(&known, &faces[portrait].1)?;

    // Results come in the order of the photos, and only a few are under way at any time, however
    // long the list is.
    let paths: Vec<_> = arguments.map(PathBuf::from).collect();
    let threads = available_parallelism()?;
    map_in_order(
        paths.into_iter(),
        threads,
        |path| {
            let faces = pipeline
                .read(&path)
                .and_then(|photo| pipeline.analyze(&photo));
            (path, faces)
        },
        |(path, faces)| {
            match faces {
                Ok(faces) => {
                    for (_, embedding) in &faces {
                        if let Ok(found) = people.identify(embedding, threshold) {
                            let name = found.name.as_deref().unwrap_or("unknown");
                            println!("{}: {name}", path.display());
                        }
                    }
                }
                // A broken file is one line, not the end.
                Err(error) => println!("{}: {error}", path.display()),
            }
            ControlFlow::Continue(())
        },
    );
    Ok(())
}
