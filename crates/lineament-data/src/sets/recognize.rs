//! Which kind of set lies at a path.

use std::path::{Path, PathBuf};

use super::{SetKind, celeba, csv_list, facescrub, vggface2, ytf_npz};
use crate::error::DataError;
use crate::images::{files_below, has_image_extension, list_folder};

/// What is looked for in a folder, for the error when nothing is found.
const LOOKED_FOR: &str = "a .csv with a column `file`, a .parquet, a .rec, a .tsv, \
    identity_CelebA.txt, facescrub_actors.txt, identity_meta.csv, .npz files, \
    or folders of images, one a person";

/// The kind of the set at `path`, which may be given, and the file or folder that it is read from.
///
/// # Errors
/// [`DataError::Missing`] when nothing is found, or more than one thing.
pub(super) fn recognize(
    path: &Path,
    kind: Option<SetKind>,
) -> Result<(SetKind, PathBuf), DataError> {
    if let Err(error) = std::fs::metadata(path) {
        return Err(DataError::io(path, error));
    }
    let candidates = if path.is_dir() {
        in_folder(path, kind)?
    } else {
        vec![(kind_of_file(path, kind)?, path.to_owned())]
    };
    match candidates.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(nothing(path, kind)),
        several => Err(ambiguous(path, several)),
    }
}

fn in_folder(path: &Path, kind: Option<SetKind>) -> Result<Vec<(SetKind, PathBuf)>, DataError> {
    let wanted = |candidate: SetKind| kind.is_none_or(|kind| kind == candidate);
    let mut found: Vec<(SetKind, PathBuf)> = Vec::new();
    for name in list_folder(path)?.files {
        let file = path.join(&name);
        let kind = match of_extension(&file) {
            Some(SetKind::CsvList) if !csv_list::is_list(&file) => None,
            // Videos are many files, which make one set.
            Some(SetKind::YtfNpz) | None => None,
            Some(kind) => Some(kind),
        };
        found.extend(kind.filter(|kind| wanted(*kind)).map(|kind| (kind, file)));
    }
    prefer_usual_names(&mut found);
    let whole = |kind| (kind, path.to_owned());
    if wanted(SetKind::CelebA) && celeba::is_celeba(path) {
        found.push(whole(SetKind::CelebA));
    }
    if wanted(SetKind::FaceScrub) && facescrub::is_facescrub(path) {
        found.push(whole(SetKind::FaceScrub));
    }
    if wanted(SetKind::VggFace2) && vggface2::is_vggface2(path) {
        found.push(whole(SetKind::VggFace2));
    }
    // Folders of images lie beside most of the others: they count where nothing else does.
    if found.is_empty() && wanted(SetKind::YtfNpz) && has_videos(path)? {
        found.push(whole(SetKind::YtfNpz));
    }
    if found.is_empty() && wanted(SetKind::Folder) && has_images(path)? {
        found.push(whole(SetKind::Folder));
    }
    Ok(found)
}

/// Of several files of a kind, the one with the usual name is meant.
fn prefer_usual_names(found: &mut Vec<(SetKind, PathBuf)>) {
    let usual = [
        (SetKind::RecordIo, "train.rec"),
        (SetKind::CsvList, "list.csv"),
        (SetKind::ParquetList, "list.parquet"),
    ];
    for (kind, name) in usual {
        let is_usual = |(of, path): &(SetKind, PathBuf)| *of == kind && path.ends_with(name);
        if found.iter().any(is_usual) {
            found.retain(|candidate| candidate.0 != kind || is_usual(candidate));
        }
    }
}

fn kind_of_file(path: &Path, kind: Option<SetKind>) -> Result<SetKind, DataError> {
    match kind.or_else(|| of_extension(path)) {
        Some(
            kind @ (SetKind::CsvList
            | SetKind::ParquetList
            | SetKind::RecordIo
            | SetKind::MsCelebTsv
            | SetKind::YtfNpz),
        ) => Ok(kind),
        Some(kind) => Err(DataError::Missing {
            path: path.to_owned(),
            missing: "a folder".to_owned(),
            help: format!("a set of kind {kind} is a folder; name that"),
        }),
        None => Err(nothing(path, kind)),
    }
}

fn of_extension(path: &Path) -> Option<SetKind> {
    match path.extension()?.to_str()? {
        "csv" => Some(SetKind::CsvList),
        "parquet" => Some(SetKind::ParquetList),
        "rec" => Some(SetKind::RecordIo),
        "tsv" => Some(SetKind::MsCelebTsv),
        "npz" => Some(SetKind::YtfNpz),
        _ => None,
    }
}

fn has_videos(path: &Path) -> Result<bool, DataError> {
    Ok(!files_below(path, ytf_npz::is_npz)?.is_empty())
}

fn has_images(path: &Path) -> Result<bool, DataError> {
    let listing = list_folder(path)?;
    if listing
        .files
        .iter()
        .any(|name| has_image_extension(Path::new(name)))
    {
        return Ok(true);
    }
    for folder in listing.folders {
        if !files_below(&path.join(folder), has_image_extension)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn nothing(path: &Path, kind: Option<SetKind>) -> DataError {
    let missing = match kind {
        Some(kind) => format!("a set of kind {kind}"),
        None => "a labelled set".to_owned(),
    };
    DataError::Missing {
        path: path.to_owned(),
        missing,
        help: format!("looked for {LOOKED_FOR}"),
    }
}

fn ambiguous(path: &Path, found: &[(SetKind, PathBuf)]) -> DataError {
    let found: Vec<String> = found
        .iter()
        .map(|(kind, path)| format!("{kind} ({})", path.display()))
        .collect();
    DataError::Missing {
        path: path.to_owned(),
        missing: "a set that can be told from the others".to_owned(),
        help: format!("name one of these, or its kind: {}", found.join(", ")),
    }
}
