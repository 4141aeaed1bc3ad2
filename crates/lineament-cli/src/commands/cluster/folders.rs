//! A folder for every group: links to its photos, or pictures of its faces.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Group, Settings};
use crate::album::library::Library;
use crate::album::store::Store;
use crate::album::thumbnails::Thumbnails;
use crate::args::cluster::Folders;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};

/// The folder of the folders.
const FOLDER: &str = "groups";
/// What was made by the last run is kept under this name.
const MADE: &str = "made";

/// Makes the folders anew. Only what an earlier run made is removed before: whatever else the user put
/// there stays.
pub(super) fn write(
    settings: &Settings,
    store: &Store,
    groups: &[Group],
    library: &Library,
    inputs: &[Input],
    crops: Option<&Thumbnails>,
) -> Result<(), Failure> {
    let Some(folders) = settings.folders else {
        return Ok(());
    };
    let root = settings.out.join(FOLDER);
    remove(
        &root,
        &store.note::<Vec<PathBuf>>(MADE)?.unwrap_or_default(),
    );
    let mut plan = Vec::new();
    for group in groups.iter().filter(|group| group.faces.len() > 1) {
        let folder = PathBuf::from(format!("{:04}", group.group));
        let mut names = Names::in_folder(&root.join(&folder));
        for face in &group.faces {
            let input = &inputs[library.photos[face.face.photo_idx].inputs[0]];
            let (source, name) = match crops {
                Some(crops) => {
                    let name = input.relative.with_extension("jpg");
                    (crops.of_face(library.key(face.face)), names.free(&name))
                }
                None => (absolute(input)?, names.free(&input.relative)),
            };
            plan.push((source, folder.join(name)));
        }
    }
    // Noted before it is made, so that the next run finds what a run leaves that is cut short.
    let made: Vec<&PathBuf> = plan.iter().map(|(_, name)| name).collect();
    store.put_note(MADE, &made)?;
    for (source, name) in &plan {
        let target = root.join(name);
        make(folders, source, &target).map_err(|error| Failure::write(&target, &error))?;
    }
    Ok(())
}

fn make(folders: Folders, source: &Path, target: &Path) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    match folders {
        Folders::Links => link(source, target),
        Folders::Crops => fs::copy(source, target).map(|_| ()),
    }
}

/// File names in a folder, each once.
struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// Names beside those that are there.
    fn in_folder(folder: &Path) -> Self {
        let there = fs::read_dir(folder).into_iter().flatten().flatten();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().to_lowercase();
        Self {
            taken: there.map(name).collect(),
        }
    }

    /// The name of the file, or one with a number where that is taken. Letter case does not count: some
    /// file systems ignore it.
    fn free(&mut self, relative: &Path) -> PathBuf {
        let stem = relative.file_stem().unwrap_or_default().to_string_lossy();
        let dot = relative.extension().map_or_else(String::new, |extension| {
            format!(".{}", extension.to_string_lossy())
        });
        let plain = std::iter::once(format!("{stem}{dot}"));
        let numbered = (2..).map(|n: u64| format!("{stem}-{n}{dot}"));
        let mut names = plain.chain(numbered);
        let free = names.find(|name| self.taken.insert(name.to_lowercase()));
        PathBuf::from(free.unwrap_or_default())
    }
}

fn absolute(input: &Input) -> Result<PathBuf, Failure> {
    let Source::File(path) = &input.source else {
        let message = "a photo on standard input has no file that a folder could link to";
        return Err(Failure::usage(message).help("--folders crops holds pictures of the faces"));
    };
    path.canonicalize()
        .map_err(|error| Failure::new(Exit::BadInput, format!("{}: {error}", input.shown)))
}

fn link(source: &Path, target: &Path) -> io::Result<()> {
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(source, target);
    #[cfg(not(windows))]
    return std::os::unix::fs::symlink(source, target);
}

/// Removes what was made, and folders that are empty then. What is gone already is no trouble.
fn remove(root: &Path, made: &[PathBuf]) {
    let folders: HashSet<&Path> = made.iter().filter_map(|name| name.parent()).collect();
    for name in made {
        let _ = fs::remove_file(root.join(name));
    }
    for folder in folders {
        let _ = fs::remove_dir(root.join(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_differ() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.jpg"), b"").unwrap();
        let mut names = Names::in_folder(folder.path());
        let given = ["a/x.jpg", "b/x.jpg", "X.JPG", "x", "mine.jpg"];
        let free = given.map(|name| names.free(Path::new(name)));
        let expected = ["x.jpg", "x-2.jpg", "X-3.JPG", "x", "mine-2.jpg"];
        assert_eq!(free, expected.map(PathBuf::from));
    }

    #[test]
    fn only_what_was_made_is_removed() {
        let root = tempfile::tempdir().unwrap();
        for name in ["1/made.jpg", "1/mine.jpg", "2/made.jpg"] {
            make(Folders::Crops, &file(root.path()), &root.path().join(name)).unwrap();
        }
        let made = ["1/made.jpg", "2/made.jpg", "3/gone.jpg"].map(PathBuf::from);
        remove(root.path(), &made);
        let left = |name| root.path().join(name).exists();
        assert_eq!(
            ["1/made.jpg", "1/mine.jpg", "2"].map(left),
            [false, true, false]
        );
    }

    fn file(folder: &Path) -> PathBuf {
        let path = folder.join("source");
        fs::write(&path, b"a picture").unwrap();
        path
    }
}
