//! Looking at labelled sets without decoding their pictures.

mod duplicates;
mod names;
mod split;
mod statistics;

pub use duplicates::{Digest, DuplicateFinder};
pub use names::{NameMatch, identity_overlap, normalize_name};
pub use split::split_people;
pub use statistics::{HistogramBin, SetStatistics, Spread, StatisticsCounter};
