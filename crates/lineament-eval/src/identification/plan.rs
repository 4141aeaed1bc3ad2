//! Who is enrolled and who searches.

use crate::error::{EvalError, check_at_least, check_index};
use lineament_cluster::Seeded;
use std::collections::{BTreeMap, BTreeSet};

/// A gallery and the searches of it, as items of a labelled set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPlan {
    /// The persons enrolled, each once.
    pub gallery: Vec<Enrolled>,
    /// Probes of persons who are enrolled.
    pub mated: Vec<usize>,
    /// Probes of persons who are not.
    pub non_mated: Vec<usize>,
}

/// A person of a gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Who it is.
    pub person: usize,
    /// Their items, at least one, of which one template is made: the mean of those that have one.
    pub items: Vec<usize>,
}

/// How a labelled set is split into gallery and probes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitOptions {
    /// Items of each person enrolled.
    pub n_shots: usize,
    /// Share of the persons who could be enrolled, and are not: from 0 to below 1.
    pub unknown_share: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for SplitOptions {
    /// One shot, half of the persons unknown, seed 0.
    fn default() -> Self {
        Self {
            n_shots: 1,
            unknown_share: 0.5,
            seed: 0,
        }
    }
}

impl SearchPlan {
    /// A gallery and probes drawn from the items of `persons`.
    ///
    /// Whoever has more items than a gallery takes could be enrolled. Of these, in random order,
    /// the first ⌊n · `unknown_share` + ½⌋ persons stay out; of the others random items are
    /// enrolled. All items left over are probes, those of persons with too few items too: they are
    /// of persons who are not enrolled.
    ///
    /// # Errors
    /// No shots, a share outside [0, 1), nobody left to enrol.
    pub fn split(persons: &[usize], options: &SplitOptions) -> Result<Self, EvalError> {
        check_at_least("items of a person in the gallery", 1, options.n_shots)?;
        if !(0.0..1.0).contains(&options.unknown_share) {
            return Err(EvalError::OutOfRange {
                what: "the share of unknown persons",
                expected: "0 or more and below 1",
                got: options.unknown_share,
            });
        }
        let mut items_of = BTreeMap::<usize, Vec<usize>>::new();
        for (item, person) in persons.iter().enumerate() {
            items_of.entry(*person).or_default().push(item);
        }
        let mut able: Vec<(usize, Vec<usize>)> = items_of.into_iter().collect();
        able.retain(|(_, items)| items.len() > options.n_shots);
        let mut random = Seeded::new(options.seed);
        random.shuffle(&mut able);
        let n_unknown = (able.len() as f64 * options.unknown_share + 0.5) as usize;
        let mut gallery = able.split_off(n_unknown.min(able.len()));
        check_at_least("persons with more items than shots", 1, gallery.len())?;
        gallery.sort_unstable();
        let enrolled = |(person, mut items): (usize, Vec<usize>)| {
            random.shuffle(&mut items);
            items.truncate(options.n_shots);
            Enrolled { person, items }
        };
        let gallery: Vec<Enrolled> = gallery.into_iter().map(enrolled).collect();
        let shown: BTreeSet<usize> = gallery.iter().flat_map(|e| &e.items).copied().collect();
        let probes: Vec<usize> = (0..persons.len()).filter(|i| !shown.contains(i)).collect();
        Ok(Self::of_gallery(persons, gallery, &probes))
    }

    /// The searches of a given gallery by given probes, which are mated where their person is
    /// enrolled.
    #[must_use]
    pub fn of_gallery(persons: &[usize], gallery: Vec<Enrolled>, probes: &[usize]) -> Self {
        let known: BTreeSet<usize> = gallery.iter().map(|e| e.person).collect();
        let is_known = |probe: &usize| persons.get(*probe).is_some_and(|p| known.contains(p));
        let (mated, non_mated) = probes.iter().copied().partition(is_known);
        Self {
            gallery,
            mated,
            non_mated,
        }
    }

    /// The searches of a gallery of these items, each under its person.
    ///
    /// # Panics
    /// Where there is no such item.
    #[must_use]
    pub fn of_items(
        persons: &[usize],
        gallery: impl IntoIterator<Item = usize>,
        probes: &[usize],
    ) -> Self {
        let mut items_of = BTreeMap::<usize, Vec<usize>>::new();
        for item in gallery {
            items_of.entry(persons[item]).or_default().push(item);
        }
        let enrolled = |(person, items)| Enrolled { person, items };
        let gallery = items_of.into_iter().map(enrolled).collect();
        Self::of_gallery(persons, gallery, probes)
    }

    /// Probes, the mated ones first.
    pub(crate) fn probes(&self) -> impl Iterator<Item = usize> {
        self.mated.iter().chain(&self.non_mated).copied()
    }

    /// Entry of every person.
    pub(crate) fn entries(&self) -> BTreeMap<usize, usize> {
        let persons = self.gallery.iter().map(|e| e.person);
        persons.zip(0..).collect()
    }

    /// Refuses items that are not there, persons enrolled twice, and probes on the wrong side.
    pub(crate) fn check(&self, persons: &[usize]) -> Result<(), EvalError> {
        check_at_least("persons in a gallery", 1, self.gallery.len())?;
        check_at_least("mated searches", 1, self.mated.len())?;
        let entries = self.entries();
        for (entry, Enrolled { person, items }) in self.gallery.iter().enumerate() {
            check_at_least("items of a person in the gallery", 1, items.len())?;
            for item in items {
                check_index("an item of the gallery", persons.len(), *item)?;
                check_plan(
                    persons[*item] == *person,
                    "an item of another person",
                    *item,
                )?;
            }
            check_plan(entries[person] == entry, "a person twice", items[0])?;
        }
        for probe in self.probes() {
            check_index("a probe", persons.len(), probe)?;
        }
        let is_known = |probe: &usize| entries.contains_key(&persons[*probe]);
        for probe in &self.mated {
            check_plan(
                is_known(probe),
                "a mated probe of a person not enrolled",
                *probe,
            )?;
        }
        for probe in &self.non_mated {
            check_plan(
                !is_known(probe),
                "a non-mated probe of an enrolled person",
                *probe,
            )?;
        }
        Ok(())
    }
}

fn check_plan(is_right: bool, what: &'static str, item: usize) -> Result<(), EvalError> {
    match is_right {
        true => Ok(()),
        false => Err(EvalError::Plan { what, item }),
    }
}
