//! Which found face is which marked one.

use super::material::{DetectionImage, FoundFace, MarkedFace, Standing};
use super::rules::DetectionRules;

/// The faces that count: all, or those of one subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subset {
    All,
    Of(usize),
}

/// What a found face is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// The marked face of this index, found for the first time.
    Face(usize),
    /// Nothing that counts.
    Ignored,
    /// False, or a face for the second time.
    False,
}

impl Subset {
    pub(super) fn counts(self, face: &MarkedFace) -> bool {
        face.standing == Standing::Counted
            && match self {
                Self::All => true,
                Self::Of(subset) => face.subsets.contains(&subset),
            }
    }
}

/// Every found face with what it is, the greatest score first and equal scores in their order.
///
/// A found face belongs to the marked one with which its intersection over union is greatest, if
/// that is `min_iou` or more; the first takes it. As in VOC and in WIDER FACE's own program.
pub(super) fn matches(
    image: &DetectionImage,
    subset: Subset,
    min_iou: f64,
    rules: DetectionRules,
) -> Vec<(&FoundFace, Match)> {
    let mut found: Vec<&FoundFace> = image.found.iter().flatten().collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut is_taken = vec![false; image.marked.len()];
    let mut matched = |face: &FoundFace| {
        let Some(best) = best_of(face, &image.marked, min_iou, rules) else {
            let is_in = |m: &MarkedFace| {
                let shared = face.rect.intersection(&m.rect) / face.rect.area();
                m.standing == Standing::IgnoredRegion && f64::from(shared) >= min_iou
            };
            return match image.marked.iter().any(is_in) {
                true => Match::Ignored,
                false => Match::False,
            };
        };
        match (subset.counts(&image.marked[best]), is_taken[best]) {
            (false, _) => Match::Ignored,
            (true, true) => Match::False,
            (true, false) => {
                is_taken[best] = true;
                Match::Face(best)
            }
        }
    };
    found.into_iter().map(|f| (f, matched(f))).collect()
}

/// The marked face of greatest intersection over union, the first of equals.
fn best_of(
    found: &FoundFace,
    marked: &[MarkedFace],
    min_iou: f64,
    rules: DetectionRules,
) -> Option<usize> {
    let faces = marked.iter().enumerate();
    let faces = faces.filter(|(_, face)| face.standing != Standing::IgnoredRegion);
    let overlaps = faces.map(|(i, face)| (i, rules.iou(&found.rect, &face.rect)));
    let best = overlaps.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.filter(|(_, iou)| *iou >= min_iou).map(|(i, _)| i)
}
