//! The order of names that people expect: `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two names with runs of digits taken as numbers; of equal numbers (`01`, `1`), and of
/// names equal but for such, the bytes decide, so that only equal names are equal.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (digits_a, digits_b) = (leading_digits(rest_a), leading_digits(rest_b));
        let (piece_a, piece_b, order) = if digits_a.is_empty() || digits_b.is_empty() {
            let (piece_a, piece_b) = (leading_text(rest_a), leading_text(rest_b));
            (piece_a, piece_b, piece_a.cmp(piece_b))
        } else {
            (digits_a, digits_b, by_value(digits_a, digits_b))
        };
        if order != Ordering::Equal {
            return order;
        }
        if piece_a.is_empty() && piece_b.is_empty() {
            return a.cmp(b);
        }
        rest_a = &rest_a[piece_a.len()..];
        rest_b = &rest_b[piece_b.len()..];
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

/// The first character, of whatever kind, with the characters up to the next digit.
fn leading_text(text: &str) -> &str {
    let after_first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[after_first..].find(|c: char| c.is_ascii_digit());
    &text[..end.map_or(text.len(), |end| after_first + end)]
}

fn by_value(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = [
            "n10", "n9", "N1", "n1.jpg", "n01", "n", "n1", "é2", "10", "9",
        ];
        names.sort_by(|a, b| natural_order(a, b));
        let expected = [
            "9", "10", "N1", "n", "n01", "n1", "n1.jpg", "n9", "n10", "é2",
        ];
        assert_eq!(names, expected);
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(a in "[a01é]{0,5}", b in "[a01é]{0,5}", c in "[a01é]{0,5}") {
            prop_assert_eq!(natural_order(&a, &b), natural_order(&b, &a).reverse());
            prop_assert_eq!(natural_order(&a, &b) == Ordering::Equal, a == b);
            if natural_order(&a, &b).is_le() && natural_order(&b, &c).is_le() {
                prop_assert!(natural_order(&a, &c).is_le());
            }
        }
    }
}
