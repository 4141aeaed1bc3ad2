//! `lineament dataset check`: every image read and decoded, and what is broken told.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use lineament_data::inspect::{Digest, DuplicateFinder};
use lineament_data::sets::Property;
use lineament_data::{DataLimits, LabelledSet, Picture, Sample, SetKind};
use lineament_decode::{Limits, Resolution, decode_bytes};
use serde::Serialize;
use serde_json::json;

use super::copies::{Named, digest_of, kept, named_groups};
use super::run::Run;
use crate::args::dataset::Check;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::{Level, plural};
use crate::settings::{self, Style};

/// Something that is broken.
#[derive(Debug, Serialize)]
struct Problem {
    kind: ProblemKind,
    /// The image or person, where it has a name.
    name: Option<String>,
    /// What is wrong, and where.
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum ProblemKind {
    /// A line or record that makes no sense.
    BadEntry,
    /// An image whose bytes cannot be had.
    Unreadable,
    /// An image that cannot be decoded.
    Undecodable,
    /// A person of whom there is no image.
    EmptyPerson,
    /// One image under several people.
    SharedImage,
}

impl ProblemKind {
    const fn in_words(self) -> &'static str {
        match self {
            Self::BadEntry => "bad entries",
            Self::Unreadable => "unreadable images",
            Self::Undecodable => "images that cannot be decoded",
            Self::EmptyPerson => "people without images",
            Self::SharedImage => "images under several people",
        }
    }
}

/// What was found.
#[derive(Default)]
struct Findings {
    n_images: u64,
    problems: Vec<Problem>,
    people: HashSet<Arc<str>>,
    finder: DuplicateFinder,
}

pub(super) fn run(args: &Check, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&args.set)?;
    let run = Run::new(&args.shown, interrupt);
    let style = settings::style(args.shown.json);
    let mut findings = read(&set, &run, style)?;
    let finder = std::mem::take(&mut findings.finder);
    let copies = named_groups(finder, &set, &run)?;
    let shared = copies.iter().filter(|group| kept(group).is_none());
    findings
        .problems
        .extend(shared.map(|group| shared_image(group)));
    findings
        .problems
        .extend(empty_people(&set, &findings.people)?);
    tell(&set, &findings, &copies, style)?;
    let n_bad = findings.problems.len() as u64;
    Ok(match n_bad {
        0 => Exit::Success,
        _ if findings.people.is_empty() && n_bad >= findings.n_images => Exit::BadInput,
        _ => Exit::SomeFailed,
    })
}

fn read(set: &LabelledSet, run: &Run<'_>, style: Style) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    run.for_each(
        set,
        "checking",
        |seen| check(&seen.sample),
        |progress, result| {
            findings.n_images += 1;
            let problem = match result {
                Err(error) => Problem {
                    kind: ProblemKind::BadEntry,
                    name: None,
                    message: error.to_string(),
                },
                Ok((seen, checked)) => {
                    findings.people.extend(seen.sample.person);
                    match checked {
                        Ok(digest) => {
                            findings.finder.add(seen.idx, digest);
                            return Ok(true);
                        }
                        Err(problem) => problem,
                    }
                }
            };
            if style == Style::People {
                progress.tell(Level::Error, &problem.message);
            }
            findings.problems.push(problem);
            Ok(false)
        },
    )?;
    Ok(findings)
}

/// The digest of an image that can be decoded.
fn check(sample: &Sample) -> Result<Digest, Problem> {
    let problem = |kind, message: String| Problem {
        kind,
        message: match message.contains(&sample.name) {
            true => message,
            false => format!("{}: {message}", sample.name),
        },
        name: Some(sample.name.clone()),
    };
    let picture = sample
        .image
        .read(&DataLimits::default())
        .map_err(|error| problem(ProblemKind::Unreadable, error.to_string()))?;
    if let Picture::Encoded(bytes) = &picture {
        decode_bytes(bytes, Resolution::Full, &Limits::default())
            .map_err(|error| problem(ProblemKind::Undecodable, error.to_string()))?;
    }
    Ok(digest_of(&picture))
}

fn shared_image(group: &[Named]) -> Problem {
    let names: Vec<String> = group.iter().map(Named::in_words).collect();
    Problem {
        kind: ProblemKind::SharedImage,
        name: group.first().map(|first| first.name.clone()),
        message: format!("one image under several people: {}", names.join(", ")),
    }
}

/// People whom the container knows and of whom it has no image.
fn empty_people(set: &LabelledSet, seen: &HashSet<Arc<str>>) -> Result<Vec<Problem>, Failure> {
    let bad = |error: String| Failure::new(Exit::BadInput, error);
    let empty = |name: Option<String>, message: String| Problem {
        kind: ProblemKind::EmptyPerson,
        name,
        message,
    };
    match set.kind() {
        SetKind::Folder => {
            let folders = folders(set.path()).map_err(|error| bad(error.to_string()))?;
            let without = folders
                .into_iter()
                .filter(|name| !seen.contains(name.as_str()));
            Ok(without
                .map(|name| {
                    let message = format!("{name}: a folder without images");
                    empty(Some(name), message)
                })
                .collect())
        }
        SetKind::RecordIo => {
            let path = set.path().with_file_name("property");
            if !path.is_file() {
                return Ok(Vec::new());
            }
            let property = Property::read(&path, &DataLimits::default())
                .map_err(|error| bad(error.to_string()))?;
            let n_seen = seen.len() as u64;
            let is_short = n_seen < property.n_classes;
            let message = format!(
                "{}: says {} people, of whom {n_seen} have images",
                path.display(),
                property.n_classes
            );
            Ok(is_short.then(|| empty(None, message)).into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// The folders in a folder that are not hidden, by name.
fn folders(root: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn tell(
    set: &LabelledSet,
    findings: &Findings,
    copies: &[Vec<Named>],
    style: Style,
) -> Result<(), Failure> {
    let mut by_kind: BTreeMap<ProblemKind, usize> = BTreeMap::new();
    for problem in &findings.problems {
        *by_kind.entry(problem.kind).or_default() += 1;
    }
    let n_copies: usize = copies.iter().map(|group| group.len() - 1).sum();
    let n_images = findings.n_images;
    print(
        style,
        || {
            json!({
                "path": set.path(), "kind": set.kind().name(), "n_images": n_images,
                "n_people": findings.people.len(), "problems": findings.problems, "copies": copies,
            })
        },
        |out| {
            // Those of images were told as they came.
            let late = |problem: &&Problem| problem.kind >= ProblemKind::EmptyPerson;
            for problem in findings.problems.iter().filter(late) {
                writeln!(out, "{}", problem.message)?;
            }
            let n_people = findings.people.len();
            write!(out, "{} of ", plural(n_images as usize, "image", "images"))?;
            writeln!(out, "{}", plural(n_people, "person", "people"))?;
            for (kind, count) in &by_kind {
                writeln!(out, "{count} {}", kind.in_words())?;
            }
            if n_copies > 0 {
                writeln!(
                    out,
                    "{n_copies} copies of other images; see `dataset dedupe`"
                )?;
            }
            match by_kind.is_empty() {
                true => writeln!(out, "nothing is broken"),
                false => Ok(()),
            }
        },
    )
}
