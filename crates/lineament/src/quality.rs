//! Whether a face is good enough to be remembered, with reasons.

use std::fmt;

use lineament_core::{Rect, RgbView};
use serde::Serialize;

use crate::pose::Pose;

/// What was measured of a face, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Shorter side of the face's box, in photo pixels.
    pub face_px: f32,
    /// Variance of the Laplacian over the aligned crop's face region, on luma of 0–255; `None` without
    /// landmarks.
    pub sharpness: Option<f32>,
    /// Mean luma of the aligned crop's face region, 0–255; `None` without landmarks.
    pub brightness: Option<f32>,
    /// Whether the photo shows the face darker or noisier than the network sees it
    /// ([`lineament_core::restored`]), which is what was measured.
    pub is_restored: bool,
    /// What speaks against the face; empty for a good one.
    pub reasons: Vec<QualityReason>,
}

/// One thing that speaks against a face. `found` is what was measured, `limit` what was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum QualityReason {
    /// Fewer pixels than the limit across the shorter side of the box.
    TooSmall {
        /// Pixels across.
        found: f32,
        /// Least pixels.
        limit: f32,
    },
    /// Less sharpness than the limit.
    Blurred {
        /// Variance of the Laplacian.
        found: f32,
        /// Least variance.
        limit: f32,
    },
    /// Darker than the limit.
    TooDark {
        /// Mean luma.
        found: f32,
        /// Least mean.
        limit: f32,
    },
    /// Brighter than the limit.
    TooBright {
        /// Mean luma.
        found: f32,
        /// Greatest mean.
        limit: f32,
    },
    /// Turned left or right by more than the limit.
    Turned {
        /// Yaw in degrees.
        found: f32,
        /// Greatest yaw either way.
        limit: f32,
    },
    /// Looking up or down by more than the limit.
    Nodding {
        /// Pitch in degrees.
        found: f32,
        /// Greatest pitch either way.
        limit: f32,
    },
    /// Tilted by more than the limit.
    Tilted {
        /// Roll in degrees.
        found: f32,
        /// Greatest roll either way.
        limit: f32,
    },
    /// The detector was less sure than the limit.
    LowDetectionScore {
        /// Detection score.
        found: f32,
        /// Least score.
        limit: f32,
    },
    /// Less of the box than the limit lies inside the photo.
    CutByFrame {
        /// Share of the box inside.
        found: f32,
        /// Least share.
        limit: f32,
    },
}

impl QualityReason {
    /// The reason's name, as in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooSmall { .. } => "too_small",
            Self::Blurred { .. } => "blurred",
            Self::TooDark { .. } => "too_dark",
            Self::TooBright { .. } => "too_bright",
            Self::Turned { .. } => "turned",
            Self::Nodding { .. } => "nodding",
            Self::Tilted { .. } => "tilted",
            Self::LowDetectionScore { .. } => "low_detection_score",
            Self::CutByFrame { .. } => "cut_by_frame",
        }
    }
}

impl fmt::Display for QualityReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooSmall { found, limit } => {
                write!(f, "too small ({found:.0} px across, {limit:.0} wanted)")
            }
            Self::Blurred { found, limit } => {
                write!(f, "blurred (sharpness {found:.0}, {limit:.0} wanted)")
            }
            Self::TooDark { found, limit } => {
                write!(f, "too dark (brightness {found:.0}, {limit:.0} wanted)")
            }
            Self::TooBright { found, limit } => {
                write!(
                    f,
                    "too bright (brightness {found:.0}, at most {limit:.0} wanted)"
                )
            }
            Self::Turned { found, limit } => {
                write!(
                    f,
                    "turned aside by {:.0}° (at most {limit:.0}° wanted)",
                    found.abs()
                )
            }
            Self::Nodding { found, limit } => {
                let way = if found > 0.0 { "up" } else { "down" };
                write!(
                    f,
                    "looking {way} by {:.0}° (at most {limit:.0}° wanted)",
                    found.abs()
                )
            }
            Self::Tilted { found, limit } => {
                write!(
                    f,
                    "tilted by {:.0}° (at most {limit:.0}° wanted)",
                    found.abs()
                )
            }
            Self::LowDetectionScore { found, limit } => {
                write!(
                    f,
                    "hardly a face (detection score {found:.2}, {limit:.2} wanted)"
                )
            }
            Self::CutByFrame { found, limit } => write!(
                f,
                "cut by the frame ({:.0} % of it visible, {:.0} % wanted)",
                100.0 * found,
                100.0 * limit
            ),
        }
    }
}

/// The limits that a good face keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityLimits {
    /// Least pixels across the shorter side of the box.
    pub min_face_px: f32,
    /// Least variance of the Laplacian on the aligned crop.
    pub min_sharpness: f32,
    /// Least mean luma.
    pub min_brightness: f32,
    /// Greatest mean luma.
    pub max_brightness: f32,
    /// Greatest yaw either way, in degrees.
    pub max_yaw_deg: f32,
    /// Greatest pitch either way, in degrees.
    pub max_pitch_deg: f32,
    /// Greatest roll either way, in degrees; large, since alignment undoes roll.
    pub max_roll_deg: f32,
    /// Least detection score, as a share of the way from the score at which the detector takes something
    /// for a face to 1: detectors' scores mean different things.
    pub min_certainty: f32,
    /// Least share of the box inside the photo.
    pub min_visible_share: f32,
}

impl Default for QualityLimits {
    /// Where a pair whose worse face breaks the limit is missed about twice as often as pairs are on
    /// average (models/lineament-lite.md), where its data could tell: sharpness, yaw,
    /// pitch and certainty.
    fn default() -> Self {
        Self {
            min_face_px: 32.0,
            min_sharpness: 40.0,
            min_brightness: 40.0,
            max_brightness: 225.0,
            max_yaw_deg: 40.0,
            max_pitch_deg: 15.0,
            max_roll_deg: 60.0,
            min_certainty: 0.6,
            min_visible_share: 0.85,
        }
    }
}

/// What there is to judge of one face.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Its box, in photo pixels.
    pub rect: Rect,
    /// Width and height of the photo.
    pub photo: (u32, u32),
    /// The detector's score.
    pub detection_score: f32,
    /// The score from which the detector takes something for a face.
    pub score_threshold: f32,
    /// Its pose, if it has landmarks.
    pub pose: Option<Pose>,
    /// Its crop on the 112×112 template, if it has landmarks.
    pub crop: Option<RgbView<'a>>,
    /// Whether the crop was restored.
    pub is_restored: bool,
}

impl QualityLimits {
    /// What is measured of a face, and which of these limits it breaks.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence<'_>) -> Quality {
        let luma = evidence.crop.map(|crop| Luma::of_face_region(crop));
        let face_px = evidence.rect.short_side();
        let sharpness = luma.as_ref().map(Luma::laplacian_variance);
        let brightness = luma.as_ref().map(Luma::mean);
        let reasons = self.reasons(evidence, face_px, sharpness, brightness);
        Quality {
            face_px,
            sharpness,
            brightness,
            is_restored: evidence.is_restored,
            reasons,
        }
    }

    /// The least score of a detector that takes what scores `threshold` for a face.
    #[must_use]
    pub fn least_score(&self, threshold: f32) -> f32 {
        threshold + self.min_certainty * (1.0 - threshold)
    }

    fn reasons(
        &self,
        evidence: &Evidence<'_>,
        face_px: f32,
        sharpness: Option<f32>,
        brightness: Option<f32>,
    ) -> Vec<QualityReason> {
        use QualityReason as R;
        let mut reasons = Vec::new();
        let mut below = |found: Option<f32>, limit: f32, reason: fn(f32, f32) -> R| {
            reasons.extend(
                found
                    .filter(|&f| f < limit)
                    .map(|found| reason(found, limit)),
            );
        };
        let score = Some(evidence.detection_score);
        let visible = Some(visible_share(&evidence.rect, evidence.photo));
        let least_score = self.least_score(evidence.score_threshold);
        below(score, least_score, |found, limit| R::LowDetectionScore {
            found,
            limit,
        });
        below(Some(face_px), self.min_face_px, |found, limit| {
            R::TooSmall { found, limit }
        });
        below(visible, self.min_visible_share, |found, limit| {
            R::CutByFrame { found, limit }
        });
        below(sharpness, self.min_sharpness, |found, limit| R::Blurred {
            found,
            limit,
        });
        below(brightness, self.min_brightness, |found, limit| R::TooDark {
            found,
            limit,
        });
        let mut above = |found: Option<f32>, limit: f32, reason: fn(f32, f32) -> R| {
            reasons.extend(
                found
                    .filter(|f| f.abs() > limit)
                    .map(|found| reason(found, limit)),
            );
        };
        let pose = evidence.pose;
        above(brightness, self.max_brightness, |found, limit| {
            R::TooBright { found, limit }
        });
        above(pose.map(|p| p.yaw_deg), self.max_yaw_deg, |found, limit| {
            R::Turned { found, limit }
        });
        above(
            pose.map(|p| p.pitch_deg),
            self.max_pitch_deg,
            |found, limit| R::Nodding { found, limit },
        );
        above(
            pose.map(|p| p.roll_deg),
            self.max_roll_deg,
            |found, limit| R::Tilted { found, limit },
        );
        reasons
    }
}

fn visible_share(rect: &Rect, (width, height): (u32, u32)) -> f32 {
    let frame = Rect::from_corners(0.0, 0.0, width as f32, height as f32);
    if rect.area() > 0.0 {
        rect.intersection(&frame) / rect.area()
    } else {
        0.0
    }
}

/// Luma (ITU-R BT.601) of the middle of an aligned crop, where the face is and hair and
/// background are not: columns 25 % to 75 %, rows 35 % to 90 %.
struct Luma {
    width: usize,
    values: Vec<f32>,
}

impl Luma {
    fn of_face_region(crop: RgbView<'_>) -> Self {
        let (width, height) = (crop.width() as usize, crop.height() as usize);
        let (left, right) = (width / 4, (width * 3 / 4).max(width / 4 + 1));
        let (top, bottom) = (
            height * 35 / 100,
            (height * 9 / 10).max(height * 35 / 100 + 1),
        );
        let values = (top..bottom)
            .flat_map(|y| crop.row(y as u32)[left * 3..right * 3].chunks_exact(3))
            .map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]))
            .collect();
        Self {
            width: right - left,
            values,
        }
    }

    fn mean(&self) -> f32 {
        self.values.iter().sum::<f32>() / self.values.len() as f32
    }

    /// Variance of the 4-neighbour Laplacian (Pech-Pacheco et al., ICPR 2000); 0 for an image
    /// without an interior.
    fn laplacian_variance(&self) -> f32 {
        let (width, values) = (self.width, &self.values);
        let height = values.len() / width;
        let at = |x: usize, y: usize| values[y * width + x];
        let (mut sum, mut squares, mut n) = (0.0f64, 0.0f64, 0.0f64);
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let neighbours = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                let laplacian = f64::from(neighbours - 4.0 * at(x, y));
                sum += laplacian;
                squares += laplacian * laplacian;
                n += 1.0;
            }
        }
        if n == 0.0 {
            return 0.0;
        }
        (squares / n - (sum / n).powi(2)).max(0.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_core::RgbImage;

    fn checkered(low: u8, high: u8) -> RgbImage {
        let pixels = (0..112 * 112)
            .flat_map(|i| {
                if (i % 112 + i / 112) % 2 == 0 {
                    [low; 3]
                } else {
                    [high; 3]
                }
            })
            .collect();
        RgbImage::new(112, 112, pixels).unwrap()
    }

    fn kinds(evidence: &Evidence<'_>) -> Vec<&'static str> {
        let quality = QualityLimits::default().judge(evidence);
        quality.reasons.iter().map(QualityReason::kind).collect()
    }

    fn good(crop: RgbView<'_>) -> Evidence<'_> {
        Evidence {
            rect: Rect::from_corners(10.0, 10.0, 90.0, 110.0),
            photo: (200, 200),
            detection_score: 0.9,
            score_threshold: 0.6,
            pose: Some(Pose {
                yaw_deg: 5.0,
                pitch_deg: -5.0,
                roll_deg: 0.0,
            }),
            crop: Some(crop),
            is_restored: false,
        }
    }

    #[test]
    fn a_good_face_has_no_reasons() {
        let crop = checkered(100, 140);
        assert!(kinds(&good(crop.view())).is_empty());
    }

    #[test]
    fn every_limit_gives_its_reason() {
        let crop = checkered(100, 140);
        let evidence = good(crop.view());
        let small = Rect::from_corners(0.0, 0.0, 12.0, 30.0);
        assert_eq!(
            kinds(&Evidence {
                rect: small,
                ..evidence
            }),
            ["too_small"]
        );
        let outside = Rect::from_corners(-40.0, 0.0, 60.0, 100.0);
        assert_eq!(
            kinds(&Evidence {
                rect: outside,
                ..evidence
            }),
            ["cut_by_frame"]
        );
        assert_eq!(
            kinds(&Evidence {
                detection_score: 0.8,
                ..evidence
            }),
            ["low_detection_score"]
        );
        let pose = |yaw_deg, pitch_deg, roll_deg| Evidence {
            pose: Some(Pose {
                yaw_deg,
                pitch_deg,
                roll_deg,
            }),
            ..evidence
        };
        assert_eq!(kinds(&pose(-70.0, 0.0, 0.0)), ["turned"]);
        assert_eq!(kinds(&pose(0.0, 60.0, 0.0)), ["nodding"]);
        assert_eq!(kinds(&pose(0.0, 0.0, -120.0)), ["tilted"]);
        for (low, high, expected) in [
            (0, 40, "too_dark"),
            (220, 255, "too_bright"),
            (120, 121, "blurred"),
        ] {
            let crop = checkered(low, high);
            assert_eq!(kinds(&good(crop.view())), [expected]);
        }
    }

    #[test]
    fn reasons_read_as_sentences() {
        let reason = QualityReason::Nodding {
            found: -51.0,
            limit: 15.0,
        };
        assert_eq!(
            reason.to_string(),
            "looking down by 51° (at most 15° wanted)"
        );
    }
}
