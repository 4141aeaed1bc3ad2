//! Searches of a gallery (1:N): who it is, and whether it is anyone.
//!
//! Closed set: the rank of the mate, CMC. Open set: FNIR at FPIR (ISO/IEC 19795-1, NIST FRTE),
//! where a search counts once however many candidates it returns.
//!
//! ```
//! use lineament_eval::identification::{SearchPlan, SplitOptions};
//! use lineament_eval::{
//!     About, FlipMode, IdentificationOptions, LabelledSet, ModelIdentity, identify,
//! };
//!
//! # fn main() -> Result<(), lineament_eval::EvalError> {
//! let names = ["ann 1", "ann 2", "bob 1", "bob 2"].map(str::to_owned);
//! let persons = [0, 0, 1, 1];
//! let templates = [[0.9, 0.1], [0.8, 0.3], [0.1, 0.9], [0.2, 0.7]].map(|t| Some(t.to_vec()));
//! let set = LabelledSet { names: &names, persons: &persons, templates: &templates };
//! let split = SplitOptions { unknown_share: 0.0, ..SplitOptions::default() };
//! let plan = SearchPlan::split(&persons, &split)?;
//! # let model = ModelIdentity { name: String::new(), sha256: String::new() };
//! # let (flip, command) = (FlipMode::Off, String::new());
//! # let about = About { protocol: String::new(), declaration: None, model, flip, command };
//! let report = identify(about, set, &plan, &IdentificationOptions::default())?;
//! assert_eq!(report.rank_rate[&1], 1.0);
//! # Ok(())
//! # }
//! ```

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
