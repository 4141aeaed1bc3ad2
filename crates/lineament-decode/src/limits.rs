//! How much a file may ask for, and how much of it is wanted.

use crate::error::DecodeError;

/// What a file may cost. Both are checked before memory is taken.
///
/// Decoding takes at most about 14 bytes a pixel on top of the file itself (16-bit RGBA, or a
/// progressive JPEG); an ordinary JPEG or PNG takes 3 to 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file, in bytes: 256 MiB unless set.
    pub max_bytes: u64,
    /// The largest picture, in pixels: 200 million unless set, as much as any phone takes.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_pixels: 200_000_000,
        }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, got: u64) -> Result<(), DecodeError> {
        if got > self.max_bytes {
            return Err(DecodeError::TooManyBytes {
                limit: self.max_bytes,
                got,
            });
        }
        Ok(())
    }

    pub(crate) fn check_pixels(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(DecodeError::TooManyPixels {
                width,
                height,
                limit: self.max_pixels,
            });
        }
        Ok(())
    }
}

/// How many of a photo's pixels are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolution {
    /// All of them.
    #[default]
    Full,
    /// Enough for the longer side to have `side_px` pixels, where the photo has that many. A JPEG is
    /// then decoded at a half, a quarter or an eighth where that saves time: about half of it for a
    /// photo of 12 megapixels at a quarter. Other formats, and JPEGs in which it saves none, come at full
    /// resolution.
    AtLeast {
        /// Length of the longer side in pixels.
        side_px: u32,
    },
}

/// By how much a photo was reduced while it was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reduction {
    /// Not at all.
    #[default]
    None,
    /// Two photo pixels a side became one.
    Half,
    /// Four photo pixels a side became one.
    Quarter,
    /// Eight photo pixels a side became one.
    Eighth,
}

impl Reduction {
    /// Photo pixels a side that became one: 1, 2, 4 or 8.
    #[must_use]
    pub fn factor(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    /// The strongest reduction that leaves what is wanted of a photo of this longer side.
    pub(crate) fn strongest(long_side_px: u32, want: Resolution) -> Self {
        let Resolution::AtLeast { side_px } = want else {
            return Self::None;
        };
        [Self::Eighth, Self::Quarter, Self::Half]
            .into_iter()
            .find(|reduction| long_side_px.div_ceil(reduction.factor()) >= side_px)
            .unwrap_or(Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_stays_long_enough() {
        let strongest =
            |long, side_px| Reduction::strongest(long, Resolution::AtLeast { side_px }).factor();
        assert_eq!(strongest(4000, 640), 4);
        assert_eq!(strongest(4000, 500), 8);
        assert_eq!(strongest(4000, 501), 4);
        assert_eq!(strongest(4000, 2001), 1);
        assert_eq!(strongest(9, 2), 8);
        assert_eq!(strongest(100, 0), 8);
        assert_eq!(
            Reduction::strongest(4000, Resolution::Full),
            Reduction::None
        );
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let limits = Limits {
            max_bytes: 10,
            max_pixels: 12,
        };
        assert!(limits.check_bytes(10).is_ok() && limits.check_bytes(11).is_err());
        assert!(limits.check_pixels(3, 4).is_ok() && limits.check_pixels(13, 1).is_err());
        assert!(limits.check_pixels(u32::MAX, u32::MAX).is_err());
    }
}
