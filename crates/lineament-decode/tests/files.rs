//! Every kind of file, against what Pillow sees in it (`reference/decode_cases.py`).

#![allow(clippy::unwrap_used, reason = "tests and their helpers")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use lineament_core::RgbImage;
use lineament_decode::{DecodeError, Limits, Photo, Resolution, decode_bytes, read_photo};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    pictures: HashMap<String, Picture>,
    cases: Vec<Case>,
    reduced: Vec<Reduced>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Picture {
    width: u32,
    height: u32,
    rgb_base64: String,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    format: String,
    picture: String,
    tolerance: u8,
}

#[derive(Deserialize)]
struct Reduced {
    file: String,
    factor: u32,
    picture: String,
    mean_tolerance: f64,
}

#[derive(Deserialize)]
struct Refused {
    file: String,
}

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file)
}

fn expected() -> Expected {
    let text = std::fs::read_to_string(data("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Picture {
    fn rgb(&self) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD
            .decode(&self.rgb_base64)
            .unwrap()
    }
}

fn read(file: &str, want: Resolution) -> Photo {
    read_photo(&data(file), want, &Limits::default()).unwrap()
}

fn differences(a: &[u8], b: &[u8]) -> Vec<u8> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| x.abs_diff(*y)).collect()
}

fn mean(values: &[u8]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64
}

#[test]
fn every_kind_of_file_gives_the_picture_that_pillow_sees() {
    let expected = expected();
    assert!(expected.cases.len() > 60);
    for case in &expected.cases {
        let photo = read(&case.file, Resolution::Full);
        let picture = &expected.pictures[&case.picture];
        let sides = (photo.image.width(), photo.image.height());
        assert_eq!(sides, (picture.width, picture.height), "{}", case.file);
        assert_eq!(sides, (photo.original_width, photo.original_height));
        assert_eq!(photo.format.to_string(), case.format, "{}", case.file);
        let off = differences(photo.image.pixels(), &picture.rgb());
        let worst = off.iter().copied().max().unwrap_or(0);
        assert!(
            worst <= case.tolerance,
            "{}: off by up to {worst}, {:.2} in the mean",
            case.file,
            mean(&off)
        );
        assert!(
            mean(&off) <= 2.0,
            "{}: {:.2} in the mean",
            case.file,
            mean(&off)
        );
    }
}

#[test]
fn reduced_jpegs_agree_with_libjpeg() {
    let expected = expected();
    for case in &expected.reduced {
        let picture = &expected.pictures[&case.picture];
        let want = Resolution::AtLeast {
            side_px: picture.width.max(picture.height),
        };
        let photo = read(&case.file, want);
        assert_eq!(photo.reduction.factor(), case.factor, "{}", case.file);
        assert_eq!((photo.original_width, photo.original_height), (163, 121));
        let sides = (photo.image.width(), photo.image.height());
        assert_eq!(sides, (picture.width, picture.height), "{}", case.file);
        let off = differences(&luma(photo.image.pixels()), &luma(&picture.rgb()));
        assert!(
            mean(&off) <= case.mean_tolerance,
            "{} 1/{}: {:.2}",
            case.file,
            case.factor,
            mean(&off)
        );
    }
}

/// Brightness. Colour is compared at full resolution only: libjpeg gives that of a subsampled JPEG
/// at the resolution of the reduced picture, our codec at half of it, as the file itself has it.
fn luma(rgb: &[u8]) -> Vec<u8> {
    let weigh = |&[r, g, b]: &[u8; 3]| {
        (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 + 500) / 1000
    };
    rgb.as_chunks()
        .0
        .iter()
        .map(|pixel| weigh(pixel) as u8)
        .collect()
}

/// Each `factor` × `factor` pixels replaced by their mean; what is left over at the edges is dropped.
fn averaged(image: &RgbImage, factor: u32) -> RgbImage {
    let (width, height) = (image.width() / factor, image.height() / factor);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let block = (0..factor * factor).map(|k| {
                    let row = image.view().row(y * factor + k / factor);
                    u32::from(row[((x * factor + k % factor) * 3 + channel) as usize])
                });
                let n = factor * factor;
                pixels.push(((block.sum::<u32>() + n / 2) / n) as u8);
            }
        }
    }
    RgbImage::new(width, height, pixels).unwrap()
}

#[test]
fn the_two_jpeg_codecs_agree() {
    for file in [
        "jpeg_large_420.jpg",
        "jpeg_large_444.jpg",
        "jpeg_large_progressive.jpg",
    ] {
        let full = read(file, Resolution::Full).image;
        for side_px in [82, 41, 21] {
            let photo = read(file, Resolution::AtLeast { side_px });
            let average = averaged(&full, photo.reduction.factor());
            let whole = photo
                .image
                .view()
                .cropped(0, 0, average.width(), average.height());
            let off = differences(&luma(whole.unwrap().pixels()), &luma(average.pixels()));
            assert!(mean(&off) <= 0.6, "{file} {side_px}: {:.2}", mean(&off));
        }
    }
}

#[test]
fn reduction_keeps_the_longer_side_and_the_orientation() {
    for exif in 1..=8 {
        let file = format!("jpeg_orientation_{exif}.jpg");
        for side_px in [0, 4, 5, 6, 9, 10, 16, 17, 18, 33, 34, 9999] {
            let photo = read(&file, Resolution::AtLeast { side_px });
            let factor = photo.reduction.factor();
            let sides = (photo.image.width(), photo.image.height());
            assert_eq!(sides, (33u32.div_ceil(factor), 23u32.div_ceil(factor)));
            assert!(sides.0 >= side_px.min(33), "{file} {side_px}");
        }
    }
}

#[test]
fn sound_files_of_unknown_kinds_are_unsupported() {
    for case in expected().refused {
        let error = read_photo(&data(&case.file), Resolution::Full, &Limits::default());
        let error = error.unwrap_err();
        assert!(
            matches!(error.source, DecodeError::Unsupported { .. }),
            "{error}"
        );
    }
    for bytes in [
        b"\0\0\0\x18ftypheic\0\0\0\0".as_slice(),
        b"\0\0\0\x18ftypavif\0\0\0\0",
        b"\xFF\x0A\0\0\0\0",
    ] {
        let error = decode_bytes(bytes, Resolution::Full, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("convert it"), "{error}");
    }
}
