//! What scenes are like.

use crate::error::TrainError;
use serde::{Deserialize, Serialize};

/// How scenes are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SceneOptions {
    /// How often each kind of scene comes.
    pub shares: Shares,
    /// Smaller faces are ignored, √(width · height) in pixels of the input.
    pub least_face_px: f64,
    /// The largest faces of photos and composites, likewise; close-ups go beyond.
    pub most_face_px: f64,
    /// The most photos along a side of a mosaic.
    pub most_tiles: usize,
    /// The most crops in a composite.
    pub most_pasted: usize,
    /// Probability that crops are pasted into a photo.
    pub pasted_in_photos: f64,
    /// The farthest that what is turned is turned to either side, in degrees.
    pub rotation_deg: f64,
    /// Probability that something is turned so far; else it is by 8 degrees at most.
    pub rotated: f64,
    /// Probability that something covers a part of a face.
    pub covered: f64,
    /// Probability that there are things which might be taken for faces: targets, plaques, letters,
    /// faces in pieces.
    pub decoys: f64,
    /// The most of them.
    pub most_decoys: usize,
}

/// How often each kind of scene comes, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// A photo.
    pub photo: f64,
    /// Many photos, each in a tile: small faces.
    pub mosaic: f64,
    /// Crops before a part of a photo without faces, or before a texture; now and then none.
    pub composite: f64,
    /// One face that fills the frame.
    pub close_up: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            photo: 0.45,
            mosaic: 0.25,
            composite: 0.2,
            close_up: 0.1,
        }
    }
}

impl Default for SceneOptions {
    fn default() -> Self {
        Self {
            shares: Shares::default(),
            least_face_px: 8.0,
            most_face_px: 280.0,
            most_tiles: 5,
            most_pasted: 12,
            pasted_in_photos: 0.25,
            rotation_deg: 45.0,
            rotated: 0.35,
            covered: 0.15,
            decoys: 0.0,
            most_decoys: 8,
        }
    }
}

impl SceneOptions {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// [`TrainError::ConfigField`].
    pub(in crate::detect) fn check(&self) -> Result<(), TrainError> {
        let must = |field, holds: bool, expected: &str, got: String| match holds {
            true => Ok(()),
            false => Err(TrainError::ConfigField {
                field,
                expected: expected.to_owned(),
                got,
            }),
        };
        let Shares {
            photo,
            mosaic,
            composite,
            close_up,
        } = self.shares;
        let shares = [photo, mosaic, composite, close_up];
        let are_shares =
            shares.iter().all(|s| *s >= 0.0 && s.is_finite()) && shares.iter().sum::<f64>() > 0.0;
        let got = format!("{shares:?}");
        must("scenes.shares", are_shares, "0 or more, not all 0", got)?;
        let (least, most) = (self.least_face_px, self.most_face_px);
        let is_range = least >= 1.0 && least < most && most <= 4096.0;
        let got = format!("{least} to {most}");
        must(
            "scenes.least_face_px",
            is_range,
            "1 or more and below most_face_px, at most 4096",
            got,
        )?;
        let n = self.most_tiles;
        must(
            "scenes.most_tiles",
            (2..=16).contains(&n),
            "2 to 16",
            n.to_string(),
        )?;
        let n = self.most_pasted;
        must(
            "scenes.most_pasted",
            (1..=64).contains(&n),
            "1 to 64",
            n.to_string(),
        )?;
        let n = self.most_decoys;
        must(
            "scenes.most_decoys",
            (1..=64).contains(&n),
            "1 to 64",
            n.to_string(),
        )?;
        let degrees = self.rotation_deg;
        must(
            "scenes.rotation_deg",
            (0.0..=180.0).contains(&degrees),
            "0 to 180",
            degrees.to_string(),
        )?;
        for (field, p) in [
            ("scenes.pasted_in_photos", self.pasted_in_photos),
            ("scenes.rotated", self.rotated),
            ("scenes.covered", self.covered),
            ("scenes.decoys", self.decoys),
        ] {
            must(
                field,
                (0.0..=1.0).contains(&p),
                "a probability, 0 to 1",
                p.to_string(),
            )?;
        }
        Ok(())
    }
}
