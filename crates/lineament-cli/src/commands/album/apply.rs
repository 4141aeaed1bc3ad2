//! `lineament album apply`: the names that were typed into the page.

use std::collections::HashMap;
use std::path::Path;

use super::PAGE;
use super::run::Run;
use crate::album::library::{FaceRef, Library};
use crate::album::names::{self, Naming, Scope};
use crate::album::people::{KnownBy, People, give_name};
use crate::album::store::Store;
use crate::batch::say;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn run(folder: &Path, names: &Path) -> Result<Exit, Failure> {
    let namings = names::read(names)?;
    if !Store::is_in(folder) {
        let message = format!("{} is no album", folder.display());
        return Err(Failure::new(Exit::BadInput, message)
            .help("name the folder that `lineament album --out` made"));
    }
    let store = Store::open(folder)?;
    let run = Run::last(&store)?;
    let library = Library::load(&store, &run.photos)?;
    let people = run.people(&store, &library)?;
    let mut given = store.names()?;
    let owners = owners(&people);
    let keys: HashMap<String, FaceRef> = library
        .faces()
        .map(|face| (library.key(face).to_string(), face))
        .collect();
    let mut n_refused = 0;
    for naming in &namings {
        match faces(naming, &keys, &owners) {
            Ok(faces) => {
                for face in faces {
                    let photo = library.photos[face.photo_idx].id;
                    give_name(&mut given, photo, library.face(face).rect, &naming.name);
                }
            }
            Err(why) => {
                n_refused += 1;
                say(&format!("error: {}: {why}", naming.name));
            }
        }
    }
    store.put_names(&given)?;
    let people = run.show(folder, &store, &library)?;
    say(&format!(
        "{} taken; the album {} shows {} and {}",
        plural(namings.len() - n_refused, "name", "names"),
        folder.join(PAGE).display(),
        plural(
            people.named.len(),
            "person with a name",
            "people with names"
        ),
        plural(people.strangers.len(), "stranger", "strangers"),
    ));
    Ok(match n_refused {
        0 => Exit::Success,
        n if n == namings.len() => Exit::BadInput,
        _ => Exit::SomeFailed,
    })
}

/// All faces of whoever a face belongs to, and how their name is known if they have one.
type Owner<'a> = (&'a [FaceRef], Option<KnownBy>);

fn owners(people: &People) -> HashMap<FaceRef, Owner<'_>> {
    let named = people.named.iter();
    let named = named.map(|person| (person.faces.as_slice(), Some(person.known_by)));
    let strangers = people.strangers.iter();
    let strangers = strangers.map(|stranger| (stranger.faces.as_slice(), None));
    let mut owners = HashMap::new();
    for owner in named.chain(strangers) {
        owners.extend(owner.0.iter().map(|face| (*face, owner)));
    }
    owners
}

/// The faces that a name is for, or why there are none.
fn faces(
    naming: &Naming,
    keys: &HashMap<String, FaceRef>,
    owners: &HashMap<FaceRef, Owner<'_>>,
) -> Result<Vec<FaceRef>, String> {
    let Some(face) = keys.get(&naming.face) else {
        return Err(format!(
            "the album has no face {}: its photo is gone, or the name is for another album",
            naming.face
        ));
    };
    match (naming.scope, owners.get(face)) {
        (Scope::Face, _) | (Scope::Person, None) => Ok(vec![*face]),
        (Scope::Person, Some((_, Some(KnownBy::Photos)))) => {
            Err("the person has a name from the known people; change it there".to_owned())
        }
        (Scope::Person, Some((faces, _))) => Ok(faces.to_vec()),
    }
}
