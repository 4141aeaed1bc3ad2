//! The protobuf wire format: fields of a message, by number, over a borrowed slice.
//!
//! Source: Protocol Buffers, "Encoding". Groups (wire types 3 and 4) are not used by ONNX and are
//! refused.

use crate::error::KernelError;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Its number in the schema.
    pub(super) number: u64,
    /// What it holds.
    pub(super) value: Wire<'a>,
    /// Where it begins in the file.
    pub(super) at: usize,
}

/// A value as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed32(u32),
    /// Doubles and fixed integers, which no field that is read here has.
    Fixed64,
    Bytes(Message<'a>),
}

/// A length-delimited stretch of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    /// Where it begins in the file.
    start: usize,
}

impl<'a> Message<'a> {
    pub(super) fn file(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0 }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn at(&self) -> usize {
        self.start
    }

    /// Its fields, in the order of the file.
    pub(super) fn fields(self) -> impl Iterator<Item = Result<Field<'a>, KernelError>> {
        let mut cursor = Cursor {
            message: self,
            at: 0,
        };
        std::iter::from_fn(move || {
            if cursor.at >= cursor.message.bytes.len() {
                return None;
            }
            let field = cursor.field();
            if field.is_err() {
                cursor.at = cursor.message.bytes.len();
            }
            Some(field)
        })
    }

    /// The varints of a packed field.
    pub(super) fn varints(self) -> impl Iterator<Item = Result<u64, KernelError>> {
        let mut cursor = Cursor {
            message: self,
            at: 0,
        };
        std::iter::from_fn(move || {
            (cursor.at < cursor.message.bytes.len()).then(|| {
                let varint = cursor.varint();
                if varint.is_err() {
                    cursor.at = cursor.message.bytes.len();
                }
                varint
            })
        })
    }

    pub(super) fn text(&self) -> Result<&'a str, KernelError> {
        std::str::from_utf8(self.bytes)
            .map_err(|_| damaged(self.start, "a name should be UTF-8, it is not"))
    }
}

impl<'a> Field<'a> {
    pub(super) fn message(&self) -> Result<Message<'a>, KernelError> {
        match self.value {
            Wire::Bytes(message) => Ok(message),
            _ => Err(self.other("a length-delimited value")),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, KernelError> {
        self.message()?.text()
    }

    pub(super) fn int(&self) -> Result<i64, KernelError> {
        match self.value {
            Wire::Varint(v) => Ok(v.cast_signed()),
            _ => Err(self.other("a varint")),
        }
    }

    pub(super) fn float(&self) -> Result<f32, KernelError> {
        match self.value {
            Wire::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(self.other("a 32-bit number")),
        }
    }

    fn other(&self, expected: &str) -> KernelError {
        let number = self.number;
        damaged(self.at, &format!("field {number} should be {expected}"))
    }
}

pub(super) fn damaged(at: usize, reason: &str) -> KernelError {
    KernelError::Damaged {
        at,
        reason: reason.to_owned(),
    }
}

struct Cursor<'a> {
    message: Message<'a>,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn field(&mut self) -> Result<Field<'a>, KernelError> {
        let at = self.message.start + self.at;
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                self.array::<8>()?;
                Wire::Fixed64
            }
            2 => Wire::Bytes(self.delimited()?),
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            other => return Err(damaged(at, &format!("there is no wire type {other}"))),
        };
        let number = key >> 3;
        Ok(Field { number, value, at })
    }

    fn varint(&mut self) -> Result<u64, KernelError> {
        let start = self.message.start + self.at;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged(start, "a varint of more than 64 bits"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KernelError> {
        let rest = self.message.bytes.get(self.at..).unwrap_or_default();
        let Some(array) = rest.first_chunk() else {
            return Err(damaged(
                self.message.start + self.at,
                "a value is cut off by the end of its message",
            ));
        };
        self.at += N;
        Ok(*array)
    }

    fn delimited(&mut self) -> Result<Message<'a>, KernelError> {
        let length = self.varint()?;
        let start = self.message.start + self.at;
        let rest = self.message.bytes.get(self.at..).unwrap_or_default();
        let bytes = usize::try_from(length).ok().and_then(|n| rest.get(..n));
        let Some(bytes) = bytes else {
            let n = rest.len();
            return Err(damaged(
                start,
                &format!("a length of {length} where {n} bytes are left"),
            ));
        };
        self.at += bytes.len();
        Ok(Message { bytes, start })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn numbers(bytes: &[u8]) -> Result<Vec<u64>, KernelError> {
        let fields = Message::file(bytes).fields();
        fields.map(|f| f.map(|f| f.number)).collect()
    }

    #[test]
    fn the_guides_own_examples() {
        // "Encoding": field 1 = 150; field 2 = "testing"; packed field 6 = 3, 270, 86942.
        let field = Message::file(&[0x08, 0x96, 0x01]).fields().next();
        assert_eq!(field.unwrap().unwrap().int().unwrap(), 150);
        let bytes = [&[0x12, 0x07][..], b"testing"].concat();
        let field = Message::file(&bytes).fields().next().unwrap().unwrap();
        assert_eq!((field.number, field.text().unwrap()), (2, "testing"));
        let bytes = [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05];
        let field = Message::file(&bytes).fields().next().unwrap().unwrap();
        let values: Result<Vec<u64>, _> = field.message().unwrap().varints().collect();
        assert_eq!(values.unwrap(), [3, 270, 86942]);
    }

    #[test]
    fn damage_is_an_error_with_a_place() {
        for bytes in [
            &[0x08][..],         // no value
            &[0x08, 0x96],       // a varint without an end
            &[0x12, 0x07, b't'], // a length beyond the end
            &[0x0b],             // a group
            &[0x0d, 0, 0],       // a cut 32-bit number
            &[
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ],
        ] {
            assert!(matches!(numbers(bytes), Err(KernelError::Damaged { .. })));
        }
        assert_eq!(numbers(&[]).unwrap(), []);
    }
}
