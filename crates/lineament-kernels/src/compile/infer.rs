//! Shapes of values, and values that do not depend on the input's pixels.

use super::known::{Inputs, Known};
use super::movement;
use crate::constant::{Constant, Data};
use crate::error::KernelError;
use crate::ops::{Activation, Binary, Op, Slide, Window};
use crate::view::{View, broadcast_shape};

/// Most elements of one value: 1 GiB of `f32`.
const MAX_ELEMENTS: usize = 1 << 28;

/// Most elements of a value that is computed at load.
const MAX_FOLDED: usize = 1 << 24;

/// What is known of the output of a node that does `op`.
///
/// # Errors
/// [`KernelError::Inconsistent`] when the shapes do not fit; [`KernelError::Unsupported`];
/// [`KernelError::Limit`].
pub(crate) fn infer(op: &Op, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let known = match op {
        Op::Constant(constant) => constant.clone().into(),
        Op::Identity => inputs.need(0)?.clone(),
        Op::Shape { .. }
        | Op::ConstantOfShape(_)
        | Op::Gather { .. }
        | Op::Unsqueeze { .. }
        | Op::Squeeze { .. }
        | Op::Slice(_)
        | Op::Concat { .. }
        | Op::Reshape
        | Op::Flatten { .. }
        | Op::Transpose { .. }
        | Op::CastToInt
        | Op::CastToFloat => movement::infer(op, inputs)?,
        Op::Conv { window, n_groups } => conv(window, *n_groups, inputs)?,
        Op::BatchNorm { .. } | Op::PRelu => Known::of_shape(inputs.need(0)?.shape.clone()),
        Op::Clip { .. } | Op::Softmax { .. } | Op::LpNormalization { .. } => {
            Known::of_shape(inputs.need(0)?.shape.clone())
        }
        Op::Map(activation) => map(activation, inputs.need(0)?),
        Op::Binary(binary) => pairwise(*binary, inputs)?,
        Op::MaxPool(window) | Op::AveragePool { window, .. } => pool(window, inputs)?,
        Op::GlobalAveragePool => {
            let [n, c, _, _] = inputs.picture(0)?;
            Known::of_shape(vec![n, c, 1, 1])
        }
        Op::Resize(_) => resize(inputs)?,
        Op::Gemm { transposed, .. } => gemm(*transposed, inputs)?,
        Op::MatMul => matmul(inputs)?,
        Op::Reduce { axes, keeps, .. } => {
            let axes = reduced_axes(axes.as_deref(), inputs)?;
            reduce(&inputs.need(0)?.shape, &axes, *keeps)
        }
    };
    if known.constant.is_none() && known.shape.contains(&0) {
        return Err(inputs.node.unsupported("a value without elements"));
    }
    let n = known
        .shape
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if n <= MAX_ELEMENTS => Ok(known),
        n => Err(KernelError::Limit {
            what: "a value with a number of elements",
            limit: MAX_ELEMENTS,
            got: n.unwrap_or(usize::MAX),
        }),
    }
}

fn map(activation: &Activation, input: &Known) -> Known {
    let constant = input.constant.as_ref().and_then(|c| {
        let values = c.as_f32()?;
        let values = values
            .iter()
            .map(|&x| activation.apply(x, activation.slope(0)));
        Some(Constant::new(c.shape.clone(), Data::F32(values.collect())))
    });
    constant.map_or_else(|| Known::of_shape(input.shape.clone()), Known::from)
}

fn pairwise(binary: Binary, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let (a, b) = (inputs.need(0)?, inputs.need(1)?);
    let shape = broadcast_shape(&a.shape, &b.shape).ok_or_else(|| {
        let shapes = format!(
            "the shapes {:?} and {:?} do not broadcast",
            a.shape, b.shape
        );
        inputs.node.inconsistent(shapes)
    })?;
    let (Some(left), Some(right)) = (&a.constant, &b.constant) else {
        return Ok(Known::of_shape(shape));
    };
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if n.is_none_or(|n| n > MAX_FOLDED) {
        return Err(inputs
            .node
            .unsupported("constants that broadcast to more than 2^24 elements"));
    }
    let spread = |c: &Constant| Some(View::whole(&c.shape).broadcast(&shape)?.applied(c));
    let data = match (spread(left).map(|c| c.data), spread(right).map(|c| c.data)) {
        (Some(Data::F32(x)), Some(Data::F32(y))) => {
            let pairs = x.iter().zip(y.iter());
            Data::F32(pairs.map(|(&x, &y)| binary.apply(x, y)).collect())
        }
        (Some(Data::I64(x)), Some(Data::I64(y))) => {
            let pairs = x.iter().zip(y.iter());
            let values: Option<_> = pairs.map(|(&x, &y)| binary.apply_ints(x, y)).collect();
            Data::I64(values.ok_or_else(|| inputs.node.inconsistent("integers overflow"))?)
        }
        _ => {
            return Err(inputs
                .node
                .inconsistent("one input is floats, one integers"));
        }
    };
    Ok(Constant::new(shape, data).into())
}

/// Along height and width, of the picture at input 0.
pub(crate) fn slides(
    window: &Window,
    kernel: [usize; 2],
    inputs: Inputs<'_>,
) -> Result<[Slide; 2], KernelError> {
    let [_, _, height, width] = inputs.picture(0)?;
    let slide = |axis, length| {
        window.slide(axis, length, kernel[axis]).ok_or_else(|| {
            let what = format!("a window {kernel:?} does not fit a picture {height} x {width}");
            inputs.node.inconsistent(what)
        })
    };
    Ok([slide(0, height)?, slide(1, width)?])
}

/// The dense weights of a convolution: `[outputs, inputs of a group, height, width]`.
pub(crate) fn conv_weights(inputs: Inputs<'_>) -> Result<[usize; 4], KernelError> {
    inputs.floats(1)?;
    inputs.picture(1)
}

fn conv(window: &Window, n_groups: usize, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let [batch, channels, _, _] = inputs.picture(0)?;
    let [outputs, group_inputs, kernel_h, kernel_w] = conv_weights(inputs)?;
    let kernel = [kernel_h, kernel_w];
    let stated = window.kernel.is_none_or(|stated| stated == kernel);
    let grouped = group_inputs.checked_mul(n_groups) == Some(channels);
    if !stated || !grouped || !outputs.is_multiple_of(n_groups) || outputs == 0 {
        let what = format!(
            "weights {:?} in {n_groups} groups for {channels} channels",
            [outputs, group_inputs, kernel_h, kernel_w]
        );
        return Err(inputs.node.inconsistent(what));
    }
    if inputs.floats(2)?.is_some_and(|bias| bias.len() != outputs) {
        return Err(inputs
            .node
            .inconsistent("as many biases as outputs expected"));
    }
    let [rows, columns] = slides(window, kernel, inputs)?;
    let shape = vec![batch, outputs, rows.output, columns.output];
    Ok(Known::of_shape(shape))
}

fn pool(window: &Window, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let [batch, channels, _, _] = inputs.picture(0)?;
    let kernel = window.kernel.unwrap_or([1, 1]);
    let slides = slides(window, kernel, inputs)?;
    if let Some(slide) = slides.iter().find(|s| s.before >= s.kernel) {
        let what = format!(
            "a padding of {} around a window of {}",
            slide.before, slide.kernel
        );
        return Err(inputs.node.inconsistent(what));
    }
    let [rows, columns] = slides.map(|slide| slide.output);
    Ok(Known::of_shape(vec![batch, channels, rows, columns]))
}

fn resize(inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let [n, c, h, w] = inputs.picture(0)?;
    let node = inputs.node;
    // Resize-11 and later: X, roi, scales, sizes; before: X, scales.
    let newer = inputs.known.len() > 2;
    let sizes = if newer { inputs.ints(3)? } else { None };
    let (h_out, w_out) = match sizes.as_deref() {
        Some(&[n_out, c_out, h_out, w_out]) if [n_out, c_out] == [n as i64, c as i64] => {
            (usize::try_from(h_out).ok(), usize::try_from(w_out).ok())
        }
        Some(sizes) => return Err(node.unsupported(format!("the sizes {sizes:?}"))),
        None => match inputs.floats(if newer { 2 } else { 1 })? {
            Some(&[1.0, 1.0, y, x]) => (scaled(h, y), scaled(w, x)),
            scales => return Err(node.unsupported(format!("the scales {scales:?}"))),
        },
    };
    match (h_out, w_out) {
        (Some(h), Some(w)) if h > 0 && w > 0 => Ok(Known::of_shape(vec![n, c, h, w])),
        _ => Err(node.unsupported("a size that is no whole number of pixels")),
    }
}

/// `length` times `scale`, where that is a whole number.
fn scaled(length: usize, scale: f32) -> Option<usize> {
    let scaled = length as f32 * scale;
    ((1.0..1e6).contains(&scaled) && scaled.fract() == 0.0).then_some(scaled as usize)
}

fn gemm(transposed: [bool; 2], inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let matrix = |place: usize| {
        let shape = &inputs.need(place)?.shape;
        <[usize; 2]>::try_from(shape.as_slice())
            .map_err(|_| inputs.node.inconsistent(format!("{shape:?} is no matrix")))
    };
    let turned = |[rows, columns]: [usize; 2], is: bool| match is {
        true => [columns, rows],
        false => [rows, columns],
    };
    let [m, k] = turned(matrix(0)?, transposed[0]);
    let [k2, n] = turned(matrix(1)?, transposed[1]);
    if k != k2 || k == 0 {
        let what = format!("matrices [{m}, {k}] and [{k2}, {n}]");
        return Err(inputs.node.inconsistent(what));
    }
    inputs.floats(1)?;
    Ok(Known::of_shape(vec![m, n]))
}

/// A product with a constant matrix; of several, each goes with the left side's matrix at its place.
fn matmul(inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let (a, b) = (&inputs.need(0)?.shape, &inputs.need(1)?.shape);
    inputs.floats(1)?;
    let product = match (a.as_slice(), b.as_slice()) {
        ([outer @ .., rows, k], [places @ .., k2, n]) if k == k2 && *k > 0 => {
            let n_ones = places.iter().take_while(|&&n| n == 1).count();
            let outer = outer
                .ends_with(&places[n_ones..])
                .then(|| broadcast_shape(outer, places));
            outer
                .flatten()
                .map(|outer| [&outer, &[*rows, *n][..]].concat())
        }
        _ => None,
    };
    product.map(Known::of_shape).ok_or_else(|| {
        let what = format!("matrices of shapes {a:?} and {b:?}: neither one on the right nor one for each on the left");
        inputs.node.unsupported(what)
    })
}

/// The axes that a reduction goes over, rising.
pub(crate) fn reduced_axes(
    axes: Option<&[i64]>,
    inputs: Inputs<'_>,
) -> Result<Vec<usize>, KernelError> {
    let rank = inputs.need(0)?.shape.len();
    let from_input = inputs.ints(1)?;
    let Some(axes) = axes.or(from_input.as_deref()) else {
        return Ok((0..rank).collect());
    };
    let mut axes = axes
        .iter()
        .map(|&axis| inputs.axis(axis, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

fn reduce(shape: &[usize], axes: &[usize], keeps: bool) -> Known {
    let lengths = shape.iter().enumerate();
    let left = lengths.filter_map(|(axis, &n)| match (axes.contains(&axis), keeps) {
        (false, _) => Some(n),
        (true, true) => Some(1),
        (true, false) => None,
    });
    Known::of_shape(left.collect())
}
