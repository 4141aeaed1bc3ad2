//! A plot's frame: axes, ticks, grid, titles, and what is drawn inside.

use super::element::{Element, block, inline};
use super::scale::{Scale, Tick, TickLabel};
use super::style::{Anchor, FONT, TEXT_PX, label};

/// Width of every plot, in its own pixels.
pub(super) const WIDTH: f64 = 420.0;
pub(super) const LEFT: f64 = 58.0;
const RIGHT: f64 = 18.0;
/// Width and height of what lies between the axes.
pub(super) const INNER_WIDTH: f64 = WIDTH - LEFT - RIGHT;
pub(super) const INNER_HEIGHT: f64 = 270.0;
/// Room for a line of text above the frame.
pub(super) const TOP: f64 = 24.0;
/// Where a legend starts.
pub(super) const BELOW: f64 = TOP + INNER_HEIGHT + 56.0;

/// An axis and what it says.
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) title: &'static str,
}

/// Both axes of a plot.
pub(super) struct Frame {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Frame {
    /// Where a number lies along the horizontal axis, in pixels.
    pub(super) fn x_px(&self, value: f64) -> f64 {
        LEFT + INNER_WIDTH * self.x.scale.at(value)
    }

    /// Where a number lies along the vertical axis, in pixels.
    pub(super) fn y_px(&self, value: f64) -> f64 {
        TOP + INNER_HEIGHT * (1.0 - self.y.scale.at(value))
    }

    /// Grid and axes, with `behind` under the grid and `inside` above it, cut off at the frame.
    ///
    /// `id` tells the plot from all others of a page.
    pub(super) fn drawn(
        &self,
        id: &str,
        behind: Option<Element>,
        inside: impl IntoIterator<Item = Element>,
    ) -> Vec<Element> {
        let clip = format!("{id}-frame");
        let clip_path = block("clipPath").set("id", &clip).child(frame_rect());
        let border = frame_rect()
            .set("class", "border")
            .set("fill", "none")
            .set("stroke", "#555");
        let inside = block("g")
            .set("clip-path", format!("url(#{clip})"))
            .children(inside);
        let mut layers = vec![clip_path];
        layers.extend(behind);
        layers.extend([self.grid(), inside, border, self.labels()]);
        layers
    }

    fn x_ticks(&self) -> Vec<Tick> {
        self.x.scale.ticks(48.0 / INNER_WIDTH)
    }

    fn y_ticks(&self) -> Vec<Tick> {
        self.y.scale.ticks(30.0 / INNER_HEIGHT)
    }

    fn grid(&self) -> Element {
        let path = |tick: &Tick, d: String| {
            let (class, stroke) = match tick.label {
                TickLabel::None => ("minor", "#f0f0f0"),
                _ => ("major", "#dcdcdc"),
            };
            block("path")
                .set("class", class)
                .set("stroke", stroke)
                .set("d", d)
        };
        let upright = |t: &Tick| {
            let x = LEFT + INNER_WIDTH * t.at;
            path(t, format!("M{x:.2} {TOP}v{INNER_HEIGHT}"))
        };
        let level = |t: &Tick| {
            let y = TOP + INNER_HEIGHT * (1.0 - t.at);
            path(t, format!("M{LEFT} {y:.2}h{INNER_WIDTH}"))
        };
        block("g")
            .set("fill", "none")
            .children(self.x_ticks().iter().map(upright))
            .children(self.y_ticks().iter().map(level))
    }

    fn labels(&self) -> Element {
        let below = TOP + INNER_HEIGHT + 18.0;
        let x_label =
            |t: Tick| tick_label(LEFT + INNER_WIDTH * t.at, below, Anchor::Middle, &t.label);
        let y_label = |t: Tick| {
            let baseline = TOP + INNER_HEIGHT * (1.0 - t.at) + 4.0;
            tick_label(LEFT - 7.0, baseline, Anchor::End, &t.label)
        };
        let middle = TOP + INNER_HEIGHT / 2.0;
        let centre = LEFT + INNER_WIDTH / 2.0;
        let x_title = label(centre, below + 22.0, Anchor::Middle, self.x.title);
        let y_title = label(13.0, middle, Anchor::Middle, self.y.title)
            .set("transform", format!("rotate(-90 13 {middle})"));
        block("g")
            .children(self.x_ticks().into_iter().filter_map(x_label))
            .children(self.y_ticks().into_iter().filter_map(y_label))
            .children([x_title, y_title])
    }
}

/// The rectangle between the axes.
fn frame_rect() -> Element {
    rect(LEFT, TOP, INNER_WIDTH, INNER_HEIGHT)
}

/// A rectangle from its top left corner.
pub(super) fn rect(x: f64, y: f64, width: f64, height: f64) -> Element {
    block("rect")
        .at("x", x)
        .at("y", y)
        .at("width", width)
        .at("height", height)
}

/// The label of a tick, if it has one.
pub(super) fn tick_label(x: f64, y: f64, anchor: Anchor, tick: &TickLabel) -> Option<Element> {
    match tick {
        TickLabel::None => None,
        TickLabel::Text(text) => Some(label(x, y, anchor, text)),
        TickLabel::Power(0) => Some(label(x, y, anchor, "1")),
        TickLabel::Power(1) => Some(label(x, y, anchor, "10")),
        TickLabel::Power(exponent) => {
            let raised = inline("tspan")
                .set("dy", "-5")
                .set("font-size", "9.5")
                .text(super::numbers::fixed(f64::from(*exponent), 0));
            Some(label(x, y, anchor, "10").child(raised))
        }
    }
}

/// A picture of this height with these layers, on white.
///
/// Colours stand in attributes, which any program that reads SVG understands; the page overrides
/// them by class.
pub(super) fn picture(height: f64, description: &str, layers: Vec<Element>) -> Element {
    let paper = rect(0.0, 0.0, WIDTH, height)
        .set("class", "paper")
        .set("fill", "#fff");
    block("svg")
        .set("xmlns", "http://www.w3.org/2000/svg")
        .set("viewBox", format!("0 0 {WIDTH} {height}"))
        .set("role", "img")
        .set("aria-label", description)
        .set("class", "plot")
        .set("font-family", FONT)
        .set("font-size", TEXT_PX)
        .set("fill", "#222")
        .child(paper)
        .children(layers)
}
