//! PNG, WebP, GIF, BMP and TIFF, by the `image` crate.

use std::io::Cursor;

use image::{ImageDecoder, ImageError, ImageReader};

use crate::error::DecodeError;
use crate::exif;
use crate::format::ImageFormat;
use crate::limits::{Limits, Reduction};
use crate::orientation::Orientation;
use crate::photo::Photo;
use crate::samples;

/// Bytes that a decoder may take besides the picture: tables, text blocks, a line or a strip.
const SIDE_MEMORY: u64 = 64 << 20;

/// The picture in `bytes`, the first if there are several.
pub(crate) fn decode(
    bytes: &[u8],
    format: ImageFormat,
    limits: &Limits,
) -> Result<Photo, DecodeError> {
    let failed = |error| of_image_error(error, format);
    let codec = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::WebP => image::ImageFormat::WebP,
        ImageFormat::Gif => image::ImageFormat::Gif,
        ImageFormat::Bmp => image::ImageFormat::Bmp,
        ImageFormat::Tiff => image::ImageFormat::Tiff,
        _ => return Err(unsupported(format, "is not decoded here")),
    };
    // What is made here has read no further than the header.
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    reader.limits(memory(SIDE_MEMORY));
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width, height)?;
    let Ok(len) = usize::try_from(decoder.total_bytes()) else {
        return Err(unsupported(format, "is too large for this machine"));
    };
    // The canvas, a frame of its own or an unconverted copy of it, and room to work.
    let allowed = memory(decoder.total_bytes().saturating_mul(3) + SIDE_MEMORY);
    decoder.set_limits(allowed).map_err(failed)?;

    let orientation = orientation_of(bytes, &mut decoder, format);
    let color = decoder.color_type();
    let mut stored = vec![0; len];
    decoder.read_image(&mut stored).map_err(failed)?;
    let Some(pixels) = samples::rgb(color, stored) else {
        return Err(unsupported(
            format,
            "with floating-point samples is not decoded",
        ));
    };
    Photo::upright(
        pixels,
        (width, height),
        Reduction::None,
        orientation,
        format,
    )
}

fn memory(n_bytes: u64) -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(n_bytes);
    limits
}

/// The orientation that the file asks for. Metadata that cannot be read asks for nothing.
fn orientation_of(
    bytes: &[u8],
    decoder: &mut impl ImageDecoder,
    format: ImageFormat,
) -> Orientation {
    match format {
        // A TIFF has the tag itself, in its own directory.
        ImageFormat::Tiff => decoder
            .orientation()
            .map(|found| Orientation::from_exif(found.to_exif()))
            .unwrap_or_default(),
        ImageFormat::WebP => webp_exif(bytes).map(exif::orientation).unwrap_or_default(),
        _ => match decoder.exif_metadata() {
            Ok(Some(block)) => exif::orientation(&block),
            _ => Orientation::default(),
        },
    }
}

/// The EXIF chunk of a WebP file. The decoder would take as much memory for it as its length field
/// claims.
fn webp_exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut chunks = bytes.get(12..)?;
    loop {
        let (head, rest) = chunks.split_first_chunk::<8>()?;
        let [kind @ .., l0, l1, l2, l3] = *head;
        let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if kind == *b"EXIF" {
            return rest.get(..len);
        }
        chunks = rest.get(len.checked_next_multiple_of(2)?..)?;
    }
}

fn of_image_error(error: ImageError, format: ImageFormat) -> DecodeError {
    match error {
        ImageError::Unsupported(what) => unsupported(
            format,
            &format!("is of a kind that is not decoded ({what})"),
        ),
        ImageError::Limits(_) => {
            let reason = "it asks for more memory than its pixels account for";
            corrupt(format, reason.to_owned())
        }
        ImageError::IoError(_) => corrupt(format, "it ends too early".to_owned()),
        other => corrupt(format, other.to_string()),
    }
}

fn corrupt(format: ImageFormat, reason: String) -> DecodeError {
    DecodeError::Corrupt { format, reason }
}

fn unsupported(format: ImageFormat, what: &str) -> DecodeError {
    DecodeError::Unsupported {
        format,
        what: what.to_owned(),
    }
}
