//! Pairs of people who are held out of training.

use crate::data::TrainSet;
use lineament_eval::{Pair, Seeded};
use std::collections::BTreeSet;

/// How often a pair is drawn again when it was drawn before.
const TRIES: usize = 20;

/// Pairs of images of `set`, the same number mated and non-mated in every fold, where there are
/// as many; every person belongs to one fold, no pair occurs twice. Indices are the set's.
#[must_use]
pub fn pairs(set: &TrainSet, n_pairs: usize, n_folds: usize, seed: u64) -> Vec<Pair> {
    let mut images = vec![Vec::new(); set.people().len()];
    for (idx, label) in set.labels().iter().enumerate() {
        if let Some(of_person) = usize::try_from(*label).ok().and_then(|l| images.get_mut(l)) {
            of_person.push(idx);
        }
    }
    images.retain(|i| !i.is_empty());
    let mut random = Seeded::new(seed);
    random.shuffle(&mut images);
    let n_of_kind = n_pairs / n_folds / 2;
    let mut pairs = Vec::new();
    for fold in 0..n_folds {
        let people: Vec<_> = images.iter().skip(fold).step_by(n_folds).collect();
        let several: Vec<_> = people.iter().copied().filter(|p| p.len() > 1).collect();
        let mut draw = Draw {
            random: &mut random,
            seen: BTreeSet::new(),
        };
        let mut add = |mated, drawn: Vec<(usize, usize)>| {
            pairs.extend(drawn.into_iter().map(|(first, second)| Pair {
                first,
                second,
                mated,
                fold,
            }));
        };
        add(
            true,
            draw.several(n_of_kind, |random| mated(random, &several)),
        );
        add(
            false,
            draw.several(n_of_kind, |random| non_mated(random, &people)),
        );
    }
    pairs
}

fn mated(random: &mut Seeded, people: &[&Vec<usize>]) -> Option<(usize, usize)> {
    let images = people.get(random.below(people.len()))?;
    let first = random.below(images.len());
    let second = (first + 1 + random.below(images.len() - 1)) % images.len();
    Some((images[first], images[second]))
}

fn non_mated(random: &mut Seeded, people: &[&Vec<usize>]) -> Option<(usize, usize)> {
    let n = people.len();
    let first = random.below(n);
    let second = (first + 1 + random.below(n.checked_sub(1).filter(|n| *n > 0)?)) % n;
    let mut of = |person: usize| people[person][random.below(people[person].len())];
    Some((of(first), of(second)))
}

/// Draws without repetition.
struct Draw<'a> {
    random: &'a mut Seeded,
    seen: BTreeSet<(usize, usize)>,
}

impl Draw<'_> {
    fn several(
        &mut self,
        n: usize,
        draw: impl Fn(&mut Seeded) -> Option<(usize, usize)>,
    ) -> Vec<(usize, usize)> {
        (0..n).map_while(|_| self.one(&draw)).collect()
    }

    fn one(
        &mut self,
        draw: &impl Fn(&mut Seeded) -> Option<(usize, usize)>,
    ) -> Option<(usize, usize)> {
        (0..TRIES).find_map(|_| {
            let (a, b) = draw(self.random)?;
            self.seen.insert((a.min(b), a.max(b))).then_some((a, b))
        })
    }
}
