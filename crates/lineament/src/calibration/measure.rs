//! The measuring of thresholds on labelled faces.

use lineament_core::{CoreError, Embedding};

use super::{Calibration, CalibrationPoint};
use crate::error::Error;

/// Rates worth a row, if at least [`LEAST_FALSE_MATCHES`] comparisons support them.
const RATES: [f64; 9] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5];
/// Below 30 errors an observed rate says little (the "rule of 30", Doddington et al., 2000).
const LEAST_FALSE_MATCHES: f64 = 30.0;
const DEFAULT_FMR: f64 = 1e-4;
const BOOTSTRAP_ROUNDS: usize = 1000;

impl Calibration {
    /// The thresholds at which no more than 10⁻¹…10⁻⁵ of all pairs of faces of different people
    /// match, as far as the pairs support the rate; their intervals by bootstrap over people
    /// drawn with `seed`. People are numbered from 0. Compares n² / 2 pairs in memory: 6 000
    /// faces take 0.4 GB.
    ///
    /// # Errors
    /// [`Error::Core`] where embeddings are of different spaces;
    /// [`Error::TooFewToCalibrate`] without 300 non-mated pairs and a mated one.
    pub fn measured(faces: &[(usize, Embedding)], source: &str, seed: u64) -> Result<Self, Error> {
        let (mated, mut non_mated) = scores(faces)?;
        let n_non_mated = non_mated.len();
        let supported = |rate: &f64| *rate * n_non_mated as f64 >= LEAST_FALSE_MATCHES;
        if mated.is_empty() || !supported(&RATES[0]) {
            return Err(Error::TooFewToCalibrate {
                n_mated: mated.len(),
                n_non_mated,
            });
        }
        non_mated.sort_by(|a, b| b.0.total_cmp(&a.0));
        let bootstrap = Bootstrap::new(faces.iter().map(|(person, _)| *person), seed);
        let points = RATES.into_iter().filter(supported).map(|fmr| {
            let n_allowed = (fmr * n_non_mated as f64).floor() as usize;
            let threshold = threshold_after(&non_mated, n_allowed);
            let n_matches = non_mated.partition_point(|m| m.0 >= threshold);
            let (fmr_low, fmr_high) = bootstrap.interval(&non_mated[..n_matches]);
            let n_missed = mated.iter().filter(|&&s| s < threshold).count();
            CalibrationPoint {
                fmr,
                threshold,
                fmr_low: four_digits(fmr_low),
                fmr_high: four_digits(fmr_high),
                fnmr: four_digits(n_missed as f64 / mated.len() as f64),
            }
        });
        let points: Vec<_> = points.collect();
        let least = points.last().map_or(DEFAULT_FMR, |point| point.fmr);
        Ok(Self {
            source: source.to_owned(),
            n_non_mated: n_non_mated as u64,
            n_mated: mated.len() as u64,
            default_fmr: DEFAULT_FMR.max(least),
            points,
        })
    }
}

/// A score, and whose faces gave it.
type NonMated = (f32, u32, u32);

/// The scores of all pairs: mated ones, and the others.
fn scores(faces: &[(usize, Embedding)]) -> Result<(Vec<f32>, Vec<NonMated>), CoreError> {
    let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
    for (i, (person, face)) in faces.iter().enumerate() {
        for (other_person, other) in &faces[..i] {
            let score = face.score(other)?.value();
            if person == other_person {
                mated.push(score);
            } else {
                non_mated.push((score, *person as u32, *other_person as u32));
            }
        }
    }
    Ok((mated, non_mated))
}

/// The smallest score that at most `n_allowed` of the falling scores reach: just above the first
/// that is not allowed.
fn threshold_after(falling: &[NonMated], n_allowed: usize) -> f32 {
    falling
        .get(n_allowed)
        .map_or(-1.0, |first_refused| first_refused.0.next_up())
}

/// The value with four significant digits: more would pretend.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Draws people with replacement, the same draws for every threshold.
struct Bootstrap {
    /// How often each person was drawn, one row a round.
    draws: Vec<Vec<u32>>,
    n_faces: Vec<u64>,
}

impl Bootstrap {
    fn new(people: impl Iterator<Item = usize>, seed: u64) -> Self {
        let mut n_faces = Vec::new();
        for person in people {
            n_faces.resize(n_faces.len().max(person + 1), 0);
            n_faces[person] += 1;
        }
        let mut random = SplitMix(seed);
        let draws = (0..BOOTSTRAP_ROUNDS).map(|_| {
            let mut drawn = vec![0; n_faces.len()];
            for _ in 0..n_faces.len() {
                drawn[random.below(n_faces.len())] += 1;
            }
            drawn
        });
        Self {
            draws: draws.collect(),
            n_faces,
        }
    }

    /// The middle 95 % of the rate of these false matches.
    fn interval(&self, matches: &[NonMated]) -> (f64, f64) {
        let mut rates: Vec<f64> = self
            .draws
            .iter()
            .map(|drawn| self.rate(drawn, matches))
            .collect();
        rates.sort_by(f64::total_cmp);
        let at = |share: f64| rates[(share * (rates.len() - 1) as f64).round() as usize];
        (at(0.025), at(0.975))
    }

    fn rate(&self, drawn: &[u32], matches: &[NonMated]) -> f64 {
        let weights: Vec<f64> = drawn
            .iter()
            .zip(&self.n_faces)
            .map(|(&d, &n)| f64::from(d) * n as f64)
            .collect();
        let total: f64 = weights.iter().sum();
        let within: f64 = weights.iter().map(|w| w * w).sum();
        let n_matches: f64 = matches
            .iter()
            .map(|&(_, a, b)| f64::from(drawn[a as usize]) * f64::from(drawn[b as usize]))
            .sum();
        n_matches / ((total * total - within) / 2.0)
    }
}

/// A small seeded generator (Steele, Lea, Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_core::EmbeddingSpace;

    /// A face at `degrees` on the unit circle.
    fn face(person: usize, degrees: f32) -> (usize, Embedding) {
        let angle = degrees.to_radians();
        let values = vec![angle.cos(), angle.sin()];
        let embedding = Embedding::from_raw(EmbeddingSpace::new("circle"), values).unwrap();
        (person, embedding)
    }

    /// 40 people, each with two faces a degree apart, spread over the circle.
    fn people() -> Vec<(usize, Embedding)> {
        (0..40)
            .flat_map(|p| [0.0, 1.0].map(|turn| face(p, 9.0 * p as f32 + turn)))
            .collect()
    }

    #[test]
    fn a_threshold_lets_no_more_pass_than_its_rate() {
        let faces = people();
        let calibration = Calibration::measured(&faces, "a circle", 1).unwrap();
        let n_pairs = 80 * 79 / 2;
        assert_eq!(calibration.n_mated, 40);
        assert_eq!(calibration.n_non_mated, n_pairs - 40);
        assert!(calibration.points.len() > 1);
        for point in &calibration.points {
            let passing = |least: f32| {
                let pairs = faces
                    .iter()
                    .enumerate()
                    .flat_map(|(i, a)| faces[..i].iter().map(move |b| (a, b)));
                let passes = |(a, b): &(&(usize, Embedding), &(usize, Embedding))| {
                    a.0 != b.0 && a.1.score(&b.1).unwrap().value() >= least
                };
                pairs.filter(passes).count() as f64 / calibration.n_non_mated as f64
            };
            assert!(passing(point.threshold) <= point.fmr);
            assert!(passing(point.threshold.next_down()) > point.fmr);
            assert!(point.fmr_low <= point.fmr_high);
            assert_eq!(point.fnmr, 0.0);
        }
    }

    #[test]
    fn rates_that_few_pairs_support_are_left_out() {
        let calibration = Calibration::measured(&people(), "a circle", 1).unwrap();
        let least = calibration.points.last().unwrap().fmr;
        assert!(least * calibration.n_non_mated as f64 >= LEAST_FALSE_MATCHES);
        assert_eq!(calibration.default_fmr, least);
        let error = Calibration::measured(&people()[..8], "a circle", 1).unwrap_err();
        assert!(error.to_string().contains("24 pairs"), "{error}");
    }
}
