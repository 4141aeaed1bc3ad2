//! Decoded images in one file, each read by its offset.
//!
//! ```text
//! offset  bytes  what
//! 0       8      "LNM-PACK"
//! 8       4      version of this format, 1; all numbers little-endian
//! 12      32     fingerprint of the images (SHA-256)
//! 44      8      n: images
//! 52      16·n   of each image: offset u64, width u32, height u32; width 0: it cannot be decoded
//! …              the pixels: [height, width, 3], RGB
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lineament::stream::map_in_order;
use lineament_core::RgbImage;
use lineament_runtime::Sha256;

use super::Progress;
use crate::error::TrainError;

const MAGIC: &[u8; 8] = b"LNM-PACK";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 52;
const ENTRY_BYTES: usize = 16;

/// An open file of decoded images.
#[derive(Debug)]
pub(crate) struct Packed {
    path: PathBuf,
    file: Mutex<File>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    offset: u64,
    width: u32,
    height: u32,
}

impl Entry {
    fn n_bytes(self) -> u64 {
        u64::from(self.width)
            .saturating_mul(u64::from(self.height))
            .saturating_mul(3)
    }

    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.width.to_le_bytes());
        bytes[12..].copy_from_slice(&self.height.to_le_bytes());
        bytes
    }
}

impl Packed {
    /// Writes the `n` images that `decode` gives to `path`, which is whole or not there at any time.
    pub(crate) fn write(
        path: &Path,
        fingerprint: &Sha256,
        n: usize,
        threads: NonZeroUsize,
        decode: impl Fn(usize) -> Option<RgbImage> + Sync,
        progress: &mut Progress<'_>,
    ) -> Result<(), TrainError> {
        let unfinished = path.with_added_extension("part");
        let written = write_all(&unfinished, fingerprint, n, threads, decode, progress);
        let io = |source| TrainError::io(path, source);
        match written {
            Ok(true) => fs::rename(&unfinished, path).map_err(io),
            Ok(false) => {
                fs::remove_file(&unfinished).map_err(io)?;
                Err(TrainError::Stopped)
            }
            Err(source) => {
                // The first error is the one that helps.
                drop(fs::remove_file(&unfinished));
                Err(io(source))
            }
        }
    }

    /// The file at `path`, if it holds the `n` images of this fingerprint.
    pub(crate) fn open(path: &Path, fingerprint: &Sha256, n: usize) -> Result<Self, TrainError> {
        let io = |source| TrainError::io(path, source);
        let wrong = |expected: String, got: String| TrainError::Format {
            path: path.to_owned(),
            expected,
            got,
        };
        let mut file = File::open(path).map_err(io)?;
        let n_file_bytes = file.metadata().map_err(io)?.len();
        let mut head = vec![0; (HEAD_BYTES + ENTRY_BYTES * n).min(n_file_bytes as usize)];
        file.read_exact(&mut head).map_err(io)?;
        let expected = head_of(fingerprint, n);
        if head.get(..HEAD_BYTES) != Some(&expected[..]) {
            let expected = "packed images of the same sources; remove the file to pack them again";
            let is_packed = head.starts_with(MAGIC);
            let got = if is_packed {
                "those of other sources"
            } else {
                "another file"
            };
            return Err(wrong(expected.to_owned(), got.to_owned()));
        }
        let entries: Vec<Entry> = head[HEAD_BYTES..]
            .chunks_exact(ENTRY_BYTES)
            .map(entry_of)
            .collect();
        let is_inside =
            |entry: &Entry| entry.offset.saturating_add(entry.n_bytes()) <= n_file_bytes;
        if entries.len() != n || !entries.iter().all(is_inside) {
            let expected = format!("{n} images; remove the file to pack them again");
            return Err(wrong(
                expected,
                format!("a file cut off after {n_file_bytes} bytes"),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            entries,
        })
    }

    /// True when the image of a row could be decoded.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.entries[row].width > 0
    }

    /// The image of a row; `None` where it could not be decoded.
    pub(crate) fn read(&self, row: usize) -> Result<Option<RgbImage>, TrainError> {
        let entry = self.entries[row];
        if entry.width == 0 {
            return Ok(None);
        }
        let io = |source| TrainError::io(&self.path, source);
        let mut pixels = vec![0; entry.n_bytes() as usize];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(entry.offset)).map_err(io)?;
            file.read_exact(&mut pixels).map_err(io)?;
        }
        Ok(RgbImage::new(entry.width, entry.height, pixels).ok())
    }
}

fn head_of(fingerprint: &Sha256, n: usize) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..44].copy_from_slice(fingerprint.bytes());
    head[44..].copy_from_slice(&(n as u64).to_le_bytes());
    head
}

fn entry_of(bytes: &[u8]) -> Entry {
    let number = |from: usize, n: usize| {
        let number = bytes[from..from + n].iter().rev();
        number.fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    Entry {
        offset: number(0, 8),
        width: number(8, 4) as u32,
        height: number(12, 4) as u32,
    }
}

/// False when `progress` stopped it.
fn write_all(
    path: &Path,
    fingerprint: &Sha256,
    n: usize,
    threads: NonZeroUsize,
    decode: impl Fn(usize) -> Option<RgbImage> + Sync,
    progress: &mut Progress<'_>,
) -> io::Result<bool> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut offset = (HEAD_BYTES + ENTRY_BYTES * n) as u64;
    file.seek(SeekFrom::Start(offset))?;
    let mut entries: Vec<Entry> = Vec::with_capacity(n);
    let mut failed = None;
    map_in_order(0..n, threads, decode, |image| {
        let entry = image.as_ref().map_or(Entry::default(), |image| Entry {
            offset,
            width: image.width(),
            height: image.height(),
        });
        offset += entry.n_bytes();
        entries.push(entry);
        let pixels = image.map(RgbImage::into_pixels).unwrap_or_default();
        if let Err(error) = file.write_all(&pixels) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        progress(entries.len(), n)
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if entries.len() < n {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&head_of(fingerprint, n))?;
    for entry in entries {
        file.write_all(&entry.to_bytes())?;
    }
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(true)
}
