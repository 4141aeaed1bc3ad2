//! The markers of a JPEG file: what it claims to hold, and whether it is whole.
//!
//! ITU-T T.81, annex B. The codecs read the same markers again; they are walked here first because
//! neither says before it takes memory how much it will take, both fill up a file that is cut short
//! with grey, and neither bounds the number of scans.

use crate::error::DecodeError;
use crate::exif;
use crate::format::ImageFormat;
use crate::orientation::Orientation;

/// More scans than any encoder writes (about ten): each costs a pass over the whole picture.
const MAX_SCANS: u32 = 100;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// What the markers of a JPEG file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    /// Stored width in pixels, at least 1.
    pub(crate) width: u32,
    /// Stored height in pixels, at least 1.
    pub(crate) height: u32,
    /// Components: 1 (grey), 3 or 4 (CMYK).
    pub(crate) n_components: u8,
    /// A component has fewer samples than another.
    pub(crate) subsampled: bool,
    /// The pixels come in several scans, each finer than the last.
    pub(crate) progressive: bool,
    /// From the first EXIF block.
    pub(crate) orientation: Orientation,
    /// Bytes that belong to no segment lie between the segments.
    pub(crate) padded: bool,
    /// Where the picture ends; another one may follow (phones append a second, or a film).
    pub(crate) end: usize,
}

struct Frame {
    width: u32,
    height: u32,
    n_components: u8,
    subsampled: bool,
    progressive: bool,
}

impl JpegHeader {
    /// What the markers of `bytes` say, which start with `FF D8`.
    ///
    /// # Errors
    /// `Corrupt` when a segment or the end of the picture is missing, `Unsupported` for the processes
    /// that no camera uses (lossless, hierarchical, arithmetic, 12-bit).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut frame: Option<Frame> = None;
        let mut orientation = None;
        let mut padded = false;
        let (mut n_scans, mut at) = (0, 2);
        loop {
            let (marker, next, n_skipped) = next_marker(bytes, at).ok_or_else(cut_short)?;
            padded |= n_skipped > 0;
            at = next;
            if marker == END_OF_IMAGE {
                break;
            }
            if matches!(marker, 0x01 | 0xD0..=0xD8) {
                continue;
            }
            let segment = segment(bytes, at).ok_or_else(cut_short)?;
            at += segment.len() + 2;
            match marker {
                0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                    if frame.is_some() {
                        return Err(corrupt("it has two frame headers"));
                    }
                    frame = Some(Frame::parse(marker, segment)?);
                }
                START_OF_SCAN => {
                    n_scans += 1;
                    if frame.is_none() || n_scans > MAX_SCANS {
                        return Err(corrupt(if frame.is_none() {
                            "its pixels come before their size"
                        } else {
                            "it has more than 100 scans"
                        }));
                    }
                    at = end_of_scan(bytes, at);
                }
                0xE1 if segment.starts_with(b"Exif\0\0") => {
                    orientation.get_or_insert_with(|| exif::orientation(segment));
                }
                _ => {}
            }
        }
        let frame = frame
            .filter(|_| n_scans > 0)
            .ok_or_else(|| corrupt("it holds no pixels"))?;
        Ok(Self {
            width: frame.width,
            height: frame.height,
            n_components: frame.n_components,
            subsampled: frame.subsampled,
            progressive: frame.progressive,
            orientation: orientation.unwrap_or_default(),
            padded,
            end: at,
        })
    }
}

impl Frame {
    fn parse(marker: u8, segment: &[u8]) -> Result<Self, DecodeError> {
        let &[bits, y1, y0, x1, x0, n_components, ref components @ ..] = segment else {
            return Err(corrupt("its frame header is too short"));
        };
        match (marker, bits) {
            (0xC0..=0xC2, 8) => {}
            (0xC0..=0xC2, _) => return Err(unsupported("with other than 8 bits a sample")),
            (0xC9.., _) => return Err(unsupported("with arithmetic coding")),
            _ => return Err(unsupported("of the lossless or hierarchical kind")),
        }
        let width = u32::from(u16::from_be_bytes([x1, x0]));
        let height = u32::from(u16::from_be_bytes([y1, y0]));
        if height == 0 {
            return Err(unsupported("that gives its height after the pixels"));
        }
        if width == 0 || components.len() != usize::from(n_components) * 3 {
            return Err(corrupt("its frame header makes no sense"));
        }
        if !matches!(n_components, 1 | 3 | 4) {
            return Err(unsupported(&format!("of {n_components} colour components")));
        }
        let sampling = components.iter().skip(1).step_by(3);
        let subsampled = sampling.clone().any(|s| Some(s) != sampling.clone().next());
        Ok(Self {
            width,
            height,
            n_components,
            subsampled,
            progressive: marker == 0xC2,
        })
    }
}

/// The next marker from `at` on, where its segment starts, and how many bytes lay before it.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let mut n_skipped = 0;
    let mut after_ff = false;
    for (i, &byte) in bytes.get(at..)?.iter().enumerate() {
        match byte {
            0xFF => after_ff = true,
            0 => {
                n_skipped += 1;
                after_ff = false;
            }
            marker if after_ff => return Some((marker, at + i + 1, n_skipped)),
            _ => n_skipped += 1,
        }
    }
    None
}

/// The contents of the segment whose length field is at `at`.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes
        .get(at..)?
        .first_chunk()
        .map(|&pair| u16::from_be_bytes(pair))?;
    bytes.get(at + 2..at + usize::from(length))
}

/// Where the marker stands that ends the entropy-coded data from `at` on; the end of the file
/// when there is none.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&b| b == 0xFF))
    {
        at += found;
        match bytes.get(at + 1) {
            // A stuffed FF, or a restart marker.
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            _ => return at,
        }
    }
    bytes.len()
}

fn cut_short() -> DecodeError {
    corrupt("it ends before its end marker, so part of the picture is missing")
}

pub(crate) fn corrupt(reason: &str) -> DecodeError {
    DecodeError::Corrupt {
        format: ImageFormat::Jpeg,
        reason: reason.to_owned(),
    }
}

pub(crate) fn unsupported(what: &str) -> DecodeError {
    DecodeError::Unsupported {
        format: ImageFormat::Jpeg,
        what: format!("{what} is not decoded"),
    }
}
