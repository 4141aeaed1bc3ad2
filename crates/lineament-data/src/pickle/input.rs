//! The bytes of a pickle, read forward.

use std::path::Path;

use crate::error::DataError;

/// A place in the bytes of a pickle.
pub(crate) struct Input<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, bytes, at: 0 }
    }

    /// Where the next byte is read from.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of a range that was taken before.
    pub(crate) fn slice(&self, start: usize, length: usize) -> &'a [u8] {
        let rest = self.bytes.get(start..).unwrap_or_default();
        &rest[..length.min(rest.len())]
    }

    /// The start of the next `length` bytes, which are taken.
    pub(crate) fn take(&mut self, length: u64, what: &str) -> Result<usize, DataError> {
        let (start, rest) = (self.at, self.bytes.len() - self.at);
        match usize::try_from(length)
            .ok()
            .filter(|&length| length <= rest)
        {
            Some(length) => {
                self.at += length;
                Ok(start)
            }
            None => {
                let expected = format!("{length} bytes of {what}");
                let got = format!("{rest} before the end of the file; get the file again");
                Err(DataError::bytes(self.path, start as u64, expected, got))
            }
        }
    }

    pub(crate) fn byte(&mut self, what: &str) -> Result<u8, DataError> {
        let start = self.take(1, what)?;
        Ok(self.bytes[start])
    }

    /// An unsigned little-endian number of `n_bytes` bytes, 8 at most.
    pub(crate) fn unsigned(&mut self, n_bytes: usize, what: &str) -> Result<u64, DataError> {
        let start = self.take(n_bytes as u64, what)?;
        let mut wide = [0; 8];
        wide[..n_bytes].copy_from_slice(&self.bytes[start..start + n_bytes]);
        Ok(u64::from_le_bytes(wide))
    }

    /// The range of the next line, without its end: start and length.
    pub(crate) fn line(&mut self, what: &str) -> Result<(usize, usize), DataError> {
        let start = self.at;
        let rest = &self.bytes[start..];
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            let got = "the end of the file; get the file again";
            let expected = format!("a line with {what}");
            return Err(DataError::bytes(self.path, start as u64, expected, got));
        };
        self.at += length + 1;
        Ok((start, length))
    }
}
