//! A graph with its variables on a device.

mod forward;
mod import;
mod settle;
mod start;
mod variables;

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::error::TrainError;
use crate::graph::Graph;
pub(crate) use forward::{GREY, LEAST_SQUARE};
pub use import::NameMap;
pub(crate) use variables::NodeVariables;

/// Whether batches change the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch normalisation by the batch, its running numbers updated; dropout.
    Train,
    /// Batch normalisation by the running numbers; no dropout.
    Eval,
}

/// What feature maps are computed in. Weights, vectors and outputs are 32-bit floats always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    Float,
    /// bfloat16, where processors and GPUs have instructions for it.
    BFloat16,
}

/// A network with weights.
#[derive(Debug)]
pub struct Model {
    graph: Graph,
    store: VarStore,
    variables: Vec<NodeVariables>,
    /// The last node that reads each node's tensor.
    last_use: Vec<usize>,
    precision: Precision,
}

impl Model {
    /// The network with weights that depend on `seed` alone, whatever the device.
    ///
    /// # Errors
    /// [`TrainError::Torch`], for lack of memory above all.
    pub fn new(graph: &Graph, device: Device, seed: u64) -> Result<Self, TrainError> {
        let store = VarStore::new(device);
        let variables = variables::create(graph, &store.root(), seed)?;
        Ok(Self {
            graph: graph.clone(),
            store,
            variables,
            last_use: last_use(graph),
            precision: Precision::Float,
        })
    }

    /// The network.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The weights by name (`stage1.conv1.weight`), running means and variances among them.
    #[must_use]
    pub fn variables(&self) -> &VarStore {
        &self.store
    }

    /// The weights, to load them.
    pub fn variables_mut(&mut self) -> &mut VarStore {
        &mut self.store
    }

    /// All variables with their names, in the order in which layers run; of batch normalisation
    /// weight, bias, running mean, running variance.
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let nodes = self.graph.nodes().iter().zip(&self.variables);
        let named = nodes.flat_map(|(node, variables)| {
            let named = variables.named().into_iter();
            named.map(|(part, tensor)| (format!("{}.{part}", node.name), tensor.shallow_clone()))
        });
        named.collect()
    }

    /// The variables of each node, in the graph's order.
    pub(crate) fn node_variables(&self) -> &[NodeVariables] {
        &self.variables
    }

    /// What feature maps are computed in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Computes feature maps in `precision` from now on.
    pub fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// The outputs for `pictures`, `[n, 3, height, width]` of preprocessed floats: `[n, length]`
    /// each, in the graph's order, the embedding (not normalised) first. A network that returns
    /// feature maps takes other sizes than its graph's too.
    ///
    /// # Errors
    /// [`TrainError::Input`] when the pictures have another size; [`TrainError::Torch`].
    pub fn forward(&self, pictures: &Tensor, mode: Mode) -> Result<Vec<Tensor>, TrainError> {
        self.check_input(pictures)?;
        forward::forward(self, pictures, mode)
    }

    fn check_input(&self, pictures: &Tensor) -> Result<(), TrainError> {
        let (height, width) = self.graph.input().size();
        let got = pictures.size();
        let expected = match self.graph.is_convolutional() && got.len() == 4 {
            true => [3, got[2], got[3]],
            false => [3, height as i64, width as i64],
        };
        if got.len() != 4 || got[1..] != expected || pictures.kind() != Kind::Float {
            return Err(TrainError::Input {
                expected: format!("32-bit floats of shape [n, 3, {height}, {width}]"),
                got,
            });
        }
        Ok(())
    }
}

/// For each node, the greatest index of a node that it feeds, outputs after all.
fn last_use(graph: &Graph) -> Vec<usize> {
    let mut last: Vec<usize> = (0..graph.nodes().len()).collect();
    for (index, node) in graph.nodes().iter().enumerate() {
        for input in &node.inputs {
            last[input.index()] = index;
        }
    }
    for output in graph.outputs() {
        last[output.node.index()] = usize::MAX;
    }
    last
}

#[cfg(test)]
mod tests {
    #[test]
    fn torch_runs() {
        let t = tch::Tensor::ones([2, 2], (tch::Kind::Float, tch::Device::Cpu));
        assert_eq!(t.sum(tch::Kind::Float).double_value(&[]), 4.0);
    }
}
