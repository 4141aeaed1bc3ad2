//! Products of stored codes and probes, in the widest vectors of the processor at hand.
//!
//! Four columns of sixteen rows are 64 bytes: one vector. The same four columns of the probe are
//! repeated in another. Multiplying unsigned with signed bytes, adding pairs to 16 bits (which hold
//! them, see `COARSE_MAX`) and pairs of those to 32 bits gives a sum a row: no sums across lanes.

use pulp::Arch;

use super::scan::BUNDLES;
use super::{COLUMNS, GROUP_BYTES, ROWS};

/// Four columns of the codes of sixteen rows.
type Group = [u8; GROUP_BYTES];
/// Four codes of a probe.
type Four = [i8; COLUMNS];

/// Writes, for each of `probes`, Σ code · probe for the rows of all bundles in `groups`, each of as many
/// groups as a probe has fours.
pub(super) fn products<const P: usize>(
    arch: Arch,
    groups: &[Group],
    probes: [&[Four]; P],
    sums: &mut [[[i32; ROWS]; BUNDLES]; P],
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
fn each_bundle<const P: usize>(
    groups: &[Group],
    probes: [&[Four]; P],
    sums: &mut [[[i32; ROWS]; BUNDLES]; P],
    multiply: impl Fn(&[Group], [&[Four]; P]) -> [[i32; ROWS]; P],
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
fn portable<const P: usize>(bundle: &[Group], probes: [&[Four]; P]) -> [[i32; ROWS]; P] {
    let mut sums = [[0; ROWS]; P];
    for (sums, probe) in sums.iter_mut().zip(probes) {
        for (group, four) in bundle.iter().zip(probe) {
            let (rows, _) = group.as_chunks::<COLUMNS>();
            for (sum, row) in sums.iter_mut().zip(rows) {
                let products = row.iter().zip(four);
                *sum += products
                    .map(|(c, p)| i32::from(*c) * i32::from(*p))
                    .sum::<i32>();
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

    use super::{BUNDLES, Four, Group, ROWS, each_bundle};

    /// A bundle's group in one vector of 512 bits.
    pub(super) struct Wide<'a, const P: usize> {
        pub(super) simd: V4,
        pub(super) groups: &'a [Group],
        pub(super) probes: [&'a [Four]; P],
        pub(super) sums: &'a mut [[[i32; ROWS]; BUNDLES]; P],
    }

    impl<const P: usize> pulp::NullaryFnOnce for Wide<'_, P> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (simd, bw) = (self.simd.avx512f, self.simd.avx512bw);
            let ones = simd._mm512_set1_epi16(1);
            each_bundle(
                self.groups,
                self.probes,
                self.sums,
                #[inline(always)]
                |bundle, probes| {
                    let mut sums = [simd._mm512_setzero_si512(); P];
                    for (i, group) in bundle.iter().enumerate() {
                        let group: __m512i = cast(*group);
                        for (sum, probe) in sums.iter_mut().zip(probes) {
                            let four = simd._mm512_set1_epi32(cast(probe[i]));
                            let pairs = bw._mm512_maddubs_epi16(group, four);
                            let fours = bw._mm512_madd_epi16(pairs, ones);
                            *sum = simd._mm512_add_epi32(*sum, fours);
                        }
                    }
                    sums.map(cast)
                },
            );
        }
    }

    /// A bundle's group in two vectors of 256 bits.
    pub(super) struct Narrow<'a, const P: usize> {
        pub(super) simd: V3,
        pub(super) groups: &'a [Group],
        pub(super) probes: [&'a [Four]; P],
        pub(super) sums: &'a mut [[[i32; ROWS]; BUNDLES]; P],
    }

    impl<const P: usize> pulp::NullaryFnOnce for Narrow<'_, P> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (avx, simd) = (self.simd.avx, self.simd.avx2);
            let ones = avx._mm256_set1_epi16(1);
            each_bundle(
                self.groups,
                self.probes,
                self.sums,
                #[inline(always)]
                |bundle, probes| {
                    let mut sums = [[avx._mm256_setzero_si256(); 2]; P];
                    for (i, group) in bundle.iter().enumerate() {
                        let halves: [__m256i; 2] = cast(*group);
                        for (sums, probe) in sums.iter_mut().zip(probes) {
                            let four = avx._mm256_set1_epi32(cast(probe[i]));
                            for (sum, half) in sums.iter_mut().zip(halves) {
                                let pairs = simd._mm256_maddubs_epi16(half, four);
                                let fours = simd._mm256_madd_epi16(pairs, ones);
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
            let probes: [Vec<Four>; 3] = std::array::from_fn(|_| {
                let code = |b: u8| (i16::from(b) - 128).clamp(-64, 64) as i8;
                (0..n_groups).map(|_| std::array::from_fn(|_| code(byte()))).collect()
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
