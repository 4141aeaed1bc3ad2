//! A graph for one shape of input: what is known of each value, and the nodes that are left.

use std::collections::HashMap;
use std::sync::Arc;

use super::infer::infer;
use super::known::{Inputs, Known};
use crate::error::{KernelError, within};
use crate::graph::{Graph, Node, ValueId};
use crate::ops::Op;

/// Most elements of all values that are computed at load.
const MAX_FOLDED: usize = 1 << 26;

/// A node that has to run.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Its place among the graph's nodes.
    pub(crate) node: usize,
    pub(crate) op: Op,
    pub(crate) inputs: Vec<Option<ValueId>>,
    pub(crate) output: ValueId,
}

/// A graph for one shape of input.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) known: HashMap<ValueId, Known>,
    /// In an order in which they can run; each is needed for an output.
    pub(crate) drafts: Vec<Draft>,
    /// Elements of the values that were computed at load.
    n_folded: usize,
    /// Values that the file does not name.
    n_new: usize,
}

impl<'a> Facts<'a> {
    /// Of `graph`, whose nodes do `ops`, for an input of `shape`.
    pub(crate) fn new(graph: &'a Graph, ops: &[Op], shape: &[usize]) -> Result<Self, KernelError> {
        let constants = graph.constants.iter();
        let mut facts = Self {
            graph,
            known: constants.map(|(&id, c)| (id, c.clone().into())).collect(),
            drafts: Vec::new(),
            n_folded: 0,
            n_new: 0,
        };
        for port in &graph.inputs {
            facts
                .known
                .insert(port.value, Known::of_shape(shape.to_vec()));
        }
        for (index, (node, op)) in graph.nodes.iter().zip(ops).enumerate() {
            facts.node(index, node, op)?;
        }
        facts.keep_the_needed()?;
        Ok(facts)
    }

    fn node(&mut self, index: usize, node: &Node, op: &Op) -> Result<(), KernelError> {
        let inputs = node.inputs.iter().map(|id| match id {
            None => Ok(None),
            Some(id) => self.known.get(id).map(Some).ok_or_else(|| {
                let name = &self.graph.names[id.0];
                node.inconsistent(format!("nothing gives its input {name}"))
            }),
        });
        let inputs: Vec<Option<&Known>> = inputs.collect::<Result<_, _>>()?;
        let inputs = Inputs {
            node,
            known: &inputs,
        };
        let known = infer(op, inputs)?;
        let Some(&Some(output)) = node.outputs.first() else {
            return Ok(());
        };
        if self.known.contains_key(&output) {
            return Err(node.inconsistent("its output is given elsewhere too"));
        }
        if let Some(constant) = &known.constant {
            self.n_folded += constant.data.len();
            within(
                "values computed at load with elements",
                self.n_folded,
                MAX_FOLDED,
            )?;
        } else {
            self.drafts.push(Draft {
                node: index,
                op: op.clone(),
                inputs: node.inputs.clone(),
                output,
            });
        }
        self.known.insert(output, known);
        Ok(())
    }

    fn keep_the_needed(&mut self) -> Result<(), KernelError> {
        let mut needed = vec![false; self.graph.names.len()];
        for port in &self.graph.outputs {
            if !self.known.contains_key(&port.value) {
                return Err(KernelError::Inconsistent {
                    node: port.name.clone(),
                    reason: "no node gives this output".to_owned(),
                });
            }
            needed[port.value.0] = true;
        }
        for draft in self.drafts.iter().rev() {
            if needed[draft.output.0] {
                draft
                    .inputs
                    .iter()
                    .flatten()
                    .for_each(|id| needed[id.0] = true);
            }
        }
        self.drafts.retain(|draft| needed[draft.output.0]);
        Ok(())
    }

    /// A new value of `shape`, which no node of the file gives.
    pub(crate) fn new_value(&mut self, shape: Vec<usize>) -> ValueId {
        let id = ValueId(self.graph.names.len() + self.n_new);
        self.n_new += 1;
        self.known.insert(id, Known::of_shape(shape));
        id
    }

    pub(crate) fn of(&self, draft: &Draft) -> &'a Node {
        &self.graph.nodes[draft.node]
    }

    pub(crate) fn shape(&self, value: ValueId) -> &[usize] {
        self.known.get(&value).map_or(&[], |known| &known.shape)
    }

    /// The floats of input `place`, if they are known.
    pub(crate) fn floats(&self, draft: &Draft, place: usize) -> Option<(&[usize], &Arc<[f32]>)> {
        let id = draft.inputs.get(place).copied().flatten()?;
        let known = self.known.get(&id)?;
        Some((&known.shape, known.constant.as_ref()?.as_f32()?))
    }

    /// Calls `work` with the draft's inputs as inference sees them.
    pub(crate) fn with_inputs<R>(&self, draft: &Draft, work: impl FnOnce(Inputs<'_>) -> R) -> R {
        let known = draft.inputs.iter().map(|id| self.known.get(id.as_ref()?));
        let known: Vec<Option<&Known>> = known.collect();
        work(Inputs {
            node: self.of(draft),
            known: &known,
        })
    }

    /// How often each value is read, by nodes and by the caller.
    pub(crate) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.graph.names.len()];
        let read = self.drafts.iter().flat_map(|d| d.inputs.iter().flatten());
        read.chain(self.graph.outputs.iter().map(|p| &p.value))
            .for_each(|id| uses[id.0] += 1);
        uses
    }
}
