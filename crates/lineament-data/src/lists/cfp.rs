//! The lists of Celebrities in Frontal-Profile (Sengupta et al., 2016).
//!
//! `Protocol/Pair_list_F.txt` and `Pair_list_P.txt` number the frontal and the profile images from 1,
//! by paths below `Protocol`. `Protocol/Split/FF/01/same.txt` and `diff.txt`, and so on to `10`, hold
//! lines `i,j`: the frontal image i with the frontal (FF) or profile (FP) image j.

use std::path::{Component, Path, PathBuf};

use super::builder::{PairBuilder, SamePair};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::pairs::{Item, PairProtocol};
use crate::sets::Place;
use crate::source::ImageSource;

const N_FOLDS: usize = 10;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Views {
    /// Frontal with frontal images (FF).
    FrontalFrontal,
    /// Frontal with profile images (FP).
    FrontalProfile,
}

impl Views {
    const fn folder(self) -> &'static str {
        match self {
            Self::FrontalFrontal => "FF",
            Self::FrontalProfile => "FP",
        }
    }

    /// `cfp-ff` or `cfp-fp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FrontalFrontal => "cfp-ff",
            Self::FrontalProfile => "cfp-fp",
        }
    }
}

/// The comparisons of the database in the folder `root`, which holds `Protocol` (or is it).
///
/// Two images may be compared twice, once in each order, as in the official FF lists.
///
/// # Errors
/// [`DataError::Missing`] without the lists; [`DataError::Line`] for a line that is not the next
/// image or not a pair, an index beyond the list, an image that is not there, a file of another
/// number of pairs than the first, a pair that occurs twice in this order, and people who contradict
/// the file's name; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_pairs(
    root: &Path,
    views: Views,
    limits: &DataLimits,
) -> Result<PairProtocol, DataError> {
    let protocol = protocol_folder(root)?;
    let frontal = ImageList::read(protocol.join("Pair_list_F.txt"), limits)?;
    let profile = match views {
        Views::FrontalFrontal => None,
        Views::FrontalProfile => Some(ImageList::read(protocol.join("Pair_list_P.txt"), limits)?),
    };
    let mut reading = Reading {
        protocol: &protocol,
        lists: [&frontal, profile.as_ref().unwrap_or(&frontal)],
        builder: PairBuilder::new(SamePair::InThisOrder, limits.max_entries),
        n_pairs: None,
    };
    for fold in 0..N_FOLDS {
        let number = format!("{:02}", fold + 1);
        let folder = protocol.join("Split").join(views.folder()).join(number);
        reading.read_file(&folder.join("same.txt"), true, fold, limits)?;
        reading.read_file(&folder.join("diff.txt"), false, fold, limits)?;
    }
    Ok(reading.builder.finish(views.name().to_owned(), N_FOLDS))
}

fn protocol_folder(root: &Path) -> Result<PathBuf, DataError> {
    let folders = [root.join("Protocol"), root.to_owned()];
    let is_protocol = |folder: &PathBuf| folder.join("Pair_list_F.txt").is_file();
    folders
        .into_iter()
        .find(is_protocol)
        .ok_or_else(|| DataError::Missing {
            path: root.to_owned(),
            missing: "Protocol/Pair_list_F.txt".to_owned(),
            help: "name the folder that holds Protocol and Data".to_owned(),
        })
}

/// The images that indices mean.
struct ImageList {
    path: PathBuf,
    /// Paths below the protocol's folder, and their lines.
    images: Vec<(String, u64)>,
}

impl ImageList {
    fn read(path: PathBuf, limits: &DataLimits) -> Result<Self, DataError> {
        let mut lines = Lines::of_list(&path, limits.max_list_bytes)?;
        let mut images = Vec::new();
        while let Some(line) = lines.next_line() {
            let line = line?;
            let next = images.len() + 1;
            let image = line.text.trim().split_once(char::is_whitespace);
            let image = image.filter(|(number, _)| number.parse() == Ok(next));
            let Some((_, image)) = image else {
                let expected = format!("`{next}` and the path of an image");
                return Err(DataError::line(
                    &path,
                    line.number,
                    expected,
                    shown(line.text),
                ));
            };
            images.push((image.trim().to_owned(), line.number));
        }
        Ok(Self { path, images })
    }
}

struct Reading<'a> {
    protocol: &'a Path,
    /// Of the first and of the second images.
    lists: [&'a ImageList; 2],
    builder: PairBuilder,
    /// Pairs of the first file.
    n_pairs: Option<usize>,
}

impl Reading<'_> {
    fn read_file(
        &mut self,
        path: &Path,
        mated: bool,
        fold: usize,
        limits: &DataLimits,
    ) -> Result<(), DataError> {
        let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
        let n_before = self.builder.n_pairs();
        let mut end = 1;
        while let Some(line) = lines.next_line() {
            let line = line?;
            let at = Place {
                path,
                line: line.number,
            };
            let [first, second] = indices(at, line.text)?;
            let sides = [self.item(at, 0, first)?, self.item(at, 1, second)?];
            self.builder.add(at, sides, mated, fold)?;
            end = line.number + 1;
        }
        let n_read = self.builder.n_pairs() - n_before;
        let n_pairs = *self.n_pairs.get_or_insert(n_read);
        if n_read != n_pairs || n_read == 0 {
            let expected = format!("{} pairs, as in the first file", n_pairs.max(1));
            let got = format!("the end of the file after {n_read}");
            return Err(DataError::line(path, end, expected, got));
        }
        Ok(())
    }

    fn item(&mut self, at: Place<'_>, side: usize, index: usize) -> Result<usize, DataError> {
        let list = self.lists[side];
        let image = index.checked_sub(1).and_then(|idx| list.images.get(idx));
        let Some((image, line)) = image else {
            let expected = format!(
                "an index from 1 to {}, as in {}",
                list.images.len(),
                list.path.display()
            );
            return Err(at.error(expected, index.to_string()));
        };
        let at = Place {
            path: &list.path,
            line: *line,
        };
        self.builder.item(image, || item(at, self.protocol, image))
    }
}

fn indices(at: Place<'_>, text: &str) -> Result<[usize; 2], DataError> {
    let numbers = text.split_once(',').and_then(|(first, second)| {
        let number = |text: &str| text.trim().parse().ok();
        Some([number(first)?, number(second)?])
    });
    numbers.ok_or_else(|| at.error("a pair `i,j`", shown(text)))
}

/// The image at `image`, `../Data/Images/<person>/frontal/01.jpg` below the protocol's folder.
fn item(at: Place<'_>, protocol: &Path, image: &str) -> Result<Item, DataError> {
    let parts: Vec<&str> = Path::new(image)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let &[.., person, view, file] = parts.as_slice() else {
        return Err(at.error("a path `…/person/frontal/01.jpg`", shown(image)));
    };
    let path = protocol.join(image);
    if !path.is_file() {
        return Err(at.error(path.display().to_string(), "no such image"));
    }
    Ok(Item {
        name: format!("{person}/{view}/{file}"),
        person: Some(person.to_owned()),
        images: vec![ImageSource::File(path)],
    })
}
