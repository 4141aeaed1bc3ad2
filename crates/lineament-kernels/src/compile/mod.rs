//! Graphs to plans: shapes, folding, fusion, layouts, memory.

mod channel;
mod facts;
mod finish;
mod fuse;
mod infer;
mod known;
mod lower;
mod movement;
mod pack;
mod siblings;
mod stages;

pub(crate) use pack::PackedWeights;

use crate::error::KernelError;
use crate::graph::Graph;
use crate::network::KernelOptions;
use crate::ops::Op;
use crate::plan::Plan;

/// The plan of `graph`, whose nodes do `ops`, for an input of `shape`, to run with `options`.
/// `weights` keeps what every plan shares.
///
/// # Errors
/// [`KernelError::Inconsistent`], [`KernelError::Unsupported`], [`KernelError::Limit`].
pub(crate) fn compile(
    graph: &Graph,
    ops: &[Op],
    shape: &[usize],
    options: KernelOptions,
    weights: &mut PackedWeights,
) -> Result<Plan, KernelError> {
    let mut facts = facts::Facts::new(graph, ops, shape)?;
    let stages = fuse::fuse(&facts)?;
    let stages = siblings::join_siblings(&mut facts, stages, options.isa.lanes());
    let (lowering, outputs) = lower::Lowering::new(&facts, stages, options)?;
    finish::finish(lowering, &outputs, weights)
}
