//! Templates of several images and videos, compared one with one (IJB-B, IJB-C).

use crate::about::About;
use crate::error::{EvalError, check_at_least, check_index};
use crate::identity_intervals::Order;
use crate::intervals::{Bootstrap, Interval, bootstrap_by_identity};
use crate::labelled::LabelledSet;
use crate::pair_report::{AtFmr, rate_key};
use crate::pairs::kind;
use crate::parallel;
use crate::scores::ScoreSet;
use lineament_match::{Features, FittedMatcher, Matcher, Pooling, pool};
use serde::Serialize;
use std::collections::BTreeMap;

/// Matches that a thread takes at a time.
const CHUNK: usize = 1 << 16;

/// The template, `[d]`, of a person's media, each the features of its faces, `[d]`: the mean within
/// a medium, the sum of those, of unit norm (IJB-A, Klare et al. 2015). Faces that were not found
/// are left out; `None` where none was.
///
/// # Errors
/// Features of different lengths, of norm 0, or that cancel out.
pub fn pool_media<F: AsRef<[f32]>>(
    media: &[Vec<Option<F>>],
) -> Result<Option<Vec<f32>>, EvalError> {
    let (mut rows, mut medium_of) = (Vec::new(), Vec::new());
    for (medium, faces) in media.iter().enumerate() {
        for face in faces.iter().flatten() {
            rows.push(face.as_ref());
            medium_of.push(medium);
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let template = pool(
        &Features::from_rows(&rows)?,
        Pooling::MediaThenTemplate(&medium_of),
    )?;
    Ok(Some(template.into_iter().map(|v| v as f32).collect()))
}

/// Two templates to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateMatch {
    /// Index of the first.
    pub first: u32,
    /// Index of the second.
    pub second: u32,
    /// One person (mated), or two.
    pub mated: bool,
}

/// How a list of matches is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchOptions {
    /// What gives the scores.
    pub matcher: FittedMatcher,
    /// False match rates at which the true acceptance is wanted.
    pub fmr_targets: Vec<f64>,
    /// Draws for the intervals by identity; `None` makes none, since millions of matches take
    /// minutes.
    pub bootstrap: Option<Bootstrap>,
}

impl Default for MatchOptions {
    /// Cosines, TAR at FMR 1e-1 to 1e-6, no intervals by identity.
    fn default() -> Self {
        Self {
            matcher: FittedMatcher::Cosine,
            fmr_targets: vec![1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6],
            bootstrap: None,
        }
    }
}

/// The figures of a list of matches; its JSON is what `lineament eval ijbb` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Name of the matcher.
    pub matcher: &'static str,
    /// Templates that matches need or not.
    pub n_templates: usize,
    /// Templates of which no face was found, by name.
    pub failures: Vec<String>,
    /// Matches, failed ones among them.
    pub n_pairs: usize,
    /// Mated ones.
    pub n_mated: usize,
    /// Non-mated ones.
    pub n_non_mated: usize,
    /// Matches that failed since a side has no template: a mated one is refused, a non-mated one
    /// too.
    pub n_failed: usize,
    /// Area under the ROC.
    pub auc: f64,
    /// Equal error rate; `None` where so much failed that there is none.
    pub eer: Option<f64>,
    /// At the false match rates asked for.
    #[serde(flatten)]
    pub at_fmr: AtFmr,
    /// Intervals by identity of the true acceptance rates.
    pub tar_by_identity: BTreeMap<String, Option<Interval>>,
    /// The draws behind them.
    pub by_identity: Option<Bootstrap>,
    /// The scores of all matches, for curves and histograms.
    #[serde(skip)]
    pub scores: ScoreSet,
}

/// Compares the templates of a set as the matches say.
///
/// # Errors
/// Templates that do not fit together, matches of templates that are not there or of one kind
/// only, labels that contradict the persons.
pub fn evaluate_matches(
    about: About,
    set: LabelledSet<'_>,
    matches: &[TemplateMatch],
    options: &MatchOptions,
) -> Result<MatchReport, EvalError> {
    set.check()?;
    matches.iter().try_for_each(|m| check(set, m))?;
    let scores = scores(set, matches, &options.matcher)?;
    let labelled = scores.iter().copied().zip(matches.iter().map(|m| m.mated));
    let set_of_scores = ScoreSet::from_labelled(labelled.clone())?;
    let curve = set_of_scores.curve()?;
    let targets = &options.fmr_targets;
    let intervals = match options.bootstrap {
        None => Vec::new(),
        Some(bootstrap) => {
            let person = |template: u32| set.persons[template as usize];
            let of_match = |m: &TemplateMatch| (person(m.first), person(m.second));
            let of_matches: Vec<_> = matches.iter().map(of_match).collect();
            let order = Order::new(labelled);
            let tars = |weights: &[f64]| {
                let tar = |target: &f64| order.tar_at_fmr(*target, weights);
                targets.iter().map(tar).collect()
            };
            bootstrap_by_identity(&of_matches, bootstrap, tars)?
        }
    };
    let keys = targets.iter().map(|t| rate_key(*t));
    Ok(MatchReport {
        about,
        matcher: options.matcher.name(),
        n_templates: set.names.len(),
        failures: set.failures(0..set.names.len()),
        n_pairs: matches.len(),
        n_mated: set_of_scores.mated.n(),
        n_non_mated: set_of_scores.non_mated.n(),
        n_failed: set_of_scores.mated.n_failed() + set_of_scores.non_mated.n_failed(),
        auc: curve.auc(),
        eer: curve.eer().map(|e| e.rate),
        at_fmr: AtFmr::new(&set_of_scores, targets)?,
        tar_by_identity: keys.zip(intervals).collect(),
        by_identity: options.bootstrap,
        scores: set_of_scores,
    })
}

fn check(set: LabelledSet<'_>, found: &TemplateMatch) -> Result<(), EvalError> {
    let [first, second] = [found.first, found.second].map(|t| t as usize);
    check_index(
        "the template of a match",
        set.names.len(),
        first.max(second),
    )?;
    let is_one = set.persons[first] == set.persons[second];
    match is_one == found.mated {
        true => Ok(()),
        false => Err(EvalError::PersonsContradict {
            first: set.names[first].clone(),
            second: set.names[second].clone(),
            list: kind(found.mated),
            persons: kind(is_one),
        }),
    }
}

/// Score of every match; `None` where a side has no template.
fn scores(
    set: LabelledSet<'_>,
    matches: &[TemplateMatch],
    matcher: &FittedMatcher,
) -> Result<Vec<Option<f64>>, EvalError> {
    let rows: Vec<&[f32]> = set.templates.iter().flatten().map(Vec::as_slice).collect();
    check_at_least("templates", 1, rows.len())?;
    let (matcher, features) = matcher.prepare(Features::from_rows(&rows)?)?;
    let mut next = 0..;
    let row = |template: &Option<Vec<f32>>| template.as_ref().and_then(|_| next.next());
    let row_of: Vec<Option<usize>> = set.templates.iter().map(row).collect();
    let score = |found: &TemplateMatch| {
        let rows = row_of[found.first as usize].zip(row_of[found.second as usize]);
        let score = |(a, b)| matcher.score(features.row(a), features.row(b));
        Ok(rows.map(score).transpose()?)
    };
    let chunks: Vec<&[TemplateMatch]> = matches.chunks(CHUNK).collect();
    let scored = parallel::map(chunks.len(), |i| {
        let scores = chunks[i].iter().map(score);
        scores.collect::<Result<Vec<Option<f64>>, EvalError>>()
    })?;
    Ok(scored.concat())
}
