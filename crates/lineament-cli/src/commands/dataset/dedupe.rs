//! `lineament dataset dedupe`: images that a set has more than once.

use std::collections::HashSet;

use lineament_cluster::{ScanPlan, connected_components};
use lineament_data::LabelledSet;
use lineament_data::inspect::{Digest, DuplicateFinder};
use serde::Serialize;
use serde_json::json;

use super::copies::{Named, digest, kept, named_groups};
use super::faces::{FaceSettings, SetFaces, defect};
use super::kept::KeptList;
use super::noise::dot;
use super::run::{Run, exit_of};
use crate::args::dataset::Dedupe;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::{Level, plural};
use crate::settings;

/// Copies of one image.
#[derive(Debug, Serialize)]
struct Group {
    kind: Likeness,
    images: Vec<Copy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Likeness {
    /// Byte for byte.
    Exact,
    /// By embedding.
    Near,
}

#[derive(Debug, Serialize)]
struct Copy {
    #[serde(flatten)]
    image: Named,
    /// Score with the first of the group; `None` for exact copies.
    score: Option<f32>,
    /// True for the one that a cleaned list has.
    kept: bool,
}

/// What the bytes of a set tell.
struct Bytes {
    finder: DuplicateFinder,
    n_images: u64,
    n_failed: u64,
}

pub(super) fn run(args: &Dedupe, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&args.set)?;
    let cleaned = args.cleaned.as_deref();
    let cleaned = cleaned.map(|path| KeptList::new(path, &set)).transpose()?;
    if let Some(score) = args.near.filter(|score| !(-1.0..=1.0).contains(score)) {
        let message = format!("--near is a score from -1 to 1, not {score}");
        return Err(Failure::usage(message));
    }
    let run = Run::new(&args.shown, interrupt);
    let Bytes {
        finder,
        n_images,
        n_failed,
    } = read_bytes(&set, &run)?;
    let mut groups: Vec<Group> = named_groups(finder, &set, &run)?
        .into_iter()
        .map(|group| of_group(Likeness::Exact, group, &[]))
        .collect();
    if let Some(score) = args.near {
        groups.extend(near(args, &set, score, &groups, &run, interrupt)?);
    }
    let dropped = dropped(&groups);
    let n_kept = match &cleaned {
        Some(list) => Some(list.write(&set, &run, |idx, sample| {
            (!dropped.contains(&idx)).then_some(sample)
        })?),
        None => None,
    };
    print(
        settings::style(args.shown.json),
        || {
            json!({
                "path": set.path(), "kind": set.kind().name(), "n_images": n_images,
                "n_failed": n_failed, "near": args.near, "groups": groups,
                "n_dropped": dropped.len(), "n_kept": n_kept, "cleaned": args.cleaned,
            })
        },
        |out| {
            groups.iter().try_for_each(|group| tell(out, group))?;
            let n_groups = plural(groups.len(), "group", "groups");
            let images = plural(n_images as usize, "image", "images");
            writeln!(
                out,
                "{images}, {n_groups} of copies; {} too many",
                dropped.len()
            )?;
            match (&args.cleaned, n_kept) {
                (Some(path), Some(n)) => writeln!(out, "{} has the other {n}", path.display()),
                _ => Ok(()),
            }
        },
    )?;
    Ok(exit_of(n_failed, n_images))
}

/// Reads every image; those that cannot be are told of.
fn read_bytes(set: &LabelledSet, run: &Run<'_>) -> Result<Bytes, Failure> {
    let mut bytes = Bytes {
        finder: DuplicateFinder::default(),
        n_images: 0,
        n_failed: 0,
    };
    run.for_each(
        set,
        "comparing",
        |seen| digest(&seen.sample),
        |progress, result| {
            bytes.n_images += 1;
            let digest = result.and_then(|(seen, digest)| Ok((seen.idx, digest?)));
            if let Err(error) = &digest {
                bytes.n_failed += 1;
                progress.tell(Level::Error, &error.to_string());
            }
            Ok(digest.is_ok_and(|(idx, digest): (u64, Digest)| {
                bytes.finder.add(idx, digest);
                true
            }))
        },
    )?;
    Ok(bytes)
}

/// The groups of faces that score `score` or more, in chains, and are not byte for byte the same.
fn near(
    args: &Dedupe,
    set: &LabelledSet,
    score: f32,
    exact: &[Group],
    run: &Run<'_>,
    interrupt: &Interrupt,
) -> Result<Vec<Group>, Failure> {
    let settings = FaceSettings::new(&args.embedding, &args.shown, set)?;
    let model = settings.open()?;
    let faces = SetFaces::read(set, &settings, &model, run, interrupt)?;
    let plan = ScanPlan::default();
    let clusters = connected_components(&faces.rows, f64::from(score), &plan).map_err(defect)?;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); clusters.n_clusters()];
    for (row, label) in clusters.labels().iter().enumerate() {
        if let Some(label) = label {
            members[*label].push(row);
        }
    }
    let known: Vec<HashSet<u64>> = exact
        .iter()
        .map(|group| group.images.iter().map(|copy| copy.image.idx).collect())
        .collect();
    let is_new = |group: &Vec<Named>| {
        let holds = |known: &HashSet<u64>| group.iter().all(|one| known.contains(&one.idx));
        group.len() > 1 && !known.iter().any(holds)
    };
    let named = members.iter().map(|rows| {
        let names = rows.iter().map(|row| faces.image(*row));
        let group: Vec<Named> = names.map(|(idx, sample)| Named::of(*idx, sample)).collect();
        let first = rows.first().map(|row| faces.rows.row(*row));
        let scores: Vec<f32> = first.map_or(Vec::new(), |first| {
            rows.iter()
                .map(|row| dot(first, faces.rows.row(*row)))
                .collect()
        });
        (group, scores)
    });
    Ok(named
        .filter(|(group, _)| is_new(group))
        .map(|(group, scores)| of_group(Likeness::Near, group, &scores))
        .collect())
}

fn of_group(kind: Likeness, group: Vec<Named>, scores: &[f32]) -> Group {
    let stays = kept(&group);
    let copy = |(place, image): (usize, Named)| Copy {
        image,
        score: scores.get(place).copied(),
        kept: stays == Some(place),
    };
    Group {
        kind,
        images: group.into_iter().enumerate().map(copy).collect(),
    }
}

/// The images that a cleaned list has not.
fn dropped(groups: &[Group]) -> HashSet<u64> {
    let copies = groups.iter().flat_map(|group| &group.images);
    let dropped = copies.filter(|copy| !copy.kept);
    dropped.map(|copy| copy.image.idx).collect()
}

fn tell(out: &mut dyn std::io::Write, group: &Group) -> std::io::Result<()> {
    let of_several = group.images.iter().all(|copy| !copy.kept);
    let kind = match group.kind {
        Likeness::Exact => "equal",
        Likeness::Near => "alike",
    };
    let several = if of_several {
        ", under several people"
    } else {
        ""
    };
    writeln!(out, "{kind}{several}:")?;
    for copy in &group.images {
        let mark = if copy.kept { "keep" } else { "drop" };
        let score = copy
            .score
            .map_or(String::new(), |score| format!(" {score:.3}"));
        writeln!(out, "  {mark}{score} {}", copy.image.in_words())?;
    }
    Ok(())
}
