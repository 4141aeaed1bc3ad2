//! Splits and searches against `reference/identification.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::identification::{Enrolled, Rejecter, SearchPlan, SplitOptions};
use lineament_eval::{
    About, Bootstrap, FlipMode, IdentificationOptions, IdentificationReport, Interval, LabelledSet,
    ModelIdentity, identify,
};
use serde_json::{Value, json};

/// The golden file, and the set that its cases share.
struct Golden {
    json: Value,
    names: Vec<String>,
    persons: Vec<usize>,
    templates: Vec<Option<Vec<f32>>>,
}

impl Golden {
    fn read() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../reference/golden/identification.json"
        );
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let scale = json["scale"].as_f64().unwrap() as f32;
        let template = |row: &Value| {
            let row = row.as_array()?;
            let row: Vec<f32> = row
                .iter()
                .map(|v| v.as_f64().unwrap() as f32 / scale)
                .collect();
            FlipMode::Off.combine(&row, &[]).ok()
        };
        let templates: Vec<_> = json["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(template)
            .collect();
        Self {
            names: (0..templates.len()).map(|i| format!("item {i}")).collect(),
            persons: indices(&json["persons"]),
            templates,
            json,
        }
    }

    fn set(&self) -> LabelledSet<'_> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &self.templates,
        }
    }

    fn cases(&self, key: &str) -> &[Value] {
        self.json[key].as_array().unwrap()
    }

    fn plan(&self, which: usize) -> SearchPlan {
        let split = &self.cases("splits")[which];
        let enrolled = |entry: &Value| Enrolled {
            person: index(&entry[0]),
            items: indices(&entry[1]),
        };
        SearchPlan {
            gallery: split["gallery"]
                .as_array()
                .unwrap()
                .iter()
                .map(enrolled)
                .collect(),
            mated: indices(&split["mated"]),
            non_mated: indices(&split["non_mated"]),
        }
    }

    fn identify(&self, case: &Value) -> IdentificationReport {
        let rejecter = match index(&case["tail_size"]) {
            0 => Rejecter::Score,
            tail_size => Rejecter::ProbeTail { tail_size },
        };
        let options = IdentificationOptions {
            rejecter,
            rank: index(&case["rank"]),
            ranks: vec![1, 3, 10],
            fpir_targets: vec![0.1, 0.03, 0.01, 0.001],
            bootstrap: Bootstrap {
                n_replicates: 200,
                seed: 1,
            },
            ..IdentificationOptions::default()
        };
        let plan = self.plan(index(&case["split"]));
        identify(about(), self.set(), &plan, &options).unwrap()
    }
}

fn about() -> About {
    About {
        protocol: "identify".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    }
}

fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn indices(list: &Value) -> Vec<usize> {
    list.as_array().unwrap().iter().map(index).collect()
}

#[track_caller]
fn assert_near(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
}

#[track_caller]
fn assert_interval(found: Interval, expected: &Value) {
    assert_near(found.low, &expected[0]);
    assert_near(found.high, &expected[1]);
}

#[test]
fn splits_draw_the_same_persons_and_items() {
    let golden = Golden::read();
    for (i, case) in golden.cases("splits").iter().enumerate() {
        let options = SplitOptions {
            n_shots: index(&case["n_shots"]),
            unknown_share: case["unknown_share"].as_f64().unwrap(),
            seed: case["seed"].as_u64().unwrap(),
        };
        let found = SearchPlan::split(&golden.persons, &options).unwrap();
        assert_eq!(found, golden.plan(i), "{options:?}");
    }
}

#[test]
fn mates_have_the_ranks_that_counting_gives() {
    let golden = Golden::read();
    assert!(golden.cases("searches").len() > 6);
    for case in golden.cases("searches") {
        let report = golden.identify(case);
        let mated = report.outcomes.iter().filter(|o| o.is_mated);
        let ranks: Vec<Option<usize>> = mated.map(|o| o.rank).collect();
        assert_eq!(json!(ranks), case["ranks"]);
        assert_eq!(json!(report.n_failed), case["n_failed"]);
        assert_eq!(json!(report.n_gallery_failed), case["n_gallery_failed"]);
        for (rank, rate) in &report.rank_rate {
            assert_near(*rate, &case["rank_rate"][rank.to_string()]);
            assert_interval(report.rank_ci[rank], &case["rank_ci"][rank.to_string()]);
        }
        let expected = case["cmc"].as_array().unwrap();
        for (found, expected) in report.cmc(expected.len()).iter().zip(expected) {
            assert_near(*found, expected);
        }
    }
}

#[test]
fn misses_at_a_false_positive_rate_are_those_of_the_smallest_threshold() {
    let golden = Golden::read();
    let mut n_measured = 0;
    for case in golden.cases("searches") {
        let report = golden.identify(case);
        let at = &report.at_fpir;
        for (key, expected) in case["at_fpir"].as_object().unwrap() {
            let Some(fnir) = at.fnir_at_fpir[key] else {
                assert!(expected.is_null(), "{key}: {expected}");
                assert_eq!(report.by_person.fnir_ci[key], None);
                continue;
            };
            n_measured += 1;
            assert_near(fnir, &expected["fnir"]);
            assert_near(at.dir_at_fpir[key].unwrap(), &expected["dir"]);
            assert_interval(at.fnir_ci[key].unwrap(), &expected["fnir_ci"]);
            assert_interval(at.fpir_ci[key].unwrap(), &expected["fpir_ci"]);
            assert_eq!(json!(at.supported[key]), expected["supported"]);
            let drawn = report.by_person.fnir_ci[key].unwrap();
            assert!(
                drawn.low <= fnir && fnir <= drawn.high,
                "{drawn:?} around {fnir}"
            );
        }
    }
    assert!(n_measured > 15);
}

#[test]
fn the_curve_has_every_operating_point() {
    let golden = Golden::read();
    for case in golden.cases("searches") {
        let Some(expected) = case["points"].as_array() else {
            continue;
        };
        let report = golden.identify(case);
        let points = report.fnir_fpir().unwrap().points(usize::MAX);
        for point in &points[1..] {
            let n_hit = (1.0 - point.fnmr) * report.n_mated as f64;
            let n_alarm = point.fmr * report.n_non_mated as f64;
            let found = json!([n_hit.round() as usize, n_alarm.round() as usize]);
            assert!(expected.contains(&found), "{found}");
        }
        let last = points[points.len() - 1];
        let n_hit = ((1.0 - last.fnmr) * report.n_mated as f64).round() as usize;
        assert_eq!(Some(&json!(n_hit)), expected.last().map(|p| &p[0]));
    }
}
