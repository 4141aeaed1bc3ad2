//! `lineament dataset clean`: images under the wrong person, and people who are filed twice.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use lineament_data::{Columns, DataError, LabelledSet, ListFormat, ListWriter, Sample};
use serde::Serialize;
use serde_json::{Value, json};

use super::copies::Named;
use super::faces::{FaceSettings, SetFaces, defect, strictest, threshold};
use super::kept::{KeptList, create};
use super::noise::{self, Alike, Centres, Limits, Suspect, Verdict};
use super::run::{Run, exit_of};
use crate::args::dataset::Clean;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Pending;
use crate::pipeline::Threshold;
use crate::progress::plural;
use crate::settings::{self, Rule};

const CSV: &str = "suggestions.csv";
const JSON: &str = "suggestions.json";
/// The columns of the suggestions besides the image and the person.
const COLUMNS: [&str; 4] = ["suggestion", "score", "other_person", "other_score"];

/// A suggestion, as reports have it.
#[derive(Debug, Serialize)]
struct Suggestion {
    #[serde(flatten)]
    image: Named,
    suggestion: Verdict,
    /// Score with the centre of its person's other images.
    score: f32,
    /// The other person whom it is most like, and its mean score with their images.
    other_person: Option<Arc<str>>,
    other_score: Option<f32>,
}

/// Two people who may be one.
#[derive(Debug, Serialize)]
struct Pair {
    people: [Arc<str>; 2],
    n_images: [usize; 2],
    score: f32,
}

/// A person most of whose images do not agree with each other.
#[derive(Debug, Serialize)]
struct Mixed {
    person: Arc<str>,
    n_images: usize,
    n_agreeing: usize,
}

/// Everything that was found.
struct Report {
    names: Vec<Arc<str>>,
    suspects: Vec<Suspect>,
    alike: Vec<Alike>,
    suggestions: Vec<Suggestion>,
    pairs: Vec<Pair>,
    mixed: Vec<Mixed>,
}

pub(super) fn run(args: &Clean, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&args.set)?;
    super::refuse_inside(&args.out, &set)?;
    for name in [CSV, JSON] {
        refuse_existing(&args.out.join(name))?;
    }
    let cleaned = args.cleaned.as_deref();
    let cleaned = cleaned.map(|path| KeptList::new(path, &set)).transpose()?;
    let run = Run::new(&args.shown, interrupt);
    let face_settings = FaceSettings::new(&args.embedding, &args.shown, &set)?;
    let model = face_settings.open()?;
    let own = threshold(&model, settings::rule(&args.decision)?)?;
    let search = threshold(&model, strictest(&model, search_rule(args)?)?)?;
    let faces = SetFaces::read(&set, &face_settings, &model, &run, interrupt)?;
    let limits = Limits {
        own: own.threshold.value(),
        search: search.threshold.value(),
    };
    let report = Report::of(&faces, limits)?;
    write_csv(&args.out.join(CSV), &faces, &report)?;
    let n_kept = match &cleaned {
        Some(list) => Some(write_cleaned(list, args, &set, &run, &faces, &report)?),
        None => None,
    };
    let about = json!({
        "path": set.path(), "kind": set.kind().name(), "model": model.identity()?,
        "own": own, "search": search, "n_images": faces.images.len(), "n_bad_lines": faces.n_bad,
        "n_without_face": faces.n_without_face(), "n_people": report.names.len(),
        "suggestions": report.suggestions, "alike": report.pairs, "mixed": report.mixed,
        "n_kept": n_kept, "cleaned": args.cleaned,
    });
    write_json(&args.out.join(JSON), &about)?;
    print(
        settings::style(args.shown.json),
        || about,
        |out| table(out, args, &faces, &report, [&own, &search], n_kept),
    )?;
    Ok(exit_of(
        faces.n_bad,
        faces.images.len() as u64 + faces.n_bad,
    ))
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(super::unwritable(&DataError::Exists {
            path: path.to_owned(),
            help: "remove it, or name another folder with --out",
        }));
    }
    Ok(())
}

fn search_rule(args: &Clean) -> Result<Rule, Failure> {
    settings::rule(&crate::args::common::Decision {
        threshold: args.search_threshold,
        fmr: None,
    })
}

impl Report {
    fn of(faces: &SetFaces, limits: Limits) -> Result<Self, Failure> {
        let (names, people): (Vec<_>, Vec<_>) = faces.people().into_iter().unzip();
        if names.is_empty() {
            return Err(Failure::new(
                Exit::BadInput,
                "no face has a person's name to it",
            ));
        }
        let centres = noise::centres(&faces.rows, &people, limits.own).map_err(defect)?;
        let alike = centres.alike_within(limits.search).map_err(defect)?;
        let mut suspects =
            noise::suspects(&faces.rows, &people, &centres, &alike, limits).map_err(defect)?;
        suspects.sort_by(|a, b| a.score.total_cmp(&b.score).then(a.row.cmp(&b.row)));
        let suggestion = |suspect: &Suspect| {
            let (idx, sample) = faces.image(suspect.row);
            Suggestion {
                image: Named::of(*idx, sample),
                suggestion: suspect.verdict,
                score: suspect.score,
                other_person: suspect.other.map(|(person, _)| names[person].clone()),
                other_score: suspect.other.map(|(_, score)| score),
            }
        };
        let pair = |pair: &Alike| Pair {
            people: [pair.first, pair.second].map(|person| names[person].clone()),
            n_images: [pair.first, pair.second].map(|person| people[person].len()),
            score: pair.score,
        };
        Ok(Self {
            suggestions: suspects.iter().map(suggestion).collect(),
            pairs: alike.iter().map(pair).collect(),
            mixed: mixed(&names, &people, &centres),
            names,
            suspects,
            alike,
        })
    }

    /// For each person, the name that people who may be one get: that of the first of them.
    fn merged_names(&self) -> HashMap<Arc<str>, Arc<str>> {
        let mut first: Vec<usize> = (0..self.names.len()).collect();
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for pair in &self.alike {
                let least = first[pair.first].min(first[pair.second]);
                has_changed |= first[pair.first] != least || first[pair.second] != least;
                first[pair.first] = least;
                first[pair.second] = least;
            }
        }
        let names = self.names.iter().zip(&first);
        names
            .map(|(name, first)| (name.clone(), self.names[*first].clone()))
            .collect()
    }
}

fn mixed(names: &[Arc<str>], people: &[Vec<usize>], centres: &Centres) -> Vec<Mixed> {
    let counted = names.iter().zip(people).zip(&centres.agreeing);
    let mixed = counted
        .filter(|((_, images), agreeing)| images.len() > 2 && 2 * agreeing.len() <= images.len());
    mixed
        .map(|((person, images), agreeing)| Mixed {
            person: person.clone(),
            n_images: images.len(),
            n_agreeing: agreeing.len(),
        })
        .collect()
}

/// The suggestions as a list of images, which is a labelled set of its own.
fn write_csv(path: &Path, faces: &SetFaces, report: &Report) -> Result<(), Failure> {
    let columns = Columns {
        attributes: COLUMNS.map(Arc::from).to_vec(),
        ..Columns::default()
    };
    let mut list = create(path, ListFormat::Csv, &columns)?;
    for (suspect, suggestion) in report.suspects.iter().zip(&report.suggestions) {
        let (_, sample) = faces.image(suspect.row);
        let verdict = json!(suggestion.suggestion);
        let cells = [
            verdict.as_str().unwrap_or_default().to_owned(),
            format!("{:.4}", suggestion.score),
            suggestion
                .other_person
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
            suggestion
                .other_score
                .map_or(String::new(), |score| format!("{score:.4}")),
        ];
        let mut row = Sample::new(sample.name.clone(), sample.image.clone());
        row.person = sample.person.clone();
        let cells = COLUMNS.into_iter().zip(cells);
        let cells = cells.filter(|(_, cell)| !cell.is_empty());
        row.attributes = cells.map(|(name, cell)| (name.into(), cell)).collect();
        append(&mut list, &row)?;
    }
    list.finish().map_err(|error| super::unwritable(&error))
}

/// Names an image by where it lies or, in a container of which no list can name a part, by its name
/// there.
fn append(list: &mut ListWriter, row: &Sample) -> Result<(), Failure> {
    let in_place = list.append_in_place(row);
    let added = match in_place {
        Err(DataError::Unsupported { .. }) => list.append(row, &row.name),
        in_place => in_place,
    };
    added.map_err(|error| super::unwritable(&error))
}

fn write_json(path: &Path, about: &Value) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::write(path, &error);
    let mut pending = Pending::create(path).map_err(failed)?;
    writeln!(pending.file, "{about:#}").map_err(failed)?;
    pending.commit().map_err(failed)
}

/// Writes the list without the images that look wrong; of two that only differ, both stay.
fn write_cleaned(
    list: &KeptList,
    args: &Clean,
    set: &LabelledSet,
    run: &Run<'_>,
    faces: &SetFaces,
    report: &Report,
) -> Result<u64, Failure> {
    let wrong = report.suspects.iter();
    let wrong = wrong.filter(|suspect| suspect.verdict != Verdict::UnlikeEachOther);
    let wrong: HashSet<u64> = wrong.map(|suspect| faces.image(suspect.row).0).collect();
    let names = match args.merge {
        true => report.merged_names(),
        false => HashMap::new(),
    };
    list.write(set, run, |idx, mut sample| {
        let merged = sample.person.as_ref().and_then(|person| names.get(person));
        if let Some(name) = merged {
            sample.person = Some(name.clone());
        }
        (!wrong.contains(&idx)).then_some(sample)
    })
}

fn table(
    out: &mut dyn Write,
    args: &Clean,
    faces: &SetFaces,
    report: &Report,
    [own, search]: [&Threshold; 2],
    n_kept: Option<u64>,
) -> std::io::Result<()> {
    let count = |verdict| {
        let of_verdict = report.suspects.iter().filter(|s| s.verdict == verdict);
        of_verdict.count()
    };
    let images = plural(faces.images.len(), "image", "images");
    writeln!(
        out,
        "{images} of {}",
        plural(report.names.len(), "person", "people")
    )?;
    writeln!(out, "{:>7} without a face", faces.n_without_face())?;
    writeln!(
        out,
        "{:>7} look like another person",
        count(Verdict::OtherPerson)
    )?;
    writeln!(
        out,
        "{:>7} do not look like their person",
        count(Verdict::UnlikePerson)
    )?;
    let n_apart = count(Verdict::UnlikeEachOther);
    writeln!(out, "{n_apart:>7} are one of two images that differ")?;
    writeln!(out, "{:>7} pairs of people look alike", report.pairs.len())?;
    writeln!(
        out,
        "{:>7} people have no majority of images that agree",
        report.mixed.len()
    )?;
    for (name, threshold) in [("own person", own), ("search", search)] {
        let score = threshold.threshold.value();
        writeln!(
            out,
            "score {score:.3} for {name}: {}",
            threshold.source_in_words()
        )?;
    }
    writeln!(
        out,
        "{} and {JSON} tell which",
        args.out.join(CSV).display()
    )?;
    match (&args.cleaned, n_kept) {
        (Some(path), Some(n)) => writeln!(out, "{} has the other {n}", path.display()),
        _ => Ok(()),
    }
}
