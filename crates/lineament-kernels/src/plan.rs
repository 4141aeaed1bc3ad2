//! A network for one shape of input: steps over numbered slots of memory.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::aligned::Aligned;
use crate::kernels::Machine;
use crate::kernels::chain::Chain;
use crate::kernels::dense::Dense;
use crate::kernels::depthwise::Depthwise;
use crate::kernels::flat::{self, Lines, Pairing};
use crate::kernels::pointwise::Pointwise;
use crate::kernels::pooling::{self, Pooling};
use crate::kernels::quantize::Quantizing;
use crate::kernels::relayout;
use crate::kernels::resize::Resizing;
use crate::kernels::scratch::Scratch;
use crate::kernels::winograd::Winograd;
use crate::ops::{Activation, Norm, Reduction};
use crate::picture::Picture;
use crate::view::View;

/// A network for one shape of input.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The size of each slot.
    pub(crate) slots: Vec<usize>,
    /// What each thread needs beside them.
    pub(crate) scratch: Scratch,
    pub(crate) outputs: Vec<(Operand, Vec<usize>)>,
}

/// Where a step reads.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    /// What the caller gave.
    Input,
    Constant(Arc<[f32]>),
    /// The first numbers of a slot.
    Slot {
        slot: usize,
        length: usize,
    },
}

/// One kernel over its operands.
#[derive(Debug)]
pub(crate) struct Step {
    /// The node it began as.
    pub(crate) name: String,
    /// What it computes, with what was folded in.
    pub(crate) what: String,
    pub(crate) kernel: Kernel,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) slot: usize,
    pub(crate) length: usize,
    /// The layout of its output, if that is a picture.
    pub(crate) picture: Option<Picture>,
    /// Multiplications with weights.
    pub(crate) macs: u64,
}

/// What a step computes.
#[derive(Debug)]
pub(crate) enum Kernel {
    Dense(Dense),
    Winograd(Winograd),
    Depthwise(Depthwise),
    Chain(Box<Chain>),
    Pointwise(Pointwise),
    Pooling(Pooling),
    GlobalMean([Picture; 2]),
    Resizing(Resizing),
    /// Of the channels from `first` on.
    Relayout {
        pictures: [Picture; 2],
        first: usize,
    },
    Quantizing(Quantizing),
    ChannelsLast {
        from: Picture,
        channels: Range<usize>,
    },
    JoinPictures {
        from: Vec<Picture>,
        to: Picture,
    },
    Pairing(Pairing),
    Rearrange(View),
    JoinFlat {
        outer: usize,
    },
    Map(Activation, Lines),
    Softmax(Lines),
    Normalize(Norm, Lines),
    Reduce(Reduction, Lines),
}

impl Plan {
    /// Computes all steps for `input`, with `slots` at least as large as the plan asks.
    pub(crate) fn run(&self, machine: Machine<'_>, slots: &mut [Aligned], input: &[f32]) {
        for step in &self.steps {
            step.run(machine, slots, input);
        }
    }

    /// The time of each step.
    pub(crate) fn run_timed(
        &self,
        machine: Machine<'_>,
        slots: &mut [Aligned],
        input: &[f32],
    ) -> Vec<Duration> {
        let timed = self.steps.iter().map(|step| {
            let begun = Instant::now();
            step.run(machine, slots, input);
            begun.elapsed()
        });
        timed.collect()
    }

    /// Memory for what flows between steps.
    pub(crate) fn workspace_bytes(&self) -> usize {
        self.slots.iter().sum::<usize>() * size_of::<f32>()
    }

    /// Shapes and values of the outputs after a run.
    pub(crate) fn outputs<'a>(
        &'a self,
        slots: &'a [Aligned],
        input: &'a [f32],
    ) -> impl Iterator<Item = (&'a [usize], &'a [f32])> {
        let outputs = self.outputs.iter();
        outputs.map(|(operand, shape)| (shape.as_slice(), operand.values(slots, input)))
    }
}

impl Kernel {
    /// What each thread needs for its tasks.
    pub(crate) fn scratch(&self) -> Scratch {
        match self {
            Self::Winograd(winograd) => winograd.scratch(),
            Self::Chain(chain) => chain.scratch(),
            Self::Pointwise(pointwise) => {
                let pictures = [&pointwise.source, &pointwise.target];
                Scratch::rows(pictures.into_iter().chain(&pointwise.other))
            }
            Self::Pooling(pooling) => Scratch::rows([&pooling.source, &pooling.target]),
            Self::Relayout { pictures, .. } => Scratch::rows(pictures),
            Self::ChannelsLast { from, .. } => Scratch::rows([from]),
            Self::Quantizing(quantizing) => quantizing.scratch(),
            _ => Scratch::default(),
        }
    }
}

impl Operand {
    fn values<'a>(&'a self, slots: &'a [Aligned], input: &'a [f32]) -> &'a [f32] {
        match self {
            Self::Input => input,
            Self::Constant(values) => values,
            Self::Slot { slot, length } => &slots[*slot][..*length],
        }
    }
}

impl Step {
    fn run(&self, machine: Machine<'_>, slots: &mut [Aligned], input: &[f32]) {
        // No step reads the slot that it writes.
        let mut memory = std::mem::take(&mut slots[self.slot]);
        let target = &mut memory[..self.length];
        if let Some(picture) = &self.picture {
            picture.clear_halo(target);
        }
        self.compute(machine, slots, input, target);
        slots[self.slot] = memory;
    }

    fn compute(&self, machine: Machine<'_>, slots: &[Aligned], input: &[f32], target: &mut [f32]) {
        let operand = |place: usize| self.inputs.get(place).map(|o| o.values(slots, input));
        let second = operand(1);
        let Some(source) = operand(0) else {
            return;
        };
        let all = self.inputs.iter().map(|o| o.values(slots, input));
        match &self.kernel {
            Kernel::Dense(dense) => dense.run(machine, source, second, target),
            Kernel::Winograd(winograd) => winograd.run(machine, source, second, target),
            Kernel::Depthwise(depthwise) => depthwise.run(machine, source, second, target),
            Kernel::Chain(chain) => chain.run(machine, source, second, target),
            Kernel::Pointwise(pointwise) => pointwise.run(machine, source, second, target),
            Kernel::Pooling(pooling) => pooling.run(machine, source, target),
            Kernel::GlobalMean(pictures) => pooling::global_mean(machine, pictures, source, target),
            Kernel::Resizing(resizing) => resizing.run(machine, source, target),
            Kernel::Quantizing(quantizing) => quantizing.run(machine, source, target),
            Kernel::Relayout { pictures, first } => {
                relayout::relayout(machine, pictures, *first, source, target)
            }
            Kernel::ChannelsLast { from, channels } => {
                relayout::channels_last(machine, from, channels, source, target)
            }
            Kernel::JoinPictures { from, to } => relayout::join(machine, from, to, all, target),
            Kernel::Pairing(pairing) => {
                if let Some(second) = second {
                    pairing.run(machine, source, second, target);
                }
            }
            Kernel::Rearrange(view) => flat::rearrange(view, source, target),
            Kernel::JoinFlat { outer } => flat::join(*outer, all, target),
            Kernel::Map(activation, lines) => {
                flat::map(machine, activation, *lines, source, target)
            }
            Kernel::Softmax(lines) => flat::softmax(*lines, source, target),
            Kernel::Normalize(norm, lines) => flat::normalize(*norm, *lines, source, target),
            Kernel::Reduce(how, lines) => flat::reduce(*how, *lines, source, target),
        }
    }
}
