//! Two who are one: merges that can be undone, and removal.

use rusqlite::params;

use crate::change::{Action, Change};
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::ids::{PersonId, UnixSeconds};
use crate::people::{Roots, check_free, clean_name, read_person, write_person};

impl Gallery {
    /// Makes the faces of `gone` those of `kept`. The faces remember whose they were, so
    /// [`unmerge`](Self::unmerge) parts the two again; the name of `gone` becomes free.
    ///
    /// # Errors
    /// [`GalleryError::Merge`] when both are one, or one of them is merged into somebody already;
    /// [`GalleryError::NoSuchPerson`], and as every change.
    pub fn merge(
        &mut self,
        kept: PersonId,
        gone: PersonId,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        if kept == gone {
            let why = "cannot be merged into themself";
            return Err(GalleryError::Merge { person: gone, why });
        }
        self.write(at, |change| {
            let mut record = read_person(&change.tx, change.vault, gone)?;
            let other = read_person(&change.tx, change.vault, kept)?;
            for person in [&record, &other] {
                if person.merged_into.is_some() {
                    let why = "is merged into somebody already; undo that first";
                    return Err(GalleryError::Merge {
                        person: person.id,
                        why,
                    });
                }
            }
            record.merged_into = Some(kept);
            write_person(change, &record)?;
            change.log(Action::Merge, Some(kept), Some(gone), record.n_faces)
        })
    }

    /// Parts `gone` from whom they were merged into, with the faces they came with. Faces enrolled
    /// since stay. `name` is needed when somebody else has taken theirs.
    ///
    /// # Errors
    /// [`GalleryError::Merge`] for somebody who is not merged; [`GalleryError::NameTaken`],
    /// [`GalleryError::BadValue`] for a bad name, [`GalleryError::NoSuchPerson`], and as every change.
    pub fn unmerge(
        &mut self,
        gone: PersonId,
        name: Option<&str>,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        let name = name.map(clean_name).transpose()?;
        self.write(at, |change| {
            let mut record = read_person(&change.tx, change.vault, gone)?;
            let Some(kept) = record.merged_into.take() else {
                let why = "is not merged into anybody";
                return Err(GalleryError::Merge { person: gone, why });
            };
            if let Some(name) = name {
                record.name = name.to_owned();
            }
            check_free(&change.tx, change.vault, &record.name)?;
            write_person(change, &record)?;
            change.log(Action::Unmerge, Some(kept), Some(gone), record.n_faces)
        })
    }

    /// Removes a person, those merged into them, and all their faces. Bytes of theirs may stay in the
    /// file until it is compacted; [`forget`](Self::forget) leaves none.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`], and as every change.
    pub fn remove_person(&mut self, person: PersonId, at: UnixSeconds) -> Result<(), GalleryError> {
        self.write_removal(at, |change| {
            delete_person(change, person, Action::RemovePerson)?;
            Ok(())
        })
    }
}

/// Deletes the rows of a person and those merged into them; the number of faces that went.
pub(crate) fn delete_person(
    change: &mut Change<'_>,
    person: PersonId,
    action: Action,
) -> Result<usize, GalleryError> {
    read_person(&change.tx, change.vault, person)?;
    let members = Roots::read(&change.tx)?.members(person);
    let mut n_faces = 0;
    // A person goes after those merged into them, who refer to them.
    change.tx.pragma_update(None, "defer_foreign_keys", true)?;
    for member in members {
        n_faces += change
            .tx
            .execute("DELETE FROM face WHERE person = ?1", params![member.0])?;
        change
            .tx
            .execute("DELETE FROM person WHERE id = ?1", params![member.0])?;
    }
    change.log(action, Some(person), None, n_faces)?;
    Ok(n_faces)
}
