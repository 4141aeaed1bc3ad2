//! `lineament dataset split`: people to train, to validate and to test on.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use lineament_data::inspect::split_people;
use lineament_data::{Columns, LabelledSet, ListFormat, ListWriter};
use serde::Serialize;
use serde_json::json;

use super::kept::create;
use super::run::{Run, exit_of};
use crate::args::dataset::Split;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::plural;
use crate::settings;

/// The parts in order; the first takes whoever is in no other.
const PARTS: [&str; 3] = ["train", "val", "test"];

/// How many people a part gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Size {
    /// A share of all, below 1.
    Share(f64),
    /// So many.
    People(u64),
}

/// A part that is being written.
struct Part {
    name: &'static str,
    path: PathBuf,
    list: ListWriter,
    n_people: usize,
}

/// A part that was written.
#[derive(Serialize)]
struct Written {
    name: &'static str,
    list: PathBuf,
    n_people: usize,
    n_images: u64,
}

pub(super) fn run(args: &Split, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let sizes = [size("--val", &args.val)?, size("--test", &args.test)?];
    let set = super::open(&args.set)?;
    super::refuse_unnamed(&set)?;
    let run = Run::new(&args.shown, interrupt);
    let mut images_of: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    let n_bad = run.read(&set, |seen| {
        if let Some(person) = seen.sample.person {
            *images_of.entry(person).or_default() += 1;
        }
        Ok(())
    })?;
    let part_of = assign(&images_of, sizes, args)?;
    let parts = write(args, &set, &run, &part_of)?;
    print(
        settings::style(args.shown.json),
        || {
            json!({
                "path": set.path(), "kind": set.kind().name(), "seed": args.seed,
                "min_images": args.min_images, "n_bad_lines": n_bad, "parts": parts,
            })
        },
        |out| {
            parts.iter().try_for_each(|part| {
                let people = plural(part.n_people, "person", "people");
                let images = plural(part.n_images as usize, "image", "images");
                writeln!(out, "{}: {people}, {images}", part.list.display())
            })
        },
    )?;
    let n_images: u64 = parts.iter().map(|part| part.n_images).sum();
    Ok(exit_of(n_bad, n_images + n_bad))
}

/// What the text of an option asks for.
fn size(option: &str, text: &str) -> Result<Size, Failure> {
    let wrong = || {
        let expected = "a share below 1, as 0.1, or a number of people, as 200";
        Failure::usage(format!("{option} takes {expected}, not {text}"))
    };
    if let Ok(n) = text.parse() {
        return Ok(Size::People(n));
    }
    let share: f64 = text.parse().map_err(|_| wrong())?;
    match (0.0..1.0).contains(&share) {
        true => Ok(Size::Share(share)),
        false => Err(wrong()),
    }
}

/// The part of each person, as an index into [`PARTS`].
fn assign(
    images_of: &BTreeMap<Arc<str>, u64>,
    sizes: [Size; 2],
    args: &Split,
) -> Result<HashMap<Arc<str>, usize>, Failure> {
    let eligible = images_of.iter().filter(|(_, n)| **n >= args.min_images);
    let eligible: Vec<Arc<str>> = eligible.map(|(person, _)| person.clone()).collect();
    let [val, test] = sizes.map(|size| match size {
        Size::Share(share) => share * eligible.len() as f64,
        Size::People(n) => n as f64,
    });
    let n_train = eligible.len() as f64 - val - test;
    if n_train < 0.0 || eligible.is_empty() {
        return Err(Failure::new(
            Exit::BadInput,
            format!(
                "{:.0} people are wanted for validation and testing; {} of {} have {} or more images",
                val + test,
                eligible.len(),
                images_of.len(),
                args.min_images
            ),
        )
        .help("ask for fewer with --val and --test, or lower --min-images"));
    }
    let parts = split_people(&eligible, args.seed, &[n_train, val, test])
        .map_err(|error| Failure::usage(error.to_string()))?;
    let others = images_of.keys().map(|person| (person.clone(), 0));
    Ok(others.chain(eligible.into_iter().zip(parts)).collect())
}

/// Writes the lists of the first part and of those that have people.
fn write(
    args: &Split,
    set: &LabelledSet,
    run: &Run<'_>,
    part_of: &HashMap<Arc<str>, usize>,
) -> Result<Vec<Written>, Failure> {
    let mut parts = begin(args, set, part_of)?;
    run.read_again(set, |seen| {
        let mut sample = seen.sample;
        let part = sample
            .person
            .as_ref()
            .and_then(|person| part_of.get(person));
        let part = PARTS[part.copied().unwrap_or(0)];
        let Some(part) = parts.iter_mut().find(|begun| begun.name == part) else {
            return Ok(());
        };
        sample.split = Some(part.name.into());
        let added = part.list.append_in_place(&sample);
        added.map_err(|error| super::unwritable(&error))
    })?;
    let finish = |part: Part| {
        let n_images = part.list.n_written();
        part.list
            .finish()
            .map_err(|error| super::unwritable(&error))?;
        Ok(Written {
            name: part.name,
            list: part.path,
            n_people: part.n_people,
            n_images,
        })
    };
    parts.into_iter().map(finish).collect()
}

fn begin(
    args: &Split,
    set: &LabelledSet,
    part_of: &HashMap<Arc<str>, usize>,
) -> Result<Vec<Part>, Failure> {
    let columns = Columns {
        split: true,
        ..set.columns()
    };
    let n_people = |idx| part_of.values().filter(|part| **part == idx).count();
    let wanted = PARTS.into_iter().enumerate();
    let wanted = wanted.filter(|(idx, _)| *idx == 0 || n_people(*idx) > 0);
    let begin = |(idx, name): (usize, &'static str)| {
        let path = args.out.join(format!("{name}.csv"));
        Ok(Part {
            name,
            list: create(&path, ListFormat::Csv, &columns)?,
            path,
            n_people: n_people(idx),
        })
    };
    wanted.map(begin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_numbers_are_told_apart() {
        assert_eq!(size("--val", "0.25").unwrap(), Size::Share(0.25));
        assert_eq!(size("--val", "0").unwrap(), Size::People(0));
        assert_eq!(size("--val", "12").unwrap(), Size::People(12));
        for text in ["1.5", "-1", "-0.1", "many", "NaN"] {
            assert_eq!(
                size("--val", text).unwrap_err().exit(),
                Exit::Usage,
                "{text}"
            );
        }
    }
}
