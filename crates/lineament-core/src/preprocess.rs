//! From pixels to the numbers that a network reads.

use crate::error::CoreError;
use crate::image::RgbView;

/// The order of a network's input channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelOrder {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV's models want.
    Bgr,
}

/// The order of a network's input axes behind the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `[3, height, width]`.
    Chw,
    /// `[height, width, 3]`.
    Hwc,
}

/// How samples of 0–255 become input values: `(sample − mean) / std`, channel by channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preprocess {
    /// Which channel comes first.
    pub channels: ChannelOrder,
    /// Which axis comes first.
    pub layout: Layout,
    /// Subtracted, in the order of `channels`, on the scale 0–255.
    pub mean: [f32; 3],
    /// Divided by, in the order of `channels`; not 0.
    pub std: [f32; 3],
}

impl Preprocess {
    /// Writes `image` to `out` as one item of a batch: `[3, height, width]` or
    /// `[height, width, 3]`, by [`layout`](Self::layout).
    ///
    /// # Errors
    /// [`CoreError::Length`] when `out` does not hold 3·width·height values.
    pub fn write(&self, image: RgbView<'_>, out: &mut [f32]) -> Result<(), CoreError> {
        let samples = image.pixels();
        if out.len() != samples.len() {
            return Err(CoreError::Length {
                what: "the buffer of a network's input",
                expected: samples.len(),
                got: out.len(),
            });
        }
        match self.layout {
            Layout::Chw => self.write_planes(samples, out),
            Layout::Hwc => self.write_pixels(samples, out),
        }
        Ok(())
    }

    fn write_planes(&self, samples: &[u8], out: &mut [f32]) {
        let plane_len = samples.len() / 3;
        for (channel, plane) in out.chunks_exact_mut(plane_len).enumerate() {
            let source = self.source_channel(channel);
            let table = self.table(channel);
            for (value, pixel) in plane.iter_mut().zip(samples.chunks_exact(3)) {
                *value = table[usize::from(pixel[source])];
            }
        }
    }

    fn write_pixels(&self, samples: &[u8], out: &mut [f32]) {
        let tables = [0, 1, 2].map(|channel| self.table(channel));
        for (values, pixel) in out.chunks_exact_mut(3).zip(samples.chunks_exact(3)) {
            for (channel, value) in values.iter_mut().enumerate() {
                *value = tables[channel][usize::from(pixel[self.source_channel(channel)])];
            }
        }
    }

    fn source_channel(&self, channel: usize) -> usize {
        match self.channels {
            ChannelOrder::Rgb => channel,
            ChannelOrder::Bgr => 2 - channel,
        }
    }

    /// The input value of every sample value: one division for each, not for each pixel.
    fn table(&self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|sample| (sample as f32 - self.mean[channel]) / self.std[channel])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RgbImage;

    const PREPROCESS: Preprocess = Preprocess {
        channels: ChannelOrder::Bgr,
        layout: Layout::Chw,
        mean: [10.0, 20.0, 30.0],
        std: [1.0, 2.0, 4.0],
    };

    #[test]
    fn channels_and_axes_are_ordered() {
        let image = RgbImage::new(2, 1, vec![34, 22, 11, 38, 24, 12]).unwrap();
        let mut out = [0.0; 6];
        PREPROCESS.write(image.view(), &mut out).unwrap();
        assert_eq!(out, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        let hwc = Preprocess {
            layout: Layout::Hwc,
            ..PREPROCESS
        };
        hwc.write(image.view(), &mut out).unwrap();
        assert_eq!(out, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_short_buffer_is_refused() {
        let image = RgbImage::filled(2, 2, [0; 3]);
        assert!(PREPROCESS.write(image.view(), &mut [0.0; 11]).is_err());
    }
}
