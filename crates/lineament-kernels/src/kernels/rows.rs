//! Rows of pictures in `f32`, whatever their words hold.

use super::scratch::{row_length, with_room};
#[cfg(target_arch = "x86_64")]
use super::simd;
use crate::isa::Isa;
use crate::numbers::{Numbers, narrow, widen};
use crate::picture::{Picture, RowAt};

/// Calls `work` with a row of `picture`, whose words are `values`.
#[inline(always)]
pub(crate) fn read<R>(
    isa: Isa,
    picture: &Picture,
    values: &[f32],
    at: RowAt,
    work: impl FnOnce(&[f32]) -> R,
) -> R {
    let words = picture.row(values, at);
    match picture.numbers {
        // Nothing but products reads bytes.
        Numbers::F32 | Numbers::U8 { .. } => work(words),
        Numbers::Bf16 => with_room(row_length(picture), |row| {
            let done = match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => simd::widen(words, row),
                _ => 0,
            };
            widen(&words[done / 2..], &mut row[done..]);
            work(row)
        }),
    }
}

/// Calls `work` with room for a row of `picture`, which then goes into the `words` of that row.
#[inline(always)]
pub(crate) fn write(isa: Isa, picture: &Picture, words: &mut [f32], work: impl FnOnce(&mut [f32])) {
    match picture.numbers {
        Numbers::F32 | Numbers::U8 { .. } => work(words),
        Numbers::Bf16 => with_room(row_length(picture), |row| {
            work(row);
            let done = match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 if picture.lanes.is_multiple_of(2) => simd::narrow(row, words),
                _ => 0,
            };
            narrow(&row[done..], &mut words[done / 2..], picture.lanes);
        }),
    }
}
