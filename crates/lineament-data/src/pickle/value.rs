//! What a pickle can hold here.

use std::sync::Arc;

/// A value; small and copied freely, for what can be large is a range of the file or an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A float, whose value nothing here needs.
    Float,
    /// `bytes`, `bytearray`, or the `str` of Python 2.
    Bytes(Data),
    Text(Text),
    Function(Function),
    List(usize),
    Tuple(usize),
    /// The type of a numpy array's elements.
    DataType(ElementKind),
    /// A numpy array.
    Array(usize),
}

/// Bytes: where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// In the file.
    Range { start: usize, length: usize },
    /// Decoded: an index into [`Heap::memory`].
    Memory(usize),
}

/// A text: its range in the file, and how it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) start: usize,
    pub(crate) length: usize,
    pub(crate) form: TextForm,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextForm {
    Utf8,
    /// Latin-1 with `\uXXXX` and `\UXXXXXXXX` (Python's raw-unicode-escape).
    Escaped,
}

/// The names that are data here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// `_codecs.encode`, by which Python 3 stores bytes in old protocols.
    Encode,
    /// `bytes` and `bytearray`.
    MakeBytes,
    /// `numpy.dtype`.
    MakeDataType,
    /// `numpy.ndarray`, only ever named.
    ArrayType,
    /// `numpy.core.multiarray._reconstruct`: an empty array that a state will fill.
    MakeArray,
    /// `numpy.core.numeric._frombuffer`, by which protocol 5 stores arrays.
    ArrayFromBuffer,
    /// `numpy.core.multiarray.scalar`.
    MakeScalar,
}

impl Function {
    /// The function of that name, if it makes data.
    pub(crate) fn named(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("_codecs", "encode") => Some(Self::Encode),
            ("builtins" | "__builtin__", "bytes" | "bytearray") => Some(Self::MakeBytes),
            ("numpy", "dtype") => Some(Self::MakeDataType),
            ("numpy", "ndarray") => Some(Self::ArrayType),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Some(Self::MakeArray)
            }
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => {
                Some(Self::MakeScalar)
            }
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => {
                Some(Self::ArrayFromBuffer)
            }
            _ => None,
        }
    }
}

/// The element types of arrays that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// `u1`.
    U8,
    /// `b1`.
    Bool,
}

/// An array: one byte an element, in C order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Array {
    pub(crate) kind: ElementKind,
    pub(crate) data: Data,
}

/// What values point into.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    /// Lists and tuples.
    pub(crate) sequences: Vec<Vec<Value>>,
    /// `None` until a state has filled the array.
    pub(crate) arrays: Vec<Option<Array>>,
    /// Bytes that had to be decoded.
    pub(crate) memory: Vec<Arc<[u8]>>,
}

impl Heap {
    pub(crate) fn length(&self, data: Data) -> usize {
        match data {
            Data::Range { length, .. } => length,
            Data::Memory(idx) => self.memory.get(idx).map_or(0, |bytes| bytes.len()),
        }
    }

    pub(crate) fn sequence(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::List(idx) | Value::Tuple(idx) => self.sequences.get(idx).map(Vec::as_slice),
            _ => None,
        }
    }
}

/// What a pickle holds.
#[derive(Debug)]
pub(crate) struct Pickle {
    pub(crate) root: Value,
    pub(crate) heap: Heap,
}

impl Pickle {
    /// The elements of a list or tuple.
    pub(crate) fn sequence(&self, value: Value) -> Option<&[Value]> {
        self.heap.sequence(value)
    }

    /// The array, where the value is one.
    pub(crate) fn array(&self, value: Value) -> Option<Array> {
        match value {
            Value::Array(idx) => self.heap.arrays.get(idx).copied().flatten(),
            _ => None,
        }
    }
}

impl Value {
    /// What it is, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float => "a float",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "a text",
            Self::Function(_) => "a function",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::DataType(_) => "an element type",
            Self::Array(_) => "an array",
        }
    }
}
