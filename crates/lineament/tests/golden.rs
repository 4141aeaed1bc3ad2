//! Detector decoding, embedding and pose against the independent reference in `reference/`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use lineament::detect::Detector;
use lineament::{CloseUp, Detection, DetectionOptions, Embedder, Landmarks, Point, Pose, RgbImage};
use lineament_core::Letterbox;
use serde_json::Value;
use support::{golden, image, model_path, number, sha256_loaded, text};

fn cases(golden: &Value) -> &[Value] {
    let cases = golden["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

/// The cases whose models are at hand; says how many are not.
fn cases_at_hand<'a>(golden: &'a Value, what: &str) -> Vec<&'a Value> {
    let (here, absent): (Vec<_>, Vec<_>) =
        cases(golden).iter().partition(|c| model_path(c).is_some());
    if !absent.is_empty() {
        lineament_testkit::say_skipped(&format!("{} golden cases of {what}", absent.len()));
    }
    here
}

fn detector_manifest(case: &Value) -> String {
    let input = match text(&case["family"]) {
        "scrfd" => "input.1",
        "retinaface" => "input0",
        _ => "input",
    };
    let dynamic =
        text(&case["family"]) != "ultraface" && text(&case["model"]) != "yunet_n_320.onnx";
    let size = match dynamic {
        true => "\"multiple-of-32\"".to_owned(),
        false => format!("[{}, {}]", case["input_width"], case["input_height"]),
    };
    let divisor = number(&case["divisor"]);
    let roles = case["outputs"].as_object().unwrap().iter();
    let roles: String = roles
        .map(|(role, name)| format!("{role} = {name}\n"))
        .collect();
    let family = text(&case["family"]);
    let landmarks = case["detections"][0]["landmarks"].is_array();
    let more = match family {
        "scrfd" => "anchors_per_cell = 2",
        "retinaface" => {
            "variances = [0.1, 0.2]\npriors = [{step = 8, min_sizes = [16, 32]}, \
             {step = 16, min_sizes = [64, 128]}, {step = 32, min_sizes = [256, 512]}]"
        }
        _ => "",
    };
    format!(
        "schema = 1\nname = \"golden\"\ntask = \"detect\"\nfamily = \"{family}\"\n\
         file = {}\nsha256 = \"SHA256\"\nlicence = \"test\"\nprovenance = \"test\"\npreference = 1\n\
         [input]\nname = \"{input}\"\nlayout = \"nchw\"\nchannels = \"{}\"\nmean = {}\n\
         std = [{divisor:?}, {divisor:?}, {divisor:?}]\nsize = {size}\nbatch = \"fixed\"\n\
         [outputs]\n{roles}\
         [settings]\nscore_threshold = 0.5\nnms_iou = 0.4\nsmallest_face_px = 10.0\n\
         landmarks = {landmarks}\n{more}\n",
        case["model"],
        text(&case["channel_order"]).to_lowercase(),
        case["mean"],
    )
}

fn landmarks(value: &Value) -> Option<Landmarks> {
    value.is_array().then(|| {
        let point = |i: usize| Point::new(number(&value[i][0]), number(&value[i][1]));
        Landmarks::from_array(std::array::from_fn(point))
    })
}

/// 0.1 px, and beyond an input's own size the same share of the coordinate.
fn near(found: f32, expected: f32) -> bool {
    (found - expected).abs() < 0.1 * (expected.abs() / 512.0).max(1.0)
}

fn assert_same_face(found: &Detection, expected: &Value, case: &str) {
    assert!(
        (found.score - number(&expected["score"])).abs() < 1e-4,
        "{case}: {found:?} {expected}"
    );
    let rect = [
        (found.rect.x, "x"),
        (found.rect.y, "y"),
        (found.rect.width, "width"),
        (found.rect.height, "height"),
    ];
    for (value, key) in rect {
        assert!(
            near(value, number(&expected[key])),
            "{case}: {key} of {found:?} {expected}"
        );
    }
    let points = |l: Option<Landmarks>| l.map(|l| l.to_array());
    let expected = points(landmarks(&expected["landmarks"]));
    let found = points(found.landmarks);
    assert_eq!(found.is_some(), expected.is_some(), "{case}: landmarks");
    for (a, b) in found
        .into_iter()
        .flatten()
        .zip(expected.into_iter().flatten())
    {
        assert!(
            near(a.x, b.x) && near(a.y, b.y),
            "{case}: landmark {a:?} {b:?}"
        );
    }
}

/// The picture at the top left of the case's input: the reference pads and never enlarges.
fn on_black(picture: RgbImage, case: &Value) -> RgbImage {
    let side = |key: &str| u32::try_from(case[key].as_u64().unwrap()).unwrap();
    let fit = Letterbox {
        content: (picture.width(), picture.height()),
        offset: (0, 0),
        input: (side("input_width"), side("input_height")),
        scale: (1.0, 1.0),
    };
    fit.render(picture.view()).unwrap()
}

fn check_detector(name: &str) {
    let golden = golden(name);
    for case in cases_at_hand(&golden, name) {
        let label = format!("{}, {}", text(&case["model"]), text(&case["name"]));
        let path = model_path(case).unwrap();
        let detector =
            Detector::from_model(sha256_loaded(&path, &detector_manifest(case))).unwrap();
        let options = DetectionOptions {
            score_threshold: Some(number(&case["score_threshold"])),
            nms_iou: Some(number(&case["iou_threshold"])),
            close_up: CloseUp::Skip,
            ..DetectionOptions::default()
        };
        let photo = on_black(image(&case["image"]), case);
        let found = detector.detect(photo.view(), &options).unwrap();
        let expected = case["detections"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{label}");
        for (found, expected) in found.iter().zip(expected) {
            assert_same_face(found, expected, &label);
        }
    }
}

#[test]
fn yunet_decodes_as_the_reference() {
    check_detector("detect_yunet");
}

#[test]
fn ultraface_decodes_as_the_reference() {
    check_detector("detect_ultraface");
}

#[test]
fn scrfd_decodes_as_the_reference() {
    check_detector("detect_scrfd");
}

#[test]
fn retinaface_decodes_as_the_reference() {
    check_detector("detect_retinaface");
}

#[test]
fn public_detectors_find_drawn_faces_as_the_reference() {
    check_detector("detect_real");
}

#[test]
fn embeddings_equal_the_reference() {
    let golden = golden("embed");
    for case in cases_at_hand(&golden, "embed") {
        let model = text(&case["model"]);
        let expected: Vec<f32> = case["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .collect();
        let mirror = text(&case["mirror"]);
        let dimension = if mirror == "concat" {
            expected.len() / 2
        } else {
            expected.len()
        };
        let scaled = |key: &str| {
            let values = golden[key].as_array().unwrap().iter();
            values
                .map(|v| v.as_f64().unwrap() * 255.0)
                .collect::<Vec<_>>()
        };
        let batch = if model.contains("dynamic") {
            "dynamic"
        } else {
            "fixed"
        };
        let path = model_path(case).unwrap();
        let (input, output) = support::port_names(&path);
        let manifest = format!(
            "schema = 1\nname = \"golden\"\ntask = \"embed\"\nfamily = \"arcface\"\n\
             file = \"{model}\"\nsha256 = \"SHA256\"\nlicence = \"test\"\nprovenance = \"test\"\npreference = 1\n\
             [input]\nname = \"{input}\"\nlayout = \"nchw\"\nchannels = \"rgb\"\nmean = {:?}\nstd = {:?}\n\
             size = [112, 112]\nbatch = \"{batch}\"\n[outputs]\nembedding = \"{output}\"\n\
             [settings]\ntemplate = \"arcface-112\"\nborder = \"black\"\ndimension = {dimension}\n\
             flip = \"{mirror}\"\nspace = \"golden\"\n",
            scaled("mean"),
            scaled("std"),
        );
        let embedder = Embedder::from_model(sha256_loaded(&path, &manifest)).unwrap();
        let crop: RgbImage = image(&golden["crops"][text(&case["crop"])]);
        let crops = [crop.clone(), crop.view().mirrored(), crop];
        let found = embedder.embed(&crops).unwrap();
        for embedding in [&found[0], &found[2]] {
            let pairs = embedding.values().iter().zip(&expected);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{model} {mirror}: {worst}");
        }
    }
}

#[test]
fn pose_equals_the_angles_of_the_projection() {
    for case in cases(&golden("pose")) {
        let pose = Pose::from_landmarks(&landmarks(&case["landmarks"]).unwrap()).unwrap();
        let angles = [
            (pose.yaw_deg, "yaw"),
            (pose.pitch_deg, "pitch"),
            (pose.roll_deg, "roll"),
        ];
        for (found, key) in angles {
            // Landmarks of up to 1,700 px in f32, on faces as small as 7 px.
            assert!(
                (found - number(&case[key])).abs() < 0.1,
                "{key}: {pose:?} {case}"
            );
        }
    }
}
