//! What the processor can do at most.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::simd;
use crate::isa::Isa;
use crate::precision::Precision;

/// Rounds of a try: about a millisecond.
const ROUNDS: usize = 100_000;

/// Tries, of which the quickest counts.
const TRIES: usize = 12;

/// Sums of a try in safe Rust.
const SUMS: usize = 64;

/// Billions of multiplications with additions a second that one thread does with `isa`, which is
/// present and multiplies so, from registers to registers.
pub(crate) fn peak(isa: Isa, precision: Precision) -> f64 {
    let tries = (0..TRIES).map(|_| {
        let begun = Instant::now();
        let per_round = multiply(isa, precision, ROUNDS);
        (begun.elapsed(), per_round)
    });
    let (least, per_round) = tries.min().unwrap_or((Duration::MAX, 0));
    per_round as f64 * ROUNDS as f64 / least.as_secs_f64() / 1e9
}

/// Does multiplications, `rounds` times as many as it returns.
fn multiply(isa: Isa, precision: Precision, rounds: usize) -> u64 {
    match isa {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        Isa::Amx | Isa::Avx512 | Isa::Avx2 | Isa::Neon => simd::multiply(isa, precision, rounds),
        _ => multiply_portable(rounds),
    }
}

fn multiply_portable(rounds: usize) -> u64 {
    let mut sums = [1f32; SUMS];
    let factor = black_box(0.5f32);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = *sum * factor + 0.25;
        }
    }
    black_box(&sums);
    SUMS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_instructions_do_more() {
        let present = Isa::detect();
        let portable = peak(Isa::Portable, Precision::F32);
        assert!(portable > 0.01);
        for precision in Precision::ALL {
            if present != Isa::Portable && present.multiplies(precision) {
                assert!(peak(present, precision) > portable / 2.0);
            }
        }
    }
}
