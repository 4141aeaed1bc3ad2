//! Pickles of plain data, read without Python and without ever running anything.
//!
//! A pickle is a program for a small stack machine, and some of its instructions import and call
//! whatever they name. This machine knows data (numbers, strings, bytes, lists, tuples) and the few
//! names under which Python stores bytes and numpy stores arrays of bytes and booleans; those are
//! data too, and are built here. Every other name is refused, with where it stands. Protocols 0 to 5
//! (Python's `pickletools.py` describes each instruction).
//!
//! What is large stays in the file: a byte string is the range where it lies. Work is bounded by the
//! number of instructions, and the bytes that text forms decode to by the size of the file, so that
//! memoised values cannot be multiplied into more.

mod input;
mod machine;
mod numpy;
mod opcode;
mod text;
mod value;

pub(crate) use machine::load;
pub(crate) use value::{Data, ElementKind, Pickle, Value};
