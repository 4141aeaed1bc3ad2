//! Runs a pair protocol: the threshold from the other folds, the accuracy on the one held out.

use crate::about::About;
use crate::compared::Compared;
use crate::error::{EvalError, check_at_least, check_length};
use crate::identity_intervals::by_identity;
use crate::intervals::{Proportion, mean_and_standard_error};
use crate::learned::{learn, learns_nothing};
use crate::pair_report::{AtFmr, BestOnTest, FoldFigures, PairOutcome, PairReport};
use crate::pairs::{Centering, Judging, PairList, PairMaterial, PairOptions};
use crate::parallel;
use crate::scores::ScoreSet;
use lineament_match::{FittedMatcher, Matcher};
use std::collections::{BTreeMap, BTreeSet};

/// Runs a protocol of two folds or more.
///
/// Of each fold, everything is learned on the others: centre, projection, matcher, and the
/// threshold of greatest accuracy on them; then the fold's own pairs are decided. A pair of which
/// a side has no template is decided wrongly, whatever its label.
///
/// # Errors
/// Material that does not fit together ([`EvalError::Index`], [`EvalError::Template`],
/// [`EvalError::PersonsContradict`], …), too little of it, or a matcher that cannot be fitted.
pub fn evaluate(
    about: About,
    material: PairMaterial<'_>,
    options: &PairOptions,
) -> Result<PairReport, EvalError> {
    let compared = Compared::new(material)?;
    let list = material.list;
    let judging = &options.judging;
    check_at_least("folds", 2, list.n_folds())?;
    let common = match learns_nothing(options) {
        true => Some(Split::new(&compared, None, options)?),
        false => None,
    };
    let folds = parallel::map(list.n_folds(), |fold| match &common {
        Some(split) => split.judge(list, fold, judging),
        None => Split::new(&compared, Some(fold), options)?.judge(list, fold, judging),
    })?;
    let mut report = report(about, list, folds, judging)?;
    report.failures = compared.failures();
    report.n_persons_in_several_folds = list.persons.map(|p| n_in_several_folds(list, p));
    (report.center, report.pca) = (options.center, options.pca);
    Ok(report)
}

/// The score of every pair, in the order of the list, by what the other folds teach; `None` where a
/// side has no template. A single fold will do where there is nothing to learn.
///
/// # Errors
/// As [`evaluate`].
pub fn held_out_scores(
    material: PairMaterial<'_>,
    options: &PairOptions,
) -> Result<Vec<Option<f64>>, EvalError> {
    let compared = Compared::new(material)?;
    if learns_nothing(options) {
        return Ok(Split::new(&compared, None, options)?.scores);
    }
    let list = material.list;
    check_at_least("folds", 2, list.n_folds())?;
    let splits = parallel::map(list.n_folds(), |fold| {
        Split::new(&compared, Some(fold), options)
    })?;
    let pairs = list.pairs.iter().enumerate();
    Ok(pairs.map(|(i, pair)| splits[pair.fold].scores[i]).collect())
}

/// Runs a protocol of two folds or more on scores that were made elsewhere, one a pair of the list,
/// `None` where the comparison failed: means over the frames of two videos, say, of `matcher`.
///
/// # Errors
/// As [`evaluate`], and [`EvalError::Dimension`] for another number of scores than pairs.
pub fn evaluate_scores(
    about: About,
    list: PairList<'_>,
    scores: &[Option<f64>],
    matcher: &FittedMatcher,
    judging: &Judging,
) -> Result<PairReport, EvalError> {
    list.check()?;
    check_length("scores of pairs", list.pairs.len(), scores.len())?;
    check_at_least("folds", 2, list.n_folds())?;
    let split = Split {
        scores: scores.to_vec(),
        matcher: matcher.clone(),
    };
    let folds = parallel::map(list.n_folds(), |fold| split.judge(list, fold, judging))?;
    let mut report = report(about, list, folds, judging)?;
    let failed = list.pairs.iter().zip(scores).filter(|(_, s)| s.is_none());
    let name = |item: usize| &list.names[item];
    report.failures = failed
        .map(|(p, _)| format!("{}, {}", name(p.first), name(p.second)))
        .collect();
    report.n_persons_in_several_folds = list.persons.map(|p| n_in_several_folds(list, p));
    Ok(report)
}

/// Runs a protocol of a development and a test set (LFW View 1): everything, the threshold too, is
/// learned on all of `dev` and judged on all of `test`, whatever their folds.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_view1(
    about: About,
    dev: PairMaterial<'_>,
    test: PairMaterial<'_>,
    options: &PairOptions,
) -> Result<PairReport, EvalError> {
    let dev = Compared::new(dev)?;
    let every: Vec<_> = dev.pairs().iter().collect();
    let matcher = learn(&dev, &every, options)?;
    let mated = dev.pairs().iter().map(|p| p.mated);
    let dev_scores = ScoreSet::from_labelled(dev.scores(&matcher)?.into_iter().zip(mated))?;
    let threshold = dev_scores.best_threshold(options.judging.thresholds, &matcher)?;

    let compared = Compared::new(test)?;
    let scores = compared.scores(&matcher)?;
    let outcomes = scores.iter().zip(test.list.pairs).enumerate();
    let judged = Judged {
        outcomes: outcomes
            .map(|(i, (score, pair))| (i, PairOutcome::new(*pair, *score, threshold.threshold)))
            .collect(),
        threshold: threshold.threshold,
        matcher: matcher.name(),
    };
    let mut report = report(about, test.list, vec![judged], &options.judging)?;
    report.failures = compared.failures();
    (report.center, report.pca) = (options.center, options.pca);
    let n = dev.pairs().len();
    report.on_dev = Some(FoldFigures {
        accuracy: threshold.n_correct as f64 / n as f64,
        threshold: threshold.threshold,
        n_correct: threshold.n_correct,
        n,
    });
    let best = report
        .scores()?
        .best_threshold(options.judging.thresholds, &matcher)?;
    report.best_on_test = Some(BestOnTest {
        accuracy: best.n_correct as f64 / report.n_pairs as f64,
        threshold: best.threshold,
    });
    Ok(report)
}

/// The matcher learned on all items and pairs of `dev`, to be used elsewhere: with the centre and
/// the projection in front of it.
///
/// # Errors
/// As [`evaluate`].
pub fn fit_matcher(
    dev: PairMaterial<'_>,
    options: &PairOptions,
) -> Result<FittedMatcher, EvalError> {
    let compared = Compared::new(dev)?;
    let every: Vec<_> = compared.pairs().iter().collect();
    learn(&compared, &every, options)
}

/// The scores of all pairs when one fold, or nothing, is kept out of learning.
struct Split {
    scores: Vec<Option<f64>>,
    matcher: FittedMatcher,
}

/// The pairs of one fold, decided.
struct Judged {
    /// With their index in the list.
    outcomes: Vec<(usize, PairOutcome)>,
    threshold: f64,
    matcher: &'static str,
}

impl Split {
    fn new(
        compared: &Compared<'_>,
        held_out: Option<usize>,
        options: &PairOptions,
    ) -> Result<Self, EvalError> {
        let pairs = compared.pairs().iter();
        let training: Vec<_> = pairs.filter(|p| Some(p.fold) != held_out).collect();
        let matcher = learn(compared, &training, options)?;
        Ok(Self {
            scores: compared.scores(&matcher)?,
            matcher,
        })
    }

    fn judge(
        &self,
        list: PairList<'_>,
        fold: usize,
        judging: &Judging,
    ) -> Result<Judged, EvalError> {
        let pairs = || self.scores.iter().copied().zip(list.pairs);
        let others = pairs().filter(|(_, p)| p.fold != fold);
        let others = ScoreSet::from_labelled(others.map(|(score, p)| (score, p.mated)))?;
        let threshold = others
            .best_threshold(judging.thresholds, &self.matcher)?
            .threshold;
        let own = pairs().enumerate().filter(|(_, (_, p))| p.fold == fold);
        Ok(Judged {
            outcomes: own
                .map(|(i, (score, pair))| (i, PairOutcome::new(*pair, score, threshold)))
                .collect(),
            threshold,
            matcher: self.matcher.name(),
        })
    }
}

fn report(
    about: About,
    list: PairList<'_>,
    judged: Vec<Judged>,
    judging: &Judging,
) -> Result<PairReport, EvalError> {
    let folds: Vec<FoldFigures> = judged.iter().map(Judged::figures).collect();
    let matcher = judged.first().map_or("none", |j| j.matcher);
    let mut outcomes: Vec<_> = judged.into_iter().flat_map(|j| j.outcomes).collect();
    outcomes.sort_by_key(|(i, _)| *i);
    let outcomes: Vec<PairOutcome> = outcomes.into_iter().map(|(_, o)| o).collect();
    let scores = ScoreSet::from_labelled(outcomes.iter().map(|o| (o.score, o.pair.mated)))?;
    let n_correct = outcomes.iter().filter(|o| o.correct).count();
    let correct = Proportion::new(n_correct, outcomes.len())?;
    let (accuracy, accuracy_se) = accuracy(&folds, &correct)?;
    let curve = scores.curve()?;
    let targets = &judging.fmr_targets;
    let at_fmr = AtFmr::new(&scores, targets)?;
    let of_persons = |p| by_identity(&outcomes, p, targets, &at_fmr, judging.bootstrap);
    let by_identity = list.persons.map(of_persons).transpose()?;
    Ok(PairReport {
        about,
        matcher,
        center: Centering::Off,
        pca: None,
        thresholds: judging.thresholds,
        n_pairs: outcomes.len(),
        n_mated: scores.mated.n(),
        n_non_mated: scores.non_mated.n(),
        n_failed: scores.mated.n_failed() + scores.non_mated.n_failed(),
        failures: Vec::new(),
        n_persons_in_several_folds: None,
        accuracy,
        accuracy_se,
        accuracy_ci: correct.interval,
        threshold_mean: folds.iter().map(|f| f.threshold).sum::<f64>() / folds.len() as f64,
        auc: curve.auc(),
        eer: curve.eer().map(|e| e.rate),
        at_fmr,
        folds,
        by_identity,
        on_dev: None,
        best_on_test: None,
        outcomes,
    })
}

impl Judged {
    fn figures(&self) -> FoldFigures {
        let n_correct = self.outcomes.iter().filter(|(_, o)| o.correct).count();
        let n = self.outcomes.len();
        FoldFigures {
            accuracy: n_correct as f64 / n as f64,
            threshold: self.threshold,
            n_correct,
            n,
        }
    }
}

fn accuracy(folds: &[FoldFigures], all: &Proportion) -> Result<(f64, f64), EvalError> {
    if folds.len() == 1 {
        let variance = all.rate * (1.0 - all.rate) / all.n as f64;
        return Ok((all.rate, variance.sqrt()));
    }
    let figures: Vec<f64> = folds.iter().map(|f| f.accuracy).collect();
    mean_and_standard_error(&figures)
}

fn n_in_several_folds(list: PairList<'_>, persons: &[usize]) -> usize {
    let mut folds_of: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for pair in list.pairs {
        for item in [pair.first, pair.second] {
            folds_of.entry(persons[item]).or_default().insert(pair.fold);
        }
    }
    folds_of.values().filter(|folds| folds.len() > 1).count()
}
