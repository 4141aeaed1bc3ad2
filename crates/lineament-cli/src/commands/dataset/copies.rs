//! Images that are in a set more than once, byte for byte.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use lineament_data::inspect::{Digest, DuplicateFinder};
use lineament_data::{DataError, DataLimits, LabelledSet, Picture, Sample};
use serde::Serialize;

use super::run::Run;
use crate::failure::Failure;

/// What is found of an image in reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Named {
    /// Which image of the set, counted from 0.
    #[serde(skip)]
    pub(super) idx: u64,
    /// Its name in the set.
    pub(super) name: String,
    /// Who it shows, if the set says.
    pub(super) person: Option<Arc<str>>,
}

impl Named {
    pub(super) fn of(idx: u64, sample: &Sample) -> Self {
        Self {
            idx,
            name: sample.name.clone(),
            person: sample.person.clone(),
        }
    }

    /// For people: the name, and whose it is where that does not say it.
    pub(super) fn in_words(&self) -> String {
        match &self.person {
            Some(person) if !self.name.starts_with(&**person) => {
                format!("{} ({person})", self.name)
            }
            _ => self.name.clone(),
        }
    }
}

/// The digest of the image that a sample has.
///
/// # Errors
/// When it cannot be read.
pub(super) fn digest(sample: &Sample) -> Result<Digest, DataError> {
    Ok(digest_of(&sample.image.read(&DataLimits::default())?))
}

/// The digest of a picture.
pub(super) fn digest_of(picture: &Picture) -> Digest {
    match picture {
        Picture::Encoded(bytes) => Digest::of(bytes),
        Picture::Rgb(image) => Digest::of(image.pixels()),
    }
}

/// The groups of equal images with their names, which are read from the set once more.
///
/// # Errors
/// As [`Run::read`].
pub(super) fn named_groups(
    finder: DuplicateFinder,
    set: &LabelledSet,
    run: &Run<'_>,
) -> Result<Vec<Vec<Named>>, Failure> {
    let groups = finder.groups();
    let wanted = groups.iter().flatten().copied().collect();
    let mut named = names_of(&wanted, set, run)?;
    let of_group = |group: Vec<u64>| group.iter().filter_map(|idx| named.remove(idx)).collect();
    Ok(groups.into_iter().map(of_group).collect())
}

/// The names of some images of a set.
///
/// # Errors
/// As [`Run::read`].
pub(super) fn names_of(
    wanted: &BTreeSet<u64>,
    set: &LabelledSet,
    run: &Run<'_>,
) -> Result<HashMap<u64, Named>, Failure> {
    let mut named = HashMap::new();
    if wanted.is_empty() {
        return Ok(named);
    }
    run.read_again(set, |seen| {
        if wanted.contains(&seen.idx) {
            named.insert(seen.idx, Named::of(seen.idx, &seen.sample));
        }
        Ok(())
    })?;
    Ok(named)
}

/// The image of a group of copies that stays: the first of the one person that they show. None does
/// where the copies are filed under several people, since nothing tells who it is.
pub(super) fn kept(group: &[Named]) -> Option<usize> {
    let people: BTreeSet<&Arc<str>> = group.iter().filter_map(|one| one.person.as_ref()).collect();
    match people.len() {
        0 => Some(0),
        1 => group.iter().position(|one| one.person.is_some()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(people: &[Option<&str>]) -> Vec<Named> {
        let named = |(idx, person): (u64, &Option<&str>)| Named {
            idx,
            name: idx.to_string(),
            person: person.map(Into::into),
        };
        (0..).zip(people).map(named).collect()
    }

    #[test]
    fn the_first_of_one_person_stays() {
        assert_eq!(kept(&group(&[None, None])), Some(0));
        assert_eq!(kept(&group(&[None, Some("a"), Some("a")])), Some(1));
        assert_eq!(kept(&group(&[Some("a"), None, Some("b")])), None);
    }
}
