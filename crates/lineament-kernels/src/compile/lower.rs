//! Stages to kernels: which layout each value has, and where layouts change.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::facts::Facts;
use super::fuse::{Product, ProductKind, Stage};
use crate::error::KernelError;
use crate::graph::ValueId;
use crate::isa::Isa;
use crate::kernels::pointwise::Function;
use crate::kernels::pooling::PoolKind;
use crate::network::KernelOptions;
use crate::numbers::Numbers;
use crate::ops::{Activation, Op, Resize, Slide};
use crate::picture::{Halo, Picture};
use crate::plan::Kernel;
use crate::precision::Precision;

/// Pictures of at most so many channels are read by convolutions as they come from the caller.
const PLAIN_CHANNELS: usize = 4;

/// Where a value lies.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Input,
    Constant(Arc<[f32]>),
    Buffer(usize),
}

/// What a buffer holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Storage {
    Picture(Picture),
    /// A dense tensor of so many elements.
    Flat(usize),
}

impl Storage {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Picture(picture) => picture.room(),
            Self::Flat(length) => *length,
        }
    }
}

/// A step before the halos of all pictures are known.
#[derive(Debug)]
pub(crate) struct Todo {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) task: Task,
    pub(crate) inputs: Vec<Place>,
    /// The layouts of those inputs that are pictures outside buffers.
    pub(crate) shapes: Vec<Vec<usize>>,
    pub(crate) output: usize,
}

/// The kind of convolution that reads a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It takes few channels as the caller gave them.
    OneGroup,
    Groups,
    /// Winograd's tiles, or one of too many inputs for bytes: it takes what flows between convolutions.
    Tiles,
    /// It takes that, or what is more exact.
    Depthwise,
}

/// What a step will compute.
#[derive(Debug)]
pub(crate) enum Task {
    Product(Box<Product>),
    Pointwise(Function),
    Pool(PoolKind, [Slide; 2]),
    GlobalMean,
    Resize(Resize),
    /// Of as many channels as the new layout has, from this one on.
    Relayout {
        first: usize,
    },
    Quantize {
        zero: u8,
    },
    /// Of these channels.
    ChannelsLast(Range<usize>),
    JoinPictures,
    /// Over flat tensors, whose kernels need no layout.
    Ready(Box<Kernel>),
}

/// The stages of a graph as steps over buffers.
#[derive(Debug)]
pub(crate) struct Lowering<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) isa: Isa,
    pub(crate) precision: Precision,
    /// What flows between convolutions.
    pub(crate) stored: Numbers,
    pub(crate) lanes: usize,
    pub(crate) buffers: Vec<Storage>,
    pub(crate) todos: Vec<Todo>,
    plain: HashMap<ValueId, Place>,
    blocked: HashMap<(ValueId, Numbers), usize>,
    /// Values that are some channels of another, from this one on.
    parts: HashMap<ValueId, (ValueId, usize)>,
    /// Values that lie in blocks as `stored` when they are first written.
    narrowed: HashSet<ValueId>,
    /// Values without negative numbers.
    non_negative: HashSet<ValueId>,
}

impl<'a> Lowering<'a> {
    /// All `stages`, and where the graph's outputs lie, as dense tensors.
    pub(crate) fn new(
        facts: &'a Facts<'a>,
        stages: Vec<Stage>,
        KernelOptions { isa, precision, .. }: KernelOptions,
    ) -> Result<(Self, Vec<Place>), KernelError> {
        let inputs = facts
            .graph
            .inputs
            .iter()
            .map(|port| (port.value, Place::Input));
        let mut lowering = Self {
            facts,
            isa,
            precision,
            stored: match precision {
                Precision::Int8 if !isa.multiplies(Precision::Bf16) => Numbers::F32,
                Precision::F32 => Numbers::F32,
                Precision::Bf16 | Precision::Int8 => Numbers::Bf16,
            },
            lanes: isa.lanes(),
            buffers: Vec::new(),
            todos: Vec::new(),
            plain: inputs.collect(),
            blocked: HashMap::new(),
            parts: HashMap::new(),
            narrowed: HashSet::new(),
            non_negative: HashSet::new(),
        };
        if lowering.stored != Numbers::F32 {
            lowering.narrowed = narrowed(facts, &stages);
        }
        for stage in stages {
            match stage {
                Stage::Product(product) => lowering.product(product)?,
                Stage::Single(draft) => lowering.single(&draft)?,
            }
        }
        let ports = facts.graph.outputs.iter();
        let outputs = ports.map(|port| lowering.plain(port.value));
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok((lowering, outputs))
    }

    pub(crate) fn shape(&self, value: ValueId) -> &'a [usize] {
        self.facts.shape(value)
    }

    /// The shape of a value that is a picture.
    pub(crate) fn dims(&self, value: ValueId) -> Option<[usize; 4]> {
        self.shape(value).try_into().ok()
    }

    pub(crate) fn is_blocked(&self, value: ValueId) -> bool {
        self.any_blocked(value).is_some()
    }

    pub(crate) fn buffer(&mut self, storage: Storage) -> usize {
        self.buffers.push(storage);
        self.buffers.len() - 1
    }

    pub(crate) fn todo(
        &mut self,
        [name, what]: [&str; 2],
        task: Task,
        inputs: Vec<(Place, &[usize])>,
        output: usize,
    ) {
        let (inputs, shapes) = inputs.into_iter().map(|(p, s)| (p, s.to_vec())).unzip();
        self.todos.push(Todo {
            name: name.to_owned(),
            what: what.to_owned(),
            task,
            inputs,
            shapes,
            output,
        });
    }

    fn name(&self, value: ValueId) -> &'a str {
        // Values that the file does not name are read by none but those steps that they were made for.
        self.facts
            .graph
            .names
            .get(value.0)
            .map_or("", String::as_str)
    }

    fn nowhere(&self, value: ValueId) -> KernelError {
        KernelError::Inconsistent {
            node: self.name(value).to_owned(),
            reason: "this value is read before it is there".to_owned(),
        }
    }

    /// The value as a dense tensor.
    pub(crate) fn plain(&mut self, value: ValueId) -> Result<Place, KernelError> {
        if let Some(place) = self.plain.get(&value) {
            return Ok(place.clone());
        }
        let known = self.facts.known.get(&value);
        if let Some(constant) = known.and_then(|k| k.constant.as_ref()) {
            let floats = constant.as_f32().ok_or_else(|| KernelError::Unsupported {
                operator: "an integer".to_owned(),
                node: self.name(value).to_owned(),
                reason: "only floats are computed with at run time".to_owned(),
            })?;
            return Ok(Place::Constant(Arc::clone(floats)));
        }
        let (Some((from, first)), Some(dims)) = (self.channels(value), self.dims(value)) else {
            return Err(self.nowhere(value));
        };
        let output = self.buffer(Storage::Picture(Picture::new(dims, 1)));
        let inputs = vec![(Place::Buffer(from), self.shape(value))];
        self.todo(
            [self.name(value), "to rows"],
            Task::Relayout { first },
            inputs,
            output,
        );
        self.plain.insert(value, Place::Buffer(output));
        Ok(Place::Buffer(output))
    }

    /// The buffer that holds the value in blocks of channels, the most exact if there are two.
    pub(crate) fn any_blocked(&self, value: ValueId) -> Option<usize> {
        let kinds = [Numbers::F32, Numbers::Bf16].into_iter();
        let mut buffers = kinds.filter_map(|numbers| self.blocked.get(&(value, numbers)));
        buffers.next().copied()
    }

    /// The buffer that holds the value in blocks of channels, alone or among others, and its first channel there.
    pub(crate) fn channels(&self, value: ValueId) -> Option<(usize, usize)> {
        let (whole, first) = self.parts.get(&value).copied().unwrap_or((value, 0));
        Some((self.any_blocked(whole)?, first))
    }

    /// Notes which values are the channels of `whole`, with how many are of each.
    pub(crate) fn note_parts(&mut self, whole: ValueId, parts: &[(ValueId, usize)]) {
        let mut first = 0;
        for &(value, n_channels) in parts {
            self.parts.insert(value, (whole, first));
            first += n_channels;
        }
    }

    /// The value, a picture, in blocks of channels, as numbers of any kind.
    pub(crate) fn as_it_lies(&mut self, value: ValueId) -> Result<usize, KernelError> {
        match self.any_blocked(value) {
            Some(buffer) => Ok(buffer),
            None => self.blocked(value, Numbers::F32),
        }
    }

    /// The value, a picture, in blocks of channels.
    pub(crate) fn blocked(
        &mut self,
        value: ValueId,
        numbers: Numbers,
    ) -> Result<usize, KernelError> {
        if let Some(&buffer) = self.blocked.get(&(value, numbers)) {
            return Ok(buffer);
        }
        let dims = self.dims(value).ok_or_else(|| KernelError::Unsupported {
            operator: "a picture's operator".to_owned(),
            node: self.name(value).to_owned(),
            reason: format!(
                "a value of shape {:?}, not of 4 dimensions",
                self.shape(value)
            ),
        })?;
        let from = match (self.any_blocked(value), numbers) {
            (Some(other), _) => Place::Buffer(other),
            (None, Numbers::U8 { .. }) => Place::Buffer(self.as_it_lies(value)?),
            (None, _) => self.plain(value)?,
        };
        let picture = Picture::new(dims, self.lanes).of(numbers);
        let output = self.buffer(Storage::Picture(picture));
        let inputs = vec![(from, self.shape(value))];
        let (what, task) = match numbers {
            Numbers::F32 => ("to blocks", Task::Relayout { first: 0 }),
            Numbers::Bf16 => ("to blocks of bf16", Task::Relayout { first: 0 }),
            Numbers::U8 { zero } => ("to bytes", Task::Quantize { zero }),
        };
        self.todo([self.name(value), what], task, inputs, output);
        self.blocked.insert((value, numbers), output);
        Ok(output)
    }

    /// Notes that the value has no negative numbers if it comes out of `activation`.
    pub(crate) fn note_sign(&mut self, value: ValueId, activation: &Activation) {
        if activation.is_non_negative() {
            self.non_negative.insert(value);
        }
    }

    /// What a convolution multiplies of the value.
    fn products_of(&self, value: ValueId) -> Numbers {
        match self.precision {
            Precision::Int8 if self.non_negative.contains(&value) => Numbers::U8 { zero: 0 },
            Precision::Int8 => Numbers::U8 { zero: 128 },
            _ => self.stored,
        }
    }

    /// `numbers`, unless a word of two would hold a channel and a lane without one, which may be
    /// infinite: no weight of zero takes that away.
    fn whole_words(&self, value: ValueId, numbers: Numbers) -> Numbers {
        match (numbers, self.dims(value)) {
            (Numbers::Bf16, Some([_, channels, ..])) if channels % 2 == 1 => Numbers::F32,
            _ => numbers,
        }
    }

    /// What the value holds in blocks of channels when a step writes it that can write any kind.
    pub(crate) fn numbers_of(&self, value: ValueId) -> Numbers {
        if self.narrowed.contains(&value) {
            self.stored
        } else {
            Numbers::F32
        }
    }

    /// A new buffer for the value in blocks of channels, which some step will write.
    pub(crate) fn new_blocked(
        &mut self,
        value: ValueId,
        numbers: Numbers,
    ) -> Result<usize, KernelError> {
        let dims = self.dims(value).ok_or_else(|| self.nowhere(value))?;
        let picture = Picture::new(dims, self.lanes).of(numbers);
        let output = self.buffer(Storage::Picture(picture));
        self.blocked.insert((value, numbers), output);
        Ok(output)
    }

    /// A new buffer for the value as a dense tensor, which some step will write.
    pub(crate) fn new_plain(&mut self, value: ValueId) -> usize {
        let length = self.shape(value).iter().product();
        let output = self.buffer(Storage::Flat(length));
        self.plain.insert(value, Place::Buffer(output));
        output
    }

    /// Makes `value` another name, or another shape, of a dense tensor.
    pub(crate) fn alias(&mut self, value: ValueId, place: Place) {
        self.plain.insert(value, place);
    }

    /// Makes `value` another name of a picture in blocks.
    pub(crate) fn alias_blocked(&mut self, value: ValueId, buffer: usize) {
        if let Storage::Picture(picture) = self.buffers[buffer] {
            self.blocked.insert((value, picture.numbers), buffer);
        }
    }

    /// The picture that a convolution reads, with room for its padding.
    pub(crate) fn conv_source(
        &mut self,
        value: ValueId,
        halo: Halo,
        reader: Reader,
    ) -> Result<Place, KernelError> {
        let dims = self.dims(value).ok_or_else(|| self.nowhere(value))?;
        let [_, channels, ..] = dims;
        let plain = reader == Reader::OneGroup && channels <= PLAIN_CHANNELS;
        if self.is_blocked(value) || !plain {
            let buffer = match (self.any_blocked(value), reader) {
                (Some(buffer), Reader::Depthwise) => buffer,
                (None, Reader::Depthwise) => self.blocked(value, self.stored)?,
                (_, Reader::Tiles) => self.blocked(value, self.whole_words(value, self.stored))?,
                (_, Reader::OneGroup | Reader::Groups) => {
                    self.blocked(value, self.whole_words(value, self.products_of(value)))?
                }
            };
            if let Storage::Picture(picture) = &mut self.buffers[buffer] {
                picture.halo = picture.halo.union(halo);
            }
            return Ok(Place::Buffer(buffer));
        }
        let from = self.plain(value)?;
        if halo.is_none() {
            return Ok(from);
        }
        let mut picture = Picture::new(dims, 1);
        picture.halo = halo;
        let output = self.buffer(Storage::Picture(picture));
        let inputs = vec![(from, self.shape(value))];
        self.todo(
            [self.name(value), "padding"],
            Task::Relayout { first: 0 },
            inputs,
            output,
        );
        Ok(Place::Buffer(output))
    }
}

/// The values that are written and read by none but steps that take numbers of any kind.
fn narrowed(facts: &Facts<'_>, stages: &[Stage]) -> HashSet<ValueId> {
    let written = stages.iter().filter_map(|stage| match stage {
        Stage::Product(product) => {
            let is_conv = matches!(product.kind, ProductKind::Conv { .. });
            let is_whole = product.last.is_none() && product.parts.is_empty();
            (is_conv && is_whole).then_some(product.output)
        }
        Stage::Single(draft) => takes_any(&draft.op).then_some(draft.output),
    });
    let mut values: HashSet<ValueId> = written.collect();
    for stage in stages {
        match stage {
            Stage::Product(product) if matches!(product.kind, ProductKind::Conv { .. }) => {}
            Stage::Product(product) => {
                values.remove(&product.input);
            }
            Stage::Single(draft) if takes_any(&draft.op) => {}
            Stage::Single(draft) => {
                draft.inputs.iter().flatten().for_each(|value| {
                    values.remove(value);
                });
            }
        }
    }
    for port in &facts.graph.outputs {
        values.remove(&port.value);
    }
    values
}

/// Whether pictures of any kind of numbers go in and out.
fn takes_any(op: &Op) -> bool {
    matches!(
        op,
        Op::Map(_)
            | Op::Clip { .. }
            | Op::PRelu
            | Op::BatchNorm { .. }
            | Op::Binary(_)
            | Op::MaxPool(_)
            | Op::AveragePool { .. }
    )
}
