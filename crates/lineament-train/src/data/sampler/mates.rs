//! Every image beside another of the same person.

use super::check_positive;
use super::people::People;
use crate::data::random::{Permutation, stream};
use crate::error::TrainError;

/// What the random numbers are for.
enum Draw {
    Order,
    Mate,
}

/// Pairs of a person, of which the first comes in turn and the second by chance; the two follow each other.
#[derive(Debug, Clone)]
pub(super) struct Mates {
    people: People,
    /// Every image that has a mate: its person, and its place among theirs.
    firsts: Vec<[u32; 2]>,
    n_pairs: usize,
    seed: u64,
}

impl Mates {
    pub(super) fn new(labels: &[i64], n_pairs: usize, seed: u64) -> Result<Self, TrainError> {
        check_positive("pairs a step", n_pairs)?;
        let people = People::of(labels)?;
        people.check_pairable(1)?;
        let of_person = |person| (0..people.n_images(person)).map(move |place| [person, place]);
        let firsts = (0..people.n_pairable()).flat_map(of_person);
        Ok(Self {
            firsts: firsts.map(|first| first.map(|i| i as u32)).collect(),
            people,
            n_pairs,
            seed,
        })
    }

    pub(super) fn batch(&self, step: u64) -> Vec<usize> {
        let n_before = step * self.n_pairs as u64;
        let pairs = 0..self.n_pairs as u64;
        pairs.flat_map(|pair| self.pair(n_before + pair)).collect()
    }

    fn pair(&self, number: u64) -> [usize; 2] {
        let n = self.firsts.len();
        let (round, turn) = (number / n as u64, number % n as u64);
        let order = Permutation::new(n, self.seed, &[Draw::Order as u64, round]);
        let [person, first] = self.firsts[order.at(turn as usize)].map(|i| i as usize);
        let n_images = self.people.n_images(person);
        let mut random = stream(self.seed, &[Draw::Mate as u64, number]);
        let second = (first + 1 + random.below(n_images - 1)) % n_images;
        [first, second].map(|place| self.people.image(person, place))
    }

    pub(super) fn batch_size(&self) -> usize {
        self.n_pairs * 2
    }

    /// Until as many images came as have a mate.
    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.firsts.len().div_ceil(self.batch_size()) as u64
    }
}
