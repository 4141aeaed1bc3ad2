//! How scores of both kinds are distributed, and where the threshold lies.

use super::element::{Element, block};
use super::frame::{Axis, BELOW, Frame, INNER_HEIGHT, INNER_WIDTH, LEFT, TOP, picture};
use super::group::{Group, short};
use super::lines::{Joined, path};
use super::numbers::fixed;
use super::plots::Plot;
use super::run::{ReportRun, ScoreDistribution};
use super::scale::{Scale, ScaleKind};
use super::style::{Anchor, Series, label, legend};
use crate::scores::Histogram;

/// A histogram for each run that has scores, on axes that they share.
pub(super) fn histogram_plots(group: &Group<'_>) -> Vec<Plot> {
    let with_scores = |run: &&'_ ReportRun| run.scores.is_some();
    let runs: Vec<_> = group.runs.iter().copied().filter(with_scores).collect();
    let distributions: Vec<_> = runs.iter().filter_map(|run| run.scores.as_ref()).collect();
    let tallest = distributions
        .iter()
        .map(|d| tallest(&d.histogram))
        .fold(0.0, f64::max);
    let one = |(i, (run, scores)): (usize, (&&ReportRun, &&ScoreDistribution))| {
        let stem = match runs.len() {
            1 => format!("{}scores", group.prefix),
            _ => format!("{}scores-{}", group.prefix, i + 1),
        };
        let name = match runs.len() {
            1 => "Scores".to_owned(),
            _ => format!("Scores, {}", short(&run.label)),
        };
        Plot {
            picture: drawn(&stem, &name, scores, tallest),
            caption: format!(
                "Comparisons by score, each kind in per cent of its own.{} {}",
                threshold_text(scores.threshold),
                group.basis()
            ),
            name,
            stem,
        }
    };
    runs.iter()
        .zip(&distributions)
        .enumerate()
        .map(one)
        .collect()
}

fn threshold_text(threshold: Option<f64>) -> String {
    match threshold {
        Some(threshold) => format!(" Accepted from {} on.", fixed(threshold, 4)),
        None => String::new(),
    }
}

/// Counts in per cent of their sum.
fn percent(counts: &[usize]) -> Vec<f64> {
    let all = counts.iter().sum::<usize>().max(1);
    counts
        .iter()
        .map(|n| 100.0 * *n as f64 / all as f64)
        .collect()
}

fn tallest(histogram: &Histogram) -> f64 {
    let both = [&histogram.mated, &histogram.non_mated];
    both.into_iter()
        .flat_map(|counts| percent(counts))
        .fold(0.0, f64::max)
}

fn drawn(id: &str, name: &str, scores: &ScoreDistribution, tallest: f64) -> Element {
    let histogram = &scores.histogram;
    let (low, high) = match histogram.low < histogram.high {
        true => (histogram.low, histogram.high),
        // All scores are the same.
        false => (histogram.low - 0.5, histogram.high + 0.5),
    };
    let room = 0.02 * (high - low);
    let frame = Frame {
        x: Axis {
            scale: Scale::new(ScaleKind::Linear, low - room, high + room),
            title: "Score",
        },
        y: Axis {
            scale: Scale::new(ScaleKind::Linear, 0.0, 1.08 * tallest.max(1e-9)),
            title: "Comparisons (%)",
        },
    };
    let edges: Vec<f64> = (0..=histogram.mated.len())
        .map(|bin| histogram.edge(bin))
        .collect();
    let kinds = [&histogram.mated, &histogram.non_mated];
    let mut inside: Vec<Element> = Vec::new();
    for (i, counts) in kinds.into_iter().enumerate() {
        inside.extend(steps(Series(i), &frame, &edges, &percent(counts)));
    }
    let mark = scores.threshold.map(|t| threshold_mark(&frame, t));
    let mut layers = frame.drawn(id, None, inside);
    layers.extend(mark.into_iter().flatten());
    let (legend, height) = legend(&["Mated", "Non-mated"], LEFT, BELOW, INNER_WIDTH);
    layers.push(legend);
    picture(BELOW + height, name, layers)
}

/// The outline of the bars of one kind, and the area under it.
fn steps(series: Series, frame: &Frame, edges: &[f64], heights: &[f64]) -> [Element; 2] {
    let mut heights: Vec<f64> = heights.iter().map(|h| frame.y_px(*h)).collect();
    let (base, mut points) = (frame.y_px(0.0), Vec::new());
    heights.insert(0, base);
    heights.push(base);
    for (edge, sides) in edges.iter().zip(heights.windows(2)) {
        points.extend(sides.iter().map(|y| [frame.x_px(*edge), *y]));
    }
    let outline = || block("path").set("d", path(points.clone(), Joined::Straight));
    let area = series.filled(outline()).set("fill-opacity", "0.22");
    [area, series.stroked(outline())]
}

/// An upright line at the threshold, with its number above the frame.
fn threshold_mark(frame: &Frame, threshold: f64) -> [Element; 2] {
    let x = frame.x_px(threshold).clamp(LEFT, LEFT + INNER_WIDTH);
    let line = block("path")
        .set("class", "ink")
        .set("stroke", "#222")
        .set("stroke-dasharray", "5 3")
        .set("d", format!("M{x:.1} {}V{}", TOP - 4.0, TOP + INNER_HEIGHT));
    let text = format!("Threshold {}", fixed(threshold, 4));
    // Half the text's width on both sides stays inside the picture.
    let middle = x.clamp(LEFT + 20.0, LEFT + INNER_WIDTH - 46.0);
    [line, label(middle, TOP - 9.0, Anchor::Middle, &text)]
}
