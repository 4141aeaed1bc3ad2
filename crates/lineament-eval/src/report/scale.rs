//! From numbers to places along an axis, and the ticks between.

use super::numbers;

/// An axis from `low` at 0 to `high` at 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    kind: ScaleKind,
    low: f64,
    high: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScaleKind {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
    /// Equal ratios, with marks at 1, 2, 5, 10 and so on.
    Ranks,
    /// Equal differences of normal deviates: errors of normal scores lie on straight lines (Martin
    /// et al. 1997, "The DET curve in assessment of detection task performance").
    NormalDeviate,
}

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Where, from 0 to 1.
    pub(super) at: f64,
    pub(super) label: TickLabel,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TickLabel {
    None,
    Text(String),
    /// Ten to this power.
    Power(i32),
}

/// Rates worth a mark on a normal-deviate axis.
const DEVIATE_TICKS: [f64; 18] = [
    1e-7, 1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9,
    0.95, 0.99,
];

impl Scale {
    /// An axis over `low < high`, as they are.
    pub(super) fn new(kind: ScaleKind, low: f64, high: f64) -> Self {
        Self { kind, low, high }
    }

    /// A logarithmic axis over the decades that hold `low` and `high`, both above 0.
    pub(super) fn decades(low: f64, high: f64) -> Self {
        // One in ten thousand of a decade is what computing a rate may be off by.
        let (first, last) = ((low.log10() + 1e-4).floor(), (high.log10() - 1e-4).ceil());
        let last = last.max(first + 1.0);
        Self::new(ScaleKind::Log, 10_f64.powf(first), 10_f64.powf(last))
    }

    /// A normal-deviate axis whose ends are ticks at or beyond `low` and `high`.
    pub(super) fn deviates(low: f64, high: f64) -> Self {
        let below = DEVIATE_TICKS.iter().rev().find(|t| **t <= low);
        let low = below.copied().unwrap_or(DEVIATE_TICKS[0]);
        let above = DEVIATE_TICKS.iter().find(|t| **t >= high && **t > low);
        Self::new(
            ScaleKind::NormalDeviate,
            low,
            above.copied().unwrap_or(0.99),
        )
    }

    /// Where a number lies: 0 to 1 on the axis, a little beyond it for all that is outside.
    pub(super) fn at(self, value: f64) -> f64 {
        let (low, high) = (self.stretched(self.low), self.stretched(self.high));
        let at = (self.stretched(value) - low) / (high - low);
        // A number that the axis does not have, like the logarithm of 0, is below all others.
        if at.is_nan() {
            -0.1
        } else {
            at.clamp(-0.1, 1.1)
        }
    }

    /// The numbers that both axes have, if any.
    pub(super) fn shared(self, other: Self) -> Option<(f64, f64)> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low < high).then_some((low, high))
    }

    fn stretched(self, value: f64) -> f64 {
        match self.kind {
            ScaleKind::Linear => value,
            ScaleKind::Log | ScaleKind::Ranks => value.log10(),
            ScaleKind::NormalDeviate => normal_deviate(value),
        }
    }

    /// Ticks in rising order; labels lie at least `gap` apart.
    pub(super) fn ticks(self, gap: f64) -> Vec<Tick> {
        match self.kind {
            ScaleKind::Linear => self.linear_ticks(gap),
            ScaleKind::Log => self.log_ticks(gap),
            ScaleKind::Ranks => self.rank_ticks(),
            ScaleKind::NormalDeviate => self.deviate_ticks(gap),
        }
    }

    fn linear_ticks(self, gap: f64) -> Vec<Tick> {
        let step = nice_step((self.high - self.low) * gap.max(1e-3));
        let places = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let slack = 1e-9;
        let first = (self.low / step - slack).ceil();
        let last = (self.high / step + slack).floor();
        let n = (last - first).max(0.0) as usize;
        (0..=n)
            .map(|i| (first + i as f64) * step)
            .map(|value| Tick {
                at: self.at(value),
                label: TickLabel::Text(numbers::fixed(value, places)),
            })
            .collect()
    }

    fn log_ticks(self, gap: f64) -> Vec<Tick> {
        let (first, last) = (
            self.low.log10().round() as i32,
            self.high.log10().round() as i32,
        );
        let n_decades = (last - first).max(1);
        let every = (gap * f64::from(n_decades)).ceil().max(1.0) as i32;
        let mut ticks = Vec::new();
        for exponent in first..=last {
            let power = 10_f64.powi(exponent);
            let label = match (last - exponent) % every {
                0 => TickLabel::Power(exponent),
                _ => TickLabel::None,
            };
            ticks.push(Tick {
                at: self.at(power),
                label,
            });
            let between = 2..10 * i32::from(exponent < last && n_decades <= 6);
            ticks.extend(between.map(|k| Tick {
                at: self.at(f64::from(k) * power),
                label: TickLabel::None,
            }));
        }
        ticks
    }

    fn rank_ticks(self) -> Vec<Tick> {
        let decades = (0..=12).map(|exponent| 10_f64.powi(exponent));
        let ranks = decades.flat_map(|power| [1.0, 2.0, 5.0].map(|k| k * power));
        ranks
            .filter(|rank| *rank <= self.high)
            .map(|rank| Tick {
                at: self.at(rank),
                label: TickLabel::Text(numbers::fixed(rank, 0)),
            })
            .collect()
    }

    fn deviate_ticks(self, gap: f64) -> Vec<Tick> {
        let inside = |t: &&f64| **t >= self.low && **t <= self.high;
        let mut ticks: Vec<Tick> = Vec::new();
        let mut last_label = f64::NEG_INFINITY;
        for rate in DEVIATE_TICKS.iter().filter(inside) {
            let at = self.at(*rate);
            let has_room = at - last_label >= gap;
            let label = match has_room {
                true => TickLabel::Text(percent(*rate)),
                false => TickLabel::None,
            };
            last_label = if has_room { at } else { last_label };
            ticks.push(Tick { at, label });
        }
        ticks
    }
}

/// One of the rates of the ticks, in per cent, without a unit.
fn percent(rate: f64) -> String {
    let places = (-(100.0 * rate).log10().floor()).clamp(0.0, 12.0) as usize;
    numbers::fixed(100.0 * rate, places)
}

/// The least of 1, 2 or 5 times a power of ten that is at least `step`; 1 where `step` is not
/// above 0.
pub(super) fn nice_step(step: f64) -> f64 {
    if !(step > 0.0 && step.is_finite()) {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let candidates = [1.0, 2.0, 5.0, 10.0].map(|m| m * power);
    // Quotients of round numbers are not always round.
    let fits = |c: &f64| *c >= step * (1.0 - 1e-9);
    candidates.into_iter().find(fits).unwrap_or(10.0 * power)
}

/// The normal deviate Φ⁻¹(p): −∞ at 0, ∞ at 1, NaN outside.
///
/// Source: Wichura 1988, algorithm AS 241, PPND7; relative accuracy 10⁻⁷, more than a plot needs.
fn normal_deviate(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        let above = polynomial(
            r,
            [
                3.387_132_717_9,
                50.434_271_938,
                159.291_132_02,
                59.109_374_72,
            ],
        );
        return q * above / polynomial(r, [1.0, 17.895_169_469, 78.757_757_664, 67.187_563_6]);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = match r <= 5.0 {
        true => {
            let above = polynomial(
                r - 1.6,
                [
                    1.423_437_277_7,
                    2.756_815_39,
                    1.306_728_481_6,
                    0.170_238_211_03,
                ],
            );
            above / polynomial(r - 1.6, [1.0, 0.737_001_642_5, 0.120_211_329_75, 0.0])
        }
        false if r.is_finite() => {
            let above = polynomial(
                r - 5.0,
                [
                    6.657_905_115,
                    3.081_226_386,
                    0.428_682_943_37,
                    0.017_337_203_997,
                ],
            );
            above / polynomial(r - 5.0, [1.0, 0.241_978_942_25, 0.012_258_202_635, 0.0])
        }
        false => r,
    };
    q.signum() * tail
}

fn polynomial(x: f64, c: [f64; 4]) -> f64 {
    c[0] + x * (c[1] + x * (c[2] + x * c[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy.stats.norm.ppf.
    #[test]
    fn normal_deviates() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.01, -2.326_347_874_040_841),
            (0.2, -0.841_621_233_572_914),
            (1e-6, -4.753_424_308_822_899),
            (1e-12, -7.034_483_825_301_132),
        ] {
            assert!(
                (normal_deviate(p) - z).abs() <= 1e-6,
                "{p}: {}",
                normal_deviate(p)
            );
        }
        assert_eq!(normal_deviate(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_deviate(1.0), f64::INFINITY);
        assert!(normal_deviate(-0.1).is_nan());
    }

    fn labels(scale: Scale, gap: f64) -> Vec<String> {
        let shown = |t: Tick| match t.label {
            TickLabel::None => None,
            TickLabel::Text(text) => Some(text),
            TickLabel::Power(exponent) => Some(format!("1e{exponent}")),
        };
        scale.ticks(gap).into_iter().filter_map(shown).collect()
    }

    #[test]
    fn ticks_are_round_and_apart() {
        let linear = Scale::new(ScaleKind::Linear, -0.13, 0.52);
        assert_eq!(labels(linear, 0.2), ["0.0", "0.2", "0.4"]);
        assert_eq!(
            labels(linear, 0.1),
            ["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
        let log = Scale::decades(3.3e-4, 1.0);
        assert_eq!(labels(log, 0.1), ["1e-4", "1e-3", "1e-2", "1e-1", "1e0"]);
        assert_eq!(
            labels(Scale::decades(1e-8, 1.0), 0.15),
            ["1e-8", "1e-6", "1e-4", "1e-2", "1e0"]
        );
        let deviates = Scale::deviates(3.3e-4, 0.31);
        assert_eq!(
            labels(deviates, 0.05),
            [
                "0.01", "0.05", "0.1", "0.5", "1", "2", "5", "10", "20", "40"
            ]
        );
        assert_eq!(labels(deviates, 0.2), ["0.01", "0.5", "5", "20"]);
    }

    #[test]
    fn places_are_ordered_and_never_far_away() {
        let scales = [
            Scale::new(ScaleKind::Linear, 0.0, 1.0),
            Scale::decades(1e-4, 1.0),
            Scale::deviates(1e-4, 0.4),
        ];
        for scale in scales {
            let values = [
                f64::NEG_INFINITY,
                -1.0,
                0.0,
                1e-5,
                1e-3,
                0.1,
                0.3,
                1.0,
                f64::INFINITY,
            ];
            let places = values.map(|v| scale.at(v));
            assert!(
                places.iter().all(|p| (-0.1..=1.1).contains(p)),
                "{places:?}"
            );
            assert!(places[2..8].is_sorted(), "{places:?}");
            assert_eq!((scale.at(scale.low), scale.at(scale.high)), (0.0, 1.0));
            assert_eq!(scale.at(f64::NAN), -0.1);
        }
    }
}
