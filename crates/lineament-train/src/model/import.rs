//! Weights of others, by name.

use std::collections::BTreeMap;
use std::path::Path;

use tch::Tensor;

use super::Model;
use crate::error::TrainError;

/// How variables are called elsewhere: parts of names to replace, each in all places, in order.
///
/// IResNets here and in insightface's `arcface_torch` have the same names, so that an empty map
/// does for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct NameMap(pub Vec<(String, String)>);

impl NameMap {
    /// The names of facenet-pytorch's `InceptionResnetV1`.
    #[must_use]
    pub fn facenet_pytorch() -> Self {
        let renames = [
            ("branch0.conv.", "branch0.0."),
            ("branch0.bn.", "branch0.0.bn."),
            (".conv.", "."),
        ];
        let owned = |(from, to): (&str, &str)| (from.to_owned(), to.to_owned());
        Self(renames.map(owned).to_vec())
    }

    /// What `theirs` is called here.
    #[must_use]
    pub fn rename(&self, theirs: &str) -> String {
        let replace = |name: String, (from, to): &(String, String)| name.replace(from, to);
        self.0.iter().fold(theirs.to_owned(), replace)
    }
}

impl Model {
    /// Takes the weights of a `.safetensors` file, and returns the names in it that nothing here has
    /// (as of a classifier).
    ///
    /// A PyTorch file becomes one by `safetensors.torch.save_file(torch.load(path,
    /// weights_only=True), "weights.safetensors")`.
    ///
    /// # Errors
    /// [`TrainError::Torch`] when the file cannot be read; [`TrainError::Weights`] when it lacks a
    /// variable or has it in another shape. The model is as it was then.
    pub fn load_weights(&mut self, path: &Path, map: &NameMap) -> Result<Vec<String>, TrainError> {
        self.take_weights(Tensor::read_safetensors(path)?, map)
    }

    /// Takes named weights, as [`load_weights`](Self::load_weights) those of a file.
    ///
    /// # Errors
    /// [`TrainError::Weights`].
    pub fn take_weights(
        &mut self,
        tensors: Vec<(String, Tensor)>,
        map: &NameMap,
    ) -> Result<Vec<String>, TrainError> {
        let rename = |(name, tensor): (String, Tensor)| (map.rename(&name), (name, tensor));
        let mut theirs: BTreeMap<String, (String, Tensor)> =
            tensors.into_iter().map(rename).collect();
        let mut pairs = vec![];
        for (name, ours) in self.tensors() {
            let Some((_, tensor)) = theirs.remove(&name) else {
                return Err(lacking(name, &theirs));
            };
            if tensor.size() != ours.size() {
                let reason = format!("expected {:?}, got {:?}", ours.size(), tensor.size());
                return Err(TrainError::Weights {
                    layer: name,
                    reason,
                });
            }
            pairs.push((ours, tensor));
        }
        for (mut ours, tensor) in pairs {
            tch::no_grad(|| ours.f_copy_(&tensor))?;
        }
        let counts = |name: &String| name.ends_with("num_batches_tracked");
        let unused = theirs.into_values().map(|(name, _)| name);
        Ok(unused.filter(|name| !counts(name)).collect())
    }
}

fn lacking(layer: String, rest: &BTreeMap<String, (String, Tensor)>) -> TrainError {
    let some: Vec<&str> = rest.keys().take(3).map(String::as_str).collect();
    let reason = match some[..] {
        [] => "the file does not have it".to_owned(),
        _ => format!("the file does not have it; unused are {}…", some.join(", ")),
    };
    TrainError::Weights { layer, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facenet_pytorchs_names() {
        let map = NameMap::facenet_pytorch();
        for (theirs, ours) in [
            ("conv2d_1a.conv.weight", "conv2d_1a.weight"),
            ("conv2d_1a.bn.running_mean", "conv2d_1a.bn.running_mean"),
            (
                "repeat_1.0.branch0.conv.weight",
                "repeat_1.0.branch0.0.weight",
            ),
            ("repeat_1.0.branch0.bn.bias", "repeat_1.0.branch0.0.bn.bias"),
            (
                "repeat_1.0.branch2.1.conv.weight",
                "repeat_1.0.branch2.1.weight",
            ),
            (
                "mixed_7a.branch0.1.bn.weight",
                "mixed_7a.branch0.1.bn.weight",
            ),
            ("block8.conv2d.bias", "block8.conv2d.bias"),
        ] {
            assert_eq!(map.rename(theirs), ours);
        }
    }
}
