//! Elements: a type, a number of bytes, data.

use std::path::Path;

use crate::error::DataError;

pub(super) const INT8: u32 = 1;
pub(super) const UINT8: u32 = 2;
pub(super) const INT16: u32 = 3;
pub(super) const UINT16: u32 = 4;
pub(super) const INT32: u32 = 5;
pub(super) const UINT32: u32 = 6;
pub(super) const SINGLE: u32 = 7;
pub(super) const DOUBLE: u32 = 9;
pub(super) const INT64: u32 = 12;
pub(super) const UINT64: u32 = 13;
pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;
pub(super) const UTF8: u32 = 16;
pub(super) const UTF16: u32 = 17;
pub(super) const UTF32: u32 = 18;

const TAG_BYTES: usize = 8;

/// Where bytes are, for messages.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// In the file, at this byte.
    File(u64),
    /// In the compressed element that starts at this byte of the file.
    Compressed(u64),
}

/// An element.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) kind: u32,
    pub(super) data: &'a [u8],
    /// Where the data are.
    pub(super) origin: Origin,
}

/// The elements of a stretch of bytes, one after the other.
pub(super) struct Elements<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    origin: Origin,
}

impl Origin {
    pub(super) fn offset(self) -> u64 {
        match self {
            Self::File(offset) | Self::Compressed(offset) => offset,
        }
    }

    fn plus(self, n_bytes: usize) -> Self {
        match self {
            Self::File(offset) => Self::File(offset + n_bytes as u64),
            Self::Compressed(_) => self,
        }
    }
}

impl<'a> Elements<'a> {
    pub(super) fn new(path: &'a Path, bytes: &'a [u8], origin: Origin) -> Self {
        Self {
            path,
            bytes,
            origin,
        }
    }

    /// The elements of the element's data.
    pub(super) fn within(path: &'a Path, element: &Element<'a>) -> Self {
        Self::new(path, element.data, element.origin)
    }

    /// The next element; `None` at the end.
    pub(super) fn next_element(&mut self) -> Result<Option<Element<'a>>, DataError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let Some((&[a, b, c, d, e, f, g, h], rest)) = self.bytes.split_first_chunk::<TAG_BYTES>()
        else {
            return Err(self.bad(
                "an element of 8 bytes or more",
                self.bytes.len().to_string(),
            ));
        };
        let word = u32::from_le_bytes([a, b, c, d]);
        let (kind, n_small) = (word & 0xFFFF, (word >> 16) as usize);
        if n_small > 0 {
            if n_small > 4 {
                let got = format!("{n_small} bytes in a small element");
                return Err(self.bad("4 bytes at most", got));
            }
            return Ok(Some(self.take(kind, 4, n_small, TAG_BYTES)));
        }
        let n_bytes = u32::from_le_bytes([e, f, g, h]) as usize;
        if n_bytes > rest.len() {
            let got = format!("{} until the end", rest.len());
            return Err(self.bad(&format!("{n_bytes} bytes of an element"), got));
        }
        let n_padded = match kind {
            COMPRESSED => n_bytes,
            _ => n_bytes.next_multiple_of(8),
        };
        Ok(Some(self.take(
            kind,
            TAG_BYTES,
            n_bytes,
            TAG_BYTES + n_padded,
        )))
    }

    /// The next element, which must be `what`.
    pub(super) fn expect(&mut self, what: &str) -> Result<Element<'a>, DataError> {
        self.next_element()?
            .ok_or_else(|| self.bad(what, "the end of the matrix".to_owned()))
    }

    /// What is wrong with the bytes that come next.
    pub(super) fn bad(&self, expected: &str, got: String) -> DataError {
        DataError::bytes(self.path, self.origin.offset(), expected, got)
    }

    /// What is wrong with an element that was read.
    pub(super) fn bad_in(&self, element: &Element<'_>, expected: &str, got: String) -> DataError {
        DataError::bytes(self.path, element.origin.offset(), expected, got)
    }

    fn take(&mut self, kind: u32, start: usize, n_bytes: usize, step: usize) -> Element<'a> {
        let element = Element {
            kind,
            data: &self.bytes[start..start + n_bytes],
            origin: self.origin.plus(start),
        };
        // The padding of the last one may be left out.
        let step = step.min(self.bytes.len());
        self.bytes = &self.bytes[step..];
        self.origin = self.origin.plus(step);
        element
    }
}
