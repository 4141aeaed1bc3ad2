//! What can go wrong while a network is trained.

use std::path::PathBuf;

/// Why a network could not be built, trained or exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// libtorch refused an operation.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A set or a list could not be read.
    #[error(transparent)]
    Data(#[from] lineament_data::DataError),
}
