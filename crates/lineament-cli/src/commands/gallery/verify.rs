//! `lineament gallery verify`: whether a photo shows a person of the gallery.

use lineament::Score;
use lineament_gallery::{FaceId, Filter, SearchBy, SearchOptions};
use serde::Serialize;

use super::{Target, check_model, who};
use crate::args::common::Inputs;
use crate::args::gallery::Verify;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::Input;
use crate::journal::Start;
use crate::known::portrait_of;
use crate::pipeline::{self, Need, Threshold, bad_photo};
use crate::settings;
use crate::trouble::WorkError;

#[derive(Serialize)]
struct Verdict {
    person: String,
    same: bool,
    score: Score,
    /// The face of the gallery that the photo's is most like.
    face: Option<FaceId>,
    #[serde(flatten)]
    threshold: Threshold,
}

pub(super) fn run(target: &Target, args: Verify) -> Result<Exit, Failure> {
    let rule = settings::rule(&args.decision)?;
    let settings = settings::pipeline(&args.search, &args.models)?;
    let input = photo(args.photo)?;
    let mut gallery = target.open()?;
    let person = gallery.person(who(&gallery, &args.person)?)?;
    let network_threads = settings::threads(None);
    let pipeline = pipeline::open(&settings, Need::DetectorAndEmbedder, network_threads)?;
    check_model(&gallery, &pipeline)?;
    let threshold = Threshold::of(rule, &pipeline)?;
    let max_bytes = settings.options.decode.max_bytes;
    let portrait = pipeline::read(&pipeline, &input, max_bytes)
        .and_then(|photo| portrait_of(&pipeline, &photo))
        .map_err(|error| match WorkError::from(error) {
            WorkError::Photo(trouble) => bad_photo(&input, &trouble),
            WorkError::Fatal(failure) => failure,
        })?;
    let no_face = |what: String| Failure::new(Exit::NoFace, what);
    let (_, probe) = portrait
        .face
        .ok_or_else(|| no_face(format!("{} has no face", input.shown)))?;
    let search = SearchOptions {
        k: 1,
        by: SearchBy::Person,
        filter: Filter::People(vec![person.id]),
        ..SearchOptions::default()
    };
    let found = gallery.search(&probe, &search)?;
    let best = found
        .first()
        .ok_or_else(|| no_face(format!("the gallery has no face of {}", person.name)))?;
    let verdict = Verdict {
        same: best.score >= threshold.threshold,
        score: best.score,
        face: best.face,
        person: person.name,
        threshold,
    };
    print(
        target.style,
        || &verdict,
        |out| writeln!(out, "{}", in_words(&verdict, &input)),
    )?;
    Ok(match verdict.same {
        true => Exit::Success,
        false => Exit::Different,
    })
}

/// The one photo that is meant.
fn photo(path: std::path::PathBuf) -> Result<Input, Failure> {
    if path.is_dir() {
        let message = format!("{} is a folder; give one photo", path.display());
        return Err(Failure::usage(message));
    }
    let inputs = Inputs {
        paths: vec![path],
        files_from: None,
    };
    let mut inputs = settings::request(inputs, &[], Start::Afresh)?.list()?;
    let none = || Failure::new(Exit::BadInput, "no photo was found");
    inputs.pop().ok_or_else(none)
}

fn in_words(verdict: &Verdict, input: &Input) -> String {
    let Threshold { threshold, .. } = &verdict.threshold;
    let is = if verdict.same { "is" } else { "is not" };
    format!(
        "{} {is} {}: score {}, threshold {threshold} ({})",
        input.shown,
        verdict.person,
        verdict.score,
        verdict.threshold.source_in_words()
    )
}
