//! Whether two sets know the same people, by their names.

use std::collections::HashMap;
use std::sync::Arc;

/// A person of one set and a person of another whose names are the same but for spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameMatch {
    /// As the first set calls them.
    pub first: Arc<str>,
    /// As the second set calls them.
    pub second: Arc<str>,
}

/// The pairs of people, one of each set, whose [`normalize_name`] is the same, in the order of the first.
#[must_use]
pub fn identity_overlap(first: &[Arc<str>], second: &[Arc<str>]) -> Vec<NameMatch> {
    let mut by_name: HashMap<String, Vec<&Arc<str>>> = HashMap::new();
    for person in second {
        by_name
            .entry(normalize_name(person))
            .or_default()
            .push(person);
    }
    let matches = |person: &Arc<str>| {
        let same = by_name
            .get(&normalize_name(person))
            .cloned()
            .unwrap_or_default();
        let pair = |second: &Arc<str>| NameMatch {
            first: person.clone(),
            second: second.clone(),
        };
        same.into_iter().map(pair).collect::<Vec<_>>()
    };
    first
        .iter()
        .filter(|person| !normalize_name(person).is_empty())
        .flat_map(matches)
        .collect()
}

/// The name in small letters, without accents (of Latin letters) and other marks, with single spaces
/// for underscores, dots and hyphens; `Last, First` becomes `first last`.
///
/// ```
/// use lineament_data::inspect::normalize_name;
///
/// assert_eq!(normalize_name("Gil_de_Ferran"), normalize_name("de Ferran, Gil"));
/// assert_eq!(normalize_name("Penélope-Cruz "), "penelope cruz");
/// ```
#[must_use]
pub fn normalize_name(name: &str) -> String {
    let ordered = match name.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => name.to_owned(),
    };
    let mut plain = String::new();
    for c in ordered.chars().flat_map(char::to_lowercase) {
        match c {
            '\'' | '’' | '`' | '"' => {}
            '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => push_plain(&mut plain, c),
            _ => plain.push(' '),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Pushes a small letter without its accent.
fn push_plain(plain: &mut String, c: char) {
    match c {
        'ß' => plain.push_str("ss"),
        'æ' => plain.push_str("ae"),
        'œ' => plain.push_str("oe"),
        'þ' => plain.push_str("th"),
        'ĳ' => plain.push_str("ij"),
        c => plain.push(base_letter(c)),
    }
}

/// The letter that an accented small letter of Latin-1 and Latin Extended-A and -B is made of.
fn base_letter(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ' | 'ả' | 'ấ'..='ặ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ'..='ệ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ỉ' | 'ị' => 'i',
        'ĵ' => 'j',
        'ķ' | 'ǩ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ǒ' | 'ơ' | 'ọ'..='ợ' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' | 'ư' | 'ụ'..='ự' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        c => c,
    }
}
