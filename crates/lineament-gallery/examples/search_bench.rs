//! A gallery that `bench/search.py` measures beside faiss: it is filled from a file of 32-bit floats, then
//! searched as often as the script asks for on standard input, one of these a line: `single`, `batched`,
//! `index` (builds the approximate index), `approximate BREADTH`. Every answer is a line of JSON.
//!
//! ```console
//! $ search_bench GALLERY DIMENSION FACES.f32 PROBES.f32
//! ```
#![allow(clippy::print_stdout, reason = "an example tells what it measured")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lineament_core::{Embedding, EmbeddingSpace, Rect};
use lineament_gallery::{
    ExportRow, ExportedFace, Face, FaceId, FaceQuality, Gallery, GalleryError, GalleryOptions,
    ImportSource, ImportUnit, Person, PersonId, Precision, SearchBy, SearchMode, SearchOptions,
    Source, USUAL_BREADTH, UnixSeconds,
};
use serde_json::{Value, json};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const FACES_PER_PERSON: i64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gallery, dimension, faces, probes] = arguments.as_slice() else {
        return Err("usage: search_bench GALLERY DIMENSION FACES.f32 PROBES.f32".into());
    };
    let (path, dimension) = (PathBuf::from(gallery), dimension.parse()?);
    fill(&path, dimension, Path::new(faces))?;
    let probes: Vec<Embedding> = vectors(Path::new(probes), dimension)?
        .map(|values| Ok(Embedding::from_raw(space(), values?)?))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let start = Instant::now();
    let mut gallery = Gallery::open(&path)?;
    search(&mut gallery, &probes[..1], SearchMode::Exact)?;
    println!("{}", json!({"open_s": start.elapsed().as_secs_f64()}));
    for command in std::io::stdin().lock().lines() {
        let command = command?;
        let (probes, mode): (Vec<&[Embedding]>, _) = match command.as_str() {
            "single" => (probes.chunks(1).collect(), SearchMode::Exact),
            "batched" => (vec![&probes], SearchMode::Exact),
            "index" => {
                println!("{}", index(&mut gallery, &probes[..1])?);
                continue;
            }
            other => (probes.chunks(1).collect(), approximate(other)?),
        };
        let (wall, cpu) = (Instant::now(), cpu_seconds()?);
        let mut best = Vec::new();
        for probes in probes {
            best.extend(search(&mut gallery, probes, mode)?);
        }
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        println!("{}", json!({"wall_s": wall, "cpu_s": cpu, "best": best}));
    }
    Ok(())
}

/// How `approximate BREADTH` searches.
fn approximate(command: &str) -> Result<SearchMode, Box<dyn Error>> {
    let breadth = command
        .strip_prefix("approximate ")
        .ok_or_else(|| format!("{command:?} is no command"))?;
    Ok(SearchMode::Approximate {
        breadth: breadth.parse()?,
    })
}

/// Builds the approximate index, and opens the gallery anew with it alone in memory.
fn index(gallery: &mut Gallery, probes: &[Embedding]) -> Result<Value, Box<dyn Error>> {
    let (wall, cpu) = (Instant::now(), cpu_seconds()?);
    gallery.build_approximate_index(NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))?;
    let (build_s, build_cpu_s) = (wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let n_bytes = std::fs::metadata(gallery.path().with_extension("graph"))?.len();
    let path = gallery.path().to_owned();
    let start = Instant::now();
    *gallery = Gallery::open(&path)?;
    search(
        gallery,
        probes,
        SearchMode::Approximate {
            breadth: USUAL_BREADTH,
        },
    )?;
    Ok(json!({
        "build_s": build_s,
        "build_cpu_s": build_cpu_s,
        "n_bytes": n_bytes,
        "open_s": start.elapsed().as_secs_f64(),
    }))
}

/// The number of the nearest face to each probe.
fn search(
    gallery: &mut Gallery,
    probes: &[Embedding],
    mode: SearchMode,
) -> Result<Vec<i64>, GalleryError> {
    let options = SearchOptions {
        k: 1,
        by: SearchBy::Face,
        mode,
        ..SearchOptions::default()
    };
    let found = gallery.search_all(probes, &options)?;
    let best = |matches: Vec<lineament_gallery::Match>| Some(matches.first()?.face?.0);
    Ok(found.into_iter().filter_map(best).collect())
}

fn fill(path: &Path, dimension: usize, faces: &Path) -> Result<(), Box<dyn Error>> {
    let options = GalleryOptions {
        space: space(),
        dimension,
        precision: Precision::F32,
        model_sha256: [0; 32],
    };
    let source = ImportSource {
        path: faces.to_owned(),
        unit: ImportUnit::Row,
    };
    let io = |error: std::io::Error| source.error(0, error.to_string());
    let rows = (1..)
        .zip(vectors(faces, dimension)?)
        .flat_map(|(id, values)| {
            let person = PersonId(1 + (id - 1) / FACES_PER_PERSON);
            let is_first = (id - 1) % FACES_PER_PERSON == 0;
            let introduced = is_first.then(|| Ok(ExportRow::Person(somebody(person))));
            let face = values.map(|values| face(FaceId(id), person, values));
            introduced.into_iter().chain([face.map_err(io)])
        });
    let mut gallery = Gallery::create(path, options.clone(), NOW)?;
    let start = Instant::now();
    let done = gallery.import(&source, &options, rows, NOW)?;
    let import_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    gallery.save_index()?;
    let stats = gallery.stats()?;
    println!(
        "{}",
        json!({
            "n_faces": done.n_faces,
            "import_s": import_s,
            "index_s": start.elapsed().as_secs_f64(),
            "n_bytes": stats.n_bytes,
        })
    );
    Ok(())
}

fn space() -> EmbeddingSpace {
    EmbeddingSpace::new("bench@1")
}

fn somebody(id: PersonId) -> Person {
    Person {
        id,
        name: format!("person {id}"),
        tags: Vec::new(),
        notes: String::new(),
        created_at: NOW,
        merged_into: None,
        n_faces: 0,
    }
}

fn face(id: FaceId, person: PersonId, embedding: Vec<f32>) -> ExportRow {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&id.0.to_le_bytes());
    ExportRow::Face(ExportedFace {
        face: Face {
            id,
            person,
            rect: Rect::from_corners(100.0, 80.0, 260.0, 290.0),
            landmarks: None,
            quality: FaceQuality::default(),
            source: Source {
                path: format!("/home/somebody/photos/{person}/{id}.jpg"),
                sha256,
            },
            enrolled_at: NOW,
        },
        embedding,
        thumbnail: None,
    })
}

/// The rows of a file of little-endian floats.
fn vectors(
    path: &Path,
    dimension: usize,
) -> std::io::Result<impl Iterator<Item = std::io::Result<Vec<f32>>>> {
    let n_rows = std::fs::metadata(path)?.len() / (4 * dimension as u64);
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    Ok((0..n_rows).map(move |_| {
        let mut bytes = vec![0; 4 * dimension];
        file.read_exact(&mut bytes)?;
        let (fours, _) = bytes.as_chunks::<4>();
        Ok(fours.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }))
}

/// Processor time of this thread so far.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: u64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds as f64 / 1e9)
}
