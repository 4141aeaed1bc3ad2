//! Pairs of faces that the user has looked at: one person, or two.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use lineament::Rect;
use lineament_cluster::{ClusterError, Constraints};
use serde::{Deserialize, Serialize};

use crate::album::library::{FaceRef, Library};
use crate::album::seen::PhotoId;
use crate::album::store::Store;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};

/// What pairs are kept under.
const NOTE: &str = "confirmed";
/// Longest file that is read, in bytes: some hundred thousand pairs.
const MAX_BYTES: u64 = 16 << 20;

/// What two faces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Relation {
    /// Faces of one person.
    Same,
    /// Faces of two people.
    Different,
}

/// A row of the file.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Row {
    relation: Relation,
    path_a: PathBuf,
    face_idx_a: Option<usize>,
    path_b: PathBuf,
    face_idx_b: Option<usize>,
}

/// What a file says, not yet of faces: its name, and its rows with the numbers of their lines.
pub(crate) struct Statements<'a> {
    path: &'a Path,
    rows: Vec<(u64, Row)>,
}

/// A face by its place, which tells it also to another detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    photo: PhotoId,
    #[serde(rename = "box")]
    rect: Rect,
}

/// A pair as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    relation: Relation,
    faces: [Place; 2],
}

/// Pairs of faces of a library that are one person's, and pairs that are two people's. They do not
/// contradict one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub(crate) same: Vec<[FaceRef; 2]>,
    pub(crate) different: Vec<[FaceRef; 2]>,
}

impl<'a> Statements<'a> {
    /// The rows of the CSV file.
    ///
    /// # Errors
    /// [`Exit::BadInput`], saying where, for a file that cannot be read or is no such table.
    pub(crate) fn read(path: &'a Path) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| bad(path, &error.to_string()))?;
        if bytes.len() as u64 > MAX_BYTES {
            let what = format!("longer than the {MAX_BYTES} bytes that pairs take at most");
            return Err(bad(path, &what));
        }
        let rows = parse(&bytes).map_err(|what| {
            bad(path, &what).help(
                "its columns are relation (same or different), path_a, face_idx_a, path_b and face_idx_b, \
                 with paths and numbers as in clusters.csv",
            )
        })?;
        Ok(Self { path, rows })
    }

    /// The pairs of faces that the rows name, which are remembered in place of those of an earlier file.
    ///
    /// # Errors
    /// [`Exit::BadInput`] for a photo or a face that is not there, and for rows that contradict one
    /// another.
    pub(crate) fn keep(
        &self,
        library: &Library,
        inputs: &[Input],
        store: &Store,
    ) -> Result<Confirmed, Failure> {
        let photos = Photos::new(library, inputs);
        let mut confirmed = Confirmed::default();
        let mut kept = Vec::with_capacity(self.rows.len());
        for (line, row) in &self.rows {
            let face = |path: &Path, face_idx: Option<usize>| {
                photos
                    .face(path, face_idx)
                    .map_err(|what| bad(self.path, &format!("line {line}: {what}")))
                    .map_err(|failure| {
                        failure.help("clusters.csv lists the photos and their faces")
                    })
            };
            let faces = [
                face(&row.path_a, row.face_idx_a)?,
                face(&row.path_b, row.face_idx_b)?,
            ];
            confirmed.add(row.relation, faces);
            kept.push(Kept {
                relation: row.relation,
                faces: faces.map(|face| Place::of(library, face)),
            });
        }
        confirmed.check(library, inputs)?;
        store.put_note(NOTE, &kept)?;
        Ok(confirmed)
    }
}

impl Confirmed {
    /// The pairs that are remembered, those of them whose faces are in the library.
    ///
    /// # Errors
    /// What is remembered contradicts itself, which it can once another detector takes two faces for one.
    pub(crate) fn remembered(
        library: &Library,
        inputs: &[Input],
        store: &Store,
    ) -> Result<Self, Failure> {
        let kept: Vec<Kept> = store.note(NOTE)?.unwrap_or_default();
        let photos = library.photos.iter().enumerate();
        let numbers: HashMap<PhotoId, usize> = photos.map(|(i, photo)| (photo.id, i)).collect();
        let find = |place: &Place| library.face_at(*numbers.get(&place.photo)?, &place.rect);
        let mut confirmed = Self::default();
        for Kept { relation, faces } in &kept {
            if let (Some(first), Some(second)) = (find(&faces[0]), find(&faces[1])) {
                confirmed.add(*relation, [first, second]);
            }
        }
        confirmed.check(library, inputs)?;
        Ok(confirmed)
    }

    fn add(&mut self, relation: Relation, faces: [FaceRef; 2]) {
        match relation {
            Relation::Same => self.same.push(faces),
            Relation::Different => self.different.push(faces),
        }
    }

    fn check(&self, library: &Library, inputs: &[Input]) -> Result<(), Failure> {
        let faces: Vec<FaceRef> = library.faces().collect();
        let alone: Vec<usize> = (0..faces.len()).collect();
        let [first, second] = match self.constraints(&faces, &alone) {
            Err(ClusterError::Contradiction { first, second }) => [first, second],
            _ => return Ok(()),
        }
        .map(|row| {
            let FaceRef {
                photo_idx,
                face_idx,
            } = faces[row];
            let input = &inputs[library.photos[photo_idx].inputs[0]];
            format!("face {face_idx} of {}", input.shown)
        });
        let message = format!(
            "{first} and {second} are said to be different people, and other pairs make them the same"
        );
        Err(Failure::new(Exit::BadInput, message)
            .help("take one of the pairs out of the file of --confirmed, and name it again"))
    }

    /// The constraints on these faces, which are of these groups, by their places in the list.
    pub(crate) fn constraints(
        &self,
        faces: &[FaceRef],
        groups: &[usize],
    ) -> Result<Constraints, ClusterError> {
        let places: HashMap<FaceRef, usize> =
            faces.iter().enumerate().map(|(i, f)| (*f, i)).collect();
        let rows = |pairs: &[[FaceRef; 2]]| -> Vec<[usize; 2]> {
            let place = |face: &FaceRef| places.get(face).copied();
            let pairs = pairs.iter();
            pairs
                .filter_map(|[first, second]| Some([place(first)?, place(second)?]))
                .collect()
        };
        Constraints::new(groups, &rows(&self.same), &rows(&self.different))
    }
}

impl Place {
    fn of(library: &Library, face: FaceRef) -> Self {
        Self {
            photo: library.photos[face.photo_idx].id,
            rect: library.face(face).rect,
        }
    }
}

/// The photos of a library by their paths, as they are shown and as the file system has them.
struct Photos<'a> {
    library: &'a Library,
    shown: HashMap<&'a Path, usize>,
    files: HashMap<PathBuf, usize>,
}

impl<'a> Photos<'a> {
    fn new(library: &'a Library, inputs: &'a [Input]) -> Self {
        let mut shown = HashMap::new();
        let mut files = HashMap::new();
        for (photo_idx, photo) in library.photos.iter().enumerate() {
            for input in photo.inputs.iter().map(|input_idx| &inputs[*input_idx]) {
                shown.insert(Path::new(&input.shown), photo_idx);
                let Source::File(path) = &input.source else {
                    continue;
                };
                files.extend(path.canonicalize().map(|path| (path, photo_idx)));
            }
        }
        Self {
            library,
            shown,
            files,
        }
    }

    /// The face of this number in the photo at this path; the only one where no number is given.
    fn face(&self, path: &Path, face_idx: Option<usize>) -> Result<FaceRef, String> {
        let file = || self.files.get(&path.canonicalize().ok()?);
        let Some(&photo_idx) = self.shown.get(path).or_else(file) else {
            return Err(format!(
                "{} is none of the photos that could be read",
                path.display()
            ));
        };
        let n_faces = self.library.photos[photo_idx].seen.faces.len();
        let face = |face_idx| FaceRef {
            photo_idx,
            face_idx,
        };
        match (face_idx, n_faces) {
            (Some(face_idx), n) if face_idx < n => Ok(face(face_idx)),
            (None, 1) => Ok(face(0)),
            (None, n) => Err(format!(
                "which of the {n} faces of {} is meant? give its number",
                path.display()
            )),
            (Some(face_idx), n) => Err(format!(
                "no face {face_idx} is in {}: it has {n}, counted from 0",
                path.display()
            )),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<(u64, Row)>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = record
            .deserialize(Some(&headers))
            .map_err(|error| error.to_string())?;
        rows.push((line, row));
    }
    Ok(rows)
}

fn bad(path: &Path, what: &str) -> Failure {
    Failure::new(Exit::BadInput, format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::album::library::LibraryPhoto;
    use crate::album::seen::tests::seen;

    const HEADER: &str = "relation,path_a,face_idx_a,path_b,face_idx_b\n";

    fn rows(text: &str) -> Result<Vec<(u64, Row)>, String> {
        parse(format!("{HEADER}{text}").as_bytes())
    }

    fn face(photo_idx: usize, face_idx: usize) -> FaceRef {
        FaceRef {
            photo_idx,
            face_idx,
        }
    }

    /// Two photos, `a` with one face and `b`, of which `c` is a copy, with two.
    fn photos() -> (Library, Vec<Input>) {
        let photo = |id, inputs: &[usize], n_faces| LibraryPhoto {
            id: PhotoId([id; 32]),
            inputs: inputs.to_vec(),
            seen: seen(&[&[1.0, 0.0][..], &[0.0, 1.0]][..n_faces]),
        };
        let input = |shown: &str| Input {
            source: Source::File(shown.into()),
            shown: shown.to_owned(),
            relative: shown.into(),
        };
        let library = Library {
            photos: vec![photo(1, &[0], 1), photo(2, &[1, 2], 2)],
        };
        (library, ["a", "b", "c"].map(input).to_vec())
    }

    fn kept(text: &str, store: &Store) -> Result<Confirmed, Failure> {
        let (library, inputs) = photos();
        let rows = rows(text).unwrap();
        let path = Path::new("pairs.csv");
        Statements { path, rows }.keep(&library, &inputs, store)
    }

    fn message(failure: Failure) -> String {
        let mut told = Vec::new();
        failure.tell(&mut told);
        String::from_utf8(told).unwrap()
    }

    #[test]
    fn pairs_are_read() {
        let found = rows("same, a b.jpg,0,c.jpg,\ndifferent,c.jpg,,\"d,e.jpg\",7\n").unwrap();
        let row = |relation, path_a: &str, face_idx_a, path_b: &str, face_idx_b| Row {
            relation,
            path_a: path_a.into(),
            face_idx_a,
            path_b: path_b.into(),
            face_idx_b,
        };
        let expected = [
            (2, row(Relation::Same, "a b.jpg", Some(0), "c.jpg", None)),
            (
                3,
                row(Relation::Different, "c.jpg", None, "d,e.jpg", Some(7)),
            ),
        ];
        assert_eq!(found, expected);
        assert_eq!(rows("").unwrap(), []);
    }

    #[test]
    fn anything_else_is_told_of() {
        for (text, told) in [
            ("like,a,0,b,0", "like"),
            ("same,a,-1,b,0", "invalid digit"),
            ("same,a,0,b", "4 fields"),
        ] {
            let error = rows(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let error = parse(b"path_a,path_b\na,b\n").unwrap_err();
        assert!(error.contains("relation"), "{error}");
    }

    #[test]
    fn pairs_are_remembered_until_another_file_comes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("out")).unwrap();
        let (library, inputs) = photos();
        let remembered = || Confirmed::remembered(&library, &inputs, &store).unwrap();
        assert_eq!(remembered(), Confirmed::default());
        let expected = Confirmed {
            same: vec![[face(0, 0), face(1, 1)]],
            different: vec![[face(1, 0), face(0, 0)]],
        };
        let text = "same,a,,b,1\ndifferent,c,0,a,0\n";
        assert_eq!(kept(text, &store).unwrap(), expected);
        assert_eq!(remembered(), expected);
        // A photo that is away takes its pairs with it, and brings them back.
        let (mut fewer, _) = photos();
        fewer.photos.remove(0);
        let left = Confirmed::remembered(&fewer, &inputs, &store).unwrap();
        assert_eq!(left, Confirmed::default());
        // What cannot be is not kept.
        kept("same,a,,b,1\ndifferent,b,1,a,0\n", &store).unwrap_err();
        assert_eq!(remembered(), expected);
        assert_eq!(kept("", &store).unwrap(), Confirmed::default());
        assert_eq!(remembered(), Confirmed::default());
    }

    #[test]
    fn faces_that_are_not_there_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("out")).unwrap();
        for (text, told) in [
            (
                "same,a,,z,0",
                "pairs.csv: line 2: z is none of the photos that could be read",
            ),
            (
                "same,a,,b,0\nsame,a,,b,2",
                "line 3: no face 2 is in b: it has 2",
            ),
            ("same,a,,b,", "which of the 2 faces of b is meant?"),
            (
                "same,a,,b,0\nsame,a,,b,1\ndifferent,b,0,b,1",
                "face 0 of b and face 1 of b are said to be different people",
            ),
            ("different,a,,a,0", "face 0 of a and face 0 of a are said"),
        ] {
            let told_of = message(kept(text, &store).unwrap_err());
            assert!(told_of.contains(told), "{text}: {told_of}");
        }
    }
}
