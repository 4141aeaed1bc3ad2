//! The plots of a group of runs that are lines: ROC, DET, FNIR over FPIR, CMC and their like.

use super::element::{Element, block};
use super::frame::{Axis, BELOW, Frame, INNER_HEIGHT, INNER_WIDTH, LEFT, TOP, picture, rect};
use super::group::Group;
use super::lines::{Joined, path};
use super::numbers::count;
use super::run::{CurveKind, ReportCurve};
use super::scale::{Scale, ScaleKind};
use super::style::{Series, legend};

/// A plot and what is written under it.
pub(super) struct Plot {
    /// Its file's name without `.svg`.
    pub(super) stem: String,
    /// What kind of plot it is: `ROC`.
    pub(super) name: String,
    /// What it shows, in sentences.
    pub(super) caption: String,
    pub(super) picture: Element,
}

/// A way to look at curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Roc,
    Det,
    OpenSet,
    Ranks,
    Distractors,
    PrecisionRecall,
}

/// Views in the order in which a page shows them.
const VIEWS: [View; 6] = [
    View::Roc,
    View::Det,
    View::Ranks,
    View::OpenSet,
    View::Distractors,
    View::PrecisionRecall,
];

/// Where a vertical axis of percentages may start.
const FLOORS: [f64; 10] = [99.9, 99.8, 99.5, 99.0, 98.0, 95.0, 90.0, 80.0, 50.0, 0.0];
/// Errors that a rate should rest on (rule of 30, Doddington et al. 2000).
const RULE_OF_30: f64 = 30.0;
/// Points up to which each is marked.
const MAX_MARKED: usize = 25;

/// Every plot of lines that the runs have curves for.
pub(super) fn line_plots(group: &Group<'_>) -> Vec<Plot> {
    let mut plots = Vec::new();
    for view in VIEWS {
        for subset in subsets(group, view.kind()) {
            plots.push(plot(group, view, subset));
        }
    }
    plots
}

/// The subsets that curves of a kind have, in the order in which they first occur.
fn subsets<'a>(group: &Group<'a>, kind: CurveKind) -> Vec<Option<&'a str>> {
    let mut subsets = Vec::new();
    let curves = group.runs.iter().flat_map(|run| &run.curves);
    for curve in curves.filter(|c| c.kind == kind && !c.points.is_empty()) {
        if !subsets.contains(&curve.subset.as_deref()) {
            subsets.push(curve.subset.as_deref());
        }
    }
    subsets
}

fn plot(group: &Group<'_>, view: View, subset: Option<&str>) -> Plot {
    let is_of_it = |c: &&ReportCurve| c.kind == view.kind() && c.subset.as_deref() == subset;
    let curves: Vec<Option<&ReportCurve>> = group
        .runs
        .iter()
        .map(|run| run.curves.iter().find(is_of_it))
        .collect();
    let n_of_view = subsets(group, view.kind())
        .iter()
        .position(|s| *s == subset)
        .unwrap_or(0);
    let stem = match n_of_view {
        0 => format!("{}{}", group.prefix, view.stem()),
        n => format!("{}{}-{}", group.prefix, view.stem(), n + 1),
    };
    let name = match subset {
        None => view.name().to_owned(),
        Some(subset) => format!("{}, {subset}", view.name()),
    };
    let description = format!("{name}: {}", group.labels().join(", "));
    let (shade, shading) = shade(view, &curves);
    Plot {
        picture: view.picture(&stem, &description, &group.labels(), &curves, shade),
        caption: format!("{}. {}{shading}", view.explanation(), group.basis()),
        name,
        stem,
    }
}

/// The rate below which a plot is shaded, and the sentence that says so.
fn shade(view: View, curves: &[Option<&ReportCurve>]) -> (Option<f64>, String) {
    let has_rates = matches!(view, View::Roc | View::Det | View::OpenSet);
    let sizes = curves.iter().flatten().filter_map(|c| c.n_non_mated);
    match sizes.min() {
        Some(n) if has_rates && n > 0 => {
            let sentence = format!(
                " Shaded: rates that fewer than 30 of {} non-mated {} would show.",
                count(n),
                if view == View::OpenSet {
                    "searches"
                } else {
                    "comparisons"
                },
            );
            (Some(RULE_OF_30 / n as f64), sentence)
        }
        _ => (None, String::new()),
    }
}

impl View {
    fn kind(self) -> CurveKind {
        match self {
            Self::Roc | Self::Det => CurveKind::Verification,
            Self::OpenSet => CurveKind::OpenSet,
            Self::Ranks => CurveKind::Ranks,
            Self::Distractors => CurveKind::Distractors,
            Self::PrecisionRecall => CurveKind::PrecisionRecall,
        }
    }

    fn stem(self) -> &'static str {
        match self {
            Self::Roc => "roc",
            Self::Det => "det",
            Self::OpenSet => "fnir-fpir",
            Self::Ranks => "cmc",
            Self::Distractors => "distractors",
            Self::PrecisionRecall => "precision-recall",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Roc => "ROC",
            Self::Det => "DET",
            Self::OpenSet => "FNIR over FPIR",
            Self::Ranks => "CMC",
            Self::Distractors => "Rank-1 rate by distractors",
            Self::PrecisionRecall => "Precision and recall",
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::Roc => "Mated comparisons accepted over non-mated comparisons accepted",
            Self::Det => {
                "Both error rates on normal-deviate axes; the equal error rate lies on the dotted line"
            }
            Self::OpenSet => "Mated searches that miss over non-mated searches that return anyone",
            Self::Ranks => "Mated searches whose mate is among the first candidates",
            Self::Distractors => {
                "Mated searches whose mate comes first, in galleries of growing size"
            }
            Self::PrecisionRecall => "Detections that are faces over faces that are detected",
        }
    }

    /// The point in the units of the axes.
    fn place(self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Roc => [x, 100.0 * (1.0 - y)],
            Self::Det | Self::OpenSet => [x, y],
            Self::Ranks | Self::Distractors => [x, 100.0 * y],
            Self::PrecisionRecall => [100.0 * x, 100.0 * y],
        }
    }

    fn joined(self) -> Joined {
        match self {
            Self::Roc | Self::Det | Self::OpenSet => Joined::Steps,
            Self::Ranks | Self::Distractors | Self::PrecisionRecall => Joined::Straight,
        }
    }

    /// Axes that show the curves, in the units of the axes, as far as it matters.
    fn frame(self, curves: &[Vec<[f64; 2]>]) -> Frame {
        let [x, y] = [0, 1].map(|axis| positive(&curves.concat(), axis));
        let (x, y) = match self {
            Self::Roc => {
                let rates = Scale::decades(x.least.min(0.1), 1.0);
                (rates, percentages(least_seen(curves, rates)))
            }
            Self::Det => (
                Scale::deviates(x.least, x.greatest.min(0.4)),
                Scale::deviates(y.least, y.greatest.min(0.4)),
            ),
            Self::OpenSet => (
                Scale::decades(x.least.min(0.1), 1.0),
                Scale::decades(y.least.min(0.1), 1.0),
            ),
            Self::Ranks => (
                Scale::new(ScaleKind::Ranks, 0.93, 1.07 * x.greatest.max(5.0)),
                percentages(y.least),
            ),
            Self::Distractors => (Scale::decades(x.least, x.greatest), percentages(y.least)),
            Self::PrecisionRecall => (
                Scale::new(ScaleKind::Linear, 0.0, 103.0),
                Scale::new(ScaleKind::Linear, 0.0, 103.0),
            ),
        };
        let [x_title, y_title] = self.titles();
        Frame {
            x: Axis {
                scale: x,
                title: x_title,
            },
            y: Axis {
                scale: y,
                title: y_title,
            },
        }
    }

    fn titles(self) -> [&'static str; 2] {
        match self {
            Self::Roc => ["False match rate", "True accept rate (%)"],
            Self::Det => ["False match rate (%)", "False non-match rate (%)"],
            Self::OpenSet => [
                "False positive identification rate",
                "False negative identification rate",
            ],
            Self::Ranks => ["Rank", "Identification rate (%)"],
            Self::Distractors => ["Distractors", "Rank-1 identification rate (%)"],
            Self::PrecisionRecall => ["Recall (%)", "Precision (%)"],
        }
    }

    fn picture(
        self,
        id: &str,
        description: &str,
        labels: &[String],
        curves: &[Option<&ReportCurve>],
        shade: Option<f64>,
    ) -> Element {
        let places = |curve: &Option<&ReportCurve>| -> Vec<[f64; 2]> {
            let points = curve.map_or(&[][..], |c| &c.points);
            points.iter().map(|p| self.place(*p)).collect()
        };
        let places: Vec<_> = curves.iter().map(places).collect();
        let frame = self.frame(&places);
        let shade = shade.map(|rate| {
            let width = (frame.x_px(rate) - LEFT).clamp(0.0, INNER_WIDTH);
            rect(LEFT, TOP, width, INNER_HEIGHT)
                .set("class", "shade")
                .set("fill", "#f6efdf")
        });
        let mut inside: Vec<Element> = Vec::new();
        if self == Self::Det {
            inside.extend(diagonal(&frame));
        }
        for (i, points) in places.iter().enumerate() {
            inside.extend(self.line(Series(i), &frame, points));
        }
        let mut layers = frame.drawn(id, shade, inside);
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let (legend, height) = legend(&labels, LEFT, BELOW, INNER_WIDTH);
        layers.push(legend);
        picture(BELOW + height, description, layers)
    }

    fn line(self, series: Series, frame: &Frame, points: &[[f64; 2]]) -> Vec<Element> {
        let pixels = points.iter().map(|[x, y]| [frame.x_px(*x), frame.y_px(*y)]);
        let line = block("path").set("d", path(pixels.clone(), self.joined()));
        let mut elements = vec![series.stroked(line)];
        if self.joined() == Joined::Straight && points.len() <= MAX_MARKED {
            let mark = |[x, y]: [f64; 2]| {
                let circle = block("circle").at("cx", x).at("cy", y).set("r", "2.6");
                series.filled(circle)
            };
            elements.extend(pixels.map(mark));
        }
        elements
    }
}

/// Where both error rates are equal, if that is in the frame: a straight line on these axes.
fn diagonal(frame: &Frame) -> Option<Element> {
    let (low, high) = frame.x.scale.shared(frame.y.scale)?;
    let ends = [low, high].map(|rate| [frame.x_px(rate), frame.y_px(rate)]);
    let line = block("path").set("d", path(ends, Joined::Straight));
    Some(
        line.set("class", "guide")
            .set("stroke", "#777")
            .set("stroke-dasharray", "1 3"),
    )
}

/// The least and greatest number above 0.
struct Positive {
    least: f64,
    greatest: f64,
}

/// Of one coordinate of all points; a thousandth and 1 where there is none.
fn positive(points: &[[f64; 2]], axis: usize) -> Positive {
    let values = || {
        points
            .iter()
            .map(|p| p[axis])
            .filter(|v| *v > 0.0 && v.is_finite())
    };
    Positive {
        least: values().reduce(f64::min).unwrap_or(1e-3),
        greatest: values().reduce(f64::max).unwrap_or(1.0),
    }
}

/// A linear axis of percentages up to 100, from a round number at or below `least`.
fn percentages(least: f64) -> Scale {
    let floor = FLOORS.into_iter().find(|f| *f <= least).unwrap_or(0.0);
    // A little room above 100 keeps a perfect curve off the frame.
    Scale::new(ScaleKind::Linear, floor, 100.0 + 0.03 * (100.0 - floor))
}

/// The least percentage of rising curves that can be seen on this horizontal axis.
fn least_seen(curves: &[Vec<[f64; 2]>], x: Scale) -> f64 {
    let of_curve = |points: &Vec<[f64; 2]>| {
        let first_seen = points.iter().position(|p| x.at(p[0]) > 0.0);
        // The step before it reaches into the frame.
        let first = first_seen.unwrap_or(points.len()).saturating_sub(1);
        points.get(first).map(|p| p[1])
    };
    curves.iter().filter_map(of_curve).fold(100.0, f64::min)
}
