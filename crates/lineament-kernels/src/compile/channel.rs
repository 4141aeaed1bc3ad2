//! Nodes that do the same to every number of a channel.

use std::sync::Arc;

use super::facts::{Draft, Facts};
use crate::ops::{Activation, Binary, Op};

/// x · scale + shift, for each channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Affine {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

/// What `draft` does to its input, if that is an activation.
pub(crate) fn activation(facts: &Facts<'_>, draft: &Draft) -> Option<Activation> {
    match &draft.op {
        Op::Map(activation) => Some(activation.clone()),
        Op::Clip {
            bounds: Some(bounds),
        } => Some(clip(*bounds)),
        Op::Clip { bounds: None } => {
            let bound = |place: usize, default| match draft.inputs.get(place) {
                None | Some(None) => Some(default),
                Some(Some(_)) => facts.floats(draft, place)?.1.first().copied(),
            };
            Some(clip((bound(1, f32::MIN)?, bound(2, f32::MAX)?)))
        }
        Op::PRelu => {
            let (shape, slopes) = facts.floats(draft, 1)?;
            let input = facts.shape(draft.inputs[0]?);
            of_channels(shape, input).then(|| Activation::PRelu(Arc::clone(slopes)))
        }
        _ => None,
    }
}

fn clip((low, high): (f32, f32)) -> Activation {
    if low == 0.0 && high >= f32::MAX {
        return Activation::Relu;
    }
    Activation::Clip { low, high }
}

/// Whether a constant of `shape` holds one number, or one for each channel of `input`.
fn of_channels(shape: &[usize], input: &[usize]) -> bool {
    if shape.iter().product::<usize>() == 1 {
        return shape.len() <= input.len();
    }
    let Some(&channels) = input.get(1) else {
        return false;
    };
    // By broadcasting's rules the channel stands as many axes before the end as in the input.
    let from_end = input.len() - 1;
    shape.len() >= from_end
        && shape.len() <= input.len()
        && shape[shape.len() - from_end] == channels
        && shape.iter().product::<usize>() == channels
}

/// The input that `draft` maps affinely, and how, if it does: batch normalisation, and sums,
/// products and quotients with constants.
pub(crate) fn affine(facts: &Facts<'_>, draft: &Draft) -> Option<(usize, Affine)> {
    match &draft.op {
        Op::BatchNorm { epsilon } => {
            let values = |place| Some(facts.floats(draft, place)?.1);
            let (gain, bias, mean, variance) = (values(1)?, values(2)?, values(3)?, values(4)?);
            let n = *facts.shape(draft.inputs[0]?).get(1)?;
            if [gain, bias, mean, variance].iter().any(|v| v.len() != n) {
                return None;
            }
            let scale: Vec<f32> = (0..n)
                .map(|c| gain[c] / (variance[c] + epsilon).sqrt())
                .collect();
            let shift = (0..n).map(|c| bias[c] - mean[c] * scale[c]).collect();
            Some((0, Affine { scale, shift }))
        }
        Op::Binary(binary) => {
            let place = usize::from(facts.floats(draft, 0).is_some());
            let (shape, constant) = facts.floats(draft, 1 - place)?;
            let input = facts.shape(draft.inputs[place]?);
            if !of_channels(shape, input) || input.len() < 2 {
                return None;
            }
            let spread =
                |f: fn(f32) -> f32| (0..input[1]).map(move |c| f(constant[c % constant.len()]));
            let ones = || vec![1.0; input[1]];
            let zeros = || vec![0.0; input[1]];
            let (scale, shift) = match (binary, place) {
                (Binary::Add, _) => (ones(), spread(|k| k).collect()),
                (Binary::Mul, _) => (spread(|k| k).collect(), zeros()),
                (Binary::Sub, 0) => (ones(), spread(|k| -k).collect()),
                (Binary::Sub, _) => (vec![-1.0; input[1]], spread(|k| k).collect()),
                (Binary::Div, 0) => (spread(|k| 1.0 / k).collect(), zeros()),
                _ => return None,
            };
            Some((place, Affine { scale, shift }))
        }
        _ => None,
    }
}
