//! Pairs of images, of the same person or of two.

use super::check_positive;
use super::people::People;
use crate::data::random::{Permutation, stream};
use crate::error::TrainError;

/// What the random numbers are for.
enum Draw {
    Order,
    Matched,
    Mismatched,
    First,
    Second,
}

/// Matched pairs first, then the others; the two of a pair follow each other.
#[derive(Debug, Clone)]
pub(super) struct Pairs {
    people: People,
    n_pairs: usize,
    n_matched: usize,
    seed: u64,
}

impl Pairs {
    pub(super) fn new(
        labels: &[i64],
        n_pairs: usize,
        matched: f64,
        seed: u64,
    ) -> Result<Self, TrainError> {
        check_positive("pairs a step", n_pairs)?;
        if !(0.0..=1.0).contains(&matched) {
            return Err(TrainError::Argument {
                what: "the share of matched pairs",
                expected: "0 to 1".to_owned(),
                got: matched.to_string(),
            });
        }
        let n_matched = (n_pairs as f64 * matched).round() as usize;
        let people = People::of(labels)?;
        people.check_pairable(n_matched.min(1))?;
        if n_matched < n_pairs && people.len() < 2 {
            return Err(TrainError::NoImages {
                what: "pairs of different people".to_owned(),
                why: format!("there are {} people", people.len()),
            });
        }
        Ok(Self {
            people,
            n_pairs,
            n_matched,
            seed,
        })
    }

    pub(super) fn batch(&self, step: u64) -> Vec<usize> {
        let n_before = step * self.n_matched as u64;
        let matched = (0..self.n_matched as u64).flat_map(|pair| self.matched(n_before + pair));
        let n_mismatched = self.n_pairs - self.n_matched;
        let mismatched = (0..n_mismatched).flat_map(|pair| self.mismatched(step, pair as u64));
        matched.chain(mismatched).collect()
    }

    /// The people with two images take turns.
    fn matched(&self, number: u64) -> impl Iterator<Item = usize> {
        let n_people = self.people.n_pairable();
        let (round, place) = (number / n_people as u64, number % n_people as u64);
        let order = Permutation::new(n_people, self.seed, &[Draw::Order as u64, round]);
        let place_of_images = [Draw::Matched as u64, number];
        let person = order.at(place as usize);
        self.people
            .images_of(person, 2, self.seed, &place_of_images)
    }

    /// Any two people are as likely as any others.
    fn mismatched(&self, step: u64, pair: u64) -> impl Iterator<Item = usize> {
        let mut random = stream(self.seed, &[Draw::Mismatched as u64, step, pair]);
        let first = random.below(self.people.len());
        let second = (first + 1 + random.below(self.people.len() - 1)) % self.people.len();
        [(first, Draw::First), (second, Draw::Second)]
            .into_iter()
            .flat_map(move |(person, draw)| {
                let place = [draw as u64, step, pair];
                self.people.images_of(person, 1, self.seed, &place)
            })
    }

    pub(super) fn batch_size(&self) -> usize {
        self.n_pairs * 2
    }

    /// Until every person with two images was in a matched pair; where none is matched, until as many
    /// pairs came as there are people.
    pub(super) fn steps_per_epoch(&self) -> u64 {
        match self.n_matched {
            0 => self.people.len().div_ceil(self.n_pairs) as u64,
            n_matched => self.people.n_pairable().div_ceil(n_matched) as u64,
        }
    }
}
