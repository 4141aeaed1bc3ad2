//! Rates against their definitions, counted one comparison at a time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::scores::ScoreSet;
use proptest::prelude::*;

/// Scores with many ties.
fn scores() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-8i32..8).prop_map(|s| f64::from(s) / 4.0), 10..60)
}

fn share(scores: &[f64], threshold: f64) -> f64 {
    scores.iter().filter(|s| **s >= threshold).count() as f64 / scores.len() as f64
}

proptest! {
    #[test]
    fn the_threshold_is_the_smallest_that_keeps_the_rate(mated in scores(), other in scores()) {
        let set = ScoreSet::new(mated.clone(), other.clone()).unwrap();
        let found = set.tar_at_fmr(0.1).unwrap();
        prop_assert!(share(&other, found.threshold) <= 0.1);
        prop_assert_eq!(found.fmr.rate, share(&other, found.threshold));
        prop_assert_eq!(found.tar.rate, share(&mated, found.threshold));
        // The next lower score of strangers would let too many in.
        let below = other.iter().copied().filter(|s| *s < found.threshold);
        let below = below.fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(below == f64::NEG_INFINITY || share(&other, below) > 0.1);
    }

    #[test]
    fn the_area_is_the_share_of_comparisons_in_order(mated in scores(), other in scores()) {
        let mut wins = 0.0;
        for m in &mated {
            for o in &other {
                wins += if m > o { 1.0 } else if m == o { 0.5 } else { 0.0 };
            }
        }
        let expected = wins / (mated.len() * other.len()) as f64;
        let auc = ScoreSet::new(mated, other).unwrap().curve().unwrap().auc();
        prop_assert!((auc - expected).abs() < 1e-12);
    }
}

#[test]
fn failures_are_never_accepted_and_always_counted() {
    let labelled = [
        (Some(0.9), true),
        (None, true),
        (Some(0.1), false),
        (None, false),
    ];
    let set = ScoreSet::from_labelled(labelled).unwrap();
    assert_eq!(set.fnmr(-5.0).unwrap().rate, 0.5);
    assert_eq!(set.fmr(-5.0).unwrap().rate, 0.5);
}
