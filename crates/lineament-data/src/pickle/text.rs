//! The text forms of old protocols.

use super::value::TextForm;

/// What decoding gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// The bytes as they stand.
    AsWritten,
    Bytes(Vec<u8>),
}

/// The bytes that a text encodes in Latin-1; `None` for a character beyond it and for no text.
pub(crate) fn latin1(written: &[u8], form: TextForm) -> Option<Decoded> {
    match form {
        TextForm::Escaped if !written.contains(&b'\\') => Some(Decoded::AsWritten),
        TextForm::Utf8 if written.is_ascii() => Some(Decoded::AsWritten),
        TextForm::Utf8 => {
            let text = std::str::from_utf8(written).ok()?;
            let bytes: Option<_> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            bytes.map(Decoded::Bytes)
        }
        TextForm::Escaped => unescape_unicode(written).map(Decoded::Bytes),
    }
}

/// Raw-unicode-escape to Latin-1: a backslash is one unless an odd run of them ends in `u` or `U`.
fn unescape_unicode(written: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written;
    while let [first, after @ ..] = rest {
        let n_digits = match (first, after) {
            (b'\\', [b'u', ..]) => 4,
            (b'\\', [b'U', ..]) => 8,
            (b'\\', [b'\\', further @ ..]) => {
                bytes.extend(b"\\\\");
                rest = further;
                continue;
            }
            _ => {
                bytes.push(*first);
                rest = after;
                continue;
            }
        };
        bytes.push(u8::try_from(number(after.get(1..=n_digits)?, 16)?).ok()?);
        rest = &after[1 + n_digits..];
    }
    Some(bytes)
}

/// The content of a quoted string of Python 2, as `repr` writes it: where it starts in `quoted`, its
/// length there, and what it decodes to. `None` for anything else.
pub(crate) fn unquote(quoted: &[u8]) -> Option<(usize, usize, Decoded)> {
    let (first, last) = (quoted.first()?, quoted.last()?);
    if quoted.len() < 2 || first != last || !matches!(first, b'\'' | b'"') {
        return None;
    }
    let inside = &quoted[1..quoted.len() - 1];
    let decoded = match inside.contains(&b'\\') {
        false => Decoded::AsWritten,
        true => Decoded::Bytes(unescape_string(inside)?),
    };
    Some((1, inside.len(), decoded))
}

/// Python's string escapes.
fn unescape_string(written: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written;
    while let [first, after @ ..] = rest {
        if *first != b'\\' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let (escape, after) = after.split_first()?;
        rest = after;
        match escape {
            b'x' => {
                bytes.push(u8::try_from(number(rest.get(..2)?, 16)?).ok()?);
                rest = &rest[2..];
            }
            b'0'..=b'7' => {
                let further = rest
                    .iter()
                    .take(2)
                    .take_while(|b| matches!(b, b'0'..=b'7'))
                    .count();
                let digits = [&[*escape], &rest[..further]].concat();
                bytes.push(number(&digits, 8)? as u8);
                rest = &rest[further..];
            }
            _ => bytes.extend(simple_escape(*escape)),
        }
    }
    Some(bytes)
}

fn simple_escape(escape: u8) -> Vec<u8> {
    match escape {
        b'n' => vec![b'\n'],
        b'r' => vec![b'\r'],
        b't' => vec![b'\t'],
        b'a' => vec![7],
        b'b' => vec![8],
        b'f' => vec![12],
        b'v' => vec![11],
        b'\\' | b'\'' | b'"' => vec![escape],
        _ => vec![b'\\', escape],
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_plain = digits.chars().all(|c| c.is_digit(radix));
    is_plain.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_python_2() {
        let written: &[u8] = br#"'a\'\x00\xff\n\\\101\q"'"#;
        let (_, _, decoded) = unquote(written).unwrap();
        let expected = b"a'\x00\xff\n\\A\\q\"".to_vec();
        assert_eq!(decoded, Decoded::Bytes(expected));
        assert_eq!(unquote(b"'abc'"), Some((1, 3, Decoded::AsWritten)));
        for bad in [&b"abc"[..], b"'", b"'abc\"", b"'\\x0'", b"'\\'", b""] {
            assert_eq!(unquote(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn texts_in_latin_1() {
        let bytes = |bytes: &[u8]| Some(Decoded::Bytes(bytes.to_vec()));
        assert_eq!(latin1(b"ab\\c", TextForm::Utf8), Some(Decoded::AsWritten));
        assert_eq!(
            latin1("aÿ\u{80}".as_bytes(), TextForm::Utf8),
            bytes(b"a\xff\x80")
        );
        assert_eq!(latin1("Ā".as_bytes(), TextForm::Utf8), None);
        assert_eq!(
            latin1(b"\xff\\u000a\\\\u\\U0000005c", TextForm::Escaped),
            bytes(b"\xff\n\\\\u\\")
        );
        assert_eq!(latin1(b"\\u0100", TextForm::Escaped), None);
        assert_eq!(latin1(b"\\u00", TextForm::Escaped), None);
        assert_eq!(latin1(b"\\u+0ff", TextForm::Escaped), None);
    }
}
