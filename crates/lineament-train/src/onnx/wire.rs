//! Protocol Buffers, read: the fields of a message over a borrowed slice.

use crate::error::TrainError;

/// Bytes of the file, and where they start in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: usize,
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    value: Value<'a>,
    at: usize,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Bytes(Message<'a>),
    Fixed32([u8; 4]),
    Fixed64,
}

impl<'a> Message<'a> {
    /// All fields.
    pub(super) fn fields(self) -> Result<Vec<Field<'a>>, TrainError> {
        let mut cursor = Cursor { rest: self };
        let mut fields = vec![];
        while !cursor.rest.bytes.is_empty() {
            fields.push(cursor.field()?);
        }
        Ok(fields)
    }

    /// The varints of a packed field.
    pub(super) fn varints(self) -> Result<Vec<u64>, TrainError> {
        let mut cursor = Cursor { rest: self };
        let mut values = vec![];
        while !cursor.rest.bytes.is_empty() {
            values.push(cursor.varint()?);
        }
        Ok(values)
    }
}

impl<'a> Field<'a> {
    pub(super) fn message(self) -> Result<Message<'a>, TrainError> {
        match self.value {
            Value::Bytes(message) => Ok(message),
            _ => Err(self.other("a length-delimited value")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, TrainError> {
        std::str::from_utf8(self.message()?.bytes).map_err(|_| self.other("UTF-8"))
    }

    pub(super) fn int(self) -> Result<i64, TrainError> {
        match self.value {
            Value::Varint(value) => Ok(value.cast_signed()),
            _ => Err(self.other("a varint")),
        }
    }

    pub(super) fn float(self) -> Result<f32, TrainError> {
        match self.value {
            Value::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(self.other("a 32-bit number")),
        }
    }

    /// One integer, or those of a packed field.
    pub(super) fn ints(self) -> Result<Vec<i64>, TrainError> {
        match self.value {
            Value::Bytes(packed) => Ok(packed
                .varints()?
                .into_iter()
                .map(u64::cast_signed)
                .collect()),
            _ => Ok(vec![self.int()?]),
        }
    }

    fn other(self, expected: &str) -> TrainError {
        damaged(
            self.at,
            &format!("field {} should be {expected}", self.number),
        )
    }
}

pub(super) fn damaged(at: usize, reason: &str) -> TrainError {
    TrainError::Onnx {
        at,
        reason: reason.to_owned(),
    }
}

struct Cursor<'a> {
    rest: Message<'a>,
}

impl<'a> Cursor<'a> {
    fn field(&mut self) -> Result<Field<'a>, TrainError> {
        let at = self.rest.start;
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => match self.take(4)?.bytes {
                &[a, b, c, d] => Value::Fixed32([a, b, c, d]),
                _ => unreachable!("four bytes were taken"),
            },
            other => return Err(damaged(at, &format!("there is no wire type {other}"))),
        };
        Ok(Field {
            number: key >> 3,
            value,
            at,
        })
    }

    fn varint(&mut self) -> Result<u64, TrainError> {
        let at = self.rest.start;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.take(1)?.bytes[0]);
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged(at, "a varint of more than 64 bits"))
    }

    fn take(&mut self, length: u64) -> Result<Message<'a>, TrainError> {
        let Message { bytes, start } = self.rest;
        let split = usize::try_from(length)
            .ok()
            .and_then(|n| bytes.split_at_checked(n));
        let Some((taken, rest)) = split else {
            let left = bytes.len();
            return Err(damaged(
                start,
                &format!("{length} bytes where {left} are left"),
            ));
        };
        self.rest = Message {
            bytes: rest,
            start: start + taken.len(),
        };
        Ok(Message {
            bytes: taken,
            start,
        })
    }
}
