//! The literature's networks.
//!
//! Each takes RGB pictures, preprocessed as its recipe says, and returns an embedding that is not
//! normalised; some return what supervises hidden layers after it.

mod casia;
mod deepface;
mod deepid;
mod detector;
mod facenet;
mod ghostfacenet;
mod inception;
mod inception_resnet;
mod iresnet;
mod lite;
mod mobilefacenet;
mod options;
mod sphereface;
mod unit;
mod vgg_face;

pub use detector::{DETECTOR_STRIDES, detector};
pub use options::{NetOptions, Normalisation};

use crate::error::TrainError;
use crate::graph::Graph;

type Definition = fn(&str, &NetOptions) -> Result<Graph, TrainError>;

/// Names of networks and what defines them.
const NETWORKS: &[(&str, Definition)] = &[
    ("sphereface-4", sphereface::sphereface),
    ("sphereface-10", sphereface::sphereface),
    ("sphereface-20", sphereface::sphereface),
    ("sphereface-36", sphereface::sphereface),
    ("sphereface-64", sphereface::sphereface),
    ("mobilefacenet", mobilefacenet::mobilefacenet),
    ("mobilefacenet-relu6", mobilefacenet::mobilefacenet),
    ("iresnet-18", iresnet::iresnet),
    ("iresnet-34", iresnet::iresnet),
    ("iresnet-50", iresnet::iresnet),
    ("iresnet-100", iresnet::iresnet),
    ("ghostfacenet", ghostfacenet::ghostfacenet),
    ("deepface", deepface::deepface),
    ("deepid2", deepid::deepid),
    ("deepid2-plus", deepid::deepid),
    ("facenet-nn1", facenet::nn1),
    ("facenet-nn2", facenet::inception),
    ("facenet-nn3", facenet::inception),
    ("facenet-nn4", facenet::inception),
    ("openface-nn4-small2", facenet::inception),
    ("inception-resnet-v1", inception_resnet::inception_resnet),
    ("vgg-face", vgg_face::vgg_face),
    ("casia-10", casia::casia),
    ("lite", lite::lite),
    ("lite-tiny", lite::lite),
];

/// The names of all networks.
#[must_use]
pub fn names() -> Vec<&'static str> {
    NETWORKS.iter().map(|(name, _)| *name).collect()
}

/// The network called `name`, one of [`names`].
///
/// # Errors
/// [`TrainError::UnknownNetwork`]; [`TrainError::Network`] when the options do not suit it, as a
/// size of pictures that its layers shrink to nothing.
pub fn by_name(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    options.check(name)?;
    match NETWORKS.iter().find(|(known, _)| *known == name) {
        Some((name, definition)) => definition(name, options),
        None => Err(TrainError::UnknownNetwork {
            name: name.to_owned(),
            known: names(),
        }),
    }
}
