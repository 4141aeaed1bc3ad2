//! JSON Lines: the journal's faces, one a line.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Pending, Row, RowSink};

pub(super) struct JsonlFile {
    pending: Pending,
    lines: BufWriter<std::fs::File>,
}

impl JsonlFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let pending = Pending::create(path)?;
        Ok(Self {
            lines: BufWriter::new(pending.file.try_clone()?),
            pending,
        })
    }
}

impl RowSink for JsonlFile {
    fn add(&mut self, _row: Row, json: &str) -> io::Result<()> {
        self.lines.write_all(json.as_bytes())?;
        self.lines.write_all(b"\n")
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.lines.flush()?;
        self.pending.commit()
    }
}
