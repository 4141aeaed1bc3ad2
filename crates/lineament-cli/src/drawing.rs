//! Annotated copies of the photos of a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament::Photo;

use crate::draw::encode::{Format, write_image};
use crate::draw::text::Typeface;
use crate::draw::{Mark, annotate};
use crate::failure::Failure;
use crate::inputs::Input;
use crate::names::output_stems;
use crate::trouble::WorkError;

/// Writes annotated copies into a folder.
pub(crate) struct Drawing {
    folder: PathBuf,
    stems: HashMap<String, PathBuf>,
    typeface: Typeface,
}

impl Drawing {
    /// A drawing of `inputs` into `folder`.
    pub(crate) fn new(folder: &Path, inputs: &[Input]) -> Result<Self, Failure> {
        let shown = inputs.iter().map(|input| input.shown.clone());
        Ok(Self {
            folder: folder.to_owned(),
            stems: shown.zip(output_stems(inputs)).collect(),
            typeface: Typeface::new()?,
        })
    }

    /// Writes the copy of one photo.
    pub(crate) fn write(
        &self,
        input: &Input,
        photo: &Photo,
        marks: &[Mark],
    ) -> Result<(), WorkError> {
        let Some(stem) = self.stems.get(&input.shown) else {
            return Ok(());
        };
        let image = annotate(Arc::unwrap_or_clone(photo.full()?), marks, &self.typeface);
        let stem = self.folder.join(stem);
        write_image(&stem, &image, Format::for_photo(&image))
            .map_err(|error| Failure::write(&stem, &error))?;
        Ok(())
    }
}
