//! Every stage beside the Python reference, on real photos: numbers only, nothing kept.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament::{
    CloseUp, DetectionOptions, Face, ModelLimits, ModelStore, Photo, Pipeline, PipelineOptions,
    Point, Rect, RgbImage, Selector,
};
use lineament_decode::{Limits, Resolution, read_photo};
use serde_json::Value;

use crate::python;

/// Detection as the reference does it: one look, no more than this many pixels a side.
const MAX_SIDE_PX: u32 = 512;

#[derive(Default)]
struct Differences {
    n_photos: usize,
    n_faces: usize,
    n_only_here: usize,
    n_only_there: usize,
    scores: Vec<f64>,
    box_corners_px: Vec<f64>,
    landmarks_px: Vec<f64>,
    crop_levels: Vec<f64>,
    cosines: Vec<f64>,
}

pub(crate) fn parity(models: &Path, photos: &[PathBuf], limit: usize) -> anyhow::Result<()> {
    let photos = pick(photos, limit)?;
    let options = PipelineOptions {
        detector: Selector::Named("yunet_n_dynamic".to_owned()),
        embedder: Selector::Named("mobilefacenet".to_owned()),
        detection: DetectionOptions {
            max_side_px: MAX_SIDE_PX,
            close_up: CloseUp::Skip,
            ..DetectionOptions::default()
        },
        ..PipelineOptions::default()
    };
    let store = ModelStore::open(models, ModelLimits::default())?;
    let pipeline = Pipeline::open(&store, &options)?;
    println!("Both from the same pixels:\n");
    let scratch = tempfile::tempdir()?;
    let pixels = photos
        .iter()
        .enumerate()
        .map(|(i, photo)| write_pixels(photo, &scratch.path().join(format!("{i}.ppm"))))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (paths, images): (Vec<_>, Vec<_>) = pixels.into_iter().unzip();
    compare_all(&pipeline, models, &paths, |i| {
        Ok(Photo::from_image(images[i].clone()))
    })?;
    println!("\nEach with its own decoder, theirs OpenCV's:\n");
    compare_all(&pipeline, models, &photos, |i| {
        Ok(pipeline.read(&photos[i])?)
    })
}

/// Writes a photo's pixels, as we decode them, for the reference to read.
fn write_pixels(photo: &Path, to: &Path) -> anyhow::Result<(PathBuf, RgbImage)> {
    let image = read_photo(photo, Resolution::Full, &Limits::default())?.image;
    let mut file = format!("P6\n{} {}\n255\n", image.width(), image.height()).into_bytes();
    file.extend_from_slice(image.pixels());
    std::fs::write(to, file)?;
    Ok((to.to_owned(), image))
}

fn compare_all(
    pipeline: &Pipeline,
    models: &Path,
    paths: &[PathBuf],
    photo: impl Fn(usize) -> anyhow::Result<Photo>,
) -> anyhow::Result<()> {
    let reference = reference(models, paths)?;
    let mut differences = Differences::default();
    for (i, path) in paths.iter().enumerate() {
        let theirs = &reference[path.to_string_lossy().as_ref()];
        compare(pipeline, &photo(i)?, theirs, &mut differences)
            .with_context(|| path.display().to_string())?;
    }
    report(&differences);
    Ok(())
}

fn pick(roots: &[PathBuf], limit: usize) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for root in roots {
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
                let path = entry?.path();
                let is_photo =
                    |e: &std::ffi::OsStr| ["jpg", "jpeg", "png"].iter().any(|known| e == *known);
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(is_photo) {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("no photos in {roots:?}");
    }
    let step = found.len().div_ceil(limit.max(1));
    Ok(found.into_iter().step_by(step).collect())
}

fn reference(models: &Path, photos: &[PathBuf]) -> anyhow::Result<Value> {
    // It will hold crops and embeddings of people, so it goes when this is done.
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("reference.json");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut arguments = vec!["--models".to_owned(), text(models)];
    arguments.extend([
        "--max-side".to_owned(),
        MAX_SIDE_PX.to_string(),
        "--out".to_owned(),
        text(&out),
    ]);
    arguments.extend(photos.iter().map(|p| text(p)));
    python::run("reference/pipeline.py", &arguments)?;
    let json = std::fs::read(&out)?;
    Ok(serde_json::from_slice(&json)?)
}

fn compare(
    pipeline: &Pipeline,
    photo: &Photo,
    theirs: &Value,
    differences: &mut Differences,
) -> anyhow::Result<()> {
    let faces = pipeline.detect(photo)?;
    let their_faces = theirs["faces"]
        .as_array()
        .context("the reference skipped it")?;
    differences.n_photos += 1;
    let mut matched = vec![None; their_faces.len()];
    for face in &faces {
        let same = (0..their_faces.len())
            .find(|&i| matched[i].is_none() && rect(&their_faces[i]).iou(&face.rect) > 0.7);
        let Some(i) = same else {
            differences.n_only_here += 1;
            continue;
        };
        matched[i] = Some(face);
        differences.n_faces += 1;
        compare_face(face, &their_faces[i], differences);
    }
    differences.n_only_there += matched.iter().filter(|m| m.is_none()).count();
    let chosen = theirs["chosen"]
        .as_u64()
        .and_then(|i| matched.get(i as usize).copied().flatten());
    if let Some(face) = chosen {
        let crop = pipeline.align(photo, face)?;
        let expected = STANDARD.decode(theirs["crop_base64"].as_str().context("no crop")?)?;
        let sum: f64 = crop
            .pixels()
            .iter()
            .zip(&expected)
            .map(|(a, b)| f64::from(a.abs_diff(*b)))
            .sum();
        differences.crop_levels.push(sum / expected.len() as f64);
        let embedding = pipeline
            .embed(&[crop])?
            .pop()
            .context("one crop gives one embedding")?;
        let expected = theirs["embedding"].as_array().context("no embedding")?;
        let cosine = embedding
            .values()
            .iter()
            .zip(expected)
            .map(|(&a, b)| f64::from(a) * number(b))
            .sum();
        differences.cosines.push(cosine);
    }
    Ok(())
}

fn compare_face(face: &Face, theirs: &Value, differences: &mut Differences) {
    differences
        .scores
        .push((f64::from(face.detection_score) - number(&theirs["score"])).abs());
    let their_rect = rect(theirs);
    let corner = |r: &Rect| [Point::new(r.x, r.y), Point::new(r.right(), r.bottom())];
    let corners = corner(&face.rect).into_iter().zip(corner(&their_rect));
    differences
        .box_corners_px
        .extend(corners.map(|(a, b)| f64::from(a.distance(b))));
    if let Some(landmarks) = face.landmarks {
        for (i, point) in landmarks.to_array().into_iter().enumerate() {
            let their_point = &theirs["landmarks"][i];
            let their_point = Point::new(
                number(&their_point[0]) as f32,
                number(&their_point[1]) as f32,
            );
            differences
                .landmarks_px
                .push(f64::from(point.distance(their_point)));
        }
    }
}

fn rect(face: &Value) -> Rect {
    let value = |key: &str| number(&face[key]) as f32;
    Rect {
        x: value("x"),
        y: value("y"),
        width: value("width"),
        height: value("height"),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn report(differences: &Differences) {
    let Differences {
        n_photos,
        n_faces,
        n_only_here,
        n_only_there,
        ..
    } = differences;
    println!(
        "{n_photos} photos: {n_faces} faces found by both, {n_only_here} only here, {n_only_there} only there\n"
    );
    println!("| stage | median | 99th percentile | worst |");
    println!("|---|---|---|---|");
    row("detection score, difference", &differences.scores, false);
    row("box corners, px", &differences.box_corners_px, false);
    row("landmarks, px", &differences.landmarks_px, false);
    row("crop, mean grey levels", &differences.crop_levels, false);
    row("embedding, cosine", &differences.cosines, true);
}

fn row(stage: &str, values: &[f64], greater_is_better: bool) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if greater_is_better {
        sorted.reverse();
    }
    let at = |share: f64| {
        let idx = (share * (sorted.len().saturating_sub(1)) as f64).round() as usize;
        sorted.get(idx).copied().unwrap_or(f64::NAN)
    };
    println!(
        "| {stage} | {:.6} | {:.6} | {:.6} |",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
