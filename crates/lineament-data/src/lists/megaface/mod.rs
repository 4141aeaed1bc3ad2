//! MegaFace, challenge 1 (Kemelmacher-Shlizerman, Seitz, Miller, Brossard, 2016).
//!
//! Its lists of probes and distractors are JSON, `{"path": [...], "id": [...]}`, with the person of
//! every path. Noise lists (InsightFace) name images to leave out, one a line, below lines that start
//! with `#`. Features are passed between programs as files, one an image.

mod features;
mod noises;

use std::collections::HashSet;
use std::path::{Component, Path};

use serde::Deserialize;

use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::check_size;
use crate::pairs::Item;

pub use features::{parse_features, read_features, write_features};
pub use noises::Noises;

/// The content of a list.
#[derive(Deserialize)]
struct PathsAndIds {
    path: Vec<String>,
    id: Vec<Id>,
}

/// Identities are names in one list and numbers in another.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Name(String),
    Number(i64),
}

/// The faces of the list at `path`, by their paths and with their identities as persons.
///
/// `images` is the folder (or the folder of zip archives) that the paths are below; `None` where only
/// features are read, and items then have no image.
///
/// # Errors
/// [`DataError::Line`] for a file that is not such JSON; [`DataError::Entry`] for another number of
/// identities than of paths, and for a path that leads out of the folder, occurs twice, or has no
/// image; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_list(
    path: &Path,
    images: Option<&Path>,
    limits: &DataLimits,
) -> Result<Vec<Item>, DataError> {
    let PathsAndIds { path: paths, id } = read_json(path, limits)?;
    if paths.len() != id.len() {
        let entry = paths.len().min(id.len()) as u64;
        let got = format!("{} paths and {} identities", paths.len(), id.len());
        return Err(DataError::entry(
            path,
            entry,
            "an identity for every path",
            got,
        ));
    }
    check_paths(path, &paths)?;
    let mut finder = images.map(|images| ImageFinder::new(images, limits));
    let mut items = Vec::with_capacity(paths.len());
    for (entry, (name, id)) in paths.into_iter().zip(id).enumerate() {
        let image = match &mut finder {
            Some(finder) => Some(finder.find(&name)?.ok_or_else(|| {
                let got = format!("{name:?}, which is not there");
                DataError::entry(path, entry as u64, "the path of an image", got)
            })?),
            None => None,
        };
        items.push(Item {
            name,
            person: Some(match id {
                Id::Name(name) => name,
                Id::Number(number) => number.to_string(),
            }),
            images: image.into_iter().collect(),
        });
    }
    Ok(items)
}

fn check_paths(list: &Path, paths: &[String]) -> Result<(), DataError> {
    let mut known = HashSet::with_capacity(paths.len());
    for (entry, name) in paths.iter().enumerate() {
        let expected = if !is_below(name) {
            "a path below the images' folder"
        } else if !known.insert(name) {
            "a path that is not in the list yet"
        } else {
            continue;
        };
        let got = format!("{name:?}");
        return Err(DataError::entry(list, entry as u64, expected, got));
    }
    Ok(())
}

fn read_json(path: &Path, limits: &DataLimits) -> Result<PathsAndIds, DataError> {
    check_size(path, limits.max_list_bytes)?;
    let bytes = std::fs::read(path).map_err(|error| DataError::io(path, error))?;
    let list: PathsAndIds = serde_json::from_slice(&bytes).map_err(|error| {
        let expected = "the JSON `{\"path\": [...], \"id\": [...]}`";
        DataError::line(path, error.line() as u64, expected, error.to_string())
    })?;
    let got = list.path.len().max(list.id.len()) as u64;
    if got > limits.max_entries {
        return Err(DataError::Limit {
            path: path.to_owned(),
            what: "entries of a list",
            limit: limits.max_entries,
            got,
        });
    }
    Ok(list)
}

/// True for the relative path of a file that does not lead out of where it starts.
fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
