//! The list of YouTube Faces (Wolf, Hassner, Maoz, 2011).
//!
//! `splits.txt` holds lines `split, pair number, first, second, is same`, below a header or without
//! one; splits and the pairs of each are counted from 1, and a video is `Person/number`. Its authors
//! were sent a list of wrong labels and published `splits_corrected.txt` with it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::builder::{PairBuilder, SamePair};
use crate::error::DataError;
use crate::images::{files_below, has_image_extension, list_folder};
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::pairs::{Item, PairProtocol};
use crate::sets::{Place, is_npz};
use crate::source::ImageSource;

/// The folders of the database that hold frames: as they were, and around the aligned face.
const FRAME_FOLDERS: [&str; 2] = ["frame_images_DB", "aligned_images_DB"];

/// Which of the database's two lists a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// As first published: pair after pair, splits of one size, and labels that follow from the
    /// names of the videos.
    Original,
    /// With the errata: a label may contradict the names of the videos, whose people are then not
    /// known, and pairs may be left out.
    Corrected,
}

impl Labels {
    /// What a file is by its name: corrected when it says so.
    #[must_use]
    pub fn of_file(path: &Path) -> Self {
        match crate::bin::stem(path).contains("corrected") {
            true => Self::Corrected,
            false => Self::Original,
        }
    }
}

/// The comparisons that the list at `splits` makes of the videos below the folder `videos`.
///
/// That folder holds `Person/number/<frame>`, such a folder named `frame_images_DB` or
/// `aligned_images_DB`, or `.npz` videos `Person_number.npz` at any depth. The frames of an item are
/// in natural order; a `.npz` is one [`ImageSource::Video`].
///
/// # Errors
/// [`DataError::Line`] for a line that is not the next pair, a split of another size than the first,
/// a pair that occurs twice in either order, a label that contradicts the names (in the original
/// list), and a video that is not there or has no frames; [`DataError::Unsupported`] for a folder
/// with both kinds of frames; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_splits(
    splits: &Path,
    labels: Labels,
    videos: &Path,
    limits: &DataLimits,
) -> Result<PairProtocol, DataError> {
    let mut lines = Lines::of_list(splits, limits.max_list_bytes)?;
    let mut finder = VideoFinder::new(videos)?;
    let mut builder = PairBuilder::new(SamePair::InEitherOrder, limits.max_entries);
    let mut count = Count::new(labels);
    let mut line_number = 0;
    while let Some(line) = lines.next_line() {
        let line = line?;
        let is_header = line_number == 0 && !line.text.trim_start().starts_with(char::is_numeric);
        line_number = line.number;
        if is_header {
            continue;
        }
        let at = Place {
            path: splits,
            line: line_number,
        };
        let row = Row::of(at, line.text)?;
        count.add(at, &row)?;
        let sides = [
            finder.item(at, row.videos[0], &mut builder)?,
            finder.item(at, row.videos[1], &mut builder)?,
        ];
        if labels == Labels::Corrected {
            forget_contradiction(sides, row.mated, &mut builder);
        }
        builder.add(at, sides, row.mated, row.split - 1)?;
    }
    let end = Place {
        path: splits,
        line: line_number + 1,
    };
    let n_splits = count.finish(end)?;
    let name = match labels {
        Labels::Original => "ytf",
        Labels::Corrected => "ytf-corrected",
    };
    Ok(builder.finish(name.to_owned(), n_splits))
}

/// When the label is not what the names say, one of the videos shows somebody else.
fn forget_contradiction(sides: [usize; 2], mated: bool, builder: &mut PairBuilder) {
    let [first, second] = sides.map(|side| builder.person(side));
    if first.is_some() && second.is_some() && (first == second) != mated {
        for side in sides {
            builder.forget_person(side);
        }
    }
}

/// A line of the list.
struct Row<'a> {
    split: usize,
    number: u64,
    videos: [&'a str; 2],
    mated: bool,
}

impl<'a> Row<'a> {
    fn of(at: Place<'_>, text: &'a str) -> Result<Self, DataError> {
        let bad = || at.error("`split, pair, Person/1, Person/2, 0 or 1`", shown(text));
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let &[split, number, first, second, mated] = fields.as_slice() else {
            return Err(bad());
        };
        let mated = match mated {
            "0" => false,
            "1" => true,
            _ => return Err(bad()),
        };
        let split = split.parse().map_err(|_| bad())?;
        if split == 0 {
            return Err(at.error("splits from 1", "split 0"));
        }
        Ok(Self {
            split,
            number: number.parse().map_err(|_| bad())?,
            videos: [first, second],
            mated,
        })
    }
}

/// Checks that pairs and splits come in order.
struct Count {
    labels: Labels,
    split: usize,
    /// The number of the last pair, 0 before the first.
    number: u64,
    /// How many pairs the first split has.
    first_size: Option<u64>,
}

impl Count {
    fn new(labels: Labels) -> Self {
        Self {
            labels,
            split: 1,
            number: 0,
            first_size: None,
        }
    }

    fn add(&mut self, at: Place<'_>, row: &Row<'_>) -> Result<(), DataError> {
        let (split, number) = (row.split, row.number);
        if split == self.split + 1 && self.number > 0 {
            self.end_split(at)?;
            (self.split, self.number) = (split, 0);
        }
        let is_next = match self.labels {
            Labels::Original => number == self.number + 1,
            Labels::Corrected => number > self.number,
        };
        if split != self.split || !is_next {
            let expected = format!("pair {} of split {}", self.number + 1, self.split);
            return Err(at.error(expected, format!("pair {number} of split {split}")));
        }
        self.number = number;
        Ok(())
    }

    fn end_split(&mut self, at: Place<'_>) -> Result<(), DataError> {
        let size = *self.first_size.get_or_insert(self.number);
        if self.labels == Labels::Original && size != self.number {
            let expected = format!("split {} of {size} pairs, as the first", self.split);
            return Err(at.error(expected, format!("its end after {}", self.number)));
        }
        Ok(())
    }

    fn finish(mut self, end: Place<'_>) -> Result<usize, DataError> {
        if self.number == 0 {
            return Err(end.error("a pair", "the end of the file after 0"));
        }
        self.end_split(end)?;
        Ok(self.split)
    }
}

/// Finds the frames of videos.
struct VideoFinder {
    root: PathBuf,
    /// `.npz` files by their names without extension; read when the first folder is missing.
    archives: Option<HashMap<String, PathBuf>>,
}

impl VideoFinder {
    fn new(root: &Path) -> Result<Self, DataError> {
        let folders = FRAME_FOLDERS.map(|name| root.join(name));
        let root = match folders.each_ref().map(|folder| folder.is_dir()) {
            [true, true] => {
                return Err(DataError::Unsupported {
                    path: root.to_owned(),
                    what: format!("a choice between {}", FRAME_FOLDERS.join(" and ")),
                    help: "name one of them".to_owned(),
                });
            }
            [true, false] => &folders[0],
            [false, true] => &folders[1],
            [false, false] => root,
        };
        Ok(Self {
            root: root.to_owned(),
            archives: None,
        })
    }

    fn item(
        &mut self,
        at: Place<'_>,
        name: &str,
        builder: &mut PairBuilder,
    ) -> Result<usize, DataError> {
        builder.item(name, || {
            let (person, _) = name
                .split_once('/')
                .filter(|(person, number)| is_plain(person) && is_plain(number))
                .ok_or_else(|| at.error("a video `Person/number`", shown(name)))?;
            Ok(Item {
                name: name.to_owned(),
                person: Some(person.to_owned()),
                images: self.frames(at, name)?,
            })
        })
    }

    fn frames(&mut self, at: Place<'_>, name: &str) -> Result<Vec<ImageSource>, DataError> {
        let folder = self.root.join(name);
        if !folder.is_dir() {
            let stem = name.replace('/', "_");
            return match self.archives()?.get(&stem) {
                Some(path) => Ok(vec![ImageSource::Video(path.as_path().into())]),
                None => {
                    let expected = format!("the folder {} or {stem}.npz", folder.display());
                    Err(at.error(expected, "no such video"))
                }
            };
        }
        let files = list_folder(&folder)?.files;
        let frames: Vec<ImageSource> = files
            .iter()
            .map(|file| folder.join(file))
            .filter(|path| has_image_extension(path))
            .map(ImageSource::File)
            .collect();
        if frames.is_empty() {
            let expected = format!("frames in {}", folder.display());
            return Err(at.error(expected, "no image"));
        }
        Ok(frames)
    }

    fn archives(&mut self) -> Result<&HashMap<String, PathBuf>, DataError> {
        let archives = match self.archives.take() {
            Some(archives) => archives,
            None => files_below(&self.root, is_npz)?
                .iter()
                .map(|file| self.root.join(file))
                .map(|path| (crate::bin::stem(&path), path))
                .collect(),
        };
        Ok(self.archives.insert(archives))
    }
}

/// True for the name of one visible file or folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}
