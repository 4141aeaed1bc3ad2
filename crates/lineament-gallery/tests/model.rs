//! A gallery under random changes is what an ordered map under the same changes is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;

use lineament_gallery::{
    EnrollPolicy, Enrollment, FaceId, Gallery, GalleryError, PersonId, SearchOptions, check,
};
use proptest::prelude::*;
use support::{NOW, face, gallery};

/// People and photos that changes are about: few, so that changes meet.
const N_NAMES: u64 = 6;
const N_PHOTOS: u64 = 4;

#[derive(Debug, Clone)]
enum Change {
    Enroll { name: u64, photo: u64 },
    RemoveFace { nth: usize },
    Rename { nth: usize, name: u64 },
    Merge { kept: usize, gone: usize },
    Unmerge { nth: usize },
    Remove { nth: usize },
    Forget { nth: usize },
    Reopen,
    SaveIndex,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let nth = || 0usize..12;
    let enroll = (0..N_NAMES, 0..N_PHOTOS).prop_map(|(name, photo)| Change::Enroll { name, photo });
    let change = prop_oneof![
        8 => enroll,
        1 => nth().prop_map(|nth| Change::RemoveFace { nth }),
        1 => (nth(), 0..N_NAMES).prop_map(|(nth, name)| Change::Rename { nth, name }),
        2 => (nth(), nth()).prop_map(|(kept, gone)| Change::Merge { kept, gone }),
        1 => nth().prop_map(|nth| Change::Unmerge { nth }),
        1 => nth().prop_map(|nth| Change::Remove { nth }),
        1 => nth().prop_map(|nth| Change::Forget { nth }),
        1 => Just(Change::Reopen),
        1 => Just(Change::SaveIndex),
    ];
    prop::collection::vec(change, 1..40)
}

#[derive(Debug, Clone, PartialEq)]
struct ModelPerson {
    name: String,
    merged_into: Option<PersonId>,
}

/// What the gallery must hold.
#[derive(Debug, Default)]
struct Model {
    people: BTreeMap<PersonId, ModelPerson>,
    /// Whose face it is, and of which person and photo it is made.
    faces: BTreeMap<FaceId, (PersonId, (u64, u64))>,
}

fn name_of(number: u64) -> String {
    format!("person {number}")
}

impl Model {
    fn find(&self, name: &str) -> Option<PersonId> {
        let mut roots = self.people.iter().filter(|(_, p)| p.merged_into.is_none());
        roots.find(|(_, p)| p.name == name).map(|(id, _)| *id)
    }

    fn root(&self, person: PersonId) -> PersonId {
        match self.people[&person].merged_into {
            Some(target) => self.root(target),
            None => person,
        }
    }

    fn nth_person(&self, nth: usize) -> Option<PersonId> {
        let n = self.people.len().max(1);
        self.people.keys().nth(nth % n).copied()
    }

    /// Takes a person, those merged into them and their faces away, the person being a root or not.
    fn delete(&mut self, person: PersonId) {
        let inside = |mut id: PersonId, people: &BTreeMap<PersonId, ModelPerson>| loop {
            match people[&id].merged_into {
                _ if id == person => return true,
                Some(target) => id = target,
                None => return false,
            }
        };
        let people = self.people.clone();
        self.people.retain(|id, _| !inside(*id, &people));
        self.faces.retain(|_, (owner, _)| !inside(*owner, &people));
    }

    fn enroll(&mut self, gallery: &mut Gallery, name: u64, photo: u64) {
        let new = face(name, photo);
        let known = self
            .faces
            .iter()
            .find(|(_, (_, made_of))| *made_of == (name, photo));
        let known = known.map(|(id, (owner, _))| (*id, self.root(*owner)));
        let wanted = self.find(&name_of(name));
        let policy = EnrollPolicy::default();
        let outcome = gallery.enroll(&name_of(name), &new, &policy, NOW).unwrap();
        match (outcome, known) {
            (Enrollment::AlreadyThere { face, person }, Some(known)) => {
                assert_eq!(((face, person), Some(person)), (known, wanted));
            }
            (Enrollment::BelongsToAnother { face, person }, Some(known)) => {
                assert_eq!((face, person), known);
                assert_ne!(Some(person), wanted);
            }
            (Enrollment::Enrolled { face, person, .. }, None) => {
                assert!(wanted.is_none_or(|wanted| wanted == person));
                self.people.entry(person).or_insert(ModelPerson {
                    name: name_of(name),
                    merged_into: None,
                });
                let old = self.faces.insert(face, (person, (name, photo)));
                assert_eq!(old, None, "numbers are given once");
            }
            (outcome, known) => unreachable!("{outcome:?} with {known:?}"),
        }
    }

    fn rename(&mut self, gallery: &mut Gallery, person: PersonId, name: &str) {
        let is_root = self.people[&person].merged_into.is_none();
        let taken = is_root && self.find(name).is_some_and(|owner| owner != person);
        match gallery.rename(person, name, NOW) {
            Ok(()) => {
                assert!(!taken);
                self.people.get_mut(&person).unwrap().name = name.to_owned();
            }
            Err(GalleryError::NameTaken { .. }) => assert!(taken),
            Err(error) => unreachable!("{error}"),
        }
    }

    fn merge(&mut self, gallery: &mut Gallery, kept: PersonId, gone: PersonId) {
        let merged = |id: PersonId| self.people[&id].merged_into.is_some();
        let forbidden = kept == gone || merged(kept) || merged(gone);
        match gallery.merge(kept, gone, NOW) {
            Ok(()) => {
                assert!(!forbidden);
                self.people.get_mut(&gone).unwrap().merged_into = Some(kept);
            }
            Err(GalleryError::Merge { .. }) => assert!(forbidden),
            Err(error) => unreachable!("{error}"),
        }
    }

    fn unmerge(&mut self, gallery: &mut Gallery, person: PersonId) {
        let ModelPerson { name, merged_into } = self.people[&person].clone();
        let taken = self.find(&name).is_some();
        match gallery.unmerge(person, None, NOW) {
            Ok(()) => {
                assert!(merged_into.is_some() && !taken);
                self.people.get_mut(&person).unwrap().merged_into = None;
            }
            Err(GalleryError::Merge { .. }) => assert_eq!(merged_into, None),
            Err(GalleryError::NameTaken { .. }) => assert!(taken),
            Err(error) => unreachable!("{error}"),
        }
    }

    /// Makes one change in both.
    fn apply(&mut self, gallery: &mut Gallery, change: &Change) {
        match *change {
            Change::Enroll { name, photo } => self.enroll(gallery, name, photo),
            Change::RemoveFace { nth } => {
                let n = self.faces.len().max(1);
                if let Some(face) = self.faces.keys().nth(nth % n).copied() {
                    gallery.remove_face(face, NOW).unwrap();
                    self.faces.remove(&face);
                    assert!(gallery.remove_face(face, NOW).is_err());
                }
            }
            Change::Rename { nth, name } => {
                if let Some(person) = self.nth_person(nth) {
                    self.rename(gallery, person, &name_of(name));
                }
            }
            Change::Merge { kept, gone } => {
                if let (Some(kept), Some(gone)) = (self.nth_person(kept), self.nth_person(gone)) {
                    self.merge(gallery, kept, gone);
                }
            }
            Change::Unmerge { nth } => {
                if let Some(person) = self.nth_person(nth) {
                    self.unmerge(gallery, person);
                }
            }
            Change::Remove { nth } => {
                if let Some(person) = self.nth_person(nth) {
                    gallery.remove_person(person, NOW).unwrap();
                    self.delete(person);
                }
            }
            Change::Forget { nth } => {
                if let Some(person) = self.nth_person(nth) {
                    let before = self.faces.len();
                    self.delete(person);
                    let gone = before - self.faces.len();
                    assert_eq!(gallery.forget(person, NOW).unwrap(), gone);
                }
            }
            Change::Reopen => *gallery = Gallery::open(gallery.path()).unwrap(),
            Change::SaveIndex => {
                gallery.save_index().unwrap();
            }
        }
    }

    fn compare(&self, gallery: &mut Gallery) {
        let people: BTreeMap<PersonId, ModelPerson> = gallery
            .all_people()
            .unwrap()
            .into_iter()
            .map(|p| {
                (
                    p.id,
                    ModelPerson {
                        name: p.name,
                        merged_into: p.merged_into,
                    },
                )
            })
            .collect();
        assert_eq!(people, self.people);
        let mut n_faces = 0;
        for root in people.keys().filter(|id| people[id].merged_into.is_none()) {
            for kept in gallery.faces(*root).unwrap() {
                let (owner, (name, photo)) = self.faces[&kept.id];
                assert_eq!((self.root(owner), kept.person), (*root, owner));
                assert_eq!(kept.source, face(name, photo).source);
                n_faces += 1;
            }
        }
        assert_eq!(n_faces, self.faces.len());
        self.compare_search(gallery);
    }

    /// The best match of each made-up person is who scores highest by brute force.
    fn compare_search(&self, gallery: &mut Gallery) {
        for name in 0..N_NAMES {
            let probe = face(name, 99).embedding;
            let found = gallery.search(&probe, &SearchOptions::default()).unwrap();
            let mut best: BTreeMap<PersonId, f32> = BTreeMap::new();
            for (owner, (name, photo)) in self.faces.values() {
                let score = face(*name, *photo).embedding.score(&probe).unwrap().value();
                let entry = best.entry(self.root(*owner)).or_insert(score);
                *entry = entry.max(score);
            }
            let got: BTreeMap<PersonId, f32> =
                found.iter().map(|m| (m.person, m.score.value())).collect();
            assert_eq!(got.len(), best.len());
            for (person, score) in got {
                assert!((score - best[&person]).abs() < 1e-5, "{score}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_gallery_is_a_map_under_any_changes(changes in changes()) {
        let (_dir, mut gallery) = gallery();
        let mut model = Model::default();
        for change in &changes {
            model.apply(&mut gallery, change);
        }
        model.compare(&mut gallery);
        prop_assert_eq!(check(gallery.path()).unwrap().problems, []);
    }
}
