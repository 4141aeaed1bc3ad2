//! From published weights to a model file that `lineament` runs, without training.

use super::config::check::{check_input, check_name, check_network, must};
use super::config::{InputConfig, NetworkConfig, parse_fields};
use super::export::{Exported, Made, Wanted, check_centred};
use super::setup::graph_of;
use super::start::take_named;
use crate::error::TrainError;
use crate::model::Model;
use lineament_runtime::Sha256;
use serde::Deserialize;
use std::fs;
use std::path::Path;
use tch::Device;

/// A network whose weights somebody else has trained: of a run's configuration what says how it computes.
///
/// ```toml
/// name = "vggface2"
///
/// [network]
/// name = "inception-resnet-v1"
/// weights = "20180402-114759-vggface2.safetensors"
/// names = "facenet-pytorch"
///
/// [input]
/// width = 160
/// height = 160
/// std = [128.0, 128.0, 128.0]
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What the model is called.
    pub name: String,
    /// What computes, its weights and what their file calls them.
    pub network: NetworkConfig,
    /// What it sees.
    pub input: InputConfig,
}

impl Published {
    /// The configuration in a file, some fields set anew.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigSyntax`], [`TrainError::ConfigField`].
    pub fn load(path: &Path, assignments: &[String]) -> Result<Self, TrainError> {
        let text = fs::read_to_string(path).map_err(|e| TrainError::io(path, e))?;
        let published: Self = parse_fields(&text, &path.display().to_string(), assignments)?;
        check_name(&published.name)?;
        check_input(&published.input)?;
        check_network(&published.network)?;
        check_centred(&published.input)?;
        let is_named = published.network.names.is_some();
        let needed = "a built-in map or a TOML file that says what the weights are called";
        must("network.names", is_named, needed, "nothing")?;
        Ok(published)
    }
}

/// Writes `NAME.onnx` and `NAME.toml` of published weights, after the default engine gave what the network with
/// these weights gives. Of `wanted`, what concerns a run's checkpoints and people is not looked at: the model has no
/// thresholds.
///
/// # Errors
/// [`TrainError::Start`] for a file that does not fit; [`TrainError::Export`] where the engine's output is another;
/// [`TrainError::Io`].
pub fn import(published: &Published, wanted: &Wanted) -> Result<Exported, TrainError> {
    let Published {
        name,
        network,
        input,
    } = published;
    let mut model = Model::new(&graph_of(network, input)?, Device::Cpu, 0)?;
    let path = network.weights.as_deref().unwrap_or(Path::new(""));
    let names = network.names.as_deref().unwrap_or_default();
    take_named(&mut model, path, names).map_err(|source| TrainError::Start {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let input = InputConfig {
        flip: wanted.flip.unwrap_or(input.flip),
        ..input.clone()
    };
    let bytes = fs::read(path).map_err(|e| TrainError::io(path, e))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let made = Made {
        name,
        input: &input,
        model: &model,
        story: format!(
            "Weights of {file} (SHA-256 {}), imported by lineament-train {}",
            Sha256::of(&bytes),
            env!("CARGO_PKG_VERSION")
        ),
        calibration: None,
    };
    let (model, greatest_difference) = made.write(wanted)?;
    Ok(Exported {
        model,
        step: 0,
        greatest_difference,
    })
}
