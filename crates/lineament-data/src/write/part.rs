//! Files that have their name when they are whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Start;
use crate::error::DataError;

/// The name of `path` while it is written.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Makes the folder that `path` lies in, and refuses a file that is there already.
pub(super) fn prepare(path: &Path, start: Start) -> Result<(), DataError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| DataError::io(folder, error))?;
    }
    let exists = |path: &Path, help| {
        Err(DataError::Exists {
            path: path.to_owned(),
            help,
        })
    };
    if path.exists() {
        return exists(path, "it is complete; remove it, or name another");
    }
    let part = part_of(path);
    if start == Start::Afresh && part.exists() {
        return exists(&part, "a run did not finish it; resume that, or remove it");
    }
    Ok(())
}

/// A text file that is written line by line.
pub(super) struct PartText {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    n_lines: u64,
}

impl PartText {
    /// The text that will be at `path`, after the whole lines that an earlier run wrote.
    pub(super) fn create(path: &Path, start: Start) -> Result<Self, DataError> {
        prepare(path, start)?;
        let part = part_of(path);
        let io = |error| DataError::io(&part, error);
        let (n_bytes, n_lines) = if part.exists() {
            whole_lines(&part).map_err(io)?
        } else {
            (0, 0)
        };
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&part).map_err(io)?;
        file.set_len(n_bytes).map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            part,
            n_lines,
        })
    }

    /// Lines so far, those of earlier runs among them.
    pub(super) fn n_lines(&self) -> u64 {
        self.n_lines
    }

    /// The file while it is written.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    pub(super) fn line(&mut self, text: &str) -> Result<(), DataError> {
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| DataError::io(&self.part, error))?;
        self.n_lines += 1;
        Ok(())
    }

    /// Hands what was written to the system, where it outlives this process.
    pub(super) fn flush(&mut self) -> Result<(), DataError> {
        self.file
            .flush()
            .map_err(|error| DataError::io(&self.part, error))
    }

    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        let file = self.file.get_ref();
        file.sync_all()
            .map_err(|error| DataError::io(&self.part, error))?;
        rename(&self.part, &self.path)
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), DataError> {
    fs::rename(from, to).map_err(|error| DataError::io(to, error))
}

/// Bytes and number of the whole lines of the file at `path`.
fn whole_lines(path: &Path) -> std::io::Result<(u64, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut n_bytes, mut n_lines, mut end) = (0, 0, 0);
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok((end, n_lines));
        }
        n_lines += chunk.iter().filter(|&&byte| byte == b'\n').count() as u64;
        if let Some(last) = chunk.iter().rposition(|&byte| byte == b'\n') {
            end = n_bytes + last as u64 + 1;
        }
        let n_read = chunk.len();
        n_bytes += n_read as u64;
        reader.consume(n_read);
    }
}
