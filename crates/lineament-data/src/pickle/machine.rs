//! The stack machine.

use std::collections::HashMap;
use std::path::Path;

use super::input::Input;
use super::opcode as op;
use super::text::{Decoded, unquote};
use super::value::{Data, Function, Heap, Pickle, Text, TextForm, Value};
use crate::error::DataError;

/// The bytes of an imported name that a message shows.
const MAX_SHOWN: usize = 80;

/// What the pickle in `bytes` holds; `path` is for messages. Bytes after its end are not looked at.
///
/// # Errors
/// [`DataError::Unsafe`] for a pickle that wants anything but data, [`DataError::Bytes`] for a broken
/// one, [`DataError::Unsupported`] for arrays of other than bytes and booleans,
/// [`DataError::Limit`] beyond `max_operations` instructions.
pub(crate) fn load(path: &Path, bytes: &[u8], max_operations: u64) -> Result<Pickle, DataError> {
    let mut machine = Machine {
        path,
        input: Input::new(path, bytes),
        instruction: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        heap: Heap::default(),
        n_decoded: 0,
    };
    let mut n_operations = 0;
    loop {
        machine.instruction = machine.input.at();
        let opcode = machine.input.byte("a pickle")?;
        if opcode == op::STOP {
            let root = machine.pop()?;
            let heap = machine.heap;
            return Ok(Pickle { root, heap });
        }
        n_operations += 1;
        if n_operations > max_operations {
            return Err(machine.limit("instructions of a pickle", max_operations, n_operations));
        }
        machine.step(opcode)?;
    }
}

/// A pickle being read.
pub(super) struct Machine<'a> {
    path: &'a Path,
    input: Input<'a>,
    /// Where the instruction being carried out starts.
    instruction: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    pub(super) heap: Heap,
    /// Bytes of text that were decoded, over and over where the pickle asks for it.
    n_decoded: usize,
}

impl Machine<'_> {
    fn step(&mut self, opcode: u8) -> Result<(), DataError> {
        match opcode {
            op::PROTO => self.protocol(),
            op::FRAME => self.frame(),
            op::MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            op::POP => self.pop().map(drop),
            op::POP_MARK => self.pop_to_mark().map(drop),
            op::DUP => self.top().map(|value| self.stack.push(value)),
            op::GET | op::BINGET | op::LONG_BINGET => self.recall(opcode),
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.remember(opcode),
            op::APPEND => {
                let value = self.pop()?;
                self.extend([value])
            }
            op::APPENDS => {
                let values = self.pop_to_mark()?;
                self.extend(values)
            }
            op::GLOBAL => self.import_named(),
            op::STACK_GLOBAL => self.import_from_stack(),
            op::REDUCE => self.reduce(),
            op::BUILD => self.build(),
            _ => {
                let value = match self.sequence(opcode)? {
                    Some(value) => value,
                    None => self.literal(opcode)?,
                };
                self.stack.push(value);
                Ok(())
            }
        }
    }

    fn protocol(&mut self) -> Result<(), DataError> {
        match self.input.byte("a protocol number")? {
            0..=5 => Ok(()),
            other => Err(self.broken("a pickle protocol of 0 to 5", format!("{other}"))),
        }
    }

    /// Frames only say how much to read ahead.
    fn frame(&mut self) -> Result<(), DataError> {
        let length = self.input.unsigned(8, "a frame's length")?;
        let rest = (self.input.len() - self.input.at()) as u64;
        match length <= rest {
            true => Ok(()),
            false => Err(self.broken(&format!("a frame of {length} bytes"), format!("{rest}"))),
        }
    }

    /// Lists and tuples; `None` for any other instruction.
    fn sequence(&mut self, opcode: u8) -> Result<Option<Value>, DataError> {
        let values = match opcode {
            op::EMPTY_LIST | op::EMPTY_TUPLE => Vec::new(),
            op::LIST | op::TUPLE => self.pop_to_mark()?,
            op::TUPLE1 => self.pop_some(1)?,
            op::TUPLE2 => self.pop_some(2)?,
            op::TUPLE3 => self.pop_some(3)?,
            _ => return Ok(None),
        };
        let idx = self.heap.sequences.len();
        self.heap.sequences.push(values);
        Ok(Some(match opcode {
            op::EMPTY_LIST | op::LIST => Value::List(idx),
            _ => Value::Tuple(idx),
        }))
    }

    fn literal(&mut self, opcode: u8) -> Result<Value, DataError> {
        match opcode {
            op::NONE => Ok(Value::None),
            op::NEWTRUE => Ok(Value::Bool(true)),
            op::NEWFALSE => Ok(Value::Bool(false)),
            op::BININT => {
                let bits = self.input.unsigned(4, "an integer")? as u32;
                Ok(Value::Int(i64::from(bits.cast_signed())))
            }
            op::BININT1 => Ok(Value::Int(self.input.unsigned(1, "an integer")? as i64)),
            op::BININT2 => Ok(Value::Int(self.input.unsigned(2, "an integer")? as i64)),
            op::INT | op::LONG => self.written_integer(),
            op::LONG1 => self.long_integer(1),
            op::LONG4 => self.long_integer(4),
            op::FLOAT => self.input.line("a float").map(|_| Value::Float),
            op::BINFLOAT => self.input.take(8, "a float").map(|_| Value::Float),
            op::STRING => self.quoted_string(),
            op::SHORT_BINSTRING | op::SHORT_BINBYTES => self.bytes(1),
            op::BINSTRING | op::BINBYTES => self.bytes(4),
            op::BINBYTES8 | op::BYTEARRAY8 => self.bytes(8),
            op::UNICODE => {
                let (start, length) = self.input.line("a text")?;
                let form = TextForm::Escaped;
                Ok(Value::Text(Text {
                    start,
                    length,
                    form,
                }))
            }
            op::SHORT_BINUNICODE => self.text(1),
            op::BINUNICODE => self.text(4),
            op::BINUNICODE8 => self.text(8),
            _ => Err(self.refused(opcode)),
        }
    }

    /// `I` and `L`; `01` and `00` are the booleans of protocol 0.
    fn written_integer(&mut self) -> Result<Value, DataError> {
        let (start, length) = self.input.line("an integer")?;
        let written = self.input.slice(start, length).trim_ascii();
        match written {
            b"00" => return Ok(Value::Bool(false)),
            b"01" => return Ok(Value::Bool(true)),
            _ => {}
        }
        let digits = written.strip_suffix(b"L").unwrap_or(written);
        let value = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok());
        value.map(Value::Int).ok_or_else(|| {
            let got = shown(written);
            self.broken("an integer of 64 bits", got)
        })
    }

    fn long_integer(&mut self, n_length_bytes: usize) -> Result<Value, DataError> {
        let length = self.input.unsigned(n_length_bytes, "an integer's length")?;
        if length > 8 {
            let got = format!("one of {length} bytes");
            return Err(self.broken("an integer of 64 bits", got));
        }
        let bits = self.input.unsigned(length as usize, "an integer")?;
        let n_unused = 64 - 8 * length as u32;
        let signed = bits.checked_shl(n_unused).unwrap_or(0).cast_signed();
        Ok(Value::Int(signed.checked_shr(n_unused).unwrap_or(0)))
    }

    fn bytes(&mut self, n_length_bytes: usize) -> Result<Value, DataError> {
        let length = self.input.unsigned(n_length_bytes, "a length of bytes")?;
        let start = self.input.take(length, "a byte string")?;
        let length = length as usize;
        Ok(Value::Bytes(Data::Range { start, length }))
    }

    fn text(&mut self, n_length_bytes: usize) -> Result<Value, DataError> {
        let length = self.input.unsigned(n_length_bytes, "a length of text")?;
        let start = self.input.take(length, "a text")?;
        let (length, form) = (length as usize, TextForm::Utf8);
        Ok(Value::Text(Text {
            start,
            length,
            form,
        }))
    }

    fn quoted_string(&mut self) -> Result<Value, DataError> {
        let (start, length) = self.input.line("a quoted string")?;
        let quoted = self.input.slice(start, length);
        let Some((skip, length, decoded)) = unquote(quoted.trim_ascii_end()) else {
            return Err(self.broken("a quoted string", shown(quoted)));
        };
        Ok(Value::Bytes(self.keep(start + skip, length, decoded)))
    }

    /// The data that decoding gave for a range.
    pub(super) fn keep(&mut self, start: usize, length: usize, decoded: Decoded) -> Data {
        match decoded {
            Decoded::AsWritten => Data::Range { start, length },
            Decoded::Bytes(bytes) => {
                self.heap.memory.push(bytes.into());
                Data::Memory(self.heap.memory.len() - 1)
            }
        }
    }

    /// The bytes of a text as they are written. Each use counts: one memoised text must not be decoded
    /// into more than the file holds.
    pub(super) fn written(&mut self, text: Text) -> Result<&[u8], DataError> {
        self.n_decoded = self.n_decoded.saturating_add(text.length);
        if self.n_decoded > self.input.len() {
            let (limit, got) = (self.input.len() as u64, self.n_decoded as u64);
            return Err(self.limit("bytes of decoded text", limit, got));
        }
        Ok(self.input.slice(text.start, text.length))
    }

    pub(super) fn content(&self, data: Data) -> &[u8] {
        match data {
            Data::Range { start, length } => self.input.slice(start, length),
            Data::Memory(idx) => &self.heap.memory[idx],
        }
    }

    fn recall(&mut self, opcode: u8) -> Result<(), DataError> {
        let key = self.memo_key(opcode)?;
        match self.memo.get(&key) {
            Some(&value) => {
                self.stack.push(value);
                Ok(())
            }
            None => Err(self.broken("something memoised before", format!("number {key}"))),
        }
    }

    fn remember(&mut self, opcode: u8) -> Result<(), DataError> {
        let key = match opcode {
            op::MEMOIZE => self.memo.len() as u64,
            _ => self.memo_key(opcode)?,
        };
        let value = self.top()?;
        self.memo.insert(key, value);
        Ok(())
    }

    fn memo_key(&mut self, opcode: u8) -> Result<u64, DataError> {
        match opcode {
            op::BINGET | op::BINPUT => self.input.unsigned(1, "a memo number"),
            op::LONG_BINGET | op::LONG_BINPUT => self.input.unsigned(4, "a memo number"),
            _ => {
                let (start, length) = self.input.line("a memo number")?;
                let written = self.input.slice(start, length).trim_ascii();
                let key = std::str::from_utf8(written)
                    .ok()
                    .and_then(|key| key.parse().ok());
                key.ok_or_else(|| self.broken("a memo number", shown(written)))
            }
        }
    }

    /// Appends to the list on the stack.
    fn extend(&mut self, values: impl IntoIterator<Item = Value>) -> Result<(), DataError> {
        match self.top()? {
            Value::List(idx) => {
                self.heap.sequences[idx].extend(values);
                Ok(())
            }
            other => Err(self.broken("a list to append to", other.name().to_owned())),
        }
    }

    fn import_named(&mut self) -> Result<(), DataError> {
        let (module, n_module) = self.input.line("a module name")?;
        let (name, n_name) = self.input.line("a name")?;
        let module = self.input.slice(module, n_module);
        let name = self.input.slice(name, n_name);
        let function = self.import(module, name)?;
        self.stack.push(function);
        Ok(())
    }

    fn import_from_stack(&mut self) -> Result<(), DataError> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Value::Text(module), Value::Text(name)) = (module, name) else {
            let got = format!("{} and {}", module.name(), name.name());
            return Err(self.broken("the texts of a module and a name", got));
        };
        let module = self.input.slice(module.start, module.length);
        let name = self.input.slice(name.start, name.length);
        let function = self.import(module, name)?;
        self.stack.push(function);
        Ok(())
    }

    fn import(&self, module: &[u8], name: &[u8]) -> Result<Value, DataError> {
        let texts = std::str::from_utf8(module)
            .ok()
            .zip(std::str::from_utf8(name).ok());
        let function = texts.and_then(|(module, name)| Function::named(module, name));
        function
            .map(Value::Function)
            .ok_or_else(|| self.unsafe_to(format!("{}.{}", shown(module), shown(name))))
    }

    fn reduce(&mut self) -> Result<(), DataError> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let Value::Function(function) = callable else {
            return Err(self.unsafe_to(format!("to call {}", callable.name())));
        };
        let Value::Tuple(idx) = arguments else {
            let got = arguments.name().to_owned();
            return Err(self.broken("a tuple of arguments", got));
        };
        let value = self.call(function, idx)?;
        self.stack.push(value);
        Ok(())
    }

    fn build(&mut self) -> Result<(), DataError> {
        let (state, object) = (self.pop()?, self.top()?);
        match object {
            Value::Array(idx) => self.fill_array(idx, state),
            // The state of an element type is its byte order and shape, none for single bytes.
            Value::DataType(_) if matches!(state, Value::Tuple(_)) => Ok(()),
            other => Err(self.unsafe_to(format!("to set the state of {}", other.name()))),
        }
    }

    /// What to say of an instruction that is not carried out.
    fn refused(&mut self, opcode: u8) -> DataError {
        let what = match opcode {
            op::INST => {
                let module = self.input.line("a module name");
                let name = self.input.line("a name");
                let (Ok(module), Ok(name)) = (module, name) else {
                    return self.unsafe_to("to make an object".to_owned());
                };
                let part = |(start, length)| shown(self.input.slice(start, length));
                format!("{}.{}", part(module), part(name))
            }
            op::OBJ | op::NEWOBJ | op::NEWOBJ_EX => "to make an object".to_owned(),
            op::EXT1 | op::EXT2 | op::EXT4 => "an object of the extension registry".to_owned(),
            op::PERSID | op::BINPERSID => "an object by a persistent identifier".to_owned(),
            op::NEXT_BUFFER | op::READONLY_BUFFER => {
                let what = format!(
                    "a pickle with buffers outside of it (byte {})",
                    self.instruction
                );
                return self.unsupported(what, "write it without a buffer callback");
            }
            _ => {
                let expected = "an instruction for numbers, bytes, texts, lists or tuples";
                return self.broken(expected, format!("{opcode:#04x}"));
            }
        };
        self.unsafe_to(what)
    }

    fn top(&self) -> Result<Value, DataError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&value) if self.stack.len() > floor => Ok(value),
            _ => Err(self.broken("a value on the stack", "none".to_owned())),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Value, DataError> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn pop_some(&mut self, n: usize) -> Result<Vec<Value>, DataError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let n_there = self.stack.len() - floor;
        match n_there.checked_sub(n) {
            Some(n_kept) => Ok(self.stack.split_off(floor + n_kept)),
            None => Err(self.broken(&format!("{n} values on the stack"), format!("{n_there}"))),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, DataError> {
        match self.marks.pop() {
            Some(height) => Ok(self.stack.split_off(height)),
            None => Err(self.broken("a mark on the stack", "none".to_owned())),
        }
    }

    pub(super) fn broken(&self, expected: &str, got: String) -> DataError {
        DataError::bytes(self.path, self.instruction as u64, expected, got)
    }

    pub(super) fn unsafe_to(&self, what: String) -> DataError {
        DataError::Unsafe {
            path: self.path.to_owned(),
            offset: self.instruction as u64,
            what,
        }
    }

    pub(super) fn unsupported(&self, what: String, help: &str) -> DataError {
        DataError::Unsupported {
            path: self.path.to_owned(),
            what,
            help: help.to_owned(),
        }
    }

    fn limit(&self, what: &'static str, limit: u64, got: u64) -> DataError {
        DataError::Limit {
            path: self.path.to_owned(),
            what,
            limit,
            got,
        }
    }
}

/// Bytes of a pickle for a message: printable, and not all of many.
pub(super) fn shown(bytes: &[u8]) -> String {
    let end = bytes.len().min(MAX_SHOWN);
    let dots = if end < bytes.len() { "…" } else { "" };
    format!("{}{dots}", bytes[..end].escape_ascii())
}
