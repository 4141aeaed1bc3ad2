//! Running numbers for batch normalisation that has none of its features yet.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::variables::NodeVariables;
use super::{Mode, Model, Precision, forward};
use crate::error::TrainError;
use crate::graph::{Layer, NodeId};

impl Model {
    /// Gives the batch normalisations at `nodes` the mean and variance of what enters them over
    /// `batches`, each `[n, 3, height, width]` of preprocessed pictures, and weights and biases with
    /// which the network computes in [`Mode::Eval`] what it did before: a line a·x + c, from then on
    /// with the weight a · √(variance + eps) and the bias c + a · mean. In [`Mode::Train`] it computes
    /// nearly that, as far as a batch is like all of them. Without batches nothing changes.
    ///
    /// This is for weights into which an exporter had folded batch normalisation
    /// ([`import_weights`](crate::onnx::import_weights)).
    ///
    /// # Errors
    /// That of a batch; [`TrainError::Input`]; [`TrainError::Torch`].
    pub fn settle(
        &mut self,
        nodes: &[NodeId],
        batches: impl IntoIterator<Item = Result<Tensor, TrainError>>,
    ) -> Result<(), TrainError> {
        let precision = std::mem::replace(&mut self.precision, Precision::Float);
        let seen = batches.into_iter().try_fold(
            nodes.iter().map(|id| (id.index(), None)).collect(),
            |seen, batch| self.look(seen, &batch?),
        );
        self.precision = precision;
        for (index, moments) in seen? {
            if let Some(moments) = moments {
                self.settle_node(index, &moments)?;
            }
        }
        Ok(())
    }

    fn look(&self, mut seen: Seen, pictures: &Tensor) -> Result<Seen, TrainError> {
        self.check_input(pictures)?;
        let mut see = |index: usize, x: &Tensor| {
            if let Some(moments) = seen.get_mut(&index) {
                let of_batch = Moments::of(x)?;
                *moments = Some(match moments.take() {
                    None => of_batch,
                    Some(before) => before.and(&of_batch)?,
                });
            }
            Ok::<(), TrainError>(())
        };
        tch::no_grad(|| forward::forward_seen(self, pictures, Mode::Eval, &mut see))?;
        Ok(seen)
    }

    fn settle_node(&mut self, index: usize, moments: &Moments) -> Result<(), TrainError> {
        let variables = &mut self.variables[index];
        let Layer::BatchNorm { eps, .. } = self.graph.nodes()[index].layer else {
            unreachable!("only batch normalisation is settled");
        };
        let (factor, offset) = variables.line(eps)?;
        let NodeVariables::BatchNorm {
            weight,
            bias,
            mean,
            variance,
        } = variables
        else {
            unreachable!("batch normalisation has its variables");
        };
        let of_all = moments.squares.f_div_scalar(moments.n)?;
        let deviation = (&of_all + eps).f_sqrt()?;
        let moved = factor.f_mul(&moments.mean)?.f_add(&offset)?;
        tch::no_grad(|| -> Result<(), TrainError> {
            weight.f_copy_(&factor.f_mul(&deviation)?)?;
            bias.f_copy_(&moved)?;
            mean.f_copy_(&moments.mean)?;
            variance.f_copy_(&of_all)?;
            Ok(())
        })
    }
}

/// By the places of nodes; `None` before a batch was seen.
type Seen = BTreeMap<usize, Option<Moments>>;

/// How the numbers of each channel are spread, `[channels]` in f64.
struct Moments {
    n: f64,
    mean: Tensor,
    /// The sum of squared distances from the mean.
    squares: Tensor,
}

impl Moments {
    /// Of features `[n, channels, ..]`.
    fn of(x: &Tensor) -> Result<Self, TrainError> {
        let over: Vec<i64> = (0..x.dim() as i64).filter(|&axis| axis != 1).collect();
        let n = x.numel() as f64 / x.size()[1] as f64;
        let (variance, mean) = x
            .f_to_kind(Kind::Float)?
            .f_var_mean_dim(&over[..], false, false)?;
        Ok(Self {
            n,
            mean: mean.f_to_kind(Kind::Double)?,
            squares: variance.f_to_kind(Kind::Double)?.f_mul_scalar(n)?,
        })
    }

    /// Of both parts together (Chan, Golub and LeVeque, 1979).
    fn and(&self, other: &Self) -> Result<Self, TrainError> {
        let n = self.n + other.n;
        let apart = other.mean.f_sub(&self.mean)?;
        let between = apart.f_square()?.f_mul_scalar(self.n * other.n / n)?;
        Ok(Self {
            n,
            mean: self.mean.f_add(&apart.f_mul_scalar(other.n / n)?)?,
            squares: self.squares.f_add(&other.squares)?.f_add(&between)?,
        })
    }
}
