//! `lineament gallery identify`: who the people in photos are, and who is unknown.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lineament::{Calibration, Face, Pipeline, Score};
use lineament_gallery::{
    FaceId, Filter, Gallery, Identification, Match, PersonId, SearchBy, SearchMode, SearchOptions,
};
use serde::Serialize;
use serde_json::json;

use super::decision::{OpenSetRule, SearchThreshold, Tail, TailRule};
use super::{Target, batch, check_model, index};
use crate::args::gallery::{ByName, Identify};
use crate::batch::{Batch, say};
use crate::draw::{Mark, Role};
use crate::drawing::Drawing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::Input;
use crate::interrupt::Interrupt;
use crate::pipeline::{self, Need, Threads};
use crate::record::{FaceRow, PhotoRecord, box_cells};
use crate::results::Results;
use crate::settings::{self, Style};
use crate::trouble::WorkError;

/// Somebody whom a face is like.
#[derive(Serialize)]
struct Candidate {
    name: String,
    person: PersonId,
    face: Option<FaceId>,
    score: Score,
    /// The chance that a stranger scores as much with somebody of this gallery; for scores above all
    /// that was measured, at most this; null where nothing was measured.
    chance_of_stranger: Option<f64>,
}

/// A face and whose it is: `name` is null for a stranger.
#[derive(Serialize)]
struct NamedFace {
    name: Option<String>,
    person: Option<PersonId>,
    candidates: Vec<Candidate>,
    /// The best score less the second; null for fewer than two candidates.
    margin: Option<f32>,
    /// How far the best score stands out, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tail: Option<Tail>,
    /// Whether somebody more alike may have been missed.
    approximate: bool,
    #[serde(flatten)]
    face: Face,
}

impl NamedFace {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("unknown")
    }
}

impl FaceRow for NamedFace {
    const HEADER: &'static str = "NAME                  SCORE  CHANCE   RUNNER-UP                     X      Y  WIDTH HEIGHT";

    fn row(&self) -> String {
        let best = self.candidates.first();
        let score = best.map_or_else(|| "-".to_owned(), |best| best.score.to_string());
        let chance = best.and_then(|best| best.chance_of_stranger);
        let chance = chance.map_or_else(|| "-".to_owned(), |chance| format!("{chance:.1e}"));
        let runner_up = self.candidates.get(1);
        let runner_up = runner_up.map_or_else(
            || "-".to_owned(),
            |candidate| format!("{} {}", candidate.name, candidate.score),
        );
        format!(
            "{:<20}  {score:>5}  {chance:<7}  {runner_up:<24}{}",
            self.name(),
            box_cells(&self.face.rect)
        )
    }
}

pub(super) fn run(target: &Target, args: Identify, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let start = settings::start(&args.resume);
    let rule = OpenSetRule::try_from(&args.decision)?;
    let running = batch(target.style, &args.running);
    let settings = settings::pipeline(&args.search, &args.models)?;
    let inputs = settings::request(args.inputs, &[args.draw.as_deref()], start)?.list()?;
    let mut gallery = target.open()?;
    let threads = Threads::share(running.threads, inputs.len());
    let pipeline = pipeline::open(&settings, Need::DetectorAndEmbedder, threads.network)?;
    check_model(&gallery, &pipeline)?;
    let mode = match args.approximate {
        true => index::mode(&mut gallery, &running, interrupt)?,
        false => SearchMode::Exact,
    };
    let mut search = SearchOptions {
        k: usize::from(args.candidates),
        by: match args.by {
            ByName::Face => SearchBy::Person,
            ByName::Template => SearchBy::Template,
        },
        filter: args.tag.map_or(Filter::Everybody, Filter::Tag),
        threads: NonZeroUsize::MIN,
        mode,
    };
    let n_compared = gallery.n_compared(&search)?;
    let tail = TailRule::of(&args.tail, n_people(&gallery, &search)?)?;
    let n_shown = search.k;
    search.k = n_shown.max(tail.map_or(0, |rule| rule.n_candidates()));
    let threshold = SearchThreshold::of(rule, &pipeline, n_compared)?;
    let drawing = args
        .draw
        .as_deref()
        .map(|dir| Drawing::new(dir, &inputs))
        .transpose()?;
    let mut results = match &args.out {
        Some(path) => {
            let more = [
                ("threshold", json!(threshold)),
                ("tail", json!(tail)),
                ("search", json!(format!("{search:?}"))),
                ("gallery_changes", json!(gallery.stats()?.n_changes)),
            ];
            let header = header::of("gallery identify", &settings, &pipeline, more);
            Results::kept(path, &header, start, &inputs)?
        }
        None => Results::shown(running.style),
    };
    if running.style == Style::People {
        say(&in_words(&threshold));
    }
    let namer = Namer {
        names: names(&gallery)?,
        gallery: Mutex::new(gallery),
        pipeline: &pipeline,
        calibration: pipeline.calibration().ok(),
        threshold,
        tail,
        search,
        n_shown,
        drawing: drawing.as_ref(),
        max_bytes: settings.options.decode.max_bytes,
    };
    let batch = Batch {
        threads,
        watcher: running.watcher,
        interrupt,
        stage: "photos",
    };
    let outcome = batch.record(&inputs, &mut results, |input| namer.name(input))?;
    outcome.tell(&running, args.out.as_deref());
    Ok(outcome.exit())
}

fn in_words(threshold: &SearchThreshold) -> String {
    let SearchThreshold {
        threshold,
        n_compared,
        fpir,
        ..
    } = threshold;
    let rate = fpir.map_or_else(
        || "an unknown share of".to_owned(),
        |fpir| format!("about {:.2} % of", fpir * 100.0),
    );
    format!(
        "threshold {threshold} in {n_compared} comparisons: {rate} strangers are taken for somebody"
    )
}

/// People whom a search compares with.
fn n_people(gallery: &Gallery, search: &SearchOptions) -> Result<usize, Failure> {
    let templates = SearchOptions {
        by: SearchBy::Template,
        ..search.clone()
    };
    Ok(gallery.n_compared(&templates)?)
}

fn names(gallery: &Gallery) -> Result<HashMap<PersonId, String>, Failure> {
    let people = gallery.people()?.into_iter();
    Ok(people.map(|person| (person.id, person.name)).collect())
}

/// Puts names to the faces of a photo.
struct Namer<'a> {
    pipeline: &'a Pipeline,
    gallery: Mutex<Gallery>,
    names: HashMap<PersonId, String>,
    calibration: Option<&'a Calibration>,
    threshold: SearchThreshold,
    tail: Option<TailRule>,
    search: SearchOptions,
    /// Candidates that are told of; the search may find more for the tail.
    n_shown: usize,
    drawing: Option<&'a Drawing>,
    max_bytes: u64,
}

impl Namer<'_> {
    fn name(&self, input: &Input) -> Result<PhotoRecord<NamedFace>, WorkError> {
        let photo = pipeline::read(self.pipeline, input, self.max_bytes)?;
        let mut faces = Vec::new();
        for (face, embedding) in self.pipeline.analyze(&photo)? {
            let mut gallery = self.gallery.lock().unwrap_or_else(PoisonError::into_inner);
            let found = gallery
                .identify(&embedding, self.threshold.threshold, &self.search)
                .map_err(Failure::from)?;
            faces.push(self.named(face, found));
        }
        if let Some(drawing) = self.drawing {
            let marks: Vec<Mark> = faces.iter().map(mark).collect();
            drawing.write(input, &photo, &marks)?;
        }
        Ok(PhotoRecord::read(&input.shown, &photo, faces))
    }

    fn named(&self, face: Face, found: Identification) -> NamedFace {
        // Who came while this runs has no name yet.
        let name_of = |person: PersonId| {
            let name = self.names.get(&person).cloned();
            name.unwrap_or_else(|| format!("#{person}"))
        };
        let candidate = |found: &Match| Candidate {
            name: name_of(found.person),
            person: found.person,
            face: found.face,
            score: found.score,
            chance_of_stranger: self
                .threshold
                .chance_of_stranger(self.calibration, found.score),
        };
        let tail = self.tail.map(|rule| rule.judge(&found.candidates));
        let stands_out = tail.is_none_or(Tail::stands_out);
        let person = found.person.filter(|_| stands_out);
        let shown = found.candidates.iter().take(self.n_shown);
        NamedFace {
            name: person.map(name_of),
            person,
            candidates: shown.map(candidate).collect(),
            margin: found.margin,
            tail,
            approximate: found.is_approximate,
            face,
        }
    }
}

fn mark(face: &NamedFace) -> Mark {
    let score = face.candidates.first().map(|best| best.score.value());
    Mark {
        rect: face.face.rect,
        landmarks: face.face.landmarks,
        name: face.name().to_owned(),
        number: score.map_or_else(String::new, |score| format!("{score:.2}")),
        role: match face.name {
            Some(_) => Role::Known,
            None => Role::Unknown,
        },
    }
}
