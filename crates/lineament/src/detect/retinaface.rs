//! RetinaFace (MobileNet-0.25 and ResNet-50): SSD-style priors with box, score and landmarks.
//!
//! Source: Deng et al., "RetinaFace: Single-shot Multi-level Face Localisation in the Wild",
//! CVPR 2020; priors and variances as in its widely used PyTorch models, by the manifest.

use lineament_core::{Landmarks, Point, Rect};

use super::Detection;
use super::heads::Heads;
use super::settings::{Priors, RetinaFaceSettings};
use crate::error::Error;

/// Detections of at least `min_score`, before suppression, in input pixels.
///
/// Roles `loc` `[n, 4]`, `conf` `[n, 2]` (background, face; softmax applied) and `landms`
/// `[n, 10]`; the n priors run over levels, rows, columns and sizes, in that order. With prior
/// (cx, cy, s) and variances v: centre = c + loc·v₀·s, size = s·exp(loc·v₁), point = c + landms·v₀·s.
pub(super) fn decode(
    heads: &Heads<'_>,
    min_score: f32,
    settings: &RetinaFaceSettings,
) -> Result<Vec<Detection>, Error> {
    let n_priors = settings
        .priors
        .iter()
        .map(|level| {
            let (columns, rows) = heads.cells(level.step);
            columns * rows * level.min_sizes.len()
        })
        .sum();
    let boxes = heads.values("loc", n_priors, 4)?;
    let scores = heads.values("conf", n_priors, 2)?;
    let points = heads.values("landms", n_priors, 10)?;
    let priors = settings
        .priors
        .iter()
        .flat_map(|level| level_priors(level, heads));
    let [center_variance, size_variance] = settings.variances;
    Ok(priors
        .enumerate()
        .filter(|(i, _)| scores[2 * i + 1] >= min_score)
        .map(|(i, (center, size))| {
            let step = center_variance * size;
            let moved = |x: f32, y: f32| Point::new(center.x + x * step, center.y + y * step);
            let loc = &boxes[4 * i..][..4];
            let landms = &points[10 * i..][..10];
            let middle = moved(loc[0], loc[1]);
            let width = size * (loc[2] * size_variance).exp();
            let height = size * (loc[3] * size_variance).exp();
            Detection {
                rect: Rect {
                    x: middle.x - width / 2.0,
                    y: middle.y - height / 2.0,
                    width,
                    height,
                },
                landmarks: Some(Landmarks::from_array(std::array::from_fn(|k| {
                    moved(landms[2 * k], landms[2 * k + 1])
                }))),
                score: scores[2 * i + 1],
            }
        })
        .collect())
}

/// Centres and sizes of one level's priors, in input pixels.
fn level_priors<'a>(
    level: &'a Priors,
    heads: &Heads<'_>,
) -> impl Iterator<Item = (Point, f32)> + use<'a> {
    let (columns, rows) = heads.cells(level.step);
    let step = level.step as f32;
    (0..rows * columns).flat_map(move |cell| {
        let center = Point::new(
            ((cell % columns) as f32 + 0.5) * step,
            ((cell / columns) as f32 + 0.5) * step,
        );
        level.min_sizes.iter().map(move |&size| (center, size))
    })
}
