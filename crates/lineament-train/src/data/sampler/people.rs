//! The images of each person.

use crate::data::random::Permutation;
use crate::error::TrainError;

/// Fewer images than this make no pair.
const MIN_IMAGES: usize = 2;

/// The images by person: first the people who have two or more, then those with one.
#[derive(Debug, Clone)]
pub(super) struct People {
    images: Vec<Vec<u32>>,
    n_pairable: usize,
}

impl People {
    /// The people of these labels; −1 is nobody.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for a label below −1, and one that is not below the number of images.
    pub(super) fn of(labels: &[i64]) -> Result<Self, TrainError> {
        let mut images = vec![Vec::new(); labels.len()];
        for (image, &label) in labels.iter().enumerate().filter(|(_, label)| **label != -1) {
            let person = usize::try_from(label)
                .ok()
                .and_then(|label| images.get_mut(label));
            let person = person.ok_or_else(|| TrainError::Argument {
                what: "the label of an image",
                expected: format!(
                    "-1, or 0 to {}, as there are so many images",
                    labels.len() - 1
                ),
                got: format!("{label} of image {image}"),
            })?;
            person.push(image as u32);
        }
        let (mut people, singles): (Vec<_>, Vec<_>) = images
            .into_iter()
            .filter(|images| !images.is_empty())
            .partition(|images| images.len() >= MIN_IMAGES);
        let n_pairable = people.len();
        people.extend(singles);
        Ok(Self {
            images: people,
            n_pairable,
        })
    }

    /// How many people there are.
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    /// How many of them, from the first on, have two images or more.
    pub(super) fn n_pairable(&self) -> usize {
        self.n_pairable
    }

    /// How many images a person has.
    pub(super) fn n_images(&self, person: usize) -> usize {
        self.images[person].len()
    }

    /// One of a person's images.
    pub(super) fn image(&self, person: usize, place: usize) -> usize {
        self.images[person][place] as usize
    }

    /// Refuses fewer people with two images than are needed.
    pub(super) fn check_pairable(&self, needed: usize) -> Result<(), TrainError> {
        if self.n_pairable >= needed {
            return Ok(());
        }
        Err(TrainError::NoImages {
            what: format!("steps of {needed} different people with {MIN_IMAGES} images or more"),
            why: format!("there are {} such people", self.n_pairable),
        })
    }

    /// `n` images of a person in random order: different ones as far as there are, then these again.
    pub(super) fn images_of<'a>(
        &'a self,
        person: usize,
        n: usize,
        seed: u64,
        place: &[u64],
    ) -> impl Iterator<Item = usize> + use<'a> {
        let images = &self.images[person];
        let order = Permutation::new(images.len(), seed, place);
        (0..n).map(move |place| images[order.at(place % images.len())] as usize)
    }
}
