//! Elements of HTML and SVG. Whatever text is put into one is escaped; there is no other way in.

use super::escape::markup;
use std::fmt::{self, Display, Write as _};

/// An element with its attributes and what is inside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    inside: String,
    layout: Layout,
}

/// Whether children stand on lines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines,
    /// Space counts: text, and what stands in it.
    Inline,
}

/// Elements that end where they begin.
const EMPTY: [&str; 8] = [
    "circle", "img", "line", "link", "meta", "path", "rect", "use",
];

/// An element whose children stand on lines of their own.
pub(super) fn block(name: &'static str) -> Element {
    Element {
        name,
        attributes: String::new(),
        inside: String::new(),
        layout: Layout::Lines,
    }
}

/// An element in which space counts.
pub(super) fn inline(name: &'static str) -> Element {
    Element {
        layout: Layout::Inline,
        ..block(name)
    }
}

impl Element {
    /// With an attribute.
    pub(super) fn set(mut self, name: &str, value: impl Display) -> Self {
        let value = markup(&value.to_string());
        // Writing to a string does not fail.
        let _ = write!(self.attributes, " {name}=\"{value}\"");
        self
    }

    /// With a coordinate or length, to a hundredth.
    pub(super) fn at(self, name: &str, value: f64) -> Self {
        self.set(name, Hundredths(value))
    }

    /// With text.
    pub(super) fn text(mut self, text: impl AsRef<str>) -> Self {
        self.inside.push_str(&markup(text.as_ref()));
        self
    }

    /// With text of ours as it is: a script or a style sheet.
    pub(super) fn raw(mut self, text: &'static str) -> Self {
        self.inside.push_str(text);
        self
    }

    /// With a child.
    pub(super) fn child(mut self, child: Self) -> Self {
        if self.layout == Layout::Lines {
            self.inside.push('\n');
        }
        let _ = write!(self.inside, "{child}");
        self
    }

    /// With children.
    pub(super) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            attributes,
            inside,
            layout,
        } = self;
        if EMPTY.contains(name) {
            return write!(f, "<{name}{attributes}/>");
        }
        let end = match layout {
            Layout::Lines if !inside.is_empty() => "\n",
            _ => "",
        };
        write!(f, "<{name}{attributes}>{inside}{end}</{name}>")
    }
}

/// A coordinate, to a hundredth, without zeros at the end.
pub(super) struct Hundredths(pub(super) f64);

impl Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding 0 turns −0 into 0.
        write!(f, "{}", (100.0 * self.0).round() / 100.0 + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_never_markup() {
        let hostile = "\"><script>alert('&')</script>";
        let element = inline("text")
            .set("title", hostile)
            .at("x", -0.001)
            .text(hostile);
        let escaped = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";
        let expected = format!("<text title=\"{escaped}\" x=\"0\">{escaped}</text>");
        assert_eq!(element.to_string(), expected);
    }

    #[test]
    fn children_stand_on_lines_unless_space_counts() {
        let rect = || block("rect").at("x", 1.5);
        let group = block("g").children([rect(), rect()]);
        assert_eq!(
            group.to_string(),
            "<g>\n<rect x=\"1.5\"/>\n<rect x=\"1.5\"/>\n</g>"
        );
        assert_eq!(
            inline("p")
                .text("a ")
                .child(inline("b").text("c"))
                .to_string(),
            "<p>a <b>c</b></p>"
        );
        assert_eq!(block("script").to_string(), "<script></script>");
    }
}
