//! From paths, folders, globs and lists to the photos of a run, in an order that never changes.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::failure::Failure;

/// File extensions that make a file in a folder a photo. A file that is named is always taken.
const PHOTO_EXTENSIONS: [&str; 11] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "dib",
];

/// Where the bytes of a photo come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input, written `-`.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// A photo of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where its bytes come from.
    pub(crate) source: Source,
    /// Its path as users see it in messages and results.
    pub(crate) shown: String,
    /// Its path below the folder that was named; the file's name when it was named itself.
    pub(crate) relative: PathBuf,
}

/// Where the names of a list of files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListSource {
    /// Standard input, written `-`.
    Stdin,
    /// A file, one path a line.
    File(PathBuf),
}

/// What the user named: photos, folders, globs, `-`; and lists of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// The paths of the command line.
    pub(crate) paths: Vec<PathBuf>,
    /// A list of further paths.
    pub(crate) list: Option<ListSource>,
    /// Folders that the run writes to: photos in them are not taken when a folder is searched.
    pub(crate) outputs: Vec<PathBuf>,
}

impl Request {
    /// The photos, each once, in the order of the request and sorted by name within folders.
    ///
    /// # Errors
    /// [`Exit::BadInput`] when a folder or list cannot be read, a pattern matches nothing, or
    /// nothing is left. A named file that does not exist is returned: reading it reports it.
    pub(crate) fn list(&self) -> Result<Vec<Input>, Failure> {
        let mut listing = Listing::new(&self.outputs);
        for path in &self.paths {
            listing.add(path)?;
        }
        if let Some(list) = &self.list {
            for path in read_list(list)? {
                listing.add(&path)?;
            }
        }
        if listing.inputs.is_empty() {
            return Err(bad("no photo was found").help(format!(
                "folders are searched for files ending in {}",
                PHOTO_EXTENSIONS.join(", ")
            )));
        }
        Ok(listing.inputs)
    }
}

struct Listing {
    inputs: Vec<Input>,
    seen: HashSet<PathBuf>,
    skipped: Vec<PathBuf>,
}

impl Listing {
    fn new(outputs: &[PathBuf]) -> Self {
        Self {
            inputs: Vec::new(),
            seen: HashSet::new(),
            skipped: outputs
                .iter()
                .filter_map(|path| path.canonicalize().ok())
                .collect(),
        }
    }

    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            self.push(Source::Stdin, "-", Path::new("stdin"));
        } else if path.is_dir() {
            self.add_folder(path, path)?;
        } else if path.exists() || !is_pattern(path) {
            self.add_file(
                path,
                Path::new(path.file_name().unwrap_or(path.as_os_str())),
            );
        } else {
            self.add_matches(path)?;
        }
        Ok(())
    }

    /// Adds what matches a glob. Matching folders are searched.
    fn add_matches(&mut self, pattern: &Path) -> Result<(), Failure> {
        let text = pattern.to_string_lossy();
        let matches = glob::glob(&text)
            .map_err(|error| Failure::usage(format!("the pattern {text} is not one: {error}")))?;
        let mut matched = false;
        let root = fixed_part(pattern);
        for path in matches {
            let path = path.map_err(|error| bad(error.to_string()))?;
            matched = true;
            if path.is_dir() {
                self.add_folder(&path, &root)?;
            } else {
                self.add_file(&path, path.strip_prefix(&root).unwrap_or(&path));
            }
        }
        if matched {
            return Ok(());
        }
        Err(bad(format!("nothing matches {text}")))
    }

    fn add_folder(&mut self, folder: &Path, root: &Path) -> Result<(), Failure> {
        if self.is_output(folder) {
            return Ok(());
        }
        let unreadable = |error: io::Error| {
            bad(format!(
                "cannot read the folder {}: {error}",
                folder.display()
            ))
        };
        let mut entries = fs::read_dir(folder)
            .and_then(|entries| entries.collect::<io::Result<Vec<_>>>())
            .map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if is_hidden(&path) {
                continue;
            }
            // A link to a folder is not followed: it might lead back to where we are.
            if entry.file_type().map_err(unreadable)?.is_dir() {
                self.add_folder(&path, root)?;
            } else if has_photo_extension(&path) && path.is_file() {
                self.add_file(&path, path.strip_prefix(root).unwrap_or(&path));
            }
        }
        Ok(())
    }

    fn is_output(&self, folder: &Path) -> bool {
        !self.skipped.is_empty()
            && folder
                .canonicalize()
                .is_ok_and(|folder| self.skipped.contains(&folder))
    }

    fn add_file(&mut self, path: &Path, relative: &Path) {
        let shown = path.to_string_lossy().into_owned();
        self.push(Source::File(path.to_owned()), &shown, relative);
    }

    fn push(&mut self, source: Source, shown: &str, relative: &Path) {
        let key = match &source {
            Source::Stdin => PathBuf::from("-"),
            Source::File(path) => path.clone(),
        };
        if self.seen.insert(key) {
            self.inputs.push(Input {
                source,
                shown: shown.to_owned(),
                relative: relative.to_owned(),
            });
        }
    }
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(Exit::BadInput, message)
}

fn read_list(list: &ListSource) -> Result<Vec<PathBuf>, Failure> {
    let (lines, name) = match list {
        ListSource::Stdin => (lines(io::stdin().lock()), "standard input".to_owned()),
        ListSource::File(path) => (
            fs::File::open(path).and_then(|file| lines(io::BufReader::new(file))),
            path.display().to_string(),
        ),
    };
    lines.map_err(|error| {
        bad(format!(
            "cannot read the list of files from {name}: {error}"
        ))
    })
}

fn lines(reader: impl BufRead) -> Result<Vec<PathBuf>, io::Error> {
    let mut paths = Vec::new();
    for line in reader.lines() {
        let line = line?;
        let line = line.trim_end_matches('\r');
        if !line.is_empty() {
            paths.push(PathBuf::from(line));
        }
    }
    Ok(paths)
}

fn has_photo_extension(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| {
            PHOTO_EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_pattern(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// The folders of a pattern before its first wildcard.
fn fixed_part(pattern: &Path) -> PathBuf {
    pattern
        .components()
        .take_while(|component| !is_pattern(Path::new(component)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        dir
    }

    fn relative(request: &Request) -> Vec<String> {
        let inputs = request.list().unwrap();
        inputs
            .iter()
            .map(|input| input.relative.to_string_lossy().replace('\\', "/"))
            .collect()
    }

    fn request(paths: &[PathBuf]) -> Request {
        Request {
            paths: paths.to_vec(),
            ..Request::default()
        }
    }

    #[test]
    fn a_folder_is_searched_in_order_without_hidden_and_foreign_files() {
        let dir = tree(&[
            "b.PNG",
            "a/2.jpg",
            "a/10.jpg",
            ".hidden.jpg",
            "notes.txt",
            "._b.png",
        ]);
        let listed = relative(&request(&[dir.path().to_owned()]));
        assert_eq!(listed, ["a/10.jpg", "a/2.jpg", "b.PNG"]);
    }

    #[test]
    fn each_photo_comes_once() {
        let dir = tree(&["a.jpg", "b.jpg"]);
        let listed = relative(&request(&[
            dir.path().join("b.jpg"),
            dir.path().to_owned(),
            dir.path().join("*.jpg"),
        ]));
        assert_eq!(listed, ["b.jpg", "a.jpg"]);
    }

    #[test]
    fn globs_keep_the_folders_that_they_vary() {
        let dir = tree(&["x/1.jpg", "y/1.jpg", "y/2.txt"]);
        let listed = relative(&request(&[dir.path().join("*/*.jpg")]));
        assert_eq!(listed, ["x/1.jpg", "y/1.jpg"]);
    }

    #[test]
    fn the_folder_that_is_written_to_is_not_read() {
        let dir = tree(&["a.jpg", "drawn/a.png"]);
        let mut request = request(&[dir.path().to_owned()]);
        request.outputs = vec![dir.path().join("drawn")];
        assert_eq!(relative(&request), ["a.jpg"]);
    }

    #[test]
    fn lists_are_read_line_by_line() {
        let read = lines(io::Cursor::new("a.jpg\r\n\nb c.jpg\n")).unwrap();
        assert_eq!(read, [PathBuf::from("a.jpg"), PathBuf::from("b c.jpg")]);
    }

    #[test]
    fn nothing_found_is_an_error_but_a_missing_file_is_not() {
        let dir = tree(&["notes.txt"]);
        let exit = |path: PathBuf| request(&[path]).list().unwrap_err().exit();
        assert_eq!(exit(dir.path().to_owned()), Exit::BadInput);
        assert_eq!(exit(dir.path().join("*.jpg")), Exit::BadInput);
        assert_eq!(relative(&request(&[dir.path().join("no.jpg")])), ["no.jpg"]);
    }
}
