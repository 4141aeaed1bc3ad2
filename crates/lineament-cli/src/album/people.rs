//! Whose faces they are: named by the user, recognised, or a stranger's among other strangers'.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use lineament::{Embedding, EmbeddingSpace, KnownPeople, Rect, Score};
use serde::{Deserialize, Serialize};

use crate::album::confirmed::Confirmed;
use crate::album::groups::Numbering;
use crate::album::library::{FaceRef, Library, SAME_FACE_IOU};
use crate::album::seen::{NamedBox, PhotoId};
use crate::clustering::Algorithm;
use crate::exit::Exit;
use crate::failure::Failure;

/// Somebody with a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) known_by: KnownBy,
    /// Their faces, by photo.
    pub(crate) faces: Vec<FaceRef>,
}

/// How a name came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownBy {
    /// From the known people or the gallery, which have the last word about it.
    Photos,
    /// From the user, who may change it.
    User,
}

/// Faces of one stranger.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stranger {
    pub(crate) number: u64,
    /// Their faces, by photo.
    pub(crate) faces: Vec<FaceRef>,
}

/// Everybody in the photos.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct People {
    /// Those with names, by name.
    pub(crate) named: Vec<Person>,
    /// Those without, the ones seen most first.
    pub(crate) strangers: Vec<Stranger>,
}

/// A face that is like somebody's, by name, and how much.
pub(crate) type Likeness = (String, f32);

/// What decides whose a face is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// From this score on a face is whoever it is most like.
    pub(crate) recognised: f32,
    /// From this score on two strangers are together.
    pub(crate) together: f32,
}

/// Finds out whose the faces are.
///
/// A face is whose the user said. Others are whom they are most like: the known people, in `likenesses`,
/// or those whom the user named. Nobody is in a photo twice, unless the user said so: of two faces that
/// are like one person, the one that is less so is a stranger's. Strangers are grouped; faces too poor
/// to tell are nobody's.
pub(crate) fn find(
    library: &Library,
    names: &HashMap<PhotoId, Vec<NamedBox>>,
    likenesses: &HashMap<FaceRef, Likeness>,
    rules: Rules,
    numbering: &mut Numbering,
) -> Result<People, Failure> {
    let given = given(library, names);
    let mut owners: BTreeMap<FaceRef, String> = given.clone();
    recognise(library, likenesses, rules, &mut owners)?;
    let is_open = |face: &FaceRef| !owners.contains_key(face) && !library.face(*face).is_poor;
    let open: Vec<FaceRef> = library.faces().filter(is_open).collect();
    let groups = library
        .cluster(
            &open,
            Algorithm::USUAL,
            f64::from(rules.together),
            &Confirmed::default(),
        )
        .map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
    let numbers = numbering.renumber(&library.keys(&groups));
    let strangers = numbers.into_iter().zip(groups);
    let by_photos: HashSet<&str> = likenesses.values().map(|(name, _)| name.as_str()).collect();
    let mut named: BTreeMap<String, Vec<FaceRef>> = BTreeMap::new();
    for (face, name) in owners {
        named.entry(name).or_default().push(face);
    }
    let person = |(name, faces): (String, Vec<FaceRef>)| Person {
        known_by: match by_photos.contains(name.as_str()) {
            true => KnownBy::Photos,
            false => KnownBy::User,
        },
        name,
        faces,
    };
    Ok(People {
        named: named.into_iter().map(person).collect(),
        strangers: strangers
            .map(|(number, faces)| Stranger { number, faces })
            .collect(),
    })
}

/// The faces that the user named.
fn given(library: &Library, names: &HashMap<PhotoId, Vec<NamedBox>>) -> BTreeMap<FaceRef, String> {
    let mut given = BTreeMap::new();
    for (photo_idx, photo) in library.photos.iter().enumerate() {
        for named in names.get(&photo.id).into_iter().flatten() {
            if let Some(face) = library.face_at(photo_idx, &named.rect) {
                given.insert(face, named.name.clone());
            }
        }
    }
    given
}

/// Adds to `owners`, who are given, the faces that are like somebody.
fn recognise(
    library: &Library,
    likenesses: &HashMap<FaceRef, Likeness>,
    rules: Rules,
    owners: &mut BTreeMap<FaceRef, String>,
) -> Result<(), Failure> {
    let space = EmbeddingSpace::new("the album");
    let mut users = KnownPeople::new(space.clone());
    for (face, name) in owners
        .iter()
        .filter(|(face, _)| !library.face(**face).is_poor)
    {
        users
            .add(name, &embedding(library, &space, *face)?)
            .map_err(internal)?;
    }
    let mut found: Vec<(f32, FaceRef, String)> = Vec::new();
    for face in library.faces().filter(|face| !owners.contains_key(face)) {
        let probe = embedding(library, &space, face)?;
        let user = users
            .identify(&probe, Score::new(rules.recognised))
            .map_err(internal)?;
        let user = user
            .name
            .and(user.best)
            .map(|best| (best.name, best.score.value()));
        let photos = likenesses.get(&face).cloned();
        let best = user
            .into_iter()
            .chain(photos)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        found.extend(best.map(|(name, score)| (score, face, name)));
    }
    // The best come first; equals in the order of their faces.
    found.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal));
    let in_photo = |(face, name): (&FaceRef, &String)| (face.photo_idx, name.clone());
    let mut taken: HashSet<(usize, String)> = owners.iter().map(in_photo).collect();
    for (_, face, name) in found {
        if taken.insert((face.photo_idx, name.clone())) {
            owners.insert(face, name);
        }
    }
    Ok(())
}

/// The embedding of a face, in a space that all faces of the library share.
pub(crate) fn embedding(
    library: &Library,
    space: &EmbeddingSpace,
    face: FaceRef,
) -> Result<Embedding, Failure> {
    let values = library.face(face).embedding.clone();
    Embedding::from_raw(space.clone(), values).map_err(|error| internal(error.into()))
}

fn internal(error: lineament::Error) -> Failure {
    Failure::new(Exit::Internal, error.to_string())
}

/// `names` with this face of a photo called `name`, whatever it was called before.
pub(crate) fn give_name(
    names: &mut HashMap<PhotoId, Vec<NamedBox>>,
    photo: PhotoId,
    rect: Rect,
    name: &str,
) {
    let named = names.entry(photo).or_default();
    named.retain(|other| other.rect.iou(&rect) < SAME_FACE_IOU);
    named.push(NamedBox {
        rect,
        name: name.to_owned(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::album::library::LibraryPhoto;
    use crate::album::seen::tests::seen;

    const ADA: [f32; 3] = [1.0, 0.0, 0.0];
    const LIKE_ADA: [f32; 3] = [0.8, 0.6, 0.0];
    const GRACE: [f32; 3] = [0.0, 0.0, 1.0];
    const RULES: Rules = Rules {
        recognised: 0.7,
        together: 0.7,
    };

    fn library(photos: &[&[&[f32]]]) -> Library {
        let photo = |(i, faces): (usize, &&[&[f32]])| LibraryPhoto {
            id: PhotoId::of(&[i as u8]),
            inputs: vec![i],
            seen: seen(faces),
        };
        Library {
            photos: photos.iter().enumerate().map(photo).collect(),
        }
    }

    fn face(photo_idx: usize, face_idx: usize) -> FaceRef {
        FaceRef {
            photo_idx,
            face_idx,
        }
    }

    fn find_in(
        library: &Library,
        names: &HashMap<PhotoId, Vec<NamedBox>>,
        likenesses: &HashMap<FaceRef, Likeness>,
    ) -> People {
        find(library, names, likenesses, RULES, &mut Numbering::default()).unwrap()
    }

    #[test]
    fn strangers_are_grouped_and_nobody_is_in_a_photo_twice() {
        let library = library(&[&[&ADA, &LIKE_ADA], &[&ADA], &[&GRACE]]);
        let people = find_in(&library, &HashMap::new(), &HashMap::new());
        assert!(people.named.is_empty());
        let faces: Vec<_> = people
            .strangers
            .iter()
            .map(|s| (s.number, s.faces.clone()))
            .collect();
        let expected = [
            (1, vec![face(0, 0), face(1, 0)]),
            (2, vec![face(0, 1)]),
            (3, vec![face(2, 0)]),
        ];
        assert_eq!(faces, expected);
    }

    #[test]
    fn whom_the_user_named_is_recognised_elsewhere() {
        let library = library(&[&[&ADA], &[&LIKE_ADA, &GRACE], &[&GRACE]]);
        let mut names = HashMap::new();
        let rect = library.face(face(0, 0)).rect;
        give_name(&mut names, PhotoId::of(&[0]), rect, "Adda");
        give_name(&mut names, PhotoId::of(&[0]), rect, "Ada");
        let people = find_in(&library, &names, &HashMap::new());
        assert_eq!(
            people.named,
            [Person {
                name: "Ada".to_owned(),
                known_by: KnownBy::User,
                faces: vec![face(0, 0), face(1, 0)],
            }]
        );
        assert_eq!(people.strangers[0].faces, [face(1, 1), face(2, 0)]);
    }

    #[test]
    fn the_user_has_the_last_word() {
        let library = library(&[&[&ADA, &GRACE], &[&ADA]]);
        let likenesses = HashMap::from([
            (face(0, 0), ("Ada".to_owned(), 0.9)),
            (face(0, 1), ("Ada".to_owned(), 0.8)),
            (face(1, 0), ("Ada".to_owned(), 0.9)),
        ]);
        let people = find_in(&library, &HashMap::new(), &likenesses);
        let ada = |people: &People| {
            people
                .named
                .iter()
                .find(|p| p.name == "Ada")
                .cloned()
                .unwrap()
        };
        assert_eq!(ada(&people).faces, [face(0, 0), face(1, 0)]);
        assert_eq!(ada(&people).known_by, KnownBy::Photos);
        let mut names = HashMap::new();
        let photo = PhotoId::of(&[0]);
        give_name(&mut names, photo, library.face(face(0, 0)).rect, "Eve");
        let people = find_in(&library, &names, &likenesses);
        assert_eq!(people.named[1].name, "Eve");
        // Eve is like herself elsewhere too, more than the known Ada.
        assert_eq!(people.named[1].faces, [face(0, 0), face(1, 0)]);
        assert_eq!(ada(&people).faces, [face(0, 1)]);
    }

    #[test]
    fn names_hold_where_the_detector_sees_the_face_a_little_elsewhere() {
        let library = library(&[&[&ADA]]);
        let Rect {
            x,
            y,
            width,
            height,
        } = library.face(face(0, 0)).rect;
        for (shift, n_named) in [(0.2, 1), (2.0, 0)] {
            let rect = Rect {
                x: x + shift * width,
                y,
                width,
                height,
            };
            let mut names = HashMap::new();
            give_name(&mut names, PhotoId::of(&[0]), rect, "Ada");
            assert_eq!(
                find_in(&library, &names, &HashMap::new()).named.len(),
                n_named
            );
        }
    }
}
