//! `TensorProto` to constants.

use super::floats_of;
use super::wire::{Message, Wire, damaged};
use crate::constant::{Constant, Data};
use crate::error::KernelError;

/// Most dimensions of a tensor.
const MAX_RANK: usize = 8;

/// ONNX's numbers for element types.
const FLOAT: i64 = 1;
const INT32: i64 = 6;
const INT64: i64 = 7;
const BOOL: i64 = 9;
const DOUBLE: i64 = 11;

/// The name and content of a `TensorProto`. Integers and truth values become `i64`, doubles
/// `f32`, which is all that this crate computes with.
pub(super) fn constant(message: Message<'_>) -> Result<(&str, Constant), KernelError> {
    let mut raw = Raw::default();
    for field in message.fields() {
        let field = field?;
        match (field.number, field.value) {
            (1, Wire::Bytes(packed)) => {
                for varint in packed.varints() {
                    raw.shape.push(length(message, varint?.cast_signed())?);
                }
            }
            (1, _) => raw.shape.push(length(message, field.int()?)?),
            (2, _) => raw.kind = field.int()?,
            (4, Wire::Bytes(packed)) => raw.floats.extend(floats_of(packed)?),
            (4, _) => raw.floats.push(field.float()?),
            (5 | 7, Wire::Bytes(packed)) => {
                for varint in packed.varints() {
                    raw.ints.push(varint?.cast_signed());
                }
            }
            (5 | 7, _) => raw.ints.push(field.int()?),
            (8, _) => raw.name = field.text()?,
            (9, _) => raw.bytes = Some(field.message()?.bytes()),
            (13, _) => {
                return Err(damaged(
                    field.at,
                    "weights in another file are not read here",
                ));
            }
            _ => {}
        }
        if raw.shape.len() > MAX_RANK {
            return Err(damaged(field.at, "a tensor of more than 8 dimensions"));
        }
    }
    let name = raw.name;
    Ok((name, raw.finish(message.at())?))
}

fn length(message: Message<'_>, length: i64) -> Result<usize, KernelError> {
    usize::try_from(length).map_err(|_| damaged(message.at(), "a negative length"))
}

/// The fields of a `TensorProto` as they stand in the file.
#[derive(Default)]
struct Raw<'a> {
    name: &'a str,
    shape: Vec<usize>,
    kind: i64,
    floats: Vec<f32>,
    ints: Vec<i64>,
    bytes: Option<&'a [u8]>,
}

impl Raw<'_> {
    fn finish(self, at: usize) -> Result<Constant, KernelError> {
        let data = match (self.kind, self.bytes) {
            (FLOAT, None) => Data::F32(self.floats.into()),
            (FLOAT, Some(bytes)) => Data::F32(numbers(bytes, f32::from_le_bytes)),
            (DOUBLE, Some(bytes)) => Data::F32(numbers(bytes, |b| f64::from_le_bytes(b) as f32)),
            (INT32 | INT64 | BOOL, None) => Data::I64(self.ints.into()),
            (INT64, Some(bytes)) => Data::I64(numbers(bytes, i64::from_le_bytes)),
            (INT32, Some(bytes)) => Data::I64(numbers(bytes, |b| i32::from_le_bytes(b).into())),
            (BOOL, Some(bytes)) => Data::I64(numbers(bytes, |[b]| b.into())),
            (kind, _) => {
                return Err(damaged(
                    at,
                    &format!("the element type {kind} is not read here"),
                ));
            }
        };
        let product = self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if product != Some(data.len()) {
            let (shape, n) = (self.shape, data.len());
            return Err(damaged(
                at,
                &format!("a tensor of shape {shape:?} holds {n} values"),
            ));
        }
        Ok(Constant::new(self.shape, data))
    }
}

/// Whole numbers of `N` bytes; what is left over makes the count wrong, which the caller sees.
fn numbers<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> std::sync::Arc<[T]> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| number(*chunk)).collect()
}
