//! The orientation in an EXIF block.

use crate::orientation::Orientation;

/// The orientation that an EXIF block asks for: upright where the block is broken or says nothing.
///
/// The block is a TIFF header with its first directory (EXIF 2.32, 4.5), with or without the prefix
/// `Exif\0\0`.
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    image::metadata::Orientation::from_exif_chunk(block)
        .map(|found| Orientation::from_exif(found.to_exif()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_survived(block in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = orientation(&block);
            let little = [b"II*\0\x08\0\0\0".as_slice(), &block].concat();
            let _ = orientation(&little);
        }
    }
}
