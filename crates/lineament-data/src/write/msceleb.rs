//! MS-Celeb-1M: one image a line, as base64.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::part::PartText;
use super::{Sink, Start};
use crate::error::DataError;
use crate::sample::Sample;
use crate::sets::MIDDLE_COLUMNS;

pub(super) struct MsCelebWriter {
    path: PathBuf,
    text: PartText,
}

impl MsCelebWriter {
    pub(super) fn create(path: &Path, start: Start) -> Result<Self, DataError> {
        Ok(Self {
            text: PartText::create(path, start)?,
            path: path.to_owned(),
        })
    }

    pub(super) fn n_written(&self) -> u64 {
        self.text.n_lines()
    }

    fn line(&self, sample: &Sample, encoded: &[u8]) -> Result<String, DataError> {
        let unsupported = |what: &str| DataError::Unsupported {
            path: self.path.clone(),
            what: format!("{}, which {what},", sample.name),
            help: "leave it out".to_owned(),
        };
        let Some(person) = sample.person.as_deref().filter(|person| !person.is_empty()) else {
            return Err(unsupported("shows nobody known"));
        };
        // The rank and the face tell the images of a person apart.
        let rank = self.text.n_lines().to_string();
        let default = |name: &str| match name {
            "rank" => rank.clone(),
            "face_id" => "0".to_owned(),
            _ => String::new(),
        };
        let value = |name: &str| {
            sample
                .attributes
                .get(name)
                .cloned()
                .unwrap_or_else(|| default(name))
        };
        let mut fields = vec![person.to_owned()];
        fields.extend(MIDDLE_COLUMNS.map(value));
        if fields
            .iter()
            .any(|field| field.contains(['\t', '\n', '\r']))
        {
            return Err(unsupported("has a tab or a line break in a text"));
        }
        fields.push(STANDARD.encode(encoded));
        Ok(fields.join("\t"))
    }
}

impl Sink for MsCelebWriter {
    fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError> {
        let line = self.line(sample, encoded)?;
        self.text.line(&line)
    }

    fn finish(self: Box<Self>) -> Result<(), DataError> {
        self.text.finish()
    }
}
