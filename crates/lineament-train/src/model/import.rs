//! Weights of others, by name.

use std::collections::BTreeMap;
use std::path::Path;

use tch::Tensor;

use super::Model;
use crate::error::TrainError;

/// How variables are called elsewhere.
///
/// ```toml
/// rename = [["^backbone.", ""], ["^blocks.0.", "stage1.shrink."], [".norm.", ".bn."]]
/// ignore = ["classifier."]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameMap {
    /// Parts of names to replace and what by, each in all places, in order; one that begins with `^` at the beginning
    /// of a name alone.
    #[serde(default)]
    pub rename: Vec<(String, String)>,
    /// The beginnings of names, as they are elsewhere, of what is not needed.
    #[serde(default)]
    pub ignore: Vec<String>,
}

impl NameMap {
    /// The map of a name that is known here, else of a TOML file.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigSyntax`].
    pub fn open(name: &str) -> Result<Self, TrainError> {
        match name {
            "facenet-pytorch" => Ok(Self::facenet_pytorch()),
            // IResNets are called the same there.
            "arcface-torch" => Ok(Self::default()),
            path => {
                let path = Path::new(path);
                let text = std::fs::read_to_string(path).map_err(|e| TrainError::io(path, e))?;
                toml::from_str(&text).map_err(|error| TrainError::ConfigSyntax {
                    origin: path.display().to_string(),
                    reason: error.to_string().trim_end().to_owned(),
                })
            }
        }
    }

    /// The names of facenet-pytorch's `InceptionResnetV1`.
    #[must_use]
    pub fn facenet_pytorch() -> Self {
        let renames = [
            ("branch0.conv.", "branch0.0."),
            ("branch0.bn.", "branch0.0.bn."),
            (".conv.", "."),
        ];
        let owned = |(from, to): (&str, &str)| (from.to_owned(), to.to_owned());
        Self {
            rename: renames.map(owned).to_vec(),
            ignore: vec!["logits.".to_owned()],
        }
    }

    /// What `theirs` is called here.
    #[must_use]
    pub fn rename(&self, theirs: &str) -> String {
        let replace = |name: String, (from, to): &(String, String)| match from.strip_prefix('^') {
            Some(from) => match name.strip_prefix(from) {
                Some(rest) => format!("{to}{rest}"),
                None => name,
            },
            None => name.replace(from, to),
        };
        self.rename.iter().fold(theirs.to_owned(), replace)
    }

    fn ignores(&self, theirs: &str) -> bool {
        // What PyTorch's batch normalisation has counted is of no use to anybody else.
        theirs.ends_with("num_batches_tracked")
            || self.ignore.iter().any(|start| theirs.starts_with(start))
    }
}

impl Model {
    /// Takes the weights of a `.safetensors` file.
    ///
    /// A PyTorch file becomes one by `safetensors.torch.save_file(torch.load(path,
    /// weights_only=True), "weights.safetensors")`.
    ///
    /// # Errors
    /// [`TrainError::Torch`] when the file cannot be read; [`TrainError::Weights`] when it lacks a
    /// variable, has it in another shape or twice, or has what nothing here is called and the map does not
    /// ignore. The model is as it was then.
    pub fn load_weights(&mut self, path: &Path, map: &NameMap) -> Result<(), TrainError> {
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
    ) -> Result<(), TrainError> {
        let mut theirs: BTreeMap<String, (String, Tensor)> = BTreeMap::new();
        for (name, tensor) in tensors.into_iter().filter(|(name, _)| !map.ignores(name)) {
            let ours = map.rename(&name);
            if let Some((other, _)) = theirs.insert(ours.clone(), (name.clone(), tensor)) {
                let reason = format!("{other} and {name} are both called so by the map");
                return Err(refused(ours, reason));
            }
        }
        let mut pairs = vec![];
        for (name, ours) in self.tensors() {
            let Some((_, tensor)) = theirs.remove(&name) else {
                return Err(lacking(name, &theirs));
            };
            if tensor.size() != ours.size() {
                let reason = format!("expected {:?}, got {:?}", ours.size(), tensor.size());
                return Err(refused(name, reason));
            }
            pairs.push((ours, tensor));
        }
        if let Some((ours, (name, _))) = theirs.first_key_value() {
            let others = match theirs.len() {
                1 => String::new(),
                n => format!(", nor {} others of the file", n - 1),
            };
            let reason = format!(
                "nothing in {} is called so{others}; `rename` what is meant, `ignore` what is not needed",
                self.graph().name()
            );
            let told = match ours == name {
                true => name.clone(),
                false => format!("{name}, renamed to {ours}"),
            };
            return Err(refused(told, reason));
        }
        for (mut ours, tensor) in pairs {
            tch::no_grad(|| ours.f_copy_(&tensor))?;
        }
        Ok(())
    }
}

fn refused(layer: String, reason: String) -> TrainError {
    TrainError::Weights { layer, reason }
}

fn lacking(layer: String, rest: &BTreeMap<String, (String, Tensor)>) -> TrainError {
    let some: Vec<&str> = rest.keys().take(3).map(String::as_str).collect();
    let reason = match some[..] {
        [] => "the file does not have it".to_owned(),
        _ => format!("the file does not have it; unused are {}…", some.join(", ")),
    };
    refused(layer, reason)
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
    #[test]
    fn anchored_parts_are_replaced_at_the_beginning_alone() {
        let map: NameMap = toml::from_str(
            "rename = [[\"^0.\", \"stage1.\"], [\".norm.\", \".bn.\"]]\nignore = [\"head.\"]",
        )
        .unwrap();
        assert_eq!(map.rename("0.norm.weight"), "stage1.bn.weight");
        assert_eq!(map.rename("10.0.weight"), "10.0.weight");
        assert!(map.ignores("head.bias") && !map.ignores("0.head.bias"));
        assert!(map.ignores("0.norm.num_batches_tracked"));
    }
}
