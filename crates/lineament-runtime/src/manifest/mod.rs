//! What a model file does not say of itself, as TOML beside it.
//!
//! ```toml
//! schema = 1
//! name = "random_embedder"
//! task = "embed"
//! family = "arcface"
//! file = "random_embedder.onnx"
//! sha256 = "2b0c9d68da6746b063e5a46ee8b8ee983ec9878a62fbb6c01c036a7010a45bab"
//! licence = "CC0-1.0"
//! provenance = "Random weights, for tests."
//! preference = 0
//!
//! [input]
//! name = "input0"
//! layout = "nchw"
//! channels = "rgb"
//! mean = [127.5, 127.5, 127.5]
//! std = [127.5, 127.5, 127.5]
//! size = [112, 112]
//! batch = "fixed"
//!
//! [outputs]
//! embedding = "output0"
//!
//! [settings]
//! dimension = 32
//! ```
//!
//! Above `[input]`, `precision = "bf16"` or `"int8"` asks for runs with less exact numbers, which are
//! quicker where the processor has instructions for them.
//!
//! `task`, `family`, `[settings]` and `[calibration]` belong to the floor above: this crate hands
//! them on.

mod check;
mod names;
mod precision;
mod size;
mod verify;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use names::{Family, Task};
pub use size::InputSize;

use crate::digest::Sha256;
use crate::engine::Precision;
use crate::error::RuntimeError;

/// The largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

/// What is known of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The manifest's own format.
    pub schema: Schema,
    /// The model's name, by which it is chosen: letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// What it is for, `detect` say.
    pub task: Task,
    /// How its outputs are read, `yunet` say.
    pub family: Family,
    /// The model file's name, without folders.
    pub file: String,
    /// The model file's digest.
    pub sha256: Sha256,
    /// Its licence: an SPDX expression, or a sentence.
    pub licence: String,
    /// What it is, and who trained it on what.
    pub provenance: String,
    /// Of several models for one task, the one of greatest preference is taken.
    #[serde(default)]
    pub preference: i32,
    /// How exact the numbers are that are multiplied where it runs, `bf16` or `int8` say, which are
    /// quicker; `f32` where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "precision")]
    pub precision: Option<Precision>,
    /// Its input.
    pub input: InputSpec,
    /// From the role of an output to its tensor's name.
    pub outputs: BTreeMap<String, String>,
    /// What the family needs to know; the floor above reads it.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub settings: toml::Table,
    /// What was measured of the model, if anything was; the floor above reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<toml::Table>,
}

/// The version of the manifest's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum Schema {
    /// The first.
    V1,
}

/// What a network takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// The tensor's name in the model file.
    pub name: String,
    /// The order of its dimensions.
    pub layout: TensorLayout,
    /// The order of the colours.
    pub channels: Channels,
    /// Subtracted from each sample of 0 to 255, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides what is left: value = (sample − mean) / std.
    pub std: [f32; 3],
    /// Width and height.
    pub size: InputSize,
    /// How many pictures go in at once.
    pub batch: BatchMode,
}

/// The order of an input's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TensorLayout {
    /// `[batch, 3, height, width]`.
    Nchw,
    /// `[batch, height, width, 3]`.
    Nhwc,
}

/// The order of an input's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// How many pictures go in at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchMode {
    /// One.
    Fixed,
    /// Any number.
    Dynamic,
}

impl Manifest {
    /// The manifest in `text`; `origin` is what errors call it, its path say.
    ///
    /// # Errors
    /// [`RuntimeError::TooLarge`] above [`MAX_MANIFEST_BYTES`]; [`RuntimeError::ManifestSyntax`]
    /// and [`RuntimeError::ManifestField`] when it is no manifest.
    pub fn parse(text: &str, origin: &str) -> Result<Self, RuntimeError> {
        let n_bytes = text.len() as u64;
        if n_bytes > MAX_MANIFEST_BYTES {
            return Err(RuntimeError::TooLarge {
                what: origin.to_owned(),
                limit_bytes: MAX_MANIFEST_BYTES,
                got_bytes: Some(n_bytes),
            });
        }
        let manifest: Self = toml::from_str(text).map_err(|e| RuntimeError::ManifestSyntax {
            manifest: origin.to_owned(),
            line: e.span().map(|span| line_of(text, span.start)),
            reason: e.message().to_owned(),
        })?;
        manifest.check(origin)?;
        Ok(manifest)
    }

    /// The manifest as TOML, which [`parse`](Self::parse) reads back to an equal one.
    ///
    /// # Errors
    /// [`RuntimeError::ManifestField`] when a field was given a value that cannot be.
    pub fn to_toml(&self) -> Result<String, RuntimeError> {
        self.check(&self.name)?;
        toml::to_string(self).map_err(|e| RuntimeError::ManifestSyntax {
            manifest: self.name.clone(),
            line: None,
            reason: e.to_string(),
        })
    }

    /// `[settings]`, read into a type of the floor above.
    ///
    /// # Errors
    /// [`RuntimeError::ManifestSyntax`], naming the model and the table.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, RuntimeError> {
        self.table("settings", &self.settings)
    }

    /// `[calibration]`, read into a type of the floor above; `None` when there is none.
    ///
    /// # Errors
    /// [`RuntimeError::ManifestSyntax`], naming the model and the table.
    pub fn calibration<T: DeserializeOwned>(&self) -> Result<Option<T>, RuntimeError> {
        let table = self.calibration.as_ref();
        table.map(|t| self.table("calibration", t)).transpose()
    }

    fn table<T: DeserializeOwned>(
        &self,
        name: &str,
        table: &toml::Table,
    ) -> Result<T, RuntimeError> {
        let read = table.clone().try_into();
        read.map_err(|e: toml::de::Error| RuntimeError::ManifestSyntax {
            manifest: format!("the manifest of {}, [{name}]", self.name),
            line: None,
            reason: e.to_string().trim_end().replace('\n', " "),
        })
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

impl TryFrom<u32> for Schema {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            1 => Ok(Self::V1),
            other => Err(format!(
                "schema {other} is not known here, only 1; update Lineament"
            )),
        }
    }
}

impl From<Schema> for u32 {
    fn from(schema: Schema) -> Self {
        match schema {
            Schema::V1 => 1,
        }
    }
}
