//! Image files below a folder, named after their samples.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::part::{part_of, rename};
use crate::error::DataError;
use crate::images::{extension_of, has_image_extension};
use crate::sample::Sample;

/// Writes images as `<person>/<name>` below a folder, images of nobody known right into it.
pub(super) struct ImageFiles {
    root: PathBuf,
    /// Whose folder is whose, for names that look the same as folders.
    people: HashMap<String, Arc<str>>,
}

impl ImageFiles {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            people: HashMap::new(),
        }
    }

    /// Writes an image, unless it is there already; returns its path below the folder.
    ///
    /// # Errors
    /// [`DataError::Unsupported`] when its name is that of another image, or the person's that of
    /// another person, or when the bytes are of no known image format; [`DataError::Io`].
    pub(super) fn write(&mut self, sample: &Sample, encoded: &[u8]) -> Result<String, DataError> {
        let name = self.name_of(sample, encoded)?;
        let path = self.root.join(&name);
        if path.exists() {
            let there = fs::read(&path).map_err(|error| DataError::io(&path, error))?;
            if there == encoded {
                return Ok(name);
            }
            return Err(DataError::Unsupported {
                path,
                what: format!("a second image of the name {}", sample.name),
                help: "rename one, or remove the one that is there".to_owned(),
            });
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| DataError::io(folder, error))?;
        let part = part_of(&path);
        fs::write(&part, encoded).map_err(|error| DataError::io(&part, error))?;
        rename(&part, &path)?;
        Ok(name)
    }

    fn name_of(&mut self, sample: &Sample, encoded: &[u8]) -> Result<String, DataError> {
        let mut pieces: Vec<String> = sample.name.split(['/', '\\']).map(portable).collect();
        if let Some(person) = &sample.person {
            let folder = portable(person);
            self.claim(&folder, person)?;
            if pieces.len() < 2 || pieces[0] != folder {
                pieces.insert(0, folder);
            }
        } else {
            // In a folder below the root it would show somebody.
            pieces = vec![pieces.join("_")];
        }
        let mut name = pieces.join("/");
        if !has_image_extension(Path::new(&name)) {
            let extension = extension_of(encoded).ok_or_else(|| DataError::Unsupported {
                path: self.root.join(&name),
                what: "an image of unknown format".to_owned(),
                help: "JPEG, PNG, WebP, GIF, BMP and TIFF have a file extension".to_owned(),
            })?;
            name = format!("{name}.{extension}");
        }
        Ok(name)
    }

    fn claim(&mut self, folder: &str, person: &Arc<str>) -> Result<(), DataError> {
        let owner = match self.people.get(folder) {
            Some(owner) => owner,
            None => self
                .people
                .entry(folder.to_owned())
                .or_insert(person.clone()),
        };
        if owner == person {
            return Ok(());
        }
        Err(DataError::Unsupported {
            path: self.root.join(folder),
            what: format!("one folder for {owner:?} and {person:?}"),
            help: "rename one of them".to_owned(),
        })
    }
}

/// The text as a file name of every system that is not hidden.
fn portable(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    let name: String = text
        .chars()
        .map(|c| if is_odd(c) { '_' } else { c })
        .collect();
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_empty() || name.starts_with('.') {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ImageSource;

    fn sample(name: &str, person: Option<&str>) -> Sample {
        let mut sample = Sample::new(name, ImageSource::Memory([].into()));
        sample.person = person.map(Into::into);
        sample
    }

    #[test]
    fn nothing_is_written_outside_and_nobody_is_mixed_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = ImageFiles::new(dir.path());
        let png = b"\x89PNG";
        let mut write = |name, person| files.write(&sample(name, person), png);
        assert_eq!(write("../../x.jpg", Some("..")).unwrap(), "_/_/x.jpg");
        assert_eq!(write("Ada/1", Some("Ada")).unwrap(), "Ada/1.png");
        assert_eq!(write("7", Some("A:B")).unwrap(), "A_B/7.png");
        assert_eq!(write("no/body.gif", None).unwrap(), "no_body.gif");
        assert!(write("8", Some("A_B")).is_err());
        assert!(files.write(&sample("Ada/1", Some("Ada")), b"GIF8").is_ok());
        assert!(
            files
                .write(&sample("Ada/1", Some("Ada")), b"\x89PNG2")
                .is_err()
        );
        assert!(files.write(&sample("Ada/2", Some("Ada")), b"text").is_err());
    }
}
