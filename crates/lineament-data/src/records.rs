//! RecordIO, the format of MXNet's image records.
//!
//! A record is `magic, u32 (flag << 29 | length), payload, zeros up to a multiple of 4`, all little
//! endian. A payload that holds the magic at a multiple of 4 is cut there, without it, into parts of
//! their own head, flagged 1 (first), 2 (middle) and 3 (last); whole payloads are flagged 0 (dmlc-core,
//! `src/recordio.cc`). The payload of an image starts with `u32 n_labels, f32 label, u64 id, u64 id2`
//! and `n_labels` more labels (MXNet, `python/mxnet/recordio.py`).

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;
use crate::limits::DataLimits;

/// What every part of a record starts with.
const MAGIC: u32 = 0xced7_230a;
const MAGIC_BYTES: [u8; 4] = MAGIC.to_le_bytes();
/// Longest payload, exclusive.
const MAX_PAYLOAD_BYTES: u64 = 1 << 29;
const PART_HEAD_BYTES: u64 = 8;
const IMAGE_HEAD_BYTES: usize = 24;
/// The most labels of one image that are kept; the masks' parameters of InsightFace are 237.
const MAX_LABELS: u64 = 1 << 16;

/// What the payload of an image starts with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ImageHead {
    /// One or more; the first is the class, or the start of a range.
    pub(crate) labels: Vec<f32>,
    /// The key of the record, as a rule.
    pub(crate) id: u64,
}

/// A record, and where its image lies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// First byte of the record.
    pub(crate) offset: u64,
    /// First byte after the record.
    pub(crate) end: u64,
    pub(crate) head: ImageHead,
    /// Where the image's bytes lie in the file; they follow the head of a record in one part.
    pub(crate) content: Content,
}

/// The bytes after the head of a record's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// None: the record is a range of records, not an image.
    Empty,
    /// A stretch of the file.
    Whole { offset: u64, length: u64 },
    /// Spread over parts.
    Split,
}

/// Reads records of a file, one after the other or at given offsets.
pub(crate) struct RecordReader {
    path: Arc<Path>,
    reader: BufReader<File>,
    position: u64,
    n_bytes: u64,
    max_payload_bytes: u64,
}

/// The head of a part.
#[derive(Clone, Copy)]
struct PartHead {
    flag: u32,
    length: u64,
}

impl PartHead {
    fn padded_length(self) -> u64 {
        self.length.next_multiple_of(4)
    }
}

impl RecordReader {
    pub(crate) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let io = |error| DataError::io(path, error);
        let file = File::open(path).map_err(io)?;
        Ok(Self {
            path: path.into(),
            n_bytes: file.metadata().map_err(io)?.len(),
            reader: BufReader::new(file),
            position: 0,
            max_payload_bytes: limits.max_image_bytes.min(MAX_PAYLOAD_BYTES),
        })
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The record at `offset`.
    pub(crate) fn record_at(&mut self, offset: u64) -> Result<Record, DataError> {
        let path = self.path.clone();
        let behind = || DataError::bytes(&path, offset, "a record", "the end of the file");
        if offset >= self.n_bytes {
            return Err(behind());
        }
        self.seek(offset)?;
        self.next_record()?.ok_or_else(behind)
    }

    /// Goes to `offset`, where the next record is expected.
    fn seek(&mut self, offset: u64) -> Result<(), DataError> {
        // Both are below 2⁶³: the system has no longer files.
        let step = offset as i64 - self.position as i64;
        self.reader
            .seek_relative(step)
            .map_err(|error| DataError::io(&self.path, error))?;
        self.position = offset;
        Ok(())
    }

    /// The record here; `None` at the end of the file. After an error the place is undefined: go on
    /// with [`Self::record_at`] or [`Self::resynchronize`].
    pub(crate) fn next_record(&mut self) -> Result<Option<Record>, DataError> {
        if self.position >= self.n_bytes {
            return Ok(None);
        }
        let offset = self.position;
        let part = self.read_part_head()?;
        match part.flag {
            0 => self.read_whole_record(offset, part).map(Some),
            1 => self.read_split_record(offset, part).map(Some),
            flag => Err(self.bad(
                offset,
                "the start of a record",
                format!("a part flagged {flag}"),
            )),
        }
    }

    /// Goes to the next place after `offset` that looks like the start of a record; false when there
    /// is none.
    pub(crate) fn resynchronize(&mut self, offset: u64) -> Result<bool, DataError> {
        self.seek((offset + 1).next_multiple_of(4))?;
        while self.position + PART_HEAD_BYTES <= self.n_bytes {
            let at = self.position;
            let head = self.read_array::<8>()?;
            let part = part_head(head);
            if head[..4] == MAGIC_BYTES && part.flag <= 1 {
                self.seek(at)?;
                return Ok(true);
            }
            self.seek(at + 4)?;
        }
        Ok(false)
    }

    fn read_whole_record(&mut self, offset: u64, part: PartHead) -> Result<Record, DataError> {
        let start = self.position;
        let head = self.read_image_head(offset, part.length)?;
        let content_offset = self.position;
        let length = start + part.length - content_offset;
        self.seek(start + part.padded_length())?;
        Ok(Record {
            offset,
            end: self.position,
            head,
            content: match length {
                0 => Content::Empty,
                length => Content::Whole {
                    offset: content_offset,
                    length,
                },
            },
        })
    }

    fn read_split_record(&mut self, offset: u64, first: PartHead) -> Result<Record, DataError> {
        let mut payload = Vec::new();
        let mut part = first;
        loop {
            self.append(&mut payload, part.length)?;
            self.seek(self.position + part.padded_length() - part.length)?;
            if part.flag == 3 {
                break;
            }
            payload.extend(MAGIC_BYTES);
            let at = self.position;
            part = self.read_part_head()?;
            if part.flag < 2 {
                let got = format!("a part flagged {}", part.flag);
                return Err(self.bad(at, "a further part of a record", got));
            }
            if payload.len() as u64 + part.length > self.max_payload_bytes {
                return Err(self.too_long(payload.len() as u64 + part.length));
            }
        }
        let (head, content) = split_payload(&payload)
            .ok_or_else(|| self.bad(offset, "the head of an image", "a shorter record"))?;
        Ok(Record {
            offset,
            end: self.position,
            head,
            content: if content.is_empty() {
                Content::Empty
            } else {
                Content::Split
            },
        })
    }

    /// The head of a part, whose payload is known to lie in the file.
    fn read_part_head(&mut self) -> Result<PartHead, DataError> {
        let offset = self.position;
        let head = self.read_array::<8>()?;
        if head[..4] != MAGIC_BYTES {
            let [a, b, c, d, ..] = head;
            let got = format!("{:#010x}", u32::from_le_bytes([a, b, c, d]));
            return Err(self.bad(offset, format!("the magic {MAGIC:#x} of a record"), got));
        }
        let part = part_head(head);
        if part.length > self.max_payload_bytes {
            return Err(self.too_long(part.length));
        }
        let rest = self.n_bytes - self.position;
        if part.padded_length() > rest {
            let expected = format!("{} bytes of a record", part.padded_length());
            return Err(self.bad(offset, expected, format!("{rest}")));
        }
        Ok(part)
    }

    fn read_image_head(&mut self, offset: u64, length: u64) -> Result<ImageHead, DataError> {
        if length < IMAGE_HEAD_BYTES as u64 {
            return Err(self.bad(offset, "the head of an image", format!("{length} bytes")));
        }
        let fixed = self.read_array::<IMAGE_HEAD_BYTES>()?;
        let n_labels = n_labels(&fixed);
        let rest = length - IMAGE_HEAD_BYTES as u64;
        if n_labels * 4 > rest || n_labels > MAX_LABELS {
            let expected = format!("labels within the {rest} bytes of the record");
            return Err(self.bad(offset, expected, format!("{n_labels} labels")));
        }
        let mut labels = Vec::new();
        self.append(&mut labels, n_labels * 4)?;
        Ok(image_head(&fixed, &labels))
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], DataError> {
        let mut bytes = [0; N];
        let offset = self.position;
        self.reader.read_exact(&mut bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.bad(
                    offset,
                    format!("{N} bytes of a record"),
                    "the end of the file",
                )
            } else {
                DataError::io(&self.path, error)
            }
        })?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn append(&mut self, to: &mut Vec<u8>, n_bytes: u64) -> Result<(), DataError> {
        let n_read = (&mut self.reader)
            .take(n_bytes)
            .read_to_end(to)
            .map_err(|error| DataError::io(&self.path, error))? as u64;
        if n_read < n_bytes {
            let expected = format!("{n_bytes} bytes of a record");
            return Err(self.bad(self.position, expected, format!("{n_read}")));
        }
        self.position += n_bytes;
        Ok(())
    }

    fn bad(&self, offset: u64, expected: impl Into<String>, got: impl Into<String>) -> DataError {
        DataError::bytes(&self.path, offset, expected, got)
    }

    fn too_long(&self, got: u64) -> DataError {
        DataError::Limit {
            path: self.path.to_path_buf(),
            what: "bytes of a record",
            limit: self.max_payload_bytes,
            got,
        }
    }
}

/// The image in `record`, the bytes of one whole record in parts that start at `offset` of `path`.
///
/// # Errors
/// [`DataError::Bytes`] when they are not that.
pub(crate) fn content_of(path: &Path, offset: u64, record: &[u8]) -> Result<Vec<u8>, DataError> {
    let bad = || DataError::bytes(path, offset, "a record in parts", "something else");
    let mut payload = Vec::new();
    let mut rest = record;
    while let Some((&head, after)) = rest.split_first_chunk::<8>() {
        let part = part_head(head);
        let bytes = after.get(..part.length as usize).ok_or_else(bad)?;
        if head[..4] != MAGIC_BYTES {
            return Err(bad());
        }
        if part.flag > 1 {
            payload.extend(MAGIC_BYTES);
        }
        payload.extend(bytes);
        rest = after
            .get(part.padded_length() as usize..)
            .unwrap_or_default();
    }
    let (_, content) = split_payload(&payload).ok_or_else(bad)?;
    Ok(content.to_vec())
}

/// Writes a record of `head` and `content`, in parts where the payload holds the magic; returns its
/// number of bytes. Two labels and more follow the head; a single one is in it.
pub(crate) fn write_record(
    to: &mut impl Write,
    head: &ImageHead,
    content: &[u8],
) -> io::Result<u64> {
    let payload = payload(head, content);
    if payload.len() as u64 >= MAX_PAYLOAD_BYTES {
        let message = format!("a record holds less than {MAX_PAYLOAD_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut n_written = 0;
    let mut start = 0;
    let words = payload.chunks_exact(4).enumerate();
    for (word_idx, _) in words.filter(|(_, word)| *word == MAGIC_BYTES) {
        let end = 4 * word_idx;
        let flag = if start == 0 { 1 } else { 2 };
        n_written += write_part(to, flag, &payload[start..end])?;
        start = end + 4;
    }
    let flag = if start == 0 { 0 } else { 3 };
    Ok(n_written + write_part(to, flag, &payload[start..])?)
}

fn write_part(to: &mut impl Write, flag: u32, bytes: &[u8]) -> io::Result<u64> {
    let length = bytes.len() as u32;
    to.write_all(&MAGIC_BYTES)?;
    to.write_all(&(flag << 29 | length).to_le_bytes())?;
    to.write_all(bytes)?;
    let n_padded = length.next_multiple_of(4);
    to.write_all(&[0; 3][..(n_padded - length) as usize])?;
    Ok(PART_HEAD_BYTES + u64::from(n_padded))
}

fn payload(head: &ImageHead, content: &[u8]) -> Vec<u8> {
    let (n_labels, label, labels) = match head.labels.as_slice() {
        [label] => (0, *label, [].as_slice()),
        labels => (labels.len() as u32, 0.0, labels),
    };
    let mut payload = Vec::with_capacity(IMAGE_HEAD_BYTES + 4 * labels.len() + content.len());
    payload.extend(n_labels.to_le_bytes());
    payload.extend(label.to_le_bytes());
    payload.extend(head.id.to_le_bytes());
    payload.extend(0u64.to_le_bytes());
    payload.extend(labels.iter().flat_map(|label| label.to_le_bytes()));
    payload.extend(content);
    payload
}

fn part_head([_, _, _, _, a, b, c, d]: [u8; 8]) -> PartHead {
    let word = u32::from_le_bytes([a, b, c, d]);
    PartHead {
        flag: word >> 29,
        length: u64::from(word & ((1 << 29) - 1)),
    }
}

/// The head and what follows it; `None` for a payload that is too short.
fn split_payload(payload: &[u8]) -> Option<(ImageHead, &[u8])> {
    let (fixed, rest) = payload.split_first_chunk::<IMAGE_HEAD_BYTES>()?;
    let n_label_bytes = n_labels(fixed).min(MAX_LABELS + 1) as usize * 4;
    let (labels, content) = rest.split_at_checked(n_label_bytes)?;
    Some((image_head(fixed, labels), content))
}

fn n_labels(&[a, b, c, d, ..]: &[u8; IMAGE_HEAD_BYTES]) -> u64 {
    u64::from(u32::from_le_bytes([a, b, c, d]))
}

fn image_head(fixed: &[u8; IMAGE_HEAD_BYTES], labels: &[u8]) -> ImageHead {
    let label = |bytes: &[u8]| match bytes {
        [a, b, c, d] => f32::from_le_bytes([*a, *b, *c, *d]),
        _ => f32::NAN,
    };
    let mut id = [0; 8];
    id.copy_from_slice(&fixed[8..16]);
    ImageHead {
        labels: if labels.is_empty() {
            vec![label(&fixed[4..8])]
        } else {
            labels.chunks_exact(4).map(label).collect()
        },
        id: u64::from_le_bytes(id),
    }
}
