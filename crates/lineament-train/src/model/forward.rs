//! The forward pass, node by node.

use tch::{Kind, Tensor};

use super::variables::NodeVariables;
use super::{Mode, Model, Precision};
use crate::error::TrainError;
use crate::graph::{Conv, Layer, LocalConv, NodeId, Pool, Rectifier, Shape, Window};

/// How fast running means and variances follow the batches, PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// Least value under the root of L2 pooling: its gradient is infinite at 0.
pub(crate) const LEAST_SQUARE: f64 = 1e-12;

/// Looks at what enters a node.
pub(super) type See<'a> = dyn FnMut(usize, &Tensor) -> Result<(), TrainError> + 'a;

pub(super) fn forward(
    model: &Model,
    pictures: &Tensor,
    mode: Mode,
) -> Result<Vec<Tensor>, TrainError> {
    forward_seen(model, pictures, mode, &mut |_, _| Ok(()))
}

/// As [`forward`]; `see` is shown each node's place and what enters it first.
pub(super) fn forward_seen(
    model: &Model,
    pictures: &Tensor,
    mode: Mode,
    see: &mut See<'_>,
) -> Result<Vec<Tensor>, TrainError> {
    let mut pass = Pass {
        model,
        mode,
        values: Vec::with_capacity(model.graph.nodes().len()),
    };
    pass.values.push(Some(pass.entering(pictures)?));
    for index in 1..model.graph.nodes().len() {
        see(index, pass.value(model.graph.nodes()[index].inputs[0]))?;
        let value = pass.node(index)?;
        pass.values.push(Some(value));
        for input in &model.graph.nodes()[index].inputs {
            if model.last_use[input.index()] == index {
                pass.values[input.index()] = None;
            }
        }
    }
    let outputs = model.graph.outputs().iter();
    Ok(outputs
        .map(|o| pass.value(o.node).shallow_clone())
        .collect())
}

struct Pass<'a> {
    model: &'a Model,
    mode: Mode,
    /// What each node returned; `None` once nothing will read it.
    values: Vec<Option<Tensor>>,
}

impl Pass<'_> {
    /// The pictures as the convolutions want them: channels last, which they are fastest in.
    fn entering(&self, pictures: &Tensor) -> Result<Tensor, TrainError> {
        Ok(channels_last(pictures)?.f_to_kind(self.map_kind())?)
    }

    fn map_kind(&self) -> Kind {
        match self.model.precision {
            Precision::Float => Kind::Float,
            Precision::BFloat16 => Kind::BFloat16,
        }
    }

    fn value(&self, node: NodeId) -> &Tensor {
        // A graph's nodes come after what feeds them, and `last_use` keeps what is read later.
        match &self.values[node.index()] {
            Some(value) => value,
            None => unreachable!("node {} is read after its last use", node.index()),
        }
    }

    fn node(&self, index: usize) -> Result<Tensor, TrainError> {
        let node = &self.model.graph.nodes()[index];
        let inputs: Vec<&Tensor> = node.inputs.iter().map(|&id| self.value(id)).collect();
        let x = inputs[0];
        let training = self.mode == Mode::Train;
        Ok(match (node.layer, &self.model.variables[index]) {
            (Layer::Grey, _) => grey(x)?,
            (Layer::Conv(layer), NodeVariables::Weights { weight, bias }) => {
                conv(x, layer, weight, bias.as_ref())?
            }
            (Layer::LocalConv(local), NodeVariables::Weights { weight, bias }) => {
                local_conv(x, local, node.shape, weight, bias.as_ref())?
            }
            (Layer::Linear(_), NodeVariables::Weights { weight, bias }) => {
                x.f_linear(weight, bias.as_ref())?
            }
            (
                Layer::BatchNorm { eps, .. },
                NodeVariables::BatchNorm {
                    weight,
                    bias,
                    mean,
                    variance,
                },
            ) => x.f_batch_norm(
                Some(weight),
                Some(bias),
                Some(mean),
                Some(variance),
                training,
                MOMENTUM,
                eps,
                true,
            )?,
            (Layer::Rectifier(Rectifier::PRelu), NodeVariables::Slopes(slopes)) => {
                prelu(x, slopes, self.mode)?
            }
            (Layer::Rectifier(Rectifier::Relu), _) => x.f_relu()?,
            (Layer::Rectifier(Rectifier::Relu6), _) => x.f_clamp(0.0, 6.0)?,
            (Layer::Rectifier(Rectifier::HardSigmoid), _) => x.f_hardsigmoid()?,
            (Layer::Pool(pool, window), _) => pooled(x, pool, window)?,
            (Layer::Upsample, _) => {
                let (_, _, height, width) = x.size4()?;
                x.f_upsample_nearest2d([2 * height, 2 * width], None, None)?
            }
            (Layer::GlobalMean, _) => x.f_adaptive_avg_pool2d([1, 1])?,
            (
                Layer::LocalResponse {
                    size,
                    alpha,
                    beta,
                    k,
                },
                _,
            ) => local_response(x, size as i64, alpha, beta, k)?,
            (Layer::Flatten, _) => x.f_flatten(1, -1)?.f_to_kind(Kind::Float)?,
            (Layer::Maxout { pieces }, _) => {
                let shape = [-1, node.shape.numel() as i64, pieces as i64];
                x.f_reshape(shape)?.f_amax([2], false)?
            }
            (Layer::Dropout(probability), _) => x.f_dropout(probability, training)?,
            (Layer::Add, _) => x.f_add(inputs[1])?,
            (Layer::Gate, _) => x.f_mul(inputs[1])?,
            (Layer::Times(factor), _) => x.f_mul_scalar(factor)?,
            (Layer::Concat, _) => Tensor::f_cat(&inputs, 1)?,
            (layer, variables) => unreachable!("{layer:?} with {variables:?}"),
        })
    }
}

fn channels_last(maps: &Tensor) -> Result<Tensor, TrainError> {
    let rows = maps.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

fn conv(
    x: &Tensor,
    layer: Conv,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, TrainError> {
    let (weight, bias) = (weight.f_to_kind(x.kind())?, cast(bias, x.kind())?);
    let (padding, groups) = (pair(layer.window.padding), layer.groups as i64);
    let step = layer.window.stride as i64;
    if layer.window.kernel == [1, 1] && padding == [0, 0] && step > 1 {
        // oneDNN 3.x writes outside its memory in the gradient of such convolutions where there
        // are fewer channels than a vector holds (its issue 6035). Pooling of single pixels leaves
        // out what is stepped over, and unlike a slice keeps the channels last on the way back.
        let seen = x.f_avg_pool2d([1, 1], [step; 2], padding, false, true, None)?;
        return Ok(seen.f_conv2d(&weight, bias, [1, 1], padding, [1, 1], groups)?);
    }
    Ok(x.f_conv2d(&weight, bias, [step; 2], padding, [1, 1], groups)?)
}

fn cast(bias: Option<&Tensor>, kind: Kind) -> Result<Option<Tensor>, TrainError> {
    Ok(bias.map(|bias| bias.f_to_kind(kind)).transpose()?)
}

/// PReLU. On processors libtorch's own takes three times as long backwards as a sum of the parts above
/// and below 0, and only half as long forwards.
fn prelu(x: &Tensor, slopes: &Tensor, mode: Mode) -> Result<Tensor, TrainError> {
    let slopes = slopes.f_to_kind(x.kind())?;
    if mode == Mode::Eval || x.device().is_cuda() {
        return Ok(x.f_prelu(&slopes)?);
    }
    let mut shape = vec![1; x.dim()];
    shape[1] = -1;
    let above = x.f_relu()?;
    let below = x.f_sub(&above)?;
    Ok(above.f_addcmul(&below, &slopes.f_reshape(&shape[..])?)?)
}

fn pair([rows, columns]: [usize; 2]) -> [i64; 2] {
    [rows as i64, columns as i64]
}

/// The weights of red, green and blue in grey (ITU-R BT.601).
pub(crate) const GREY: [f32; 3] = [0.299, 0.587, 0.114];

fn grey(x: &Tensor) -> Result<Tensor, TrainError> {
    let weight = Tensor::f_from_slice(&GREY)?.f_reshape([1, 3, 1, 1])?;
    let weight = weight.f_to_device(x.device())?.f_to_kind(x.kind())?;
    Ok(x.f_conv2d(&weight, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1)?)
}

fn pooled(x: &Tensor, pool: Pool, window: Window) -> Result<Tensor, TrainError> {
    let (kernel, padding) = (pair(window.kernel), pair(window.padding));
    let stride = [window.stride as i64; 2];
    let mean =
        |x: &Tensor, divisor| x.f_avg_pool2d(kernel, stride, padding, window.ceil, true, divisor);
    Ok(match pool {
        Pool::Max => x.f_max_pool2d(kernel, stride, padding, [1, 1], window.ceil)?,
        Pool::Mean => mean(x, None)?,
        Pool::L2 => mean(&x.f_square()?, Some(1))?
            .f_clamp_min(LEAST_SQUARE)?
            .f_sqrt()?,
    })
}

/// Channels as the depth of one volume, so that pooling runs over neighbours; zeros beyond the ends.
fn local_response(
    x: &Tensor,
    size: i64,
    alpha: f64,
    beta: f64,
    k: f64,
) -> Result<Tensor, TrainError> {
    let padding = [0, 0, 0, 0, size / 2, (size - 1) / 2];
    // libtorch pools volumes of floats alone.
    let squares = x.f_to_kind(Kind::Float)?.f_square()?;
    let squares = squares.f_unsqueeze(1)?.f_constant_pad_nd(padding)?;
    let no_padding = [0, 0, 0];
    let mean = squares.f_avg_pool3d([size, 1, 1], [1, 1, 1], no_padding, false, true, None)?;
    let divisor = ((mean.f_squeeze_dim(1)? * alpha) + k).f_pow_tensor_scalar(beta)?;
    Ok(x.f_div(&divisor.f_to_kind(x.kind())?)?)
}

/// The patches of all places as columns, blocks of places multiplied with the weights of each.
fn local_conv(
    x: &Tensor,
    local: LocalConv,
    shape: Shape,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, TrainError> {
    let (rows, columns) = shape.size();
    let share = local.share as i64;
    let (down, across) = (rows as i64 / share, columns as i64 / share);
    let (kernel, stride) = ([local.kernel as i64; 2], [local.stride as i64; 2]);
    let patches = x.f_im2col(kernel, [1, 1], [0, 0], stride)?;
    let (n, length, _) = patches.size3()?;
    let blocks = patches
        .f_reshape([n, length, down, share, across, share])?
        .f_permute([2, 4, 0, 3, 5, 1])?
        .f_reshape([down * across, n * share * share, length])?;
    let mut sums = blocks.f_bmm(&weight.f_to_kind(x.kind())?.f_transpose(1, 2)?)?;
    if let Some(bias) = cast(bias, x.kind())? {
        sums = sums.f_add(&bias.f_unsqueeze(1)?)?;
    }
    Ok(sums
        .f_reshape([down, across, n, share, share, local.out_channels as i64])?
        .f_permute([2, 5, 0, 3, 1, 4])?
        .f_reshape([n, local.out_channels as i64, rows as i64, columns as i64])?)
}
