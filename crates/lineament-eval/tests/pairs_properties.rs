//! What must hold for any pairs and scores.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::{
    About, Bootstrap, Centering, EvalError, FlipMode, Judging, ModelIdentity, Pair, PairList,
    PairMatcher, PairMaterial, PairOptions, PairReport, Population, ScoreSet, Seeded, Thresholds,
    bootstrap_by_identity, calibrate, compare_all, evaluate, evaluate_scores,
};
use lineament_match::{FitOptions, FittedMatcher, MatcherKind, Whitening};
use proptest::prelude::*;
use std::num::NonZeroUsize;

const N_FOLDS: usize = 4;
const PER_FOLD: usize = 20;
const D: usize = 6;

/// Items of persons with three images each, and pairs of neighbours among them.
struct Material {
    names: Vec<String>,
    persons: Vec<usize>,
    templates: Vec<Option<Vec<f32>>>,
    pairs: Vec<Pair>,
}

impl Material {
    fn new(seed: u64) -> Self {
        let mut random = Seeded::new(seed);
        let mut value = || (random.below(257) as f32 - 128.0) / 64.0;
        let n = 3 * N_FOLDS * PER_FOLD / 4;
        let persons: Vec<usize> = (0..n).map(|i| i / 3).collect();
        let centres: Vec<Vec<f32>> = (0..n).map(|_| (0..D).map(|_| value()).collect()).collect();
        let template = |person: &usize, noise: &mut dyn FnMut() -> f32| {
            let plain: Vec<f32> = centres[*person]
                .iter()
                .map(|c| c + noise() + 0.01)
                .collect();
            FlipMode::Off.combine(&plain, &[]).ok()
        };
        let templates = persons.iter().map(|p| template(p, &mut value)).collect();
        let per_fold = n / N_FOLDS;
        let pair = |i: usize| {
            let (fold, k) = (i / PER_FOLD, i % PER_FOLD);
            let of_fold = |k: usize| fold * per_fold + k % per_fold;
            // Even ones within a person, odd ones between two.
            let (first, second) = match k % 2 {
                0 => (of_fold(k / 2 * 3), of_fold(k / 2 * 3 + 1)),
                _ => (of_fold(k / 2), of_fold(k / 2 + 3)),
            };
            Pair {
                first,
                second,
                mated: persons[first] == persons[second],
                fold,
            }
        };
        Self {
            names: (0..n).map(|i| i.to_string()).collect(),
            pairs: (0..N_FOLDS * PER_FOLD).map(pair).collect(),
            templates,
            persons,
        }
    }

    fn list(&self) -> PairList<'_> {
        PairList {
            names: &self.names,
            persons: Some(&self.persons),
            pairs: &self.pairs,
        }
    }

    fn evaluate(&self, options: &PairOptions) -> Result<PairReport, EvalError> {
        let material = PairMaterial {
            list: self.list(),
            templates: &self.templates,
        };
        evaluate(about(), material, options)
    }
}

fn about() -> About {
    About {
        protocol: "drawn".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    }
}

fn options(kind: MatcherKind, center: Centering) -> PairOptions {
    PairOptions {
        matcher: PairMatcher::Learned(FitOptions {
            kind,
            pca: None,
            whiten: Whitening::No,
        }),
        center,
        pca: None,
        judging: Judging {
            bootstrap: Bootstrap {
                n_replicates: 40,
                seed: 3,
            },
            fmr_targets: vec![0.1],
            ..Judging::default()
        },
    }
}

fn switches() -> [PairOptions; 3] {
    [
        options(MatcherKind::Cosine, Centering::Off),
        options(MatcherKind::Cosine, Centering::Folds),
        options(MatcherKind::Siamese, Centering::Off),
    ]
}

fn coarse_scores() -> impl Strategy<Value = Vec<f64>> {
    let score = (-9_i32..12).prop_map(|s| match s {
        -9 => f64::NEG_INFINITY,
        s => f64::from(s) / 8.0,
    });
    prop::collection::vec(score, 12..80)
}

proptest! {
    #[test]
    fn acceptance_rises_with_the_rate_allowed(mated in coarse_scores(), other in coarse_scores()) {
        let set = ScoreSet::new(mated, other).unwrap();
        let mut before = 0.0;
        for target in [0.1, 0.15, 0.2, 0.3, 0.5, 0.9] {
            let found = set.tar_at_fmr(target).unwrap();
            prop_assert!(found.tar.rate >= before);
            prop_assert!(found.fmr.rate <= target);
            prop_assert_eq!(found.fmr, set.fmr(found.threshold).unwrap());
            before = found.tar.rate;
        }
    }

    #[test]
    fn the_area_is_symmetric(mated in coarse_scores(), other in coarse_scores()) {
        let area = |a: &[f64], b: &[f64]| {
            ScoreSet::new(a.to_vec(), b.to_vec()).unwrap().curve().unwrap().auc()
        };
        prop_assert!((area(&mated, &other) + area(&other, &mated) - 1.0).abs() < 1e-12);
        prop_assert_eq!(area(&mated, &mated), 0.5);
    }

    #[test]
    fn thinned_points_are_operating_points(
        mated in coarse_scores(), other in coarse_scores(), n_points in 2_usize..30,
    ) {
        let set = ScoreSet::new(mated, other).unwrap();
        let curve = set.curve().unwrap();
        let (all, points) = (curve.points(usize::MAX), curve.points(n_points));
        prop_assert!(points.len() <= n_points.max(2));
        prop_assert_eq!(points[0], all[0]);
        prop_assert_eq!(points.last(), all.last());
        prop_assert!(points.windows(2).all(|w| w[0].threshold > w[1].threshold));
        for point in &points {
            prop_assert_eq!(set.fmr(point.threshold).unwrap().rate, point.fmr);
            prop_assert_eq!(set.fnmr(point.threshold).unwrap().rate, point.fnmr);
        }
    }

    #[test]
    fn no_threshold_beats_the_best(mated in coarse_scores(), other in coarse_scores()) {
        let set = ScoreSet::new(mated.clone(), other.clone()).unwrap();
        let exact = set.best_threshold(Thresholds::Exact, &FittedMatcher::Cosine).unwrap();
        let correct = |t: f64| {
            let right = mated.iter().filter(|s| **s >= t).count();
            right + other.iter().filter(|s| s.is_finite() && **s < t).count()
        };
        prop_assert_eq!(exact.n_correct, correct(exact.threshold));
        for i in -40..60 {
            prop_assert!(correct(f64::from(i) / 32.0) <= exact.n_correct);
        }
        let grid = set.best_threshold(Thresholds::Grid, &FittedMatcher::Cosine).unwrap();
        prop_assert_eq!(grid.n_correct, correct(grid.threshold));
        prop_assert!(grid.n_correct <= exact.n_correct);
    }

    #[test]
    fn the_order_of_pairs_and_sides_does_not_matter(seed in 0_u64..1000) {
        let mut material = Material::new(seed);
        for options in switches() {
            let before = material.evaluate(&options).unwrap();
            let mut random = Seeded::new(seed);
            let mut order: Vec<usize> = (0..material.pairs.len()).collect();
            random.shuffle(&mut order);
            let swap = |i: &usize| {
                let pair = material.pairs[*i];
                Pair { first: pair.second, second: pair.first, ..pair }
            };
            let swapped = order.iter().map(swap).collect();
            let original = std::mem::replace(&mut material.pairs, swapped);
            let after = material.evaluate(&options).unwrap();
            material.pairs = original;
            for (new, old) in order.iter().enumerate() {
                let (new, old) = (after.outcomes[new], before.outcomes[*old]);
                prop_assert_eq!(new.correct, old.correct);
                // Sums over pairs run in another order.
                prop_assert!((new.threshold - old.threshold).abs() < 1e-6);
            }
            prop_assert_eq!(after.accuracy, before.accuracy);
        }
    }

    #[test]
    fn a_fold_never_sees_its_own_pairs(seed in 0_u64..1000) {
        let mut material = Material::new(seed);
        for options in switches() {
            let before = material.evaluate(&options).unwrap();
            let n_pairs = material.pairs.len();
            // Other pairs in the last fold: its threshold and its scores of the old ones stay.
            let kept = n_pairs - PER_FOLD / 2;
            let dropped = material.pairs.split_off(kept);
            let after = material.evaluate(&options).unwrap();
            material.pairs.extend(dropped);
            prop_assert_eq!(after.folds[N_FOLDS - 1].threshold, before.folds[N_FOLDS - 1].threshold);
            prop_assert_eq!(after.outcomes[kept - 1], before.outcomes[kept - 1]);
        }
    }

    #[test]
    fn failures_are_errors_of_both_kinds(seed in 0_u64..1000, item in 0_usize..15) {
        let mut material = Material::new(seed);
        let before = material.evaluate(&switches()[0]).unwrap();
        material.templates[item] = None;
        let after = material.evaluate(&switches()[0]).unwrap();
        let fails = |p: &Pair| p.first == item || p.second == item;
        let n_failed = material.pairs.iter().filter(|p| fails(p)).count();
        prop_assert_eq!((after.n_pairs, after.n_failed), (before.n_pairs, n_failed));
        prop_assert!(after.outcomes.iter().all(|o| o.score.is_none() == fails(&o.pair)));
        prop_assert!(after.outcomes.iter().all(|o| !(o.correct && o.score.is_none())));
        prop_assert_eq!(after.failures.contains(&material.names[item]), n_failed > 0);
    }

    #[test]
    fn all_comparisons_are_those_of_two_loops(
        seed in 0_u64..1000, n in 2_usize..300, n_columns in 1_usize..20, n_threads in 1_usize..4,
    ) {
        let mut random = Seeded::new(seed);
        let mut value = || (random.below(33) as f32 - 16.0) / 64.0;
        let values: Vec<f32> = (0..n * n_columns).map(|_| value()).collect();
        let persons: Vec<usize> = (0..n).map(|i| i % (n / 2 + 1)).collect();
        let (mut mated, mut other) = (Vec::new(), Vec::new());
        for i in 0..n {
            for j in i + 1..n {
                let rows = [i, j].map(|k| &values[k * n_columns..(k + 1) * n_columns]);
                let score = rows[0].iter().zip(rows[1]).fold(0.0, |sum, (a, b)| sum + a * b);
                let kind = if persons[i] == persons[j] { &mut mated } else { &mut other };
                kind.push(f64::from(score));
            }
        }
        let population = Population { n_columns, values: &values, persons: &persons };
        let threads = NonZeroUsize::new(n_threads).unwrap();
        let streamed = compare_all(population, 0.2, threads).unwrap();
        let set = ScoreSet::new(mated, other).unwrap();
        prop_assert_eq!(&streamed.mated, &set.mated);
        prop_assert_eq!(streamed.n_non_mated(), set.non_mated.n());
        for target in [0.2, 0.05, 0.001] {
            let (found, expected) = (streamed.tar_at_fmr(target), set.tar_at_fmr(target));
            prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        }
        if let (Ok(found), Ok(expected)) = (streamed.curve(), set.curve()) {
            for point in found.points(50).into_iter().skip(1) {
                prop_assert_eq!(point.fmr, set.fmr(point.threshold).unwrap().rate);
                prop_assert_eq!(point.fnmr, set.fnmr(point.threshold).unwrap().rate);
            }
            prop_assert!((found.auc() - expected.auc()).abs() < 2e-2);
        }
    }
}

#[test]
fn scores_made_elsewhere_are_judged_alike() {
    let mut material = Material::new(5);
    material.templates[4] = None;
    let options = &switches()[0];
    let expected = material.evaluate(options).unwrap();
    let scores: Vec<Option<f64>> = expected.outcomes.iter().map(|o| o.score).collect();
    let matcher = FittedMatcher::Cosine;
    let judging = &options.judging;
    let found = evaluate_scores(about(), material.list(), &scores, &matcher, judging).unwrap();
    assert_eq!(found.failures.len(), expected.n_failed);
    let failures = expected.failures.clone();
    assert_eq!(PairReport { failures, ..found }, expected);
}

#[test]
fn the_worst_errors_lie_furthest_on_the_wrong_side() {
    let mut material = Material::new(11);
    material.templates[0] = None;
    let report = material.evaluate(&switches()[0]).unwrap();
    let worst = report.worst_errors(3);
    assert!(!worst.is_empty());
    let distance = |o: &lineament_eval::PairOutcome| (o.score.unwrap() - o.threshold).abs();
    assert!(worst.windows(2).all(|w| distance(&w[0]) >= distance(&w[1])));
    let errors = report
        .outcomes
        .iter()
        .filter(|o| !o.correct && o.score.is_some());
    let greatest = errors.map(distance).fold(0.0, f64::max);
    assert_eq!(distance(&worst[0]), greatest);
}

#[test]
fn material_that_does_not_fit_together_is_refused() {
    let options = &switches()[0];
    let message = |change: &dyn Fn(&mut Material)| {
        let mut material = Material::new(1);
        change(&mut material);
        material.evaluate(options).unwrap_err().to_string()
    };
    for (change, expected) in [
        (
            (&|m: &mut Material| m.pairs[0].mated ^= true) as &dyn Fn(&mut Material),
            "the pair 0, 1 is non-mated by the list and mated by its persons",
        ),
        (&|m| m.pairs[7].second = 900, "the item of a pair is 900"),
        (
            &|m| m.pairs[7].fold = 6,
            "pairs in a fold: at least 1 needed, got 0",
        ),
        (&|m| m.pairs[7].fold = usize::MAX - 1, "the fold of a pair"),
        (
            &|m| m.pairs.iter_mut().for_each(|p| p.fold = 0),
            "folds: at least 2 needed, got 1",
        ),
        (&|m| m.pairs.clear(), "folds: at least 2 needed, got 0"),
        (
            &|m| m.templates[3] = Some(vec![1.0]),
            "the template of 3: has 1 values where others have 6",
        ),
        (
            &|m| m.templates[3] = Some(vec![0.0; D]),
            "the template of 3: has norm 0",
        ),
        (
            &|m| m.templates[3] = Some(vec![f32::NAN; D]),
            "the template of 3: holds NaN",
        ),
        (
            &|m| m.templates.truncate(4),
            "templates of items: expected 60 values, got 4",
        ),
        (
            &|m| m.persons.truncate(4),
            "persons of items: expected 60 values, got 4",
        ),
        (
            &|m| m.templates.fill(None),
            "items with a template: at least 1 needed, got 0",
        ),
    ] {
        let found = message(change);
        assert!(found.starts_with(expected), "{found}");
    }
    let mut grid = options.clone();
    grid.judging.thresholds = Thresholds::Grid;
    grid.matcher = switches()[2].matcher.clone();
    let error = Material::new(1).evaluate(&grid).unwrap_err();
    assert!(matches!(
        error,
        EvalError::GridNeedsDistance { matcher: "siamese" }
    ));
}

/// Share of rows of `n_pairs` mated pairs, each of its own person, that are right.
fn interval_of_share(
    n_pairs: usize,
    n_right: usize,
    per_person: usize,
) -> lineament_eval::Interval {
    let persons: Vec<(usize, usize)> = (0..n_pairs)
        .map(|i| (i / per_person, i / per_person))
        .collect();
    let options = Bootstrap {
        n_replicates: 2000,
        seed: 5,
    };
    let share = |weights: &[f64]| {
        let total: f64 = weights.iter().sum();
        vec![Some(weights[..n_right].iter().sum::<f64>() / total)]
    };
    let found = bootstrap_by_identity(&persons, options, share).unwrap();
    assert_eq!(
        found,
        bootstrap_by_identity(&persons, options, share).unwrap()
    );
    found[0].unwrap()
}

#[test]
fn the_bootstrap_is_as_wide_as_the_persons_allow() {
    let width = |i: lineament_eval::Interval| i.high - i.low;
    let alone = interval_of_share(400, 300, 1);
    let independent = lineament_eval::Proportion::new(300, 400).unwrap().interval;
    assert!(
        (width(alone) / width(independent) - 1.0).abs() < 0.1,
        "{alone:?}"
    );
    // Ten pairs a person that all go one way are worth a tenth of the pairs.
    let shared = interval_of_share(400, 300, 10);
    let ratio = width(shared) / width(alone);
    assert!((ratio - 10.0_f64.sqrt()).abs() < 0.4, "{ratio}");
    assert!(shared.low < 0.75 && 0.75 < shared.high);
}

#[test]
fn intervals_by_identity_hold_the_figures() {
    let report = Material::new(2).evaluate(&switches()[0]).unwrap();
    let intervals = report.by_identity.unwrap();
    assert_eq!(intervals.n_persons, 20);
    let accuracy = intervals.accuracy_ci.unwrap();
    assert!(accuracy.low < report.accuracy && report.accuracy < accuracy.high);
    let tar = intervals.tar_ci["1e-1"].unwrap();
    let rate = report.at_fmr.tar_at_fmr["1e-1"].unwrap();
    assert!(tar.low <= rate && rate <= tar.high && tar.low < tar.high);
    assert!(intervals.fmr_ci["1e-1"].unwrap().low <= 0.1);
}

#[test]
fn calibration_refuses_what_the_scores_cannot_support() {
    let mated = (0..200).map(|i| f64::from(i) / 200.0 + 0.5);
    let non_mated = (0..1000).map(|i| f64::from(i) / 1000.0);
    let failed = [f64::NEG_INFINITY; 50];
    let set = ScoreSet::new(mated.collect(), non_mated.chain(failed).collect()).unwrap();
    let calibration = calibrate(&set, &[0.1, 0.03]).unwrap();
    // The hundredth part of the thousand that were compared, not of the fifty that were not.
    assert_eq!(calibration.thresholds[0].fmr, 0.1);
    assert_eq!(calibration.thresholds[1].threshold, 0.969_f64.next_up());
    let probability = |score| calibration.platt.probability(score);
    assert!(probability(0.2) < 0.1 && probability(1.4) > 0.9);
    let error = calibrate(&set, &[0.01]).unwrap_err();
    assert!(error.to_string().contains("30 expected errors"), "{error}");
}
