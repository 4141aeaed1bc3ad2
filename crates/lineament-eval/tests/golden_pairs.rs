//! Pair protocols against the independent reference in `reference/evaluation.py`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lineament_eval::{
    About, Bootstrap, Centering, FlipMode, FoldFigures, Judging, ModelIdentity, Pair, PairList,
    PairMatcher, PairMaterial, PairOptions, PairReport, Thresholds, evaluate, evaluate_view1,
};
use lineament_match::{FitOptions, MatcherKind, Whitening};
use serde_json::Value;

struct Golden {
    value: Value,
    names: Vec<String>,
    persons: Vec<usize>,
    pairs: Vec<Pair>,
}

impl Golden {
    fn read() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../reference/golden/evaluation_pairs.json"
        );
        let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let pair = |pair: &Value| Pair {
            first: count(&pair[0]),
            second: count(&pair[1]),
            mated: count(&pair[2]) == 1,
            fold: count(&pair[3]),
        };
        let persons: Vec<usize> = list(&value["persons"]).iter().map(count).collect();
        Self {
            names: (0..persons.len()).map(|i| format!("item {i}")).collect(),
            persons,
            pairs: list(&value["pairs"]).iter().map(pair).collect(),
            value,
        }
    }

    fn templates(&self, flip: FlipMode) -> Vec<Option<Vec<f32>>> {
        let scale = number(&self.value["scale"]) as f32;
        let row = |row: &Value| {
            let values = row.as_array()?;
            Some(values.iter().map(|v| number(v) as f32 / scale).collect())
        };
        let views = list(&self.value["plain"])
            .iter()
            .zip(list(&self.value["mirrored"]));
        let views = views.map(|(p, m)| Option::<(Vec<f32>, Vec<f32>)>::Some((row(p)?, row(m)?)));
        views
            .map(|views| views.map(|(plain, mirrored)| flip.combine(&plain, &mirrored).unwrap()))
            .collect()
    }

    fn list<'a>(&'a self, pairs: &'a [Pair]) -> PairList<'a> {
        PairList {
            names: &self.names,
            persons: Some(&self.persons),
            pairs,
        }
    }
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn flip_of(case: &Value) -> FlipMode {
    match case["flip"].as_str().unwrap() {
        "off" => FlipMode::Off,
        "sum" => FlipMode::Sum,
        "concat" => FlipMode::Concat,
        other => panic!("{other}"),
    }
}

fn about(flip: FlipMode) -> About {
    About {
        protocol: "golden".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "drawn at random".to_owned(),
            sha256: String::new(),
        },
        flip,
        command: String::new(),
    }
}

fn options_of(case: &Value) -> PairOptions {
    let kind = match case["matcher"].as_str().unwrap() {
        "cosine" => MatcherKind::Cosine,
        "squared-euclidean" => MatcherKind::SquaredEuclidean,
        "lda" => MatcherKind::Lda,
        "joint-bayesian" => MatcherKind::JointBayesian,
        "chi-squared" => MatcherKind::ChiSquared,
        "siamese" => MatcherKind::Siamese,
        other => panic!("{other}"),
    };
    let components = |key: &str| case[key].as_u64().map(|n| usize::try_from(n).unwrap());
    PairOptions {
        matcher: PairMatcher::Learned(FitOptions {
            kind,
            pca: components("matcher_pca"),
            whiten: match case["whiten"].as_bool() {
                Some(true) => Whitening::Yes,
                _ => Whitening::No,
            },
        }),
        center: match case["center"].as_str().unwrap() {
            "off" => Centering::Off,
            "folds" => Centering::Folds,
            other => panic!("{other}"),
        },
        pca: components("pca"),
        judging: Judging {
            thresholds: match case["thresholds"].as_str().unwrap() {
                "exact" => Thresholds::Exact,
                "grid" => Thresholds::Grid,
                other => panic!("{other}"),
            },
            fmr_targets: vec![0.1, 0.01, 0.001],
            bootstrap: Bootstrap {
                n_replicates: 40,
                seed: 1,
            },
        },
    }
}

#[track_caller]
fn assert_near(what: &str, found: &Value, expected: &Value, tolerance: f64) {
    match (found.as_f64(), expected.as_f64()) {
        (Some(f), Some(e)) => assert!((f - e).abs() <= tolerance, "{what}: {f} against {e}"),
        _ => assert_eq!(found, expected, "{what}"),
    }
}

/// The report's JSON against the case: counts equal, thresholds to the case's tolerance.
fn check(report: &PairReport, case: &Value) {
    let name = case["name"].as_str().unwrap();
    let found = serde_json::to_value(report).unwrap();
    assert_eq!(found["matcher"], case["matcher"], "{name}");
    for key in ["flip", "center", "pca", "thresholds", "n_pairs", "n_failed"] {
        assert_eq!(found[key], case[key], "{name}: {key}");
    }
    let tolerance = number(&case["tolerance"]);
    let folds = list(&case["n_correct"])
        .iter()
        .zip(list(&case["thresholds_of_folds"]));
    assert_eq!(report.folds.len(), folds.len());
    for (i, (n_correct, threshold)) in folds.enumerate() {
        let what = format!("{name}, fold {i}");
        assert_eq!(found["folds"][i]["n_correct"], *n_correct, "{what}");
        assert_near(&what, &found["folds"][i]["threshold"], threshold, tolerance);
    }
    // Shares of equal counts.
    for key in ["accuracy", "accuracy_se", "auc", "eer"] {
        assert_near(&format!("{name}: {key}"), &found[key], &case[key], 1e-12);
    }
    assert_near(
        name,
        &found["threshold_mean"],
        &case["threshold_mean"],
        tolerance,
    );
    check_interval(name, &found["accuracy_ci"], &case["accuracy_ci"]);
    for (rate, expected) in case["tar_at_fmr"].as_object().unwrap() {
        let what = format!("{name} at {rate}");
        assert_near(&what, &found["tar_at_fmr"][rate], &expected["tar"], 1e-12);
        check_interval(&what, &found["tar_ci"][rate], &expected["tar_ci"]);
        check_interval(&what, &found["fmr_ci"][rate], &expected["fmr_ci"]);
        let supported = expected["supported"].as_bool().unwrap_or(false);
        assert_eq!(found["supported"][rate], supported, "{what}");
    }
}

#[track_caller]
fn check_interval(what: &str, found: &Value, expected: &Value) {
    for end in [0, 1] {
        assert_near(what, &found[end], &expected[end], 1e-12);
    }
}

#[test]
fn folds_equal_the_reference_for_every_switch() {
    let golden = Golden::read();
    for case in list(&golden.value["folds"]) {
        let flip = flip_of(case);
        let templates = golden.templates(flip);
        let material = PairMaterial {
            list: golden.list(&golden.pairs),
            templates: &templates,
        };
        let report = evaluate(about(flip), material, &options_of(case)).unwrap();
        check(&report, case);
        assert_eq!(report.failures.len(), 3);
        assert!(
            templates
                .iter()
                .zip(&golden.names)
                .all(|(template, name)| { template.is_some() || report.failures.contains(name) })
        );
        let shared = count(&golden.value["n_persons_in_several_folds"]);
        assert_eq!(report.n_persons_in_several_folds, Some(shared));
    }
}

#[test]
fn view_1_equals_the_reference_for_every_switch() {
    let golden = Golden::read();
    for case in list(&golden.value["view1"]) {
        let dev_folds = count(&case["dev_folds"]);
        let (dev, test): (Vec<Pair>, Vec<Pair>) =
            golden.pairs.iter().partition(|p| p.fold < dev_folds);
        // Lists of their own, each with folds from 0.
        let test: Vec<Pair> = test.into_iter().map(|p| Pair { fold: 0, ..p }).collect();
        let flip = flip_of(case);
        let templates = golden.templates(flip);
        let of = |pairs| PairMaterial {
            list: golden.list(pairs),
            templates: &templates,
        };
        let report = evaluate_view1(about(flip), of(&dev), of(&test), &options_of(case)).unwrap();
        check(&report, case);
        let best = report.best_on_test.unwrap();
        assert_eq!(best.accuracy, number(&case["best_accuracy"]));
        let tolerance = number(&case["tolerance"]);
        assert!((best.threshold - number(&case["best_threshold"])).abs() <= tolerance);
    }
}

#[test]
fn every_switch_with_every_other_gives_the_counts_and_thresholds_of_the_reference() {
    let golden = Golden::read();
    let cases = list(&golden.value["grid"]);
    assert_eq!(cases.len(), 168);
    let (dev, test): (Vec<Pair>, Vec<Pair>) = golden.pairs.iter().partition(|p| p.fold < 7);
    let test: Vec<Pair> = test.into_iter().map(|p| Pair { fold: 0, ..p }).collect();
    for case in cases {
        let name = case.to_string();
        let flip = flip_of(case);
        let templates = golden.templates(flip);
        let of = |pairs| PairMaterial {
            list: golden.list(pairs),
            templates: &templates,
        };
        let options = options_of(case);
        let folds = evaluate(about(flip), of(&golden.pairs), &options).unwrap();
        let expected = list(&case["n_correct"])
            .iter()
            .zip(list(&case["thresholds_of_folds"]));
        assert_eq!(folds.folds.len(), expected.len());
        for (fold, (n_correct, threshold)) in folds.folds.iter().zip(expected) {
            check_fold(&name, fold, n_correct, threshold);
        }
        let view1 = evaluate_view1(about(flip), of(&dev), of(&test), &options).unwrap();
        check_fold(&name, &view1.folds[0], &case["view1"][0], &case["view1"][1]);
    }
}

/// Counts are equal. Thresholds are as far apart as two orders of summing leave them, relative to
/// scores beyond 1.
#[track_caller]
fn check_fold(name: &str, found: &FoldFigures, n_correct: &Value, threshold: &Value) {
    assert_eq!(found.n_correct, count(n_correct), "{name}");
    let expected = number(threshold);
    let apart = (found.threshold - expected).abs() / expected.abs().max(1.0);
    assert!(apart <= 1e-11, "{name}: {apart:e} from {expected}");
}
