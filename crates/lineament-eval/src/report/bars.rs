//! Error rates of groups of people, as bars with intervals.

use super::element::{Element, block};
use super::frame::{WIDTH, picture, rect, tick_label};
use super::group::{Group, short};
use super::numbers::fixed;
use super::plots::Plot;
use super::run::{GroupRate, GroupRates, ReportRun};
use super::scale::{Scale, ScaleKind, Tick};
use super::style::{Anchor, Series, fitted, label};
use crate::intervals::Proportion;

const NAMES_PX: f64 = 106.0;
const PANEL_PX: f64 = 134.0;
const GAP_PX: f64 = 30.0;
const ROW_PX: f64 = 24.0;
const HEAD_PX: f64 = 26.0;
/// How far whiskers may make an axis longer than its longest bar; what is longer is cut off.
const MAX_WHISKER: f64 = 2.5;

/// Bars for each run that has rates of groups, on axes that they share.
pub(super) fn bar_plots(group: &Group<'_>) -> Vec<Plot> {
    let rates = |run: &&'_ ReportRun| run.groups.as_ref().map(|g| (short(&run.label), g.clone()));
    let runs: Vec<(String, GroupRates)> = group.runs.iter().filter_map(rates).collect();
    let greatest = |rate: fn(&GroupRate) -> Option<Proportion>| {
        let groups = runs.iter().flat_map(|(_, rates)| &rates.groups);
        axis_end(groups.filter_map(rate))
    };
    let greatest = [greatest(|g| g.fmr), greatest(|g| g.fnmr)];
    let one = |(i, (run, rates)): (usize, &(String, GroupRates))| {
        let (stem, name) = match runs.len() {
            1 => (
                format!("{}groups", group.prefix),
                format!("Groups by {}", rates.column),
            ),
            _ => (
                format!("{}groups-{}", group.prefix, i + 1),
                format!("Groups by {}, {run}", rates.column),
            ),
        };
        Plot {
            picture: drawn(&name, rates, greatest),
            caption: format!(
                "Error rates at the threshold {} that all groups share{}. {}",
                fixed(rates.threshold, 4),
                intervals(group),
                group.basis()
            ),
            name,
            stem,
        }
    };
    runs.iter().enumerate().map(one).collect()
}

/// Where an axis of rates ends: beyond all intervals, unless that leaves no room for the rates.
fn axis_end(shares: impl Iterator<Item = Proportion>) -> f64 {
    let (mut rate, mut high) = (0.0_f64, 0.0_f64);
    for share in shares {
        (rate, high) = (rate.max(share.rate), high.max(share.interval.high));
    }
    match rate > 0.0 {
        true => high.min(MAX_WHISKER * rate),
        false => high,
    }
}

fn intervals(group: &Group<'_>) -> String {
    let method = group.runs.iter().find_map(|run| run.intervals.as_deref());
    method.map_or_else(String::new, |m| {
        format!("; whiskers: {m}, those without an end are longer")
    })
}

fn drawn(name: &str, rates: &GroupRates, greatest: [f64; 2]) -> Element {
    let bottom = HEAD_PX + ROW_PX * rates.groups.len() as f64;
    let mut layers: Vec<Element> = Vec::new();
    for (row, group) in rates.groups.iter().enumerate() {
        let y = HEAD_PX + ROW_PX * (row as f64 + 0.5);
        let name = fitted(&group.name, NAMES_PX - 8.0);
        layers.push(label(NAMES_PX - 8.0, y + 4.0, Anchor::End, &name));
    }
    let rate_of: [fn(&GroupRate) -> Option<Proportion>; 2] = [|g| g.fmr, |g| g.fnmr];
    let titles = ["FMR (%)", "FNMR (%)"];
    for (i, title) in titles.into_iter().enumerate() {
        let panel = Panel {
            left: NAMES_PX + i as f64 * (PANEL_PX + GAP_PX),
            bottom,
            scale: Scale::new(ScaleKind::Linear, 0.0, 105.0 * greatest[i].max(1e-9)),
            series: Series(i),
        };
        layers.extend(panel.axes(title));
        let shares = rates.groups.iter().map(rate_of[i]).enumerate();
        layers.extend(shares.flat_map(|(row, share)| panel.bar(row, share)));
    }
    picture(bottom + 24.0, name, layers)
}

/// Bars of one kind of error.
struct Panel {
    left: f64,
    bottom: f64,
    /// In per cent.
    scale: Scale,
    series: Series,
}

impl Panel {
    fn x_px(&self, percent: f64) -> f64 {
        self.left + PANEL_PX * self.scale.at(percent).clamp(0.0, 1.0)
    }

    fn axes(&self, title: &str) -> Vec<Element> {
        let ticks = self.scale.ticks(44.0 / PANEL_PX);
        let x = |tick: &Tick| self.left + PANEL_PX * tick.at;
        let grid = |tick: &Tick| {
            block("path")
                .set("class", "major")
                .set("stroke", "#dcdcdc")
                .set("d", format!("M{:.2} {HEAD_PX}V{}", x(tick), self.bottom))
        };
        let mut elements = vec![label(self.left, HEAD_PX - 10.0, Anchor::Start, title)];
        elements.extend(ticks.iter().map(grid));
        let below = self.bottom + 16.0;
        elements.extend(
            ticks
                .iter()
                .filter_map(|t| tick_label(x(t), below, Anchor::Middle, &t.label)),
        );
        elements
    }

    fn bar(&self, row: usize, share: Option<Proportion>) -> Vec<Element> {
        let middle = HEAD_PX + ROW_PX * (row as f64 + 0.5);
        let Some(share) = share else {
            return vec![label(
                self.left + 4.0,
                middle + 4.0,
                Anchor::Start,
                super::numbers::NONE,
            )];
        };
        let end = self.x_px(100.0 * share.rate);
        let bar = rect(self.left, middle - 7.0, end - self.left, 14.0);
        let [low, high] = [share.interval.low, share.interval.high].map(|r| self.x_px(100.0 * r));
        let top = middle - 4.0;
        let mut whisker = format!("M{low:.2} {top:.1}v8M{low:.2} {middle:.1}H{high:.2}");
        if self.scale.at(100.0 * share.interval.high) <= 1.0 {
            whisker.push_str(&format!("M{high:.2} {top:.1}v8"));
        }
        let whisker = block("path")
            .set("class", "ink")
            .set("fill", "none")
            .set("stroke", "#222")
            .set("d", whisker);
        vec![self.series.filled(bar).set("fill-opacity", "0.75"), whisker]
    }
}

/// The least width that all of this needs is the width of a plot.
const _: () = assert!(NAMES_PX + 2.0 * PANEL_PX + GAP_PX < WIDTH);
