//! From a manifest to the types of this floor.

use lineament_core::{ChannelOrder, Layout, Preprocess};
use lineament_runtime::{Channels, InputSpec, Manifest, Precision, TensorLayout};
use serde::{Serialize, Serializer};

/// Which model was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// The model's name.
    pub name: String,
    /// Its family, `yunet` say.
    pub family: String,
    /// SHA-256 of its file, 64 hexadecimal digits.
    pub sha256: String,
    /// The precision that its manifest asks for, if it asks for one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub precision: Option<Precision>,
}

fn as_text<S: Serializer>(precision: &Option<Precision>, to: S) -> Result<S::Ok, S::Error> {
    match precision {
        Some(precision) => to.collect_str(precision),
        None => to.serialize_none(),
    }
}

impl ModelInfo {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        Self {
            name: manifest.name.clone(),
            family: manifest.family.to_string(),
            sha256: manifest.sha256.to_string(),
            precision: manifest.precision,
        }
    }
}

pub(crate) fn preprocess_of(input: &InputSpec) -> Preprocess {
    Preprocess {
        channels: match input.channels {
            Channels::Rgb => ChannelOrder::Rgb,
            Channels::Bgr => ChannelOrder::Bgr,
        },
        layout: match input.layout {
            TensorLayout::Nchw => Layout::Chw,
            TensorLayout::Nhwc => Layout::Hwc,
        },
        mean: input.mean,
        std: input.std,
    }
}

pub(crate) fn input_shape(layout: Layout, batch: usize, width: usize, height: usize) -> Vec<usize> {
    match layout {
        Layout::Chw => vec![batch, 3, height, width],
        Layout::Hwc => vec![batch, height, width, 3],
    }
}
