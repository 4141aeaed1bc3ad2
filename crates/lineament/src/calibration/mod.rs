//! From a wanted false-match rate to the threshold that keeps it.

mod measure;

use lineament_core::Score;
use lineament_runtime::Manifest;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Thresholds at false-match rates (FMR, ISO/IEC 19795-1), as measured for one embedder:
/// `[calibration]` of its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What was compared, in words.
    pub source: String,
    /// Non-mated comparisons.
    pub n_non_mated: u64,
    /// Mated comparisons.
    pub n_mated: u64,
    /// The rate used when none is asked for.
    pub default_fmr: f64,
    /// Operating points, by falling rate.
    pub points: Vec<CalibrationPoint>,
}

/// One measured operating point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationPoint {
    /// Share of non-mated pairs at or above the threshold.
    pub fmr: f64,
    /// The smallest threshold whose rate is not above `fmr`.
    pub threshold: f32,
    /// Lower end of the rate's 95 % interval, by bootstrap over identities.
    pub fmr_low: f64,
    /// Upper end of that interval.
    pub fmr_high: f64,
    /// Share of mated pairs below the threshold.
    pub fnmr: f64,
}

/// A threshold, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// Two faces of at least this score are taken for one person's.
    pub threshold: Score,
    /// The false-match rate that it keeps.
    pub fmr: f64,
    /// 95 % interval of that rate.
    pub fmr_interval: (f64, f64),
    /// What it was measured on, in words.
    pub source: String,
}

impl Calibration {
    pub(crate) fn from_manifest(manifest: &Manifest) -> Result<Option<Self>, Error> {
        let Some(calibration) = manifest.calibration::<Self>()? else {
            return Ok(None);
        };
        let points = &calibration.points;
        let falling = points.is_sorted_by(|a, b| a.fmr > b.fmr && a.threshold <= b.threshold);
        let sound = points
            .iter()
            .all(|p| p.fmr > 0.0 && p.fmr <= 1.0 && p.threshold.is_finite());
        if points.is_empty() || !falling || !sound {
            return Err(Error::ModelSettings {
                model: manifest.name.clone(),
                field: "calibration.points",
                expected: "points of falling fmr (0 to 1) and rising threshold",
                got: format!("{points:?}"),
            });
        }
        Ok(Some(calibration))
    }

    /// The threshold that keeps a false-match rate of `fmr`; between measured points, by
    /// straight lines over log₁₀ FMR.
    ///
    /// # Errors
    /// [`Error::FmrOutOfRange`] outside the measured points: the data support no threshold there.
    pub fn threshold_at(&self, fmr: f64) -> Result<OperatingPoint, Error> {
        let point = self.interpolated(fmr).ok_or_else(|| Error::FmrOutOfRange {
            wanted: fmr,
            least: self.points.last().map_or(0.0, |p| p.fmr),
            greatest: self.points.first().map_or(0.0, |p| p.fmr),
        })?;
        Ok(OperatingPoint {
            threshold: Score::new(point.threshold),
            fmr,
            fmr_interval: (point.fmr_low, point.fmr_high),
            source: self.source.clone(),
        })
    }

    /// The false-match rate at `threshold`; between measured points, by straight lines over
    /// log₁₀ FMR. Above the strictest threshold measured, the rate there, which is then an upper bound;
    /// `None` below the laxest.
    #[must_use]
    pub fn fmr_at(&self, threshold: Score) -> Option<f64> {
        let value = threshold.value();
        let n_laxer = self.points.partition_point(|p| p.threshold <= value);
        let (laxer, stricter) = self.points.split_at(n_laxer);
        let high = laxer.last()?;
        let Some(low) = stricter.first() else {
            return Some(high.fmr);
        };
        let share = (value - high.threshold) / (low.threshold - high.threshold);
        Some(high.fmr * (low.fmr / high.fmr).powf(f64::from(share)))
    }

    fn interpolated(&self, fmr: f64) -> Option<CalibrationPoint> {
        if let Some(exact) = self.points.iter().find(|p| p.fmr == fmr) {
            return Some(*exact);
        }
        let pair = self
            .points
            .windows(2)
            .find(|w| w[0].fmr > fmr && fmr > w[1].fmr)?;
        let (high, low) = (&pair[0], &pair[1]);
        let share = (high.fmr / fmr).log10() / (high.fmr / low.fmr).log10();
        let line = |a: f64, b: f64| a + share * (b - a);
        Some(CalibrationPoint {
            fmr,
            threshold: line(f64::from(high.threshold), f64::from(low.threshold)) as f32,
            fmr_low: fmr * line(high.fmr_low / high.fmr, low.fmr_low / low.fmr),
            fmr_high: fmr * line(high.fmr_high / high.fmr, low.fmr_high / low.fmr),
            fnmr: line(high.fnmr, low.fnmr),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calibration() -> Calibration {
        let point = |fmr: f64, threshold| CalibrationPoint {
            fmr,
            threshold,
            fmr_low: fmr * 0.8,
            fmr_high: fmr * 1.25,
            fnmr: 0.01,
        };
        Calibration {
            source: "a test".to_owned(),
            n_non_mated: 1000,
            n_mated: 100,
            default_fmr: 1e-2,
            points: vec![point(1e-1, 0.2), point(1e-2, 0.3), point(1e-3, 0.5)],
        }
    }

    proptest! {
        #[test]
        fn a_lower_rate_needs_no_lower_threshold(a in 1e-3f64..1e-1, b in 1e-3f64..1e-1) {
            let calibration = calibration();
            let threshold = |fmr| calibration.threshold_at(fmr).unwrap().threshold;
            prop_assert_eq!(a < b, threshold(a) > threshold(b));
        }
    }

    #[test]
    fn measured_points_come_back_and_others_lie_between() {
        let calibration = calibration();
        assert_eq!(
            calibration.threshold_at(1e-2).unwrap().threshold.value(),
            0.3
        );
        let between = calibration.threshold_at(10f64.powf(-2.5)).unwrap();
        assert!((between.threshold.value() - 0.4).abs() < 1e-6);
    }

    #[test]
    fn thresholds_give_their_rates_back() {
        let calibration = calibration();
        for fmr in [1e-1, 0.05, 1e-2, 2e-3, 1e-3] {
            let threshold = calibration.threshold_at(fmr).unwrap().threshold;
            let back = calibration.fmr_at(threshold).unwrap();
            assert!((back / fmr - 1.0).abs() < 1e-5, "{back}");
        }
        assert_eq!(calibration.fmr_at(Score::new(0.9)), Some(1e-3));
        assert_eq!(calibration.fmr_at(Score::new(0.1)), None);
    }

    #[test]
    fn rates_beyond_the_data_are_refused() {
        for fmr in [1e-4, 0.5, f64::NAN] {
            let error = calibration().threshold_at(fmr).unwrap_err();
            assert!(matches!(error, Error::FmrOutOfRange { .. }), "{error}");
        }
    }
}
