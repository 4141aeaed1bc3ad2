//! Matrices: numbers, text, cells.

use std::path::Path;

use super::MatValue;
use super::element::{
    DOUBLE, Element, Elements, INT8, INT16, INT32, INT64, MATRIX, SINGLE, UINT8, UINT16, UINT32,
    UINT64, UTF8, UTF16, UTF32,
};
use crate::error::DataError;

/// Cells within cells.
const MAX_DEPTH: usize = 16;

const CELL_CLASS: u8 = 1;
const CHAR_CLASS: u8 = 4;
const NUMERIC_CLASSES: std::ops::RangeInclusive<u8> = 6..=15;
/// Classes from here on (functions, opaque objects) have a form of their own.
const FIRST_ODD_CLASS: u8 = 16;
const COMPLEX_FLAG: u8 = 8;

/// What may still be kept of a file.
pub(super) struct Budget<'a> {
    path: &'a Path,
    max_entries: u64,
    n_entries: u64,
}

/// What a matrix starts with.
struct Head {
    class: u8,
    is_complex: bool,
    n_rows: u64,
    n_elements: u64,
    name: String,
}

impl<'a> Budget<'a> {
    pub(super) fn new(path: &'a Path, max_entries: u64) -> Self {
        Self {
            path,
            max_entries,
            n_entries: 0,
        }
    }

    fn take(&mut self, n: u64) -> Result<(), DataError> {
        self.n_entries = self.n_entries.saturating_add(n);
        if self.n_entries > self.max_entries {
            return Err(DataError::Limit {
                path: self.path.to_owned(),
                what: "numbers, characters and cells of a MAT-file",
                limit: self.max_entries,
                got: self.n_entries,
            });
        }
        Ok(())
    }
}

/// The name and the value of a matrix.
pub(super) fn read_matrix(
    path: &Path,
    element: &Element<'_>,
    budget: &mut Budget<'_>,
    depth: usize,
) -> Result<(String, MatValue), DataError> {
    let mut parts = Elements::within(path, element);
    if depth > MAX_DEPTH {
        let expected = format!("cells within cells {MAX_DEPTH} deep at most");
        return Err(parts.bad(&expected, "a deeper one".to_owned()));
    }
    if element.data.is_empty() {
        return Ok((String::new(), MatValue::Numbers(Vec::new())));
    }
    let Some(head) = read_head(&mut parts)? else {
        return Ok((String::new(), MatValue::Other(FIRST_ODD_CLASS)));
    };
    let value = match head.class {
        CELL_CLASS => MatValue::Cells(read_cells(path, &mut parts, &head, budget, depth)?),
        CHAR_CLASS if head.n_rows <= 1 => MatValue::Text(read_text(&mut parts, budget)?),
        class if NUMERIC_CLASSES.contains(&class) && !head.is_complex => {
            MatValue::Numbers(read_numbers(&mut parts, &head, budget)?)
        }
        class => MatValue::Other(class),
    };
    Ok((head.name, value))
}

/// The head; `None` for a class that has another.
fn read_head(parts: &mut Elements<'_>) -> Result<Option<Head>, DataError> {
    let flags = parts.expect("the flags of a matrix")?;
    let &[class, flag_bits, _, _, _, _, _, _] = flags.data else {
        let got = flags.data.len().to_string();
        return Err(parts.bad_in(&flags, "8 bytes of flags", got));
    };
    if class >= FIRST_ODD_CLASS {
        return Ok(None);
    }
    let sides = parts.expect("the dimensions of a matrix")?;
    let (words, rest) = sides.data.as_chunks::<4>();
    let mut n_elements = Some(1u64);
    for &word in words {
        let side = u64::try_from(i32::from_le_bytes(word)).ok();
        n_elements = n_elements
            .zip(side)
            .and_then(|(n, side)| n.checked_mul(side));
    }
    let (Some(n_elements), Some(&first), true) = (n_elements, words.first(), rest.is_empty())
    else {
        let got = format!("{:?}", sides.data.get(..16).unwrap_or(sides.data));
        return Err(parts.bad_in(&sides, "the dimensions of a matrix", got));
    };
    let name = parts.expect("the name of a matrix")?;
    Ok(Some(Head {
        class,
        is_complex: flag_bits & COMPLEX_FLAG != 0,
        n_rows: u64::from(u32::from_le_bytes(first)),
        n_elements,
        name: String::from_utf8_lossy(name.data).into_owned(),
    }))
}

fn read_cells(
    path: &Path,
    parts: &mut Elements<'_>,
    head: &Head,
    budget: &mut Budget<'_>,
    depth: usize,
) -> Result<Vec<MatValue>, DataError> {
    budget.take(head.n_elements)?;
    let mut cells = Vec::new();
    for _ in 0..head.n_elements {
        let cell = parts.expect("a cell")?;
        if cell.kind != MATRIX {
            let got = format!("an element of type {}", cell.kind);
            return Err(parts.bad_in(&cell, "a matrix in a cell", got));
        }
        let (_, value) = read_matrix(path, &cell, budget, depth + 1)?;
        cells.push(value);
    }
    Ok(cells)
}

fn read_text(parts: &mut Elements<'_>, budget: &mut Budget<'_>) -> Result<String, DataError> {
    let element = parts.expect("text")?;
    let Element { kind, data, .. } = element;
    budget.take(data.len() as u64)?;
    let text = match kind {
        INT8 | UINT8 | UTF8 => std::str::from_utf8(data).ok().map(str::to_owned),
        INT16 | UINT16 | UTF16 => {
            let (units, _) = data.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|&unit| u16::from_le_bytes(unit)).collect();
            String::from_utf16(&units).ok()
        }
        INT32 | UINT32 | UTF32 => {
            let (units, _) = data.as_chunks::<4>();
            let chars = units
                .iter()
                .map(|&unit| char::from_u32(u32::from_le_bytes(unit)));
            chars.collect()
        }
        _ => None,
    };
    text.ok_or_else(|| {
        let got = format!("{} bytes of type {kind}", data.len());
        parts.bad_in(&element, "text", got)
    })
}

fn read_numbers(
    parts: &mut Elements<'_>,
    head: &Head,
    budget: &mut Budget<'_>,
) -> Result<Vec<f64>, DataError> {
    let element = parts.expect("numbers")?;
    let Element { kind, data, .. } = element;
    budget.take(head.n_elements)?;
    let n = head.n_elements;
    let numbers = match kind {
        INT8 => map(data, n, |[a]| f64::from(a as i8)),
        UINT8 => map(data, n, |[a]| f64::from(a)),
        INT16 => map(data, n, |bytes| f64::from(i16::from_le_bytes(bytes))),
        UINT16 => map(data, n, |bytes| f64::from(u16::from_le_bytes(bytes))),
        INT32 => map(data, n, |bytes| f64::from(i32::from_le_bytes(bytes))),
        UINT32 => map(data, n, |bytes| f64::from(u32::from_le_bytes(bytes))),
        SINGLE => map(data, n, |bytes| f64::from(f32::from_le_bytes(bytes))),
        DOUBLE => map(data, n, f64::from_le_bytes),
        INT64 => map(data, n, |bytes| i64::from_le_bytes(bytes) as f64),
        UINT64 => map(data, n, |bytes| u64::from_le_bytes(bytes) as f64),
        _ => None,
    };
    numbers.ok_or_else(|| {
        let got = format!("{} bytes of type {kind}", data.len());
        parts.bad_in(&element, &format!("{n} numbers"), got)
    })
}

/// The `n` numbers in `data`; `None` when there are others.
fn map<const N: usize>(data: &[u8], n: u64, number: impl Fn([u8; N]) -> f64) -> Option<Vec<f64>> {
    let (words, rest) = data.as_chunks::<N>();
    let fits = words.len() as u64 == n && rest.is_empty();
    fits.then(|| words.iter().map(|&word| number(word)).collect())
}
