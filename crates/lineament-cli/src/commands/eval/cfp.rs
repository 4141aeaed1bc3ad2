//! `lineament eval cfp`: Celebrities in Frontal-Profile.

use lineament_data::DataLimits;
use lineament_data::lists::cfp::{self, Views};

use super::bad_list;
use crate::args::eval::{Cfp, CfpKind};
use crate::evaluation::faces::FaceSource;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::pair_job::{Declared, PairJob};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;

/// What `args` ask for.
pub(super) fn job(args: Cfp) -> Result<PairJob, Failure> {
    let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
    let method = MethodSettings::new(args.method)?;
    let (views, title) = match args.kind {
        CfpKind::Ff => (Views::FrontalFrontal, "CFP, frontal with frontal"),
        CfpKind::Fp => (Views::FrontalProfile, "CFP, frontal with profile"),
    };
    Ok(PairJob {
        settings,
        method,
        protocol: cfp::read_pairs(&args.root, views, &DataLimits::default()).map_err(bad_list)?,
        title: title.to_owned(),
        declared: Declared::No,
        dev: None,
        frame_score: None,
        choices: Vec::new(),
    })
}
