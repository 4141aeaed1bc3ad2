//! Lists of comparisons, as the field's protocols ship them.

pub mod blufr;
mod builder;
pub mod cfp;
pub mod csv_pairs;
pub mod groups;
pub mod ijb;
pub mod lfw;
pub mod lfw_people;
pub mod megaface;
pub mod ytf;

use crate::error::DataError;
use crate::images::ImageFinder;
use crate::lines::shown;
use crate::sets::Place;
use crate::source::ImageSource;
use crate::table::split_fields;

/// The image that the list calls `name`.
pub(crate) fn find_image(
    at: Place<'_>,
    name: &str,
    finder: &mut ImageFinder,
) -> Result<ImageSource, DataError> {
    finder.find(name)?.ok_or_else(|| {
        let got = format!("{}, which is not there", shown(name));
        at.error("the name of an image", got)
    })
}

/// The fields of a line of comma-separated text.
fn cells_of(at: Place<'_>, text: &str, n_columns: usize) -> Result<Vec<String>, DataError> {
    let cells = split_fields(text)
        .ok_or_else(|| at.error("quotes that close on the same line", "one left open"))?;
    if cells.len() != n_columns {
        let expected = format!("{n_columns} columns, as in the header");
        return Err(at.error(expected, cells.len().to_string()));
    }
    Ok(cells)
}
