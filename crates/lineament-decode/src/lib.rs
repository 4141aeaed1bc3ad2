//! Photo files to upright RGB pixels.
//!
//! JPEG (baseline, progressive, grey, CMYK and YCCK), PNG, WebP, GIF, BMP and TIFF; of an animation
//! the first frame. The format is read from the first bytes, never from the file's name. What comes
//! out is what a viewer shows:
//!
//! * turned and mirrored as the EXIF orientation says (a broken EXIF block is ignored);
//! * 16 bits a channel rounded to 8;
//! * transparency laid over white, as on a page. Dropping alpha would bring up the colours that
//!   editors leave under transparent pixels, which are often noise or another picture;
//! * CMYK by the plain formula `(255 − ink)·(255 − black)`. Colour profiles are not applied.
//!
//! Files are taken to be hostile: [`Limits`] are checked against the header before memory is
//! taken, a file that is cut short is an error and not half a picture, and a panic inside a codec
//! comes back as [`DecodeError::Corrupt`] (the panic hook still runs; it cannot be caught where the
//! program is built with `panic = "abort"`).
//!
//! This crate knows nothing of faces, models or threads, and decodes nothing but the picture:
//! no thumbnails, colour profiles, captions or places.
//!
//! ```
//! use lineament_decode::{ImageFormat, Limits, Resolution, decode_bytes};
//!
//! # fn main() -> Result<(), lineament_decode::DecodeError> {
//! // A BMP of two pixels: red at the left, blue at the right.
//! let mut bmp = b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0".to_vec();
//! bmp.extend(b"\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".iter().chain(&[0; 24]));
//! bmp.extend([0, 0, 255, 255, 0, 0, 0, 0]);
//! let photo = decode_bytes(&bmp, Resolution::Full, &Limits::default())?;
//! assert_eq!(photo.format, ImageFormat::Bmp);
//! assert_eq!(photo.image.pixels(), [255, 0, 0, 0, 0, 255]);
//! # Ok(())
//! # }
//! ```

mod error;
mod exif;
mod format;
mod guard;
mod jpeg;
mod jpeg_header;
mod limits;
mod orientation;
mod photo;
mod raster;
mod read;
mod samples;

pub use error::{DecodeError, PhotoError};
pub use format::ImageFormat;
pub use limits::{Limits, Reduction, Resolution};
pub use photo::Photo;
pub use read::{decode_bytes, read_photo};
