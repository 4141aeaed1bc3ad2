//! JPEG: at full resolution by zune-jpeg, reduced or in CMYK by rusty_jpeg.
//!
//! Measured on photos of 1 to 12 megapixels, CPU time of one thread relative to zune-jpeg at full
//! resolution: rusty_jpeg takes 2.7 at full resolution, 0.8 to 1.3 at a half (less when the chroma is
//! subsampled, more when it is not or the file is progressive), 0.5 to 1.0 at a quarter and 0.4 to 0.9
//! at an eighth. Hence two codecs, and no halving where it costs time.
//!
//! The colours of a reduced picture with subsampled chroma are at half its resolution, as they are in
//! the file itself: libjpeg uses the chroma at full there. Brightness agrees with libjpeg's.

use std::io::Cursor;

use rusty_jpeg::decode::{Decoder, PixelFormat};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::error::DecodeError;
use crate::format::ImageFormat;
use crate::jpeg_header::{JpegHeader, corrupt, unsupported};
use crate::limits::{Limits, Reduction, Resolution};
use crate::photo::Photo;
use crate::samples;

/// The JPEG in `bytes`, reduced as far as what is wanted allows and as it saves time.
pub(crate) fn decode(
    bytes: &[u8],
    want: Resolution,
    limits: &Limits,
) -> Result<Photo, DecodeError> {
    let header = JpegHeader::parse(bytes)?;
    limits.check_pixels(header.width, header.height)?;
    let bytes = &bytes[..header.end];
    let mut reduction = worthwhile(&header, want);
    let pixels = if header.n_components == 4 {
        reduced(bytes, &header, reduction)?
    } else if reduction == Reduction::None {
        full(bytes, &header)?
    } else {
        match reduced(bytes, &header, reduction) {
            // Odd ways of subsampling and of naming the components, which only zune-jpeg knows.
            Err(DecodeError::Unsupported { .. }) => {
                reduction = Reduction::None;
                full(bytes, &header)?
            }
            pixels => pixels?,
        }
    };
    Photo::upright(
        pixels,
        (header.width, header.height),
        reduction,
        header.orientation,
        ImageFormat::Jpeg,
    )
}

fn worthwhile(header: &JpegHeader, want: Resolution) -> Reduction {
    let strongest = Reduction::strongest(header.width.max(header.height), want);
    if strongest == Reduction::Half && (header.progressive || !header.subsampled) {
        return Reduction::None;
    }
    strongest
}

fn full(bytes: &[u8], header: &JpegHeader) -> Result<Vec<u8>, DecodeError> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        // Codes that cannot be are errors, not grey; harmless filler between segments is let pass.
        .set_strict_mode(!header.padded);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode().map_err(|e| corrupt(&e.to_string()))
}

fn reduced(
    bytes: &[u8],
    header: &JpegHeader,
    reduction: Reduction,
) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_single_threaded(true);
    let width = header.width.div_ceil(reduction.factor());
    let height = header.height.div_ceil(reduction.factor());
    // The codec picks the strongest reduction that keeps either side; the shorter one must not count.
    let (wanted_width, wanted_height) = if width >= height {
        (width as u16, u16::MAX)
    } else {
        (u16::MAX, height as u16)
    };
    decoder
        .scale(wanted_width, wanted_height)
        .map_err(of_rusty)?;
    let stored = decoder.decode().map_err(of_rusty)?;
    Ok(match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::RGB24) => stored,
        Some(PixelFormat::L8) => samples::rgb_of_grey(&stored),
        Some(PixelFormat::CMYK32) => samples::rgb_of_cmyk(&stored),
        _ => return Err(unsupported("of this kind")),
    })
}

fn of_rusty(error: rusty_jpeg::decode::Error) -> DecodeError {
    match error {
        rusty_jpeg::decode::Error::Unsupported(what) => unsupported(&format!("with {what:?}")),
        other => corrupt(&other.to_string()),
    }
}
