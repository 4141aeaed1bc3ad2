//! People remembered by their faces: one file, found by exact or approximate search, forgotten for good.
//!
//! A gallery is an SQLite file of a documented format (`docs/gallery-format.md`). It holds people,
//! their faces and the embeddings of one space; it finds whom a new face is most like; and it says
//! when it is nobody. It deliberately does not know images, models, clocks, randomness or what a good
//! face is: embeddings, objections and times are arguments.
//!
//! ```
//! use lineament_core::{Embedding, EmbeddingSpace, Rect};
//! use lineament_gallery::{
//!     EnrollPolicy, FaceQuality, Gallery, GalleryOptions, NewFace, Precision, SearchOptions, Source,
//!     UnixSeconds,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("people.lineament");
//! let space = EmbeddingSpace::new("a-model@1234");
//! let options = GalleryOptions {
//!     space: space.clone(),
//!     dimension: 3,
//!     precision: Precision::F32,
//!     model_sha256: [0; 32],
//! };
//! let now = UnixSeconds(1_800_000_000);
//! let mut gallery = Gallery::create(&path, options, now)?;
//! let ada = NewFace {
//!     embedding: Embedding::from_raw(space.clone(), vec![0.9, 0.1, 0.2])?,
//!     rect: Rect::from_corners(10.0, 10.0, 90.0, 110.0),
//!     landmarks: None,
//!     quality: FaceQuality::default(),
//!     source: Source { path: "ada.jpg".to_owned(), sha256: [1; 32] },
//!     thumbnail: None,
//! };
//! let outcome = gallery.enroll("Ada", &ada, &EnrollPolicy::default(), now)?;
//! let probe = Embedding::from_raw(space, vec![0.8, 0.2, 0.2])?;
//! let found = gallery.search(&probe, &SearchOptions::default())?;
//! assert_eq!(gallery.person(found[0].person)?.name, "Ada");
//! # let _ = outcome;
//! # Ok(())
//! # }
//! ```

pub mod approximate;
pub mod audit;
mod change;
pub mod check;
mod checksum;
pub mod enroll;
pub mod error;
pub mod face;
mod faces;
mod forget;
pub mod gallery;
mod hex;
pub mod identify;
pub mod ids;
mod index;
pub mod lock;
mod merge;
mod optional_base64;
pub mod people;
pub mod reembed;
pub mod salvage;
mod saving;
mod schema;
mod seal;
pub mod search;
pub mod transfer;
pub mod upkeep;
mod vector;

#[cfg(test)]
extern crate self as lineament_gallery;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
#[allow(clippy::panic, reason = "a test fails by panicking")]
mod support;

pub use approximate::{IndexState, IndexStats, PAYS_FROM, USUAL_BREADTH};
pub use audit::AuditEntry;
pub use change::Action;
pub use check::{Health, Problem, check, check_with};
pub use enroll::{Applicant, EnrollPolicy, Enrollment, Objections, Warning};
pub use error::GalleryError;
pub use face::{Face, FaceQuality, NewFace, SAME_FACE_IOU, Source};
pub use gallery::{Gallery, GalleryOptions};
pub use identify::{Identification, fmr_for, fpir_of};
pub use ids::{FaceId, PersonId, UnixSeconds};
pub use lock::{ENTROPY_BYTES, LockCost, Secret, is_encrypted};
pub use people::Person;
pub use reembed::{FacesLeft, Move};
pub use salvage::{Salvaged, salvage, salvage_with};
pub use search::{Filter, Found, Match, SearchBy, SearchMode, SearchOptions};
pub use transfer::{
    ExportHeader, ExportRow, ExportedFace, ImportSource, ImportUnit, Imported, JsonLines,
    write_json_lines,
};
pub use upkeep::Stats;
pub use vector::Precision;
