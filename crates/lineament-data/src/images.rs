//! Image files: which files are images, and where the images of a list lie.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::natural::natural_order;
use crate::source::ImageSource;
use crate::zip::ZipArchive;

/// File extensions that make a file in a folder an image.
pub(crate) const EXTENSIONS: [&str; 8] =
    ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"];

/// Folders within folders that are followed; deeper ones are taken for a loop of links.
const MAX_DEPTH: usize = 32;

/// True for a name that ends like an image's.
pub(crate) fn has_image_extension(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

/// The file extension of an encoded image by its first bytes.
pub(crate) fn extension_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("jpg"),
        [0x89, b'P', b'N', b'G', ..] => Some("png"),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [b'B', b'M', ..] => Some("bmp"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some("tif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("webp"),
        _ => None,
    }
}

/// What a folder holds, in natural order and without hidden things.
pub(crate) struct Listing {
    /// Names of folders, links to folders among them.
    pub(crate) folders: Vec<String>,
    /// Names of files.
    pub(crate) files: Vec<String>,
}

/// Lists the folder at `path`.
///
/// # Errors
/// [`DataError::Io`]; [`DataError::Unsupported`] for a name that is not UTF-8.
pub(crate) fn list_folder(path: &Path) -> Result<Listing, DataError> {
    let io = |error| DataError::io(path, error);
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| DataError::Unsupported {
                path: path.join(name),
                what: "a name that is not UTF-8".to_owned(),
                help: "rename it".to_owned(),
            })?;
        if name.starts_with('.') {
            continue;
        }
        let is_folder = entry.file_type().map_err(io)?.is_dir() || entry.path().is_dir();
        if is_folder {
            folders.push(name);
        } else {
            files.push(name);
        }
    }
    folders.sort_by(|a, b| natural_order(a, b));
    files.sort_by(|a, b| natural_order(a, b));
    Ok(Listing { folders, files })
}

/// The files below `root` whose extension `wanted` accepts, as paths below it with `/`: the files of
/// a folder first, then those of its folders, each in natural order.
pub(crate) fn files_below(
    root: &Path,
    wanted: fn(&Path) -> bool,
) -> Result<Vec<String>, DataError> {
    let mut files = Vec::new();
    collect(root, "", 0, wanted, &mut files)?;
    Ok(files)
}

fn collect(
    folder: &Path,
    prefix: &str,
    depth: usize,
    wanted: fn(&Path) -> bool,
    files: &mut Vec<String>,
) -> Result<(), DataError> {
    if depth > MAX_DEPTH {
        return Err(DataError::Unsupported {
            path: folder.to_owned(),
            what: format!("a folder more than {MAX_DEPTH} folders deep"),
            help: "is there a link that leads back?".to_owned(),
        });
    }
    let listing = list_folder(folder)?;
    let images = listing.files.iter().filter(|name| wanted(Path::new(name)));
    files.extend(images.map(|name| format!("{prefix}{name}")));
    for name in &listing.folders {
        let prefix = format!("{prefix}{name}/");
        collect(&folder.join(name), &prefix, depth + 1, wanted, files)?;
    }
    Ok(())
}

/// The zip archive and the member in it that a path with `/` goes through.
pub(crate) fn split_archive(name: &str) -> Option<(&str, &str)> {
    let at = name.to_ascii_lowercase().find(".zip/")?;
    Some((&name[..at + 4], &name[at + 5..]))
}

/// Finds the images that a list names: files below a folder, members of the zip archives in it, or
/// members of archives that the names go through.
pub(crate) struct ImageFinder {
    root: PathBuf,
    limits: DataLimits,
    /// Those of the folder, opened when the first file is missing.
    archives: Option<Vec<ZipArchive>>,
    /// Those that images are named in, as `faces.zip/Ada/1.jpg`.
    named: HashMap<PathBuf, ZipArchive>,
}

impl ImageFinder {
    /// A finder of paths below `root`. Absolute paths are taken as they are.
    pub(crate) fn new(root: &Path, limits: &DataLimits) -> Self {
        Self {
            root: root.to_owned(),
            limits: *limits,
            archives: None,
            named: HashMap::new(),
        }
    }

    /// Where the image `name` lies; `None` when there is none.
    ///
    /// # Errors
    /// Those of an archive that cannot be read.
    pub(crate) fn find(&mut self, name: &str) -> Result<Option<ImageSource>, DataError> {
        let path = self.root.join(name);
        if path.is_file() {
            return Ok(Some(ImageSource::File(path)));
        }
        let name = name.replace('\\', "/");
        if let Some((archive, member)) = split_archive(&name) {
            let archive = self.root.join(archive);
            if archive.is_file() {
                return self.named(archive)?.member(member).transpose();
            }
        }
        let member = name.trim_start_matches("./");
        let found = self
            .archives()?
            .iter_mut()
            .find_map(|archive| archive.member(member));
        found.transpose()
    }

    fn named(&mut self, archive: PathBuf) -> Result<&mut ZipArchive, DataError> {
        match self.named.entry(archive) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(vacant) => {
                let opened = ZipArchive::open(vacant.key(), &self.limits)?;
                Ok(vacant.insert(opened))
            }
        }
    }

    fn archives(&mut self) -> Result<&mut Vec<ZipArchive>, DataError> {
        let archives = match self.archives.take() {
            Some(archives) => archives,
            None => open_archives(&self.root, &self.limits)?,
        };
        Ok(self.archives.insert(archives))
    }
}

fn open_archives(root: &Path, limits: &DataLimits) -> Result<Vec<ZipArchive>, DataError> {
    // The folder of a list that is named without one.
    let root = match root.as_os_str().is_empty() {
        true => Path::new("."),
        false => root,
    };
    let names = list_folder(root)?.files;
    let is_zip = |name: &&String| name.to_ascii_lowercase().ends_with(".zip");
    names
        .iter()
        .filter(is_zip)
        .map(|name| ZipArchive::open(&root.join(name), limits))
        .collect()
}

/// Files of one folder by their names without extension, for lists that leave the extension out.
#[derive(Default)]
pub(crate) struct Stems {
    folder: PathBuf,
    by_stem: HashMap<String, String>,
}

impl Stems {
    /// The image of `folder` whose name without extension is `stem`. The folder that was asked for
    /// last is remembered; one that is not there has no images.
    pub(crate) fn find(&mut self, folder: &Path, stem: &str) -> Result<Option<PathBuf>, DataError> {
        if self.folder != folder {
            self.by_stem.clear();
            folder.clone_into(&mut self.folder);
            if folder.is_dir() {
                let images = list_folder(folder)?.files.into_iter();
                let images = images.filter(|name| has_image_extension(Path::new(name)));
                let stem_of = |name: &str| {
                    name.rsplit_once('.')
                        .map_or(name, |(stem, _)| stem)
                        .to_owned()
                };
                self.by_stem = images.map(|name| (stem_of(&name), name)).collect();
            }
        }
        Ok(self.by_stem.get(stem).map(|name| folder.join(name)))
    }
}
