//! Numbers of groups of faces that stay put when photos come and go.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

/// The groups of the last run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Numbering {
    /// The greatest number ever given. None is given twice.
    last: u64,
    /// The faces of each group, by their keys in words.
    groups: BTreeMap<u64, Vec<String>>,
}

impl Numbering {
    /// A number for each of the new groups, given by the keys of their faces, which are remembered in
    /// place of those of the last run.
    ///
    /// Of all pairs of an old and a new group, the one that shares the most faces goes first, and the
    /// new group gets the old one's number; of equals, the smaller number and then the earlier group.
    /// New groups that share no face, or that came too late, get numbers that nobody had.
    pub(crate) fn renumber(&mut self, groups: &[Vec<String>]) -> Vec<u64> {
        let mut pairs: Vec<(Reverse<usize>, u64, usize)> = self
            .shared(groups)
            .into_iter()
            .map(|((number, group_idx), n_shared)| (Reverse(n_shared), number, group_idx))
            .collect();
        pairs.sort_unstable();
        let mut numbers: Vec<Option<u64>> = vec![None; groups.len()];
        let mut taken = HashSet::new();
        for (_, number, group_idx) in pairs {
            if numbers[group_idx].is_none() && taken.insert(number) {
                numbers[group_idx] = Some(number);
            }
        }
        let mut new = || {
            self.last += 1;
            self.last
        };
        let numbers: Vec<u64> = numbers
            .into_iter()
            .map(|n| n.unwrap_or_else(&mut new))
            .collect();
        self.groups = numbers
            .iter()
            .copied()
            .zip(groups.iter().cloned())
            .collect();
        numbers
    }

    /// The number of the group that each face was in.
    pub(crate) fn number_of(&self) -> HashMap<&str, u64> {
        let groups = self.groups.iter();
        let faces = groups.flat_map(|(number, faces)| faces.iter().map(|face| (face, *number)));
        faces
            .map(|(face, number)| (face.as_str(), number))
            .collect()
    }

    /// How many faces old and new groups share, where they share any.
    fn shared(&self, groups: &[Vec<String>]) -> HashMap<(u64, usize), usize> {
        let number_of = self.number_of();
        let mut shared = HashMap::new();
        for (group_idx, faces) in groups.iter().enumerate() {
            for number in faces.iter().filter_map(|face| number_of.get(face.as_str())) {
                *shared.entry((*number, group_idx)).or_default() += 1;
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(of: &[&str]) -> Vec<Vec<String>> {
        let faces = |group: &&str| group.split(' ').map(str::to_owned).collect();
        of.iter().map(faces).collect()
    }

    #[test]
    fn numbers_stay_with_the_most_faces() {
        let mut numbering = Numbering::default();
        assert_eq!(
            numbering.renumber(&groups(&["a b c", "d e", "f"])),
            [1, 2, 3]
        );
        // Groups grow and change places; a new one comes.
        let next = groups(&["d e g h", "x", "a b c y"]);
        assert_eq!(numbering.renumber(&next), [2, 4, 1]);
        // The number of a group that is gone is not given again.
        assert_eq!(numbering.renumber(&groups(&["f", "x"])), [5, 4]);
    }

    #[test]
    fn a_group_that_splits_keeps_its_number_in_the_larger_part() {
        let mut numbering = Numbering::default();
        numbering.renumber(&groups(&["a b c d e", "f g"]));
        assert_eq!(
            numbering.renumber(&groups(&["a b", "c d e", "f g"])),
            [3, 1, 2]
        );
    }

    #[test]
    fn groups_that_become_one_take_the_number_of_the_larger() {
        let mut numbering = Numbering::default();
        numbering.renumber(&groups(&["a b", "c d e"]));
        assert_eq!(numbering.renumber(&groups(&["a b c d e"])), [2]);
        let text = serde_json::to_string(&numbering).unwrap();
        let back: Numbering = serde_json::from_str(&text).unwrap();
        assert_eq!(back, numbering);
    }
}
