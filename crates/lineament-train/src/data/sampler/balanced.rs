//! P people, K images of each, and perhaps images of others.

use super::people::People;
use super::{BalancedEpoch, check_positive};
use crate::data::random::Permutation;
use crate::error::TrainError;

/// What the random numbers are for.
enum Draw {
    Images,
    Others,
}

/// Draws people in turn, and images of each at random.
#[derive(Debug, Clone)]
pub(super) struct Balanced {
    people: People,
    people_per_step: usize,
    images_per_person: usize,
    others: usize,
    n_images: usize,
    epoch: BalancedEpoch,
    seed: u64,
}

impl Balanced {
    pub(super) fn new(
        labels: &[i64],
        people_per_step: usize,
        images_per_person: usize,
        others: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        check_positive("people a step", people_per_step)?;
        check_positive("images per person", images_per_person)?;
        let people = People::of(labels)?;
        people.check_pairable(people_per_step)?;
        if others > 0 && people.len() == people_per_step {
            return Err(TrainError::NoImages {
                what: "images of people who are not in a step".to_owned(),
                why: format!("all {} people are", people.len()),
            });
        }
        Ok(Self {
            people,
            people_per_step,
            images_per_person,
            others,
            n_images: labels.len(),
            epoch: BalancedEpoch::default(),
            seed,
        })
    }

    pub(super) fn with_epoch(self, epoch: BalancedEpoch) -> Self {
        Self { epoch, ..self }
    }

    pub(super) fn batch(&self, step: u64) -> Vec<usize> {
        let people = self.people_of(step);
        let images = people.iter().flat_map(|&person| {
            let place = [Draw::Images as u64, step, person as u64];
            self.people
                .images_of(person, self.images_per_person, self.seed, &place)
        });
        images.chain(self.others_of(step, &people)).collect()
    }

    /// The people who are left over at the end of a round sit it out, so that none is in a step twice;
    /// the next round's order is another.
    fn people_of(&self, step: u64) -> Vec<usize> {
        let n_pairable = self.people.n_pairable();
        let steps_per_round = (n_pairable / self.people_per_step) as u64;
        let (round, step_of_round) = (step / steps_per_round, step % steps_per_round);
        let order = Permutation::new(n_pairable, self.seed, &[round]);
        let first = step_of_round as usize * self.people_per_step;
        let places = first..first + self.people_per_step;
        places.map(|place| order.at(place)).collect()
    }

    /// An image each of people outside `people`; of more people than there are, they come again.
    fn others_of(&self, step: u64, people: &[usize]) -> impl Iterator<Item = usize> {
        let place = [Draw::Others as u64, step];
        let order = Permutation::new(self.people.len(), self.seed, &place);
        let outside = (0..self.people.len())
            .cycle()
            .enumerate()
            .map(move |(turn, place)| (turn, order.at(place)))
            .filter(|(_, person)| !people.contains(person));
        outside.take(self.others).flat_map(move |(turn, person)| {
            let place = [Draw::Others as u64, step, turn as u64];
            self.people.images_of(person, 1, self.seed, &place)
        })
    }

    pub(super) fn batch_size(&self) -> usize {
        self.people_per_step * self.images_per_person + self.others
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        let steps = match self.epoch {
            BalancedEpoch::People => self.people.n_pairable().div_ceil(self.people_per_step),
            BalancedEpoch::Images => self.n_images.div_ceil(self.batch_size()),
        };
        steps as u64
    }
}
