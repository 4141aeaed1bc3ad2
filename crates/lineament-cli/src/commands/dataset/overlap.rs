//! `lineament dataset overlap`: what two sets share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::sync::Arc;

use lineament_data::LabelledSet;
use lineament_data::inspect::{Digest, StatisticsCounter, identity_overlap};
use serde::Serialize;
use serde_json::json;

use super::copies::{Named, digest, names_of};
use super::faces::{FaceSettings, SetFaces, defect, strictest, threshold};
use super::noise;
use super::run::{Run, exit_of};
use crate::args::dataset::Overlap;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::Threshold;
use crate::progress::{Level, plural};
use crate::settings;

/// One image in both sets.
#[derive(Debug, Serialize)]
struct SharedImage {
    first: Named,
    second: Named,
}

/// A person of each set who may be one.
#[derive(Debug, Serialize)]
struct SharedPerson {
    first: Arc<str>,
    second: Arc<str>,
    /// Score of the two; `None` where the names are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
}

/// What is known of a set without decoding its images.
struct Contents {
    people: Vec<Arc<str>>,
    /// The first image of each digest.
    images: HashMap<Digest, u64>,
    n_images: u64,
    n_failed: u64,
}

/// People alike by their faces, and what counts as alike.
struct ByFace {
    people: Vec<SharedPerson>,
    threshold: Threshold,
}

pub(super) fn run(args: &Overlap, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let first = super::open(&args.set)?;
    let second = super::open_at(&args.other, args.other_kind)?;
    let run = Run::new(&args.shown, interrupt);
    let (a, b) = (
        Contents::read(&first, &run)?,
        Contents::read(&second, &run)?,
    );
    let images = shared_images([&first, &second], [&a, &b], &run)?;
    let by_name: Vec<SharedPerson> = identity_overlap(&a.people, &b.people)
        .into_iter()
        .map(|found| SharedPerson {
            first: found.first,
            second: found.second,
            score: None,
        })
        .collect();
    let by_face = match args.by_face {
        true => Some(by_face(args, [&first, &second], &run, interrupt)?),
        false => None,
    };
    let sides = [(&first, &a), (&second, &b)];
    print(
        settings::style(args.shown.json),
        || {
            let side = |(set, contents): (&LabelledSet, &Contents)| {
                json!({
                    "path": set.path(), "kind": set.kind().name(), "n_images": contents.n_images,
                    "n_people": contents.people.len(), "n_failed": contents.n_failed,
                })
            };
            json!({
                "sets": sides.map(side), "images": images, "by_name": by_name,
                "by_face": by_face.as_ref().map(|found| &found.people),
                "threshold": by_face.as_ref().map(|found| &found.threshold),
            })
        },
        |out| table(out, &images, &by_name, by_face.as_ref()),
    )?;
    Ok(exit_of(a.n_failed + b.n_failed, a.n_images + b.n_images))
}

impl Contents {
    /// Reads every image of a set; those that cannot be are told of.
    fn read(set: &LabelledSet, run: &Run<'_>) -> Result<Self, Failure> {
        let mut counter = StatisticsCounter::default();
        let mut contents = Self {
            people: Vec::new(),
            images: HashMap::new(),
            n_images: 0,
            n_failed: 0,
        };
        run.for_each(
            set,
            "comparing",
            |seen| digest(&seen.sample),
            |progress, result| {
                contents.n_images += 1;
                let digest = result.and_then(|(seen, digest)| {
                    counter.add(&seen.sample);
                    Ok((seen.idx, digest?))
                });
                match digest {
                    Ok((idx, digest)) => {
                        contents.images.entry(digest).or_insert(idx);
                        Ok(true)
                    }
                    Err(error) => {
                        contents.n_failed += 1;
                        progress.tell(Level::Error, &error.to_string());
                        Ok(false)
                    }
                }
            },
        )?;
        contents.people = counter.people();
        Ok(contents)
    }
}

/// The images that both sets have, in the order of the first.
fn shared_images(
    sets: [&LabelledSet; 2],
    contents: [&Contents; 2],
    run: &Run<'_>,
) -> Result<Vec<SharedImage>, Failure> {
    let [a, b] = contents;
    let shared = a.images.iter();
    let shared = shared.filter_map(|(digest, first)| Some((*first, *b.images.get(digest)?)));
    let shared: BTreeMap<u64, u64> = shared.collect();
    let firsts: BTreeSet<u64> = shared.keys().copied().collect();
    let seconds: BTreeSet<u64> = shared.values().copied().collect();
    let firsts = names_of(&firsts, sets[0], run)?;
    let seconds = names_of(&seconds, sets[1], run)?;
    let named = shared.iter().filter_map(|(first, second)| {
        Some(SharedImage {
            first: firsts.get(first)?.clone(),
            second: seconds.get(second)?.clone(),
        })
    });
    Ok(named.collect())
}

/// The people of both sets whose centres are alike, the most alike first.
fn by_face(
    args: &Overlap,
    sets: [&LabelledSet; 2],
    run: &Run<'_>,
    interrupt: &Interrupt,
) -> Result<ByFace, Failure> {
    let given = settings::rule(&args.decision)?;
    let side = |set: &LabelledSet| {
        let face_settings = FaceSettings::new(&args.embedding, &args.shown, set)?;
        let model = face_settings.open()?;
        let own = threshold(&model, given)?.threshold.value();
        let strict = threshold(&model, strictest(&model, given)?)?;
        let faces = SetFaces::read(set, &face_settings, &model, run, interrupt)?;
        let (names, people): (Vec<_>, Vec<_>) = faces.people().into_iter().unzip();
        let centres = noise::centres(&faces.rows, &people, own).map_err(defect)?;
        Ok::<_, Failure>((names, centres, strict))
    };
    let (first_names, first, threshold) = side(sets[0])?;
    let (second_names, second, _) = side(sets[1])?;
    let least = threshold.threshold.value();
    let alike = first.alike(&second, least).map_err(defect)?;
    let named = alike.iter().map(|pair| SharedPerson {
        first: first_names[pair.first].clone(),
        second: second_names[pair.second].clone(),
        score: Some(pair.score),
    });
    let people = named.collect();
    Ok(ByFace { people, threshold })
}

fn table(
    out: &mut dyn Write,
    images: &[SharedImage],
    by_name: &[SharedPerson],
    by_face: Option<&ByFace>,
) -> std::io::Result<()> {
    for SharedImage { first, second } in images {
        writeln!(out, "image  {} = {}", first.in_words(), second.in_words())?;
    }
    for SharedPerson { first, second, .. } in by_name {
        writeln!(out, "name   {first} = {second}")?;
    }
    let of_face = by_face.iter().flat_map(|found| &found.people);
    for SharedPerson {
        first,
        second,
        score,
    } in of_face
    {
        writeln!(out, "face   {first} ~ {second} {:.3}", score.unwrap_or(0.0))?;
    }
    let images = plural(images.len(), "image", "images");
    let names = plural(by_name.len(), "person", "people");
    writeln!(out, "shared: {images}, {names} by name")?;
    match by_face {
        Some(ByFace { people, threshold }) => writeln!(
            out,
            "{} by face, of score {:.3} or more: {}",
            plural(people.len(), "pair of people", "pairs of people"),
            threshold.threshold.value(),
            threshold.source_in_words()
        ),
        None => Ok(()),
    }
}
