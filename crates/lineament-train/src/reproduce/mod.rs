//! What the literature reports, once more: runs, what judges them, and the published figures beside
//! what came out.
//!
//! [`Comparison`] is SphereFace's table of losses; [`DeepId2`], [`DeepFace`] and [`FaceNet`] are whole
//! systems, judged as on LFW's View 1.

mod deepface;
mod deepid2;
mod facenet;
mod features;
mod report;
mod rows;
mod runs;
mod study;
mod table;
mod view1;

pub use deepface::DeepFace;
pub use deepid2::{DeepId2, PATCHES, Patch};
pub use facenet::FaceNet;
pub use report::{Report, Variant};
pub use rows::{Figure, Measured, Row, markdown, rows};
pub use runs::{HeldOut, Judged};
pub use study::Study;
pub use table::{Compared, Comparison, LOSSES, Trained};
pub use view1::Judges;
