//! Lists of comparisons, as the field's protocols ship them.

mod builder;
pub mod cfp;
pub mod csv_pairs;
pub mod lfw;
pub mod megaface;
pub mod ytf;

use crate::error::DataError;
use crate::images::ImageFinder;
use crate::sets::Place;
use crate::source::ImageSource;

/// The image that the list calls `name`.
fn find_image(
    at: Place<'_>,
    name: &str,
    finder: &mut ImageFinder,
) -> Result<ImageSource, DataError> {
    finder.find(name)?.ok_or_else(|| {
        let got = format!("{}, which is not there", shown(name));
        at.error("the name of an image", got)
    })
}

/// Text of a list for a message, and not all of a long one.
fn shown(text: &str) -> String {
    let short: String = text.trim().chars().take(80).collect();
    format!("{short:?}")
}
