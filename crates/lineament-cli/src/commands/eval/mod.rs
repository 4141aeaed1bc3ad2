//! `lineament eval`: accuracy by the field's protocols, one file a protocol.

mod bin;
mod blufr;
mod cfp;
mod cluster;
mod detect;
mod fairness;
mod identify;
mod ijb;
mod lfw;
mod megaface;
mod pairs;
mod table;
mod ytf;

use lineament_data::DataError;
use lineament_data::lists::ijb::Release;

use crate::args::eval::{EvalCommand, Protocol};
use crate::evaluation::pair_job;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

pub(crate) fn run(command: EvalCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let job = match command.protocol {
        Protocol::Lfw(args) => lfw::job(args),
        Protocol::Ytf(args) => ytf::job(args),
        Protocol::Cfp(args) => cfp::job(args),
        Protocol::Bin(args) => bin::job(args),
        Protocol::Pairs(args) => pairs::job(args),
        Protocol::Identify(args) => return identify::run(args, interrupt),
        Protocol::Cluster(args) => return cluster::run(args, interrupt),
        Protocol::Detect(args) => return detect::run(args, interrupt),
        Protocol::Fairness(args) => return fairness::run(args, interrupt),
        Protocol::Megaface(args) => return megaface::run(args, interrupt),
        Protocol::Ijbb(args) => return ijb::run(args, Release::B, interrupt),
        Protocol::Ijbc(args) => return ijb::run(args, Release::C, interrupt),
        Protocol::Blufr(args) => return blufr::run(args, interrupt),
        Protocol::Table(args) => return table::run(&args),
    }?;
    pair_job::run(&job, interrupt)
}

/// The protocol could not be read.
fn bad_list(error: DataError) -> Failure {
    let exit = match error {
        DataError::Argument { .. } => Exit::Usage,
        _ => Exit::BadInput,
    };
    Failure::new(exit, error.to_string())
}
