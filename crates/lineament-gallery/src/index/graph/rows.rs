//! Vectors as small integers, each row in one piece, and products with them in the widest vectors of the
//! processor at hand.

use pulp::Arch;

use crate::index::bound::{ZERO, quantize};

/// Columns are filled up with zeros to a multiple of this: what one step of a product takes.
const STEP: usize = 16;

/// Unit vectors as 8-bit integers with a scale each, and how far each is from what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    stride: usize,
    /// `[rows, stride]`, −127 to 127.
    pub(super) codes: Vec<i8>,
    /// Row i stands for `scales[i] · codes[i]`.
    pub(super) scales: Vec<f32>,
    /// At least the norm of the difference between row i and its vector.
    pub(super) residuals: Vec<f32>,
}

impl Rows {
    /// `n` rows of zeros.
    pub(crate) fn new(n: usize, dimension: usize) -> Self {
        let stride = stride_of(dimension);
        Self {
            stride,
            codes: vec![0; n * stride],
            scales: vec![0.0; n],
            residuals: vec![0.0; n],
        }
    }

    pub(crate) fn set(&mut self, row: usize, values: &[f32]) {
        let (codes, scale, residual) = quantize(values);
        let places = &mut self.codes[row * self.stride..][..self.stride];
        for (place, code) in places.iter_mut().zip(codes) {
            *place = code.wrapping_sub(ZERO).cast_signed();
        }
        self.scales[row] = scale;
        self.residuals[row] = residual;
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    pub(super) fn scale(&self, row: u32) -> f32 {
        self.scales[row as usize]
    }

    pub(super) fn scale_and_residual(&self, row: u32) -> (f32, f32) {
        (self.scales[row as usize], self.residuals[row as usize])
    }

    /// The codes of a row, to be multiplied with others.
    pub(super) fn widen(&self, row: u32, codes: &mut Vec<i16>) {
        codes.clear();
        codes.extend(self.row(row).iter().map(|code| i16::from(*code)));
    }

    /// Σ code · probe of one row.
    pub(super) fn product(&self, probe: &[i16], row: u32) -> i32 {
        portable(self.row(row), probe)
    }

    /// Σ code · probe for each of `wanted`, written over `products`.
    pub(super) fn products(
        &self,
        arch: Arch,
        probe: &[i16],
        wanted: &[u32],
        products: &mut Vec<i32>,
    ) {
        products.clear();
        match arch {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(simd) => (*simd).vectorize(x86::Products {
                simd: *simd,
                rows: self,
                probe,
                wanted,
                products,
            }),
            #[cfg(target_arch = "x86_64")]
            Arch::V3(simd) => simd.vectorize(x86::Products {
                simd,
                rows: self,
                probe,
                wanted,
                products,
            }),
            _ => products.extend(wanted.iter().map(|row| portable(self.row(*row), probe))),
        }
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &[i8] {
        &self.codes[row as usize * self.stride..][..self.stride]
    }
}

/// Codes of a row, filled up.
pub(super) const fn stride_of(dimension: usize) -> usize {
    dimension.next_multiple_of(STEP)
}

/// What the vector instructions compute, in words.
fn portable(row: &[i8], probe: &[i16]) -> i32 {
    let products = row.iter().zip(probe);
    let products = products.map(|(c, p)| i32::from(*c) * i32::from(*p));
    // Sums fit; only a file that somebody made up holds a code of −128.
    products.fold(0, i32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::bytemuck::cast;
    use pulp::x86::V3;

    use super::{Rows, STEP};

    pub(super) struct Products<'a> {
        pub(super) simd: V3,
        pub(super) rows: &'a Rows,
        pub(super) probe: &'a [i16],
        pub(super) wanted: &'a [u32],
        pub(super) products: &'a mut Vec<i32>,
    }

    impl pulp::NullaryFnOnce for Products<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let simd = self.simd.avx2;
            let (probe, _) = self.probe.as_chunks::<STEP>();
            for row in self.wanted {
                let (codes, _) = self.rows.row(*row).as_chunks::<STEP>();
                let mut sum = self.simd.avx._mm256_setzero_si256();
                for (codes, probe) in codes.iter().zip(probe) {
                    let codes = simd._mm256_cvtepi8_epi16(cast(*codes));
                    // Pairs of products fit 32 bits: 2 · 127 · 32,767.
                    let pairs = simd._mm256_madd_epi16(codes, cast(*probe));
                    sum = simd._mm256_add_epi32(sum, pairs);
                }
                let lanes: [i32; 8] = cast(sum);
                self.products.push(lanes.iter().sum());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_multiply_as_words_do() {
        let mut rows = Rows::new(5, 37);
        for row in 0..5 {
            let values: Vec<f32> = (0..37)
                .map(|i| ((i * 7 + row * 13) % 11) as f32 / 11.0 - 0.4)
                .collect();
            rows.set(row, &values);
        }
        let mut probe: Vec<i16> = (0..37)
            .map(|i| (i * 2_311 % 32_767 - 16_000) as i16)
            .collect();
        probe.resize(rows.stride(), 0);
        let (wanted, mut products) = ([4, 0, 2, 2], vec![9]);
        rows.products(Arch::new(), &probe, &wanted, &mut products);
        let in_words = wanted.map(|row| rows.product(&probe, row));
        assert_eq!(products, in_words);
        assert!(in_words.iter().any(|product| *product != 0));
    }
}
