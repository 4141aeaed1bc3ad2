//! One step's gradients.

use super::metrics::Made;
use crate::data::Batch;
use crate::error::TrainError;
use crate::generator::seeded;
use crate::loss::{Loss, LossInput};
use crate::model::{Mode, Model};
use lineament_eval::Seeded;
use std::collections::BTreeMap;
use std::time::Duration;
use tch::{Device, Tensor};

/// Losses with what each is multiplied by.
pub(super) type Losses = Vec<(f64, Box<dyn Loss>)>;

/// What gradients are taken of.
pub(super) struct Task<'a> {
    pub(super) model: &'a Model,
    pub(super) losses: &'a mut Losses,
    /// Images that go through the network at once; 0: all.
    pub(super) chunk: usize,
    /// Decides dropout.
    pub(super) seed: u64,
    /// Steps of the optimiser before this one.
    pub(super) step: u64,
    /// What gradients are multiplied by.
    pub(super) weight: f64,
}

impl Task<'_> {
    /// Adds the gradients of one batch, `pictures` `[n, 3, h, w]` f32 as the network sees them.
    pub(super) fn add_gradients(
        &mut self,
        pictures: &Tensor,
        batch: &Batch,
    ) -> Result<Made, TrainError> {
        let n = pictures.size()[0];
        match self.chunk {
            chunk if chunk > 0 && (chunk as i64) < n => self.by_chunks(pictures, batch),
            _ => {
                let outputs = self.forward(self.seed, pictures)?;
                self.judge(&outputs, batch)
            }
        }
    }

    /// The loss of the whole batch by forward passes of its chunks without gradients; then each
    /// chunk forward once more, its outputs' gradients known (GradCache: Gao and others 2021).
    /// Batch norm's running numbers see each chunk twice.
    fn by_chunks(&mut self, pictures: &Tensor, batch: &Batch) -> Result<Made, TrainError> {
        let chunks = pictures.split(self.chunk as i64, 0);
        let parts: Result<Vec<_>, _> = tch::no_grad(|| {
            let each = chunks.iter().enumerate();
            each.map(|(i, chunk)| self.forward_chunk(i, chunk))
                .collect()
        });
        let parts = parts?;
        let n_outputs = parts.first().map_or(0, Vec::len);
        let whole = |o: usize| {
            let pieces: Vec<_> = parts.iter().map(|p| p[o].shallow_clone()).collect();
            Tensor::cat(&pieces, 0).detach().set_requires_grad(true)
        };
        let outputs: Vec<Tensor> = (0..n_outputs).map(whole).collect();
        let made = self.judge(&outputs, batch)?;
        for (i, chunk) in chunks.iter().enumerate() {
            let first = (i * self.chunk) as i64;
            let mut pull = Tensor::zeros([], (tch::Kind::Float, pictures.device()));
            for (output, whole) in self.forward_chunk(i, chunk)?.iter().zip(&outputs) {
                let gradient = whole.grad();
                if gradient.defined() {
                    let gradient = gradient.narrow(0, first, chunk.size()[0]);
                    pull += (output * gradient).sum(tch::Kind::Float);
                }
            }
            if pull.requires_grad() {
                pull.f_backward()?;
            }
        }
        Ok(made)
    }

    fn forward_chunk(&self, i: usize, chunk: &Tensor) -> Result<Vec<Tensor>, TrainError> {
        self.forward(mixed(self.seed, i as u64), chunk)
    }

    /// Dropout draws by the seed.
    fn forward(&self, seed: u64, pictures: &Tensor) -> Result<Vec<Tensor>, TrainError> {
        let _generator = seeded(seed);
        self.model.forward(pictures, Mode::Train)
    }

    fn judge(&mut self, outputs: &[Tensor], batch: &Batch) -> Result<Made, TrainError> {
        let device = outputs.first().map_or(Device::Cpu, Tensor::device);
        let labels = batch.labels.to_device(device);
        let teacher = batch.teacher.as_ref().map(|t| t.to_device(device));
        let input = LossInput {
            outputs,
            labels: &labels,
            step: self.step,
            teacher: teacher.as_ref(),
        };
        let mut total: Option<Tensor> = None;
        let mut parts = BTreeMap::new();
        let mut accuracy = None;
        for (weight, loss) in self.losses.iter_mut() {
            let output = loss.compute(&input)?;
            accuracy = accuracy.or_else(|| output.accuracy(&labels));
            for (name, value) in &output.parts {
                insert_new(&mut parts, name, *value);
            }
            let weighted = output.total * *weight;
            total = Some(total.map_or_else(|| weighted.shallow_clone(), |t| t + &weighted));
        }
        let loss = total.as_ref().map_or(0.0, |t| t.double_value(&[]));
        if let Some(total) = total.filter(|t| loss.is_finite() && t.requires_grad()) {
            (total * self.weight).f_backward()?;
        }
        let n_labelled = batch.labels.ge(0).sum(tch::Kind::Int64).int64_value(&[]);
        Ok(Made {
            loss,
            parts,
            accuracy: accuracy.map(|share| (share, n_labelled as f64)),
            n_images: batch.indices.len() as u64,
            n_replaced: batch.n_replaced as u64,
            waited: Duration::ZERO,
        })
    }
}

/// Losses of one kind, of several outputs say, are told apart by a number.
fn insert_new(parts: &mut BTreeMap<String, f64>, name: &str, value: f64) {
    let numbered = (2..).map(|i| format!("{name} {i}"));
    let free = std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|n| !parts.contains_key(n));
    parts.extend(free.map(|name| (name, value)));
}

/// A seed that belongs to `place` under `seed`.
pub(crate) fn mixed(seed: u64, place: u64) -> u64 {
    Seeded::new(Seeded::new(seed).bits() ^ place).bits()
}
