//! Files that are cut short, lie, or are no pictures: a typed error, at once, and never a panic.

#![allow(clippy::unwrap_used, reason = "tests and their helpers")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lineament_decode::{
    DecodeError, ImageFormat, Limits, Photo, Resolution, decode_bytes, read_photo,
};
use proptest::prelude::*;

const SMALL: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1_000_000,
};

fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext != "json"))
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name),
    )
    .unwrap()
}

fn decode(bytes: &[u8]) -> Result<Photo, DecodeError> {
    decode_bytes(bytes, Resolution::Full, &SMALL)
}

fn gave_up(error: &DecodeError) -> bool {
    error.to_string().contains("gave up")
}

#[test]
fn files_that_are_cut_short() {
    for (name, bytes) in files() {
        let cuts = (1..10).map(|tenth| bytes.len() * tenth / 10);
        for cut in cuts.chain([bytes.len() - 1, bytes.len() - 2]) {
            for want in [Resolution::Full, Resolution::AtLeast { side_px: 8 }] {
                let result = decode_bytes(&bytes[..cut], want, &SMALL);
                if let Err(error) = &result {
                    assert!(!gave_up(error), "{name} at {cut}: {error}");
                }
                // A second picture behind the first may be missing.
                if name.contains("jpeg") && !name.contains("second_picture") {
                    let error = result.unwrap_err();
                    assert!(
                        matches!(error, DecodeError::Corrupt { .. }),
                        "{name}: {error}"
                    );
                } else if let Ok(photo) = result {
                    let width = photo.original_width.div_ceil(photo.reduction.factor());
                    assert_eq!(photo.image.width(), width, "{name}");
                }
            }
        }
    }
}

#[test]
fn files_with_one_wrong_byte() {
    for (name, bytes) in files() {
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 300) {
            for mask in [0xFF, 0x01, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= mask;
                for want in [Resolution::Full, Resolution::AtLeast { side_px: 8 }] {
                    let result = decode_bytes(&damaged, want, &SMALL);
                    assert!(
                        !result.is_err_and(|e| gave_up(&e)),
                        "{name}: {mask:#x} at {at}"
                    );
                }
            }
        }
    }
}

/// The file with 60000 × 60000 written over its size, wherever its format keeps it.
fn enormous(name: &str) -> Vec<u8> {
    let mut bytes = file(name);
    let (at, size): (usize, Vec<u8>) = match ImageFormat::of(&bytes).unwrap() {
        ImageFormat::Jpeg => {
            let at = bytes
                .windows(2)
                .position(|w| matches!(w, [0xFF, 0xC0 | 0xC2]))
                .unwrap();
            (at + 5, [60000u16.to_be_bytes(); 2].concat())
        }
        ImageFormat::Png => (16, [60000u32.to_be_bytes(); 2].concat()),
        ImageFormat::Bmp => (18, [60000u32.to_le_bytes(); 2].concat()),
        ImageFormat::Gif => (6, [60000u16.to_le_bytes(); 2].concat()),
        ImageFormat::Tiff => {
            for tag in [256u16, 257] {
                let entry = [tag.to_le_bytes(), 3u16.to_le_bytes()].concat();
                let wide = [tag.to_le_bytes(), 4u16.to_le_bytes()].concat();
                let at = bytes
                    .windows(4)
                    .position(|w| w == entry || w == wide)
                    .unwrap();
                bytes[at + 8..at + 12].copy_from_slice(&60000u32.to_le_bytes());
            }
            return bytes;
        }
        _ => {
            // An extended WebP: canvas sides less one, 24 bits each.
            let canvas = [0x5F, 0xEA, 0, 0x5F, 0xEA, 0];
            (24, canvas.to_vec())
        }
    };
    if ImageFormat::of(&bytes) == Some(ImageFormat::Png) {
        bytes[16..24].copy_from_slice(&size);
        let crc = crc32(&bytes[12..29]).to_be_bytes();
        bytes[29..33].copy_from_slice(&crc);
        return bytes;
    }
    bytes[at..at + size.len()].copy_from_slice(&size);
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn enormous_claims_are_refused_at_once() {
    for name in [
        "jpeg_420.jpg",
        "jpeg_progressive.jpg",
        "png_rgb_8.png",
        "png_adam7.png",
        "webp_alpha.webp",
        "webp_animated.webp",
        "gif_two_frames.gif",
        "bmp_24.bmp",
        "tiff_rgb_8.tif",
        "tiff_lzw.tif",
    ] {
        let bytes = enormous(name);
        let start = Instant::now();
        let error = decode_bytes(&bytes, Resolution::Full, &Limits::default()).unwrap_err();
        let is_limit = matches!(
            error,
            DecodeError::TooManyPixels {
                width: 60000,
                height: 60000,
                ..
            }
        );
        // A WebP or TIFF whose size disagrees with its frame or strips is damaged, which is seen first.
        let is_damage = matches!(error, DecodeError::Corrupt { .. })
            && matches!(name, "webp_alpha.webp" | "tiff_rgb_8.tif" | "tiff_lzw.tif");
        assert!(is_limit || is_damage, "{name}: {error}");
        // Three gigabytes of pixels could not be written in this time.
        assert!(start.elapsed() < Duration::from_millis(200), "{name}");
    }
}

#[test]
fn a_gif_frame_larger_than_the_limits_allow_is_refused() {
    let mut bytes = file("gif_plain.gif");
    // The image descriptor: comma, left, top, then the frame's sides.
    let palette_end = 13 + 3 * (2usize << (bytes[10] & 7));
    let at = palette_end
        + bytes[palette_end..]
            .iter()
            .position(|&b| b == b',')
            .unwrap();
    bytes[at + 5..at + 9].copy_from_slice(&[0x60, 0xEA, 0x60, 0xEA]);
    let error = decode(&bytes).unwrap_err();
    assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
}

#[test]
fn a_webp_that_claims_gigabytes_of_metadata_costs_nothing() {
    let mut bytes = file("webp_orientation_8.webp");
    let at = bytes.windows(4).position(|w| w == b"EXIF").unwrap();
    bytes[at + 4..at + 8].copy_from_slice(&0xF000_0000u32.to_le_bytes());
    let start = Instant::now();
    let result = decode(&bytes);
    assert!(!result.is_err_and(|e| gave_up(&e)));
    assert!(start.elapsed() < Duration::from_millis(200));
}

#[test]
fn a_jpeg_with_too_many_scans_is_refused() {
    let bytes = file("jpeg_progressive.jpg");
    let scan = bytes.windows(2).rposition(|w| w == [0xFF, 0xDA]).unwrap();
    let mut many = bytes[..scan].to_vec();
    for _ in 0..101 {
        many.extend(&bytes[scan..bytes.len() - 2]);
    }
    many.extend([0xFF, 0xD9]);
    let error = decode(&many).unwrap_err();
    assert!(error.to_string().contains("100 scans"), "{error}");
}

#[test]
fn what_is_no_picture() {
    let limits = Limits::default();
    for (bytes, text) in [
        (b"".as_slice(), "the file is empty"),
        (
            b"Dear Sir or Madam, enclosed",
            r#"starts with "Dear Sir or Mada""#,
        ),
        (
            b"\x7fELF\x02\x01\x01\0",
            r#"starts with "\x7fELF\x02\x01\x01\x00""#,
        ),
        (b"\xFF\xD8", "not a picture"),
    ] {
        let error = decode_bytes(bytes, Resolution::Full, &limits).unwrap_err();
        assert!(matches!(error, DecodeError::UnknownFormat { .. }));
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().contains("expected a JPEG"), "{error}");
    }
}

#[test]
fn errors_of_files_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        max_bytes: 100,
        ..SMALL
    };
    let missing = folder.path().join("nobody.jpg");
    let text = read_photo(&missing, Resolution::Full, &limits)
        .unwrap_err()
        .to_string();
    assert!(text.contains("nobody.jpg: cannot be read"), "{text}");

    let error = read_photo(folder.path(), Resolution::Full, &limits).unwrap_err();
    assert!(matches!(error.source, DecodeError::Io { .. }), "{error}");

    let large = folder.path().join("large.jpg");
    std::fs::write(&large, [0; 101]).unwrap();
    let error = read_photo(&large, Resolution::Full, &limits).unwrap_err();
    assert!(matches!(
        error.source,
        DecodeError::TooManyBytes {
            limit: 100,
            got: 101
        }
    ));
    assert_eq!(error.path, large);
    assert!(decode_bytes(&[0; 101], Resolution::Full, &limits).is_err());
}

#[test]
fn the_name_of_a_file_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("really_a_png.jpg");
    std::fs::write(&path, file("png_rgb_8.png")).unwrap();
    let photo = read_photo(&path, Resolution::Full, &SMALL).unwrap();
    assert_eq!(photo.format, ImageFormat::Png);
}

proptest! {
    #[test]
    fn random_bytes(start in 0usize..8, tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let starts: [&[u8]; 8] = [
            b"",
            b"\xFF\xD8\xFF",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
            b"RIFF\xff\0\0\0WEBPVP8L",
            b"GIF89a",
            b"BM",
            b"II*\0\x08\0\0\0",
            b"MM\0*\0\0\0\x08",
        ];
        let bytes = [starts[start], &tail].concat();
        prop_assert!(!decode(&bytes).is_err_and(|e| gave_up(&e)));
    }
}
