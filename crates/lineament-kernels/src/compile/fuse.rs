//! Convolutions and what follows them become one stage.

use std::collections::HashSet;
use std::sync::Arc;

use super::channel::{activation, affine};
use super::facts::{Draft, Facts};
use super::infer::{conv_weights, slides};
use crate::constant::{Constant, Data};
use crate::error::KernelError;
use crate::graph::ValueId;
use crate::kernels::finish::InRegister;
use crate::ops::{Activation, Binary, Op, Slide};
use crate::view::View;

/// What a plan computes at once.
#[derive(Debug)]
pub(crate) enum Stage {
    Product(Product),
    Single(Draft),
}

/// A convolution or matrix product with all that was folded into it.
#[derive(Debug)]
pub(crate) struct Product {
    /// The node it began as, which its packed weights are remembered by.
    pub(crate) node: usize,
    pub(crate) input: ValueId,
    pub(crate) output: ValueId,
    pub(crate) kind: ProductKind,
    /// `[outputs, inputs of a group, height, width]`; the graph's own until something is folded in.
    pub(crate) weights: Arc<[f32]>,
    pub(crate) dims: [usize; 4],
    pub(crate) bias: Vec<f32>,
    pub(crate) before: Activation,
    pub(crate) residual: Option<ValueId>,
    pub(crate) after: Activation,
    pub(crate) last: Option<Activation>,
    /// Operators that were folded in, in order.
    pub(crate) folded: Vec<String>,
    /// What others read, where it is some channels of the output each: the values in order, with their channels.
    pub(crate) parts: Vec<(ValueId, usize)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ProductKind {
    Conv {
        slides: [Slide; 2],
        n_groups: usize,
    },
    /// 3x3 of stride 1, by tiles, with so much padding above and on the left.
    Winograd {
        before: [usize; 2],
    },
    /// Of a matrix with constant weights, or of one at each place with weights of its own.
    Matrix {
        n_places: usize,
        /// Whether the columns of the input are multiplied instead of its rows.
        transposed: bool,
    },
}

/// The stages of a graph, in an order in which they can run.
pub(crate) fn fuse(facts: &Facts<'_>) -> Result<Vec<Stage>, KernelError> {
    let drafts = gated(facts);
    let mut uses = vec![0usize; facts.graph.names.len()];
    let mut reader = vec![usize::MAX; facts.graph.names.len()];
    for (index, draft) in drafts.iter().enumerate() {
        for id in draft.inputs.iter().flatten() {
            uses[id.0] += 1;
            reader[id.0] = index;
        }
    }
    facts
        .graph
        .outputs
        .iter()
        .for_each(|port| uses[port.value.0] += 2);
    let mut taken = vec![false; drafts.len()];
    let mut stages = Vec::new();
    for index in 0..drafts.len() {
        let Some(mut product) = product(facts, &drafts[index])? else {
            continue;
        };
        taken[index] = true;
        let mut place = index;
        while uses[product.output.0] == 1 {
            let next = reader[product.output.0];
            if taken[next] || !product.absorb(facts, &drafts[next]) {
                break;
            }
            taken[next] = true;
            place = next;
        }
        stages.push((place, Stage::Product(product)));
    }
    let single =
        |(index, draft): (usize, Draft)| (!taken[index]).then_some((index, Stage::Single(draft)));
    stages.extend(drafts.into_iter().enumerate().filter_map(single));
    stages.sort_by_key(|(place, _)| *place);
    Ok(stages.into_iter().map(|(_, stage)| stage).collect())
}

/// The drafts with x · sigmoid(x) and x · hardsigmoid(x) as one.
fn gated(facts: &Facts<'_>) -> Vec<Draft> {
    let mut drafts = facts.drafts.clone();
    let uses = facts.uses();
    for gate in 0..drafts.len() {
        let both = match drafts[gate].op {
            Op::Map(Activation::Sigmoid) => Activation::Silu,
            Op::Map(Activation::HardSigmoid { alpha, beta })
                if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 =>
            {
                Activation::HardSwish
            }
            _ => continue,
        };
        let (input, output) = (drafts[gate].inputs[0], drafts[gate].output);
        let product = drafts.iter_mut().find(|d| {
            let reads = |id| d.inputs.contains(&id);
            matches!(d.op, Op::Binary(Binary::Mul)) && reads(input) && reads(Some(output))
        });
        if let (Some(product), 1) = (product, uses[output.0]) {
            product.op = Op::Map(both);
            product.inputs = vec![input];
        }
    }
    let inputs = drafts
        .iter()
        .flat_map(|d| d.inputs.iter().copied().flatten());
    let outputs = facts.graph.outputs.iter().map(|port| port.value);
    let read: HashSet<ValueId> = inputs.chain(outputs).collect();
    drafts.retain(|d| read.contains(&d.output));
    drafts
}

/// The convolution or matrix product that `draft` is, if it is one.
fn product(facts: &Facts<'_>, draft: &Draft) -> Result<Option<Product>, KernelError> {
    let Some(input) = draft.inputs.first().copied().flatten() else {
        return Ok(None);
    };
    let (kind, dims) = match &draft.op {
        Op::Conv { window, n_groups } => facts.with_inputs(draft, |inputs| {
            let dims = conv_weights(inputs)?;
            let slides = slides(window, [dims[2], dims[3]], inputs)?;
            let n_groups = *n_groups;
            Ok((ProductKind::Conv { slides, n_groups }, dims))
        })?,
        Op::Gemm { .. } | Op::MatMul => {
            let weights = draft.inputs.get(1).copied().flatten();
            let weights = weights.map_or(&[][..], |value| facts.shape(value));
            let (places, matrix) = weights.split_at(weights.len().saturating_sub(2));
            let n_places = places.iter().product();
            let outputs = facts.shape(draft.output).last().copied().unwrap_or(0);
            let inner = matrix.iter().product::<usize>() / outputs.max(1);
            let kind = ProductKind::Matrix {
                n_places,
                transposed: matches!(draft.op, Op::Gemm { transposed, .. } if transposed[0]),
            };
            (kind, [n_places * outputs, inner, 1, 1])
        }
        _ => return Ok(None),
    };
    let missing = || {
        facts
            .of(draft)
            .unsupported("weights that are not known before a run")
    };
    let (_, weights) = facts.floats(draft, 1).ok_or_else(missing)?;
    let mut product = Product {
        node: draft.node,
        input,
        output: draft.output,
        kind,
        weights: Arc::clone(weights),
        dims,
        bias: vec![0.0; dims[0]],
        before: Activation::Identity,
        residual: None,
        after: Activation::Identity,
        last: None,
        folded: Vec::new(),
        parts: Vec::new(),
    };
    match draft.op {
        Op::Conv { .. } => product.add_bias(facts, draft, 1.0)?,
        Op::Gemm {
            alpha,
            beta,
            transposed,
        } => {
            if !transposed[1] {
                product.transpose_weights(1);
            }
            product.scale_weights(alpha);
            product.add_bias(facts, draft, beta)?;
        }
        _ => {
            if let ProductKind::Matrix { n_places, .. } = kind {
                product.transpose_weights(n_places);
            }
        }
    }
    Ok(Some(product))
}

impl Product {
    fn add_bias(
        &mut self,
        facts: &Facts<'_>,
        draft: &Draft,
        factor: f32,
    ) -> Result<(), KernelError> {
        if draft.inputs.get(2).copied().flatten().is_none() {
            return Ok(());
        }
        let n = self.bias.len();
        let fits = |(shape, bias): &(&[usize], &Arc<[f32]>)| {
            bias.len() == 1 || bias.len() == n && shape.last() == Some(&n)
        };
        let bias = facts.floats(draft, 2).filter(fits);
        let Some((_, bias)) = bias else {
            return Err(facts
                .of(draft)
                .unsupported("a bias that is not one number an output"));
        };
        for (channel, own) in self.bias.iter_mut().enumerate() {
            *own = factor * bias[channel % bias.len()];
        }
        Ok(())
    }

    fn scale_weights(&mut self, factor: f32) {
        if factor != 1.0 {
            let weights = Arc::make_mut(&mut self.weights);
            weights.iter_mut().for_each(|w| *w *= factor);
        }
    }

    /// From `[places, inputs, outputs]` to `[places, outputs, inputs]`.
    fn transpose_weights(&mut self, n_places: usize) {
        let [all, inputs, ..] = self.dims;
        let outputs = all / n_places;
        let from = Arc::clone(&self.weights);
        let at = |i: usize| {
            let (row, input) = (i / inputs, i % inputs);
            (row / outputs * inputs + input) * outputs + row % outputs
        };
        self.weights = (0..all * inputs).map(|i| from[at(i)]).collect();
    }

    /// Takes `draft`, the only reader of this product's output, into it if it can.
    fn absorb(&mut self, facts: &Facts<'_>, draft: &Draft) -> bool {
        let absorbed = self.absorb_affine(facts, draft)
            || self.absorb_bias(facts, draft)
            || self.absorb_activation(facts, draft)
            || self.absorb_sum(facts, draft);
        if absorbed {
            self.output = draft.output;
            let name = match activation(facts, draft) {
                Some(activation) => activation.name().to_owned(),
                None => facts.of(draft).operator.to_lowercase(),
            };
            self.folded.push(name);
        }
        absorbed
    }

    /// What its output comes out of at last.
    pub(crate) fn final_activation(&self) -> &Activation {
        match (&self.last, &self.residual) {
            (Some(last), _) => last,
            (None, Some(_)) => &self.after,
            (None, None) => &self.before,
        }
    }

    fn is_plain(&self) -> bool {
        self.before == Activation::Identity && self.residual.is_none() && self.last.is_none()
    }

    fn absorb_affine(&mut self, facts: &Facts<'_>, draft: &Draft) -> bool {
        // The channels of a product of stacked matrices are not at axis 1.
        let channels_second = facts.shape(self.output).get(1) == Some(&self.dims[0]);
        let rank = facts.shape(self.output).len();
        let by_channel =
            channels_second && matches!((self.kind, rank), (ProductKind::Conv { .. }, _) | (_, 2));
        if !self.is_plain() || !by_channel {
            return false;
        }
        let Some((place, affine)) = affine(facts, draft) else {
            return false;
        };
        if draft.inputs[place] != Some(self.output) {
            return false;
        }
        let each = self.weights.len() / self.dims[0];
        let weights = Arc::make_mut(&mut self.weights);
        for (weights, scale) in weights.chunks_mut(each.max(1)).zip(&affine.scale) {
            weights.iter_mut().for_each(|w| *w *= scale);
        }
        for (bias, (scale, shift)) in self
            .bias
            .iter_mut()
            .zip(affine.scale.iter().zip(&affine.shift))
        {
            *bias = *bias * scale + shift;
        }
        true
    }

    /// Takes in a sum with constants that are the same for all rows of a matrix, or of the one at each place.
    fn absorb_bias(&mut self, facts: &Facts<'_>, draft: &Draft) -> bool {
        let (ProductKind::Matrix { n_places, .. }, Op::Binary(Binary::Add)) =
            (self.kind, &draft.op)
        else {
            return false;
        };
        let place = usize::from(facts.floats(draft, 0).is_some());
        let shape = facts.shape(self.output);
        let (Some((own, bias)), [outer @ .., _, outputs]) = (facts.floats(draft, 1 - place), shape)
        else {
            return false;
        };
        let of_places = |&first: &usize| outer[first..].iter().product::<usize>() == n_places;
        let Some(first) = (0..=outer.len()).rev().find(of_places) else {
            return false;
        };
        let once = [&vec![1; first], &outer[first..], &[1, *outputs]].concat();
        let spread = View::whole(own).broadcast(&once);
        let Some(spread) = spread.filter(|_| self.is_plain() && facts.shape(draft.output) == shape)
        else {
            return false;
        };
        let bias = Constant::new(own.to_vec(), Data::F32(Arc::clone(bias)));
        let added = spread.applied(&bias);
        let added = added.as_f32().map_or(&[][..], |values| values);
        for (bias, added) in self.bias.iter_mut().zip(added) {
            *bias += added;
        }
        true
    }

    fn absorb_activation(&mut self, facts: &Facts<'_>, draft: &Draft) -> bool {
        let Some(activation) = activation(facts, draft) else {
            return false;
        };
        let per_channel = matches!(&activation, Activation::PRelu(slopes) if slopes.len() > 1);
        let stacked =
            matches!(self.kind, ProductKind::Matrix { .. }) && facts.shape(self.output).len() != 2;
        if self.last.is_some() || !activation.fuses() || per_channel && stacked {
            return false;
        }
        let place = if self.residual.is_some() {
            &mut self.after
        } else {
            &mut self.before
        };
        if *place != Activation::Identity {
            return false;
        }
        if InRegister::of(&activation, 0, 1).is_some() {
            *place = activation;
        } else {
            self.last = Some(activation);
        }
        true
    }

    fn absorb_sum(&mut self, facts: &Facts<'_>, draft: &Draft) -> bool {
        let Op::Binary(Binary::Add) = draft.op else {
            return false;
        };
        let &[Some(a), Some(b)] = draft.inputs.as_slice() else {
            return false;
        };
        let other = if a == self.output { b } else { a };
        let is_conv = matches!(self.kind, ProductKind::Conv { .. });
        let alike = facts.shape(other) == facts.shape(self.output) && other != self.output;
        let runs = facts
            .known
            .get(&other)
            .is_some_and(|known| known.constant.is_none());
        if !is_conv || !alike || !runs || self.residual.is_some() || self.last.is_some() {
            return false;
        }
        self.residual = Some(other);
        true
    }
}
