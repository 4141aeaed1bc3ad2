//! Embeddings that another program made, in place of a network's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament::Views;
use lineament_data::lists::megaface::read_features;
use lineament_data::{DataError, DataLimits, EmbeddingFile};
use lineament_eval::{FlipMode, ModelIdentity};
use lineament_runtime::Sha256;

use crate::evaluation::faces::Found;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::trouble::{Trouble, WorkError};

/// Embeddings by the names of images.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    /// In one file.
    File {
        identity: ModelIdentity,
        embeddings: Arc<EmbeddingFile>,
    },
    /// A file for each image in MegaFace's form, below the first of the folders that has it.
    Features {
        folders: Vec<PathBuf>,
        /// What follows an image's path in the name of its file.
        suffix: String,
    },
}

impl Given {
    /// Those in the `.npz` file at `path`.
    ///
    /// # Errors
    /// [`Exit::BadInput`] for a file that is none or cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bad = |error: DataError| Failure::new(Exit::BadInput, error.to_string());
        let embeddings = EmbeddingFile::read(path, &DataLimits::default()).map_err(bad)?;
        let sha256 = File::open(path).and_then(Sha256::of_reader);
        let sha256 = sha256.map_err(|error| {
            Failure::new(Exit::BadInput, format!("{}: {error}", path.display()))
        })?;
        let name = path.file_stem().unwrap_or_default();
        Ok(Self::File {
            identity: ModelIdentity {
                name: name.to_string_lossy().into_owned(),
                sha256: sha256.to_string(),
            },
            embeddings: Arc::new(embeddings),
        })
    }

    /// What they are known by. Features in many files have no hash.
    pub(crate) fn identity(&self) -> ModelIdentity {
        match self {
            Self::File { identity, .. } => identity.clone(),
            Self::Features { folders, .. } => ModelIdentity {
                name: in_words(folders),
                sha256: String::new(),
            },
        }
    }

    /// Where they come from.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::File { identity, .. } => format!("embeddings of {}.npz", identity.name),
            Self::Features { folders, .. } => format!("features in {}", in_words(folders)),
        }
    }

    /// What becomes of mirror images: what is `wanted`, if they were looked at.
    ///
    /// # Errors
    /// A usage error for a wish that cannot be had.
    pub(crate) fn flip(&self, wanted: Option<FlipMode>) -> Result<FlipMode, Failure> {
        let has_mirrored = match self {
            Self::File { embeddings, .. } => embeddings.has_mirrored(),
            Self::Features { .. } => false,
        };
        match (wanted, has_mirrored) {
            (Some(FlipMode::Off) | None, false) => Ok(FlipMode::Off),
            (wanted, true) => Ok(wanted.unwrap_or(FlipMode::Sum)),
            (Some(_), false) => Err(Failure::usage(
                "these embeddings hold nothing of mirror images, and --flip asks for it",
            )
            .help("leave it out: they are taken as they are")),
        }
    }

    /// What came of the image of that name.
    ///
    /// # Errors
    /// [`WorkError::Photo`] for a file of features that is none.
    pub(crate) fn find(&self, name: &str) -> Result<Found, WorkError> {
        match self {
            Self::File { embeddings, .. } => {
                // Programs name images with or without what their files end with.
                let stem = name.rsplit_once('.').map(|(stem, _)| stem);
                let row = embeddings.get(name).or_else(|| embeddings.get(stem?));
                Ok(row.map_or(Found::NoFace, |row| {
                    Found::Face(Views {
                        plain: row.plain.to_vec(),
                        mirrored: row.mirrored.unwrap_or_default().to_vec(),
                    })
                }))
            }
            Self::Features { folders, suffix } => {
                let file = |folder: &PathBuf| folder.join(format!("{name}{suffix}"));
                let Some(path) = folders.iter().map(file).find(|path| path.is_file()) else {
                    return Ok(Found::NoFace);
                };
                let feature = read_features(&path, &DataLimits::default());
                let feature = feature.map_err(|error| {
                    WorkError::Photo(Trouble {
                        kind: "corrupt",
                        message: error.to_string(),
                    })
                })?;
                Ok(Found::Face(Views {
                    plain: feature,
                    mirrored: Vec::new(),
                }))
            }
        }
    }
}

fn in_words(folders: &[PathBuf]) -> String {
    let folders = folders.iter().map(|folder| folder.display().to_string());
    folders.collect::<Vec<_>>().join(", ")
}
