//! How exact the numbers are that convolutions multiply.

use std::fmt;
use std::str::FromStr;

use crate::isa::Isa;

/// How exact the numbers are that convolutions and matrix products multiply. Sums are `f32` in any
/// case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Precision {
    /// 24 bits of mantissa.
    #[default]
    F32,
    /// Weights, inputs and what flows between convolutions are rounded to `bf16`, 8 bits of
    /// mantissa: twice the multiplications in the same time, half the memory.
    Bf16,
    /// Weights and inputs of convolutions are rounded to 8 bits, by a scale for each output channel
    /// and one for each picture, which is taken from its greatest amount as the network runs: four times the
    /// multiplications in the same time. What flows between, Winograd's tiles and matrix products are
    /// `bf16` where the processor multiplies those, else `f32`.
    Int8,
}

/// Some text that names no precision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision \"{got}\"; there are f32, bf16 and int8")]
pub struct UnknownPrecision {
    /// The text.
    pub got: String,
}

impl Precision {
    /// All of them, the most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// Itself where this processor multiplies so with `isa`, else `f32`.
    #[must_use]
    pub fn on(self, isa: Isa) -> Self {
        if isa.multiplies(self) {
            self
        } else {
            Self::F32
        }
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(text: &str) -> Result<Self, UnknownPrecision> {
        let named = Self::ALL.into_iter().find(|p| p.to_string() == text);
        named.ok_or_else(|| UnknownPrecision {
            got: text.to_owned(),
        })
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
            assert_eq!(precision.on(Isa::Portable), precision);
        }
        assert!("f16".parse::<Precision>().is_err());
        assert_eq!(Precision::Bf16.on(Isa::Avx2), Precision::F32);
        assert_eq!(Precision::Int8.on(Isa::Avx2), Precision::F32);
    }
}
