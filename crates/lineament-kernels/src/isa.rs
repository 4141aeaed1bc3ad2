//! The instruction sets that the kernels are written for.

use std::env;
use std::fmt;
use std::str::FromStr;

use crate::error::KernelError;
use crate::kernels::peak::peak;
#[cfg(target_arch = "x86_64")]
use crate::kernels::tiles_are_permitted;
use crate::precision::Precision;

/// The environment variable that forces an instruction set: `portable`, `neon`, `avx2`, `avx512` or `amx`.
pub const ISA_VARIABLE: &str = "LINEAMENT_ISA";

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Safe Rust without vector instructions of its own: runs everywhere, and is what the others
    /// are tested against.
    Portable,
    /// NEON of 64-bit Arm: 4 numbers at a time.
    Neon,
    /// AVX2 with fused multiply-add: 8 numbers at a time.
    Avx2,
    /// AVX-512 F: 16 numbers at a time.
    Avx512,
    /// AVX-512, and AMX for products of narrow numbers: 16 pixels × 16 channels at a time.
    Amx,
}

/// Some text that names no instruction set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown instruction set \"{got}\"; there are portable, neon, avx2, avx512 and amx")]
pub struct UnknownIsa {
    /// The text.
    pub got: String,
}

impl Isa {
    /// All of them, the simplest first.
    pub const ALL: [Self; 5] = [
        Self::Portable,
        Self::Neon,
        Self::Avx2,
        Self::Avx512,
        Self::Amx,
    ];

    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 && is_x86_feature_detected!("avx512f") {
                let narrow = has_bf16() && has_int8();
                return if narrow && tiles_are_permitted() {
                    Self::Amx
                } else {
                    Self::Avx512
                };
            }
            if avx2 {
                return Self::Avx2;
            }
        }
        if cfg!(target_arch = "aarch64") {
            // Part of the architecture.
            return Self::Neon;
        }
        Self::Portable
    }

    /// What [`ISA_VARIABLE`] asks for, else the best that this processor has.
    ///
    /// # Errors
    /// [`UnknownIsa`] when the variable holds something else.
    pub fn from_environment() -> Result<Self, UnknownIsa> {
        match env::var(ISA_VARIABLE) {
            Ok(text) if !text.is_empty() => text.parse(),
            _ => Ok(Self::detect()),
        }
    }

    /// Itself, if this processor has it.
    ///
    /// # Errors
    /// [`KernelError::IsaUnavailable`].
    pub fn checked(self) -> Result<Self, KernelError> {
        let present = Self::detect();
        let is_there = match self {
            Self::Portable => true,
            Self::Avx2 => matches!(present, Self::Avx2 | Self::Avx512 | Self::Amx),
            Self::Avx512 => matches!(present, Self::Avx512 | Self::Amx),
            Self::Neon | Self::Amx => self == present,
        };
        if is_there {
            return Ok(self);
        }
        Err(KernelError::IsaUnavailable {
            wanted: self,
            present,
        })
    }

    /// Billions of multiplications with additions a second that one thread does at most in
    /// `precision` (in `f32` where there is no other), measured now, in about 20 ms: what the rates
    /// of a [`Profile`](crate::Profile) are held against.
    ///
    /// # Errors
    /// [`KernelError::IsaUnavailable`].
    pub fn peak_gmacs_per_second(self, precision: Precision) -> Result<f64, KernelError> {
        let isa = self.checked()?;
        Ok(peak(isa, precision.on(isa)))
    }

    /// Whether this processor multiplies numbers of `precision` with it. [`Isa::Portable`] computes
    /// with all of them, to be what the others are tested against.
    #[must_use]
    pub fn multiplies(self, precision: Precision) -> bool {
        match (self, precision) {
            (Self::Portable | Self::Amx, _) | (_, Precision::F32) => true,
            (Self::Neon | Self::Avx2, _) => false,
            (Self::Avx512, Precision::Bf16) => has_bf16(),
            (Self::Avx512, Precision::Int8) => has_int8(),
        }
    }

    /// The vector instructions that go with it: its own, but for tiles'.
    pub(crate) fn vectors(self) -> Self {
        match self {
            Self::Amx => Self::Avx512,
            other => other,
        }
    }

    /// Channels that lie beside each other in a picture's layout.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::Portable | Self::Neon | Self::Avx2 => 8,
            Self::Avx512 | Self::Amx => 16,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_bf16() -> bool {
    is_x86_feature_detected!("avx512bf16")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(target_arch = "x86_64")]
fn has_int8() -> bool {
    is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_bf16() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn has_int8() -> bool {
    false
}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(text: &str) -> Result<Self, UnknownIsa> {
        match text {
            "portable" => Ok(Self::Portable),
            "neon" => Ok(Self::Neon),
            "avx2" => Ok(Self::Avx2),
            "avx512" => Ok(Self::Avx512),
            "amx" => Ok(Self::Amx),
            _ => Err(UnknownIsa {
                got: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        })
    }
}

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for isa in Isa::ALL {
            assert_eq!(isa.to_string().parse(), Ok(isa));
        }
        assert!("sse".parse::<Isa>().is_err());
        assert!(Isa::Portable.checked().is_ok());
        assert!(Isa::detect().checked().is_ok());
        println!("the best here is {}", Isa::detect());
    }
}
