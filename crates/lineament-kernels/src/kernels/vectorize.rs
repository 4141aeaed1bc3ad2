//! Safe loops compiled for an instruction set that is chosen at run time.

#![allow(
    unsafe_code,
    reason = "functions compiled for more than the build's processor"
)]

use crate::isa::Isa;

impl Isa {
    /// Calls `work`, whose loops the compiler turns into this set's instructions where it can be
    /// inlined.
    #[inline(always)]
    pub(crate) fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            // SAFETY: an `Isa` other than `Portable` is used only once `checked` found it present.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2(work) },
            _ => work(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}
