//! Rates by group against `reference/fairness.py`, and what must hold for any groups.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::fairness::{FairnessReport, Groups, SharedThreshold};
use lineament_eval::{
    About, Bootstrap, EvalError, FlipMode, Judging, ModelIdentity, Pair, PairList, PairReport,
    Proportion, evaluate_fairness, evaluate_scores,
};
use lineament_match::FittedMatcher;
use serde_json::Value;

struct Golden {
    json: Value,
    report: PairReport,
    names: Vec<String>,
    of_items: Vec<Option<usize>>,
    persons: Vec<usize>,
}

const BOOTSTRAP: Bootstrap = Bootstrap {
    n_replicates: 200,
    seed: 4,
};

impl Golden {
    fn read() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../reference/golden/fairness.json"
        );
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let persons: Vec<usize> = serde_json::from_value(json["persons"].clone()).unwrap();
        let groups: Vec<i64> = serde_json::from_value(json["of_items"].clone()).unwrap();
        let names: Vec<String> = (0..persons.len()).map(|i| i.to_string()).collect();
        type Row = (usize, usize, u8, Option<f64>);
        let rows: Vec<Row> = serde_json::from_value(json["pairs"].clone()).unwrap();
        let pair = |(i, row): (usize, &Row)| Pair {
            first: row.0,
            second: row.1,
            mated: row.2 == 1,
            fold: i % 2,
        };
        let pairs: Vec<Pair> = rows.iter().enumerate().map(pair).collect();
        let scores: Vec<Option<f64>> = rows.iter().map(|row| row.3).collect();
        let list = PairList {
            names: &names,
            persons: Some(&persons),
            pairs: &pairs,
        };
        let judging = Judging {
            bootstrap: BOOTSTRAP,
            ..Judging::default()
        };
        let matcher = FittedMatcher::Cosine;
        Self {
            report: evaluate_scores(about(), list, &scores, &matcher, &judging).unwrap(),
            names: serde_json::from_value(json["groups"].clone()).unwrap(),
            of_items: groups.iter().map(|g| usize::try_from(*g).ok()).collect(),
            persons,
            json,
        }
    }

    fn groups(&self) -> Groups<'_> {
        Groups {
            column: "drawn",
            names: &self.names,
            of_items: &self.of_items,
        }
    }

    fn evaluate(&self, threshold: SharedThreshold) -> Result<FairnessReport, EvalError> {
        let persons = Some(self.persons.as_slice());
        evaluate_fairness(&self.report, self.groups(), persons, threshold, BOOTSTRAP)
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

#[track_caller]
fn assert_rate(found: Option<Proportion>, expected: &Value) {
    assert_eq!(found.is_none(), expected.is_null(), "{found:?}, {expected}");
    let Some(found) = found else { return };
    assert_eq!(found.count as u64, expected[0].as_u64().unwrap());
    assert_eq!(found.n as u64, expected[1].as_u64().unwrap());
    assert_number(Some(found.interval.low), &expected[2]);
    assert_number(Some(found.interval.high), &expected[3]);
}

#[track_caller]
fn assert_number(found: Option<f64>, expected: &Value) {
    let expected = expected.as_f64();
    assert_eq!(
        found.is_some(),
        expected.is_some(),
        "{found:?}, {expected:?}"
    );
    assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
}

#[test]
fn rates_of_groups_equal_counting() {
    let golden = Golden::read();
    for case in golden.json["cases"].as_array().unwrap() {
        let target = case["target"].as_f64().unwrap();
        let report = golden.evaluate(SharedThreshold::AtFmr(target)).unwrap();
        let expected = case["groups"].as_array().unwrap();
        assert_eq!(report.groups.len(), expected.len());
        let parts = report.groups.iter().zip(expected);
        let others = [
            (&report.all, &case["all"]),
            (&report.across, &case["across"]),
        ];
        for (found, expected) in parts.chain(others) {
            assert_rate(found.fmr, &expected["fmr"]);
            assert_rate(found.fnmr, &expected["fnmr"]);
        }
        let spreads = [
            (&report.fmr_spread, "fmr_spread"),
            (&report.fnmr_spread, "fnmr_spread"),
        ];
        for (found, key) in spreads {
            assert_eq!(found.greatest.as_deref(), case[key]["greatest"].as_str());
            assert_eq!(found.least.as_deref(), case[key]["least"].as_str());
            assert_number(found.ratio, &case[key]["ratio"]);
            assert_number(found.gini, &case[key]["gini"]);
        }
        assert_number(report.garbe, &case["garbe"]);
        assert_eq!(
            report.n_without_group as u64,
            case["n_without_group"].as_u64().unwrap()
        );
        let given = golden.evaluate(SharedThreshold::At(case["threshold"].as_f64().unwrap()));
        assert_eq!(given.unwrap().groups, report.groups);
    }
}

#[test]
fn intervals_by_identity_are_wide_enough_to_hold_the_rates() {
    let golden = Golden::read();
    let report = golden.evaluate(SharedThreshold::AtFmr(0.1)).unwrap();
    for group in &report.groups[..3] {
        let rates = [
            (group.fmr, group.fmr_by_identity),
            (group.fnmr, group.fnmr_by_identity),
        ];
        for (rate, interval) in rates {
            let (rate, interval) = (rate.unwrap().rate, interval.unwrap());
            assert!(
                interval.low <= rate && rate <= interval.high,
                "{rate} in {interval:?}"
            );
        }
    }
    let empty = &report.groups[3];
    assert_eq!(
        (empty.fmr_by_identity, empty.fnmr_by_identity),
        (None, None)
    );
    // A ratio to a rate that is 0 in many replicates has no interval.
    let report = golden.evaluate(SharedThreshold::AtFmr(0.02)).unwrap();
    assert_eq!(report.fmr_spread.ratio_by_identity, None);
    let interval = report.fnmr_spread.ratio_by_identity.unwrap();
    assert!(interval.low >= 1.0 && interval.high > interval.low);
}

#[test]
fn equal_groups_have_a_ratio_of_one_and_no_inequity() {
    let mut golden = Golden::read();
    golden.names.truncate(2);
    // Every pair is in one group; the other has none, so that there is nothing to compare.
    golden.of_items.fill(Some(0));
    let report = golden.evaluate(SharedThreshold::AtFmr(0.1)).unwrap();
    assert_eq!(report.groups[0].fmr, report.all.fmr);
    assert_eq!((report.fmr_spread.ratio, report.garbe), (None, None));
    // An impossible threshold refuses everyone: all FNMR are 1.
    let mut golden = Golden::read();
    golden.names.truncate(3);
    let report = golden.evaluate(SharedThreshold::At(99.0)).unwrap();
    assert_eq!(report.fnmr_spread.ratio, Some(1.0));
    assert_eq!(report.fnmr_spread.gini, Some(0.0));
    assert_eq!(
        (report.fmr_spread.ratio, report.fmr_spread.gini),
        (None, Some(0.0))
    );
}

#[test]
fn groups_that_do_not_fit_the_protocol_are_refused() {
    let mut golden = Golden::read();
    golden.names.truncate(1);
    let error = golden.evaluate(SharedThreshold::At(0.5)).unwrap_err();
    assert!(matches!(error, EvalError::Index { n: 1, .. }), "{error}");
    let mut golden = Golden::read();
    golden.of_items.truncate(7);
    let error = golden.evaluate(SharedThreshold::At(0.5)).unwrap_err();
    assert!(matches!(error, EvalError::Dimension { .. }), "{error}");
    golden.persons.truncate(7);
    let error = golden.evaluate(SharedThreshold::At(0.5)).unwrap_err();
    assert!(matches!(error, EvalError::Index { n: 7, .. }), "{error}");
    let golden = Golden::read();
    let error = golden.evaluate(SharedThreshold::AtFmr(1e-6)).unwrap_err();
    assert!(
        matches!(error, EvalError::TooFewComparisons { .. }),
        "{error}"
    );
}
