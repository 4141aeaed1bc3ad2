//! The rows of the comparison of losses: what each reached, and how far it is from the first.

use super::report::mean_and_error;
use super::runs::HeldOut;
use super::table::{Compared, Trained};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What was measured of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Measured {
    /// Share of pairs judged rightly.
    pub accuracy: f64,
    /// Its standard error by the protocol.
    pub accuracy_se: f64,
    /// Pairs judged.
    pub n_pairs: usize,
    /// The pairs that were judged wrongly, by the names of their images.
    #[serde(skip)]
    pub wrong: BTreeSet<(String, String)>,
}

/// A share, or the difference of two, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// In per cent.
    pub percent: f64,
    /// In per cent.
    pub se_percent: f64,
}

/// A row of the comparison. All its figures are of the same checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The loss.
    pub loss: &'static str,
    /// Steps of the checkpoint that was judged, of every seed: the best by the people held out.
    pub steps: Vec<u64>,
    /// Accuracy on the people held out. It is a little too great, since it chose the checkpoints.
    pub held_out: Option<Figure>,
    /// The same less that of the first loss, by the folds of both.
    pub held_out_over_first: Option<Figure>,
    /// Accuracy by the protocol: the mean over seeds. Its standard error is that over seeds where there are several,
    /// which leaves out what the choice of pairs adds, else the protocol's.
    pub accuracy: Figure,
    /// The same less that of the first loss, by the decisions of both on every pair.
    pub over_first: Option<Figure>,
    /// The published accuracy on LFW, where there is one.
    pub published_lfw_percent: Option<f64>,
    /// The published accuracy on YouTube Faces.
    pub published_ytf_percent: Option<f64>,
}

/// The runs of a loss, one for each seed.
type Seeds<'a> = Vec<(&'a Trained, &'a Measured)>;

/// A row for each loss of which something was measured, by the names of the models.
#[must_use]
pub fn rows(
    losses: &[Compared],
    trained: &[Trained],
    measured: &BTreeMap<String, Measured>,
) -> Vec<Row> {
    let seeds = |loss: &Compared| -> Seeds<'_> {
        let its = trained.iter().filter(|t| t.loss == loss.name);
        its.filter_map(|t| Some((t, measured.get(&t.model)?)))
            .collect()
    };
    let each: Vec<_> = losses.iter().map(|loss| (loss, seeds(loss))).collect();
    let Some((first, of_first)) = each.iter().find(|(_, seeds)| !seeds.is_empty()) else {
        return Vec::new();
    };
    let row = |(loss, seeds): &(&Compared, Seeds<'_>)| {
        row(loss, seeds, of_first).map(|row| match loss.name == first.name {
            true => Row {
                held_out_over_first: None,
                over_first: None,
                ..row
            },
            false => row,
        })
    };
    each.iter().filter_map(row).collect()
}

fn row(loss: &Compared, seeds: &Seeds<'_>, first: &Seeds<'_>) -> Option<Row> {
    let judged = |(_, m): &(&Trained, &Measured)| (m.accuracy, m.accuracy_se);
    let published = loss.published_row();
    let held_out = held_out(seeds);
    Some(Row {
        loss: loss.name,
        steps: seeds.iter().map(|(t, _)| t.judged.step).collect(),
        held_out: (held_out.as_deref()).and_then(|held_out| {
            let figures: Vec<_> = (held_out.iter())
                .map(|h| (h.accuracy, h.accuracy_se))
                .collect();
            Figure::mean(&figures)
        }),
        held_out_over_first: held_out
            .zip(self::held_out(first))
            .and_then(|(a, b)| by_folds(&a, &b)),
        accuracy: Figure::mean(&seeds.iter().map(judged).collect::<Vec<_>>())?,
        over_first: by_pairs(seeds, first),
        published_lfw_percent: published.as_ref().map(|p| p.lfw_percent),
        published_ytf_percent: published.and_then(|p| p.ytf_percent),
    })
}

/// `None` where a run held nobody out.
fn held_out<'a>(seeds: &Seeds<'a>) -> Option<Vec<&'a HeldOut>> {
    (seeds.iter())
        .map(|(trained, _)| trained.judged.held_out.as_ref())
        .collect()
}

/// How much more `a` judges rightly than `b`, by the folds of the same people.
fn by_folds(a: &[&HeldOut], b: &[&HeldOut]) -> Option<Figure> {
    let n = a.first()?.folds.len();
    if a.iter().chain(b).any(|h| h.folds.len() != n) {
        return None;
    }
    let mean =
        |of: &[&HeldOut], k: usize| of.iter().map(|h| h.folds[k]).sum::<f64>() / of.len() as f64;
    let apart: Vec<f64> = (0..n).map(|k| mean(a, k) - mean(b, k)).collect();
    let accuracies = |of: &[&HeldOut]| of.iter().map(|h| h.accuracy).collect::<Vec<_>>();
    Figure::difference(&apart, n, &accuracies(a), &accuracies(b))
}

/// How much more `a` judges rightly than `b`, by the same pairs.
fn by_pairs(a: &Seeds<'_>, b: &Seeds<'_>) -> Option<Figure> {
    let n = a.first()?.1.n_pairs;
    if a.iter().chain(b).any(|(_, m)| m.n_pairs != n) {
        return None;
    }
    // Pairs that all judge rightly are 0, and need not be named.
    let mut apart: BTreeMap<&(String, String), f64> = BTreeMap::new();
    for (seeds, sign) in [(a, -1.0), (b, 1.0)] {
        for pair in seeds.iter().flat_map(|(_, m)| &m.wrong) {
            *apart.entry(pair).or_default() += sign / seeds.len() as f64;
        }
    }
    let apart: Vec<f64> = apart.into_values().collect();
    let accuracies = |of: &Seeds<'_>| of.iter().map(|(_, m)| m.accuracy).collect::<Vec<_>>();
    Figure::difference(&apart, n, &accuracies(a), &accuracies(b))
}

impl Figure {
    /// The mean of several seeds; of one, the figure with the error it came with.
    fn mean(of_seeds: &[(f64, f64)]) -> Option<Self> {
        let (mean, error) = mean_and_error(of_seeds)?;
        Some(Self {
            percent: 100.0 * mean,
            se_percent: 100.0 * error,
        })
    }

    /// The mean of `a` less that of `b`, accuracies of seeds. `apart` are the differences on each of `n` items that both
    /// judged, those of 0 left out. The error is √(s²/n + that of `a` over seeds² + that of `b`²), s the deviation of
    /// the items'.
    fn difference(apart: &[f64], n: usize, a: &[f64], b: &[f64]) -> Option<Self> {
        let of_seeds = |values: &[f64]| {
            let each: Vec<_> = values.iter().map(|v| (*v, 0.0)).collect();
            mean_and_error(&each)
        };
        let ((mean_a, error_a), (mean_b, error_b)) = (of_seeds(a)?, of_seeds(b)?);
        let n = n as f64;
        let mean = apart.iter().sum::<f64>() / n;
        let squares = apart.iter().map(|d| d * d).sum::<f64>() - n * mean * mean;
        // Sums of the same numbers may end a little below 0.
        let items = (squares / (n - 1.0) / n).max(0.0);
        Some(Self {
            percent: 100.0 * (mean_a - mean_b),
            se_percent: 100.0 * (items + error_a.powi(2) + error_b.powi(2)).sqrt(),
        })
    }
}

/// The rows as a Markdown table, and how to read it.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let Some(first) = rows.first().map(|row| row.loss) else {
        return String::new();
    };
    let mut table = format!(
        "| loss | steps | held-out people | over {first} | accuracy | over {first} | published, LFW | YTF |\n{}\n",
        "|---".repeat(8) + "|"
    );
    let percent =
        |value: Option<f64>, digits| value.map_or("–".to_owned(), |v| format!("{v:.digits$} %"));
    for row in rows {
        let steps: Vec<String> = row.steps.iter().map(u64::to_string).collect();
        // Writing to a string never fails.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.loss,
            steps.join(", "),
            share(row.held_out),
            points(row.held_out_over_first),
            share(Some(row.accuracy)),
            points(row.over_first),
            percent(row.published_lfw_percent, 2),
            percent(row.published_ytf_percent, 1),
        );
    }
    table + READ_IT
}

const READ_IT: &str = "\nBoth accuracies are of the checkpoint after these steps, one for each seed: the best by the people held out. ± of an \
accuracy is its standard error over seeds, which leaves out what the choice of pairs adds; of one seed, the protocol's. ± of a difference \
is by what both judged, pair by pair (people held out: fold by fold), and over seeds.\n";

fn share(figure: Option<Figure>) -> String {
    figure.map_or("–".to_owned(), |f| {
        format!("{:.2} % ± {:.2}", f.percent, f.se_percent)
    })
}

fn points(figure: Option<Figure>) -> String {
    figure.map_or("–".to_owned(), |f| {
        format!("{:+.2} ± {:.2}", f.percent, f.se_percent)
    })
}

#[cfg(test)]
mod tests {
    use super::super::runs::Judged;
    use super::super::table::LOSSES;
    use super::*;

    fn run(loss: &'static str, seed: u64, folds: [f64; 2], wrong: &[usize]) -> (Trained, Measured) {
        let accuracy = (folds[0] + folds[1]) / 2.0;
        let trained = Trained {
            loss,
            model: format!("{loss}-{seed}"),
            judged: Judged {
                step: 100 * seed,
                held_out: Some(HeldOut {
                    accuracy,
                    accuracy_se: 0.01,
                    folds: folds.to_vec(),
                }),
            },
        };
        let pair = |i: &usize| (format!("a{i}"), format!("b{i}"));
        let measured = Measured {
            accuracy: 1.0 - wrong.len() as f64 / 50.0,
            accuracy_se: 0.004,
            n_pairs: 50,
            wrong: wrong.iter().map(pair).collect(),
        };
        (trained, measured)
    }

    fn told(runs: Vec<(Trained, Measured)>) -> Vec<Row> {
        let (trained, measured): (Vec<Trained>, Vec<Measured>) = runs.into_iter().unzip();
        let names = trained.iter().map(|t| t.model.clone());
        let measured = names.zip(measured).collect();
        rows(&LOSSES, &trained, &measured)
    }

    #[test]
    fn seeds_give_the_error_where_there_are_several() {
        let rows = told(vec![
            run("softmax", 1, [0.7, 0.8], &[1, 2, 3, 4, 5]),
            run("softmax", 2, [0.8, 0.7], &[1, 2, 3]),
            run("cosface", 1, [0.9, 0.8], &[1, 9]),
        ]);
        let table = markdown(&rows);
        // 90 and 94 %: ±2 about their mean, s = 2√2, over √2.
        let expected =
            "| softmax | 100, 200 | 75.00 % ± 0.00 | – | 92.00 % ± 2.00 | – | 97.88 % | 93.1 % |";
        assert!(table.contains(expected), "{table}");
        // Folds: +15 and +5. Pairs: 1 is wrong by all; 2 and 3 wrong by softmax, 4 and 5 by one seed of it, 9 by cosface:
        // s²/n = (3.5 − 50·0.04²)/49/50, and softmax's 2 over seeds.
        let items = (3.5 - 50.0 * 0.04 * 0.04) / 49.0 / 50.0;
        let error = 100.0 * f64::sqrt(items + 0.02 * 0.02);
        let expected = format!(
            "| cosface | 100 | 85.00 % ± 1.00 | +10.00 ± 5.00 | 96.00 % ± 0.40 | +4.00 ± {error:.2} | – | – |"
        );
        assert!(table.contains(&expected), "{table}\n{expected}");
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn what_was_not_judged_on_the_same_has_no_difference() {
        let mut other = run("cosface", 1, [0.9, 0.8], &[1]);
        other.1.n_pairs = 49;
        other.0.judged.held_out = None;
        let rows = told(vec![run("softmax", 1, [0.7, 0.8], &[]), other]);
        assert_eq!((rows[1].over_first, rows[1].held_out), (None, None));
        assert_eq!(rows[1].held_out_over_first, None);
        assert_eq!(markdown(&[]), "");
    }
}
