//! Weights from ONNX files, our own and those of others, by the order of their layers.

use std::collections::HashMap;

use tch::Tensor;

use super::fold::followers;
use super::lower::needed;
use super::read::{File, FileNode, read};
use crate::error::TrainError;
use crate::graph::{Layer, Node, NodeId, Rectifier};
use crate::model::{Model, NodeVariables};

/// Takes the weights of an ONNX file, the content of which is `onnx`, for a network of the same
/// layers in the same order.
///
/// Layers are matched one by one: convolutions, fully connected layers, PReLU and batch
/// normalisation. What supervises hidden layers, which files do not hold, stays as it is. Where the
/// file has batch normalisation folded into what it follows, the model's
/// starts as the identity: weight √(1 + eps), variance 1, and the file's bias. Its running numbers
/// then say nothing of the features: the nodes returned are to be given some by
/// [`Model::settle`] before training.
///
/// # Errors
/// [`TrainError::Onnx`] for bytes that are no such file; [`TrainError::Weights`] when a layer finds
/// another in its place, or locally connected layers, which have no operator in ONNX. The model is
/// as it was then.
pub fn import_weights(model: &mut Model, onnx: &[u8]) -> Result<Vec<NodeId>, TrainError> {
    let file = read(onnx)?;
    let needed = needed(model.graph(), model.graph().outputs()[0].node);
    let mut matching = Matching {
        model,
        followers: followers(model.graph()),
        normalised: normalised(&file),
        layers: file.nodes.iter().filter(|node| has_weights(node)).collect(),
        next: 0,
        file: &file,
        identities: HashMap::new(),
        folded: vec![],
        copies: vec![],
    };
    for (index, is_needed) in needed.into_iter().enumerate() {
        if is_needed {
            matching.node(index)?;
        }
    }
    if let Some(left) = matching.layers.get(matching.next) {
        return Err(TrainError::Weights {
            layer: "the network's end".to_owned(),
            reason: format!(
                "the file goes on with {} {}",
                left.operator,
                left.outputs.join(" ")
            ),
        });
    }
    for (mut ours, theirs) in matching.copies {
        tch::no_grad(|| ours.f_copy_(&theirs))?;
    }
    Ok(matching.folded)
}

fn has_weights(node: &FileNode<'_>) -> bool {
    ["Conv", "Gemm", "PRelu", "BatchNormalization"].contains(&node.operator)
}

/// The values that the file normalises by batches' numbers.
fn normalised<'a>(file: &File<'a>) -> Vec<&'a str> {
    let nodes = file
        .nodes
        .iter()
        .filter(|node| node.operator == "BatchNormalization");
    nodes
        .filter_map(|node| node.inputs.first().copied())
        .collect()
}

struct Matching<'a> {
    model: &'a Model,
    file: &'a File<'a>,
    /// Our batch normalisations that a file may have folded.
    followers: Vec<Option<NodeId>>,
    normalised: Vec<&'a str>,
    layers: Vec<&'a FileNode<'a>>,
    /// The first of the layers that has found no place yet.
    next: usize,
    /// What batch normalisations that the file has folded add.
    identities: HashMap<NodeId, Option<Tensor>>,
    /// Batch normalisations that the file has folded.
    folded: Vec<NodeId>,
    /// Ours and theirs.
    copies: Vec<(Tensor, Tensor)>,
}

impl<'a> Matching<'a> {
    fn node(&mut self, index: usize) -> Result<(), TrainError> {
        let model = self.model;
        let node = &model.graph().nodes()[index];
        match (node.layer, &model.node_variables()[index]) {
            (Layer::Conv(_), NodeVariables::Weights { weight, bias }) => {
                let theirs = self.take(node, "Conv")?;
                let kernel = self.constant(node, theirs, 1)?;
                self.sum(index, theirs, (weight, bias.as_ref()), kernel)
            }
            (Layer::Linear(_), NodeVariables::Weights { weight, bias }) => {
                let theirs = self.take(node, "Gemm")?;
                let mut matrix = self.constant(node, theirs, 1)?;
                if !theirs.is_transposed {
                    matrix = matrix.f_transpose(0, 1)?;
                }
                self.sum(index, theirs, (weight, bias.as_ref()), matrix)
            }
            (Layer::Rectifier(Rectifier::PRelu), NodeVariables::Slopes(slopes)) => {
                let theirs = self.take(node, "PRelu")?;
                let given = self.constant(node, theirs, 1)?.f_flatten(0, -1)?;
                let given = match given.numel() {
                    1 => given.f_expand_as(slopes)?,
                    _ => given,
                };
                self.copy(node, slopes, given)
            }
            (Layer::BatchNorm { eps, .. }, NodeVariables::BatchNorm { .. }) => {
                self.batch_norm(node, NodeId(index), eps)
            }
            (Layer::LocalConv(_), _) => Err(refused(node, "ONNX has no such layer")),
            _ => Ok(()),
        }
    }

    /// The file's next layer, which should be an `operator`.
    fn take(&mut self, node: &Node, operator: &str) -> Result<&'a FileNode<'a>, TrainError> {
        let theirs = self.layers.get(self.next).copied();
        self.next += 1;
        match theirs {
            Some(theirs) if theirs.operator == operator => Ok(theirs),
            Some(theirs) => {
                let (got, name) = (theirs.operator, theirs.outputs.join(" "));
                Err(refused(
                    node,
                    &format!("expected {operator}, the file has {got} {name}"),
                ))
            }
            None => Err(refused(
                node,
                &format!("expected {operator}, the file has ended"),
            )),
        }
    }

    fn constant(
        &self,
        node: &Node,
        theirs: &FileNode<'_>,
        input: usize,
    ) -> Result<Tensor, TrainError> {
        let name = theirs.inputs.get(input).copied().unwrap_or_default();
        match self.file.constants.get(name) {
            Some(constant) => Ok(constant.shallow_clone()),
            None => Err(refused(
                node,
                &format!("the file has no constant {name:?} of floats"),
            )),
        }
    }

    fn copy(&mut self, node: &Node, ours: &Tensor, theirs: Tensor) -> Result<(), TrainError> {
        if ours.size() != theirs.size() {
            let (expected, got) = (ours.size(), theirs.size());
            return Err(refused(
                node,
                &format!("expected {expected:?}, the file has {got:?}"),
            ));
        }
        self.copies.push((ours.shallow_clone(), theirs));
        Ok(())
    }

    /// Weights, and a bias that belongs to the layer or to the batch normalisation folded into it.
    fn sum(
        &mut self,
        index: usize,
        theirs: &FileNode<'_>,
        (weight, bias): (&Tensor, Option<&Tensor>),
        given: Tensor,
    ) -> Result<(), TrainError> {
        let node = &self.model.graph().nodes()[index];
        self.copy(node, weight, given)?;
        let given = match theirs.inputs.get(2) {
            Some(_) => Some(self.constant(node, theirs, 2)?),
            None => None,
        };
        let added = match (bias, given) {
            (Some(bias), given) => {
                let zeros = bias.f_zeros_like()?;
                self.copy(node, bias, given.unwrap_or(zeros))?;
                None
            }
            (None, given) => given,
        };
        let stays = theirs
            .outputs
            .iter()
            .any(|output| self.normalised.contains(output));
        match (self.followers[index], added) {
            (Some(follower), added) if !stays => {
                self.identities.insert(follower, added);
                Ok(())
            }
            (_, None) => Ok(()),
            (_, Some(_)) => Err(refused(node, "the file adds a bias, the network has none")),
        }
    }

    fn batch_norm(&mut self, node: &Node, id: NodeId, eps: f64) -> Result<(), TrainError> {
        let NodeVariables::BatchNorm {
            weight,
            bias,
            mean,
            variance,
        } = &self.model.node_variables()[id.index()]
        else {
            unreachable!("batch normalisation has its variables");
        };
        let ours = [weight, bias, mean, variance];
        if let Some(added) = self.identities.remove(&id) {
            self.folded.push(id);
            let zeros = bias.f_zeros_like()?;
            let added = added.unwrap_or(zeros.shallow_clone());
            let scale = weight.f_full_like((1.0 + eps).sqrt())?;
            let identity = [scale, added, zeros, variance.f_ones_like()?];
            return ours
                .into_iter()
                .zip(identity)
                .try_for_each(|(a, b)| self.copy(node, a, b));
        }
        let theirs = self.take(node, "BatchNormalization")?;
        for (input, ours) in ours.into_iter().enumerate() {
            let mut given = self.constant(node, theirs, input + 1)?;
            if input == 3 {
                given = given.f_add_scalar(f64::from(theirs.epsilon) - eps)?;
            }
            self.copy(node, ours, given)?;
        }
        Ok(())
    }
}

fn refused(node: &Node, reason: &str) -> TrainError {
    TrainError::Weights {
        layer: node.name.clone(),
        reason: reason.to_owned(),
    }
}
