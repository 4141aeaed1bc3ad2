//! P people, K images of each.

use super::check_positive;
use crate::data::random::Permutation;
use crate::error::TrainError;

/// Fewer images than this make no pair.
const MIN_IMAGES: usize = 2;

/// Draws people in turn, and images of each at random.
#[derive(Debug, Clone)]
pub(super) struct Balanced {
    /// The images of each person.
    people: Vec<Vec<u32>>,
    people_per_step: usize,
    images_per_person: usize,
    seed: u64,
}

impl Balanced {
    pub(super) fn new(
        labels: &[i64],
        people_per_step: usize,
        images_per_person: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        check_positive("people a step", people_per_step)?;
        check_positive("images per person", images_per_person)?;
        let people = by_person(labels);
        if people.len() < people_per_step {
            return Err(TrainError::NoImages {
                what: format!("a step of {people_per_step} different people"),
                why: format!("only {} have {MIN_IMAGES} images or more", people.len()),
            });
        }
        Ok(Self {
            people,
            people_per_step,
            images_per_person,
            seed,
        })
    }

    pub(super) fn batch(&self, step: u64) -> Vec<usize> {
        // The people who are left over at the end of an epoch sit it out, so that none is in a step
        // twice; the next epoch's order is another.
        let steps_per_round = (self.people.len() / self.people_per_step) as u64;
        let (round, step_of_round) = (step / steps_per_round, step % steps_per_round);
        let order = Permutation::new(self.people.len(), self.seed, &[round]);
        let first = step_of_round as usize * self.people_per_step;
        let people = (first..first + self.people_per_step).map(|place| order.at(place));
        people
            .flat_map(|person| self.images_of(person, step))
            .collect()
    }

    fn images_of(&self, person: usize, step: u64) -> impl Iterator<Item = usize> {
        let images = &self.people[person];
        let order = Permutation::new(images.len(), self.seed, &[step, person as u64]);
        (0..self.images_per_person)
            .map(move |place| images[order.at(place % images.len())] as usize)
    }

    pub(super) fn batch_size(&self) -> usize {
        self.people_per_step * self.images_per_person
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.people.len().div_ceil(self.people_per_step) as u64
    }
}

/// The images of each person who has enough of them, by label.
pub(super) fn by_person(labels: &[i64]) -> Vec<Vec<u32>> {
    let n_people = labels
        .iter()
        .max()
        .map_or(0, |&label| (label + 1).max(0) as usize);
    let mut people = vec![Vec::new(); n_people];
    for (image, &label) in labels.iter().enumerate() {
        if let Ok(label) = usize::try_from(label) {
            people[label].push(image as u32);
        }
    }
    people.retain(|images| images.len() >= MIN_IMAGES);
    people
}
