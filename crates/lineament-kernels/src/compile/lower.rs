//! Stages to kernels: which layout each value has, and where layouts change.

use std::collections::HashMap;
use std::sync::Arc;

use super::facts::Facts;
use super::fuse::{Product, Stage};
use crate::error::KernelError;
use crate::graph::ValueId;
use crate::isa::Isa;
use crate::kernels::pointwise::Function;
use crate::kernels::pooling::PoolKind;
use crate::ops::{Resize, Slide};
use crate::picture::{Halo, Picture};
use crate::plan::Kernel;

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
            Self::Picture(picture) => picture.len(),
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

/// What a step will compute.
#[derive(Debug)]
pub(crate) enum Task {
    Product(Box<Product>),
    Pointwise(Function),
    Pool(PoolKind, [Slide; 2]),
    GlobalMean,
    Resize(Resize),
    Relayout,
    ChannelsLast,
    JoinPictures,
    /// Over flat tensors, whose kernels need no layout.
    Ready(Box<Kernel>),
}

/// The stages of a graph as steps over buffers.
#[derive(Debug)]
pub(crate) struct Lowering<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) isa: Isa,
    pub(crate) lanes: usize,
    pub(crate) buffers: Vec<Storage>,
    pub(crate) todos: Vec<Todo>,
    plain: HashMap<ValueId, Place>,
    blocked: HashMap<ValueId, usize>,
}

impl<'a> Lowering<'a> {
    /// All `stages`, and where the graph's outputs lie, as dense tensors.
    pub(crate) fn new(
        facts: &'a Facts<'a>,
        stages: Vec<Stage>,
        isa: Isa,
    ) -> Result<(Self, Vec<Place>), KernelError> {
        let inputs = facts
            .graph
            .inputs
            .iter()
            .map(|port| (port.value, Place::Input));
        let mut lowering = Self {
            facts,
            isa,
            lanes: isa.lanes(),
            buffers: Vec::new(),
            todos: Vec::new(),
            plain: inputs.collect(),
            blocked: HashMap::new(),
        };
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
        self.blocked.contains_key(&value)
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
        &self.facts.graph.names[value.0]
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
        let (Some(&from), Some(dims)) = (self.blocked.get(&value), self.dims(value)) else {
            return Err(self.nowhere(value));
        };
        let output = self.buffer(Storage::Picture(Picture::new(dims, 1)));
        let inputs = vec![(Place::Buffer(from), self.shape(value))];
        self.todo(
            [self.name(value), "to rows"],
            Task::Relayout,
            inputs,
            output,
        );
        self.plain.insert(value, Place::Buffer(output));
        Ok(Place::Buffer(output))
    }

    /// The value, a picture, in blocks of channels.
    pub(crate) fn blocked(&mut self, value: ValueId) -> Result<usize, KernelError> {
        if let Some(&buffer) = self.blocked.get(&value) {
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
        let from = self.plain(value)?;
        let output = self.buffer(Storage::Picture(Picture::new(dims, self.lanes)));
        let inputs = vec![(from, self.shape(value))];
        self.todo(
            [self.name(value), "to blocks"],
            Task::Relayout,
            inputs,
            output,
        );
        self.blocked.insert(value, output);
        Ok(output)
    }

    /// A new buffer for the value in blocks of channels, which some step will write.
    pub(crate) fn new_blocked(&mut self, value: ValueId) -> Result<usize, KernelError> {
        let dims = self.dims(value).ok_or_else(|| self.nowhere(value))?;
        let output = self.buffer(Storage::Picture(Picture::new(dims, self.lanes)));
        self.blocked.insert(value, output);
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
        self.blocked.insert(value, buffer);
    }

    /// The picture that a convolution reads, with room for its padding.
    pub(crate) fn conv_source(
        &mut self,
        value: ValueId,
        halo: Halo,
        as_it_comes: bool,
    ) -> Result<Place, KernelError> {
        let dims = self.dims(value).ok_or_else(|| self.nowhere(value))?;
        let [_, channels, ..] = dims;
        if self.is_blocked(value) || channels > PLAIN_CHANNELS || !as_it_comes {
            let buffer = self.blocked(value)?;
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
            Task::Relayout,
            inputs,
            output,
        );
        Ok(Place::Buffer(output))
    }
}
