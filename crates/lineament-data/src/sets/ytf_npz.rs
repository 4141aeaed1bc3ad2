//! YouTube Faces as `.npz` files: one a video, named `<person>_<number>.npz`.

use std::path::{Path, PathBuf};

use super::{Columns, Container, Samples};
use crate::error::DataError;
use crate::images::files_below;
use crate::people::Interner;
use crate::sample::Sample;
use crate::source::ImageSource;

pub(super) struct YtfNpz {
    root: PathBuf,
    files: Vec<String>,
}

impl YtfNpz {
    /// The videos below the folder at `path`, or the one that it is.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            let files = files_below(path, is_npz)?;
            let root = path.to_owned();
            return Ok(Self { root, files });
        }
        let name = path.file_name().unwrap_or_default();
        Ok(Self {
            root: path.parent().unwrap_or(Path::new("")).to_owned(),
            files: vec![name.to_string_lossy().into_owned()],
        })
    }
}

impl Container for YtfNpz {
    fn columns(&self) -> Columns {
        Columns::default()
    }

    fn samples(&self) -> Samples {
        let mut interner = Interner::default();
        let root = self.root.clone();
        Box::new(self.files.clone().into_iter().map(move |file| {
            let image = ImageSource::Video(root.join(&file).into());
            Ok(Sample {
                person: interner.get_some(person_of(&file)),
                ..Sample::new(file, image)
            })
        }))
    }

    fn len_hint(&self) -> Option<u64> {
        Some(self.files.len() as u64)
    }
}

pub(crate) fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npz")
}

/// The name of the file without its number: `a/Ada_Byron_0.npz` shows Ada_Byron.
fn person_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.strip_suffix(".npz").unwrap_or(name);
    match stem.rsplit_once('_') {
        Some((person, number)) if number.bytes().all(|b| b.is_ascii_digit()) => person,
        _ => stem,
    }
}
