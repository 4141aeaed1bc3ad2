//! Names of files made from photos: they keep the folders of the photos and never collide.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::inputs::Input;

/// The stem, below the output folder, of what is made from each photo; in the order of `inputs`.
///
/// Photos that differ only in their extension get it into the stem (`a-png`), and photos of equal
/// relative paths a number (`a-2`). Letter case does not count: some file systems ignore it.
pub(crate) fn output_stems(inputs: &[Input]) -> Vec<PathBuf> {
    let mut taken = HashSet::new();
    inputs
        .iter()
        .map(|input| {
            let candidates = candidates(&safe(&input.relative));
            let free = |stem: &PathBuf| taken.insert(stem.to_string_lossy().to_lowercase());
            // The candidates never end, so there is always a free one.
            candidates.into_iter().find(free).unwrap_or_default()
        })
        .collect()
}

fn candidates(relative: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let plain = relative.with_extension("");
    let appended = |suffix: &str| {
        let mut name = OsString::from(&plain);
        name.push(suffix);
        PathBuf::from(name)
    };
    let extension = relative
        .extension()
        .map(|e| e.to_string_lossy().into_owned());
    let with_extension = extension.map(|extension| appended(&format!("-{extension}")));
    let base = plain.clone();
    let numbered = (2..).map(move |n: u64| {
        let mut name = OsString::from(&base);
        name.push(format!("-{n}"));
        PathBuf::from(name)
    });
    std::iter::once(plain).chain(with_extension).chain(numbered)
}

/// The parts of a path that can neither leave the output folder nor start at a root.
fn safe(relative: &Path) -> PathBuf {
    relative
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Source;

    fn stems(relative: &[&str]) -> Vec<String> {
        let inputs: Vec<Input> = relative
            .iter()
            .map(|path| Input {
                source: Source::Stdin,
                shown: (*path).to_owned(),
                relative: PathBuf::from(path),
            })
            .collect();
        let stems = output_stems(&inputs);
        stems
            .iter()
            .map(|s| s.to_string_lossy().replace('\\', "/"))
            .collect()
    }

    #[test]
    fn folders_are_kept_and_names_differ() {
        assert_eq!(
            stems(&[
                "x/a.jpg",
                "x/a.png",
                "y/a.jpg",
                "x/a.jpg",
                "x/A.jpg",
                "x/a-png.jpg"
            ]),
            ["x/a", "x/a-png", "y/a", "x/a-jpg", "x/A-2", "x/a-png-jpg"]
        );
    }

    #[test]
    fn nothing_leaves_the_output_folder() {
        assert_eq!(
            stems(&["../../etc/a.jpg", "/b.jpg", ".tar.jpg"]),
            ["etc/a", "b", ".tar"]
        );
    }
}
