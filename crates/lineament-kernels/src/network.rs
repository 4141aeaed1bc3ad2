//! Networks: loaded once, run from many threads, planned anew for each shape of input.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::aligned::Aligned;
use crate::compile::{PackedWeights, compile};
use crate::error::KernelError;
use crate::graph::Graph;
use crate::isa::Isa;
use crate::kernels::Machine;
use crate::kernels::scratch::Scratch;
use crate::onnx;
use crate::ops::Op;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::precision::Precision;
use crate::profile::Profile;

/// Most plans that are kept; the one that was not used for longest goes first.
const MAX_PLANS: usize = 16;

/// Lengths that stand for open dimensions when a network is tried at load.
const TRIAL_BATCH: usize = 1;
const TRIAL_SIDE: usize = 64;

/// How a network is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelOptions {
    /// The instruction set.
    pub isa: Isa,
    /// Threads that work on one run. Runs from several callers each have as many.
    pub threads: NonZeroUsize,
    /// How exact the numbers are that are multiplied. Where the processor has no instructions for it,
    /// the network runs in `f32`, which [`Network::options`] then says.
    pub precision: Precision,
}

/// The best instruction set of this processor, one thread, and `f32`.
impl Default for KernelOptions {
    fn default() -> Self {
        Self {
            isa: Isa::detect(),
            threads: NonZeroUsize::MIN,
            precision: Precision::F32,
        }
    }
}

/// What goes into or comes out of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPort {
    /// Its name in the ONNX file.
    pub name: String,
    /// Its dimensions, outermost first; `None` for any length. Empty when the file states none.
    pub shape: Vec<Option<usize>>,
}

/// An output of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkOutput {
    /// Its dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Its values, the last dimension running fastest.
    pub values: Vec<f32>,
}

/// An output of a run, lent where it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LentOutput<'a> {
    /// Its dimensions, outermost first.
    pub shape: &'a [usize],
    /// Its values, the last dimension running fastest.
    pub values: &'a [f32],
}

/// What one run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunCost {
    /// Multiplications with weights, of the plain definitions.
    pub macs: u64,
    /// Memory for what flows between steps, in bytes.
    pub workspace_bytes: usize,
}

/// A network of one input, ready to run from several threads at once.
#[derive(Debug)]
pub struct Network {
    graph: Graph,
    ops: Vec<Op>,
    options: KernelOptions,
    input: NetworkPort,
    outputs: Vec<NetworkPort>,
    plans: Mutex<Plans>,
    idle: Mutex<Vec<Workspace>>,
}

/// Plans by the shape of their input, the last used last, and what they share.
#[derive(Debug, Default)]
struct Plans {
    plans: Vec<(Vec<usize>, Arc<Plan>)>,
    weights: PackedWeights,
}

/// What one run needs for itself: memory that the plans of the runs before have made room in.
#[derive(Debug)]
struct Workspace {
    slots: Vec<Aligned>,
    /// What the threads of the pool have, once they have begun.
    scratch: Option<Scratch>,
    pool: Pool,
}

impl Network {
    /// The network in `onnx`, the content of an ONNX file with its weights inside. It has one
    /// `f32` input and `f32` outputs.
    ///
    /// # Errors
    /// [`KernelError::Unsupported`] for networks that another engine may run;
    /// [`KernelError::Damaged`], [`KernelError::Inconsistent`], [`KernelError::Limit`],
    /// [`KernelError::IsaUnavailable`].
    pub fn from_onnx(onnx: &[u8], mut options: KernelOptions) -> Result<Self, KernelError> {
        options.isa.checked()?;
        options.precision = options.precision.on(options.isa);
        let graph = onnx::read(onnx)?;
        let nodes = graph.nodes.iter();
        let ops = nodes.map(|node| Op::of(node, graph.opset));
        let ops: Vec<Op> = ops.collect::<Result<_, _>>()?;
        let [input] = graph.inputs.as_slice() else {
            return Err(KernelError::Inconsistent {
                node: "graph".to_owned(),
                reason: format!("one input is needed, there are {}", graph.inputs.len()),
            });
        };
        let port = |port: &crate::graph::Port| NetworkPort {
            name: port.name.clone(),
            shape: port.shape.clone(),
        };
        let network = Self {
            input: port(input),
            outputs: graph.outputs.iter().map(port).collect(),
            ops,
            options,
            plans: Mutex::default(),
            idle: Mutex::default(),
            graph,
        };
        network.plan(&network.trial_shape())?;
        Ok(network)
    }

    /// Its one input.
    #[must_use]
    pub fn input(&self) -> &NetworkPort {
        &self.input
    }

    /// Its outputs, in the file's order.
    #[must_use]
    pub fn outputs(&self) -> &[NetworkPort] {
        &self.outputs
    }

    /// How it is run: the precision is the one that it really has.
    #[must_use]
    pub fn options(&self) -> KernelOptions {
        self.options
    }

    /// The outputs, in the file's order, for `values` of `shape`, the last dimension running
    /// fastest. The same input gives the same bits, whatever runs beside it.
    ///
    /// # Errors
    /// [`KernelError::Input`] for another shape than the network takes; those of
    /// [`from_onnx`](Self::from_onnx) when it cannot take this one of its open dimensions.
    pub fn run(&self, shape: &[usize], values: &[f32]) -> Result<Vec<NetworkOutput>, KernelError> {
        let mut outputs = Vec::with_capacity(self.outputs.len());
        self.run_with(shape, values, |LentOutput { shape, values }| {
            outputs.push(NetworkOutput {
                shape: shape.to_vec(),
                values: values.to_vec(),
            });
        })?;
        Ok(outputs)
    }

    /// As [`run`](Self::run), but lends the outputs to `read`, one after the other. Memory stays from run to
    /// run: the next for the same shape allocates nothing.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_with(
        &self,
        shape: &[usize],
        values: &[f32],
        mut read: impl FnMut(LentOutput<'_>),
    ) -> Result<(), KernelError> {
        self.check(shape, values)?;
        let plan = self.plan(shape)?;
        let mut workspace = self.workspace(&plan);
        let machine = Machine::new(self.options.isa, &workspace.pool);
        plan.run(machine, &mut workspace.slots, values);
        for (shape, values) in plan.outputs(&workspace.slots, values) {
            read(LentOutput { shape, values });
        }
        lock(&self.idle).push(workspace);
        Ok(())
    }

    /// What a run for an input of `shape` takes, without running it.
    ///
    /// # Errors
    /// Those of [`from_onnx`](Self::from_onnx) when the network cannot take this one of its open
    /// dimensions.
    pub fn cost(&self, shape: &[usize]) -> Result<RunCost, KernelError> {
        let plan = self.plan(shape)?;
        Ok(RunCost {
            macs: plan.steps.iter().map(|step| step.macs).sum(),
            workspace_bytes: plan.workspace_bytes(),
        })
    }

    /// What each step costs for an input of `shape`: the least times of `runs` runs.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn profile(&self, shape: &[usize], runs: NonZeroUsize) -> Result<Profile, KernelError> {
        let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let values = vec![0.5; n.filter(|&n| n <= 1 << 28).unwrap_or(0)];
        self.check(shape, &values)?;
        let plan = self.plan(shape)?;
        let mut workspace = self.workspace(&plan);
        let machine = Machine::new(self.options.isa, &workspace.pool);
        let timed =
            (0..=runs.get()).map(|_| plan.run_timed(machine, &mut workspace.slots, &values));
        let times: Vec<_> = timed.skip(1).collect();
        Ok(Profile::new(&plan, &times, self.options))
    }

    fn check(&self, shape: &[usize], values: &[f32]) -> Result<(), KernelError> {
        let port = &self.input.shape;
        let admits = |(port, &n): (&Option<usize>, &usize)| n > 0 && port.is_none_or(|p| p == n);
        let fits = port.len() == shape.len() && port.iter().zip(shape).all(admits);
        let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if fits && n == Some(values.len()) {
            return Ok(());
        }
        let dim = |d: &Option<usize>| d.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let dims: Vec<String> = port.iter().map(dim).collect();
        Err(KernelError::Input {
            expected: format!("[{}]", dims.join(", ")),
            got: shape.to_vec(),
            n_values: values.len(),
        })
    }

    fn trial_shape(&self) -> Vec<usize> {
        let dims = self.input.shape.iter().enumerate();
        let trial = |(axis, dim): (usize, &Option<usize>)| match (dim, axis) {
            (Some(length), _) => *length,
            (None, 0) => TRIAL_BATCH,
            (None, _) => TRIAL_SIDE,
        };
        dims.map(trial).collect()
    }

    fn plan(&self, shape: &[usize]) -> Result<Arc<Plan>, KernelError> {
        let mut plans = lock(&self.plans);
        if let Some(at) = plans.plans.iter().position(|(known, _)| known == shape) {
            plans.plans[at..].rotate_left(1);
        } else {
            let options = self.options;
            let plan = compile(&self.graph, &self.ops, shape, options, &mut plans.weights)?;
            if plans.plans.len() >= MAX_PLANS {
                plans.plans.remove(0);
            }
            plans.plans.push((shape.to_vec(), Arc::new(plan)));
        }
        let last = plans.plans.last().map(|(_, plan)| Arc::clone(plan));
        last.ok_or_else(|| KernelError::Inconsistent {
            node: "graph".to_owned(),
            reason: "no plan was made".to_owned(),
        })
    }

    fn workspace(&self, plan: &Plan) -> Workspace {
        let idle = lock(&self.idle).pop();
        let mut workspace = idle.unwrap_or_else(|| Workspace {
            slots: Vec::new(),
            scratch: None,
            pool: Pool::new(self.options.threads),
        });
        workspace.make_room(plan);
        workspace
    }
}

impl Workspace {
    fn make_room(&mut self, plan: &Plan) {
        if self.slots.len() < plan.slots.len() {
            self.slots.resize_with(plan.slots.len(), Aligned::default);
        }
        for (slot, &length) in self.slots.iter_mut().zip(&plan.slots) {
            slot.grow(length);
        }
        let scratch = self.scratch.unwrap_or_default().union(plan.scratch);
        if self.scratch.replace(scratch) != Some(scratch) {
            self.pool.on_each_thread(&|| scratch.reserve());
        }
        // The caller may be another thread than in the run before.
        plan.scratch.reserve();
    }
}

/// Nothing panics while these locks are held, so a poisoned one still holds a sound state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
