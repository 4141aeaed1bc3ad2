//! Arrays in numpy's `.npy` format (NEP 1), versions 1 to 3.

use std::io::Read;

/// The longest header that is read; numpy writes less than a hundred bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;
/// The longest text of an array that is read: a path.
const MAX_TEXT_BYTES: usize = 1 << 16;

/// What the header of an array says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NpyHeader {
    pub(crate) element: Element,
    /// True when the first index varies fastest.
    pub(crate) is_fortran: bool,
    pub(crate) shape: Vec<u64>,
}

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    kind: Kind,
    n_bytes: usize,
    is_big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
    /// UTF-32, filled up with zeros.
    Text,
}

impl NpyHeader {
    /// Reads the header; the reader is then at the first element. The error says what came instead.
    pub(crate) fn read(reader: &mut impl Read) -> Result<Self, String> {
        let cut = |error: std::io::Error| format!("an end ({error})");
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(cut)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = start else {
            return Err("bytes that do not start with its mark".to_owned());
        };
        let mut length = [0; 4];
        let n_length = if version == 1 { 2 } else { 4 };
        reader.read_exact(&mut length[..n_length]).map_err(cut)?;
        let n_header = u32::from_le_bytes(length) as usize;
        if !(1..=3).contains(&version) || n_header > MAX_HEADER_BYTES {
            return Err(format!(
                "version {version} with a header of {n_header} bytes"
            ));
        }
        let mut header = vec![0; n_header];
        reader.read_exact(&mut header).map_err(cut)?;
        let text = String::from_utf8_lossy(&header);
        Self::parse(&text).ok_or_else(|| format!("the header {}", text.trim()))
    }

    /// `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let (_, after) = text.split_once(&format!("'{key}'"))?;
            Some(after.trim_start().strip_prefix(':')?.trim_start())
        };
        let descr = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0;
        let is_fortran = match value("fortran_order")? {
            text if text.starts_with("True") => true,
            text if text.starts_with("False") => false,
            _ => return None,
        };
        let sides = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
        let sides = sides
            .split(',')
            .map(str::trim)
            .filter(|side| !side.is_empty());
        Some(Self {
            element: Element::parse(descr)?,
            is_fortran,
            shape: sides.map(|side| side.parse().ok()).collect::<Option<_>>()?,
        })
    }

    /// Number of elements; `None` when it does not fit.
    pub(crate) fn n_elements(&self) -> Option<u64> {
        self.shape
            .iter()
            .try_fold(1u64, |product, &side| product.checked_mul(side))
    }

    /// Elements from one step of each index to the next.
    pub(crate) fn strides(&self) -> Vec<u64> {
        let mut strides = vec![0; self.shape.len()];
        let mut stride = 1u64;
        let mut axes: Vec<usize> = (0..self.shape.len()).collect();
        if !self.is_fortran {
            axes.reverse();
        }
        for axis in axes {
            strides[axis] = stride;
            stride = stride.saturating_mul(self.shape[axis]);
        }
        strides
    }
}

impl Element {
    /// `<f8`, `|u1`, `>i4`, `<U12`.
    fn parse(descr: &str) -> Option<Self> {
        let mut letters = descr.chars();
        let is_big_endian = match letters.next()? {
            '<' | '|' | '=' => false,
            '>' => true,
            _ => return None,
        };
        let kind = match letters.next()? {
            'u' => Kind::Unsigned,
            'i' => Kind::Signed,
            'f' => Kind::Float,
            'U' => Kind::Text,
            _ => return None,
        };
        let n: usize = letters.as_str().parse().ok()?;
        let n_bytes = match kind {
            Kind::Text => n.checked_mul(4)?,
            _ => n,
        };
        let is_known = match kind {
            Kind::Text => (1..=MAX_TEXT_BYTES).contains(&n_bytes),
            Kind::Float => matches!(n_bytes, 4 | 8),
            Kind::Unsigned | Kind::Signed => matches!(n_bytes, 1 | 2 | 4 | 8),
        };
        is_known.then_some(Self {
            kind,
            n_bytes,
            is_big_endian,
        })
    }

    pub(crate) fn is_byte(self) -> bool {
        self.kind == Kind::Unsigned && self.n_bytes == 1
    }

    pub(crate) fn n_bytes(self) -> usize {
        self.n_bytes
    }

    pub(crate) fn is_text(self) -> bool {
        self.kind == Kind::Text
    }

    /// The text that `bytes` hold; `None` for numbers and for what is no text.
    pub(crate) fn text(self, bytes: &[u8]) -> Option<String> {
        let (units, _) = bytes.as_chunks::<4>();
        let unit = |unit: &[u8; 4]| match self.is_big_endian {
            true => u32::from_be_bytes(*unit),
            false => u32::from_le_bytes(*unit),
        };
        let length = units
            .iter()
            .rposition(|u| unit(u) != 0)
            .map_or(0, |i| i + 1);
        let letters = units[..length].iter().map(|u| char::from_u32(unit(u)));
        self.is_text().then(|| letters.collect()).flatten()
    }

    /// The number that `bytes` hold, rounded where `f64` does not hold it exactly; of text NaN.
    pub(crate) fn value(self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        if self.is_big_endian {
            word[..self.n_bytes.min(8)].reverse();
        }
        let unsigned = u64::from_le_bytes(word);
        match (self.kind, self.n_bytes) {
            (Kind::Unsigned, _) => unsigned as f64,
            (Kind::Float, 4) => f64::from(f32::from_bits(unsigned as u32)),
            (Kind::Float, _) => f64::from_bits(unsigned),
            (Kind::Text, _) => f64::NAN,
            (Kind::Signed, n_bytes) => {
                let shift = 64 - 8 * n_bytes as u32;
                ((unsigned << shift) as i64 >> shift) as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<NpyHeader> {
        NpyHeader::parse(text)
    }

    #[test]
    fn headers_are_read_in_any_order() {
        let read = header("{'shape': (3,), 'fortran_order': True, 'descr': '>i2', }").unwrap();
        assert_eq!(read.shape, [3]);
        assert!(read.is_fortran);
        assert_eq!(read.element.value(&[0xFF, 0xFE]), -2.0);
        let scalar = header("{'descr': '<f4', 'fortran_order': False, 'shape': (), }").unwrap();
        assert_eq!(scalar.n_elements(), Some(1));
        assert_eq!(scalar.element.value(&1.5f32.to_le_bytes()), 1.5);
    }

    #[test]
    fn objects_and_huge_arrays_are_refused() {
        assert_eq!(
            header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"),
            None
        );
        assert_eq!(
            header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
            None
        );
        let huge = "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }";
        assert_eq!(header(huge).unwrap().n_elements(), None);
    }

    #[test]
    fn strides_follow_the_order() {
        let c = header("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4), }").unwrap();
        assert_eq!(c.strides(), [12, 4, 1]);
        let fortran = NpyHeader {
            is_fortran: true,
            ..c
        };
        assert_eq!(fortran.strides(), [1, 2, 6]);
    }
}
