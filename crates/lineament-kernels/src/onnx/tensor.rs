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
const FLOAT16: i64 = 10;
const DOUBLE: i64 = 11;

/// The name and content of a `TensorProto`. Integers and truth values become `i64`, halves and
/// doubles `f32`, which is all that this crate computes with.
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
            (FLOAT16, Some(bytes)) => {
                Data::F32(numbers(bytes, |b| half_to_f32(u16::from_le_bytes(b))))
            }
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

/// The number that `bits` are in IEEE 754's binary16, exactly.
fn half_to_f32(bits: u16) -> f32 {
    /// What the exponents of the two formats differ by.
    const SCALE: f32 = f32::from_bits((127 + 112) << 23);
    let [sign, rest] = [bits & 0x8000, bits & 0x7fff].map(u32::from);
    let magnitude = match rest {
        // Infinity and what is no number.
        0x7c00.. => f32::from_bits(0x7f80_0000 | rest << 13),
        _ => f32::from_bits(rest << 13) * SCALE,
    };
    f32::from_bits(sign << 16 | magnitude.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: sign, exponent of bias 15, ten bits of fraction.
    fn defined(bits: u16) -> f64 {
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
        sign * match exponent {
            0 => fraction * 2f64.powi(-14),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
        }
    }

    #[test]
    fn every_half_is_exact() {
        for bits in 0..=u16::MAX {
            let (got, expected) = (f64::from(half_to_f32(bits)), defined(bits));
            assert!(got == expected || got.is_nan() && expected.is_nan());
            assert!(got.is_nan() || got.is_sign_negative() == (bits >> 15 == 1));
        }
    }
}
