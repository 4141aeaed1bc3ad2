//! `lineament dataset info`: how many images and people a set has, and what they are like.

use std::collections::BTreeMap;
use std::io::Write;

use lineament_data::inspect::{SetStatistics, Spread, StatisticsCounter};
use lineament_data::{DataLimits, ImageSource, LabelledSet, Picture, Sample};
use lineament_decode::{ImageFormat, Limits, Resolution, decode_bytes};
use serde::Serialize;
use serde_json::json;

use super::run::{Run, exit_of};
use crate::args::dataset::Info;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::settings;

/// What some images of the set are like.
#[derive(Debug, Default, Serialize)]
struct Look {
    /// Images that were decoded, and those that could not be.
    n_decoded: u64,
    n_failed: u64,
    /// Images of each format.
    formats: BTreeMap<String, u64>,
    /// Images of each size in pixels, `width×height`.
    sizes: BTreeMap<String, u64>,
}

pub(super) fn run(args: &Info, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&args.set)?;
    let run = Run::new(&args.shown, interrupt);
    let mut counter = StatisticsCounter::default();
    let mut n_bytes = 0;
    let n_bad = run.read(&set, |seen| {
        counter.add(&seen.sample);
        n_bytes += stored_bytes(&seen.sample.image);
        Ok(())
    })?;
    let counts = counter.finish();
    let look = look(&set, &run, counts.n_images + n_bad, args.sample)?;
    print(
        settings::style(args.shown.json),
        || {
            json!({
                "path": set.path(), "kind": set.kind().name(), "n_bad_lines": n_bad,
                "n_bytes": n_bytes, "counts": counts, "columns": columns(&set), "look": look,
            })
        },
        |out| table(out, &set, &counts, n_bytes, &look),
    )?;
    Ok(exit_of(n_bad, counts.n_images + n_bad))
}

/// Bytes that the image takes in its file or container.
fn stored_bytes(image: &ImageSource) -> u64 {
    match image {
        ImageSource::Slice { length, .. } | ImageSource::Coded { length, .. } => *length,
        ImageSource::Memory(bytes) => bytes.len() as u64,
        ImageSource::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
        _ => image
            .path()
            .and_then(|path| std::fs::metadata(path).ok())
            .map_or(0, |metadata| metadata.len()),
    }
}

/// Decodes `n_wanted` images, evenly spread over the `n_images` of the set.
fn look(set: &LabelledSet, run: &Run<'_>, n_images: u64, n_wanted: u64) -> Result<Look, Failure> {
    let mut look = Look::default();
    if n_wanted == 0 {
        return Ok(look);
    }
    let step = n_images.div_ceil(n_wanted).max(1);
    run.for_each(
        set,
        "decoding",
        |seen| {
            seen.idx
                .is_multiple_of(step)
                .then(|| describe(&seen.sample))
        },
        |_, result| {
            let described = result.ok().and_then(|(_, described)| described);
            let is_broken = matches!(described, Some(None));
            look.n_failed += u64::from(is_broken);
            if let Some((format, size)) = described.flatten() {
                look.n_decoded += 1;
                *look.formats.entry(format).or_default() += 1;
                *look.sizes.entry(size).or_default() += 1;
            }
            Ok(!is_broken)
        },
    )?;
    Ok(look)
}

/// Format and size of an image; `None` when it cannot be decoded.
fn describe(sample: &Sample) -> Option<(String, String)> {
    let size = |width: u32, height: u32| format!("{width}×{height}");
    match sample.image.read(&DataLimits::default()).ok()? {
        Picture::Rgb(image) => Some(("pixels".to_owned(), size(image.width(), image.height()))),
        Picture::Encoded(bytes) => {
            let format: ImageFormat = ImageFormat::of(&bytes)?;
            let photo = decode_bytes(&bytes, Resolution::Full, &Limits::default()).ok()?;
            let size = size(photo.image.width(), photo.image.height());
            Some((format.to_string(), size))
        }
    }
}

fn columns(set: &LabelledSet) -> Vec<String> {
    let columns = set.columns();
    let given = [
        (columns.split, "split"),
        (columns.face, "box"),
        (columns.landmarks, "landmarks"),
    ];
    let given = given.iter().filter(|(is_there, _)| *is_there);
    let attributes = columns.attributes.iter().map(|name| name.to_string());
    given
        .map(|(_, name)| (*name).to_owned())
        .chain(attributes)
        .collect()
}

fn table(
    out: &mut dyn Write,
    set: &LabelledSet,
    counts: &SetStatistics,
    n_bytes: u64,
    look: &Look,
) -> std::io::Result<()> {
    writeln!(out, "{} at {}", set.kind(), set.path().display())?;
    writeln!(
        out,
        "images       {}, {:.1} MB",
        counts.n_images,
        n_bytes as f64 / 1e6
    )?;
    writeln!(out, "people       {}", counts.n_people)?;
    if counts.n_unlabelled > 0 {
        writeln!(out, "of nobody    {}", counts.n_unlabelled)?;
    }
    if let Some(spread) = counts.images_per_person {
        writeln!(out, "per person   {}", spread_in_words(&spread))?;
        let alone = counts.histogram.first().filter(|bin| bin.from == 1);
        writeln!(
            out,
            "with one     {} people",
            alone.map_or(0, |bin| bin.n_people)
        )?;
    }
    for (name, n_images) in &counts.splits {
        writeln!(out, "part         {name}: {n_images}")?;
    }
    let columns = columns(set);
    if !columns.is_empty() {
        writeln!(out, "columns      {}", columns.join(", "))?;
    }
    if look.n_decoded + look.n_failed > 0 {
        writeln!(
            out,
            "formats      {}",
            in_words(&look.formats, look.n_decoded)
        )?;
        writeln!(
            out,
            "sizes        {}",
            in_words(&look.sizes, look.n_decoded)
        )?;
    }
    if look.n_failed > 0 {
        let n_seen = look.n_failed + look.n_decoded;
        writeln!(
            out,
            "broken       {} of {n_seen}; see `dataset check`",
            look.n_failed
        )?;
    }
    Ok(())
}

fn spread_in_words(spread: &Spread) -> String {
    format!(
        "least {}, quartiles {} {} {}, most {}, mean {:.1}",
        spread.min,
        spread.lower_quartile,
        spread.median,
        spread.upper_quartile,
        spread.max,
        spread.mean
    )
}

/// The commonest, with their shares of those that were looked at.
fn in_words(counts: &BTreeMap<String, u64>, n: u64) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let share = |count: u64| 100.0 * count as f64 / n as f64;
    let shown = counts.iter().take(4);
    let mut words: Vec<String> = shown
        .map(|(name, count)| format!("{name} {:.0} %", share(**count)))
        .collect();
    if counts.len() > words.len() {
        words.push(format!("{} more", counts.len() - words.len()));
    }
    words.join(", ")
}
