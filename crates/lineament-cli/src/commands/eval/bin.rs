//! `lineament eval bin`: packed lists of pairs (AgeDB-30, CALFW, CPLFW and others).

use lineament_data::{DataLimits, bin};

use super::bad_list;
use crate::args::eval::Bin;
use crate::evaluation::faces::FaceSource;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::pair_job::{Declared, PairJob};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;

/// What `args` ask for. Packed images are aligned already, unless they say otherwise.
pub(super) fn job(args: Bin) -> Result<PairJob, Failure> {
    let settings = EvaluationSettings::new(args.evaluation, FaceSource::Aligned)?;
    let method = MethodSettings::new(args.method)?;
    let protocol = bin::read_pairs(&args.file, &DataLimits::default()).map_err(bad_list)?;
    Ok(PairJob {
        settings,
        method,
        title: protocol.name.clone(),
        protocol,
        declared: Declared::No,
        dev: None,
        frame_score: None,
        choices: Vec::new(),
    })
}
