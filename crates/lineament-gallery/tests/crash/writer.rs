//! The process that writes, and what it says on the way.

use std::io::Write;
use std::path::Path;

use lineament_gallery::{EnrollPolicy, Enrollment, Gallery, GalleryError};

use crate::support::{NOW, face, options};

/// People that photos are of, in turn.
const N_PEOPLE: u64 = 13;
/// Changes after which a writer that nobody ends goes home.
const N_PHOTOS: u64 = 4000;

/// Whose face the photo of this number shows.
pub(crate) fn person_of(photo: u64) -> u64 {
    photo % N_PEOPLE
}

pub(crate) fn name_of(photo: u64) -> String {
    format!("person {}", person_of(photo))
}

/// What a writer does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It enrolls, now and then removes, forgets, merges and saves the index.
    Everything,
    /// It enrolls.
    Enroll,
}

/// Enrolls photo after photo from number `first` on. Says what it is about to do (`+ photo`,
/// `- face face …`), and when it is done (`= face`, `.`) or failed (`! why`).
pub(crate) fn write(path: &Path, first: u64, habit: Habit) {
    let mut gallery = match Gallery::open(path) {
        Ok(gallery) => gallery,
        Err(error) => return say(&format!("! {error}")),
    };
    for photo in first..first + N_PHOTOS {
        let step = match photo % 64 {
            _ if habit == Habit::Enroll => enroll(&mut gallery, photo),
            17 | 49 => remove(&mut gallery),
            29 => merge(&mut gallery),
            41 => forget(&mut gallery, photo),
            63 => gallery.save_index().map(|_| ()),
            _ => enroll(&mut gallery, photo),
        };
        if let Err(error) = step {
            say(&format!("! {error}"));
        }
    }
}

fn enroll(gallery: &mut Gallery, photo: u64) -> Result<(), GalleryError> {
    say(&format!("+ {photo}"));
    let new = face(person_of(photo), photo);
    match gallery.enroll(&name_of(photo), &new, &EnrollPolicy::default(), NOW)? {
        Enrollment::Enrolled { face, .. } => say(&format!("= {face}")),
        other => panic!("{other:?}: the photo is new"),
    }
    Ok(())
}

/// Removes the first face of the person who has most.
fn remove(gallery: &mut Gallery) -> Result<(), GalleryError> {
    let people = gallery.people()?;
    let Some(person) = people.iter().max_by_key(|person| person.n_faces) else {
        return Ok(());
    };
    let Some(face) = gallery.faces(person.id)?.first().map(|face| face.id) else {
        return Ok(());
    };
    say(&format!("- {face}"));
    gallery.remove_face(face, NOW)?;
    say(".");
    Ok(())
}

fn forget(gallery: &mut Gallery, photo: u64) -> Result<(), GalleryError> {
    let Ok(person) = gallery.find(&name_of(photo)) else {
        return Ok(());
    };
    let faces = gallery.faces(person)?.into_iter();
    let faces: Vec<String> = faces.map(|face| face.id.to_string()).collect();
    say(&format!("- {}", faces.join(" ")));
    gallery.forget(person, NOW)?;
    say(".");
    Ok(())
}

/// Merges two and parts them again: no face changes.
fn merge(gallery: &mut Gallery) -> Result<(), GalleryError> {
    if let [kept, gone, ..] = gallery.people()?.as_slice() {
        gallery.merge(kept.id, gone.id, NOW)?;
        gallery.unmerge(gone.id, None, NOW)?;
    }
    Ok(())
}

/// Makes gallery after gallery, `0` and so on, and tells of each before it is begun.
pub(crate) fn create_forever(folder: &Path) {
    for number in 0.. {
        say(&number.to_string());
        Gallery::create(&folder.join(number.to_string()), options(), NOW).unwrap();
    }
}

pub(crate) fn say(words: &str) {
    let mut out = std::io::stdout();
    // Nobody listens any more once the test is over.
    if writeln!(out, "{words}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
