//! One stage after another to kernels.

use super::channel::{activation, affine};
use super::facts::Draft;
use super::fuse::{Product, ProductKind};
use super::infer::{reduced_axes, slides};
use super::lower::{Lowering, Place, Reader, Storage, Task};
use super::movement::{gather_view, slice_view, transpose_view};
use super::pack::{pad_places, widen};
use crate::error::KernelError;
use crate::graph::ValueId;
use crate::isa::Isa;
use crate::kernels::flat::{Lines, Pairing};
use crate::kernels::pointwise::Function;
use crate::kernels::pooling::PoolKind;
use crate::kernels::winograd::{IN, OUT};
use crate::numbers::Numbers;
use crate::ops::{Activation, Binary, Op, Reduction, Slide, SoftmaxScope, Window};
use crate::picture::{Halo, Picture};
use crate::plan::Kernel;
use crate::view::View;

/// Most products of bytes whose sum is surely an integer of 32 bits: 255 · 127 times as many.
const MAX_STEPS: usize = 1 << 16;

/// Least tiles of Winograd's that share the reading of weights: AVX2 and NEON take longer to multiply,
/// so that reading weights is a lesser part of the time.
fn least_tiles(isa: Isa) -> usize {
    match isa {
        Isa::Avx2 | Isa::Neon => 4,
        _ => 12,
    }
}

impl Lowering<'_> {
    pub(super) fn product(&mut self, mut product: Product) -> Result<(), KernelError> {
        let (input, output) = (product.input, product.output);
        let name = self.facts.graph.nodes[product.node].name.as_str();
        let (slides, n_groups) = match product.kind {
            ProductKind::Conv { slides, n_groups } => (slides, n_groups),
            _ => return self.matrix(product),
        };
        let [outputs, inputs, ..] = product.dims;
        let channels = inputs * n_groups;
        let depthwise = n_groups > 1 && inputs == 1 && outputs == channels;
        let by_blocks =
            inputs.is_multiple_of(self.lanes) && (outputs / n_groups).is_multiple_of(self.lanes);
        let mut what = describe(&product, depthwise);
        if n_groups > 1 && !depthwise && !by_blocks {
            widen(&mut product, n_groups)?;
            product.kind = ProductKind::Conv {
                slides,
                n_groups: 1,
            };
        }
        let [_, _, height, width] = self.dims(input).unwrap_or_default();
        let mut halo = Halo {
            top: slides[0].before,
            left: slides[1].before,
            bottom: slides[0].overhang(height),
            right: slides[1].overhang(width),
        };
        if self.suits_tiles(&product) {
            let [below, beside] = [(0, height), (1, width)].map(|(axis, length)| {
                let reach = slides[axis].output.next_multiple_of(OUT) + IN - OUT;
                reach.saturating_sub(slides[axis].before + length)
            });
            (halo.bottom, halo.right) = (halo.bottom.max(below), halo.right.max(beside));
            let before = [slides[0].before, slides[1].before];
            product.kind = ProductKind::Winograd { before };
            what.insert_str(0, "tiled ");
        }
        let source = self.conv_source(input, halo, reader(&product, depthwise))?;
        self.note_numbers(&source, depthwise, &mut what);
        let mut inputs = vec![(source, self.shape(input))];
        if let Some(residual) = product.residual {
            let buffer = self.as_it_lies(residual)?;
            inputs.push((Place::Buffer(buffer), self.shape(residual)));
        }
        self.note_sign(output, product.final_activation());
        let target = self.new_blocked(output, self.numbers_of(output))?;
        self.note_parts(output, &product.parts);
        self.todo(
            [name, &what],
            Task::Product(Box::new(product)),
            inputs,
            target,
        );
        Ok(())
    }

    /// Adds to `what` that the numbers of `source` are less exact than `f32`.
    fn note_numbers(&self, source: &Place, depthwise: bool, what: &mut String) {
        if let (Place::Buffer(buffer), false) = (source, depthwise)
            && let Storage::Picture(picture) = self.buffers[*buffer]
        {
            what.push_str(match picture.numbers {
                Numbers::F32 => "",
                Numbers::Bf16 => ", bf16",
                Numbers::U8 { .. } => ", int8",
            });
        }
    }

    /// Whether a product is quicker by Winograd's tiles: with too few of them, or too many that
    /// reach beyond the picture, reading four times as many weights outweighs what they save.
    fn suits_tiles(&self, product: &Product) -> bool {
        let ProductKind::Conv {
            slides,
            n_groups: 1,
        } = product.kind
        else {
            return false;
        };
        let [_, inputs, ..] = product.dims;
        let is_3x3 = |s: &Slide| (s.kernel, s.stride, s.dilation) == (3, 1, 1);
        // The twin in safe Rust has tiles only where they round in places of their own. AMX multiplies narrow numbers so
        // quickly that reading four times as many weights takes longer.
        let (can, block) = match self.stored {
            Numbers::Bf16 | Numbers::U8 { .. } if self.isa == Isa::Amx => return false,
            Numbers::F32 => (self.isa != Isa::Portable, self.lanes),
            _ => (true, Isa::Avx512.lanes()),
        };
        let in_blocks = inputs.is_multiple_of(block);
        let n_tiles = |s: &Slide| s.output.div_ceil(OUT);
        let batch = self.shape(product.input).first().copied().unwrap_or(1);
        let tiles = batch * n_tiles(&slides[0]) * n_tiles(&slides[1]);
        let used = batch * slides[0].output * slides[1].output;
        can && slides.iter().all(is_3x3)
            && in_blocks
            && product.last.is_none()
            && tiles >= least_tiles(self.isa)
            && 3 * used >= 2 * tiles * OUT * OUT
    }

    /// A matrix product: a convolution over a picture one row high whose pixels are the rows of
    /// the left matrix, each with all its numbers beside each other. Products at places are groups.
    fn matrix(&mut self, mut product: Product) -> Result<(), KernelError> {
        let ProductKind::Matrix {
            n_places,
            transposed,
        } = product.kind
        else {
            return Ok(());
        };
        let name = self.facts.graph.nodes[product.node].name.as_str();
        let mut what = describe(&product, false);
        let (output, [outputs, inner, ..]) = (product.output, product.dims);
        let outputs = outputs / n_places;
        pad_places(&mut product, n_places, self.lanes)?;
        let shape = self.shape(product.input);
        let rows = shape.iter().product::<usize>() / inner;
        let rows_of_place = match shape {
            [.., rows, _] if n_places > 1 => *rows,
            _ => rows,
        };
        let mut from = self.plain(product.input)?;
        if transposed {
            let view = View::whole(shape).transposed(&[1, 0]);
            let turned = self.buffer(Storage::Flat(rows * inner));
            let kernel = Task::Ready(Box::new(Kernel::Rearrange(view)));
            self.todo([name, "transpose"], kernel, vec![(from, shape)], turned);
            from = Place::Buffer(turned);
        }
        if self.stored != Numbers::F32 {
            let rows = Picture::new([1, inner, 1, rows], inner);
            let pictures = [rows, rows.of(self.stored)];
            let narrow = self.buffer(Storage::Picture(pictures[1]));
            let kernel = Task::Ready(Box::new(Kernel::Relayout { pictures, first: 0 }));
            self.todo([name, "to bf16"], kernel, vec![(from, shape)], narrow);
            from = Place::Buffer(narrow);
        }
        self.note_numbers(&from, false, &mut what);
        let pixels = [rows / rows_of_place, outputs, 1, rows_of_place];
        let sums = self.buffer(Storage::Picture(Picture::new(pixels, self.lanes)));
        self.todo(
            [name, &what],
            Task::Product(Box::new(product)),
            vec![(from, &[1, inner, 1, rows])],
            sums,
        );
        let target = self.new_plain(output);
        let inputs = vec![(Place::Buffer(sums), &pixels[..])];
        let task = Task::ChannelsLast(0..outputs);
        self.todo([name, "to rows"], task, inputs, target);
        Ok(())
    }

    pub(super) fn single(&mut self, draft: &Draft) -> Result<(), KernelError> {
        let node = self.facts.of(draft);
        let Some(input) = draft.inputs.first().copied().flatten() else {
            return Err(node.inconsistent("input 0 is missing"));
        };
        if let Some(activation) = activation(self.facts, draft) {
            return self.map(draft, input, activation);
        }
        if let Some((place, affine)) = affine(self.facts, draft)
            && let Some(input) = draft.inputs[place]
            && self.dims(input).is_some()
            && (self.is_blocked(input) || matches!(draft.op, Op::BatchNorm { .. }))
        {
            let lanes = self.lanes;
            let padded = |mut values: Vec<f32>| {
                values.resize(values.len().next_multiple_of(lanes), 0.0);
                values
            };
            let function = Function::Affine {
                scale: padded(affine.scale),
                shift: padded(affine.shift),
            };
            return self.picture(draft, &[input], Task::Pointwise(function));
        }
        match &draft.op {
            Op::Binary(binary) => self.pair(draft, *binary),
            Op::MaxPool(window) => self.pool(draft, window, PoolKind::Max),
            Op::AveragePool {
                window,
                counts_padding,
            } => {
                let kind = match counts_padding {
                    true => PoolKind::MeanWithPadding,
                    false => PoolKind::Mean,
                };
                self.pool(draft, window, kind)
            }
            Op::GlobalAveragePool => self.picture(draft, &[input], Task::GlobalMean),
            Op::Resize(resize) => self.picture(draft, &[input], Task::Resize(*resize)),
            Op::Concat { axis } => self.concat(draft, *axis),
            Op::Identity if self.is_blocked(input) => {
                let buffer = self.as_it_lies(input)?;
                self.alias_blocked(draft.output, buffer);
                Ok(())
            }
            Op::Identity
            | Op::Reshape
            | Op::Flatten { .. }
            | Op::Squeeze { .. }
            | Op::Unsqueeze { .. } => {
                let place = self.plain(input)?;
                self.alias(draft.output, place);
                Ok(())
            }
            Op::Transpose { order } => self.transpose(draft, input, order.as_deref()),
            Op::Slice(bounds) => {
                let view = self
                    .facts
                    .with_inputs(draft, |i| slice_view(bounds.as_ref(), i))?;
                self.flat(draft, &[input], Kernel::Rearrange(view))
            }
            Op::Gather { axis } => {
                let view = self.facts.with_inputs(draft, |i| gather_view(*axis, i))?;
                self.flat(draft, &[input], Kernel::Rearrange(view))
            }
            Op::Softmax { axis, scope } => {
                let shape = self.shape(input);
                let axis = self
                    .facts
                    .with_inputs(draft, |i| i.axis(*axis, shape.len()))?;
                let end = match scope {
                    SoftmaxScope::Axis => axis + 1,
                    SoftmaxScope::Rest => shape.len(),
                };
                self.flat(
                    draft,
                    &[input],
                    Kernel::Softmax(Lines::along(shape, axis..end)),
                )
            }
            Op::LpNormalization { axis, norm } => {
                let shape = self.shape(input);
                let axis = self
                    .facts
                    .with_inputs(draft, |i| i.axis(*axis, shape.len()))?;
                let lines = Lines::along(shape, axis..axis + 1);
                self.flat(draft, &[input], Kernel::Normalize(*norm, lines))
            }
            Op::Reduce { how, axes, .. } => self.reduce(draft, input, *how, axes.as_deref()),
            _ => Err(node.unsupported("its inputs should be known before a run")),
        }
    }

    /// A step over dense tensors.
    fn flat(
        &mut self,
        draft: &Draft,
        inputs: &[ValueId],
        kernel: Kernel,
    ) -> Result<(), KernelError> {
        let node = self.facts.of(draft);
        let places = inputs
            .iter()
            .map(|&id| Ok((self.plain(id)?, self.facts.shape(id))));
        let places = places.collect::<Result<Vec<_>, KernelError>>()?;
        let target = self.new_plain(draft.output);
        let what = node.operator.to_lowercase();
        self.todo(
            [&node.name, &what],
            Task::Ready(Box::new(kernel)),
            places,
            target,
        );
        Ok(())
    }

    /// A step over pictures in blocks of channels.
    fn picture(
        &mut self,
        draft: &Draft,
        inputs: &[ValueId],
        task: Task,
    ) -> Result<(), KernelError> {
        let node = self.facts.of(draft);
        let takes_any = matches!(task, Task::Pointwise(_) | Task::Pool(..));
        let places = inputs.iter().map(|&id| {
            let buffer = match takes_any {
                true => self.as_it_lies(id)?,
                false => self.blocked(id, Numbers::F32)?,
            };
            Ok((Place::Buffer(buffer), self.facts.shape(id)))
        });
        let places = places.collect::<Result<Vec<_>, KernelError>>()?;
        let numbers = match takes_any {
            true => self.numbers_of(draft.output),
            false => Numbers::F32,
        };
        let target = self.new_blocked(draft.output, numbers)?;
        let what = node.operator.to_lowercase();
        self.todo([&node.name, &what], task, places, target);
        Ok(())
    }

    fn map(
        &mut self,
        draft: &Draft,
        input: ValueId,
        activation: Activation,
    ) -> Result<(), KernelError> {
        if self.is_blocked(input) {
            self.note_sign(draft.output, &activation);
            return self.picture(draft, &[input], Task::Pointwise(Function::Map(activation)));
        }
        let shape = self.shape(input);
        let channels = if shape.len() > 1 { 1..2 } else { 0..0 };
        let lines = Lines::along(shape, channels);
        self.flat(draft, &[input], Kernel::Map(activation, lines))
    }

    fn pair(&mut self, draft: &Draft, binary: Binary) -> Result<(), KernelError> {
        let node = self.facts.of(draft);
        let &[Some(a), Some(b)] = draft.inputs.as_slice() else {
            return Err(node.inconsistent("it should have two inputs"));
        };
        let out = self.shape(draft.output);
        let (in_blocks, commutes) = (
            self.is_blocked(a) || self.is_blocked(b),
            matches!(binary, Binary::Add | Binary::Mul),
        );
        if let (true, Some([n, c, ..])) = (in_blocks, self.dims(draft.output)) {
            let one_pixel = [n, c, 1, 1];
            if self.shape(a) == out && self.shape(b) == out {
                return self.picture(draft, &[a, b], Task::Pointwise(Function::Pair(binary)));
            }
            let function = || Task::Pointwise(Function::PairOfChannel(binary));
            if self.shape(a) == out && self.shape(b) == one_pixel {
                return self.picture(draft, &[a, b], function());
            }
            if self.shape(b) == out && self.shape(a) == one_pixel && commutes {
                return self.picture(draft, &[b, a], function());
            }
        }
        let view = |id: ValueId| View::whole(self.shape(id)).broadcast(out);
        let (Some(left), Some(right)) = (view(a), view(b)) else {
            return Err(node.inconsistent("its inputs do not broadcast"));
        };
        self.flat(
            draft,
            &[a, b],
            Kernel::Pairing(Pairing::new(binary, left, right)),
        )
    }

    fn pool(&mut self, draft: &Draft, window: &Window, kind: PoolKind) -> Result<(), KernelError> {
        let kernel = window.kernel.unwrap_or([1, 1]);
        let slides = self
            .facts
            .with_inputs(draft, |inputs| slides(window, kernel, inputs))?;
        let input: Vec<ValueId> = draft.inputs[0].into_iter().collect();
        self.picture(draft, &input, Task::Pool(kind, slides))
    }

    fn concat(&mut self, draft: &Draft, axis: i64) -> Result<(), KernelError> {
        let shape = self.shape(draft.output);
        let axis = self
            .facts
            .with_inputs(draft, |i| i.axis(axis, shape.len()))?;
        let parts: Vec<ValueId> = draft.inputs.iter().copied().flatten().collect();
        let whole_blocks = parts.iter().rev().skip(1).all(|&id| {
            self.dims(id)
                .is_some_and(|[_, c, ..]| c.is_multiple_of(self.lanes))
        });
        let in_blocks = parts.iter().any(|&id| self.is_blocked(id));
        if axis == 1 && shape.len() == 4 && whole_blocks && in_blocks {
            return self.picture(draft, &parts, Task::JoinPictures);
        }
        let outer = shape[..axis].iter().product();
        self.flat(draft, &parts, Kernel::JoinFlat { outer })
    }

    fn transpose(
        &mut self,
        draft: &Draft,
        input: ValueId,
        order: Option<&[usize]>,
    ) -> Result<(), KernelError> {
        if let (Some(&[0, 2, 3, 1]), Some((from, first))) = (order, self.channels(input))
            && let &[_, n_channels, ..] = self.shape(input)
        {
            let target = self.new_plain(draft.output);
            let name = &self.facts.of(draft).name;
            self.todo(
                [name, "channels last"],
                Task::ChannelsLast(first..first + n_channels),
                vec![(Place::Buffer(from), self.shape(input))],
                target,
            );
            return Ok(());
        }
        let view = self
            .facts
            .with_inputs(draft, |i| transpose_view(order, i))?;
        self.flat(draft, &[input], Kernel::Rearrange(view))
    }

    fn reduce(
        &mut self,
        draft: &Draft,
        input: ValueId,
        how: Reduction,
        axes: Option<&[i64]>,
    ) -> Result<(), KernelError> {
        let axes = self
            .facts
            .with_inputs(draft, |inputs| reduced_axes(axes, inputs))?;
        let shape = self.shape(input);
        let over_pixels = how == Reduction::Mean && axes == [2, 3] && self.is_blocked(input);
        if over_pixels && self.shape(draft.output).len() == 4 {
            return self.picture(draft, &[input], Task::GlobalMean);
        }
        let (Some(&first), Some(&last)) = (axes.first(), axes.last()) else {
            let place = self.plain(input)?;
            self.alias(draft.output, place);
            return Ok(());
        };
        if last - first + 1 != axes.len() {
            return Err(self
                .facts
                .of(draft)
                .unsupported(format!("axes {axes:?} with a gap")));
        }
        let lines = Lines::along(shape, first..last + 1);
        self.flat(draft, &[input], Kernel::Reduce(how, lines))
    }
}

/// How a convolution reads.
fn reader(product: &Product, depthwise: bool) -> Reader {
    let of_pixel: usize = product.dims[1..].iter().product();
    match product.kind {
        ProductKind::Winograd { .. } => Reader::Tiles,
        _ if depthwise => Reader::Depthwise,
        _ if of_pixel > MAX_STEPS => Reader::Tiles,
        ProductKind::Conv { n_groups: 1, .. } => Reader::OneGroup,
        _ => Reader::Groups,
    }
}

/// `conv 3x3/2 64>128 + relu + add`.
fn describe(product: &Product, depthwise: bool) -> String {
    let [outputs, inputs, height, width] = product.dims;
    let to = match product.parts.as_slice() {
        [] => outputs.to_string(),
        parts => {
            let parts: Vec<String> = parts.iter().map(|(_, n)| n.to_string()).collect();
            parts.join("+")
        }
    };
    let mut what = match product.kind {
        ProductKind::Matrix { n_places: 1, .. } => format!("matrix {inputs}>{outputs}"),
        ProductKind::Matrix { n_places, .. } => {
            let outputs = outputs / n_places;
            format!("matrix {inputs}>{outputs} at {n_places} places")
        }
        ProductKind::Conv { slides, n_groups } => {
            let kind = if depthwise { "depthwise" } else { "conv" };
            let stride = match slides[0].stride {
                1 => String::new(),
                stride => format!("/{stride}"),
            };
            let groups = match n_groups {
                1 => String::new(),
                _ if depthwise => String::new(),
                n => format!(" in {n} groups"),
            };
            let inputs = inputs * n_groups;
            format!("{kind} {height}x{width}{stride} {inputs}>{to}{groups}")
        }
        ProductKind::Winograd { .. } => format!("conv {height}x{width} {inputs}>{to}"),
    };
    for folded in &product.folded {
        what.push_str(" + ");
        what.push_str(folded);
    }
    what
}
