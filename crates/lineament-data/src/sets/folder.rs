//! `root/<person>/<image>`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Columns, Container, Samples, failed};
use crate::error::DataError;
use crate::images::{files_below, has_image_extension, list_folder};
use crate::sample::Sample;
use crate::source::ImageSource;

pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let root = self.root.clone();
        let listing = list_folder(&root)?;
        let of_nobody = listing
            .files
            .into_iter()
            .filter(|name| has_image_extension(Path::new(name)));
        let nobody_root = root.clone();
        let of_nobody = of_nobody.map(move |name| Ok(sample(&nobody_root, name, None)));
        // The images of one person at a time are in memory.
        let of_people = listing
            .folders
            .into_iter()
            .flat_map(move |person| of_person(&root, person));
        Ok(Box::new(of_nobody.chain(of_people)))
    }
}

impl Container for Folder {
    fn columns(&self) -> Columns {
        Columns::default()
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        None
    }
}

/// The images of the folder `person` below `root`.
pub(super) fn of_person(root: &Path, person: String) -> Samples {
    let files = match files_below(&root.join(&person), has_image_extension) {
        Ok(files) => files,
        Err(error) => return failed(error),
    };
    let root = root.to_owned();
    let person: Arc<str> = person.into();
    Box::new(files.into_iter().map(move |file| {
        let name = format!("{person}/{file}");
        Ok(sample(&root, name, Some(person.clone())))
    }))
}

fn sample(root: &Path, name: String, person: Option<Arc<str>>) -> Sample {
    let image = ImageSource::File(root.join(&name));
    Sample {
        person,
        ..Sample::new(name, image)
    }
}
