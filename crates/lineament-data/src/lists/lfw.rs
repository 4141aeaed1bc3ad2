//! The lists of Labeled Faces in the Wild (Huang et al., 2007).
//!
//! `pairsDevTrain.txt` and `pairsDevTest.txt` (View 1) start with the number N of mated pairs, and
//! hold N mated lines `name i j`, then N non-mated lines `name1 i name2 j`. `pairs.txt` (View 2)
//! starts with the number of folds and N, and holds so many such blocks. Fields are separated by tabs
//! or spaces. Image i of a person is `name/name_%04d.jpg`.

use std::path::{Path, PathBuf};

use super::builder::{PairBuilder, SamePair};
use crate::bin::stem;
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::pairs::{Item, PairProtocol};
use crate::sets::Place;
use crate::source::ImageSource;

/// What image files end with, the original's first.
const EXTENSIONS: [&str; 4] = ["jpg", "png", "webp", "jpeg"];

/// The comparisons that the list at `pairs` makes of the images in the folder `images`.
///
/// # Errors
/// [`DataError::Line`] for a line that is not the pair that should stand there, for a wrong count, a
/// pair that occurs twice in either order, a non-mated pair of one person, an image number of 0 and
/// an image that is not there; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_pairs(
    pairs: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<PairProtocol, DataError> {
    let mut lines = Lines::of_list(pairs, limits.max_list_bytes)?;
    let expected = "the number of pairs, or of folds and of pairs";
    let counts = match lines.next_line().transpose()? {
        Some(line) => Counts::of(line.text)
            .ok_or_else(|| DataError::line(pairs, line.number, expected, shown(line.text)))?,
        None => return Err(DataError::line(pairs, 1, expected, "an empty file")),
    };
    let n_pairs = counts.total();
    if n_pairs > limits.max_entries {
        return Err(DataError::Limit {
            path: pairs.to_owned(),
            what: "pairs of a list",
            limit: limits.max_entries,
            got: n_pairs,
        });
    }
    let mut reading = Reading {
        list: pairs,
        images,
        builder: PairBuilder::new(SamePair::InEitherOrder, limits.max_entries),
    };
    let mut n_read = 0;
    let mut last_line = 1;
    while let Some(line) = lines.next_line() {
        let line = line?;
        if n_read == n_pairs {
            let expected = format!("no more than {n_pairs} pairs, as line 1 says");
            return Err(DataError::line(
                pairs,
                line.number,
                expected,
                shown(line.text),
            ));
        }
        reading.add(line.number, line.text, counts.slot(n_read))?;
        last_line = line.number;
        n_read += 1;
    }
    if n_read < n_pairs {
        let expected = format!("{n_pairs} pairs, as line 1 says");
        let got = format!("the end of the file after {n_read}");
        return Err(DataError::line(pairs, last_line + 1, expected, got));
    }
    let n_folds = counts.n_folds as usize;
    Ok(reading.builder.finish(counts.name(pairs), n_folds))
}

/// What the first line says.
struct Counts {
    n_folds: u64,
    /// Mated pairs of a fold, and as many others.
    n_mated: u64,
    is_view_2: bool,
}

/// What the pair of a line must be.
struct Slot {
    fold: u64,
    mated: bool,
}

impl Counts {
    fn of(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
        let counts = match numbers?[..] {
            [n_mated] => Self {
                n_folds: 1,
                n_mated,
                is_view_2: false,
            },
            [n_folds, n_mated] => Self {
                n_folds,
                n_mated,
                is_view_2: true,
            },
            _ => return None,
        };
        (counts.n_folds > 0 && counts.n_mated > 0).then_some(counts)
    }

    fn total(&self) -> u64 {
        self.n_folds.saturating_mul(self.n_mated).saturating_mul(2)
    }

    fn slot(&self, n_before: u64) -> Slot {
        Slot {
            fold: n_before / (2 * self.n_mated),
            mated: n_before % (2 * self.n_mated) < self.n_mated,
        }
    }

    fn name(&self, path: &Path) -> String {
        match self.is_view_2 {
            true => "lfw-view2".to_owned(),
            false => {
                format!("lfw-view1-{}", stem(path))
            }
        }
    }
}

struct Reading<'a> {
    list: &'a Path,
    images: &'a Path,
    builder: PairBuilder,
}

impl Reading<'_> {
    fn add(&mut self, line: u64, text: &str, slot: Slot) -> Result<(), DataError> {
        let at = Place {
            path: self.list,
            line,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let sides = match (fields.as_slice(), slot.mated) {
            (&[name, i, j], true) => [(name, i), (name, j)],
            (&[name_1, i, name_2, j], false) => [(name_1, i), (name_2, j)],
            (_, true) => return Err(at.error("a mated pair `name i j`", shown(text))),
            (_, false) => {
                let expected = "a non-mated pair `name1 i name2 j`";
                return Err(at.error(expected, shown(text)));
            }
        };
        let [first, second] = sides;
        let items = [self.item(at, first)?, self.item(at, second)?];
        self.builder.add(at, items, slot.mated, slot.fold as usize)
    }

    fn item(&mut self, at: Place<'_>, (name, number): (&str, &str)) -> Result<usize, DataError> {
        let Some(number) = number.parse().ok().filter(|&number: &u64| number > 0) else {
            return Err(at.error("an image number from 1", shown(number)));
        };
        check_name(at, name)?;
        let stem = image_stem(name, number);
        self.builder.item(&stem, || {
            let (file, path) = find_image(at, self.images, &stem)?;
            Ok(Item {
                name: file,
                person: Some(name.to_owned()),
                images: vec![ImageSource::File(path)],
            })
        })
    }
}

pub(super) fn check_name(at: Place<'_>, name: &str) -> Result<(), DataError> {
    match name.contains(['/', '\\']) || name.starts_with('.') {
        true => Err(at.error("a name without a path", shown(name))),
        false => Ok(()),
    }
}

/// Image `number` of a person, without the file extension.
pub(super) fn image_stem(name: &str, number: u64) -> String {
    format!("{name}/{name}_{number:04}")
}

/// The image file whose path below `images` is `stem` and an extension: that path, and the whole.
pub(super) fn find_image(
    at: Place<'_>,
    images: &Path,
    stem: &str,
) -> Result<(String, PathBuf), DataError> {
    let mut files = EXTENSIONS.iter().map(|extension| {
        let file = format!("{stem}.{extension}");
        let path = images.join(&file);
        (file, path)
    });
    files.find(|(_, path)| path.is_file()).ok_or_else(|| {
        let wanted = images.join(format!("{stem}.jpg"));
        let expected = format!("{} (or .png, .webp, .jpeg)", wanted.display());
        at.error(expected, "no such image")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::Pair;

    fn read(list: &str) -> Result<PairProtocol, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, file) in [
            ("A_B", "A_B_0001.jpg"),
            ("A_B", "A_B_0002.png"),
            ("C", "C_0001.jpg"),
            ("C", "C_0012.webp"),
        ] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join(file), b"image").unwrap();
        }
        let pairs = folder.path().join("pairsDevTest.txt");
        std::fs::write(&pairs, list).unwrap();
        read_pairs(&pairs, folder.path(), &DataLimits::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn both_views() {
        let one = read("1\r\nA_B\t1\t2\r\nA_B\t1\tC\t1\r\n\r\n").unwrap();
        assert_eq!(
            (one.name.as_str(), one.n_folds),
            ("lfw-view1-pairsDevTest", 1)
        );
        let two = read("2 1\nA_B 1 2\nA_B 1 C 1\nC 1 12\nC 12 A_B 2\n").unwrap();
        assert_eq!((two.name.as_str(), two.n_folds), ("lfw-view2", 2));
        let names: Vec<_> = two.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "A_B/A_B_0001.jpg",
                "A_B/A_B_0002.png",
                "C/C_0001.jpg",
                "C/C_0012.webp"
            ]
        );
        assert_eq!(two.items[3].person.as_deref(), Some("C"));
        assert_eq!(
            two.pairs[3],
            Pair {
                first: 3,
                second: 1,
                mated: false,
                fold: 1,
                line: 5
            }
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        for (list, says) in [
            ("", "line 1: expected the number"),
            ("0\n", "line 1: expected the number"),
            ("x\n", "line 1: expected the number"),
            (
                "1\nA_B 1 2\n",
                "line 3: expected 2 pairs, as line 1 says, got the end of the file after 1",
            ),
            (
                "1\nA_B 1 2\nA_B 1 C 1\nC 1 12\n",
                "line 4: expected no more than 2 pairs",
            ),
            ("1\nA_B 1 C 1\n", "line 2: expected a mated pair"),
            ("1\nA_B 1 2\nC 1 12\n", "line 3: expected a non-mated pair"),
            (
                "1\nA_B 1 2\nC 1 C 12\n",
                "line 3: expected two people, got C twice",
            ),
            ("1\nA_B 0 2\n", "line 2: expected an image number from 1"),
            ("1\nA_B 1 1\n", "line 2: expected two images"),
            (
                "1\nA_B 1 3\n",
                "A_B_0003.jpg (or .png, .webp, .jpeg), got no such image",
            ),
            (
                "2\nA_B 1 2\nA_B 2 1\n",
                "line 3: expected a pair that is not in the list yet, got the pair of line 2",
            ),
            ("1\n../C 1 2\n", "line 2: expected a name without a path"),
        ] {
            let error = read(list).unwrap_err();
            assert!(
                error.contains("pairsDevTest.txt, line") && error.contains(says),
                "{error}"
            );
        }
        assert!(
            read("99999999999 99999999999\n")
                .unwrap_err()
                .contains("pairs of a list")
        );
    }
}
