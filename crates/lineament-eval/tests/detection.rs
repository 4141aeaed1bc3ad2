//! Detection figures against `reference/detection.py`, and what must hold for any detections.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_core::{Landmarks, Point, Rect};
use lineament_eval::detection::{
    DetectionImage, DetectionMaterial, DetectionOptions, DetectionReport, DetectionRules,
    FoundFace, LandmarkScale, MarkedFace, Standing,
};
use lineament_eval::{
    About, Bootstrap, EvalError, FlipMode, ModelIdentity, Seeded, evaluate_detections,
};
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/detection.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}

fn rect(value: &Value) -> Rect {
    Rect {
        x: number(&value[0]),
        y: number(&value[1]),
        width: number(&value[2]),
        height: number(&value[3]),
    }
}

fn landmarks(value: &Value) -> Option<Landmarks> {
    let points = value.as_array()?;
    let point = |i: usize| Point::new(number(&points[i][0]), number(&points[i][1]));
    Some(Landmarks::from_array([0, 1, 2, 3, 4].map(point)))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn images(golden: &Value) -> Vec<DetectionImage> {
    let subset = |name: &Value| {
        list(&golden["subsets"])
            .iter()
            .position(|n| n == name)
            .unwrap()
    };
    let marked = |face: &Value| MarkedFace {
        rect: rect(&face["box"]),
        standing: match face["standing"].as_str().unwrap() {
            "counted" => Standing::Counted,
            "ignored" => Standing::Ignored,
            _ => Standing::IgnoredRegion,
        },
        landmarks: landmarks(&face["landmarks"]),
        subsets: list(&face["subsets"]).iter().map(subset).collect(),
    };
    let found = |face: &Value| FoundFace {
        rect: rect(&face["box"]),
        score: face["score"].as_f64().unwrap(),
        landmarks: landmarks(&face["landmarks"]),
    };
    let image = |image: &Value| DetectionImage {
        name: image["name"].as_str().unwrap().to_owned(),
        marked: list(&image["marked"]).iter().map(marked).collect(),
        found: image["found"]
            .as_array()
            .map(|all| all.iter().map(found).collect()),
    };
    list(&golden["images"]).iter().map(image).collect()
}

fn evaluate(
    images: &[DetectionImage],
    subsets: &[String],
    options: &DetectionOptions,
) -> Result<DetectionReport, EvalError> {
    let about = About {
        protocol: "detect".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    };
    evaluate_detections(about, DetectionMaterial { images, subsets }, options)
}

fn options() -> DetectionOptions {
    DetectionOptions {
        ious: vec![0.5, 0.7],
        false_per_image: vec![0.1, 0.5, 1.0],
        bootstrap: Bootstrap {
            n_replicates: 60,
            seed: 2,
        },
        ..DetectionOptions::default()
    }
}

#[test]
fn wider_eval_is_that_of_its_own_tools() {
    let golden = &golden()["wider_eval"];
    let subsets: Vec<String> = serde_json::from_value(golden["subsets"].clone()).unwrap();
    let images = images(golden);
    let of = |rules| DetectionOptions {
        ious: vec![0.5, 0.6],
        rules,
        ..options()
    };
    let report = evaluate(&images, &subsets, &of(DetectionRules::WiderEval)).unwrap();
    let plain = evaluate(&images, &subsets, &of(DetectionRules::Plain)).unwrap();
    let expected = list(&golden["figures"]);
    assert_eq!(report.by_iou.len(), expected.len());
    for ((found, plain), expected) in report.by_iou.iter().zip(&plain.by_iou).zip(expected) {
        assert_eq!(found.subset, expected["subset"]);
        assert_ne!(found.ap, plain.ap, "the conventions make a difference");
        assert_near(found.ap.unwrap(), &expected["ap"], 1e-12);
        let last = *found.curve.points().last().unwrap();
        assert_near(last.recall, &expected["recall"], 1e-12);
        assert_near(last.precision, &expected["precision"], 1e-12);
    }
}

#[track_caller]
fn assert_near(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < tolerance, "{found}, {expected}");
}

#[test]
fn precision_recall_and_their_area_are_those_of_the_definition() {
    let golden = golden();
    let subsets: Vec<String> = serde_json::from_value(golden["subsets"].clone()).unwrap();
    let report = evaluate(&images(&golden), &subsets, &options()).unwrap();
    assert_eq!(report.n_failed, 1);
    assert_eq!(report.failures, ["image 11"]);
    let expected = list(&golden["figures"]);
    assert_eq!(report.by_iou.len(), expected.len());
    for (found, expected) in report.by_iou.iter().zip(expected) {
        assert_eq!(found.subset, expected["subset"].as_str().unwrap());
        assert_eq!(found.n_faces as u64, expected["n_faces"].as_u64().unwrap());
        assert_near(found.ap.unwrap(), &expected["ap"], 1e-12);
        let interval = found.ap_ci.unwrap();
        assert!(interval.low <= found.ap.unwrap() && found.ap.unwrap() <= interval.high);
        for (rate, recall) in &found.recall_at_false_per_image {
            assert_near(
                recall.unwrap(),
                &expected["recall_at_false_per_image"][rate],
                1e-12,
            );
        }
        let points = found.curve.points();
        let expected = list(&expected["precision_recall"]);
        assert_eq!(points.len(), expected.len());
        for (point, expected) in points.iter().zip(expected) {
            let found = [
                point.score,
                point.precision,
                point.recall,
                point.false_per_image,
            ];
            (0..4).for_each(|i| assert_near(found[i], &expected[i], 1e-12));
        }
    }
    assert_eq!(report.ap["hard"], report.by_iou[3].ap);
}

#[test]
fn landmarks_are_as_far_off_as_numpy_says() {
    let golden = golden();
    for (scale, name) in [(LandmarkScale::Box, "box"), (LandmarkScale::Eyes, "eyes")] {
        let options = DetectionOptions {
            landmark_scale: scale,
            ..options()
        };
        let found = evaluate(&images(&golden), &[], &options).unwrap_err();
        assert!(matches!(found, EvalError::Index { n: 0, .. }), "{found}");
        let subsets = ["easy", "medium", "hard"].map(str::to_owned);
        let found = evaluate(&images(&golden), &subsets, &options)
            .unwrap()
            .landmarks
            .unwrap();
        let expected = &golden["landmarks"][name];
        assert_eq!(found.n_faces as u64, expected["n_faces"].as_u64().unwrap());
        // Coordinates are f32.
        assert_near(found.nme, &expected["nme"], 1e-6);
    }
}

#[test]
fn a_score_has_its_own_precision_and_recall() {
    let golden = golden();
    let options = DetectionOptions {
        min_score: Some(0.62),
        ..options()
    };
    let subsets = ["easy", "medium", "hard"].map(str::to_owned);
    let report = evaluate(&images(&golden), &subsets, &options).unwrap();
    let at = report.by_iou[0].at_min_score.unwrap();
    let points = list(&golden["figures"][0]["precision_recall"]);
    let least = points
        .iter()
        .rfind(|p| p[0].as_f64().unwrap() >= 0.62)
        .unwrap();
    assert_near(at.precision, &least[1], 1e-12);
    assert_near(at.recall, &least[2], 1e-12);
}

fn face(x: u8, standing: Standing) -> MarkedFace {
    MarkedFace {
        rect: Rect::from_corners(f32::from(x), 0.0, f32::from(x) + 20.0, 20.0),
        standing,
        landmarks: None,
        subsets: vec![],
    }
}

fn found(x: u8, score: u8) -> FoundFace {
    FoundFace {
        rect: face(x, Standing::Counted).rect,
        score: f64::from(score) / 8.0,
        landmarks: None,
    }
}

proptest! {
    #[test]
    fn the_order_of_images_does_not_matter_and_recall_only_rises(
        images in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..5), proptest::collection::vec((any::<u8>(), 0_u8..9), 0..8)),
            1..8,
        ),
        seed in 0_u64..100,
    ) {
        let image = |(marked, detections): &(Vec<u8>, Vec<(u8, u8)>)| DetectionImage {
            name: String::new(),
            marked: marked.iter().map(|x| face(*x, Standing::Counted)).collect(),
            found: Some(detections.iter().map(|(x, score)| found(*x, *score)).collect()),
        };
        let mut images: Vec<DetectionImage> = images.iter().map(image).collect();
        let report = evaluate(&images, &[], &options()).unwrap();
        let ap = report.ap["all"];
        prop_assert!(ap.is_none_or(|ap| (0.0..=1.0).contains(&ap)));
        prop_assert_eq!(ap.is_none(), report.n_faces == 0);
        let points = report.by_iou[0].curve.points();
        prop_assert!(points.is_sorted_by(|a, b| a.recall <= b.recall && a.score > b.score));
        // A stricter overlap finds no more.
        prop_assert!(report.by_iou[0].ap >= report.by_iou[1].ap);
        Seeded::new(seed).shuffle(&mut images);
        prop_assert_eq!(evaluate(&images, &[], &options()).unwrap().ap["all"], ap);
    }
}

#[test]
fn ignored_faces_neither_help_nor_harm() {
    let image = |marked, found| DetectionImage {
        name: "one".to_owned(),
        marked,
        found: Some(found),
    };
    let plain = image(vec![face(0, Standing::Counted)], vec![found(0, 5)]);
    let mut ignored = plain.clone();
    ignored.marked.push(face(60, Standing::Ignored));
    ignored.marked.push(face(120, Standing::IgnoredRegion));
    ignored
        .found
        .as_mut()
        .unwrap()
        .extend([found(60, 7), found(125, 8), found(120, 6)]);
    for image in [plain, ignored] {
        assert_eq!(
            evaluate(&[image], &[], &options()).unwrap().ap["all"],
            Some(1.0)
        );
    }
    let twice = image(
        vec![face(0, Standing::Counted)],
        vec![found(0, 5), found(1, 7)],
    );
    let points = evaluate(&[twice], &[], &options()).unwrap().by_iou[0]
        .curve
        .points();
    assert_eq!(points[1].precision, 0.5);
}

#[test]
fn boxes_and_options_that_mean_nothing_are_refused() {
    let image = |rect: Rect, score: f64| DetectionImage {
        name: "one".to_owned(),
        marked: vec![],
        found: Some(vec![FoundFace {
            rect,
            score,
            landmarks: None,
        }]),
    };
    let flat = Rect::from_corners(0.0, 0.0, 0.0, 5.0);
    let error = evaluate(&[image(flat, 0.5)], &[], &options()).unwrap_err();
    assert!(matches!(error, EvalError::Rect { .. }), "{error}");
    let whole = Rect::from_corners(0.0, 0.0, 5.0, 5.0);
    let error = evaluate(&[image(whole, f64::NAN)], &[], &options()).unwrap_err();
    assert!(matches!(error, EvalError::NonFinite { .. }), "{error}");
    let error = evaluate(&[], &[], &options()).unwrap_err();
    assert!(matches!(error, EvalError::TooFew { .. }), "{error}");
    let ious = DetectionOptions {
        ious: vec![1.5],
        ..options()
    };
    let error = evaluate(&[image(whole, 0.5)], &[], &ious).unwrap_err();
    assert!(matches!(error, EvalError::OutOfRange { .. }), "{error}");
}
