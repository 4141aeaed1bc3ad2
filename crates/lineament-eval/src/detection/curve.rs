//! Precision and recall of detections at every score.

use serde::Serialize;

/// A found face that counts, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    pub(super) score: f64,
    pub(super) image: usize,
    pub(super) is_face: bool,
}

/// Detections at one subset and one overlap, by falling score.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionCurve {
    events: Vec<Event>,
    /// Faces to be found in every image.
    n_faces: Vec<usize>,
}

/// What is found where the detection score is at least `score`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DetectionPoint {
    /// The least score that counts.
    pub score: f64,
    /// Share of the faces that are found.
    pub recall: f64,
    /// Share of what is found that is a face.
    pub precision: f64,
    /// False detections per image.
    pub false_per_image: f64,
}

/// Weighted sums of right and wrong detections down to a score.
#[derive(Debug, Clone, Copy)]
struct Sums {
    score: f64,
    right: f64,
    wrong: f64,
}

impl DetectionCurve {
    pub(super) fn new(mut events: Vec<Event>, n_faces: Vec<usize>) -> Self {
        events.sort_by(|a, b| b.score.total_cmp(&a.score));
        Self { events, n_faces }
    }

    /// Faces to be found.
    #[must_use]
    pub fn n_faces(&self) -> usize {
        self.n_faces.iter().sum()
    }

    /// One point for every distinct score, scores falling; none where there are no faces.
    #[must_use]
    pub fn points(&self) -> Vec<DetectionPoint> {
        let (n_faces, n_images) = (self.n_faces() as f64, self.n_faces.len() as f64);
        if n_faces == 0.0 {
            return Vec::new();
        }
        let point = |s: Sums| DetectionPoint {
            score: s.score,
            recall: s.right / n_faces,
            precision: s.right / (s.right + s.wrong),
            false_per_image: s.wrong / n_images,
        };
        self.sums(None).into_iter().map(point).collect()
    }

    /// Average precision: the area under the precision that a recall or any greater one reaches
    /// (VOC since 2010, WIDER FACE). `None` where there are no faces.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        self.weighted_average_precision(None)
    }

    /// The same with a weight for every image.
    pub(super) fn weighted_average_precision(&self, weights: Option<&[f64]>) -> Option<f64> {
        let weight = |image: usize| weights.map_or(1.0, |w| w[image]);
        let faces = self.n_faces.iter().enumerate();
        let n_faces: f64 = faces.map(|(image, n)| weight(image) * *n as f64).sum();
        if n_faces == 0.0 {
            return None;
        }
        let sums = self.sums(weights);
        let (mut area, mut best) = (0.0, 0.0_f64);
        for (i, point) in sums.iter().enumerate().rev() {
            best = best.max(point.right / (point.right + point.wrong).max(f64::MIN_POSITIVE));
            let before = i.checked_sub(1).map_or(0.0, |i| sums[i].right);
            area += best * (point.right - before);
        }
        Some(area / n_faces)
    }

    /// Share of the faces found at the least score that makes no more false detections per image
    /// than this; `None` where there are no faces.
    #[must_use]
    pub fn recall_at(&self, false_per_image: f64) -> Option<f64> {
        let n_allowed = false_per_image * self.n_faces.len() as f64;
        let sums = self.sums(None);
        let found = sums.iter().take_while(|s| s.wrong <= n_allowed).last();
        let n_faces = self.n_faces() as f64;
        (n_faces > 0.0).then(|| found.map_or(0.0, |s| s.right) / n_faces)
    }

    /// Right and wrong detections down to every distinct score.
    fn sums(&self, weights: Option<&[f64]>) -> Vec<Sums> {
        let mut sums: Vec<Sums> = Vec::new();
        let (mut right, mut wrong) = (0.0, 0.0);
        for event in &self.events {
            let weight = weights.map_or(1.0, |w| w[event.image]);
            match event.is_face {
                true => right += weight,
                false => wrong += weight,
            }
            // Equal scores are one point, whichever came first.
            if sums.last().is_some_and(|s| s.score == event.score) {
                sums.pop();
            }
            sums.push(Sums {
                score: event.score,
                right,
                wrong,
            });
        }
        sums
    }
}
