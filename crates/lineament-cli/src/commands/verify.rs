//! `lineament verify`: whether two photos show the same person.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lineament::{Embedding, EmbeddingSpace, Face, Pipeline, Score, prominent};
use serde::Serialize;

use crate::args;
use crate::batch::Batch;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};
use crate::interrupt::Interrupt;
use crate::pipeline::{self, Need, Threads, Threshold};
use crate::progress::Watcher;
use crate::settings::{self, PipelineSettings, Rule, Style};
use crate::trouble::WorkError;

/// What `verify` is asked to do.
pub(crate) struct Settings {
    inputs: [Input; 2],
    faces: FaceChoice,
    rule: Rule,
    style: Style,
    threads: NonZeroUsize,
    pipeline: PipelineSettings,
}

/// Which faces of a photo take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaceChoice {
    Prominent,
    All,
}

impl TryFrom<args::Verify> for Settings {
    type Error = Failure;

    fn try_from(args: args::Verify) -> Result<Self, Failure> {
        let inputs = [input(&args.a)?, input(&args.b)?];
        if inputs.iter().all(|input| input.source == Source::Stdin) {
            return Err(Failure::usage(
                "only one of the photos can be on standard input",
            ));
        }
        Ok(Self {
            inputs,
            faces: if args.all_faces {
                FaceChoice::All
            } else {
                FaceChoice::Prominent
            },
            rule: settings::rule(&args.decision)?,
            style: settings::style(args.json),
            threads: settings::threads(args.threads),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

fn input(path: &Path) -> Result<Input, Failure> {
    if path.is_dir() {
        let message = format!("{} is a folder; verify compares two photos", path.display());
        return Err(Failure::usage(message));
    }
    let source = if path == Path::new("-") {
        Source::Stdin
    } else {
        Source::File(path.to_owned())
    };
    Ok(Input {
        source,
        shown: path.to_string_lossy().into_owned(),
        relative: PathBuf::from(path),
    })
}

/// A photo and its faces.
struct Side {
    path: String,
    size: (u32, u32),
    faces: Vec<(Face, Embedding)>,
}

/// What is told of a photo.
#[derive(Debug, Serialize)]
struct SideReport<'a> {
    path: &'a str,
    width: u32,
    height: u32,
    n_faces: usize,
    face_idx: usize,
    face: &'a Face,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Report<'a> {
    decision: Decision,
    score: Score,
    #[serde(flatten)]
    threshold: &'a Threshold,
    space: &'a EmbeddingSpace,
    a: SideReport<'a>,
    b: SideReport<'a>,
    /// With all faces compared: `scores[face of A][face of B]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Vec<Vec<Score>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Same,
    Different,
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let threads = Threads::share(settings.threads, settings.inputs.len());
    let pipeline = pipeline::open(
        &settings.pipeline,
        Need::DetectorAndEmbedder,
        threads.network,
    )?;
    let threshold = Threshold::of(settings.rule, &pipeline)?;
    let sides = read_both(settings, &pipeline, threads, interrupt)?;
    let [a, b] = sides.as_slice() else {
        return Ok(Exit::Interrupted);
    };
    let scores = scores(a, b)?;
    let (a_idx, b_idx) = match settings.faces {
        FaceChoice::Prominent => (middle_face(a)?, middle_face(b)?),
        FaceChoice::All => best_pair(&scores),
    };
    let score = scores[a_idx][b_idx];
    let report = Report {
        decision: if score >= threshold.threshold {
            Decision::Same
        } else {
            Decision::Different
        },
        score,
        threshold: &threshold,
        space: pipeline
            .space()
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?,
        a: a.report(a_idx),
        b: b.report(b_idx),
        scores: (settings.faces == FaceChoice::All).then_some(scores),
    };
    tell(&report, settings.style).map_err(|error| Failure::stdout(&error))?;
    Ok(match report.decision {
        Decision::Same => Exit::Success,
        Decision::Different => Exit::Different,
    })
}

/// Both photos, each with a face at least; fewer when interrupted.
fn read_both(
    settings: &Settings,
    pipeline: &Pipeline,
    threads: Threads,
    interrupt: &Interrupt,
) -> Result<Vec<Side>, Failure> {
    let batch = Batch {
        threads,
        watcher: Watcher::Off,
        interrupt,
        stage: "photos",
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let mut sides = Vec::new();
    let inputs: Vec<&Input> = settings.inputs.iter().collect();
    batch.for_each(
        &inputs,
        |input| -> Result<Side, WorkError> {
            let photo = pipeline::read(pipeline, input, max_bytes)?;
            Ok(Side {
                path: input.shown.clone(),
                size: photo.size(),
                faces: pipeline.analyze(&photo)?,
            })
        },
        |_, input, side| {
            let side = side.map_err(|trouble| pipeline::bad_photo(input, &trouble))?;
            if side.faces.is_empty() {
                return Err(no_face(&side.path));
            }
            sides.push(side);
            Ok(1)
        },
    )?;
    Ok(sides)
}

fn no_face(path: &str) -> Failure {
    Failure::new(Exit::NoFace, format!("no face was found in {path}"))
        .help("a lower --score-threshold finds less clear faces, --min-face smaller ones")
}

fn middle_face(side: &Side) -> Result<usize, Failure> {
    let faces: Vec<Face> = side.faces.iter().map(|(face, _)| face.clone()).collect();
    prominent(&faces, side.size).ok_or_else(|| no_face(&side.path))
}

fn scores(a: &Side, b: &Side) -> Result<Vec<Vec<Score>>, Failure> {
    let row = |(_, of_a): &(Face, Embedding)| {
        b.faces
            .iter()
            .map(|(_, of_b)| of_a.score(of_b))
            .collect::<Result<Vec<_>, _>>()
    };
    a.faces
        .iter()
        .map(row)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(Exit::Internal, error.to_string()))
}

/// Where the greatest score is; both photos have a face.
fn best_pair(scores: &[Vec<Score>]) -> (usize, usize) {
    let mut best = (0, 0);
    for (a_idx, row) in scores.iter().enumerate() {
        for (b_idx, score) in row.iter().enumerate() {
            if *score > scores[best.0][best.1] {
                best = (a_idx, b_idx);
            }
        }
    }
    best
}

impl Side {
    fn report(&self, face_idx: usize) -> SideReport<'_> {
        SideReport {
            path: &self.path,
            width: self.size.0,
            height: self.size.1,
            n_faces: self.faces.len(),
            face_idx,
            face: &self.faces[face_idx].0,
        }
    }
}

fn tell(report: &Report<'_>, style: Style) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if style == Style::Json {
        serde_json::to_writer(&mut out, report)?;
        return writeln!(out);
    }
    let (person, sign) = match report.decision {
        Decision::Same => ("the same person", "≥"),
        Decision::Different => ("different people", "<"),
    };
    writeln!(
        out,
        "{person}: score {} {sign} threshold {} ({})",
        report.score,
        report.threshold.threshold,
        report.threshold.source_in_words()
    )?;
    for side in [&report.a, &report.b] {
        tell_side(&mut out, side)?;
    }
    let Some(scores) = &report.scores else {
        return Ok(());
    };
    tell_scores(&mut out, scores)
}

/// Which face was used, when there was a choice, and what is amiss with it.
fn tell_side(out: &mut impl Write, side: &SideReport<'_>) -> io::Result<()> {
    if side.n_faces > 1 {
        let rect = &side.face.rect;
        writeln!(
            out,
            "{}: face {} of {}, at {:.0},{:.0} size {:.0}×{:.0}",
            side.path,
            side.face_idx + 1,
            side.n_faces,
            rect.x,
            rect.y,
            rect.width,
            rect.height
        )?;
    }
    for reason in &side.face.quality.reasons {
        writeln!(out, "{}: the face is {reason}", side.path)?;
    }
    Ok(())
}

fn tell_scores(out: &mut impl Write, scores: &[Vec<Score>]) -> io::Result<()> {
    let columns = scores.first().map_or(0, Vec::len);
    write!(out, "\n  A \\ B")?;
    for b_idx in 0..columns {
        write!(out, "  {:>6}", b_idx + 1)?;
    }
    writeln!(out)?;
    for (a_idx, row) in scores.iter().enumerate() {
        write!(out, "  {:>5}", a_idx + 1)?;
        for score in row {
            write!(out, "  {:>6.3}", score.value())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_score_wins_and_the_first_of_equals() {
        let scores = |rows: &[&[f32]]| -> Vec<Vec<Score>> {
            rows.iter()
                .map(|row| row.iter().map(|&s| Score::new(s)).collect())
                .collect()
        };
        assert_eq!(best_pair(&scores(&[&[0.1, 0.4], &[0.9, -0.2]])), (1, 0));
        assert_eq!(best_pair(&scores(&[&[0.5, 0.5]])), (0, 0));
    }
}
