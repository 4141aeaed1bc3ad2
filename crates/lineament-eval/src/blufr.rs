//! BLUFR on LFW: verification at FAR 0.1 % and open-set identification at FAR 1 % over ten trials
//! (Liao, Lei, Yi and Li 2014).

use crate::about::About;
use crate::all_pairs::PairCounts;
use crate::comparison::Comparison;
use crate::error::{EvalError, check_at_least, check_index};
use crate::identification::{Gallery, Rejecter, SearchPlan, Searching, open_set_scores};
use crate::intervals::mean_and_standard_error;
use crate::labelled::LabelledSet;
use crate::pair_report::rate_key;
use crate::pairs::PairMatcher;
use crate::stream::{ScoreStream, StreamedScores};
use lineament_match::{Features, FittedMatcher, Matcher, Training, fit};
use serde::Serialize;
use std::collections::BTreeMap;

/// One trial, as items of a labelled set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlufrTrial {
    /// What may be learned from.
    pub train: Vec<usize>,
    /// What is verified, each with each.
    pub test: Vec<usize>,
    /// What is enrolled.
    pub gallery: Vec<usize>,
    /// What searches, of persons enrolled and of others.
    pub probes: Vec<usize>,
}

/// How the trials are run.
#[derive(Debug, Clone, PartialEq)]
pub struct BlufrOptions {
    /// What gives the scores; what is learned is learned on the trial's training items, from their
    /// persons.
    pub matcher: PairMatcher,
    /// False accept rates of the verification, all below ½.
    pub fmr_targets: Vec<f64>,
    /// False accept rates of the identification.
    pub fpir_targets: Vec<f64>,
}

impl Default for BlufrOptions {
    /// Cosines, verification at 0.1 %, identification at 1 %.
    fn default() -> Self {
        Self {
            matcher: PairMatcher::Fixed(FittedMatcher::Cosine),
            fmr_targets: vec![1e-3],
            fpir_targets: vec![1e-2],
        }
    }
}

/// The figures of the trials; its JSON is what `lineament eval blufr` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlufrReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Name of the matcher.
    pub matcher: &'static str,
    /// Items without a template: they are refused in verification, and miss in identification.
    pub failures: Vec<String>,
    /// Verification rate, by false accept rate.
    pub vr_at_far: BTreeMap<String, OverTrials>,
    /// Detection and identification rate at rank 1, by false accept rate.
    pub dir_at_far: BTreeMap<String, OverTrials>,
    /// Every trial.
    pub trials: Vec<TrialFigures>,
}

/// A figure over all trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverTrials {
    /// µ.
    pub mean: f64,
    /// σ, with n − 1.
    pub deviation: f64,
    /// µ − σ, which the protocol reports.
    pub mean_less_deviation: f64,
}

/// One trial; `None` where it has too few comparisons to measure a rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialFigures {
    /// Mated comparisons of the verification.
    pub n_mated: usize,
    /// Non-mated ones.
    pub n_non_mated: usize,
    /// Searches of persons enrolled.
    pub n_mated_searches: usize,
    /// Searches of others.
    pub n_non_mated_searches: usize,
    /// Verification rate.
    pub vr_at_far: BTreeMap<String, Option<f64>>,
    /// Detection and identification rate at rank 1.
    pub dir_at_far: BTreeMap<String, Option<f64>>,
}

/// Runs all trials.
///
/// Thresholds are the smallest that keep a rate, as everywhere in this crate.
///
/// # Errors
/// Fewer than two trials, items that are not there, and what the matcher refuses.
pub fn evaluate_blufr(
    about: About,
    set: LabelledSet<'_>,
    trials: &[BlufrTrial],
    options: &BlufrOptions,
) -> Result<BlufrReport, EvalError> {
    set.check()?;
    check_at_least("trials", 2, trials.len())?;
    let (mut figures, mut name) = (Vec::new(), "none");
    for trial in trials {
        let parts = [&trial.train, &trial.test, &trial.gallery, &trial.probes];
        for item in parts.into_iter().flatten() {
            check_index("an item of a trial", set.names.len(), *item)?;
        }
        let matcher = matcher(set, trial, &options.matcher)?;
        name = matcher.name();
        figures.push(judge(set, trial, &matcher, options)?);
    }
    let over = |of: fn(&TrialFigures) -> &BTreeMap<String, Option<f64>>, targets: &[f64]| {
        over_trials(&figures, of, targets)
    };
    Ok(BlufrReport {
        about,
        matcher: name,
        failures: set.failures(0..set.names.len()),
        vr_at_far: over(|t| &t.vr_at_far, &options.fmr_targets)?,
        dir_at_far: over(|t| &t.dir_at_far, &options.fpir_targets)?,
        trials: figures,
    })
}

fn matcher(
    set: LabelledSet<'_>,
    trial: &BlufrTrial,
    matcher: &PairMatcher,
) -> Result<FittedMatcher, EvalError> {
    let options = match matcher {
        PairMatcher::Fixed(matcher) => return Ok(matcher.clone()),
        PairMatcher::Learned(options) => options,
    };
    let has_template = |i: &&usize| set.templates[**i].is_some();
    let items: Vec<usize> = trial.train.iter().filter(has_template).copied().collect();
    let rows = items.iter().filter_map(|i| set.templates[*i].as_deref());
    let identities: Vec<usize> = items.iter().map(|i| set.persons[*i]).collect();
    let training = Training {
        features: &Features::from_rows(&rows.collect::<Vec<_>>())?,
        identities: Some(&identities),
        pairs: &[],
    };
    Ok(fit(options, &training)?)
}

fn judge(
    set: LabelledSet<'_>,
    trial: &BlufrTrial,
    matcher: &FittedMatcher,
    options: &BlufrOptions,
) -> Result<TrialFigures, EvalError> {
    let scores = verify(set, &trial.test, matcher, &options.fmr_targets)?;
    let mut vr_at_far = BTreeMap::new();
    for target in &options.fmr_targets {
        let found = scores.tar_where_measurable(*target)?;
        vr_at_far.insert(rate_key(*target), found.map(|f| f.tar.rate));
    }
    let gallery = trial.gallery.iter().copied();
    let plan = SearchPlan::of_items(set.persons, gallery, &trial.probes);
    plan.check(set.persons)?;
    let how = Searching {
        matcher,
        rejecter: &Rejecter::Score,
        n_candidates: 0,
    };
    let outcomes = Gallery::new(set, &plan)?.search(set, &plan, &how)?;
    let searches = open_set_scores(&outcomes, 1)?;
    let mut dir_at_far = BTreeMap::new();
    for target in &options.fpir_targets {
        let found = searches.tar_where_measurable(*target)?;
        dir_at_far.insert(rate_key(*target), found.map(|f| f.tar.rate));
    }
    Ok(TrialFigures {
        n_mated: scores.mated.n(),
        n_non_mated: scores.n_non_mated(),
        n_mated_searches: plan.mated.len(),
        n_non_mated_searches: plan.non_mated.len(),
        vr_at_far,
        dir_at_far,
    })
}

/// Every two of the items compared. Rates are exact; curves are of cosines only.
fn verify(
    set: LabelledSet<'_>,
    items: &[usize],
    matcher: &FittedMatcher,
    targets: &[f64],
) -> Result<StreamedScores, EvalError> {
    let all = PairCounts::new(items.iter().map(|i| set.persons[*i]));
    let made = items.iter().filter(|i| set.templates[**i].is_some());
    let persons: Vec<usize> = made.map(|i| set.persons[*i]).collect();
    let rows = items.iter().filter_map(|i| set.templates[*i].as_deref());
    let rows: Vec<&[f32]> = rows.collect();
    let greatest = targets.iter().copied().reduce(f64::max).unwrap_or(1e-3);
    let mut stream = ScoreStream::new(greatest, all.n_non_mated)?;
    let empty = stream.emptied();
    let comparison = Comparison::new(&rows, &rows, matcher)?;
    let streams = comparison.fold(
        || empty.clone(),
        |stream, i, scores| {
            for (j, score) in scores[..i].iter().enumerate() {
                stream.add(*score, persons[i] == persons[j]);
            }
        },
    )?;
    streams.into_iter().try_for_each(|s| stream.merge(s))?;
    let compared = PairCounts::new(persons.iter().copied());
    stream.add_failed(all.n_mated - compared.n_mated, true);
    stream.add_failed(all.n_non_mated - compared.n_non_mated, false);
    stream.finish()
}

fn over_trials(
    trials: &[TrialFigures],
    of: fn(&TrialFigures) -> &BTreeMap<String, Option<f64>>,
    targets: &[f64],
) -> Result<BTreeMap<String, OverTrials>, EvalError> {
    let mut table = BTreeMap::new();
    for key in targets.iter().map(|t| rate_key(*t)) {
        let figures = trials.iter().map(|t| of(t).get(&key).copied().flatten());
        let Some(figures) = figures.collect::<Option<Vec<f64>>>() else {
            continue;
        };
        let (mean, error) = mean_and_standard_error(&figures)?;
        let deviation = error * (figures.len() as f64).sqrt();
        let over = OverTrials {
            mean,
            deviation,
            mean_less_deviation: mean - deviation,
        };
        table.insert(key, over);
    }
    Ok(table)
}
