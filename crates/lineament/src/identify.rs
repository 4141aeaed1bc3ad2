//! Who a face is, among a few people known by name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use lineament_core::{CoreError, Embedding, EmbeddingSpace, Score};
use serde::Serialize;

use crate::error::Error;

/// People known by the faces they were shown with. A person's template is the mean of the
/// embeddings, brought to unit norm.
#[derive(Debug, Clone)]
pub struct KnownPeople {
    space: EmbeddingSpace,
    people: BTreeMap<String, Person>,
}

#[derive(Debug, Clone)]
struct Person {
    sum: Vec<f32>,
    n_faces: usize,
    template: Embedding,
}

/// A person who may be the one searched for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The person's name.
    pub name: String,
    /// The score of the face and the person's template.
    pub score: Score,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identification {
    /// The best candidate's name if the score reached the threshold; `None` is "unknown".
    pub name: Option<String>,
    /// The best candidate, known or not; `None` when nobody is known.
    pub best: Option<Candidate>,
    /// The second-best.
    pub runner_up: Option<Candidate>,
}

impl KnownPeople {
    /// Nobody yet, in `space`.
    #[must_use]
    pub fn new(space: EmbeddingSpace) -> Self {
        Self {
            space,
            people: BTreeMap::new(),
        }
    }

    /// Shows one face of the person called `name`.
    ///
    /// # Errors
    /// [`CoreError::SpaceMismatch`] for an embedding of another space;
    /// [`CoreError::DegenerateEmbedding`] when this face cancels the person's others.
    pub fn add(&mut self, name: &str, face: &Embedding) -> Result<(), Error> {
        if face.space() != &self.space {
            return Err(CoreError::SpaceMismatch {
                left: self.space.clone(),
                right: face.space().clone(),
            }
            .into());
        }
        let known = self.people.get(name);
        let mut sum = known.map_or_else(|| vec![0.0; face.values().len()], |p| p.sum.clone());
        sum.iter_mut().zip(face.values()).for_each(|(s, v)| *s += v);
        let person = Person {
            template: Embedding::from_raw(self.space.clone(), sum.clone())?,
            n_faces: known.map_or(0, |p| p.n_faces) + 1,
            sum,
        };
        self.people.insert(name.to_owned(), person);
        Ok(())
    }

    /// The people, by name, with the number of faces each was shown with.
    pub fn people(&self) -> impl Iterator<Item = (&str, usize)> {
        self.people
            .iter()
            .map(|(name, person)| (name.as_str(), person.n_faces))
    }

    /// True when nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Everybody, best score first; equal scores by name.
    ///
    /// # Errors
    /// [`CoreError::SpaceMismatch`] for a probe of another space.
    pub fn search(&self, probe: &Embedding) -> Result<Vec<Candidate>, Error> {
        let mut candidates = Vec::with_capacity(self.people.len());
        for (name, person) in &self.people {
            candidates.push(Candidate {
                name: name.clone(),
                score: person.template.score(probe)?,
            });
        }
        candidates.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal));
        Ok(candidates)
    }

    /// Who the probe is, if anybody reaches the `threshold`.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn identify(&self, probe: &Embedding, threshold: Score) -> Result<Identification, Error> {
        let mut candidates = self.search(probe)?.into_iter();
        let best = candidates.next();
        let name = best
            .as_ref()
            .filter(|b| b.score >= threshold)
            .map(|b| b.name.clone());
        Ok(Identification {
            name,
            best,
            runner_up: candidates.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(values: [f32; 3]) -> Embedding {
        Embedding::from_raw(EmbeddingSpace::new("test"), values.to_vec()).unwrap()
    }

    fn known() -> KnownPeople {
        let mut known = KnownPeople::new(EmbeddingSpace::new("test"));
        known.add("ada", &face([1.0, 0.0, 0.0])).unwrap();
        known.add("ada", &face([0.9, 0.1, 0.0])).unwrap();
        known.add("grace", &face([0.0, 1.0, 0.0])).unwrap();
        known
    }

    #[test]
    fn the_nearest_person_is_named_and_a_stranger_is_not() {
        let threshold = Score::new(0.5);
        let found = known().identify(&face([1.0, 0.1, 0.1]), threshold).unwrap();
        assert_eq!(found.name.as_deref(), Some("ada"));
        assert_eq!(found.runner_up.unwrap().name, "grace");
        let stranger = known().identify(&face([0.0, 0.0, 1.0]), threshold).unwrap();
        assert_eq!(stranger.name, None);
        assert!(stranger.best.is_some());
    }

    #[test]
    fn the_order_of_faces_does_not_matter() {
        let mut other = KnownPeople::new(EmbeddingSpace::new("test"));
        other.add("grace", &face([0.0, 1.0, 0.0])).unwrap();
        other.add("ada", &face([0.9, 0.1, 0.0])).unwrap();
        other.add("ada", &face([1.0, 0.0, 0.0])).unwrap();
        let probe = face([0.3, 0.4, 0.1]);
        assert_eq!(
            known().search(&probe).unwrap(),
            other.search(&probe).unwrap()
        );
        assert_eq!(
            other.people().collect::<Vec<_>>(),
            [("ada", 2), ("grace", 1)]
        );
    }

    #[test]
    fn nobody_known_and_other_spaces() {
        let nobody = KnownPeople::new(EmbeddingSpace::new("test"));
        let found = nobody
            .identify(&face([1.0, 0.0, 0.0]), Score::new(0.5))
            .unwrap();
        assert_eq!((found.name, found.best), (None, None));
        let other = Embedding::from_raw(EmbeddingSpace::new("other"), vec![1.0]).unwrap();
        assert!(known().search(&other).is_err());
        assert!(known().add("ada", &other).is_err());
    }
}
