//! Searches of a gallery (1:N): who it is, and whether it is anyone.
//!
//! Closed set: the rank of the mate, CMC. Open set: FNIR at FPIR (ISO/IEC 19795-1, NIST FRTE),
//! where a search counts once however many candidates it returns.

mod distractor_report;
mod distractors;
mod galleries;
mod open_max;
mod plan;
mod rejecter;
mod report;
mod search;
mod top;

pub use distractor_report::{DistractorOptions, DistractorReport, RankOne};
pub use distractors::DistractorSearch;
pub use galleries::{GalleriesReport, MeanFigures, identify_galleries};
pub use plan::{Enrolled, SearchPlan, SplitOptions};
pub use rejecter::Rejecter;
pub use report::{AtFpir, ByPerson, IdentificationOptions, IdentificationReport, identify};
pub use search::SearchOutcome;
pub use top::{Candidate, TopCandidates};

pub(crate) use search::{Gallery, Searching, open_set_scores};
