//! From a wanted false-positive rate to a threshold for this gallery's size.

use lineament::{Calibration, Pipeline, Score};
use lineament_gallery::{Match, fmr_for, fpir_of};
use lineament_match::probe_tail_confidence;
use serde::Serialize;

use crate::args::gallery::{self as args, OpenSet};
use crate::failure::Failure;

/// The share of strangers taken for somebody when no other is asked for.
const USUAL_FPIR: f64 = 0.01;

/// How it is decided whether a face is somebody's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum OpenSetRule {
    /// From this score on.
    Score(Score),
    /// So that this share of strangers is taken for somebody.
    Fpir(f64),
}

impl TryFrom<&OpenSet> for OpenSetRule {
    type Error = Failure;

    fn try_from(args: &OpenSet) -> Result<Self, Failure> {
        match (args.threshold, args.fpir) {
            (Some(score), _) if (-1.0..=1.0).contains(&score) => Ok(Self::Score(Score::new(score))),
            (Some(score), _) => Err(Failure::usage(format!(
                "--threshold is a score from -1 to 1, not {score}"
            ))),
            (None, Some(fpir)) if fpir > 0.0 && fpir < 1.0 => Ok(Self::Fpir(fpir)),
            (None, Some(fpir)) => Err(Failure::usage(format!(
                "--fpir is a rate between 0 and 1, not {fpir}"
            ))),
            (None, None) => Ok(Self::Fpir(USUAL_FPIR)),
        }
    }
}

/// How far a face's best score must stand out of those of the next people for the face to be named.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct TailRule {
    confidence: f64,
    size: usize,
}

/// How far a face's best score stands out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Tail {
    /// 0 to 1; null where the next people's scores are too few or all the same.
    confidence: Option<f64>,
    /// Whether that is as far as it must.
    stands_out: bool,
}

impl TailRule {
    /// The rule that was asked for, if one was, for a gallery of `n_people`.
    ///
    /// # Errors
    /// Usage, when the confidence is not one or the people are too few.
    pub(super) fn of(args: &args::Tail, n_people: usize) -> Result<Option<Self>, Failure> {
        let Some(confidence) = args.tail_confidence else {
            return Ok(None);
        };
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Failure::usage(format!(
                "--tail-confidence is a confidence from 0 to 1, not {confidence}"
            )));
        }
        let size = usize::from(args.tail_size);
        if n_people <= size {
            return Err(Failure::usage(format!(
                "a tail of {size} people behind the best needs {} people or more, and there are {n_people}",
                size + 1
            ))
            .help("ask for a smaller --tail-size, or leave out --tail-confidence"));
        }
        Ok(Some(Self { confidence, size }))
    }

    /// Candidates that it needs.
    pub(super) fn n_candidates(&self) -> usize {
        self.size + 1
    }

    /// How far the first of the candidates, which are people, best first, stands out of the next.
    pub(super) fn judge(&self, candidates: &[Match]) -> Tail {
        let scores = candidates.iter().take(self.n_candidates());
        let scores: Vec<f64> = scores.map(|found| f64::from(found.score.value())).collect();
        let confidence = probe_tail_confidence(&scores, self.size).ok();
        Tail {
            confidence,
            stands_out: confidence.is_some_and(|found| found >= self.confidence),
        }
    }
}

impl Tail {
    pub(super) fn stands_out(self) -> bool {
        self.stands_out
    }
}

/// The threshold of a search, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SearchThreshold {
    /// Who scores at least this is who it is.
    pub(super) threshold: Score,
    /// Faces that a search compares with.
    pub(super) n_compared: usize,
    /// The share of strangers taken for somebody that it keeps; null for a threshold that was given
    /// and that the calibration knows no rate for.
    pub(super) fpir: Option<f64>,
    /// The false-match rate of one comparison that this needs.
    pub(super) fmr: Option<f64>,
    /// What the rates were measured on, in words.
    pub(super) measured_on: Option<String>,
}

impl SearchThreshold {
    /// The threshold for searches among `n_compared` faces.
    ///
    /// # Errors
    /// Usage, when the calibration supports no threshold for the rate, or there is none.
    pub(super) fn of(
        rule: OpenSetRule,
        pipeline: &Pipeline,
        n_compared: usize,
    ) -> Result<Self, Failure> {
        let calibration = pipeline.calibration();
        match (rule, calibration) {
            (OpenSetRule::Score(threshold), calibration) => {
                let calibration = calibration.ok();
                let fmr = calibration.and_then(|c| c.fmr_at(threshold));
                Ok(Self {
                    threshold,
                    n_compared,
                    fpir: fmr.map(|fmr| fpir_of(fmr, n_compared)),
                    fmr,
                    measured_on: calibration.map(|c| c.source.clone()),
                })
            }
            (OpenSetRule::Fpir(fpir), Ok(calibration)) => calibrated(fpir, calibration, n_compared),
            (OpenSetRule::Fpir(_), Err(error)) => {
                Err(Failure::usage(error.to_string()).help("give a score with --threshold"))
            }
        }
    }

    /// The chance that a stranger scores `score` or more with somebody; past the strictest threshold
    /// measured, at most this. `None` where nothing was measured.
    pub(super) fn chance_of_stranger(
        &self,
        calibration: Option<&Calibration>,
        score: Score,
    ) -> Option<f64> {
        let fmr = calibration?.fmr_at(score)?;
        Some(fpir_of(fmr, self.n_compared))
    }
}

fn calibrated(
    fpir: f64,
    calibration: &Calibration,
    n_compared: usize,
) -> Result<SearchThreshold, Failure> {
    let (greatest, least) = match calibration.points.as_slice() {
        [greatest, .., least] => (greatest.fmr, least.fmr),
        [only] => (only.fmr, only.fmr),
        [] => (0.0, 0.0),
    };
    // Where fewer faces would allow a laxer threshold than was ever measured, the laxest serves.
    let fmr = fmr_for(fpir, n_compared).min(greatest);
    let point = calibration.threshold_at(fmr).map_err(|_| {
        Failure::usage(format!(
            "among {n_compared} faces, a false-positive rate of {fpir} needs a false-match rate of \
             {fmr:.1e}, and the calibration supports none below {least:.1e}"
        ))
        .help(format!(
            "ask for --fpir {:.2} or more, or give a score with --threshold",
            (fpir_of(least, n_compared) * 100.0).ceil() / 100.0
        ))
    })?;
    Ok(SearchThreshold {
        threshold: point.threshold,
        n_compared,
        fpir: Some(fpir_of(fmr, n_compared)),
        fmr: Some(fmr),
        measured_on: Some(point.source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use lineament::CalibrationPoint;
    use lineament_gallery::PersonId;

    fn calibration() -> Calibration {
        let point = |fmr, threshold| CalibrationPoint {
            fmr,
            threshold,
            fmr_low: fmr,
            fmr_high: fmr,
            fnmr: 0.01,
        };
        Calibration {
            source: "a test".to_owned(),
            n_non_mated: 100_000,
            n_mated: 100,
            default_fmr: 1e-3,
            points: vec![point(1e-2, 0.3), point(1e-4, 0.5)],
        }
    }

    #[test]
    fn more_faces_raise_the_threshold_until_the_data_end() {
        let threshold = |n| calibrated(0.01, &calibration(), n).map(|t| t.threshold.value());
        assert_eq!(threshold(0).unwrap(), 0.3);
        assert!((threshold(10).unwrap() - 0.4).abs() < 1e-3);
        assert!(threshold(50).unwrap() < threshold(90).unwrap());
        let failure = threshold(1000).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        let mut told = Vec::new();
        failure.tell(&mut told);
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains("help: ask for --fpir 0.10 or more"), "{told}");
        assert!(calibrated(0.1, &calibration(), 1000).is_ok());
    }

    #[test]
    fn a_best_score_stands_out_of_a_tail_or_is_part_of_it() {
        let args = |confidence, size| args::Tail {
            tail_confidence: Some(confidence),
            tail_size: size,
        };
        let rule = TailRule::of(&args(0.99, 5), 6).unwrap().unwrap();
        let judged = |best: f32| {
            let scores = [best, 0.21, 0.19, 0.16, 0.15, 0.14];
            let candidates = scores.map(|score| Match {
                person: PersonId(1),
                face: None,
                score: Score::new(score),
            });
            rule.judge(&candidates)
        };
        assert!(judged(0.6).stands_out());
        assert!(!judged(0.22).stands_out());
        assert!(judged(0.6).confidence > judged(0.22).confidence);
        assert_eq!(rule.judge(&[]).confidence, None);
        assert!(!rule.judge(&[]).stands_out());
        for (confidence, size, n_people) in [(0.99, 6, 6), (1.1, 5, 9), (f64::NAN, 5, 9)] {
            let refused = TailRule::of(&args(confidence, size), n_people).unwrap_err();
            assert_eq!(refused.exit(), Exit::Usage);
        }
        let nothing = args::Tail {
            tail_confidence: None,
            tail_size: 20,
        };
        assert_eq!(TailRule::of(&nothing, 0).unwrap(), None);
    }

    #[test]
    fn few_faces_get_the_laxest_threshold_measured() {
        let found = calibrated(0.5, &calibration(), 2).unwrap();
        assert_eq!(found.threshold.value(), 0.3);
        assert!((found.fpir.unwrap() - 0.0199).abs() < 1e-6);
    }
}
