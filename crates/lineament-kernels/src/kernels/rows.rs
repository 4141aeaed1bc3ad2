//! Rows of pictures in `f32`, whatever their words hold.

use std::cell::RefCell;

#[cfg(target_arch = "x86_64")]
use super::simd;
use crate::isa::Isa;
use crate::numbers::{Numbers, narrow, widen};
use crate::picture::{Picture, RowAt};

thread_local! {
    /// Rows that this thread has made room for and does not use now.
    static ROOMS: RefCell<Vec<Vec<f32>>> = RefCell::default();
}

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
        Numbers::Bf16 => with_room(picture, |row| {
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
        Numbers::Bf16 => with_room(picture, |row| {
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

fn with_room<R>(picture: &Picture, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut room = ROOMS.with_borrow_mut(Vec::pop).unwrap_or_default();
    let length = picture.width * picture.lanes;
    if room.len() < length {
        room.resize(length, 0.0);
    }
    let result = work(&mut room[..length]);
    ROOMS.with_borrow_mut(|rooms| rooms.push(room));
    result
}
