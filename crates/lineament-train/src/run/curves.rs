//! The figures of a run, drawn.

use super::folder::{RunFolder, write_whole};
use super::metrics::{Line, lines};
use crate::error::TrainError;
use std::fmt::Write;
use std::fs;

/// Points of a curve; more are joined to their means.
const MOST_POINTS: usize = 600;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers on the left and below.
const MARGIN: f64 = 48.0;

/// A curve's title, and its points: epochs, values.
struct Curve {
    title: String,
    points: Vec<(f64, f64)>,
}

/// Writes `curves.html`: one page, nothing loaded from elsewhere, that loads itself anew every 15 s
/// while the run goes on.
///
/// # Errors
/// [`TrainError::Io`].
pub fn write(folder: &RunFolder, name: &str, is_going_on: bool) -> Result<(), TrainError> {
    let path = folder.metrics();
    let text = fs::read_to_string(&path).map_err(|e| TrainError::io(&path, e))?;
    let page = page(name, &lines(&text), is_going_on);
    write_whole(&folder.curves(), &page)
}

/// The page.
#[must_use]
pub fn page(name: &str, lines: &[Line], is_going_on: bool) -> String {
    let refresh = match is_going_on {
        true => "<meta http-equiv=\"refresh\" content=\"15\">",
        false => "",
    };
    let drawn: String = curves(lines).iter().map(Curve::svg).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{refresh}\n<title>{name}</title>\n\
         <style>body{{font:14px system-ui,sans-serif;margin:2em;color:#222}}\
         main{{display:flex;flex-wrap:wrap;gap:1em}}figure{{margin:0}}\
         figcaption{{font-weight:600}}svg{{background:#fafafa}}</style></head>\n\
         <body><h1>{name}</h1><p>{}</p>\n<main>\n{drawn}</main></body></html>\n",
        summary(lines),
    )
}

fn summary(lines: &[Line]) -> String {
    let steps = lines.iter().rev().find_map(|l| match l {
        Line::Steps(m) => Some(format!(
            "step {}, epoch {:.2}, loss {:.4}, {:.0} images/s",
            m.step, m.epoch, m.loss, m.images_per_s
        )),
        Line::Validation(_) | Line::Detection(_) => None,
    });
    let validation = lines.iter().rev().find_map(|l| match l {
        Line::Validation(m) => Some(format!(
            "; {}: accuracy {:.2} % ± {:.2}",
            m.protocol,
            m.accuracy * 100.0,
            m.accuracy_se * 100.0
        )),
        Line::Detection(m) => Some(format!(
            "; {} faces in {} photos: AP {:.2} %",
            m.n_faces,
            m.n_photos,
            m.ap * 100.0
        )),
        Line::Steps(_) => None,
    });
    steps.unwrap_or_default() + &validation.unwrap_or_default()
}

fn curves(lines: &[Line]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    let mut add = |title: &str, epoch: f64, value: Option<f64>| {
        let Some(value) = value.filter(|v| v.is_finite()) else {
            return;
        };
        let place = curves.iter().position(|c| c.title == title);
        let place = place.unwrap_or_else(|| {
            curves.push(Curve {
                title: title.to_owned(),
                points: Vec::new(),
            });
            curves.len() - 1
        });
        curves[place].points.push((epoch, value));
    };
    for line in lines {
        match line {
            Line::Steps(m) => {
                add("loss", m.epoch, Some(m.loss));
                if m.parts.len() > 1 {
                    m.parts
                        .iter()
                        .for_each(|(name, v)| add(name, m.epoch, Some(*v)));
                }
                add("accuracy in training", m.epoch, m.accuracy);
                add("learning rate", m.epoch, Some(m.rate));
                add("gradient norm", m.epoch, m.gradient_norm);
                add("images/s", m.epoch, Some(m.images_per_s));
                add("share of time waiting for images", m.epoch, Some(m.waiting));
            }
            Line::Validation(m) => {
                add(
                    &format!("accuracy, {}", m.protocol),
                    m.epoch,
                    Some(m.accuracy),
                );
                for (rate, tar) in &m.tar_at_fmr {
                    add(&format!("TAR at FMR {rate}, {}", m.protocol), m.epoch, *tar);
                }
            }
            Line::Detection(m) => {
                add("average precision", m.epoch, Some(m.ap));
                add("faces found", m.epoch, Some(m.found));
                add("false faces a photo", m.epoch, Some(m.n_false_per_photo));
                add("landmark error", m.epoch, m.landmark_error);
            }
        }
    }
    curves
}

impl Curve {
    fn svg(&self) -> String {
        let points = thinned(&self.points);
        let (x0, x1) = range(points.iter().map(|p| p.0));
        let (y0, y1) = range(points.iter().map(|p| p.1));
        let x = |v: f64| MARGIN + (v - x0) / (x1 - x0) * (WIDTH - MARGIN - 8.0);
        let y = |v: f64| 8.0 + (y1 - v) / (y1 - y0) * (HEIGHT - MARGIN);
        let mut path = String::new();
        for point in &points {
            // Writing to a string does not fail.
            let _ = write!(path, "{:.1},{:.1} ", x(point.0), y(point.1));
        }
        let label = |px: f64, py: f64, anchor: &str, text: String| {
            format!(
                "<text x=\"{px:.1}\" y=\"{py:.1}\" text-anchor=\"{anchor}\" font-size=\"11\" fill=\"#666\">{text}</text>"
            )
        };
        let left = MARGIN - 4.0;
        let bottom = HEIGHT - 22.0;
        let labels = [
            label(left, y(y1) + 4.0, "end", short(y1)),
            label(left, y(y0) + 4.0, "end", short(y0)),
            label(x(x0), bottom, "start", short(x0)),
            label(x(x1), bottom, "end", format!("epoch {}", short(x1))),
        ];
        let last = points.last().map_or_else(String::new, |p| short(p.1));
        format!(
            "<figure><figcaption>{}: {last}</figcaption>\
             <svg width=\"{WIDTH}\" height=\"{HEIGHT}\"><polyline points=\"{path}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\"/>{}</svg></figure>\n",
            self.title,
            labels.concat(),
        )
    }
}

/// The least and the greatest value, apart.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    match high > low {
        true => (low, high),
        false => (low - 0.5, low + 0.5),
    }
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |part: &[(f64, f64)]| {
        let n = part.len() as f64;
        let sum = part.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        (sum.0 / n, sum.1 / n)
    };
    points.chunks(size).map(mean).collect()
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v != 0.0 && !(1e-3..1e5).contains(&v) => format!("{value:.1e}"),
        v if v < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::metrics::{StepMetrics, ValidationMetrics};

    fn steps(step: u64) -> Line {
        Line::Steps(StepMetrics {
            step,
            epoch: step as f64 / 10.0,
            loss: 1.0 / step as f64,
            parts: [("a".to_owned(), 1.0), ("b".to_owned(), f64::NAN)].into(),
            accuracy: None,
            rate: 0.1,
            gradient_norm: None,
            images_per_s: 100.0,
            waiting: 0.0,
            n_replaced: 0,
        })
    }

    #[test]
    fn draws_what_there_is() {
        let validation = Line::Validation(ValidationMetrics {
            step: 2000,
            epoch: 200.0,
            protocol: "held-out people".to_owned(),
            n_pairs: 10,
            accuracy: 0.9,
            accuracy_se: 0.01,
            auc: 0.95,
            eer: None,
            tar_at_fmr: [("1e-2".to_owned(), None)].into(),
            folds: Vec::new(),
            seconds: 1.0,
        });
        let mut all: Vec<Line> = (1..=2000).map(steps).collect();
        all.push(validation);
        let going = page("run", &all, true);
        assert!(going.contains("refresh") && going.contains("accuracy 90.00 % ± 1.00"));
        let titles: Vec<_> = curves(&all).into_iter().map(|c| c.title).collect();
        let expected = [
            "loss",
            "a",
            "learning rate",
            "images/s",
            "share of time waiting for images",
            "accuracy, held-out people",
        ];
        assert_eq!(titles, expected);
        assert!(going.len() < 120_000, "{}", going.len());
        assert!(!page("run", &all, false).contains("refresh"));
        assert!(page("run", &[], true).contains("<h1>run</h1>"));
    }
}
