//! BLUFR's trials.

use super::material::{Golden, about, assert_near, index, indices};
use lineament_eval::blufr::{BlufrOptions, BlufrTrial};
use lineament_eval::{EvalError, PairMatcher, evaluate_blufr};
use lineament_match::{FitOptions, FittedMatcher, MatcherKind, Whitening};
use serde_json::Value;

fn trials(golden: &Golden) -> Vec<BlufrTrial> {
    let trial = |parts: &Value| BlufrTrial {
        train: indices(&parts[0]),
        test: indices(&parts[1]),
        gallery: indices(&parts[2]),
        probes: indices(&parts[3]),
    };
    let trials = golden.json["blufr"]["trials"].as_array().unwrap();
    trials.iter().map(trial).collect()
}

fn options(matcher: PairMatcher) -> BlufrOptions {
    BlufrOptions {
        matcher,
        fmr_targets: vec![0.1],
        fpir_targets: vec![0.1],
    }
}

#[test]
fn rates_of_every_trial_and_over_them_equal_counting() {
    let golden = Golden::read();
    let trials = trials(&golden);
    for case in golden.json["blufr"]["figures"].as_array().unwrap() {
        let matcher = match case["matcher"].as_str().unwrap() {
            "cosine" => PairMatcher::Fixed(FittedMatcher::Cosine),
            _ => PairMatcher::Learned(FitOptions {
                kind: MatcherKind::JointBayesian,
                pca: Some(index(&case["pca"])),
                whiten: Whitening::No,
            }),
        };
        let report = evaluate_blufr(about(), golden.set(), &trials, &options(matcher)).unwrap();
        assert_eq!(report.matcher, case["matcher"].as_str().unwrap());
        for (i, trial) in report.trials.iter().enumerate() {
            assert_near(trial.vr_at_far["1e-1"].unwrap(), &case["vr"][i]);
            assert_near(trial.dir_at_far["1e-1"].unwrap(), &case["dir"][i]);
        }
        let over = [(&report.vr_at_far, "vr"), (&report.dir_at_far, "dir")];
        for (found, key) in over {
            let found = found["1e-1"];
            assert_near(found.mean, &case[format!("{key}_mean")]);
            assert_near(found.deviation, &case[format!("{key}_deviation")]);
            let less = found.mean - found.deviation;
            assert!((found.mean_less_deviation - less).abs() < 1e-15);
        }
    }
}

#[test]
fn trials_that_do_not_fit_are_refused() {
    let golden = Golden::read();
    let cosine = options(PairMatcher::Fixed(FittedMatcher::Cosine));
    let mut trials = trials(&golden);
    let evaluate = |trials: &[BlufrTrial], options: &BlufrOptions| {
        evaluate_blufr(about(), golden.set(), trials, options)
    };
    let error = evaluate(&trials[..1], &cosine).unwrap_err();
    assert!(matches!(error, EvalError::TooFew { .. }), "{error}");
    let siamese = options(PairMatcher::Learned(FitOptions {
        kind: MatcherKind::Siamese,
        pca: None,
        whiten: Whitening::No,
    }));
    let error = evaluate(&trials, &siamese).unwrap_err();
    assert!(matches!(error, EvalError::Match(_)), "{error}");
    trials[1].test.push(9999);
    let error = evaluate(&trials, &cosine).unwrap_err();
    assert!(
        matches!(error, EvalError::Index { got: 9999, .. }),
        "{error}"
    );
}
