//! Layers that ONNX has no operator for, or that engines lack.

use tch::Tensor;

use super::writer::{Attribute, Writer};
use crate::error::TrainError;
use crate::graph::{LocalConv, Shape};
use crate::model::NodeVariables;

/// A locally connected layer: one slice for each place in the kernel, which together are the
/// patches of all places, times the weights of each block of places.
pub(super) fn local_conv(
    writer: &mut Writer,
    name: &str,
    x: &str,
    layer: LocalConv,
    (from, to): (Shape, Shape),
    variables: &NodeVariables,
) -> Result<String, TrainError> {
    let NodeVariables::Weights {
        weight,
        bias: Some(bias),
    } = variables
    else {
        unreachable!("a locally connected layer has weights and biases");
    };
    let within = |part: &str| format!("{name}.{part}");
    let (rows, columns) = to.size();
    let [rows, columns, share, kernel, out] =
        [rows, columns, layer.share, layer.kernel, layer.out_channels].map(|n| n as i64);
    let length = from.channels() as i64 * kernel * kernel;
    let (down, across) = (rows / share, columns / share);

    let patches = patches(writer, name, x, layer, (rows, columns));
    let split = [0, length, down, share, across, share];
    let blocks = reshape(writer, &within("split"), &patches, &split);
    let blocks = transpose(writer, &within("blocks"), &blocks, &[2, 4, 0, 3, 5, 1]);
    let blocks = reshape(
        writer,
        &within("rows"),
        &blocks,
        &[down * across, -1, length],
    );

    // Slices come with their channels innermost, libtorch's patches with them outermost.
    let weight = weight
        .f_detach()?
        .f_reshape([down * across, out, from.channels() as i64, kernel * kernel])?
        .f_permute([0, 3, 2, 1])?
        .f_reshape([down * across, length, out])?;
    let weight = writer.weight(&within("weight"), &weight)?;
    let bias: Tensor = bias.f_detach()?.f_unsqueeze(1)?;
    let bias = writer.floats(&within("bias"), &bias)?;
    let sums = writer.node("MatMul", &[&blocks, &weight], &within("products"), &[]);
    let sums = writer.node("Add", &[&sums, &bias], &within("sums"), &[]);

    let split = [down, across, -1, share, share, out];
    let maps = reshape(writer, &within("places"), &sums, &split);
    let maps = transpose(writer, &within("maps"), &maps, &[2, 5, 0, 3, 1, 4]);
    Ok(reshape(writer, name, &maps, &[0, out, rows, columns]))
}

/// `[n, kernel · kernel · channels, rows, columns]`.
fn patches(
    writer: &mut Writer,
    name: &str,
    x: &str,
    layer: LocalConv,
    (rows, columns): (i64, i64),
) -> String {
    let stride = layer.stride as i64;
    let axes = writer.ints(&format!("{name}.axes"), &[2, 3]);
    let steps = writer.ints(&format!("{name}.steps"), &[stride; 2]);
    let mut slices = vec![];
    for row in 0..layer.kernel as i64 {
        for column in 0..layer.kernel as i64 {
            let slice = format!("{name}.slice{row}_{column}");
            let starts = writer.ints(&format!("{slice}.starts"), &[row, column]);
            let ends = [
                row + (rows - 1) * stride + 1,
                column + (columns - 1) * stride + 1,
            ];
            let ends = writer.ints(&format!("{slice}.ends"), &ends);
            slices.push(writer.node("Slice", &[x, &starts, &ends, &axes, &steps], &slice, &[]));
        }
    }
    let slices: Vec<&str> = slices.iter().map(String::as_str).collect();
    writer.node(
        "Concat",
        &slices,
        &format!("{name}.patches"),
        &[("axis", Attribute::Int(1))],
    )
}

/// Normalisation by neighbouring channels, (size, alpha, beta, k): means over channels laid out as
/// rows. ONNX's own `LRN` is missing in some engines.
pub(super) fn local_response(
    writer: &mut Writer,
    name: &str,
    x: &str,
    shape: Shape,
    (size, alpha, beta, k): (usize, f64, f64, f64),
) -> String {
    let within = |part: &str| format!("{name}.{part}");
    let (channels, (height, width)) = (shape.channels() as i64, shape.size());
    let size = size as i64;
    let squares = writer.node("Mul", &[x, x], &within("squares"), &[]);
    let flat = [0, 1, channels, (height * width) as i64];
    let squares = reshape(writer, &within("rows"), &squares, &flat);
    let attributes = [
        ("kernel_shape", Attribute::Ints(&[size, 1])),
        ("strides", Attribute::Ints(&[1, 1])),
        ("pads", Attribute::Ints(&[size / 2, 0, (size - 1) / 2, 0])),
        ("count_include_pad", Attribute::Int(1)),
    ];
    let mean = writer.node("AveragePool", &[&squares], &within("mean"), &attributes);
    let maps = [0, channels, height as i64, width as i64];
    let mean = reshape(writer, &within("maps"), &mean, &maps);
    let mut divisor = mean;
    for (operator, part, value) in [
        ("Mul", "alpha", alpha),
        ("Add", "k", k),
        ("Pow", "beta", beta),
    ] {
        let constant = writer.scalar(&within(part), value);
        let result = format!("{name}.by_{part}");
        divisor = writer.node(operator, &[&divisor, &constant], &result, &[]);
    }
    writer.node("Div", &[x, &divisor], name, &[])
}

fn reshape(writer: &mut Writer, name: &str, x: &str, shape: &[i64]) -> String {
    let shape = writer.ints(&format!("{name}.shape"), shape);
    writer.node("Reshape", &[x, &shape], name, &[])
}

fn transpose(writer: &mut Writer, name: &str, x: &str, order: &[i64]) -> String {
    writer.node("Transpose", &[x], name, &[("perm", Attribute::Ints(order))])
}
