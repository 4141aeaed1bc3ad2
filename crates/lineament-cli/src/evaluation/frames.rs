//! Scores of two videos from those of their frames.

use lineament_eval::PairList;
use lineament_match::{Features, FittedMatcher, MatchError, Matcher};

use crate::evaluation::templates::ItemFeatures;

/// How the scores of all frames with all frames become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameScore {
    /// The greatest.
    Best,
    /// Their mean.
    Mean,
}

/// The score of every pair of a list; `None` where a side has no frame with a face.
///
/// # Errors
/// Features that the matcher does not take.
pub(crate) fn scores(
    list: PairList<'_>,
    features: &[ItemFeatures],
    matcher: &FittedMatcher,
    how: FrameScore,
) -> Result<Vec<Option<f64>>, MatchError> {
    let pairs = list.pairs.iter();
    pairs
        .map(|pair| score(&features[pair.first], &features[pair.second], matcher, how))
        .collect()
}

fn score(
    first: &ItemFeatures,
    second: &ItemFeatures,
    matcher: &FittedMatcher,
    how: FrameScore,
) -> Result<Option<f64>, MatchError> {
    let (Some(first), Some(second)) = (rows(first)?, rows(second)?) else {
        return Ok(None);
    };
    let (_, first) = matcher.prepare(first)?;
    let (metric, second) = matcher.prepare(second)?;
    let (mut best, mut sum, mut n) = (f64::NEG_INFINITY, 0.0, 0_usize);
    for a in first.rows() {
        for b in second.rows() {
            let score = metric.score(a, b)?;
            best = best.max(score);
            sum += score;
            n += 1;
        }
    }
    let score = match how {
        FrameScore::Best => best,
        FrameScore::Mean => sum / n as f64,
    };
    Ok(Some(score))
}

/// The frames' features; `None` without any.
fn rows(item: &ItemFeatures) -> Result<Option<Features>, MatchError> {
    match item.frames.is_empty() {
        true => Ok(None),
        false => Features::from_rows(&item.frames).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_eval::Pair;

    fn video(frames: &[[f32; 2]]) -> ItemFeatures {
        ItemFeatures {
            frames: frames.iter().map(|frame| frame.to_vec()).collect(),
            trouble: None,
        }
    }

    #[test]
    fn frames_are_compared_with_all_frames() {
        let features = [
            video(&[[1.0, 0.0], [0.0, 1.0]]),
            video(&[[1.0, 0.0], [-1.0, 0.0], [0.0, -1.0]]),
            video(&[]),
        ];
        let pair = |second| Pair {
            first: 0,
            second,
            mated: true,
            fold: 0,
        };
        let pairs = [pair(1), pair(2)];
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let list = PairList {
            names: &names,
            persons: None,
            pairs: &pairs,
        };
        let scores = |how| scores(list, &features, &FittedMatcher::Cosine, how).unwrap();
        assert_eq!(scores(FrameScore::Best), [Some(1.0), None]);
        // 1 − 1 + 0 and 0 + 0 − 1, of six.
        assert_eq!(scores(FrameScore::Mean), [Some(-1.0 / 6.0), None]);
    }
}
