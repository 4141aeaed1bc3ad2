//! Manifests of public models that come with this crate, so that their bare files work.

use std::sync::LazyLock;

use crate::digest::Sha256;
use crate::error::RuntimeError;
use crate::manifest::Manifest;

/// The name and the text of every manifest in `manifests/`.
const SHIPPED: [(&str, &str); 12] = [
    ("det_10g", include_str!("../manifests/det_10g.toml")),
    ("det_500m", include_str!("../manifests/det_500m.toml")),
    (
        "face_detection_yunet_2023mar",
        include_str!("../manifests/face_detection_yunet_2023mar.toml"),
    ),
    (
        "mobilefacenet",
        include_str!("../manifests/mobilefacenet.toml"),
    ),
    (
        "ultraface_rfb_320",
        include_str!("../manifests/ultraface_rfb_320.toml"),
    ),
    (
        "ultraface_rfb_640",
        include_str!("../manifests/ultraface_rfb_640.toml"),
    ),
    (
        "ultraface_slim_320",
        include_str!("../manifests/ultraface_slim_320.toml"),
    ),
    ("w600k_mbf", include_str!("../manifests/w600k_mbf.toml")),
    ("w600k_r50", include_str!("../manifests/w600k_r50.toml")),
    ("yunet_n_320", include_str!("../manifests/yunet_n_320.toml")),
    (
        "yunet_n_dynamic",
        include_str!("../manifests/yunet_n_dynamic.toml"),
    ),
    (
        "yunet_s_dynamic",
        include_str!("../manifests/yunet_s_dynamic.toml"),
    ),
];

/// A test parses every shipped text, so none is left out here.
static KNOWN: LazyLock<Vec<Manifest>> = LazyLock::new(|| parsed().filter_map(Result::ok).collect());

fn parsed() -> impl Iterator<Item = Result<Manifest, RuntimeError>> {
    SHIPPED
        .iter()
        .map(|(name, text)| Manifest::parse(text, name))
}

/// The manifests that come with this crate.
#[must_use]
pub fn known_models() -> &'static [Manifest] {
    &KNOWN
}

/// The manifest of the public model file with this digest, if it is one that we know.
#[must_use]
pub fn known_model(sha256: Sha256) -> Option<&'static Manifest> {
    KNOWN.iter().find(|m| m.sha256 == sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_manifest_is_sound() {
        for (manifest, (name, _)) in parsed().zip(SHIPPED) {
            let manifest = manifest.unwrap();
            assert_eq!(manifest.name, name);
            assert_eq!(manifest.file, format!("{name}.onnx"));
            assert_eq!(known_model(manifest.sha256), Some(&manifest));
        }
    }
}
