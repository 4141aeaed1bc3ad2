//! Text files line by line, in bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;

/// The longest line of an ordinary list, in bytes.
pub(crate) const MAX_LINE_BYTES: u64 = 1 << 20;

/// A text file that is read forward, one line at a time.
pub(crate) struct Lines {
    path: Arc<Path>,
    reader: BufReader<File>,
    number: u64,
    offset: u64,
    max_line_bytes: u64,
    buffer: Vec<u8>,
}

/// A line without its end.
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// Where it starts in the file, in bytes.
    pub(crate) offset: u64,
    pub(crate) text: &'a str,
}

impl Lines {
    /// The lines of the file at `path`, none longer than `max_line_bytes`.
    pub(crate) fn open(path: &Path, max_line_bytes: u64) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, error))?;
        Ok(Self {
            path: path.into(),
            reader: BufReader::new(file),
            number: 0,
            offset: 0,
            max_line_bytes,
            buffer: Vec::new(),
        })
    }

    /// The lines of a list of ordinary size.
    pub(crate) fn of_list(path: &Path, max_list_bytes: u64) -> Result<Self, DataError> {
        check_size(path, max_list_bytes)?;
        Self::open(path, MAX_LINE_BYTES)
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The next line that is not empty. After an error other than [`DataError::Io`] the lines that
    /// follow can still be read.
    pub(crate) fn next_line(&mut self) -> Option<Result<Line<'_>, DataError>> {
        loop {
            let offset = self.offset;
            match self.fill() {
                Ok(false) => return None,
                Ok(true) => {}
                Err(error) => return Some(Err(error)),
            }
            let is_empty = self.buffer.iter().all(u8::is_ascii_whitespace);
            if !is_empty {
                return Some(self.line(offset));
            }
        }
    }

    fn line(&self, offset: u64) -> Result<Line<'_>, DataError> {
        let without_mark = self.buffer.strip_prefix("\u{feff}".as_bytes());
        let (bytes, offset) = match without_mark {
            Some(rest) if offset == 0 => (rest, 3),
            _ => (self.buffer.as_slice(), offset),
        };
        let end = bytes
            .iter()
            .rposition(|&byte| byte != b'\n' && byte != b'\r');
        let bytes = &bytes[..end.map_or(0, |end| end + 1)];
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Line {
                number: self.number,
                offset,
                text,
            }),
            Err(_) => Err(DataError::line(
                &self.path,
                self.number,
                "UTF-8 text",
                "bytes that are not",
            )),
        }
    }

    /// Reads a line into the buffer; false at the end of the file.
    fn fill(&mut self) -> Result<bool, DataError> {
        self.buffer.clear();
        let mut limited = (&mut self.reader).take(self.max_line_bytes);
        let n_read = limited
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| DataError::io(&self.path, error))? as u64;
        if n_read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.offset += n_read;
        if n_read == self.max_line_bytes && self.buffer.last() != Some(&b'\n') {
            self.skip_rest()?;
            let limit = self.max_line_bytes;
            return Err(DataError::line(
                &self.path,
                self.number,
                format!("a line of {limit} bytes at most"),
                "a longer one",
            ));
        }
        Ok(true)
    }

    fn skip_rest(&mut self) -> Result<(), DataError> {
        let n_skipped = self
            .reader
            .skip_until(b'\n')
            .map_err(|error| DataError::io(&self.path, error))?;
        self.offset += n_skipped as u64;
        Ok(())
    }
}

/// Text of a list for a message, and not all of a long one.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.trim().chars().take(80).collect();
    format!("{short:?}")
}

/// Number of line ends in the file at `path`: as many lines as it has at most, less one.
pub(crate) fn count_line_ends(path: &Path) -> Option<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).ok()?);
    let mut n_ends = 0;
    loop {
        let chunk = reader.fill_buf().ok()?;
        if chunk.is_empty() {
            return Some(n_ends);
        }
        n_ends += chunk.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let n_bytes = chunk.len();
        reader.consume(n_bytes);
    }
}

/// # Errors
/// [`DataError::Limit`] when the file at `path` has more than `limit` bytes.
pub(crate) fn check_size(path: &Path, limit: u64) -> Result<u64, DataError> {
    let metadata = std::fs::metadata(path).map_err(|error| DataError::io(path, error))?;
    let got = metadata.len();
    if got > limit {
        return Err(DataError::Limit {
            path: path.to_owned(),
            what: "bytes of a file",
            limit,
            got,
        });
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8], max_line_bytes: u64) -> Vec<Result<(u64, u64, String), String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut lines = Lines::open(file.path(), max_line_bytes).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next_line() {
            all.push(
                line.map(|line| (line.number, line.offset, line.text.to_owned()))
                    .map_err(|error| error.to_string()),
            );
        }
        all
    }

    #[test]
    fn numbers_and_offsets_count_empty_lines_and_marks() {
        let got = texts("\u{feff}a\r\n\nb c".as_bytes(), 100);
        let expected = [(1, 3, "a"), (3, 7, "b c")];
        let got: Vec<_> = got.into_iter().map(Result::unwrap).collect();
        let got: Vec<_> = got.iter().map(|(n, o, t)| (*n, *o, t.as_str())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_bad_line_costs_that_line() {
        let got = texts(b"toolong\n\xff\xfe\nok", 4);
        assert!(got[0].as_ref().unwrap_err().contains("line 1"));
        assert!(got[1].as_ref().unwrap_err().contains("UTF-8"));
        assert_eq!(got[2].as_ref().unwrap(), &(3, 11, "ok".to_owned()));
    }
}
