//! Which widths and heights a network takes.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest side that a manifest may ask for, in pixels.
const MAX_SIDE_PX: u32 = 16_384;

const PREFIX: &str = "multiple-of-";

/// Which widths and heights a network takes: `[112, 112]` or `"multiple-of-32"` in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputSize {
    /// This one, in pixels.
    Fixed {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// All whose sides are multiples of so many pixels.
    MultipleOf(u32),
}

impl fmt::Display for InputSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { width, height } => write!(f, "{width}×{height}"),
            Self::MultipleOf(side) => write!(f, "{PREFIX}{side}"),
        }
    }
}

impl Serialize for InputSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed { width, height } => [width, height].serialize(serializer),
            Self::MultipleOf(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for InputSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl<'de> Visitor<'de> for SizeVisitor {
    type Value = InputSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[width, height] or \"{PREFIX}N\", each 1 to {MAX_SIDE_PX}"
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<InputSize, E> {
        let side = text.strip_prefix(PREFIX).and_then(|n| n.parse().ok());
        side.filter(|side| (1..=MAX_SIDE_PX).contains(side))
            .map(InputSize::MultipleOf)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sides: A) -> Result<InputSize, A::Error> {
        let mut list = Vec::new();
        while let Some(side) = sides.next_element::<u32>()? {
            list.push(side);
        }
        match *list {
            [width, height]
                if [width, height]
                    .iter()
                    .all(|s| (1..=MAX_SIDE_PX).contains(s)) =>
            {
                Ok(InputSize::Fixed { width, height })
            }
            _ => Err(A::Error::custom(format!(
                "got {list:?}, expected {}",
                &self as &dyn serde::de::Expected
            ))),
        }
    }
}
