//! Templates of media: pooled, compared one with one, searched in two galleries.

use super::material::{Golden, about, assert_interval, assert_near, index, indices};
use lineament_eval::identification::{Enrolled, SearchPlan, identify_galleries};
use lineament_eval::templates::{MatchOptions, TemplateMatch};
use lineament_eval::{
    Bootstrap, EvalError, IdentificationOptions, LabelledSet, evaluate_matches, pool_media,
};
use serde_json::{Value, json};

/// The templates of the golden file.
struct Pooled {
    names: Vec<String>,
    persons: Vec<usize>,
    templates: Vec<Option<Vec<f32>>>,
    matches: Vec<TemplateMatch>,
}

impl Pooled {
    fn new(golden: &Golden) -> Self {
        let case = &golden.json["templates"];
        let faces = |medium: &Value| -> Vec<Option<Vec<f32>>> {
            let items = indices(medium).into_iter();
            items.map(|i| golden.templates[i].clone()).collect()
        };
        let template = |media: &Value| {
            let media: Vec<_> = media.as_array().unwrap().iter().map(faces).collect();
            pool_media(&media).unwrap()
        };
        let found = |m: &Value| TemplateMatch {
            first: index(&m[0]) as u32,
            second: index(&m[1]) as u32,
            mated: index(&m[2]) == 1,
        };
        let media = case["media"].as_array().unwrap();
        Self {
            names: (0..media.len()).map(|i| format!("template {i}")).collect(),
            persons: indices(&case["persons"]),
            templates: media.iter().map(template).collect(),
            matches: case["matches"]
                .as_array()
                .unwrap()
                .iter()
                .map(found)
                .collect(),
        }
    }

    fn set(&self) -> LabelledSet<'_> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &self.templates,
        }
    }
}

fn options() -> MatchOptions {
    MatchOptions {
        fmr_targets: vec![0.1, 0.01, 0.001],
        bootstrap: Some(Bootstrap {
            n_replicates: 100,
            seed: 1,
        }),
        ..MatchOptions::default()
    }
}

#[test]
fn media_are_averaged_first() {
    let golden = Golden::read();
    let pooled = Pooled::new(&golden);
    let expected = golden.json["templates"]["pooled"].as_array().unwrap();
    assert_eq!(pooled.templates.len(), expected.len());
    for (found, expected) in pooled.templates.iter().zip(expected) {
        assert_eq!(found.is_none(), expected.is_null());
        for (i, value) in found.iter().flatten().enumerate() {
            // Templates are f32.
            let difference = f64::from(*value) - expected[i].as_f64().unwrap();
            assert!(difference.abs() < 1e-7, "{value}, {}", expected[i]);
        }
    }
}

#[test]
fn matches_are_accepted_as_scikit_learn_accepts_them() {
    let golden = Golden::read();
    let pooled = Pooled::new(&golden);
    let case = &golden.json["templates"];
    let report = evaluate_matches(about(), pooled.set(), &pooled.matches, &options()).unwrap();
    assert_eq!(json!(report.n_failed), case["n_failed"]);
    assert_near(report.auc, &case["auc"]);
    assert_near(report.eer.unwrap(), &case["eer"]);
    for (key, expected) in case["tar_at_fmr"].as_object().unwrap() {
        let tar = report.at_fmr.tar_at_fmr[key];
        assert_eq!(tar.is_none(), expected.is_null(), "{key}");
        let Some(tar) = tar else { continue };
        assert_near(tar, &expected["tar"]);
        assert_interval(report.at_fmr.fmr_ci[key].unwrap(), &expected["fmr_ci"]);
        let drawn = report.tar_by_identity[key].unwrap();
        assert!(
            drawn.low <= tar && tar <= drawn.high,
            "{drawn:?} around {tar}"
        );
    }
}

#[test]
fn both_galleries_are_searched_apart_and_averaged() {
    let golden = Golden::read();
    let pooled = Pooled::new(&golden);
    let case = &golden.json["templates"];
    let probes = indices(&case["probes"]);
    let gallery = |(i, entries): (usize, &Value)| {
        let enrolled = |entry: &Value| Enrolled {
            person: index(&entry[0]),
            items: indices(&entry[1]),
        };
        let entries = entries.as_array().unwrap().iter().map(enrolled).collect();
        let plan = SearchPlan::of_gallery(&pooled.persons, entries, &probes);
        (format!("G{}", i + 1), plan)
    };
    let galleries = case["galleries"].as_array().unwrap().iter().enumerate();
    let galleries: Vec<_> = galleries.map(gallery).collect();
    let options = IdentificationOptions {
        fpir_targets: vec![0.1],
        ..IdentificationOptions::default()
    };
    let report = identify_galleries(about(), pooled.set(), &galleries, &options).unwrap();
    for (which, expected) in case["of_galleries"].as_array().unwrap().iter().enumerate() {
        let found = &report.galleries[&format!("G{}", which + 1)];
        let mated = found.outcomes.iter().filter(|o| o.is_mated);
        let ranks: Vec<Option<usize>> = mated.map(|o| o.rank).collect();
        assert_eq!(json!(ranks), expected["ranks"]);
        assert_eq!(json!(found.n_gallery_failed), expected["n_gallery_failed"]);
        let fnir = found.at_fpir.fnir_at_fpir["1e-1"].unwrap();
        assert_near(fnir, &expected["at_fpir"]["1e-1"]["fnir"]);
    }
    assert_near(report.mean.rank_rate[&1], &case["mean"]["rank_1"]);
    assert_near(
        report.mean.fnir_at_fpir["1e-1"].unwrap(),
        &case["mean"]["fnir"],
    );
    assert_near(
        report.mean.dir_at_fpir["1e-1"].unwrap(),
        &case["mean"]["dir"],
    );
}

#[test]
fn matches_that_contradict_their_persons_are_refused() {
    let golden = Golden::read();
    let mut pooled = Pooled::new(&golden);
    pooled.matches[0].mated = !pooled.matches[0].mated;
    let error = evaluate_matches(about(), pooled.set(), &pooled.matches, &options()).unwrap_err();
    assert!(
        matches!(error, EvalError::PersonsContradict { .. }),
        "{error}"
    );
    pooled.matches[0].first = 9999;
    let error = evaluate_matches(about(), pooled.set(), &pooled.matches, &options()).unwrap_err();
    assert!(
        matches!(error, EvalError::Index { got: 9999, .. }),
        "{error}"
    );
}
