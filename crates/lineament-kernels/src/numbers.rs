//! Numbers in words of four bytes: one `f32`, two `bf16`, each the upper half of an `f32`, or four
//! steps of a scale.
//!
//! All memory between steps is words, whatever they hold, in slices of `f32`.

/// What the words of a picture hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Numbers {
    #[default]
    F32,
    /// The first number in the lower half.
    Bf16,
    /// The first number in the lowest byte: so many steps of its picture's scale above `zero`.
    U8 { zero: u8 },
}

impl Numbers {
    pub(crate) fn per_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::U8 { .. } => 4,
        }
    }

    /// A word of zeros.
    pub(crate) fn zeros(self) -> f32 {
        match self {
            Self::F32 | Self::Bf16 => 0.0,
            Self::U8 { zero } => bytes([zero; 4]),
        }
    }
}

/// The `bf16` nearest to `x`, of two as near the even one.
#[inline(always)]
pub(crate) fn bf16(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    // What is no number would round to infinity.
    if x.is_nan() {
        bits >> 16 | 0x40
    } else {
        rounded
    }
}

/// Two numbers, rounded, as one word.
#[inline(always)]
pub(crate) fn pair([first, second]: [f32; 2]) -> f32 {
    f32::from_bits(bf16(second) << 16 | bf16(first))
}

/// The two numbers of a word.
#[inline(always)]
pub(crate) fn halves(word: f32) -> [f32; 2] {
    let bits = word.to_bits();
    [
        f32::from_bits(bits << 16),
        f32::from_bits(bits & 0xffff_0000),
    ]
}

/// Four bytes as one word.
#[inline(always)]
pub(crate) fn bytes(bytes: [u8; 4]) -> f32 {
    f32::from_bits(u32::from_le_bytes(bytes))
}

/// The four bytes of a word.
#[inline(always)]
pub(crate) fn bytes_of(word: f32) -> [u8; 4] {
    word.to_bits().to_le_bytes()
}

/// Pixels of `lanes` numbers each to words of two.
#[inline(always)]
pub(crate) fn narrow(from: &[f32], to: &mut [f32], lanes: usize) {
    if lanes.is_multiple_of(2) {
        return narrow_pixel(from, to);
    }
    let pixels = from.chunks_exact(lanes);
    for (pixel, words) in pixels.zip(to.chunks_exact_mut(lanes.div_ceil(2))) {
        narrow_pixel(pixel, words);
    }
}

#[inline(always)]
fn narrow_pixel(from: &[f32], to: &mut [f32]) {
    let (pairs, last) = from.as_chunks::<2>();
    for (word, &numbers) in to.iter_mut().zip(pairs) {
        *word = pair(numbers);
    }
    if let (&[x], Some(word)) = (last, to.get_mut(pairs.len())) {
        *word = pair([x, 0.0]);
    }
}

/// Words of two numbers each to pixels of an even number of numbers.
#[inline(always)]
pub(crate) fn widen(from: &[f32], to: &mut [f32]) {
    let (pairs, _) = to.as_chunks_mut::<2>();
    for (pair, &word) in pairs.iter_mut().zip(from) {
        *pair = halves(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_to_the_nearest() {
        let rounded = |x: f32| f32::from_bits(bf16(x) << 16);
        for bits in (0..=u32::MAX).step_by(40_503) {
            let x = f32::from_bits(bits);
            if x.is_nan() {
                assert!(rounded(x).is_nan());
                continue;
            }
            let (below, above) = (
                bits & 0xffff_0000,
                (bits & 0xffff_0000).wrapping_add(1 << 16),
            );
            let [below, above] = [below, above].map(|b| f64::from(f32::from_bits(b)));
            let error = (f64::from(rounded(x)) - f64::from(x)).abs();
            let least = (below - f64::from(x))
                .abs()
                .min((above - f64::from(x)).abs());
            assert!(
                error <= least || rounded(x).is_infinite(),
                "{x}: {error}, {least}"
            );
        }
        // Of two as near the one whose last bit is zero.
        assert_eq!(bf16(f32::from_bits(0x3f80_8000)), 0x3f80);
        assert_eq!(bf16(f32::from_bits(0x3f81_8000)), 0x3f82);
        assert_eq!(rounded(f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn rows_come_back() {
        for lanes in [1usize, 2, 5, 8] {
            let numbers: Vec<f32> = (0..3 * lanes).map(|i| i as f32 - 4.0).collect();
            let mut words = vec![0.0; 3 * lanes.div_ceil(2)];
            narrow(&numbers, &mut words, lanes);
            let mut back = vec![0.0; 2 * words.len()];
            widen(&words, &mut back);
            let pixels = back.chunks_exact(2 * lanes.div_ceil(2));
            let back: Vec<f32> = pixels.flat_map(|p| p[..lanes].to_vec()).collect();
            assert_eq!(back, numbers);
        }
    }
}
