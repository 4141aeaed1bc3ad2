//! Products of halves of stored codes and probes, in the widest vectors of the processor at hand.
//!
//! Eight columns of sixteen rows are 64 bytes: one vector, which is taken apart into two of four columns each. The same
//! four columns of the probe are repeated in another. Multiplying unsigned with signed bytes, adding pairs to 16 bits
//! and those of four groups (which 16 bits hold, see `COARSE_MAX`), and pairs of those to 32 bits gives a sum a row: no
//! sums across lanes.

use pulp::Arch;

use super::{FOUR, Group, ROWS};

/// The codes of a probe for a group.
pub(super) type Eight = [[i8; FOUR]; 2];
/// Groups whose products 16 bits hold.
const HELD: usize = 4;

/// Writes, for each of `probes`, Σ half · probe for the rows of the `B` bundles in `groups`, or as
/// many as there are, each of as many groups as a probe has.
pub(super) fn products<const B: usize, const P: usize>(
    arch: Arch,
    groups: &[Group],
    probes: [&[Eight]; P],
    sums: &mut [[[i32; ROWS]; B]; P],
) {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => simd.vectorize(x86::Wide {
            simd,
            groups,
            probes,
            sums,
        }),
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => simd.vectorize(x86::Narrow {
            simd,
            groups,
            probes,
            sums,
        }),
        _ => each_bundle(groups, probes, sums, portable),
    }
}

/// Gives every bundle and the probes to `multiply`.
#[inline(always)]
fn each_bundle<const B: usize, const P: usize>(
    groups: &[Group],
    probes: [&[Eight]; P],
    sums: &mut [[[i32; ROWS]; B]; P],
    multiply: impl Fn(&[Group], [&[Eight]; P]) -> [[i32; ROWS]; P],
) {
    let n_groups = probes.first().map_or(0, |probe| probe.len()).max(1);
    for (i, bundle) in groups.chunks_exact(n_groups).enumerate() {
        let found = multiply(bundle, probes);
        for (sums, found) in sums.iter_mut().zip(found) {
            sums[i] = found;
        }
    }
}

/// What the vector instructions compute, in words.
fn portable<const P: usize>(bundle: &[Group], probes: [&[Eight]; P]) -> [[i32; ROWS]; P] {
    let mut sums = [[0; ROWS]; P];
    for (sums, probe) in sums.iter_mut().zip(probes) {
        for (groups, eights) in bundle.chunks(HELD).zip(probe.chunks(HELD)) {
            let mut held = [[0i16; FOUR]; ROWS];
            for (group, [first, others]) in groups.iter().zip(eights) {
                for (held, row) in held.iter_mut().zip(group.as_chunks::<FOUR>().0) {
                    for i in 0..FOUR {
                        held[i] += i16::from(row[i] & 15) * i16::from(first[i])
                            + i16::from(row[i] >> 4) * i16::from(others[i]);
                    }
                }
            }
            for (sum, held) in sums.iter_mut().zip(held) {
                *sum += held.iter().map(|held| i32::from(*held)).sum::<i32>();
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::bytemuck::cast;
    use pulp::x86::{V3, V4};
    use std::arch::x86_64::{__m256i, __m512i};

    use super::{Eight, Group, HELD, ROWS, each_bundle};

    /// A bundle's group in one vector of 512 bits.
    pub(super) struct Wide<'a, const B: usize, const P: usize> {
        pub(super) simd: V4,
        pub(super) groups: &'a [Group],
        pub(super) probes: [&'a [Eight]; P],
        pub(super) sums: &'a mut [[[i32; ROWS]; B]; P],
    }

    impl<const B: usize, const P: usize> pulp::NullaryFnOnce for Wide<'_, B, P> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (simd, bw) = (self.simd.avx512f, self.simd.avx512bw);
            let ones = simd._mm512_set1_epi16(1);
            let below = simd._mm512_set1_epi8(15);
            each_bundle(
                self.groups,
                self.probes,
                self.sums,
                #[inline(always)]
                |bundle, probes| {
                    let mut sums = [simd._mm512_setzero_si512(); P];
                    for (i, groups) in bundle.chunks(HELD).enumerate() {
                        let probes = probes.map(|probe| &probe[i * HELD..][..groups.len()]);
                        let mut held = [simd._mm512_setzero_si512(); P];
                        for (j, group) in groups.iter().enumerate() {
                            let group: __m512i = cast(*group);
                            let first = simd._mm512_and_si512(group, below);
                            let others =
                                simd._mm512_and_si512(bw._mm512_srli_epi16::<4>(group), below);
                            for (held, probe) in held.iter_mut().zip(&probes) {
                                for (half, four) in [first, others].into_iter().zip(&probe[j]) {
                                    let four = simd._mm512_set1_epi32(cast(*four));
                                    let pairs = bw._mm512_maddubs_epi16(half, four);
                                    *held = bw._mm512_add_epi16(*held, pairs);
                                }
                            }
                        }
                        for (sum, held) in sums.iter_mut().zip(held) {
                            let fours = bw._mm512_madd_epi16(held, ones);
                            *sum = simd._mm512_add_epi32(*sum, fours);
                        }
                    }
                    sums.map(cast)
                },
            );
        }
    }

    /// A bundle's group in two vectors of 256 bits.
    pub(super) struct Narrow<'a, const B: usize, const P: usize> {
        pub(super) simd: V3,
        pub(super) groups: &'a [Group],
        pub(super) probes: [&'a [Eight]; P],
        pub(super) sums: &'a mut [[[i32; ROWS]; B]; P],
    }

    impl<const B: usize, const P: usize> pulp::NullaryFnOnce for Narrow<'_, B, P> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (avx, simd) = (self.simd.avx, self.simd.avx2);
            let ones = avx._mm256_set1_epi16(1);
            let below = avx._mm256_set1_epi8(15);
            each_bundle(
                self.groups,
                self.probes,
                self.sums,
                #[inline(always)]
                |bundle, probes| {
                    let mut sums = [[avx._mm256_setzero_si256(); 2]; P];
                    for (i, groups) in bundle.chunks(HELD).enumerate() {
                        let probes = probes.map(|probe| &probe[i * HELD..][..groups.len()]);
                        let mut held = [[avx._mm256_setzero_si256(); 2]; P];
                        for (j, group) in groups.iter().enumerate() {
                            let rows: [__m256i; 2] = cast(*group);
                            for (r, rows) in rows.into_iter().enumerate() {
                                let first = simd._mm256_and_si256(rows, below);
                                let others =
                                    simd._mm256_and_si256(simd._mm256_srli_epi16::<4>(rows), below);
                                for (held, probe) in held.iter_mut().zip(&probes) {
                                    for (half, four) in [first, others].into_iter().zip(&probe[j]) {
                                        let four = avx._mm256_set1_epi32(cast(*four));
                                        let pairs = simd._mm256_maddubs_epi16(half, four);
                                        held[r] = simd._mm256_add_epi16(held[r], pairs);
                                    }
                                }
                            }
                        }
                        for (sums, held) in sums.iter_mut().zip(held) {
                            for (sum, held) in sums.iter_mut().zip(held) {
                                let fours = simd._mm256_madd_epi16(held, ones);
                                *sum = simd._mm256_add_epi32(*sum, fours);
                            }
                        }
                    }
                    sums.map(cast)
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::BUNDLES;
    use super::*;
    use proptest::prelude::*;

    /// What the processor at hand may run, besides the portable form.
    fn archs() -> Vec<Arch> {
        let mut archs = vec![Arch::new()];
        #[cfg(target_arch = "x86_64")]
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        archs
    }

    proptest! {
        #[test]
        fn vectors_compute_what_the_portable_form_does(
            n_groups in 1usize..40,
            n_bundles in 1usize..=BUNDLES,
            seed in any::<u64>(),
        ) {
            let mut state = seed | 1;
            let mut byte = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // The extremes, where sums of pairs are greatest, come often.
                match state >> 61 {
                    0 => 0,
                    1 | 2 => 255,
                    _ => (state >> 40) as u8,
                }
            };
            let groups: Vec<Group> = (0..n_groups * n_bundles)
                .map(|_| std::array::from_fn(|_| byte()))
                .collect();
            let probes: [Vec<Eight>; 3] = std::array::from_fn(|_| {
                let code = |b: u8| (i16::from(b) - 128).clamp(-127, 127) as i8;
                (0..n_groups).map(|_| [(); 2].map(|()| std::array::from_fn(|_| code(byte())))).collect()
            });
            let probes = [&probes[0][..], &probes[1], &probes[2]];
            let mut expected = [[[0; ROWS]; BUNDLES]; 3];
            each_bundle(&groups, probes, &mut expected, portable);
            for arch in archs() {
                let mut found = [[[0; ROWS]; BUNDLES]; 3];
                products(arch, &groups, probes, &mut found);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
