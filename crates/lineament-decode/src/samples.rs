//! Stored samples to 8-bit RGB.

use image::ColorType;

/// Interleaved RGB of a decoded picture: `[pixels, 3]`, 8 bits. None for samples of a kind that no
/// photo has (floating point).
///
/// 16-bit samples are rounded, grey is repeated, alpha is laid over white. `samples` are of the
/// machine's byte order.
pub(crate) fn rgb(color: ColorType, samples: Vec<u8>) -> Option<Vec<u8>> {
    Some(match color {
        ColorType::Rgb8 => samples,
        ColorType::L8 => rgb_of_grey(&samples),
        ColorType::La8 => map(&samples, |&[grey, alpha]: &[u8; 2]| {
            [over_white(grey, alpha); 3]
        }),
        ColorType::Rgba8 => map(&samples, |&[r, g, b, alpha]: &[u8; 4]| {
            [r, g, b].map(|value| over_white(value, alpha))
        }),
        ColorType::L16 => map(&samples, |pixel: &[u8; 2]| {
            let [grey] = wide(pixel);
            [to_8_bits(grey); 3]
        }),
        ColorType::La16 => map(&samples, |pixel: &[u8; 4]| {
            let [grey, alpha] = wide(pixel);
            [over_white_16(grey, alpha); 3]
        }),
        ColorType::Rgb16 => map(&samples, |pixel: &[u8; 6]| wide::<3>(pixel).map(to_8_bits)),
        ColorType::Rgba16 => map(&samples, |pixel: &[u8; 8]| {
            let [r, g, b, alpha] = wide(pixel);
            [r, g, b].map(|value| over_white_16(value, alpha))
        }),
        _ => return None,
    })
}

/// Interleaved RGB of grey: `[pixels, 3]` from `[pixels]`, 8 bits.
pub(crate) fn rgb_of_grey(samples: &[u8]) -> Vec<u8> {
    map(samples, |&[grey]: &[u8; 1]| [grey; 3])
}

/// Interleaved RGB of CMYK, by the plain formula: `[pixels, 3]` from `[pixels, 4]`, 8 bits, in which
/// 255 is all ink.
pub(crate) fn rgb_of_cmyk(samples: &[u8]) -> Vec<u8> {
    map(samples, |&[c, m, y, k]: &[u8; 4]| {
        [c, m, y].map(|ink| multiply(255 - ink, 255 - k))
    })
}

/// `f` of every pixel of `N` bytes.
fn map<const N: usize>(samples: &[u8], f: impl Fn(&[u8; N]) -> [u8; 3]) -> Vec<u8> {
    let mut rgb = vec![0; samples.len() / N * 3];
    for (target, pixel) in rgb.as_chunks_mut().0.iter_mut().zip(samples.as_chunks().0) {
        *target = f(pixel);
    }
    rgb
}

/// The 16-bit samples of a pixel's bytes.
fn wide<const N: usize>(bytes: &[u8]) -> [u16; N] {
    let pairs = bytes.as_chunks().0;
    std::array::from_fn(|i| pairs.get(i).map_or(0, |&pair| u16::from_ne_bytes(pair)))
}

/// `a·b/255`, rounded.
fn multiply(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

/// A 16-bit sample on the 8-bit scale, rounded.
fn to_8_bits(value: u16) -> u8 {
    ((u32::from(value) + 128) / 257) as u8
}

/// A sample of straight (not premultiplied) alpha laid over white.
fn over_white(value: u8, alpha: u8) -> u8 {
    255 - multiply(255 - value, alpha)
}

/// A 16-bit sample of straight alpha laid over white, on the 8-bit scale.
fn over_white_16(value: u16, alpha: u16) -> u8 {
    let shade = u64::from(u16::MAX - value) * u64::from(alpha);
    255 - ((shade + 65535 * 257 / 2) / (65535 * 257)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_and_alpha_agree_with_real_numbers(value: u16, alpha: u16) {
            let (v, a) = (f64::from(value) / 65535.0, f64::from(alpha) / 65535.0);
            let close = |got: u8, real: f64| (f64::from(got) - 255.0 * real).abs() <= 0.5 + 1e-6;
            prop_assert!(close(to_8_bits(value), v));
            prop_assert!(close(over_white_16(value, alpha), v * a + 1.0 - a));
            let (v8, a8) = ((value >> 8) as u8, (alpha >> 8) as u8);
            let (v, a) = (f64::from(v8) / 255.0, f64::from(a8) / 255.0);
            prop_assert!(close(over_white(v8, a8), v * a + 1.0 - a));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_white() {
        assert_eq!(rgb(ColorType::Rgba8, vec![9, 8, 7, 0]), Some(vec![255; 3]));
        assert_eq!(rgb(ColorType::La16, vec![1, 2, 0, 0]), Some(vec![255; 3]));
        assert_eq!(
            rgb(ColorType::Rgba8, vec![9, 8, 7, 255]),
            Some(vec![9, 8, 7])
        );
        assert_eq!(rgb(ColorType::Rgb32F, vec![0; 12]), None);
        assert_eq!(
            rgb_of_cmyk(&[0, 255, 0, 0, 9, 9, 9, 255]),
            [255, 0, 255, 0, 0, 0]
        );
    }
}
