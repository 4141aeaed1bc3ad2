//! `lineament eval pairs`: any list of pairs, as CSV.

use std::path::Path;

use lineament_data::{DataLimits, lists::csv_pairs};

use super::bad_list;
use crate::args::eval::Pairs;
use crate::evaluation::faces::FaceSource;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::pair_job::{Declared, PairJob};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;

/// What `args` ask for.
pub(super) fn job(args: Pairs) -> Result<PairJob, Failure> {
    let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
    let method = MethodSettings::new(args.method)?;
    let beside = args.list.parent().unwrap_or(Path::new(""));
    let images = args.images.as_deref().unwrap_or(beside);
    let read = csv_pairs::read_pairs(&args.list, images, &DataLimits::default());
    let protocol = read.map_err(bad_list)?.protocol;
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
