//! The cases of the golden file: networks of an operator or a few, with inputs, and the outputs of onnxruntime.

use serde_json::Value;

pub(crate) fn cases() -> Vec<Value> {
    let golden: Value =
        serde_json::from_str(include_str!("../../../../reference/golden/kernels.json")).unwrap();
    golden["cases"].as_array().unwrap().clone()
}

/// A case's file.
pub(crate) fn onnx(case: &Value) -> Vec<u8> {
    base64(case["onnx_base64"].as_str().unwrap())
}

/// Shape and values of a tensor.
pub(crate) fn tensor(value: &Value) -> (Vec<usize>, Vec<f32>) {
    let numbers = |v: &Value| v.as_array().unwrap().clone();
    let shape = numbers(&value["shape"]);
    let shape = shape.iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let values = numbers(&value["values"]);
    (
        shape,
        values.iter().map(|n| n.as_f64().unwrap() as f32).collect(),
    )
}

/// RFC 4648, which the golden files use; padding ends the text.
fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let text: Vec<u8> = text.bytes().filter(|&c| c != b'=').collect();
    let group = |group: &[u8]| {
        let bits = group
            .iter()
            .fold(0u32, |bits, &c| bits << 6 | u32::from(digit(c)));
        let bits = bits << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    text.chunks(4).flat_map(group).collect()
}
