//! The formats of picture files, told apart by their first bytes.

use std::fmt;

/// A format of picture files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, lossy or lossless.
    WebP,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF of 8 or 16 bits (or 1, in grey): grey, RGB and CMYK; not palettes, YCbCr or BigTIFF.
    Tiff,
    /// HEIC and its kin, the format of many phones: recognised, not decoded.
    Heif,
    /// AVIF: recognised, not decoded.
    Avif,
    /// JPEG XL: recognised, not decoded.
    JpegXl,
}

impl ImageFormat {
    /// The format of a file that starts with `bytes`; 16 bytes are enough.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Some(Self::JpegXl),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => of_brand(brand),
            _ => None,
        }
    }
}

/// The format of an ISO base media file whose major brand is at the start of `brand`.
fn of_brand(brand: &[u8]) -> Option<ImageFormat> {
    match brand.get(..4)? {
        b"avif" | b"avis" => Some(ImageFormat::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            Some(ImageFormat::Heif)
        }
        _ => None,
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heif => "HEIF",
            Self::Avif => "AVIF",
            Self::JpegXl => "JPEG XL",
        })
    }
}
