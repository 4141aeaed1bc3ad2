//! Steps with their final layouts, and the slots of memory that their buffers share.

use std::collections::HashMap;
use std::sync::Arc;

use super::fuse::{Product, ProductKind};
use super::lower::{Lowering, Place, Storage, Task, Todo};
use super::pack::{PackedWeights, by_channel};
use crate::error::{KernelError, within};
use crate::kernels::chain::Chain;
use crate::kernels::dense::{Dense, Geometry};
use crate::kernels::depthwise::Depthwise;
use crate::kernels::finish::{Finish, InRegister};
use crate::kernels::pointwise::Pointwise;
use crate::kernels::pooling::Pooling;
use crate::kernels::quantize::Quantizing;
use crate::kernels::resize::Resizing;
use crate::kernels::scratch::Scratch;
use crate::kernels::winograd::Winograd;
use crate::ops::Slide;
use crate::picture::Picture;
use crate::plan::{Kernel, Operand, Plan, Step};

/// Most elements that flow between the steps of a plan at once: 4 GiB of `f32`.
const MAX_MEMORY: usize = 1 << 30;

/// The plan of `lowering`, whose outputs lie at `outputs`.
pub(super) fn finish(
    lowering: Lowering<'_>,
    outputs: &[Place],
    weights: &mut PackedWeights,
) -> Result<Plan, KernelError> {
    let Lowering {
        facts,
        lanes,
        buffers,
        todos,
        ..
    } = lowering;
    let mut made = Vec::with_capacity(todos.len());
    for todo in todos {
        let mut finishing = Finishing {
            buffers: &buffers,
            lanes,
            weights,
            macs: 0,
        };
        let (name, what) = (todo.name.clone(), todo.what.clone());
        let (inputs, output) = (todo.inputs.clone(), todo.output);
        made.push(Made {
            kernel: finishing.kernel(todo)?,
            name,
            what,
            inputs,
            output,
            macs: finishing.macs,
        });
    }
    let made = in_chains(made, outputs);
    let (slot_of, slots) = assign_slots(&buffers, &made, outputs);
    let n: usize = slots.iter().sum();
    within(
        "memory between steps for a number of elements",
        n,
        MAX_MEMORY,
    )?;
    let operand = |place: &Place| match place {
        Place::Input => Operand::Input,
        Place::Constant(values) => Operand::Constant(Arc::clone(values)),
        Place::Buffer(buffer) => Operand::Slot {
            slot: slot_of[*buffer],
            length: buffers[*buffer].len(),
        },
    };
    let steps = made.into_iter().map(|made| Step {
        inputs: made.inputs.iter().map(operand).collect(),
        slot: slot_of[made.output],
        length: buffers[made.output].len(),
        picture: match buffers[made.output] {
            Storage::Picture(picture) => Some(picture),
            Storage::Flat(_) => None,
        },
        macs: made.macs,
        name: made.name,
        what: made.what,
        kernel: made.kernel,
    });
    let steps: Vec<Step> = steps.collect();
    let scratch = steps.iter().map(|step| step.kernel.scratch());
    let ports = facts.graph.outputs.iter().zip(outputs);
    let outputs = ports.map(|(port, place)| (operand(place), facts.shape(port.value).to_vec()));
    Ok(Plan {
        outputs: outputs.collect(),
        scratch: scratch.fold(Scratch::default(), Scratch::union),
        steps,
        slots,
    })
}

/// A kernel and the buffers that it reads and writes.
struct Made {
    name: String,
    what: String,
    kernel: Kernel,
    inputs: Vec<Place>,
    output: usize,
    macs: u64,
}

/// The same with depthwise convolutions and the 1x1 convolutions that alone read them as one where that pays.
fn in_chains(made: Vec<Made>, outputs: &[Place]) -> Vec<Made> {
    let mut reads: HashMap<usize, usize> = HashMap::new();
    let read = made.iter().flat_map(|made| &made.inputs).chain(outputs);
    for place in read {
        if let Place::Buffer(buffer) = place {
            *reads.entry(*buffer).or_default() += 1;
        }
    }
    let mut steps: Vec<Option<Made>> = Vec::with_capacity(made.len());
    let mut written: HashMap<usize, usize> = HashMap::new();
    for mut next in made {
        let place = match next.inputs.first() {
            Some(Place::Buffer(buffer)) if reads.get(buffer) == Some(&1) => written.get(buffer),
            _ => None,
        };
        if let Some(before) = place.map(|&place| &mut steps[place])
            && let Some(chain) = before.as_ref().and_then(|before| next.after(before))
        {
            next = chain;
            *before = None;
        }
        written.insert(next.output, steps.len());
        steps.push(Some(next));
    }
    steps.into_iter().flatten().collect()
}

impl Made {
    /// Both as one step, if that pays.
    fn after(&self, before: &Self) -> Option<Self> {
        let chain = match (&before.kernel, &self.kernel) {
            (Kernel::Depthwise(depthwise), Kernel::Dense(dense)) => {
                Chain::of_depthwise(depthwise, dense)?
            }
            (Kernel::Relayout { pictures, first: 0 }, Kernel::Dense(dense)) => {
                Chain::of_padding(pictures, dense)?
            }
            _ => return None,
        };
        let mut inputs = before.inputs.clone();
        inputs.extend_from_slice(&self.inputs[1..]);
        Some(Self {
            name: self.name.clone(),
            what: format!("{}, {}", before.what, self.what),
            kernel: Kernel::Chain(Box::new(chain)),
            inputs,
            output: self.output,
            macs: before.macs + self.macs,
        })
    }
}

/// A slot for each buffer, and the size of each slot. Buffers share one when one is no longer
/// read as the other is written.
fn assign_slots(
    buffers: &[Storage],
    steps: &[Made],
    outputs: &[Place],
) -> (Vec<usize>, Vec<usize>) {
    let mut last_read = vec![0; buffers.len()];
    for (index, step) in steps.iter().enumerate() {
        for place in &step.inputs {
            if let Place::Buffer(buffer) = place {
                last_read[*buffer] = index;
            }
        }
    }
    for place in outputs {
        if let Place::Buffer(buffer) = place {
            last_read[*buffer] = steps.len();
        }
    }
    let mut slot_of = vec![0; buffers.len()];
    let mut slots: Vec<usize> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let length = buffers[step.output].len();
        // The smallest that is large enough, else the largest, which then grows.
        let fits = |&(_, slot): &(usize, &usize)| slots[*slot] >= length;
        let candidates = || free.iter().enumerate();
        let best = candidates()
            .filter(fits)
            .min_by_key(|(_, slot)| slots[**slot])
            .or_else(|| candidates().max_by_key(|(_, slot)| slots[**slot]));
        let slot = match best.map(|(at, _)| at) {
            Some(at) => free.swap_remove(at),
            None => {
                slots.push(0);
                slots.len() - 1
            }
        };
        slots[slot] = slots[slot].max(length);
        slot_of[step.output] = slot;
        let mut read: Vec<usize> = step
            .inputs
            .iter()
            .filter_map(|place| match place {
                Place::Buffer(buffer) if last_read[*buffer] == index => Some(*buffer),
                _ => None,
            })
            .collect();
        read.sort_unstable();
        read.dedup();
        free.extend(read.into_iter().map(|buffer| slot_of[buffer]));
    }
    (slot_of, slots)
}

struct Finishing<'a> {
    buffers: &'a [Storage],
    lanes: usize,
    weights: &'a mut PackedWeights,
    macs: u64,
}

impl Finishing<'_> {
    fn kernel(&mut self, todo: Todo) -> Result<Kernel, KernelError> {
        let inconsistent = || KernelError::Inconsistent {
            node: todo.name.clone(),
            reason: "a picture of 4 dimensions is needed".to_owned(),
        };
        let source = |place| self.picture(&todo, place).ok_or_else(inconsistent);
        let target = match self.buffers[todo.output] {
            Storage::Picture(picture) => Ok(picture),
            Storage::Flat(_) => Err(inconsistent()),
        };
        Ok(match todo.task {
            Task::Ready(kernel) => *kernel,
            Task::ChannelsLast(ref channels) => Kernel::ChannelsLast {
                from: source(0)?,
                channels: channels.clone(),
            },
            Task::Relayout { first } => Kernel::Relayout {
                pictures: [source(0)?, target?],
                first,
            },
            Task::Quantize { zero } => {
                Kernel::Quantizing(Quantizing::new(source(0)?, target?, zero))
            }
            Task::GlobalMean => Kernel::GlobalMean([source(0)?, target?]),
            Task::Resize(resize) => Kernel::Resizing(Resizing::new(resize, source(0)?, target?)),
            Task::Pool(kind, slides) => Kernel::Pooling(Pooling {
                kind,
                slides,
                source: source(0)?,
                target: target?,
            }),
            Task::JoinPictures => Kernel::JoinPictures {
                from: (0..todo.inputs.len())
                    .map(source)
                    .collect::<Result<_, _>>()?,
                to: target?,
            },
            Task::Pointwise(function) => Kernel::Pointwise(Pointwise {
                source: self
                    .picture_at(&todo.inputs, &todo.shapes, 0)
                    .ok_or_else(|| lost(&todo.name))?,
                other: self.picture_at(&todo.inputs, &todo.shapes, 1),
                target: target?,
                function,
            }),
            Task::Product(product) => {
                let residual = product
                    .residual
                    .and(self.picture_at(&todo.inputs, &todo.shapes, 1));
                let source = self.picture_at(&todo.inputs, &todo.shapes, 0);
                let source = source.ok_or_else(|| lost(&todo.name))?;
                self.product(&product, source, target?, residual)
            }
        })
    }

    fn picture(&self, todo: &Todo, place: usize) -> Option<Picture> {
        self.picture_at(&todo.inputs, &todo.shapes, place)
    }

    /// The layout of an input.
    fn picture_at(&self, inputs: &[Place], shapes: &[Vec<usize>], place: usize) -> Option<Picture> {
        match inputs.get(place)? {
            Place::Buffer(buffer) => match self.buffers[*buffer] {
                Storage::Picture(picture) => Some(picture),
                Storage::Flat(_) => {
                    Some(Picture::new(shapes[place].as_slice().try_into().ok()?, 1))
                }
            },
            _ => Some(Picture::new(shapes[place].as_slice().try_into().ok()?, 1)),
        }
    }

    fn product(
        &mut self,
        product: &Product,
        mut source: Picture,
        mut target: Picture,
        residual: Option<Picture>,
    ) -> Kernel {
        let lanes = self.lanes;
        let (slides, n_groups) = match product.kind {
            ProductKind::Conv { slides, n_groups } => (slides, n_groups),
            ProductKind::Winograd { before } => {
                return self.winograd(product, [source, target], residual, before);
            }
            ProductKind::Matrix { n_places, .. } => {
                self.macs = macs(product, &target);
                // The rows of the left matrix as pixels, with all their numbers in one block, and a group for each place.
                let [outputs, inner, ..] = product.dims;
                let (batch, rows) = (target.batch / n_places, target.width);
                let from = [batch, n_places * inner, 1, rows];
                source = Picture::new(from, inner).of(source.numbers);
                target = Picture::new([batch, outputs, 1, rows], lanes);
                return self.dense(
                    product,
                    Geometry {
                        source,
                        target,
                        residual,
                        slides: [one_by_one(1), one_by_one(rows)],
                        n_groups: n_places,
                    },
                );
            }
        };
        let [outputs, inputs, ..] = product.dims;
        self.macs = macs(product, &target);
        let finish = finish_of(product, lanes);
        if n_groups > 1 && inputs == 1 && outputs == source.channels {
            let packed = self.weights.depthwise(product, lanes);
            let pictures = [source, target];
            return Kernel::Depthwise(Depthwise::new(pictures, residual, &slides, packed, finish));
        }
        let geometry = Geometry {
            source,
            target,
            residual,
            slides,
            n_groups,
        };
        self.dense(product, geometry)
    }

    fn dense(&mut self, product: &Product, geometry: Geometry) -> Kernel {
        let packed = self.weights.dense(product, &geometry.source, self.lanes);
        Kernel::Dense(Dense::new(geometry, packed, finish_of(product, self.lanes)))
    }

    fn winograd(
        &mut self,
        product: &Product,
        pictures: [Picture; 2],
        residual: Option<Picture>,
        before: [usize; 2],
    ) -> Kernel {
        self.macs = macs(product, &pictures[1]);
        let packed = self
            .weights
            .winograd(product, pictures[0].numbers, self.lanes);
        let finish = finish_of(product, self.lanes);
        Kernel::Winograd(Winograd::new(pictures, residual, before, packed, finish))
    }
}

/// Multiplications of the plain definition.
fn macs(product: &Product, target: &Picture) -> u64 {
    let of_output: usize = product.dims[1..].iter().product();
    let outputs = target.batch * target.channels * target.height * target.width;
    (of_output * outputs) as u64
}

fn lost(name: &str) -> KernelError {
    KernelError::Inconsistent {
        node: name.to_owned(),
        reason: "a picture of 4 dimensions is needed".to_owned(),
    }
}

fn one_by_one(length: usize) -> Slide {
    Slide {
        kernel: 1,
        stride: 1,
        dilation: 1,
        before: 0,
        after: 0,
        output: length,
    }
}

fn finish_of(product: &Product, lanes: usize) -> Finish {
    let channels = product.bias.len();
    // Fusion puts others than these into `last`.
    let simple = |activation| InRegister::of(activation, channels, lanes);
    Finish {
        bias: Arc::new(by_channel(&product.bias, lanes)),
        before: simple(&product.before).unwrap_or(InRegister::Identity),
        adds: product.residual.is_some(),
        after: simple(&product.after).unwrap_or(InRegister::Identity),
        last: product.last.clone(),
    }
}
