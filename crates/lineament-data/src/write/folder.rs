//! `root/<person>/<image>`.

use std::path::Path;

use super::Sink;
use super::files::ImageFiles;
use crate::error::DataError;
use crate::sample::Sample;

pub(super) struct FolderWriter {
    files: ImageFiles,
}

impl FolderWriter {
    pub(super) fn create(root: &Path) -> Result<Self, DataError> {
        std::fs::create_dir_all(root).map_err(|error| DataError::io(root, error))?;
        let files = ImageFiles::new(root);
        Ok(Self { files })
    }
}

impl Sink for FolderWriter {
    fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError> {
        self.files.write(sample, encoded).map(drop)
    }

    fn finish(self: Box<Self>) -> Result<(), DataError> {
        Ok(())
    }
}
