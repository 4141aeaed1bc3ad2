//! Lists of images that show somebody else than their label says.

use std::collections::HashSet;
use std::path::Path;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::Lines;

/// Images to leave out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noises {
    names: HashSet<String>,
}

impl Noises {
    /// The list at `path`.
    ///
    /// # Errors
    /// [`DataError::Line`] for a line that is too long or no UTF-8; [`DataError::Limit`];
    /// [`DataError::Io`].
    pub fn read(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
        let mut names = HashSet::new();
        while let Some(line) = lines.next_line() {
            let text = line?.text.trim();
            if !text.starts_with('#') {
                names.insert(underscored(text));
            }
        }
        Ok(Self { names })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// True when the list names the image at `path`: by the end of that path, from any folder on, with
    /// `_` for a space (`Adam_Brody_2.png` for `Adam Brody/Adam Brody_2.png`).
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        let path = underscored(path);
        let starts = path.match_indices('/').map(|(slash, _)| slash + 1);
        std::iter::once(0)
            .chain(starts)
            .any(|start| self.names.contains(&path[start..]))
    }
}

fn underscored(path: &str) -> String {
    path.replace(' ', "_")
}
