//! Enrolment: faces become known, once, with what speaks against it.

use lineament_core::Score;
use rusqlite::Connection;
use serde::Serialize;

use crate::change::{Action, Change};
use crate::error::GalleryError;
use crate::face::{
    Face, MAX_OBJECTION_BYTES, MAX_OBJECTIONS, MAX_PATH_BYTES, MAX_THUMBNAIL_BYTES, NewFace,
    SAME_FACE_IOU,
};
use crate::faces::{add_face, read_faces_of_photo};
use crate::gallery::Gallery;
use crate::ids::{FaceId, PersonId, UnixSeconds};
use crate::people::{Roots, add_person, clean_name, find_name};
use crate::seal::Vault;
use crate::search::{SearchBy, SearchOptions};

/// What becomes of faces that the quality gate objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Objections {
    /// They are refused, with the reasons.
    #[default]
    Refuse,
    /// They are enrolled, and the reasons are kept with them.
    Record,
}

/// How careful an enrolment is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EnrollPolicy {
    /// What becomes of faces that the quality gate objects to.
    pub objections: Objections,
    /// Warns of a face that the person has already in nearly the same picture: from this score on.
    pub near_duplicate: Option<Score>,
    /// Warns of a face that looks like somebody else's: from this score on. The threshold of a
    /// calibration belongs here.
    pub look_alike: Option<Score>,
}

/// What became of a face to enroll.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[must_use]
pub enum Enrollment {
    /// It is kept.
    Enrolled {
        /// Its number.
        face: FaceId,
        /// Whose it is.
        person: PersonId,
        /// What the user should look at.
        warnings: Vec<Warning>,
    },
    /// The person has this very face of this very photo already; nothing changed.
    AlreadyThere {
        /// Its number.
        face: FaceId,
        /// Whose it is.
        person: PersonId,
    },
    /// This very face of this very photo is somebody else's; nothing changed.
    BelongsToAnother {
        /// Its number.
        face: FaceId,
        /// Whose it is.
        person: PersonId,
    },
    /// The quality gate objects; nothing changed.
    Refused {
        /// What it has against the face.
        reasons: Vec<String>,
    },
}

/// What is odd about a face that was enrolled all the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// The person has nearly the same picture already.
    NearDuplicate {
        /// The face that it is like.
        face: FaceId,
        /// How like.
        score: Score,
    },
    /// It looks like somebody else.
    LooksLikeAnother {
        /// Who.
        person: PersonId,
        /// The face of theirs that it is most like.
        face: FaceId,
        /// How like.
        score: Score,
    },
}

/// A face and the name it is enrolled under.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// Whose face it is; somebody new is made known.
    pub name: &'a str,
    /// The face.
    pub face: &'a NewFace,
}

/// A face of the gallery that a new one is most like.
struct Likeness {
    person: PersonId,
    face: FaceId,
    score: Score,
}

impl Gallery {
    /// Enrolls a face under a name. The same face of the same photo is kept once.
    ///
    /// # Errors
    /// [`GalleryError::SpaceMismatch`], [`GalleryError::Dimension`], [`GalleryError::BadValue`] for a
    /// name, box, path or hash that no face has, and as every change.
    pub fn enroll(
        &mut self,
        name: &str,
        face: &NewFace,
        policy: &EnrollPolicy,
        at: UnixSeconds,
    ) -> Result<Enrollment, GalleryError> {
        let mut outcomes = self.enroll_all(&[Applicant { name, face }], policy, at)?;
        let none = || GalleryError::damaged("an enrolment had no outcome");
        outcomes.pop().ok_or_else(none)
    }

    /// Enrolls many faces in one change: all are kept, or on an error none. An outcome each, in order.
    /// Warnings compare with the faces that were there before.
    ///
    /// # Errors
    /// As [`enroll`](Self::enroll).
    pub fn enroll_all(
        &mut self,
        applicants: &[Applicant<'_>],
        policy: &EnrollPolicy,
        at: UnixSeconds,
    ) -> Result<Vec<Enrollment>, GalleryError> {
        let mut names = Vec::with_capacity(applicants.len());
        let mut likenesses = Vec::with_capacity(applicants.len());
        for applicant in applicants {
            self.options.check(&applicant.face.embedding)?;
            check_face(applicant.face)?;
            names.push(clean_name(applicant.name)?);
            likenesses.push(self.likenesses(applicant, policy)?);
        }
        self.write(at, |change| {
            let roots = Roots::read(&change.tx)?;
            let each = names.iter().zip(applicants).zip(&likenesses);
            each.map(|((name, applicant), likenesses)| {
                enroll_one(change, &roots, name, applicant.face, policy, likenesses)
            })
            .collect()
        })
    }

    /// The faces that a new one is like, the person's own and one of somebody else.
    fn likenesses(
        &mut self,
        applicant: &Applicant<'_>,
        policy: &EnrollPolicy,
    ) -> Result<Vec<Likeness>, GalleryError> {
        let thresholds = [policy.near_duplicate, policy.look_alike];
        if thresholds.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        // Two people: the person themself and the nearest other.
        let options = SearchOptions {
            k: 2,
            by: SearchBy::Person,
            ..SearchOptions::default()
        };
        let matches = self.search(&applicant.face.embedding, &options)?;
        let likeness = |m: crate::search::Match| {
            m.face.map(|face| Likeness {
                person: m.person,
                face,
                score: m.score,
            })
        };
        Ok(matches.into_iter().filter_map(likeness).collect())
    }
}

fn enroll_one(
    change: &mut Change<'_>,
    roots: &Roots,
    name: &str,
    face: &NewFace,
    policy: &EnrollPolicy,
    likenesses: &[Likeness],
) -> Result<Enrollment, GalleryError> {
    let person = find_name(&change.tx, change.vault, name)?;
    if let Some(known) = same_face(&change.tx, change.vault, face)? {
        let (owner, face) = (roots.root(known.person), known.id);
        return Ok(if Some(owner) == person {
            Enrollment::AlreadyThere {
                face,
                person: owner,
            }
        } else {
            Enrollment::BelongsToAnother {
                face,
                person: owner,
            }
        });
    }
    if policy.objections == Objections::Refuse && !face.quality.objections.is_empty() {
        return Ok(Enrollment::Refused {
            reasons: face.quality.objections.clone(),
        });
    }
    let person = match person {
        Some(person) => person,
        None => add_person(change, name)?,
    };
    let id = add_face(change, person, face, change.at)?;
    change.log(Action::Enroll, Some(person), None, 1)?;
    Ok(Enrollment::Enrolled {
        face: id,
        person,
        warnings: warnings(person, policy, likenesses),
    })
}

/// The face of the gallery that is this one: of the same photo, in the same place.
pub(crate) fn same_face(
    db: &Connection,
    vault: &Vault,
    face: &NewFace,
) -> Result<Option<Face>, GalleryError> {
    let of_photo = read_faces_of_photo(db, vault, &face.source.sha256)?;
    let same = |known: &Face| known.rect.iou(&face.rect) >= SAME_FACE_IOU;
    Ok(of_photo.into_iter().find(same))
}

fn warnings(person: PersonId, policy: &EnrollPolicy, likenesses: &[Likeness]) -> Vec<Warning> {
    let reaches = |score: Score, threshold: Option<Score>| threshold.is_some_and(|t| score >= t);
    let warning = |l: &Likeness| {
        let (face, score) = (l.face, l.score);
        if l.person == person {
            let duplicate = Warning::NearDuplicate { face, score };
            return reaches(score, policy.near_duplicate).then_some(duplicate);
        }
        let another = Warning::LooksLikeAnother {
            person: l.person,
            face,
            score,
        };
        reaches(score, policy.look_alike).then_some(another)
    };
    likenesses.iter().filter_map(warning).collect()
}

/// What no detector gives is refused before it is stored.
pub(crate) fn check_face(face: &NewFace) -> Result<(), GalleryError> {
    let bad = |what, expected, got| {
        Err(GalleryError::BadValue {
            what,
            expected,
            got,
        })
    };
    if !face.rect.is_valid() {
        return bad(
            "the box of a face",
            "finite numbers and an area",
            format!("{:?}", face.rect),
        );
    }
    let finite = |landmarks: &lineament_core::Landmarks| {
        let points = landmarks.to_array();
        points.iter().all(|p| p.x.is_finite() && p.y.is_finite())
    };
    if !face.landmarks.as_ref().is_none_or(finite) {
        return bad(
            "the landmarks of a face",
            "finite numbers",
            format!("{:?}", face.landmarks),
        );
    }
    let quality = &face.quality;
    let measured = [
        Some(quality.detection_score),
        quality.sharpness,
        quality.brightness,
    ];
    if measured.iter().flatten().any(|v| !v.is_finite()) {
        return bad(
            "the quality of a face",
            "finite numbers",
            format!("{measured:?}"),
        );
    }
    if face.source.path.len() > MAX_PATH_BYTES {
        let got = format!("{} bytes", face.source.path.len());
        return bad("the path of a photo", "at most 4096 bytes", got);
    }
    let n_bytes = face.thumbnail.as_ref().map_or(0, Vec::len);
    if n_bytes > MAX_THUMBNAIL_BYTES {
        let got = format!("{n_bytes} bytes");
        return bad("the picture of a face", "at most 262144 bytes", got);
    }
    let too_long = |text: &String| text.len() > MAX_OBJECTION_BYTES;
    if quality.objections.len() > MAX_OBJECTIONS || quality.objections.iter().any(too_long) {
        let got = format!("{} reasons", quality.objections.len());
        return bad(
            "the objections to a face",
            "at most 16 of at most 200 bytes",
            got,
        );
    }
    Ok(())
}
