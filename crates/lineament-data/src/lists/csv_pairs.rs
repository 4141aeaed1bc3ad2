//! Pairs as comma-separated text, for protocols that have no form of their own.
//!
//! The header names the columns: `first` and `second` (images), `mated` (1 or 0, true or false), and
//! any of `fold` (a number), `first_person` and `second_person`, `group` or `first_group` and
//! `second_group` (what error rates are to be told apart by). Other columns are passed over.

use std::collections::BTreeSet;
use std::path::Path;

use super::builder::{PairBuilder, SamePair};
use super::{cells_of, find_image};
use crate::bin::stem;
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::pairs::{Item, PairProtocol};
use crate::sets::Place;
use crate::table::read_header;

/// What the first line is to be.
const HEADER: &str = "a header with the columns first, second and mated";

/// A list of pairs, and the groups that it tells apart.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvPairs {
    /// The comparisons, named after the file. Folds are numbered by the order of the list's numbers;
    /// without a column `fold` there is one.
    pub protocol: PairProtocol,
    /// The groups of the first and the second side of every pair; `None` when the list has no column
    /// for them. An empty cell is no group.
    pub groups: Option<Vec<[Option<String>; 2]>>,
}

/// The pairs of the list at `path`, whose images lie below the folder `images` or in its zip archives.
///
/// # Errors
/// [`DataError::Line`] for a header without the three columns, for a line that is not a pair, for an
/// image that is not there, one that shows another person than before, a mated pair of two people or
/// another pair of one, and a pair that occurs twice in either order; [`DataError::Limit`];
/// [`DataError::Io`].
pub fn read_pairs(path: &Path, images: &Path, limits: &DataLimits) -> Result<CsvPairs, DataError> {
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    let columns = read_header(&mut lines, HEADER, Columns::of)?;
    let mut finder = ImageFinder::new(images, limits);
    let mut builder = PairBuilder::new(SamePair::InEitherOrder, limits.max_entries);
    let mut groups = Vec::new();
    while let Some(line) = lines.next_line() {
        let line = line?;
        let at = Place {
            path,
            line: line.number,
        };
        let cells = cells_of(at, line.text, columns.n_columns)?;
        let row = columns.row(at, &cells)?;
        let sides = [
            row.side(at, 0, &mut builder, &mut finder)?,
            row.side(at, 1, &mut builder, &mut finder)?,
        ];
        builder.add(at, sides, row.mated, row.fold)?;
        groups.push(row.groups.map(|group| group.map(str::to_owned)));
    }
    if builder.n_pairs() == 0 {
        return Err(DataError::line(
            path,
            2,
            "a pair",
            "the end of the file after 0",
        ));
    }
    let mut protocol = builder.finish(stem(path), 1);
    number_folds(&mut protocol);
    let groups = columns.groups.is_some().then_some(groups);
    Ok(CsvPairs { protocol, groups })
}

/// Numbers the folds from 0 in the order of their numbers in the list.
fn number_folds(protocol: &mut PairProtocol) {
    let folds: BTreeSet<usize> = protocol.pairs.iter().map(|pair| pair.fold).collect();
    let folds: Vec<usize> = folds.into_iter().collect();
    for pair in &mut protocol.pairs {
        pair.fold = folds.partition_point(|&fold| fold < pair.fold);
    }
    protocol.n_folds = folds.len();
}

/// Which column holds what.
struct Columns {
    n_columns: usize,
    names: [usize; 2],
    mated: usize,
    fold: Option<usize>,
    people: Option<[usize; 2]>,
    groups: Option<[usize; 2]>,
}

/// What a line says.
struct Row<'a> {
    names: [&'a str; 2],
    people: [Option<&'a str>; 2],
    groups: [Option<&'a str>; 2],
    mated: bool,
    fold: usize,
}

impl Columns {
    fn of(header: &[String]) -> Option<Self> {
        let find = |name: &str| header.iter().position(|cell| cell.trim() == name);
        let both = |names: [&str; 2]| Some([find(names[0])?, find(names[1])?]);
        Some(Self {
            n_columns: header.len(),
            names: both(["first", "second"])?,
            mated: find("mated")?,
            fold: find("fold"),
            people: both(["first_person", "second_person"]),
            groups: both(["first_group", "second_group"]).or_else(|| both(["group", "group"])),
        })
    }

    fn row<'a>(&self, at: Place<'_>, cells: &'a [String]) -> Result<Row<'a>, DataError> {
        let cell = |column: usize| cells[column].trim();
        let given = |columns: Option<[usize; 2]>| match columns {
            Some(columns) => {
                columns.map(|column| Some(cell(column)).filter(|cell| !cell.is_empty()))
            }
            None => [None; 2],
        };
        Ok(Row {
            names: self.names.map(cell),
            people: given(self.people),
            groups: given(self.groups),
            mated: is_mated(at, cell(self.mated))?,
            fold: self.fold.map_or(Ok(0), |column| fold(at, cell(column)))?,
        })
    }
}

impl Row<'_> {
    /// The item of a side, which must show whom it showed before.
    fn side(
        &self,
        at: Place<'_>,
        side: usize,
        builder: &mut PairBuilder,
        finder: &mut ImageFinder,
    ) -> Result<usize, DataError> {
        let (name, person) = (self.names[side], self.people[side]);
        let item = builder.item(name, || {
            Ok(Item {
                name: name.to_owned(),
                person: person.map(str::to_owned),
                images: vec![find_image(at, name, finder)?],
            })
        })?;
        if builder.person(item) != person {
            let shown = |person: Option<&str>| person.unwrap_or("nobody known").to_owned();
            let expected = format!("{name} to show {}, as before", shown(builder.person(item)));
            return Err(at.error(expected, shown(person)));
        }
        Ok(item)
    }
}

fn is_mated(at: Place<'_>, cell: &str) -> Result<bool, DataError> {
    match cell {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if cell.eq_ignore_ascii_case("true") => Ok(true),
        _ if cell.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(at.error("1, 0, true or false as mated", shown(cell))),
    }
}

fn fold(at: Place<'_>, cell: &str) -> Result<usize, DataError> {
    cell.parse()
        .map_err(|_| at.error("a number as fold", shown(cell)))
}
