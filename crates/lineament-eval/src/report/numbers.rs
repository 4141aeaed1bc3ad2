//! Numbers as papers print them: true minus signs, thin spaces, powers of ten.

/// Between a number and its unit, and between groups of digits; no line ends there.
const THIN: char = '\u{202f}';
const MINUS: &str = "\u{2212}";
/// What stands where there is no number.
pub(crate) const NONE: &str = "\u{2013}";

/// A share in per cent and where it may lie, all to the same place: `99.10 % ± 0.13`.
pub(crate) fn share(share: f64, spread: Option<Spread>) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    if share != 0.0 && share.abs() < 1e-5 {
        return small_share(share, spread);
    }
    let places = places(share);
    let percent = |share: f64| fixed(100.0 * share, places);
    let value = format!("{}{THIN}%", percent(share));
    match spread {
        None => value,
        Some(Spread::PlusMinus(error)) => format!("{value} ±{THIN}{}", percent(error)),
        Some(Spread::Between(low, high)) => {
            format!("{value} [{}, {}]", percent(low), percent(high))
        }
    }
}

/// How far a share can be trusted, as it is printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    PlusMinus(f64),
    Between(f64, f64),
}

fn small_share(share: f64, spread: Option<Spread>) -> String {
    let value = power(share, 2);
    match spread {
        None => value,
        Some(Spread::PlusMinus(error)) => format!("{value} ±{THIN}{}", power(error, 2)),
        Some(Spread::Between(low, high)) => {
            format!("{value} [{}, {}]", power(low, 2), power(high, 2))
        }
    }
}

/// Decimal places of a percentage: two, and more where a small share would keep fewer than two
/// digits, or one near 1 would be rounded to it.
fn places(share: f64) -> usize {
    let (share, rest) = (share.abs(), (1.0 - share).abs());
    let digits_after_point = |x: f64| -x.log10().floor();
    let places = match share < 0.5 {
        true if share > 0.0 => digits_after_point(share) - 1.0,
        false if rest > 0.0 => digits_after_point(rest) - 2.0,
        _ => 2.0,
    };
    // Beyond that a share is 0 or 1 for every purpose here.
    places.clamp(2.0, 7.0) as usize
}

/// A number with so many decimal places: `−0.2513`.
pub(crate) fn fixed(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let digits = format!("{:.places$}", value.abs());
    let is_zero = digits.bytes().all(|b| b == b'0' || b == b'.');
    match value < 0.0 && !is_zero {
        true => format!("{MINUS}{digits}"),
        false => digits,
    }
}

/// A count, digits in groups of three from five digits on: `6000`, `13 233`.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(THIN);
        }
        grouped.push(digit);
    }
    grouped
}

/// A count and what is counted: `1 pair`, `2 pairs`, `2 searches`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    let ending = match n {
        1 => "",
        _ if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {what}{ending}", count(n))
}

/// A rate as a power of ten with at most so many significant digits: `10⁻³`, `2.5 × 10⁻⁶`.
fn power(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let power = format!("10{}", superscript(exponent));
    match mantissa {
        "1" => power,
        mantissa => format!("{}{THIN}×{THIN}{power}", mantissa.replace('-', MINUS)),
    }
}

/// A rate in the name of a figure, exact to three digits: `10⁻³`, `5 × 10⁻⁴`.
#[must_use]
pub fn rate_name(rate: f64) -> String {
    power(rate, 3)
}

fn superscript(exponent: &str) -> String {
    let raised = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => char::from_u32(0x2070 + (c as u32 - '0' as u32)).unwrap_or(c),
        c => c,
    };
    exponent.chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn shares() {
        for (value, spread, expected) in [
            (0.991, Some(Spread::PlusMinus(0.0013)), "99.10 % ± 0.13"),
            (0.5, None, "50.00 %"),
            (1.0, None, "100.00 %"),
            (
                0.0,
                Some(Spread::Between(0.0, 0.0127)),
                "0.00 % [0.00, 1.27]",
            ),
            (0.999_995, None, "99.9995 %"),
            (
                0.0123,
                Some(Spread::Between(0.01, 0.015)),
                "1.23 % [1.00, 1.50]",
            ),
            (0.000_12, None, "0.012 %"),
            (1.5e-6, None, "1.5 × 10⁻⁶"),
            (
                1e-6,
                Some(Spread::Between(0.0, 2.3e-6)),
                "10⁻⁶ [0, 2.3 × 10⁻⁶]",
            ),
            (f64::NAN, None, "–"),
        ] {
            assert_eq!(plain(&share(value, spread)), expected, "{value}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(fixed(-0.251_34, 4), "−0.2513");
        assert_eq!(fixed(-0.000_01, 2), "0.00");
        assert_eq!(fixed(f64::INFINITY, 2), "–");
        assert_eq!(plain(&count(6000)), "6000");
        assert_eq!(plain(&count(13_233)), "13 233");
        assert_eq!(plain(&count(1_000_000)), "1 000 000");
        assert_eq!(plain(&counted(1, "pair")), "1 pair");
        assert_eq!(plain(&counted(0, "pair")), "0 pairs");
        assert_eq!(rate_name(1e-3), "10⁻³");
        assert_eq!(plain(&rate_name(5e-4)), "5 × 10⁻⁴");
        assert_eq!(plain(&rate_name(0.0125)), "1.25 × 10⁻²");
        assert_eq!(rate_name(1e-10), "10⁻¹⁰");
    }
}
