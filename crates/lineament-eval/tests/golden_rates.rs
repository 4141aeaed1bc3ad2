//! ROC, EER, TAR at FMR and histograms against `reference/evaluation.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::{EvalError, ScoreSet, ScoreStream};
use serde_json::Value;

fn cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/evaluation_rates.json"
    );
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap().clone();
    assert!(cases.len() > 5);
    cases
}

fn scores(kind: &Value) -> Vec<f64> {
    let score = |v: &Value| v.as_f64().unwrap_or(f64::NEG_INFINITY);
    kind.as_array().unwrap().iter().map(score).collect()
}

fn set(case: &Value) -> ScoreSet {
    ScoreSet::new(scores(&case["mated"]), scores(&case["non_mated"])).unwrap()
}

#[track_caller]
fn assert_near(what: &str, found: Option<f64>, expected: &Value) {
    let expected = expected.as_f64();
    assert_eq!(found.is_some(), expected.is_some(), "{what}");
    let difference = found.unwrap_or(0.0) - expected.unwrap_or(0.0);
    assert!(difference.abs() < 1e-12, "{what}: {found:?}, {expected:?}");
}

#[test]
fn curves_equal_scikit_learn() {
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let set = set(&case);
        let curve = set.curve().unwrap();
        assert_near(name, Some(curve.auc()), &case["auc"]);
        assert_near(name, curve.eer().map(|e| e.rate), &case["eer"]);
        for point in case["points"].as_array().unwrap() {
            let threshold = point[0].as_f64().unwrap();
            let accepted = [&set.mated, &set.non_mated].map(|kind| kind.n_accepted(threshold));
            assert_eq!(
                serde_json::json!(accepted),
                serde_json::json!([point[1], point[2]]),
                "{name}"
            );
        }
        let eer_threshold = curve.eer().map(|e| e.threshold);
        if let Some(t) = eer_threshold {
            assert!(
                set.fmr(t).unwrap().rate >= set.fnmr(t).unwrap().rate,
                "{name}"
            );
            let above = t.next_up();
            assert!(
                set.fmr(above).unwrap().rate < set.fnmr(above).unwrap().rate,
                "{name}"
            );
        }
    }
}

#[test]
fn acceptance_at_a_false_match_rate_equals_scikit_learn() {
    let mut n_measured = 0;
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        for (rate, expected) in case["tar_at_fmr"].as_object().unwrap() {
            let what = format!("{name} at {rate}");
            let found = set(&case).tar_at_fmr(rate.parse().unwrap());
            if expected.is_null() {
                let error = found.unwrap_err();
                assert!(
                    matches!(error, EvalError::TooFewComparisons { .. }),
                    "{what}"
                );
                continue;
            }
            let found = found.unwrap();
            n_measured += 1;
            assert_near(&what, Some(found.tar.rate), &expected["tar"]);
            assert_eq!(
                Some(found.supported),
                expected["supported"].as_bool(),
                "{what}"
            );
            for (interval, key) in [(found.tar, "tar_ci"), (found.fmr, "fmr_ci")] {
                assert_near(&what, Some(interval.interval.low), &expected[key][0]);
                assert_near(&what, Some(interval.interval.high), &expected[key][1]);
            }
        }
    }
    assert!(n_measured > 10);
}

#[test]
fn histograms_equal_numpy() {
    let with_histogram: Vec<_> = cases()
        .into_iter()
        .filter(|c| !c["histogram"].is_null())
        .collect();
    assert!(with_histogram.len() > 1);
    for case in with_histogram {
        let histogram = set(&case).histogram(8).unwrap();
        let found = serde_json::json!([histogram.mated, histogram.non_mated]);
        assert_eq!(found, case["histogram"]);
    }
}

#[test]
fn a_stream_gives_the_same() {
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let set = set(&case);
        let mut streams = [(); 3].map(|()| ScoreStream::new(0.1, set.non_mated.n()).unwrap());
        let labelled = |key: &str, mated: bool| {
            let scores = scores(&case[key]).into_iter();
            scores.map(move |s| (s, mated)).collect::<Vec<_>>()
        };
        let all = [labelled("mated", true), labelled("non_mated", false)].concat();
        for (i, (score, mated)) in all.into_iter().enumerate() {
            streams[i % 3].add(score, mated);
        }
        let [mut stream, second, third] = streams;
        stream.merge(third).unwrap();
        stream.merge(second).unwrap();
        let streamed = stream.finish().unwrap();
        assert_eq!(streamed.mated, set.mated, "{name}");
        for target in [0.1, 0.05, 0.01, 0.001] {
            let (found, expected) = (streamed.tar_at_fmr(target), set.tar_at_fmr(target));
            assert_eq!(
                format!("{found:?}"),
                format!("{expected:?}"),
                "{name} at {target}"
            );
        }
        assert_eq!(streamed.n_non_mated(), set.non_mated.n());
    }
}
