//! Greedy non-maximum suppression.

use crate::geometry::Rect;

/// Indices of the boxes that stay, best score first: a box goes when its intersection over union
/// with a better one that stayed is above `max_iou`. Equal scores keep their order; boxes or
/// scores that are not finite never stay.
#[must_use]
pub fn nms(rects: &[Rect], scores: &[f32], max_iou: f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rects.len().min(scores.len()))
        .filter(|&i| scores[i].is_finite() && rects[i].is_valid())
        .collect();
    order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]));
    let mut kept: Vec<usize> = Vec::new();
    for candidate in order {
        let rect = &rects[candidate];
        if kept
            .iter()
            .all(|&better| rects[better].iou(rect) <= max_iou)
        {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scored() -> impl Strategy<Value = Vec<(Rect, f32)>> {
        let rect = (0.0f32..50.0, 0.0f32..50.0, 1.0f32..30.0, 1.0f32..30.0).prop_map(
            |(x, y, width, height)| Rect {
                x,
                y,
                width,
                height,
            },
        );
        prop::collection::vec((rect, 0.0f32..1.0), 0..40)
    }

    proptest! {
        #[test]
        fn doing_it_again_removes_nothing(boxes in scored(), max_iou in 0.0f32..1.0) {
            let (rects, scores): (Vec<_>, Vec<_>) = boxes.into_iter().unzip();
            let kept = nms(&rects, &scores, max_iou);
            let rects: Vec<_> = kept.iter().map(|&i| rects[i]).collect();
            let scores: Vec<_> = kept.iter().map(|&i| scores[i]).collect();
            prop_assert_eq!(nms(&rects, &scores, max_iou), (0..kept.len()).collect::<Vec<_>>());
            prop_assert!(scores.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn the_better_of_two_stays_and_nan_never() {
        let a = Rect::from_corners(0.0, 0.0, 10.0, 10.0);
        let b = Rect::from_corners(1.0, 0.0, 11.0, 10.0);
        let far = Rect::from_corners(40.0, 0.0, 50.0, 10.0);
        assert_eq!(nms(&[a, b, far], &[0.5, 0.9, 0.7], 0.3), [1, 2]);
        assert_eq!(nms(&[a, far], &[f32::NAN, 0.1], 0.3), [1]);
    }
}
