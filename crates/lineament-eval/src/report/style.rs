//! How series are told apart, in colour, without it, and by people who see colours differently.

use super::element::{Element, block, inline};
use super::escape::visible;

/// Colours of Okabe and Ito 2008 ("Color universal design"), without the yellow that paper
/// swallows. The page gives each class another shade in the dark.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444",
];
/// Lengths of dashes and gaps. As many as have no common factor with the colours.
const DASHES: [&str; 5] = ["none", "7 3", "2.5 2", "9 3 2 3", "4 2"];

/// Size of text in plots, in the plot's own pixels.
pub(super) const TEXT_PX: f64 = 13.0;
pub(super) const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

/// The place of a series among those of a plot, which decides its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Series(pub(super) usize);

impl Series {
    /// The element as a line of the series.
    pub(super) fn stroked(self, element: Element) -> Element {
        let element = element
            .set("class", format!("s{}", self.0 % COLOURS.len()))
            .set("fill", "none")
            .set("stroke", self.colour())
            .set("stroke-width", "1.8")
            .set("stroke-linejoin", "round");
        match self.dash() {
            "none" => element,
            dash => element.set("stroke-dasharray", dash),
        }
    }

    /// The element as an area of the series.
    pub(super) fn filled(self, element: Element) -> Element {
        element
            .set("class", format!("f{}", self.0 % COLOURS.len()))
            .set("fill", self.colour())
    }

    fn colour(self) -> &'static str {
        COLOURS[self.0 % COLOURS.len()]
    }

    fn dash(self) -> &'static str {
        DASHES[self.0 % DASHES.len()]
    }
}

/// Which side of its place a text lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Text with its baseline at `(x, y)`.
pub(super) fn label(x: f64, y: f64, anchor: Anchor, text: &str) -> Element {
    let element = inline("text").at("x", x).at("y", y);
    let element = match anchor {
        Anchor::Start => element,
        Anchor::Middle => element.set("text-anchor", "middle"),
        Anchor::End => element.set("text-anchor", "end"),
    };
    element.text(text)
}

const LEGEND_LINE_PX: f64 = 20.0;
const SAMPLE_PX: f64 = 28.0;

/// One entry of a legend for each label, in the order of the series, in as many rows as it takes;
/// and the height of it all.
pub(super) fn legend(labels: &[&str], left: f64, top: f64, width: f64) -> (Element, f64) {
    let mut group = block("g");
    let (mut x, mut y) = (left, top);
    for (i, text) in labels.iter().enumerate() {
        let text = fitted(text, width - SAMPLE_PX - 8.0);
        let entry_px = SAMPLE_PX + 8.0 + text_px(&text);
        if x > left && x + entry_px > left + width {
            (x, y) = (left, y + LEGEND_LINE_PX);
        }
        let sample = block("path").set("d", format!("M{x:.2} {:.2}h{SAMPLE_PX}", y + 8.0));
        let name = label(x + SAMPLE_PX + 8.0, y + 12.0, Anchor::Start, &text);
        group = group.children([Series(i).stroked(sample), name]);
        x += entry_px + 18.0;
    }
    (group, y + LEGEND_LINE_PX - top)
}

/// The text, with its middle left out where it would be wider than `width` pixels.
pub(super) fn fitted(text: &str, width: f64) -> String {
    let all: Vec<char> = text.chars().map(visible).collect();
    let mut kept = all.len();
    let shortened = |kept: usize| -> String {
        match kept == all.len() {
            true => all.iter().collect(),
            false => {
                let (head, tail) = (kept.div_ceil(2), kept / 2);
                let ends = [&all[..head], &['…'], &all[all.len() - tail..]];
                ends.concat().into_iter().collect()
            }
        }
    };
    // A narrow character is a quarter of the text's size, so no more than this can fit.
    if kept as f64 > width / TEXT_PX * 4.0 {
        kept = (width / TEXT_PX * 4.0) as usize;
    }
    while kept > 2 && text_px(&shortened(kept)) > width {
        kept -= 1;
    }
    shortened(kept)
}

/// About how wide a text is, in pixels, in the usual sans-serif fonts; rather too much.
pub(super) fn text_px(text: &str) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' | '\u{202f}' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.95,
        'A'..='Z' => 0.72,
        c if c < '\u{300}' => 0.6,
        c if c < '\u{1100}' => 0.7,
        _ => 1.05,
    };
    TEXT_PX * text.chars().map(em).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_keeps_its_ends() {
        assert_eq!(fitted("short", 100.0), "short");
        let long = format!("begin{}end", "x".repeat(10_000));
        let short = fitted(&long, 100.0);
        assert!(
            short.starts_with("begi") && short.ends_with("end"),
            "{short}"
        );
        assert!(text_px(&short) <= 100.0);
        assert_eq!(fitted("人".repeat(50).as_str(), 40.0), "人…人");
    }

    #[test]
    fn no_two_of_35_series_look_alike() {
        let looks = |i| (Series(i).colour(), Series(i).dash());
        for i in 0..35 {
            assert!((0..i).all(|j| looks(i) != looks(j)), "{i}");
        }
    }
}
