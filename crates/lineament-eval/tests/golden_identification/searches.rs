//! Splits, and searches of one gallery.

use super::material::{Golden, assert_interval, assert_near, index};
use lineament_eval::identification::{SearchPlan, SplitOptions};
use serde_json::json;

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
