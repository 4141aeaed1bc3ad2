//! Text from outside, made harmless in HTML, SVG, Markdown and URLs.

use std::ffi::OsStr;
use std::fmt::Write as _;

/// The text for HTML and XML, between tags and in quoted attributes.
///
/// Characters that XML forbids, and those that turn the direction of the text after them, become
/// U+FFFD.
pub(crate) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().map(visible) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text for one line of Markdown, in a table as well: nothing in it is markup.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().map(visible).peekable();
    while let Some(c) = rest.next() {
        let is_special = match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '|'
            | '!' | '~' | '&' | '$' | '@' => true,
            // What GitHub turns into links: https://… and www.…
            ':' => rest.peek() == Some(&'/'),
            '.' => escaped.to_ascii_lowercase().ends_with("www"),
            _ => false,
        };
        match c {
            '\n' | '\t' => escaped.push(' '),
            c if is_special => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text as a block of code in Markdown, with a fence that it does not contain.
pub(crate) fn markdown_code(text: &str) -> String {
    let text: String = text.chars().map(visible).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

/// The bytes of part of a path for a URL. Of separators only `/` is left as it is.
pub(crate) fn percent_encoded(part: &OsStr) -> String {
    let mut encoded = String::new();
    for byte in part.as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// The character, or U+FFFD for one that must not reach a page.
pub(crate) fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => '\u{fffd}',
        // Bidirectional embeddings, overrides, isolates and marks; line separators; noncharacters.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
        '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quick_xml::{Reader, escape::unescape, events::Event};

    /// What a browser shows of the only element in `xml`.
    fn shown(xml: &str) -> (String, String) {
        let mut reader = Reader::from_str(xml);
        let (mut text, mut attribute) = (String::new(), String::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    assert_eq!(tag.name().as_ref(), "p");
                    let a = tag.try_get_attribute("title").unwrap().unwrap();
                    attribute = unescape(&a.value).unwrap().into_owned();
                }
                Event::Text(t) => text.push_str(&t),
                Event::GeneralRef(name) => {
                    text.push_str(&unescape(&format!("&{};", &*name)).unwrap());
                }
                Event::Eof => return (text, attribute),
                other => assert!(matches!(other, Event::End(_)), "markup: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn markup_shows_what_it_was_given(text in "(?s).{0,80}|[<>&\"'/a-z= \u{202e}\n\0]{0,80}") {
            let expected: String = text.chars().map(visible).collect();
            let escaped = markup(&text);
            let (between, in_attribute) = shown(&format!("<p title=\"{escaped}\">{escaped}</p>"));
            prop_assert_eq!(&between, &expected);
            prop_assert_eq!(&in_attribute, &expected);
        }

        #[test]
        fn markdown_has_no_bare_markup(text in "(?s).{0,80}|[\\\\`*_<>|\\[\\]()!#&a-z:/.w\n]{0,80}") {
            let escaped = markdown(&text);
            let (mut shown, mut rest) = (String::new(), escaped.chars());
            while let Some(c) = rest.next() {
                prop_assert!(!"`*_{}[]<>()#|!~&$@\n".contains(c), "{} in {}", c, escaped);
                shown.push(if c == '\\' { rest.next().unwrap() } else { c });
            }
            let blank = |c| if c == '\n' || c == '\t' { ' ' } else { visible(c) };
            prop_assert_eq!(shown, text.chars().map(blank).collect::<String>());
            let bare = escaped.replace("\\:", "x").to_lowercase();
            prop_assert!(!bare.contains(":/") && !bare.contains("www."), "{}", escaped);
        }

        #[test]
        fn a_fence_is_longer_than_any_in_the_code(text in "[`a\n]{0,40}") {
            let block = markdown_code(&text);
            let fence = block.split('t').next().unwrap();
            prop_assert!(!text.contains(fence));
            prop_assert!(fence.len() >= 3 && fence.chars().all(|c| c == '`'));
        }

        #[test]
        fn urls_decode_to_the_same_bytes(name in "(?s).{0,40}") {
            let encoded = percent_encoded(OsStr::new(&name));
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"'?#:&\\".contains(&b)));
            let mut bytes = Vec::new();
            let mut rest = encoded.bytes();
            while let Some(b) = rest.next() {
                let hex = |r: &mut dyn Iterator<Item = u8>| char::from(r.next().unwrap()).to_digit(16).unwrap() as u8;
                bytes.push(if b == b'%' { 16 * hex(&mut rest) + hex(&mut rest) } else { b });
            }
            prop_assert_eq!(bytes, name.as_bytes());
        }
    }
}
