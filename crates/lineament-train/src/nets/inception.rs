//! The Inception module of FaceNet's networks (Szegedy et al., CVPR 2015).

use super::unit::Unit;
use crate::graph::{Conv, GraphBuilder, Layer, NodeId, Pool, Window};

/// One row of a table of modules. A branch of 0 channels is absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inception {
    pub(super) name: &'static str,
    /// Channels of the 1x1 branch.
    pub(super) ones: usize,
    /// Channels before and of the 3x3 branch.
    pub(super) threes: (usize, usize),
    /// Channels before and of the 5x5 branch.
    pub(super) fives: (usize, usize),
    /// The pooling branch, and the channels that it is projected to; 0 for as they are.
    pub(super) pool: (Pool, usize),
    /// Whether the maps are halved.
    pub(super) stride: usize,
}

impl Inception {
    /// The branches side by side, each channel count passed through `wide`.
    pub(super) fn build(
        self,
        graph: &mut GraphBuilder,
        unit: Unit,
        x: NodeId,
        wide: impl Fn(usize) -> usize,
    ) -> NodeId {
        let within = |part: &str| format!("{}.{part}", self.name);
        let mut branches = vec![];
        if self.ones > 0 {
            branches.push(unit.conv(graph, &within("1x1"), x, Conv::new(wide(self.ones), 1, 1)));
        }
        for (kernel, (before, channels)) in [(3, self.threes), (5, self.fives)] {
            if channels > 0 {
                let (reduce, branch) = (
                    format!("{kernel}x{kernel}.reduce"),
                    format!("{kernel}x{kernel}"),
                );
                let y = unit.conv(graph, &within(&reduce), x, Conv::new(wide(before), 1, 1));
                let conv = Conv::new(wide(channels), kernel, self.stride);
                branches.push(unit.conv(graph, &within(&branch), y, conv));
            }
        }
        let (pool, projection) = self.pool;
        let mut y = graph.pool(&within("pool"), x, pool, Window::new(3, self.stride).pad(1));
        if projection > 0 {
            y = unit.conv(
                graph,
                &within("pool.project"),
                y,
                Conv::new(wide(projection), 1, 1),
            );
        }
        branches.push(y);
        graph.add(self.name, Layer::Concat, &branches)
    }
}
