//! What the steps of a network cost.

use std::time::Duration;

use crate::network::KernelOptions;
use crate::plan::Plan;

/// What the steps of a network cost for one shape of input.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The steps, in order.
    pub steps: Vec<StepCost>,
    /// Memory for what flows between steps, in bytes.
    pub workspace_bytes: usize,
    /// How it was run.
    pub options: KernelOptions,
}

/// What one step costs.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCost {
    /// The node it began as, or the value it re-orders.
    pub name: String,
    /// What it computes, with what was folded in: `conv 1x1 64>128 + relu`.
    pub what: String,
    /// The shape of a picture that it writes, `[batch, channels, height, width]`.
    pub output: Option<[usize; 4]>,
    /// Multiplications with weights.
    pub macs: u64,
    /// The least time of the counted runs.
    pub time: Duration,
}

impl Profile {
    pub(crate) fn new(plan: &Plan, runs: &[Vec<Duration>], options: KernelOptions) -> Self {
        let steps = plan.steps.iter().enumerate().map(|(index, step)| StepCost {
            name: step.name.clone(),
            what: step.what.clone(),
            output: step
                .picture
                .map(|p| [p.batch, p.channels, p.height, p.width]),
            macs: step.macs,
            time: runs.iter().map(|run| run[index]).min().unwrap_or_default(),
        });
        Self {
            steps: steps.collect(),
            workspace_bytes: plan.workspace_bytes(),
            options,
        }
    }

    /// The sum of all steps' times.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.steps.iter().map(|step| step.time).sum()
    }

    /// The sum of all steps' multiplications with weights.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.steps.iter().map(|step| step.macs).sum()
    }
}

impl StepCost {
    /// Billions of multiplications with weights a second.
    #[must_use]
    pub fn gmacs_per_second(&self) -> f64 {
        self.macs as f64 / self.time.as_secs_f64().max(1e-9) / 1e9
    }
}
