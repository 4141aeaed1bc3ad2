//! Convolutions of the same picture that have few outputs each become one, as the heads of detectors do: a block of
//! channels costs the same however many of its lanes are used.

use std::collections::{BTreeMap, HashMap};

use super::facts::Facts;
use super::fuse::{Product, ProductKind, Stage};
use crate::graph::ValueId;
use crate::ops::{Activation, Op, Window};

/// Joins convolutions of `stages` where that takes fewer blocks of `lanes` channels.
pub(super) fn join_siblings(facts: &mut Facts<'_>, stages: Vec<Stage>, lanes: usize) -> Vec<Stage> {
    let mut stages = Stages::new(facts, stages);
    for group in stages.groups() {
        let outputs = group.iter().map(|&place| stages.outputs(place));
        let blocks = |n: usize| n.div_ceil(lanes);
        let (all, apart) = outputs.fold((0, 0), |(all, apart), n| (all + n, apart + blocks(n)));
        if blocks(all) == apart {
            continue;
        }
        if group.iter().all(|&place| stages.gives_rows(place)) {
            stages.join(facts, &group, Join::Side);
        } else if let Some(followers) = stages.followers(facts, &group) {
            let whole = stages.join(facts, &group, Join::Whole);
            stages.join(facts, &followers, Join::Depthwise { input: whole });
        }
    }
    stages.places.into_iter().flatten().collect()
}

/// What becomes of products that are joined.
enum Join {
    /// Convolutions of the same picture; others read what each of them gave.
    Side,
    /// The same; one other reads all of it.
    Whole,
    /// Depthwise convolutions of what those gave, which now is `input`.
    Depthwise { input: ValueId },
}

/// Stages at places that stay; those that were joined leave theirs empty.
struct Stages {
    places: Vec<Option<Stage>>,
    /// Which of them read each value.
    readers: HashMap<ValueId, Vec<usize>>,
    /// How the convolution that began as each node moves.
    windows: HashMap<usize, Window>,
}

impl Stages {
    fn new(facts: &Facts<'_>, stages: Vec<Stage>) -> Self {
        let mut readers: HashMap<ValueId, Vec<usize>> = HashMap::new();
        for (place, stage) in stages.iter().enumerate() {
            let read: Vec<ValueId> = match stage {
                Stage::Product(product) => {
                    let read = [Some(product.input), product.residual];
                    read.into_iter().flatten().collect()
                }
                Stage::Single(draft) => draft.inputs.iter().copied().flatten().collect(),
            };
            for value in read {
                readers.entry(value).or_default().push(place);
            }
        }
        let windows = facts.drafts.iter().filter_map(|draft| match &draft.op {
            Op::Conv { window, .. } => Some((draft.node, window.clone())),
            _ => None,
        });
        Self {
            windows: windows.collect(),
            places: stages.into_iter().map(Some).collect(),
            readers,
        }
    }

    fn product(&self, place: usize) -> Option<&Product> {
        match self.places[place].as_ref()? {
            Stage::Product(product) => Some(product),
            Stage::Single(_) => None,
        }
    }

    fn outputs(&self, place: usize) -> usize {
        self.product(place).map_or(0, |product| product.dims[0])
    }

    fn readers(&self, value: ValueId) -> &[usize] {
        self.readers.get(&value).map_or(&[], Vec::as_slice)
    }

    /// The places of convolutions that could be one, two or more each.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut of_input: BTreeMap<ValueId, Vec<Vec<usize>>> = BTreeMap::new();
        for place in 0..self.places.len() {
            let Some(product) = self.product(place) else {
                continue;
            };
            let is_dense = matches!(product.kind, ProductKind::Conv { n_groups: 1, .. });
            if !is_dense || !is_joinable(product) {
                continue;
            }
            let groups = of_input.entry(product.input).or_default();
            match groups
                .iter_mut()
                .find(|group| self.are_alike(group[0], place))
            {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        let groups = of_input.into_values().flatten();
        groups.filter(|group| group.len() > 1).collect()
    }

    /// Whether two products move alike over pictures of any size, so that weights packed once serve all of them.
    fn are_alike(&self, a: usize, b: usize) -> bool {
        let (Some(a), Some(b)) = (self.product(a), self.product(b)) else {
            return false;
        };
        let window = |product: &Product| self.windows.get(&product.node);
        a.dims[1..] == b.dims[1..] && a.before == b.before && window(a) == window(b)
    }

    /// Whether what the product gives is read number by number, so that it need not lie in blocks of its own.
    fn gives_rows(&self, place: usize) -> bool {
        let reads_rows = |&reader: &usize| match &self.places[reader] {
            Some(Stage::Single(draft)) => matches!(
                draft.op,
                Op::Transpose { .. } | Op::Reshape | Op::Flatten { .. } | Op::Slice(_)
            ),
            _ => false,
        };
        let product = self.product(place);
        product.is_some_and(|product| self.readers(product.output).iter().all(reads_rows))
    }

    /// The depthwise convolutions that read one product of the group each, where they could be one.
    fn followers(&self, facts: &Facts<'_>, group: &[usize]) -> Option<Vec<usize>> {
        let mut followers: Vec<usize> = Vec::new();
        for &place in group {
            let product = self.product(place)?;
            let &[follower] = self.readers(product.output) else {
                return None;
            };
            let next = self.product(follower)?;
            let is_depthwise = match next.kind {
                ProductKind::Conv { n_groups, .. } => {
                    next.dims[..2] == [n_groups, 1] && n_groups == product.dims[0]
                }
                _ => false,
            };
            let first = followers.first().copied().unwrap_or(follower);
            let mut ports = facts.graph.outputs.iter();
            let fits = is_depthwise
                && is_joinable(next)
                && self.are_alike(first, follower)
                && self.gives_rows(follower)
                && ports.all(|port| port.value != product.output);
            if !fits {
                return None;
            }
            followers.push(follower);
        }
        Some(followers)
    }

    /// Makes one product of those at `places`, and gives the value that comes out of it.
    fn join(&mut self, facts: &mut Facts<'_>, places: &[usize], how: Join) -> ValueId {
        let taken = places.iter().map(|&place| self.places[place].take());
        let mut products: Vec<Product> = Vec::new();
        for stage in taken {
            if let Some(Stage::Product(product)) = stage {
                products.push(product);
            }
        }
        let n = products.iter().map(|product| product.dims[0]).sum();
        let weights = products.iter().flat_map(|p| p.weights.iter().copied());
        let weights = weights.collect();
        let bias = products.iter().flat_map(|p| p.bias.iter().copied());
        let bias = bias.collect();
        let parts = products.iter().map(|p| (p.output, p.dims[0]));
        let parts = parts.collect();
        let mut joined = products.swap_remove(0);
        let mut shape = facts.shape(joined.output).to_vec();
        shape[1] = n;
        joined.output = facts.new_value(shape);
        joined.dims[0] = n;
        (joined.weights, joined.bias) = (weights, bias);
        if !matches!(how, Join::Whole) {
            joined.parts = parts;
        }
        if let (Join::Depthwise { input }, ProductKind::Conv { n_groups, .. }) =
            (how, &mut joined.kind)
        {
            (joined.input, *n_groups) = (input, n);
        }
        let output = joined.output;
        let first = places.iter().copied().min().unwrap_or_default();
        self.places[first] = Some(Stage::Product(joined));
        output
    }
}

/// Whether nothing but its weights and its bias tells one output from another.
fn is_joinable(product: &Product) -> bool {
    let by_channel = matches!(&product.before, Activation::PRelu(slopes) if slopes.len() > 1);
    product.residual.is_none() && product.last.is_none() && !by_channel
}
