//! Searches among distractors.

use super::material::{Golden, about, assert_interval, assert_near, indices};
use lineament_eval::identification::{DistractorOptions, DistractorReport, DistractorSearch};
use lineament_eval::{Bootstrap, EvalError, LabelledSet};
use serde_json::json;

/// The probes of the golden file, which meet its distractors in blocks of this size.
fn search(golden: &Golden, block: usize) -> Result<DistractorReport, EvalError> {
    let case = &golden.json["distractors"];
    let probes = indices(&case["probes"]);
    let names: Vec<String> = probes.iter().map(|i| golden.names[*i].clone()).collect();
    let persons: Vec<usize> = probes.iter().map(|i| golden.persons[*i]).collect();
    let templates: Vec<_> = probes
        .iter()
        .map(|i| golden.templates[*i].clone())
        .collect();
    let set = LabelledSet {
        names: &names,
        persons: &persons,
        templates: &templates,
    };
    let options = DistractorOptions {
        sizes: indices(&case["sizes"]),
        fmr_targets: vec![0.1, 0.01, 0.001],
        bootstrap: Bootstrap {
            n_replicates: 100,
            seed: 1,
        },
    };
    let distractors = indices(&case["distractors"]);
    let mut search = DistractorSearch::new(set, options, distractors.len())?;
    for block in distractors.chunks(block) {
        let block: Vec<_> = block.iter().map(|i| golden.templates[*i].clone()).collect();
        search.add(&block)?;
    }
    search.finish(about())
}

#[test]
fn mates_come_first_as_often_as_comparing_each_says() {
    let golden = Golden::read();
    let case = &golden.json["distractors"];
    let report = search(&golden, 17).unwrap();
    assert_eq!(json!(report.n_searches), case["n_searches"]);
    let sizes = indices(&case["sizes"]);
    assert_eq!(report.rank_1.rank_1.len(), sizes.len());
    for (i, size) in sizes.iter().enumerate() {
        let rate = report.rank_1.rank_1[size];
        assert_near(rate, &case["rank_1"][i]);
        assert_interval(report.rank_1.rank_1_ci[size], &case["rank_1_ci"][i]);
        let drawn = report.rank_1.rank_1_by_person[size].unwrap();
        assert!(
            drawn.low <= rate && rate <= drawn.high,
            "{drawn:?} around {rate}"
        );
    }
    let printed = json!(report);
    assert!(printed["rank_1"]["4"].is_f64() && printed["tar_at_fmr"]["1e-1"].is_f64());
    for (key, expected) in case["tar_at_fmr"].as_object().unwrap() {
        let tar = report.at_fmr.tar_at_fmr[key];
        assert_eq!(tar.is_none(), expected.is_null(), "{key}");
        let Some(tar) = tar else { continue };
        assert_near(tar, &expected["tar"]);
        assert_interval(report.at_fmr.fmr_ci[key].unwrap(), &expected["fmr_ci"]);
    }
}

#[test]
fn blocks_make_no_difference() {
    let golden = Golden::read();
    let whole = search(&golden, usize::MAX).unwrap();
    for block in [1, 5, 64] {
        assert_eq!(search(&golden, block).unwrap(), whole);
    }
    assert!(whole.n_distractors_failed > 0 && whole.n_failed > 0);
}

#[test]
fn sizes_that_were_not_reached_have_no_rate() {
    let golden = Golden::read();
    let probes: Vec<usize> = indices(&golden.json["distractors"]["probes"]);
    let of = |items: &[usize]| -> Vec<Option<Vec<f32>>> {
        items.iter().map(|i| golden.templates[*i].clone()).collect()
    };
    let (names, persons) = (golden.names[..probes.len()].to_vec(), vec![0; probes.len()]);
    let templates = of(&probes);
    let set = LabelledSet {
        names: &names,
        persons: &persons,
        templates: &templates,
    };
    let options = DistractorOptions {
        sizes: vec![2, 9],
        ..DistractorOptions::default()
    };
    let mut search = DistractorSearch::new(set, options.clone(), 9).unwrap();
    search.add(&of(&[0, 1, 2])).unwrap();
    let report = search.finish(about()).unwrap();
    assert_eq!(report.rank_1.rank_1.keys().collect::<Vec<_>>(), [&2]);
    assert_eq!(report.at_fmr.tar_at_fmr["1e-6"], None);
    let empty = DistractorSearch::new(set, options, 9)
        .unwrap()
        .finish(about());
    assert!(matches!(empty, Err(EvalError::TooFew { .. })));
    let falling = DistractorOptions {
        sizes: vec![9, 2],
        ..DistractorOptions::default()
    };
    let error = DistractorSearch::new(set, falling, 9).unwrap_err();
    assert!(matches!(error, EvalError::OutOfRange { .. }), "{error}");
}
