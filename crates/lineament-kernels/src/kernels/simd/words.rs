//! What the words of a convolution's input hold, as types, so that each kind has loops of its own.

use super::vector::Vector;
use crate::numbers::Numbers;

/// What the words of an input hold.
///
/// # Safety
/// [`Vector`]'s contract; words of two numbers go with vectors that are
/// [`NARROW`](Vector::NARROW).
pub(super) trait Words {
    /// Numbers of a word.
    const PER_WORD: usize;
    /// Whether sums are integers, in vectors of the same size.
    const SUMS_INTEGERS: bool = false;
    /// `sum` and the products of inputs and weights.
    unsafe fn add_products<V: Vector>(inputs: V, weights: V, sum: V) -> V;
}

/// Words whose numbers are computed with one by one, too.
///
/// # Safety
/// [`Words`]' contract.
pub(super) trait Numeric: Words {
    /// The lanes of a pixel.
    unsafe fn load<V: Vector>(from: *const f32) -> V;
    unsafe fn store<V: Vector>(values: V, to: *mut f32);
}

/// One `f32`.
pub(super) struct Whole;

impl Words for Whole {
    const PER_WORD: usize = 1;
    #[inline(always)]
    unsafe fn add_products<V: Vector>(inputs: V, weights: V, sum: V) -> V {
        // SAFETY: the trait's contract.
        unsafe { inputs.fma(weights, sum) }
    }
}

impl Numeric for Whole {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const f32) -> V {
        // SAFETY: the trait's contract.
        unsafe { V::load(from) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(values: V, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe { values.store(to) }
    }
}

/// Two `bf16`.
pub(super) struct Halves;

impl Words for Halves {
    const PER_WORD: usize = 2;
    #[inline(always)]
    unsafe fn add_products<V: Vector>(inputs: V, weights: V, sum: V) -> V {
        // SAFETY: the trait's contract.
        unsafe { inputs.fma_bf16(weights, sum) }
    }
}

impl Numeric for Halves {
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const f32) -> V {
        // SAFETY: the trait's contract.
        unsafe { V::load_bf16(from) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(values: V, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe { values.store_bf16(to) }
    }
}

/// Four steps of a scale, unsigned in the inputs and signed in the weights.
pub(super) struct Bytes;

impl Words for Bytes {
    const PER_WORD: usize = 4;
    const SUMS_INTEGERS: bool = true;
    #[inline(always)]
    unsafe fn add_products<V: Vector>(inputs: V, weights: V, sum: V) -> V {
        // SAFETY: the trait's contract.
        unsafe { inputs.fma_bytes(weights, sum) }
    }
}

/// Adds the lanes of the pixels from `from` on, `step` words apart, of a picture of `numbers`.
///
/// # Safety
/// [`Words`]'.
#[inline(always)]
pub(super) unsafe fn add<V: Vector, const P: usize>(
    numbers: Numbers,
    sums: &mut [V; P],
    from: *const f32,
    step: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        match numbers {
            Numbers::Bf16 if V::NARROW => add_words::<V, Halves, P>(sums, from, step),
            _ => add_words::<V, Whole, P>(sums, from, step),
        }
    }
}

/// # Safety
/// [`add`]'s.
#[inline(always)]
unsafe fn add_words<V: Vector, W: Numeric, const P: usize>(
    sums: &mut [V; P],
    from: *const f32,
    step: usize,
) {
    for (p, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        *sum = unsafe { sum.add(W::load(from.add(p * step))) };
    }
}

/// Writes the lanes of the pixels from `to` on, `step` words apart, of a picture of `numbers`.
///
/// # Safety
/// [`Words`]'.
#[inline(always)]
pub(super) unsafe fn store<V: Vector, const P: usize>(
    numbers: Numbers,
    values: &[V; P],
    to: *mut f32,
    step: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        match numbers {
            Numbers::Bf16 if V::NARROW => store_words::<V, Halves, P>(values, to, step),
            _ => store_words::<V, Whole, P>(values, to, step),
        }
    }
}

/// # Safety
/// [`store`]'s.
#[inline(always)]
unsafe fn store_words<V: Vector, W: Numeric, const P: usize>(
    values: &[V; P],
    to: *mut f32,
    step: usize,
) {
    for (p, &value) in values.iter().enumerate() {
        // SAFETY: the caller's.
        unsafe { W::store(value, to.add(p * step)) }
    }
}
