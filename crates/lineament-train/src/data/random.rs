//! Random numbers as functions of what they are for: a seed and a place, not a history.

use lineament_eval::Seeded;

/// The sequence that belongs to `place` under `seed`.
pub(crate) fn stream(seed: u64, place: &[u64]) -> Seeded {
    let mix = |state: u64, part: &u64| Seeded::new(state.rotate_left(32) ^ part).bits();
    Seeded::new(place.iter().fold(seed, mix))
}

/// A number in [0, 1).
pub(crate) fn unit(random: &mut Seeded) -> f64 {
    // The upper 53 bits, as many as a mantissa has.
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number in [`low`, `high`).
pub(crate) fn between(random: &mut Seeded, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(random)
}

/// True with this probability.
pub(crate) fn happens(random: &mut Seeded, probability: f64) -> bool {
    unit(random) < probability
}

/// So many places are put in order at once: few for a shuffle, too few for a network to be even.
const MAX_SHUFFLED: usize = 1024;

/// A random order of `0..n` of which any place can be asked for.
#[derive(Debug, Clone)]
pub(crate) enum Permutation {
    /// In memory.
    Shuffled(Vec<u32>),
    /// Computed place by place, whatever its length.
    Network(FeistelNetwork),
}

impl Permutation {
    /// The order of `0..n` that belongs to `place` under `seed`.
    pub(crate) fn new(n: usize, seed: u64, place: &[u64]) -> Self {
        let mut random = stream(seed, place);
        if n > MAX_SHUFFLED {
            return Self::Network(FeistelNetwork::new(n as u64, &mut random));
        }
        let mut order: Vec<u32> = (0..n as u32).collect();
        random.shuffle(&mut order);
        Self::Shuffled(order)
    }

    /// What stands at `place`, which is below `n`.
    pub(crate) fn at(&self, place: usize) -> usize {
        match self {
            Self::Shuffled(order) => order[place] as usize,
            Self::Network(network) => network.at(place as u64) as usize,
        }
    }
}

/// Permutes the next larger square of a power of two, and walks on while it is outside `0..n` (Black
/// and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
#[derive(Debug, Clone)]
pub(crate) struct FeistelNetwork {
    n: u64,
    half_bits: u32,
    keys: [u64; 8],
}

impl FeistelNetwork {
    fn new(n: u64, random: &mut Seeded) -> Self {
        let bits = u64::BITS - n.saturating_sub(1).leading_zeros();
        Self {
            n,
            half_bits: bits.div_ceil(2),
            keys: [(); 8].map(|()| random.bits()),
        }
    }

    fn at(&self, place: u64) -> u64 {
        let mut value = self.permute(place);
        while value >= self.n {
            value = self.permute(value);
        }
        value
    }

    fn permute(&self, value: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for key in self.keys {
            let scrambled = Seeded::new(key ^ right).bits() & mask;
            (left, right) = (right, left ^ scrambled);
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_is_one() {
        for n in (1..200).chain([1023, 1024, 1025, 4096, 4097]) {
            let order = Permutation::new(n, 3, &[n as u64]);
            let mut seen: Vec<usize> = (0..n).map(|place| order.at(place)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn orders_are_even() {
        // Which fifth of the values stands in which fifth of the places, over 2000 orders: within five
        // standard deviations of a fifth for one place of each.
        for n in [5, 1500] {
            let mut counts = [[0_usize; 5]; 5];
            for epoch in 0..2000 {
                let order = Permutation::new(n, 1, &[epoch]);
                for (fifth, count) in counts.iter_mut().enumerate() {
                    count[order.at(fifth * n / 5) * 5 / n] += 1;
                }
            }
            let mut all = counts.iter().flatten();
            assert!(all.all(|n| (310..490).contains(n)), "{n}: {counts:?}");
        }
    }

    #[test]
    fn what_follows_what_is_even() {
        // Neighbouring places of a long order: how far their values lie apart, by quarters of the way
        // round.
        let order = Permutation::new(5000, 4, &[]);
        let mut counts = [0_usize; 4];
        for place in 0..4999 {
            let apart = (order.at(place + 1) + 5000 - order.at(place)) % 5000;
            counts[apart * 4 / 5000] += 1;
        }
        assert!(
            counts.iter().all(|n| (1100..1400).contains(n)),
            "{counts:?}"
        );
    }

    #[test]
    fn places_have_streams_of_their_own() {
        let first = |place: &[u64]| stream(9, place).bits();
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[0]), first(&[0, 0]));
        let mean = (0..10_000).map(|i| unit(&mut stream(5, &[i]))).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.015, "{mean}");
    }
}
