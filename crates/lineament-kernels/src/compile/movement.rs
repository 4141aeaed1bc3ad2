//! Shapes and constants through the operators that only move or count elements.

use std::sync::Arc;

use super::known::{Inputs, Known};
use crate::constant::{Constant, Data};
use crate::error::KernelError;
use crate::ops::{Op, SliceBounds};
use crate::view::View;

pub(super) fn infer(op: &Op, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    match op {
        Op::Shape { start, end } => shape(*start, *end, inputs),
        Op::ConstantOfShape(value) => filled(value, inputs),
        Op::Gather { axis } => gather(*axis, inputs),
        Op::Unsqueeze { axes } => unsqueeze(axes.as_deref(), inputs),
        Op::Squeeze { axes } => squeeze(axes.as_deref(), inputs),
        Op::Slice(bounds) => {
            let view = slice_view(bounds.as_ref(), inputs)?;
            Ok(seen(&view, inputs.need(0)?))
        }
        Op::Concat { axis } => concat(*axis, inputs),
        Op::Reshape => reshape(inputs),
        Op::Flatten { axis } => flatten(*axis, inputs),
        Op::Transpose { order } => {
            let view = transpose_view(order.as_deref(), inputs)?;
            Ok(seen(&view, inputs.need(0)?))
        }
        Op::CastToInt => cast(inputs, |data| match data {
            Data::F32(v) => Data::I64(v.iter().map(|&x| x as i64).collect()),
            Data::I64(v) => Data::I64(Arc::clone(v)),
        }),
        Op::CastToFloat => cast(inputs, |data| match data {
            Data::I64(v) => Data::F32(v.iter().map(|&x| x as f32).collect()),
            Data::F32(v) => Data::F32(Arc::clone(v)),
        }),
        _ => Err(inputs.node.unsupported("it moves no elements")),
    }
}

fn seen(view: &View, input: &Known) -> Known {
    match &input.constant {
        Some(constant) => view.applied(constant).into(),
        None => Known::of_shape(view.shape.clone()),
    }
}

fn cast(inputs: Inputs<'_>, cast: impl Fn(&Data) -> Data) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    Ok(match &input.constant {
        Some(c) => Constant::new(c.shape.clone(), cast(&c.data)).into(),
        None => return Err(inputs.node.unsupported("a cast of what is computed")),
    })
}

fn shape(start: i64, end: Option<i64>, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let shape = &inputs.need(0)?.shape;
    let rank = shape.len() as i64;
    let clamp = |at: i64| (if at < 0 { at + rank } else { at }).clamp(0, rank) as usize;
    let (start, end) = (clamp(start), clamp(end.unwrap_or(rank)));
    let lengths = shape.get(start..end).unwrap_or_default();
    Ok(Constant::ints(lengths.iter().map(|&n| n as i64).collect()).into())
}

/// `n` as an element count of a constant that is made at load, within reason.
fn modest(n: Option<usize>, inputs: Inputs<'_>) -> Result<usize, KernelError> {
    let modest = n.filter(|&n| n <= 1 << 24);
    modest.ok_or_else(|| {
        inputs
            .node
            .unsupported("a constant of more than 2^24 elements")
    })
}

fn filled(value: &Constant, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let shape = lengths(&inputs.ints(0)?.unwrap_or_default(), inputs)?;
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let n = modest(n, inputs)?;
    let one = || {
        inputs
            .node
            .inconsistent("the value should be a single number")
    };
    let data = match &value.data {
        Data::F32(v) => Data::F32(vec![*v.first().ok_or_else(one)?; n].into()),
        Data::I64(v) => Data::I64(vec![*v.first().ok_or_else(one)?; n].into()),
    };
    Ok(Constant::new(shape, data).into())
}

fn lengths(values: &[i64], inputs: Inputs<'_>) -> Result<Vec<usize>, KernelError> {
    let lengths = values.iter().map(|&v| usize::try_from(v).ok());
    let lengths: Option<Vec<usize>> = lengths.collect();
    lengths.ok_or_else(|| inputs.node.inconsistent(format!("a shape of {values:?}")))
}

/// Which places of the axis a `Gather` takes; and whether the axis stays.
fn gathered(axis: usize, inputs: Inputs<'_>) -> Result<(Vec<usize>, bool), KernelError> {
    let indices = inputs.need(1)?;
    let length = inputs.need(0)?.shape[axis];
    let places = inputs.ints(1)?.unwrap_or_default();
    let places: Result<Vec<usize>, _> = places.iter().map(|&i| inputs.axis(i, length)).collect();
    match indices.shape.len() {
        0 => Ok((places?, false)),
        1 => Ok((places?, true)),
        n => Err(inputs
            .node
            .unsupported(format!("indices of {n} dimensions"))),
    }
}

fn gather(axis: i64, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    let axis = inputs.axis(axis, input.shape.len())?;
    let (places, stays) = gathered(axis, inputs)?;
    let taken: Vec<Known> = places
        .iter()
        .map(|&at| seen(&View::whole(&input.shape).sliced(axis, at, 1, 1), input))
        .collect();
    if let (Some(constant), true) = (input.constant.as_ref(), taken.len() != 1) {
        let parts: Option<Vec<&Constant>> = taken.iter().map(|k| k.constant.as_ref()).collect();
        let mut shape = constant.shape.clone();
        shape[axis] = places.len();
        let joined = joined(&parts.unwrap_or_default(), axis, shape);
        return joined
            .map(Known::from)
            .ok_or_else(|| inputs.node.unsupported("a gathering of nothing"));
    }
    let [taken] = taken.as_slice() else {
        return Err(inputs
            .node
            .unsupported("several places of what is computed"));
    };
    let mut shape = taken.shape.clone();
    if !stays {
        shape.remove(axis);
    }
    Ok(taken.reshaped(shape))
}

/// What a `Gather` of one place is of its input, as a view with the axis still there.
pub(super) fn gather_view(axis: i64, inputs: Inputs<'_>) -> Result<View, KernelError> {
    let shape = &inputs.need(0)?.shape;
    let axis = inputs.axis(axis, shape.len())?;
    let (places, _) = gathered(axis, inputs)?;
    let &[at] = places.as_slice() else {
        return Err(inputs
            .node
            .unsupported("several places of what is computed"));
    };
    Ok(View::whole(shape).sliced(axis, at, 1, 1))
}

fn unsqueeze(axes: Option<&[i64]>, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    let from_input = inputs.ints(1)?;
    let axes = axes.or(from_input.as_deref()).unwrap_or_default();
    let rank = input.shape.len() + axes.len();
    let mut axes = axes
        .iter()
        .map(|&axis| inputs.axis(axis, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    let mut shape = input.shape.clone();
    for axis in axes {
        if axis > shape.len() {
            return Err(inputs.node.inconsistent("an axis is named twice"));
        }
        shape.insert(axis, 1);
    }
    Ok(input.reshaped(shape))
}

fn squeeze(axes: Option<&[i64]>, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    let rank = input.shape.len();
    let from_input = inputs.ints(1)?;
    let gone: Vec<usize> = match axes.or(from_input.as_deref()) {
        Some(axes) => {
            let axes = axes.iter().map(|&axis| inputs.axis(axis, rank));
            axes.collect::<Result<_, _>>()?
        }
        None => (0..rank).filter(|&axis| input.shape[axis] == 1).collect(),
    };
    if gone.iter().any(|&axis| input.shape[axis] != 1) {
        return Err(inputs
            .node
            .inconsistent("an axis longer than 1 is squeezed"));
    }
    let left = (0..rank).filter(|axis| !gone.contains(axis));
    Ok(input.reshaped(left.map(|axis| input.shape[axis]).collect()))
}

/// What a `Transpose` is of its input.
pub(super) fn transpose_view(
    order: Option<&[usize]>,
    inputs: Inputs<'_>,
) -> Result<View, KernelError> {
    let shape = &inputs.need(0)?.shape;
    let reversed: Vec<usize> = (0..shape.len()).rev().collect();
    let order = order.unwrap_or(&reversed);
    if order.len() != shape.len() {
        let what = format!("perm {order:?} of a tensor of shape {shape:?}");
        return Err(inputs.node.inconsistent(what));
    }
    Ok(View::whole(shape).transposed(order))
}

/// What a `Slice` is of its input.
pub(super) fn slice_view(
    bounds: Option<&SliceBounds>,
    inputs: Inputs<'_>,
) -> Result<View, KernelError> {
    let shape = &inputs.need(0)?.shape;
    let from_inputs;
    let bounds = match bounds {
        Some(bounds) => bounds,
        None => {
            from_inputs = SliceBounds {
                starts: inputs.ints(1)?.unwrap_or_default(),
                ends: inputs.ints(2)?.unwrap_or_default(),
                axes: inputs.ints(3)?,
            };
            &from_inputs
        }
    };
    let steps = inputs.ints(4)?;
    let n = bounds.starts.len();
    let axes: Vec<i64> = bounds
        .axes
        .clone()
        .unwrap_or_else(|| (0..n as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; n]);
    if bounds.ends.len() != n || axes.len() != n || steps.len() != n {
        return Err(inputs.node.inconsistent("bounds of different counts"));
    }
    let mut view = View::whole(shape);
    for (((&start, &end), &axis), &step) in bounds
        .starts
        .iter()
        .zip(&bounds.ends)
        .zip(&axes)
        .zip(&steps)
    {
        let axis = inputs.axis(axis, shape.len())?;
        let length = view.shape[axis] as i64;
        if step <= 0 {
            return Err(inputs.node.unsupported("a slice that goes backwards"));
        }
        let clamp = |at: i64| {
            (if at < 0 {
                at.saturating_add(length)
            } else {
                at
            })
            .clamp(0, length)
        };
        let (start, end) = (clamp(start), clamp(end));
        let taken = (end - start).max(0) as u64;
        let taken = taken.div_ceil(step.cast_unsigned()) as usize;
        view = view.sliced(
            axis,
            start as usize,
            step.min(length.max(1)) as isize,
            taken,
        );
    }
    Ok(view)
}

fn concat(axis: i64, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let first = inputs.need(0)?;
    let axis = inputs.axis(axis, first.shape.len())?;
    let mut shape = first.shape.clone();
    let mut parts = Vec::new();
    shape[axis] = 0;
    for place in 0..inputs.known.len() {
        let part = inputs.need(place)?;
        let fits = part.shape.len() == shape.len();
        let others = |s: &[usize]| [&s[..axis], &s[axis + 1..]].concat();
        if !fits || others(&part.shape) != others(&shape) {
            let what = format!("{:?} is joined to {:?}", part.shape, first.shape);
            return Err(inputs.node.inconsistent(what));
        }
        shape[axis] = shape[axis].saturating_add(part.shape[axis]);
        parts.extend(part.constant.as_ref());
    }
    if parts.len() < inputs.known.len() {
        return Ok(Known::of_shape(shape));
    }
    joined(&parts, axis, shape)
        .map(Known::from)
        .ok_or_else(|| inputs.node.inconsistent("floats are joined to integers"))
}

fn joined(parts: &[&Constant], axis: usize, shape: Vec<usize>) -> Option<Constant> {
    let outer: usize = shape[..axis].iter().product();
    let data = match parts.first()?.data {
        Data::F32(_) => {
            let parts: Option<Vec<&[f32]>> =
                parts.iter().map(|c| c.as_f32().map(|v| &**v)).collect();
            Data::F32(interleaved(&parts?, outer).into())
        }
        Data::I64(_) => {
            let parts: Option<Vec<&[i64]>> = parts.iter().map(|c| c.as_i64()).collect();
            Data::I64(interleaved(&parts?, outer).into())
        }
    };
    Some(Constant::new(shape, data))
}

/// One `outer`-th of each part after another, `outer` times.
fn interleaved<T: Copy>(parts: &[&[T]], outer: usize) -> Vec<T> {
    let mut joined = Vec::with_capacity(parts.iter().map(|p| p.len()).sum());
    for i in 0..outer {
        for part in parts {
            let n = part.len() / outer;
            joined.extend_from_slice(&part[i * n..(i + 1) * n]);
        }
    }
    joined
}

fn reshape(inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    let wanted = inputs.ints(1)?.unwrap_or_default();
    let total: usize = input.shape.iter().product();
    let mut shape = Vec::new();
    let mut open = None;
    for (axis, &length) in wanted.iter().enumerate() {
        match length {
            -1 if open.is_none() => {
                open = Some(axis);
                shape.push(1);
            }
            0 if axis < input.shape.len() => shape.push(input.shape[axis]),
            _ => shape.extend(lengths(&[length], inputs)?),
        }
    }
    let stated = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if let (Some(axis), Some(stated @ 1..)) = (open, stated) {
        shape[axis] = total / stated;
    }
    if shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) != Some(total) {
        let what = format!("{:?} cannot take the shape {wanted:?}", input.shape);
        return Err(inputs.node.inconsistent(what));
    }
    Ok(input.reshaped(shape))
}

fn flatten(axis: i64, inputs: Inputs<'_>) -> Result<Known, KernelError> {
    let input = inputs.need(0)?;
    let rank = input.shape.len();
    let axis = match axis {
        _ if axis == rank as i64 => rank,
        _ => inputs.axis(axis, rank)?,
    };
    let (rows, columns) = input.shape.split_at(axis);
    Ok(input.reshaped(vec![rows.iter().product(), columns.iter().product()]))
}
