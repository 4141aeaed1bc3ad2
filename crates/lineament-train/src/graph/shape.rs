//! Shapes between layers.

use std::fmt;

/// The shape of a tensor between layers, without the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Feature maps `[channels, height, width]`.
    Map {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A vector `[length]`.
    Vector(usize),
}

impl Shape {
    /// How many numbers it holds.
    #[must_use]
    pub fn numel(self) -> usize {
        match self {
            Self::Map {
                channels,
                height,
                width,
            } => channels * height * width,
            Self::Vector(length) => length,
        }
    }

    /// The channels of maps, the length of a vector.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Map { channels, .. } => channels,
            Self::Vector(length) => length,
        }
    }

    /// `(height, width)`, `(1, 1)` for a vector.
    #[must_use]
    pub fn size(self) -> (usize, usize) {
        match self {
            Self::Map { height, width, .. } => (height, width),
            Self::Vector(_) => (1, 1),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map {
                channels,
                height,
                width,
            } => write!(f, "[{channels}, {height}, {width}]"),
            Self::Vector(length) => write!(f, "[{length}]"),
        }
    }
}
