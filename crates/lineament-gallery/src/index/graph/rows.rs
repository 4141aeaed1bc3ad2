//! Vectors as small integers, each row in whole lines of the caches, and products with them in the widest
//! vectors of the processor at hand.

use lineament_kernels::mapped::CacheLine;
use pulp::Arch;

use crate::index::bound::{ZERO, quantize};
use crate::index::column::Column;

/// Codes of a line.
pub(super) const LINE: usize = 64;

/// Codes that the processor reads at once; rows are filled up with zeros to whole ones.
pub(super) type Line = CacheLine<i8, LINE>;

/// Unit vectors as 8-bit integers with a scale each, and how far each is from what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    /// Lines of a row.
    n_lines: usize,
    /// `[rows, n_lines]`, codes of −127 to 127.
    pub(super) lines: Column<Line>,
    /// Row i stands for `scales[i] · codes[i]`.
    pub(super) scales: Column<f32>,
    /// At least the norm of the difference between row i and its vector.
    pub(super) residuals: Column<f32>,
}

impl Rows {
    /// `n` rows of zeros.
    pub(crate) fn new(n: usize, dimension: usize) -> Self {
        let n_lines = lines_of(dimension);
        Self {
            n_lines,
            lines: vec![CacheLine([0; LINE]); n * n_lines].into(),
            scales: vec![0.0; n].into(),
            residuals: vec![0.0; n].into(),
        }
    }

    pub(crate) fn set(&mut self, row: usize, values: &[f32]) {
        let quantized = quantize(values);
        let first = row * self.n_lines;
        let lines = &mut self.lines[first..first + self.n_lines];
        for (line, codes) in lines.iter_mut().zip(quantized.codes.chunks(LINE)) {
            for (place, code) in line.0.iter_mut().zip(codes) {
                *place = code.wrapping_sub(ZERO).cast_signed();
            }
        }
        self.scales[row] = quantized.scale;
        self.residuals[row] = quantized.residual;
    }

    /// Codes of a row, filled up.
    pub(super) fn stride(&self) -> usize {
        self.n_lines * LINE
    }

    #[inline(always)]
    pub(super) fn scale(&self, row: u32) -> f32 {
        self.scales[row as usize]
    }

    pub(super) fn scale_and_residual(&self, row: u32) -> (f32, f32) {
        (self.scales[row as usize], self.residuals[row as usize])
    }

    /// The codes of a row, to be multiplied with others.
    pub(super) fn widen(&self, row: u32, codes: &mut Vec<i16>) {
        codes.clear();
        let row = self.row(row).iter().flat_map(|line| &line.0);
        codes.extend(row.map(|code| i16::from(*code)));
    }

    /// Σ code · probe for each of `wanted`, written over `products`.
    pub(super) fn products(
        &self,
        arch: Arch,
        probe: &[i16],
        wanted: &[u32],
        products: &mut Vec<i32>,
    ) {
        with_vectors(
            arch,
            Products {
                rows: self,
                probe,
                wanted,
                products,
            },
        );
    }

    #[inline(always)]
    pub(super) fn row(&self, row: u32) -> &[Line] {
        let first = row as usize * self.n_lines;
        &self.lines[first..first + self.n_lines]
    }
}

/// Lines of a row.
pub(super) const fn lines_of(dimension: usize) -> usize {
    dimension.div_ceil(LINE)
}

/// Vector instructions, or none.
pub(super) trait Vectors: Copy {
    /// Σ code · probe of one row.
    fn product(self, row: &[Line], probe: &[i16]) -> i32;

    /// Asks for what is to be read soon, so that waiting for it and computing overlap.
    fn fetch<T>(self, soon: &[T]);
}

/// Work that is compiled for each kind of vectors.
pub(super) trait Work {
    fn run<V: Vectors>(self, vectors: V);
}

/// Does the work with the widest vectors of the processor at hand.
pub(super) fn with_vectors(arch: Arch, work: impl Work) {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => simd.vectorize(
            #[inline(always)]
            || work.run(simd),
        ),
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => simd.vectorize(
            #[inline(always)]
            || work.run(simd),
        ),
        _ => work.run(InWords),
    }
}

/// What the vector instructions compute, in words.
#[derive(Clone, Copy)]
struct InWords;

impl Vectors for InWords {
    fn product(self, row: &[Line], probe: &[i16]) -> i32 {
        let products = row.iter().flat_map(|line| &line.0).zip(probe);
        let products = products.map(|(c, p)| i32::from(*c) * i32::from(*p));
        // Sums fit; only a file that somebody made up holds a code of −128.
        products.fold(0, i32::wrapping_add)
    }

    fn fetch<T>(self, _: &[T]) {}
}

struct Products<'a> {
    rows: &'a Rows,
    probe: &'a [i16],
    wanted: &'a [u32],
    products: &'a mut Vec<i32>,
}

impl Work for Products<'_> {
    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        self.products.clear();
        // No closures: what is called in one is not compiled for the vectors.
        for row in self.wanted {
            let product = vectors.product(self.rows.row(*row), self.probe);
            self.products.push(product);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::bytemuck::cast;
    use pulp::x86::{V3, V4};
    use std::arch::x86_64::{__m128i, __m256i, __m512i};

    use super::{LINE, Line, Vectors};

    /// Bytes that the processor fetches together.
    const FETCHED: usize = 64;
    /// Into the nearest of the caches.
    const NEAREST: i32 = std::arch::x86_64::_MM_HINT_T0;

    impl Vectors for V4 {
        #[inline(always)]
        fn product(self, row: &[Line], probe: &[i16]) -> i32 {
            let (simd, bw) = (self.avx512f, self.avx512bw);
            let mut sums = [simd._mm512_setzero_si512(); 2];
            for (line, probe) in row.iter().zip(probe.as_chunks::<LINE>().0) {
                let codes: [__m256i; 2] = cast(line.0);
                let probe: [__m512i; 2] = cast(*probe);
                for ((sum, codes), probe) in sums.iter_mut().zip(codes).zip(probe) {
                    // Pairs of products fit 32 bits: 2 · 127 · 32,767.
                    let pairs = bw._mm512_madd_epi16(bw._mm512_cvtepi8_epi16(codes), probe);
                    *sum = simd._mm512_add_epi32(*sum, pairs);
                }
            }
            simd._mm512_reduce_add_epi32(simd._mm512_add_epi32(sums[0], sums[1]))
        }

        #[inline(always)]
        fn fetch<T>(self, soon: &[T]) {
            V3::fetch(*self, soon);
        }
    }

    impl Vectors for V3 {
        #[inline(always)]
        fn product(self, row: &[Line], probe: &[i16]) -> i32 {
            let simd = self.avx2;
            let mut sums = [self.avx._mm256_setzero_si256(); 4];
            for (line, probe) in row.iter().zip(probe.as_chunks::<LINE>().0) {
                let codes: [__m128i; 4] = cast(line.0);
                let probe: [__m256i; 4] = cast(*probe);
                for ((sum, codes), probe) in sums.iter_mut().zip(codes).zip(probe) {
                    let pairs = simd._mm256_madd_epi16(simd._mm256_cvtepi8_epi16(codes), probe);
                    *sum = simd._mm256_add_epi32(*sum, pairs);
                }
            }
            let [a, b, c, d] = sums;
            let sum =
                simd._mm256_add_epi32(simd._mm256_add_epi32(a, b), simd._mm256_add_epi32(c, d));
            let lanes: [i32; 8] = cast(sum);
            lanes.iter().sum()
        }

        #[inline(always)]
        fn fetch<T>(self, soon: &[T]) {
            let start = soon.as_ptr().cast::<i8>();
            for place in (0..size_of_val(soon)).step_by(FETCHED) {
                self.sse._mm_prefetch::<NEAREST>(start.wrapping_add(place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the processor at hand may run, besides the portable form.
    fn archs() -> Vec<Arch> {
        let mut archs = vec![Arch::new()];
        #[cfg(target_arch = "x86_64")]
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        archs
    }

    #[test]
    fn vectors_multiply_as_words_do() {
        for dimension in [1, 37, 64, 100, 512] {
            let mut rows = Rows::new(5, dimension);
            for row in 0..5 {
                let values: Vec<f32> = (0..dimension)
                    .map(|i| ((i * 7 + row * 13) % 11) as f32 / 11.0 - 0.4)
                    .collect();
                rows.set(row, &values);
            }
            let limit = i32::MAX / 127 / dimension as i32;
            let mut probe: Vec<i16> = (0..dimension as i32)
                .map(|i| ((i * 2_311 % 32_767 - 16_000) % limit) as i16)
                .collect();
            probe.resize(rows.stride(), 0);
            let wanted = [4, 0, 2, 2];
            let in_words = wanted.map(|row| InWords.product(rows.row(row), &probe));
            assert!(in_words.iter().any(|product| *product != 0));
            for arch in archs() {
                let mut products = vec![9];
                rows.products(arch, &probe, &wanted, &mut products);
                assert_eq!(products, in_words, "{dimension} numbers");
            }
        }
    }
}
