//! What the golden file holds.

use lineament_eval::identification::{Enrolled, Rejecter, SearchPlan};
use lineament_eval::{
    About, Bootstrap, FlipMode, IdentificationOptions, IdentificationReport, Interval, LabelledSet,
    ModelIdentity, identify,
};
use serde_json::Value;

/// The golden file, and the set that its cases share.
pub(crate) struct Golden {
    pub(crate) json: Value,
    pub(crate) names: Vec<String>,
    pub(crate) persons: Vec<usize>,
    pub(crate) templates: Vec<Option<Vec<f32>>>,
}

impl Golden {
    pub(crate) fn read() -> Self {
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

    pub(crate) fn set(&self) -> LabelledSet<'_> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &self.templates,
        }
    }

    pub(crate) fn cases(&self, key: &str) -> &[Value] {
        self.json[key].as_array().unwrap()
    }

    pub(crate) fn plan(&self, which: usize) -> SearchPlan {
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

    pub(crate) fn identify(&self, case: &Value) -> IdentificationReport {
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

pub(crate) fn about() -> About {
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

pub(crate) fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

pub(crate) fn indices(list: &Value) -> Vec<usize> {
    list.as_array().unwrap().iter().map(index).collect()
}

#[track_caller]
pub(crate) fn assert_near(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
}

#[track_caller]
pub(crate) fn assert_interval(found: Interval, expected: &Value) {
    assert_near(found.low, &expected[0]);
    assert_near(found.high, &expected[1]);
}
