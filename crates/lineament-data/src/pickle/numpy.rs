//! The calls that are data: Python's ways to store bytes, numpy's to store arrays and scalars.

use super::machine::{Machine, shown};
use super::text::latin1;
use super::value::{Array, Data, ElementKind, Function, Text, Value};
use crate::error::DataError;

/// As many sides as numpy's arrays can have.
const MAX_SIDES: usize = 64;
/// Bytes of the longest name of an encoding or element type that could be known.
const MAX_NAME: usize = 32;

impl Machine<'_> {
    /// The value that `function` makes of the arguments in sequence `idx`.
    pub(super) fn call(&mut self, function: Function, idx: usize) -> Result<Value, DataError> {
        // Arguments beyond the fourth are of no use to any function here.
        let all = &self.heap.sequences[idx];
        let n = all.len();
        let mut arguments = [Value::None; 4];
        arguments
            .iter_mut()
            .zip(all)
            .for_each(|(to, from)| *to = *from);
        match (function, n, arguments) {
            (Function::MakeBytes, 0, _) => Ok(Value::Bytes(Data::Range {
                start: 0,
                length: 0,
            })),
            (Function::MakeBytes, 1, [Value::Bytes(data), ..]) => Ok(Value::Bytes(data)),
            (Function::MakeBytes | Function::Encode, 2, [Value::Text(text), encoding, ..]) => {
                self.encode(text, encoding)
            }
            (Function::MakeDataType, 1.., [name, ..]) => self.data_type(name),
            (Function::MakeArray, 3, [Value::Function(Function::ArrayType), ..]) => {
                self.heap.arrays.push(None);
                Ok(Value::Array(self.heap.arrays.len() - 1))
            }
            (
                Function::ArrayFromBuffer,
                4,
                [Value::Bytes(data), Value::DataType(kind), shape, order],
            ) => {
                let is_fortran = self.is_fortran(order)?;
                let array = self.array(kind, data, shape, is_fortran)?;
                self.heap.arrays.push(Some(array));
                Ok(Value::Array(self.heap.arrays.len() - 1))
            }
            (Function::MakeScalar, 2, [Value::DataType(kind), Value::Bytes(data), ..]) => {
                self.scalar(kind, data)
            }
            _ => {
                let names: Vec<_> = arguments[..n.min(4)].iter().map(|v| v.name()).collect();
                let expected = format!("the arguments of {function:?}");
                Err(self.broken(&expected, format!("{n}: {}", names.join(", "))))
            }
        }
    }

    /// The bytes of a text in Latin-1, the only encoding by which Python stores bytes.
    fn encode(&mut self, text: Text, encoding: Value) -> Result<Value, DataError> {
        let encoding = self.short_name(encoding)?.to_ascii_lowercase();
        if !matches!(
            &encoding[..],
            b"latin1" | b"latin-1" | b"latin_1" | b"iso-8859-1"
        ) {
            return Err(self.broken("the encoding latin-1", shown(&encoding)));
        }
        let form = text.form;
        let Some(decoded) = latin1(self.written(text)?, form) else {
            return Err(self.broken("a text of Latin-1 characters", "another".to_owned()));
        };
        Ok(Value::Bytes(self.keep(text.start, text.length, decoded)))
    }

    /// The element type of that name.
    fn data_type(&mut self, name: Value) -> Result<Value, DataError> {
        let name = self.short_name(name)?;
        match &name[..] {
            b"u1" | b"|u1" | b"uint8" => Ok(Value::DataType(ElementKind::U8)),
            b"b1" | b"|b1" | b"bool" => Ok(Value::DataType(ElementKind::Bool)),
            other => {
                let what = format!("a numpy array of type {:?}", shown(other));
                Err(self.unsupported(what, "store images as uint8 and labels as bool"))
            }
        }
    }

    /// Fills an array that [`Function::MakeArray`] made.
    pub(super) fn fill_array(&mut self, idx: usize, state: Value) -> Result<(), DataError> {
        let fields = self.heap.sequence(state).unwrap_or_default();
        let &[
            _version,
            shape,
            Value::DataType(kind),
            order,
            Value::Bytes(data),
        ] = fields
        else {
            let names: Vec<_> = fields.iter().take(8).map(|v| v.name()).collect();
            let expected = "the state of an array: version, shape, element type, order, bytes";
            return Err(self.broken(expected, format!("({})", names.join(", "))));
        };
        let is_fortran = self.is_fortran(order)?;
        let array = self.array(kind, data, shape, is_fortran)?;
        self.heap.arrays[idx] = Some(array);
        Ok(())
    }

    /// Whether the first index runs fastest.
    fn is_fortran(&mut self, order: Value) -> Result<bool, DataError> {
        match order {
            Value::Bool(is_fortran) => return Ok(is_fortran),
            Value::Int(is_fortran) => return Ok(is_fortran != 0),
            _ => {}
        }
        match &self.short_name(order)?[..] {
            b"C" => Ok(false),
            b"F" => Ok(true),
            other => Err(self.broken("the order of an array, C or F", shown(other))),
        }
    }

    /// A text or byte string that names an encoding or the like.
    fn short_name(&self, name: Value) -> Result<Vec<u8>, DataError> {
        let bytes = match name {
            Value::Text(text) => self.content(Data::Range {
                start: text.start,
                length: text.length,
            }),
            Value::Bytes(data) => self.content(data),
            other => return Err(self.broken("a name", other.name().to_owned())),
        };
        match bytes.len() <= MAX_NAME {
            true => Ok(bytes.to_vec()),
            false => Err(self.broken("a short name", shown(bytes))),
        }
    }

    /// An array whose bytes fit its shape.
    fn array(
        &self,
        kind: ElementKind,
        data: Data,
        shape: Value,
        is_fortran: bool,
    ) -> Result<Array, DataError> {
        let sides = self.heap.sequence(shape).unwrap_or_default();
        if !(1..=MAX_SIDES).contains(&sides.len()) {
            let expected = format!("an array's shape of 1 to {MAX_SIDES} sides");
            return Err(self.broken(&expected, format!("{} of {}", shape.name(), sides.len())));
        }
        let n_elements = sides.iter().try_fold(1_usize, |n, side| match side {
            Value::Int(side) => n.checked_mul(usize::try_from(*side).ok()?),
            _ => None,
        });
        let n_bytes = self.heap.length(data);
        if n_elements != Some(n_bytes) {
            let got = format!("{n_bytes} bytes for {} sides", sides.len());
            return Err(self.broken("an array whose bytes fit its shape", got));
        }
        let n_long_sides = sides.iter().filter(|side| **side != Value::Int(1)).count();
        if is_fortran && n_long_sides > 1 {
            let what = "a numpy array in Fortran order".to_owned();
            return Err(self.unsupported(what, "store it with numpy.ascontiguousarray"));
        }
        Ok(Array { kind, data })
    }

    fn scalar(&self, kind: ElementKind, data: Data) -> Result<Value, DataError> {
        match (kind, self.content(data)) {
            (ElementKind::Bool, [byte]) => Ok(Value::Bool(*byte != 0)),
            (ElementKind::U8, [byte]) => Ok(Value::Int(i64::from(*byte))),
            (_, other) => {
                Err(self.broken("a scalar of one byte", format!("{} bytes", other.len())))
            }
        }
    }
}
