//! The matrix of class weights that heads share.

use tch::Tensor;
use tch::nn::{Init, Path};

/// Standard deviation of initial weights whose length does not matter. Source: the code of Deng et
/// al., CVPR 2019.
const DEVIATION: f64 = 0.01;

/// Rows to be normalised, `[n_rows, dim]`, from N(0, 0.01²).
pub(super) fn directions(path: &Path<'_>, n_rows: i64, dim: i64) -> Tensor {
    let init = Init::Randn {
        mean: 0.0,
        stdev: DEVIATION,
    };
    path.var("weight", &[n_rows, dim], init)
}

/// Rows whose length counts, `[n_rows, dim]`, uniform with a variance of 1/dim (Glorot and Bengio
/// 2010, with the fan-in alone, as in Caffe).
pub(super) fn weights(path: &Path<'_>, n_rows: i64, dim: i64) -> Tensor {
    let bound = (3.0 / dim as f64).sqrt();
    let init = Init::Uniform {
        lo: -bound,
        up: bound,
    };
    path.var("weight", &[n_rows, dim], init)
}
