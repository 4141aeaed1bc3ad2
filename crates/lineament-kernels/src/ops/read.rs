//! Nodes to typed operators.

use super::{
    Activation, Binary, Coordinates, Nearest, Norm, Op, Pads, Reduction, Resize, Sampling,
    SliceBounds, SoftmaxScope, Window,
};
use crate::constant::{Constant, Data};
use crate::error::KernelError;
use crate::graph::{Attribute, Node};

/// Largest window, stride, padding or dilation.
const MAX_WINDOW: i64 = 1 << 12;

/// ONNX's element types for casts.
const TO_FLOAT: i64 = 1;
const TO_INTS: [i64; 2] = [6, 7];

impl Op {
    /// What `node` does.
    ///
    /// # Errors
    /// [`KernelError::Unsupported`].
    pub(crate) fn of(node: &Node, opset: i64) -> Result<Self, KernelError> {
        let map = |activation| Ok(Self::Map(activation));
        match node.operator.as_str() {
            "Constant" => constant(node).map(Self::Constant),
            "Identity" | "Dropout" => Ok(Self::Identity),
            "Shape" => Ok(Self::Shape {
                start: node.int("start", 0),
                end: match node.attributes.get("end") {
                    Some(Attribute::Int(end)) => Some(*end),
                    _ => None,
                },
            }),
            "ConstantOfShape" => Ok(Self::ConstantOfShape(match node.attributes.get("value") {
                Some(Attribute::Tensor(value)) => value.clone(),
                _ => Constant::new(vec![1], Data::F32(vec![0.0].into())),
            })),
            "Gather" => Ok(Self::Gather {
                axis: node.int("axis", 0),
            }),
            "Unsqueeze" => Ok(Self::Unsqueeze { axes: axes(node) }),
            "Squeeze" => Ok(Self::Squeeze { axes: axes(node) }),
            "Slice" => Ok(Self::Slice(node.ints("starts").map(|starts| SliceBounds {
                starts: starts.to_vec(),
                ends: node.ints("ends").unwrap_or_default().to_vec(),
                axes: axes(node),
            }))),
            "Cast" => match node.int("to", 0) {
                TO_FLOAT => Ok(Self::CastToFloat),
                to if TO_INTS.contains(&to) => Ok(Self::CastToInt),
                to => Err(node.unsupported(format!("a cast to the element type {to}"))),
            },
            "Concat" => Ok(Self::Concat {
                axis: node.int("axis", 1),
            }),
            "Reshape" if node.int("allowzero", 0) != 0 => {
                Err(node.unsupported("shapes with dimensions of length zero"))
            }
            "Reshape" => Ok(Self::Reshape),
            "Flatten" => Ok(Self::Flatten {
                axis: node.int("axis", 1),
            }),
            "Transpose" => Ok(Self::Transpose {
                order: transpose_order(node)?,
            }),
            "Conv" => Ok(Self::Conv {
                window: window(node)?,
                n_groups: positive(node, node.int("group", 1))?,
            }),
            "BatchNormalization" if node.int("training_mode", 0) != 0 => {
                Err(node.unsupported("training mode"))
            }
            "BatchNormalization" => Ok(Self::BatchNorm {
                epsilon: node.float("epsilon", 1e-5),
            }),
            "PRelu" => Ok(Self::PRelu),
            "Clip" => Ok(Self::Clip {
                bounds: (opset < 11).then(|| {
                    let (low, high) = (node.float("min", f32::MIN), node.float("max", f32::MAX));
                    (low, high)
                }),
            }),
            "Relu" => map(Activation::Relu),
            "LeakyRelu" => map(Activation::PRelu(vec![node.float("alpha", 0.01)].into())),
            "Sigmoid" => map(Activation::Sigmoid),
            "HardSigmoid" => map(Activation::HardSigmoid {
                alpha: node.float("alpha", 0.2),
                beta: node.float("beta", 0.5),
            }),
            "HardSwish" => map(Activation::HardSwish),
            "Tanh" => map(Activation::Tanh),
            "Exp" => map(Activation::Exp),
            "Sqrt" => map(Activation::Sqrt),
            "Neg" => map(Activation::Neg),
            "Abs" => map(Activation::Abs),
            "Add" => Ok(Self::Binary(Binary::Add)),
            "Sub" => Ok(Self::Binary(Binary::Sub)),
            "Mul" => Ok(Self::Binary(Binary::Mul)),
            "Div" => Ok(Self::Binary(Binary::Div)),
            "Pow" => Ok(Self::Binary(Binary::Pow)),
            "MaxPool" if node.outputs.len() > 1 => Err(node.unsupported("indices of maxima")),
            "MaxPool" => Ok(Self::MaxPool(window(node)?)),
            "AveragePool" => Ok(Self::AveragePool {
                window: window(node)?,
                counts_padding: node.int("count_include_pad", 0) != 0,
            }),
            "GlobalAveragePool" => Ok(Self::GlobalAveragePool),
            "Resize" => resize(node, opset).map(Self::Resize),
            "Upsample" => upsample(node).map(Self::Resize),
            "Gemm" => Ok(Self::Gemm {
                alpha: node.float("alpha", 1.0),
                beta: node.float("beta", 1.0),
                transposed: [node.int("transA", 0) != 0, node.int("transB", 0) != 0],
            }),
            "MatMul" => Ok(Self::MatMul),
            "Softmax" if opset < 13 => Ok(Self::Softmax {
                axis: node.int("axis", 1),
                scope: SoftmaxScope::Rest,
            }),
            "Softmax" => Ok(Self::Softmax {
                axis: node.int("axis", -1),
                scope: SoftmaxScope::Axis,
            }),
            "LpNormalization" => Ok(Self::LpNormalization {
                axis: node.int("axis", -1),
                norm: match node.int("p", 2) {
                    1 => Norm::L1,
                    2 => Norm::L2,
                    p => return Err(node.unsupported(format!("a norm with p = {p}"))),
                },
            }),
            "ReduceMean" => Ok(reduce(node, Reduction::Mean)),
            "ReduceSum" => Ok(reduce(node, Reduction::Sum)),
            "ReduceL2" => Ok(reduce(node, Reduction::L2)),
            _ => Err(node.unsupported("it is not among those known here")),
        }
    }
}

fn axes(node: &Node) -> Option<Vec<i64>> {
    node.ints("axes").map(<[i64]>::to_vec)
}

fn reduce(node: &Node, how: Reduction) -> Op {
    Op::Reduce {
        how,
        axes: axes(node),
        keeps: node.int("keepdims", 1) != 0,
    }
}

fn constant(node: &Node) -> Result<Constant, KernelError> {
    let constant = |shape, data| Ok(Constant::new(shape, data));
    for (name, attribute) in &node.attributes {
        match (name.as_str(), attribute) {
            ("value", Attribute::Tensor(value)) => return Ok(value.clone()),
            ("value_float", Attribute::Float(v)) => {
                return constant(vec![], Data::F32(vec![*v].into()));
            }
            ("value_int", Attribute::Int(v)) => {
                return constant(vec![], Data::I64(vec![*v].into()));
            }
            ("value_ints", Attribute::Ints(v)) => return Ok(Constant::ints(v.clone())),
            ("value_floats", Attribute::Floats(v)) => {
                return constant(vec![v.len()], Data::F32(v.as_slice().into()));
            }
            _ => {}
        }
    }
    Err(node.unsupported("a constant that is neither numbers nor a tensor"))
}

fn transpose_order(node: &Node) -> Result<Option<Vec<usize>>, KernelError> {
    let Some(order) = node.ints("perm") else {
        return Ok(None);
    };
    let order: Option<Vec<usize>> = order.iter().map(|&i| usize::try_from(i).ok()).collect();
    let order = order.ok_or_else(|| node.inconsistent("a negative axis in perm"))?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..order.len()) {
        return Err(node.inconsistent(format!("perm {order:?} is no permutation")));
    }
    Ok(Some(order))
}

fn positive(node: &Node, value: i64) -> Result<usize, KernelError> {
    let value = usize::try_from(value).ok().filter(|&v| v > 0);
    value.ok_or_else(|| node.inconsistent("a setting should be at least 1"))
}

fn window(node: &Node) -> Result<Window, KernelError> {
    let kernel = node.ints("kernel_shape").map(|k| pair(node, k, 1));
    let kernel = kernel.transpose()?;
    if kernel.is_none() && node.operator != "Conv" {
        return Err(node.inconsistent("kernel_shape is missing"));
    }
    let pair_or_ones = |name| node.ints(name).map_or(Ok([1, 1]), |v| pair(node, v, 1));
    Ok(Window {
        kernel,
        strides: pair_or_ones("strides")?,
        dilations: pair_or_ones("dilations")?,
        pads: pads(node)?,
        rounds_up: node.int("ceil_mode", 0) != 0,
    })
}

/// Two numbers of at least `least`.
fn pair(node: &Node, values: &[i64], least: i64) -> Result<[usize; 2], KernelError> {
    let &[a, b] = values else {
        let n = values.len();
        return Err(node.unsupported(format!("{n} spatial dimensions instead of 2")));
    };
    let number = |v: i64| {
        let fits = (least..=MAX_WINDOW).contains(&v);
        let number = usize::try_from(v).ok().filter(|_| fits);
        number.ok_or_else(|| node.inconsistent(format!("a window setting of {v}")))
    };
    Ok([number(a)?, number(b)?])
}

fn pads(node: &Node) -> Result<Pads, KernelError> {
    let none = Pads::Explicit {
        before: [0; 2],
        after: [0; 2],
    };
    match node.text("auto_pad", "NOTSET") {
        "SAME_UPPER" => Ok(Pads::SameUpper),
        "SAME_LOWER" => Ok(Pads::SameLower),
        "VALID" => Ok(none),
        _ => match node.ints("pads") {
            None => Ok(none),
            Some(&[top, left, bottom, right]) => Ok(Pads::Explicit {
                before: pair(node, &[top, left], 0)?,
                after: pair(node, &[bottom, right], 0)?,
            }),
            Some(pads) => Err(node.unsupported(format!("{} pads instead of 4", pads.len()))),
        },
    }
}

fn resize(node: &Node, opset: i64) -> Result<Resize, KernelError> {
    let default = if opset < 11 {
        "asymmetric"
    } else {
        "half_pixel"
    };
    let coordinates = match node.text("coordinate_transformation_mode", default) {
        "half_pixel" => Coordinates::HalfPixel,
        "pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
        "asymmetric" => Coordinates::Asymmetric,
        "align_corners" => Coordinates::AlignCorners,
        other => return Err(node.unsupported(format!("the coordinates {other}"))),
    };
    if node.int("antialias", 0) != 0 || node.ints("axes").is_some() {
        return Err(node.unsupported("antialias and axes"));
    }
    let sampling = match node.text("mode", "nearest") {
        "nearest" => Sampling::Nearest(nearest(node, opset)?),
        "linear" => Sampling::Linear,
        other => return Err(node.unsupported(format!("the mode {other}"))),
    };
    Ok(Resize {
        sampling,
        coordinates,
    })
}

fn nearest(node: &Node, opset: i64) -> Result<Nearest, KernelError> {
    let default = if opset < 11 {
        "floor"
    } else {
        "round_prefer_floor"
    };
    match node.text("nearest_mode", default) {
        "floor" => Ok(Nearest::Floor),
        "ceil" => Ok(Nearest::Ceil),
        "round_prefer_floor" => Ok(Nearest::RoundPreferFloor),
        "round_prefer_ceil" => Ok(Nearest::RoundPreferCeil),
        other => Err(node.unsupported(format!("the nearest mode {other}"))),
    }
}

/// The predecessor of `Resize`, up to opset 9.
fn upsample(node: &Node) -> Result<Resize, KernelError> {
    let sampling = match node.text("mode", "nearest") {
        "nearest" => Sampling::Nearest(Nearest::Floor),
        "linear" => Sampling::Linear,
        other => return Err(node.unsupported(format!("the mode {other}"))),
    };
    Ok(Resize {
        sampling,
        coordinates: Coordinates::Asymmetric,
    })
}
