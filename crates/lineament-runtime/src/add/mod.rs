//! Putting a model file into a folder, with a manifest that fits it.

mod template;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use template::Fill;
pub use template::{Template, template, templates};

use crate::atomic;
use crate::digest::Sha256;
use crate::engine::{EngineOptions, load_session};
use crate::error::RuntimeError;
use crate::known::known_model;
use crate::manifest::{BatchMode, InputSize, InputSpec, Manifest, Schema, TensorLayout};
use crate::model_file::{ManifestOrigin, ModelFile, read_limited};
use crate::session::{Dim, Signature};
use crate::store::ModelLimits;

/// Where the manifest of an added model comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Description {
    /// From this crate, which knows the file by its digest.
    Known,
    /// From a family's template, the file and the user.
    New(NewModel),
}

/// What only the user knows of a new model.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModel {
    /// The name it gets, which its files get too.
    pub name: String,
    /// The family it belongs to.
    pub template: &'static Template,
    /// From role to tensor name, where the file does not use the family's documented names.
    pub outputs: BTreeMap<String, String>,
    /// Its licence.
    pub licence: String,
    /// What it is, and who trained it on what.
    pub provenance: String,
    /// Its preference, where it should not be the template's.
    pub preference: Option<i32>,
}

/// Copies the model file at `onnx` into `folder`, which is made if need be, and writes its
/// manifest beside it. The network is loaded once, by rten, to see that both fit; nothing is
/// written when they do not, and each file is written whole or not at all.
///
/// # Errors
/// [`RuntimeError::UnknownModel`], [`RuntimeError::MissingRoles`], [`RuntimeError::UnknownRole`],
/// [`RuntimeError::Signature`], [`RuntimeError::Load`], [`RuntimeError::AlreadyThere`],
/// [`RuntimeError::TooLarge`] and [`RuntimeError::Io`].
pub fn add(
    folder: &Path,
    onnx: &Path,
    description: &Description,
    limits: ModelLimits,
) -> Result<ModelFile, RuntimeError> {
    let bytes = read_limited(onnx, limits.max_bytes)?;
    let sha256 = Sha256::of(&bytes);
    let shown = onnx.display().to_string();
    let network = load_session(&shown, bytes.clone().into(), &EngineOptions::default())?;
    let signature = network.session.signature();
    let manifest = match description {
        Description::Known => known(onnx, sha256)?,
        Description::New(model) => model.manifest(sha256, signature)?,
    };
    manifest.verify(signature)?;
    put(folder, &bytes, manifest, limits)
}

fn known(onnx: &Path, sha256: Sha256) -> Result<Manifest, RuntimeError> {
    known_model(sha256)
        .cloned()
        .ok_or_else(|| RuntimeError::UnknownModel {
            path: onnx.to_owned(),
            sha256,
            templates: template::names(),
        })
}

fn put(
    folder: &Path,
    bytes: &[u8],
    manifest: Manifest,
    limits: ModelLimits,
) -> Result<ModelFile, RuntimeError> {
    let text = manifest.to_toml()?;
    let path = folder.join(&manifest.file);
    let beside = path.with_extension("toml");
    fs::create_dir_all(folder).map_err(|e| RuntimeError::io(folder, e))?;
    for (path, content) in [(&path, bytes), (&beside, text.as_bytes())] {
        refuse_other(path, content)?;
    }
    for (path, content) in [(&path, bytes), (&beside, text.as_bytes())] {
        atomic::write(path, content).map_err(|e| RuntimeError::io(path, e))?;
    }
    Ok(ModelFile::at(
        path,
        limits.max_bytes,
        manifest,
        ManifestOrigin::Beside,
    ))
}

/// An equal file may be written again: it is what an interrupted call left.
fn refuse_other(path: &Path, content: &[u8]) -> Result<(), RuntimeError> {
    if !path.exists() || fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    Err(RuntimeError::AlreadyThere {
        path: path.to_owned(),
    })
}

impl NewModel {
    fn manifest(&self, sha256: Sha256, signature: &Signature) -> Result<Manifest, RuntimeError> {
        let outputs = self.roles(signature)?;
        let mut settings = self.template.settings.clone();
        for (setting, fill) in &self.template.filled {
            let value = match fill {
                Fill::ModelName => self.name.clone().into(),
                Fill::LastDimensionOf(role) => self.last_dimension(role, &outputs, signature)?,
            };
            settings.insert(setting.clone(), value);
        }
        Ok(Manifest {
            schema: Schema::V1,
            name: self.name.clone(),
            task: self.template.task.clone(),
            family: self.template.family.clone(),
            file: format!("{}.onnx", self.name),
            sha256,
            licence: self.licence.clone(),
            provenance: self.provenance.clone(),
            preference: self.preference.unwrap_or(self.template.preference),
            precision: None,
            input: self.input(signature)?,
            outputs,
            settings,
            calibration: None,
        })
    }

    /// The tensor of every role: the one named by the user, else the one of a documented name.
    fn roles(&self, signature: &Signature) -> Result<BTreeMap<String, String>, RuntimeError> {
        let roles = &self.template.roles;
        if let Some(role) = self.outputs.keys().find(|role| !roles.contains_key(*role)) {
            return Err(RuntimeError::UnknownRole {
                template: self.template.name.to_owned(),
                role: role.clone(),
                roles: roles.keys().cloned().collect(),
            });
        }
        let has = |name: &&String| signature.outputs.iter().any(|p| p.name == **name);
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for (role, documented) in roles {
            match self
                .outputs
                .get(role)
                .or_else(|| documented.iter().find(has))
            {
                Some(tensor) => drop(found.insert(role.clone(), tensor.clone())),
                None => missing.push(role.clone()),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(RuntimeError::MissingRoles {
            missing,
            present: signature.outputs.iter().map(ToString::to_string).collect(),
        })
    }

    fn input(&self, signature: &Signature) -> Result<InputSpec, RuntimeError> {
        let (template, port) = (&self.template.input, &signature.input);
        let misfit = |field: &str, expected: &str| self.misfit(field, expected, port.to_string());
        let &[batch, a, b, c] = port.shape.as_slice() else {
            return Err(misfit("input", "four dimensions"));
        };
        let (height, width) = match template.layout {
            TensorLayout::Nchw => (b, c),
            TensorLayout::Nhwc => (a, b),
        };
        let side =
            |length: usize| u32::try_from(length).map_err(|_| misfit("input.size", "pixels"));
        Ok(InputSpec {
            name: port.name.clone(),
            layout: template.layout,
            channels: template.channels,
            mean: template.mean,
            std: template.std,
            size: match (width, height) {
                (Dim::Fixed(width), Dim::Fixed(height)) => InputSize::Fixed {
                    width: side(width)?,
                    height: side(height)?,
                },
                (Dim::Dynamic, Dim::Dynamic) => InputSize::MultipleOf(template.multiple_of),
                _ => return Err(misfit("input.size", "both sides fixed, or both dynamic")),
            },
            batch: match batch {
                Dim::Fixed(_) => BatchMode::Fixed,
                Dim::Dynamic => BatchMode::Dynamic,
            },
        })
    }

    fn last_dimension(
        &self,
        role: &str,
        outputs: &BTreeMap<String, String>,
        signature: &Signature,
    ) -> Result<toml::Value, RuntimeError> {
        let tensor = outputs.get(role);
        let port = signature.outputs.iter().find(|p| Some(&p.name) == tensor);
        let length = port.and_then(|p| match p.shape.last()? {
            Dim::Fixed(length) => i64::try_from(*length).ok(),
            Dim::Dynamic => None,
        });
        length.map(toml::Value::from).ok_or_else(|| {
            let got = port.map_or_else(|| "no such output".to_owned(), ToString::to_string);
            self.misfit(
                &format!("outputs.{role}"),
                "a last dimension of fixed length",
                got,
            )
        })
    }

    fn misfit(&self, field: &str, expected: &str, got: String) -> RuntimeError {
        RuntimeError::Signature {
            model: self.name.clone(),
            field: field.to_owned(),
            expected: expected.to_owned(),
            got,
        }
    }
}
