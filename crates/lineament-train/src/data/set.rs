//! The images that are trained on, with labels.

use std::sync::Arc;

use lineament_core::RgbImage;
use lineament_data::inspect::split_people;
use serde::{Deserialize, Serialize};

use super::images::{DataSource, Images};
use super::teacher::{TargetViews, Teacher};
use crate::error::TrainError;

/// The label of an image of which nobody says who it shows.
pub const NO_IDENTITY: i64 = -1;

/// Which images are trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetOptions {
    /// People with fewer readable images than this get no label.
    pub min_images_per_person: usize,
    /// What becomes of the images of people who get no label.
    pub few: Few,
    /// What becomes of images that nobody labelled.
    pub unlabelled: Unlabelled,
    /// Share of the people who are held out of training, from 0 to below 1.
    pub held_out: f64,
    /// Decides who is held out.
    pub split_seed: u64,
}

/// Everybody with two images is trained on, and the unlabelled images too.
impl Default for SetOptions {
    fn default() -> Self {
        Self {
            min_images_per_person: 2,
            few: Few::LeaveOut,
            unlabelled: Unlabelled::Keep,
            held_out: 0.0,
            split_seed: 0,
        }
    }
}

/// What becomes of the images of people with too few of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Few {
    /// They are left out.
    LeaveOut,
    /// They stay, without a label.
    Unlabel,
}

/// What becomes of images that nobody labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlabelled {
    /// They stay, without a label.
    Keep,
    /// They are left out.
    LeaveOut,
}

/// One side of the split by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is trained on.
    Train,
    /// The people who are held out of it; no unlabelled images.
    HeldOut,
}

/// What became of the images of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SetCounts {
    /// Images with a label.
    pub n_labelled: usize,
    /// Images that stay without one.
    pub n_unlabelled: usize,
    /// Images that were left out because their person has too few.
    pub n_few: usize,
    /// Unlabelled images that were left out.
    pub n_unlabelled_left_out: usize,
    /// Images of people on the other side of the split.
    pub n_other_part: usize,
    /// Images that cannot be decoded, as far as that is known: with a packed file, all of them.
    pub n_unreadable: usize,
    /// Lines of the lists that made no sense.
    pub n_bad_lines: usize,
}

/// Images with labels from 0 to below the number of people, in the order of the sources.
#[derive(Debug, Clone)]
pub struct TrainSet {
    images: Arc<Images>,
    rows: Vec<usize>,
    labels: Vec<i64>,
    people: Vec<Arc<str>>,
    counts: SetCounts,
    teacher: Option<(Teacher, TargetViews)>,
}

impl TrainSet {
    /// The training part of `sources`: [`Images::open`] and [`Self::of`] in one.
    ///
    /// # Errors
    /// As theirs.
    pub fn open(sources: &[DataSource], options: &SetOptions) -> Result<Self, TrainError> {
        Self::of(Arc::new(Images::open(sources)?), options, Part::Train)
    }

    /// One part of `images`. People are counted, split and labelled after images that are known to be
    /// unreadable are out; labels follow the order in which the sources first show each person.
    ///
    /// # Errors
    /// [`TrainError::Data`] for a share that is none; [`TrainError::NoImages`] when nothing is left.
    pub fn of(images: Arc<Images>, options: &SetOptions, part: Part) -> Result<Self, TrainError> {
        let fates = Fates::decide(&images, options, part)?;
        let mut set = Self {
            rows: Vec::new(),
            labels: Vec::new(),
            people: Vec::new(),
            counts: SetCounts {
                n_bad_lines: images.n_bad_lines(),
                ..SetCounts::default()
            },
            images,
            teacher: None,
        };
        set.take(&fates);
        if set.is_empty() {
            let counts = set.counts;
            return Err(TrainError::NoImages {
                what: "the selection from the data sources".to_owned(),
                why: format!("what became of them: {counts:?}"),
            });
        }
        Ok(set)
    }

    fn take(&mut self, fates: &Fates) {
        let mut label_of = vec![None; fates.of_person.len()];
        for row in 0..self.images.len() {
            let person = self.images.person_of(row);
            let fate = match person {
                _ if self.images.is_known_unreadable(row) => Fate::Unreadable,
                None => fates.of_unlabelled,
                Some(person) => fates.of_person[person as usize],
            };
            match (fate, person) {
                (Fate::Labelled, Some(person)) => {
                    let n_people = self.people.len() as i64;
                    let label = *label_of[person as usize].get_or_insert(n_people);
                    if label == n_people {
                        self.people
                            .push(self.images.people()[person as usize].clone());
                    }
                    self.push(row, label);
                }
                (Fate::Unlabelled, _) => self.push(row, NO_IDENTITY),
                _ => {}
            }
            self.counts.count(fate);
        }
    }

    fn push(&mut self, row: usize, label: i64) {
        self.rows.push(row);
        self.labels.push(label);
    }

    /// The same set with a teacher, and batches then hold what it says of these views of their images.
    ///
    /// # Errors
    /// [`TrainError::Format`] when these are features of other images.
    pub fn with_teacher(
        mut self,
        teacher: Teacher,
        views: TargetViews,
    ) -> Result<Self, TrainError> {
        if let Teacher::Features(features) = &teacher {
            features.check_images(&self.images)?;
        }
        self.teacher = Some((teacher, views));
        Ok(self)
    }

    /// Who says what batches are to come near to.
    #[must_use]
    pub fn teacher(&self) -> Option<&Teacher> {
        self.teacher.as_ref().map(|(teacher, _)| teacher)
    }

    /// Of which views; [`TargetViews::Seen`] without a teacher.
    #[must_use]
    pub fn target_views(&self) -> TargetViews {
        self.teacher
            .as_ref()
            .map_or(TargetViews::Seen, |(_, views)| *views)
    }

    /// How many images there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The labels: who each image shows, [`NO_IDENTITY`] where nobody says.
    #[must_use]
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// The people's names, by label.
    #[must_use]
    pub fn people(&self) -> &[Arc<str>] {
        &self.people
    }

    /// What became of the images of the sources.
    #[must_use]
    pub fn counts(&self) -> SetCounts {
        self.counts
    }

    /// All images of the sources, of which this is a part.
    #[must_use]
    pub fn images(&self) -> &Arc<Images> {
        &self.images
    }

    /// The row of an image in [`Self::images`].
    ///
    /// # Panics
    /// When `idx` is not below [`Self::len`].
    #[must_use]
    pub fn row(&self, idx: usize) -> usize {
        self.rows[idx]
    }

    /// The name of an image within its source.
    ///
    /// # Panics
    /// When `idx` is not below [`Self::len`].
    #[must_use]
    pub fn name(&self, idx: usize) -> &str {
        self.images.name(self.rows[idx])
    }

    /// The pixels of an image; `None` where it cannot be decoded.
    ///
    /// # Errors
    /// As [`Images::read`].
    ///
    /// # Panics
    /// When `idx` is not below [`Self::len`].
    pub fn read(&self, idx: usize) -> Result<Option<RgbImage>, TrainError> {
        self.images.read(self.rows[idx])
    }
}

/// What becomes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Labelled,
    Unlabelled,
    Few,
    UnlabelledLeftOut,
    OtherPart,
    Unreadable,
}

impl SetCounts {
    fn count(&mut self, fate: Fate) {
        let counter = match fate {
            Fate::Labelled => &mut self.n_labelled,
            Fate::Unlabelled => &mut self.n_unlabelled,
            Fate::Few => &mut self.n_few,
            Fate::UnlabelledLeftOut => &mut self.n_unlabelled_left_out,
            Fate::OtherPart => &mut self.n_other_part,
            Fate::Unreadable => &mut self.n_unreadable,
        };
        *counter += 1;
    }
}

/// What becomes of the images of each person, and of nobody's.
struct Fates {
    of_person: Vec<Fate>,
    of_unlabelled: Fate,
}

impl Fates {
    fn decide(images: &Images, options: &SetOptions, part: Part) -> Result<Self, TrainError> {
        let mut n_images = vec![0_usize; images.people().len()];
        let readable = (0..images.len()).filter(|&row| !images.is_known_unreadable(row));
        for person in readable.filter_map(|row| images.person_of(row)) {
            n_images[person as usize] += 1;
        }
        let enough: Vec<usize> = (0..n_images.len())
            .filter(|&person| n_images[person] >= options.min_images_per_person.max(1))
            .collect();
        let few = match (options.few, part) {
            (Few::Unlabel, Part::Train) => Fate::Unlabelled,
            (Few::Unlabel, Part::HeldOut) => Fate::OtherPart,
            (Few::LeaveOut, _) => Fate::Few,
        };
        let mut of_person = vec![few; n_images.len()];
        let names: Vec<Arc<str>> = enough.iter().map(|&p| images.people()[p].clone()).collect();
        let shares = [1.0 - options.held_out, options.held_out];
        let sides = split_people(&names, options.split_seed, &shares)?;
        let wanted = match part {
            Part::Train => 0,
            Part::HeldOut => 1,
        };
        for (person, side) in enough.into_iter().zip(sides) {
            of_person[person] = if side == wanted {
                Fate::Labelled
            } else {
                Fate::OtherPart
            };
        }
        let of_unlabelled = match (options.unlabelled, part) {
            (Unlabelled::Keep, Part::Train) => Fate::Unlabelled,
            (Unlabelled::Keep, Part::HeldOut) => Fate::OtherPart,
            (Unlabelled::LeaveOut, _) => Fate::UnlabelledLeftOut,
        };
        Ok(Self {
            of_person,
            of_unlabelled,
        })
    }
}
