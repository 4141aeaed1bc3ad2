//! Alignment and resampling against the independent reference in `reference/`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament_core::{
    Border, Letterbox, Point, Rect, RgbImage, Similarity, Template, margin_crop, noise_level,
    resize, restored, warp,
};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!(
        "{}/../../reference/golden/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap()
}

fn cases<'a>(golden: &'a Value, key: &str) -> &'a [Value] {
    let cases = golden[key].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn side(case: &Value, key: &str) -> u32 {
    u32::try_from(case[key].as_u64().unwrap()).unwrap()
}

fn image(case: &Value) -> RgbImage {
    let pixels = STANDARD.decode(case["rgb_base64"].as_str().unwrap());
    RgbImage::new(side(case, "width"), side(case, "height"), pixels.unwrap()).unwrap()
}

fn points(value: &Value) -> [Point; 5] {
    std::array::from_fn(|i| Point::new(number(&value[i][0]) as f32, number(&value[i][1]) as f32))
}

fn max_difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let pairs = a.pixels().iter().zip(b.pixels());
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn similarity_equals_umeyama() {
    let golden = golden("similarity");
    for case in cases(&golden, "cases") {
        let template = match case["template"].as_str().unwrap() {
            "arcface_112x112" => Template::ArcFace112,
            "sphereface_96x112" => Template::SphereFace96x112,
            other => panic!("unknown template {other}"),
        };
        let from = points(&case["points"]);
        let found = Similarity::estimate(&from, &template.landmarks().to_array()).unwrap();
        let expected = &case["matrix"];
        // Landmarks enter as f32, the reference's as f64: half a unit in the last place of a
        // coordinate, carried through the transform, is the tolerance.
        let largest = from
            .iter()
            .fold(1f32, |m, p| m.max(p.x.abs()).max(p.y.abs()));
        let tolerance = 1e-5 + 4e-7 * f64::from(largest) * found.scale();
        for point in from {
            let (x, y) = (f64::from(point.x), f64::from(point.y));
            let (found_x, found_y) = found.apply_xy(x, y);
            let row = |i: usize| {
                number(&expected[i][0]) * x + number(&expected[i][1]) * y + number(&expected[i][2])
            };
            let name = &case["name"];
            assert!(
                (found_x - row(0)).abs() < tolerance,
                "{name}: {found_x} {}",
                row(0)
            );
            assert!(
                (found_y - row(1)).abs() < tolerance,
                "{name}: {found_y} {}",
                row(1)
            );
        }
    }
}

#[test]
fn warp_equals_exact_bilinear_sampling() {
    let golden = golden("warp");
    for case in cases(&golden, "cases") {
        let source = image(&golden["sources"][case["source"].as_str().unwrap()]);
        let matrix = &case["matrix"];
        let transform = Similarity {
            a: number(&matrix[0][0]),
            b: number(&matrix[1][0]),
            tx: number(&matrix[0][2]),
            ty: number(&matrix[1][2]),
        };
        let border = match case["border"].as_str().unwrap() {
            "constant" => Border::Black,
            "replicate" => Border::Replicate,
            other => panic!("unknown border {other}"),
        };
        let size = (side(case, "width"), side(case, "height"));
        let crop = warp(source.view(), &transform, size, border).unwrap();
        // One level: f32 sums here and f64 there may round apart at a half.
        assert!(max_difference(&crop, &image(case)) <= 1, "{}", case["name"]);
    }
}

#[test]
fn resize_equals_pillow_bilinear() {
    let golden = golden("resize");
    let source = image(&golden["source"]);
    for case in cases(&golden, "resizes") {
        let expected = image(case);
        let found = resize(source.view(), expected.width(), expected.height()).unwrap();
        // One level: both compute in fixed point, with other numbers of bits.
        assert!(max_difference(&found, &expected) <= 1, "{case}");
    }
}

#[test]
fn margin_crop_equals_the_reference() {
    let golden = golden("margin");
    let source = image(&golden["source"]);
    for case in cases(&golden, "cases") {
        let side = |i: usize| number(&case["box"][i]) as f32;
        let face = Rect {
            x: side(0),
            y: side(1),
            width: side(2),
            height: side(3),
        };
        let crop = margin_crop(source.view(), &face).unwrap();
        // One level, as for resizing.
        assert!(max_difference(&crop, &image(case)) <= 1, "{face:?}");
    }
}

#[test]
fn crops_with_too_little_light_are_restored_as_by_the_reference() {
    let golden = golden("restore");
    for case in cases(&golden, "cases") {
        let crop = image(case);
        let (noise, expected) = (noise_level(crop.view()), number(&case["noise"]));
        assert!((noise - expected).abs() < 1e-3, "{noise}, {expected}");
        let got = restored(crop.view());
        assert_eq!(got.is_none(), case["restored"].is_null(), "{noise}");
        if let Some(got) = got {
            // One level: sums in another order.
            assert!(
                max_difference(&got, &image(&case["restored"])) <= 1,
                "{noise}"
            );
        }
    }
    let (one, n_copies) = (image(&golden["tall"]), side(&golden["tall"], "copies"));
    let all = one.pixels().repeat(n_copies as usize);
    let all = RgbImage::new(one.width(), one.height() * n_copies, all).unwrap();
    let (noise, expected) = (noise_level(all.view()), number(&golden["tall"]["noise"]));
    assert!((noise - expected).abs() < 1e-3, "{noise}, {expected}");
}

#[test]
fn letterbox_equals_the_reference() {
    let golden = golden("resize");
    for case in cases(&golden, "letterbox") {
        let photo = (side(case, "width"), side(case, "height"));
        let fit =
            Letterbox::at_most(photo, side(case, "max_side"), side(case, "multiple")).unwrap();
        let scaled = (side(case, "scaled_width"), side(case, "scaled_height"));
        let padded = (side(case, "padded_width"), side(case, "padded_height"));
        assert_eq!((fit.content, fit.input), (scaled, padded), "{case}");
        assert!(
            (f64::from(fit.scale.0) - number(&case["scale_x"])).abs() < 1e-6,
            "{case}"
        );
        assert!(
            (f64::from(fit.scale.1) - number(&case["scale_y"])).abs() < 1e-6,
            "{case}"
        );
    }
}
