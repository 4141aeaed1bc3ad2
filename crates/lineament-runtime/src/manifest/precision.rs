//! A precision as text, `"bf16"` say.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use crate::engine::Precision;

/// # Errors
/// The serializer's.
pub(super) fn serialize<S: Serializer>(
    precision: &Option<Precision>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match precision {
        Some(precision) => to.collect_str(precision),
        None => to.serialize_none(),
    }
}

/// # Errors
/// For text that names no precision, which lists those that there are.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Precision>, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map(Some).map_err(Error::custom)
}
