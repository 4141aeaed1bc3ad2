//! The lists of people of Labeled Faces in the Wild (Huang et al., 2007).
//!
//! `peopleDevTrain.txt` and `peopleDevTest.txt` (View 1) start with the number of people, and hold a
//! line `name n` for each. `people.txt` (View 2) starts with the number of folds, and holds so many
//! such lists. Images 1 to n of a person are `name/name_%04d.jpg`.

use std::collections::HashSet;
use std::path::Path;

use super::lfw::{check_name, find_image, image_stem};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::pairs::Item;
use crate::sets::Place;
use crate::source::ImageSource;

/// The people of the list at `people` by fold (View 1: one), each with all images in the folder
/// `images`.
///
/// # Errors
/// [`DataError::Line`] for a line that is not what should stand there, for a wrong number of people or
/// folds, a person who occurs twice or has images of other numbers than 1 to n; [`DataError::Limit`];
/// [`DataError::Io`].
pub fn read_people(
    people: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<Vec<Vec<Item>>, DataError> {
    let mut rows = Rows::open(people, limits)?;
    let mut finder = PersonFinder {
        images,
        known: HashSet::new(),
        n_images: 0,
        max_images: limits.max_entries,
    };
    let first = rows.number("the number of people, or of folds")?;
    let is_view_2 = matches!(rows.next, Some((_, Row::Number(_))));
    let mut folds = Vec::new();
    for _ in 0..if is_view_2 { first } else { 1 } {
        let n_people = match is_view_2 {
            true => rows.number("the number of people of a fold")?,
            false => first,
        };
        let mut fold = Vec::new();
        for _ in 0..n_people {
            let (line, name, n_images) = rows.person(n_people)?;
            let at = Place { path: people, line };
            fold.push(finder.person(at, name, n_images)?);
        }
        folds.push(fold);
    }
    match rows.next {
        None => Ok(folds),
        Some((line, row)) => {
            let expected = "the end of the file, by the numbers in it";
            Err(DataError::line(people, line, expected, row.shown()))
        }
    }
}

/// What a line holds.
enum Row {
    Number(u64),
    Person(String, u64),
}

impl Row {
    /// Numbers are 1 or more.
    fn of(text: &str) -> Option<Self> {
        let number = |word: &str| word.parse().ok().filter(|&number: &u64| number > 0);
        let words: Vec<&str> = text.split_whitespace().collect();
        match *words {
            [n] => number(n).map(Self::Number),
            [name, n] => Some(Self::Person(name.to_owned(), number(n)?)),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Person(name, n) => shown(&format!("{name} {n}")),
        }
    }
}

/// The lines of a list, and the next one with its number.
struct Rows {
    lines: Lines,
    next: Option<(u64, Row)>,
    last_line: u64,
}

impl Rows {
    fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut rows = Self {
            lines: Lines::of_list(path, limits.max_list_bytes)?,
            next: None,
            last_line: 0,
        };
        rows.advance()?;
        Ok(rows)
    }

    /// Returns the next row, and reads the one after it.
    fn advance(&mut self) -> Result<Option<(u64, Row)>, DataError> {
        let path = self.lines.path().clone();
        let after = match self.lines.next_line().transpose()? {
            Some(line) => {
                self.last_line = line.number;
                let expected = "a number, or `name n`, with 1 or more";
                let bad = || DataError::line(&path, line.number, expected, shown(line.text));
                Some((line.number, Row::of(line.text).ok_or_else(bad)?))
            }
            None => None,
        };
        Ok(std::mem::replace(&mut self.next, after))
    }

    fn number(&mut self, expected: &str) -> Result<u64, DataError> {
        match self.advance()? {
            Some((_, Row::Number(number))) => Ok(number),
            other => Err(self.unexpected(expected, other)),
        }
    }

    fn person(&mut self, n_people: u64) -> Result<(u64, String, u64), DataError> {
        match self.advance()? {
            Some((line, Row::Person(name, n_images))) => Ok((line, name, n_images)),
            other => Err(self.unexpected(&format!("{n_people} people `name n`"), other)),
        }
    }

    fn unexpected(&self, expected: &str, row: Option<(u64, Row)>) -> DataError {
        let (line, got) = match row {
            Some((line, row)) => (line, row.shown()),
            None => (self.last_line + 1, "the end of the file".to_owned()),
        };
        DataError::line(self.lines.path(), line, expected, got)
    }
}

/// Finds the images of people.
struct PersonFinder<'a> {
    images: &'a Path,
    known: HashSet<String>,
    n_images: u64,
    max_images: u64,
}

impl PersonFinder<'_> {
    fn person(&mut self, at: Place<'_>, name: String, n_images: u64) -> Result<Item, DataError> {
        check_name(at, &name)?;
        if !self.known.insert(name.clone()) {
            return Err(at.error("a person who is not in the list yet", name));
        }
        self.n_images = self.n_images.saturating_add(n_images);
        if self.n_images > self.max_images {
            return Err(DataError::Limit {
                path: at.path.to_owned(),
                what: "images of people",
                limit: self.max_images,
                got: self.n_images,
            });
        }
        let find = |number| find_image(at, self.images, &image_stem(&name, number));
        let images = (1..=n_images).map(|number| Ok(ImageSource::File(find(number)?.1)));
        let images = images.collect::<Result<_, DataError>>()?;
        if let Ok((another, _)) = find(n_images.saturating_add(1)) {
            return Err(at.error(format!("{n_images} images of {name}"), another));
        }
        Ok(Item {
            name: name.clone(),
            person: Some(name),
            images,
        })
    }
}
