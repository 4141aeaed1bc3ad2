//! Image files: PNG for crops and small photos, JPEG for large ones that it can hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lineament::RgbImage;

/// Above this many pixels an annotated photo becomes a JPEG.
const LARGEST_PNG_PIXELS: u64 = 1 << 20;
/// What the file format of JPEG can hold.
const LONGEST_JPEG_SIDE: u32 = 65_535;
const JPEG_QUALITY: u8 = 92;

/// The file format of a picture that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
}

impl Format {
    /// The format for an annotated photo of this size.
    pub(crate) fn for_photo(image: &RgbImage) -> Self {
        let n_pixels = u64::from(image.width()) * u64::from(image.height());
        let longest = image.width().max(image.height());
        if n_pixels <= LARGEST_PNG_PIXELS || longest > LONGEST_JPEG_SIDE {
            Self::Png
        } else {
            Self::Jpeg
        }
    }

    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

/// Writes `image` to `stem` with the extension of `format`, making folders as needed; returns the
/// file's path.
pub(crate) fn write_image(stem: &Path, image: &RgbImage, format: Format) -> io::Result<PathBuf> {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(format.extension());
    let path = PathBuf::from(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, encode(image, format)?)?;
    Ok(path)
}

pub(crate) fn encode(image: &RgbImage, format: Format) -> io::Result<Vec<u8>> {
    match format {
        Format::Png => encode_png(image),
        Format::Jpeg => encode_jpeg(image, JPEG_QUALITY),
    }
}

fn encode_png(image: &RgbImage) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.pixels())?;
    writer.finish()?;
    Ok(bytes)
}

/// `image` as a JPEG of this quality, 1 to 100.
pub(crate) fn encode_jpeg(image: &RgbImage, quality: u8) -> io::Result<Vec<u8>> {
    let too_large = |_| io::Error::other("the photo is too large for a JPEG");
    let width = u16::try_from(image.width()).map_err(too_large)?;
    let height = u16::try_from(image.height()).map_err(too_large)?;
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, quality)
        .encode(image.pixels(), width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_photos_are_png_and_large_ones_jpeg() {
        let dir = tempfile::tempdir().unwrap();
        for (side, file, magic) in [
            (64, "sub/x.png", b"\x89PNG".as_slice()),
            (1100, "sub/x.jpg", b"\xff\xd8\xff"),
        ] {
            let image = RgbImage::filled(side, side, [200, 30, 30]);
            let format = Format::for_photo(&image);
            let path = write_image(&dir.path().join("sub/x"), &image, format).unwrap();
            assert_eq!(path, dir.path().join(file));
            assert!(fs::read(path).unwrap().starts_with(magic));
        }
    }
}
