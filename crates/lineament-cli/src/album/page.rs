//! The album as one page: everything in it but the small pictures, and nothing from elsewhere.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::album::library::{FaceRef, Library, LibraryPhoto};
use crate::album::people::{KnownBy, People};
use crate::album::thumbnails::{FACES, PHOTOS};
use crate::failure::Failure;
use crate::output::Pending;

/// The page without its data.
const TEMPLATE: &str = include_str!("page.html");
/// What the data stand in the place of.
const PLACE: &str = "\"ALBUM DATA\"";

/// The whole of a photo's width or height.
const WHOLE: f32 = 10_000.0;

/// Where a photo is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its path as users see it.
    pub(crate) shown: String,
    /// Its address in the page.
    pub(crate) href: String,
}

/// What the page is made of.
#[derive(Serialize)]
struct Data<'a> {
    /// The command that takes names, as a shell would take it.
    apply: String,
    /// The folders of small pictures.
    photos_folder: &'static str,
    faces_folder: &'static str,
    people: Vec<PagePerson<'a>>,
    strangers: Vec<PageStranger>,
    photos: Vec<PagePhoto<'a>>,
    n_failed: usize,
}

/// The number of a photo, and of a face there.
type PageFace = (usize, usize);

#[derive(Serialize)]
struct PagePerson<'a> {
    name: &'a str,
    known_by: KnownBy,
    cover: PageFace,
    faces: Vec<PageFace>,
}

#[derive(Serialize)]
struct PageStranger {
    number: u64,
    cover: PageFace,
    faces: Vec<PageFace>,
}

#[derive(Serialize)]
struct PagePhoto<'a> {
    id: String,
    #[serde(flatten)]
    place: &'a Place,
    width: u32,
    height: u32,
    /// Left, top, width and height of each face, in ten thousandths of the photo's sides.
    faces: Vec<[i32; 4]>,
}

/// Writes the page, in one piece.
pub(crate) fn write(
    path: &Path,
    apply: String,
    library: &Library,
    places: &[Place],
    people: &People,
    n_failed: usize,
) -> Result<(), Failure> {
    let data = Data {
        apply,
        photos_folder: PHOTOS,
        faces_folder: FACES,
        people: named(library, people),
        strangers: strangers(library, people),
        photos: library
            .photos
            .iter()
            .map(|photo| page_photo(photo, places))
            .collect(),
        n_failed,
    };
    write_page(path, &data).map_err(|error| Failure::write(path, &error))
}

fn write_page(path: &Path, data: &Data<'_>) -> io::Result<()> {
    let (before, after) = TEMPLATE
        .split_once(PLACE)
        .ok_or_else(|| io::Error::other("the page has no place for its data"))?;
    let mut pending = Pending::create(path)?;
    let mut out = BufWriter::new(&mut pending.file);
    out.write_all(before.as_bytes())?;
    out.write_all(in_script(data)?.as_bytes())?;
    out.write_all(after.as_bytes())?;
    out.flush()?;
    drop(out);
    pending.commit()
}

/// The data as JSON that ends no script element, whatever is in it: in JSON, `<` stands in strings only,
/// where it may be escaped.
fn in_script(data: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string(data)?.replace('<', "\\u003c"))
}

fn named<'a>(library: &Library, people: &'a People) -> Vec<PagePerson<'a>> {
    let named = people.named.iter();
    let person = named.map(|person| PagePerson {
        name: &person.name,
        known_by: person.known_by,
        cover: cover(library, &person.faces),
        faces: page_faces(&person.faces),
    });
    person.collect()
}

fn strangers(library: &Library, people: &People) -> Vec<PageStranger> {
    let strangers = people.strangers.iter();
    let stranger = strangers.map(|stranger| PageStranger {
        number: stranger.number,
        cover: cover(library, &stranger.faces),
        faces: page_faces(&stranger.faces),
    });
    stranger.collect()
}

fn page_faces(faces: &[FaceRef]) -> Vec<PageFace> {
    faces.iter().map(page_face).collect()
}

fn page_face(face: &FaceRef) -> PageFace {
    (face.photo_idx, face.face_idx)
}

/// The face that stands for a person: the one of the greatest appeal, the first of equals.
fn cover(library: &Library, faces: &[FaceRef]) -> PageFace {
    let appeal = |face: &FaceRef| library.face(*face).appeal;
    let better = |best: &FaceRef, next: &FaceRef| appeal(next) > appeal(best);
    let best = faces
        .iter()
        .reduce(|best, next| if better(best, next) { next } else { best });
    best.map_or((0, 0), page_face)
}

fn page_photo<'a>(photo: &LibraryPhoto, places: &'a [Place]) -> PagePhoto<'a> {
    let (width, height) = (photo.seen.width as f32, photo.seen.height as f32);
    let share = |length: f32, of: f32| (WHOLE * length / of.max(1.0)).round() as i32;
    let faces = photo.seen.faces.iter().map(|face| {
        let rect = face.rect;
        [
            share(rect.x, width),
            share(rect.y, height),
            share(rect.width, width),
            share(rect.height, height),
        ]
    });
    PagePhoto {
        id: photo.id.short(),
        place: &places[photo.inputs[0]],
        width: photo.seen.width,
        height: photo.seen.height,
        faces: faces.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_one_place_for_data_and_nothing_from_elsewhere() {
        assert_eq!(TEMPLATE.matches(PLACE).count(), 1);
        for foreign in ["http:", "https:", "//cdn", "@import", "url("] {
            assert!(!TEMPLATE.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn no_name_ends_the_script() {
        let name = "</script><script>alert(1)</script><!--";
        let text = in_script(&[name]).unwrap();
        assert!(!text.contains('<'), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, [name]);
    }
}
