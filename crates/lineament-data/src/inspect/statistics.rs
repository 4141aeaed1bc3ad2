//! How many people and images a set has.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use crate::sample::Sample;

/// The least numbers of images of the bins of a histogram.
const BIN_STARTS: [u64; 8] = [1, 2, 5, 10, 20, 50, 100, 500];

/// Counts of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetStatistics {
    /// All images.
    pub n_images: u64,
    /// Images that show nobody known.
    pub n_unlabelled: u64,
    /// People.
    pub n_people: u64,
    /// Images with a box.
    pub n_with_face: u64,
    /// Images with landmarks.
    pub n_with_landmarks: u64,
    /// Images of each part of the set, where it has parts.
    pub splits: BTreeMap<Arc<str>, u64>,
    /// Images a person; `None` without people.
    pub images_per_person: Option<Spread>,
    /// People by their number of images; empty bins at the end are left out.
    pub histogram: Vec<HistogramBin>,
}

/// How numbers are spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: u64,
    /// A quarter lies below it; between two numbers, by a straight line (Hyndman and Fan 1996, type 7).
    pub lower_quartile: f64,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// A quarter lies above it.
    pub upper_quartile: f64,
    /// Their mean.
    pub mean: f64,
    /// The greatest.
    pub max: u64,
}

/// The people with so many images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HistogramBin {
    /// The least number of images.
    pub from: u64,
    /// The greatest; `None` in the last bin.
    pub to: Option<u64>,
    /// People with so many.
    pub n_people: u64,
    /// Images of these people.
    pub n_images: u64,
}

/// Counts samples as they come; people are remembered, images are not.
#[derive(Debug, Default)]
pub struct StatisticsCounter {
    images_of: HashMap<Arc<str>, u64>,
    splits: BTreeMap<Arc<str>, u64>,
    n_images: u64,
    n_unlabelled: u64,
    n_with_face: u64,
    n_with_landmarks: u64,
}

impl StatisticsCounter {
    /// Counts a sample.
    pub fn add(&mut self, sample: &Sample) {
        self.n_images += 1;
        self.n_with_face += u64::from(sample.face.is_some());
        self.n_with_landmarks += u64::from(sample.landmarks.is_some());
        match &sample.person {
            Some(person) => *self.images_of.entry(person.clone()).or_default() += 1,
            None => self.n_unlabelled += 1,
        }
        if let Some(split) = &sample.split {
            *self.splits.entry(split.clone()).or_default() += 1;
        }
    }

    /// The people so far, sorted by name.
    #[must_use]
    pub fn people(&self) -> Vec<Arc<str>> {
        let mut people: Vec<Arc<str>> = self.images_of.keys().cloned().collect();
        people.sort_unstable();
        people
    }

    /// The counts.
    #[must_use]
    pub fn finish(self) -> SetStatistics {
        let mut counts: Vec<u64> = self.images_of.into_values().collect();
        counts.sort_unstable();
        SetStatistics {
            n_images: self.n_images,
            n_unlabelled: self.n_unlabelled,
            n_people: counts.len() as u64,
            n_with_face: self.n_with_face,
            n_with_landmarks: self.n_with_landmarks,
            splits: self.splits,
            images_per_person: spread(&counts),
            histogram: histogram(&counts),
        }
    }
}

fn spread(sorted: &[u64]) -> Option<Spread> {
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    Some(Spread {
        min,
        lower_quartile: quantile(sorted, 0.25),
        median: quantile(sorted, 0.5),
        upper_quartile: quantile(sorted, 0.75),
        mean: sorted.iter().sum::<u64>() as f64 / sorted.len() as f64,
        max,
    })
}

/// The quantile of `share` of sorted numbers, at least one.
fn quantile(sorted: &[u64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let [low, high] = [place.floor(), place.ceil()].map(|place| sorted[place as usize] as f64);
    low + place.fract() * (high - low)
}

fn histogram(sorted: &[u64]) -> Vec<HistogramBin> {
    let ends = BIN_STARTS
        .iter()
        .skip(1)
        .map(|next| Some(next - 1))
        .chain([None]);
    let bin = |(&from, to): (&u64, Option<u64>)| {
        let start = sorted.partition_point(|&count| count < from);
        let end = to.map_or(sorted.len(), |to| {
            sorted.partition_point(|&count| count <= to)
        });
        let within = &sorted[start..end];
        HistogramBin {
            from,
            to,
            n_people: within.len() as u64,
            n_images: within.iter().sum(),
        }
    };
    let mut bins: Vec<HistogramBin> = BIN_STARTS.iter().zip(ends).map(bin).collect();
    let used = bins.iter().rposition(|bin| bin.n_people > 0);
    bins.truncate(used.map_or(0, |last| last + 1));
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ImageSource;

    #[test]
    fn everything_is_counted_once() {
        let mut counter = StatisticsCounter::default();
        let mut add = |person: Option<&str>, n: usize| {
            let mut sample = Sample::new("x", ImageSource::Memory([].into()));
            sample.person = person.map(Into::into);
            sample.split = Some("train".into());
            (0..n).for_each(|_| counter.add(&sample));
        };
        add(Some("a"), 1);
        add(Some("b"), 4);
        add(None, 2);
        add(Some("c"), 2);
        add(Some("d"), 12);
        assert_eq!(counter.people(), ["a", "b", "c", "d"].map(Arc::from));
        let counts = counter.finish();
        assert_eq!(
            (counts.n_images, counts.n_unlabelled, counts.n_people),
            (21, 2, 4)
        );
        let spread = counts.images_per_person.unwrap();
        assert_eq!(
            (spread.min, spread.median, spread.mean, spread.max),
            (1, 3.0, 4.75, 12)
        );
        assert_eq!((spread.lower_quartile, spread.upper_quartile), (1.75, 6.0));
        let bins: Vec<_> = counts
            .histogram
            .iter()
            .map(|bin| (bin.from, bin.n_people, bin.n_images))
            .collect();
        assert_eq!(bins, [(1, 1, 1), (2, 2, 6), (5, 0, 0), (10, 1, 12)]);
        assert_eq!(counts.splits["train"], 21);
        assert_eq!(
            StatisticsCounter::default().finish().images_per_person,
            None
        );
    }
}
