//! A teacher that runs where the student is trained.

use super::config::{Channels, InputConfig, TeacherNetworkConfig};
use super::device::Choice;
use super::export::{TOLERANCE, apart};
use crate::data::{TargetViews, teacher};
use crate::error::TrainError;
use crate::generator::seeded;
use crate::model::{Mode, Model};
use crate::nets::{self, NetOptions};
use crate::onnx::import_weights;
use lineament_runtime::{InputSize, InputSpec, TensorLayout};
use tch::{Device, Kind, Tensor};

/// Images that go through the teacher at once.
const PIECE: i64 = 256;

/// A teacher's network with the weights of its model file, on the device and in the numbers of the
/// student, asked about every batch as the student sees it.
pub(super) struct TeacherNetwork {
    model: Model,
    input: InputConfig,
    sha256: String,
    views: TargetViews,
}

impl TeacherNetwork {
    /// The network for a student that sees `student`.
    ///
    /// # Errors
    /// [`TrainError::TeacherNetwork`] where there is no such network or model, the file does not fit the
    /// network or computes something else, or it takes images of another size.
    pub(super) fn open(
        config: &TeacherNetworkConfig,
        views: TargetViews,
        student: &InputConfig,
        choice: &Choice,
    ) -> Result<Self, TrainError> {
        Self::read(config, views, student, choice).map_err(|source| TrainError::TeacherNetwork {
            path: config.model.clone(),
            source: Box::new(source),
        })
    }

    fn read(
        config: &TeacherNetworkConfig,
        views: TargetViews,
        student: &InputConfig,
        choice: &Choice,
    ) -> Result<Self, TrainError> {
        let file = teacher::find(&config.model)?;
        let input = input(&file.manifest.input, student)?;
        let options = NetOptions {
            input: Some((input.height as usize, input.width as usize)),
            ..config.options
        };
        let graph = nets::by_name(&config.name, &options)?;
        let mut model = Model::new(&graph, choice.device, 0)?;
        let onnx = file.bytes()?;
        import_weights(&mut model, &onnx)?;
        let got = apart(
            &model,
            &file.manifest.name,
            &onnx,
            &[noise(&input, choice.device)],
        )?;
        if got.is_nan() || got > TOLERANCE {
            return Err(TrainError::OtherNetwork {
                network: config.name.clone(),
                got,
                limit: TOLERANCE,
            });
        }
        model.set_precision(choice.precision);
        Ok(Self {
            model,
            input,
            sha256: file.manifest.sha256.to_string(),
            views,
        })
    }

    /// The SHA-256 of the model file, in hexadecimal digits.
    pub(super) fn model_sha256(&self) -> &str {
        &self.sha256
    }

    /// What a student that sees `images`, `[n, 3, h, w]` u8 RGB on its device, is to say of them:
    /// `[n, dimension]` f32, as the network gives it.
    pub(super) fn ask(&self, images: &Tensor) -> Result<Tensor, TrainError> {
        let told: Result<Vec<Tensor>, TrainError> = tch::no_grad(|| {
            let pieces = images.split(PIECE, 0);
            let pieces = pieces.iter().map(|piece| self.input.preprocess(piece));
            pieces.map(|piece| self.target(&piece)).collect()
        });
        Ok(Tensor::f_cat(&told?, 0)?)
    }

    fn target(&self, seen: &Tensor) -> Result<Tensor, TrainError> {
        let of = |seen: &Tensor| Ok(self.model.forward(seen, Mode::Eval)?.swap_remove(0));
        match self.views {
            TargetViews::Seen => of(seen),
            TargetViews::Both => Ok(of(seen)? + of(&seen.flip([3]))?),
        }
    }
}

/// How the teacher sees the student's images.
fn input(spec: &InputSpec, student: &InputConfig) -> Result<InputConfig, TrainError> {
    let (width, height) = (student.width, student.height);
    let size = InputSize::Fixed { width, height };
    if spec.layout != TensorLayout::Nchw || spec.size != size {
        return Err(TrainError::Argument {
            what: "the student's input, which the teacher sees too",
            expected: format!("the teacher's {} (teacher.features takes any)", spec.size),
            got: format!("{width}×{height}, channels first"),
        });
    }
    let channels = match spec.channels {
        lineament_runtime::Channels::Rgb => Channels::Rgb,
        lineament_runtime::Channels::Bgr => Channels::Bgr,
    };
    Ok(InputConfig {
        channels,
        mean: spec.mean,
        std: spec.std,
        ..student.clone()
    })
}

/// Four pictures of noise as the network sees them, always the same.
fn noise(input: &InputConfig, device: Device) -> Tensor {
    let shape = [4, 3, i64::from(input.height), i64::from(input.width)];
    let _generator = seeded(0);
    let samples = Tensor::randint(256, shape, (Kind::Float, Device::Cpu));
    input.preprocess(&samples.to_device(device))
}
