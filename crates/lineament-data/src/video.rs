//! Videos of YouTube Faces as `.npz` files, frame by frame.

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use lineament_core::{Landmarks, Point, Rect, RgbImage};

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::npy::NpyHeader;
use crate::npz::{ArrayReader, open_array, read_whole};
use crate::zip::ZipArchive;

/// A video of YouTube Faces with facial keypoints: a zip archive of numpy arrays, `colorImages` u8
/// `[height, width, 3, n_frames]` (RGB), `boundingBox` `[4, 2, n_frames]` (corners, x before y) and
/// `landmarks2D` `[68, 2, n_frames]` (iBUG's 68 points), the last two in pixels of the frame.
#[derive(Debug)]
pub struct Video {
    archive: ZipArchive,
    path: std::path::PathBuf,
    limits: DataLimits,
    /// `[height, width, 3, n_frames]`.
    shape: [u64; 4],
}

/// A frame of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Which one, counted from 0.
    pub frame_idx: usize,
    /// Its pixels.
    pub image: RgbImage,
    /// Box of the face, where the file has boxes.
    pub face: Option<Rect>,
    /// Five landmarks, where the file has landmarks: the eyes are the means of their six points.
    pub landmarks: Option<Landmarks>,
}

/// A small array, whole.
struct Array {
    header: NpyHeader,
    values: Vec<f64>,
}

impl Video {
    /// The video in the file at `path`. Its pixels are not read yet.
    ///
    /// # Errors
    /// [`DataError::Missing`] without `colorImages`, [`DataError::Bytes`] when that is no array of
    /// frames, [`DataError::Limit`] when a frame is larger than an image may be, [`DataError::Io`].
    pub fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut archive = ZipArchive::open(path, limits)?;
        let array = open_array(path, &mut archive, "colorImages")?;
        let ArrayReader {
            header, max_bytes, ..
        } = array.ok_or_else(|| DataError::Missing {
            path: path.to_owned(),
            missing: "the array colorImages".to_owned(),
            help: "a video of YouTube Faces has it; is this another .npz?".to_owned(),
        })?;
        let shape = frames_shape(&header).ok_or_else(|| {
            let expected = "colorImages as bytes [height, width, 3, n_frames]";
            DataError::bytes(path, 0, expected, format!("{header:?}"))
        })?;
        let [height, width, _, n_frames] = shape;
        let limit = |what, limit, got| DataError::Limit {
            path: path.to_owned(),
            what,
            limit,
            got,
        };
        let frame_bytes = height.saturating_mul(width).saturating_mul(3);
        if frame_bytes > limits.max_image_bytes {
            return Err(limit(
                "bytes of a frame",
                limits.max_image_bytes,
                frame_bytes,
            ));
        }
        let n_bytes = frame_bytes.saturating_mul(n_frames);
        if n_bytes > limits.max_container_bytes {
            return Err(limit(
                "bytes of a video",
                limits.max_container_bytes,
                n_bytes,
            ));
        }
        if n_bytes > max_bytes {
            let expected = format!("{n_bytes} bytes of colorImages");
            return Err(DataError::bytes(
                path,
                0,
                expected,
                format!("{max_bytes} at most"),
            ));
        }
        Ok(Self {
            archive,
            path: path.to_owned(),
            limits: *limits,
            shape,
        })
    }

    /// Number of frames.
    #[must_use]
    pub fn n_frames(&self) -> usize {
        self.shape[3] as usize
    }

    /// Up to `max_frames` frames, spaced evenly over the video, each in the middle of its stretch.
    /// Only they are kept in memory.
    ///
    /// # Errors
    /// [`DataError::Bytes`] when the file ends early or its arrays do not fit each other,
    /// [`DataError::Limit`] when the frames that are wanted take more memory than a container may,
    /// [`DataError::Io`].
    pub fn frames(mut self, max_frames: NonZeroUsize) -> Result<Vec<Frame>, DataError> {
        let wanted = evenly_spaced(self.n_frames(), max_frames.get());
        let pixels = self.read_pixels(&wanted)?;
        let boxes = self.read_small("boundingBox", 4)?;
        let points = self.read_small("landmarks2D", 68)?;
        let [height, width, ..] = self.shape.map(|side| side as u32);
        let frame = |(frame_idx, pixels): (usize, Vec<u8>)| {
            let image = RgbImage::new(width, height, pixels).map_err(|error| {
                DataError::bytes(
                    &self.path,
                    0,
                    "frames of at least one pixel",
                    error.to_string(),
                )
            })?;
            Ok(Frame {
                frame_idx,
                image,
                face: boxes.as_ref().and_then(|array| array.face(frame_idx)),
                landmarks: points.as_ref().and_then(|array| array.landmarks(frame_idx)),
            })
        };
        wanted.iter().copied().zip(pixels).map(frame).collect()
    }

    fn read_pixels(&mut self, wanted: &[usize]) -> Result<Vec<Vec<u8>>, DataError> {
        let array = open_array(&self.path, &mut self.archive, "colorImages")?;
        let Some(mut array) = array.filter(|_| !wanted.is_empty()) else {
            return Ok(Vec::new());
        };
        let read = if array.header.is_fortran {
            planes_of_frames(&mut array.reader, self.shape, wanted)
        } else {
            frames_of_samples(&mut array.reader, self.shape, wanted)
        };
        read.map_err(|error| {
            let expected = format!("colorImages of shape {:?}", self.shape);
            DataError::bytes(&self.path, 0, expected, error.to_string())
        })
    }

    /// The array `name` `[n_points, 2, n_frames]`; `None` when the file has none.
    fn read_small(&mut self, name: &str, n_points: u64) -> Result<Option<Array>, DataError> {
        let Some(array) = open_array(&self.path, &mut self.archive, name)? else {
            return Ok(None);
        };
        let ArrayReader { header, reader, .. } = array;
        let bad = |got: String| {
            let expected = format!("{name} of shape [{n_points}, 2, {}]", self.shape[3]);
            DataError::bytes(&self.path, 0, expected, got)
        };
        if header.shape != [n_points, 2, self.shape[3]] {
            return Err(bad(format!("{:?}", header.shape)));
        }
        let n_bytes = header.n_elements().unwrap_or(u64::MAX);
        let n_bytes = n_bytes.saturating_mul(header.element.n_bytes() as u64);
        if n_bytes > self.limits.max_container_bytes {
            return Err(bad(format!("{n_bytes} bytes")));
        }
        let mut bytes = Vec::new();
        let read = reader.take(n_bytes).read_to_end(&mut bytes);
        let n_read = read.map_err(|error| bad(error.to_string()))? as u64;
        if n_read < n_bytes {
            return Err(bad(format!("{n_read} bytes of {n_bytes}")));
        }
        let values = bytes
            .chunks_exact(header.element.n_bytes())
            .map(|bytes| header.element.value(bytes))
            .collect();
        Ok(Some(Array { header, values }))
    }
}

impl Array {
    fn point(&self, point_idx: usize, frame_idx: usize) -> Point {
        let strides = self.header.strides();
        let value = |axis: u64| {
            let at =
                point_idx as u64 * strides[0] + axis * strides[1] + frame_idx as u64 * strides[2];
            self.values.get(at as usize).copied().unwrap_or(f64::NAN) as f32
        };
        Point::new(value(0), value(1))
    }

    /// The upright box around the four corners.
    fn face(&self, frame_idx: usize) -> Option<Rect> {
        let corners = [0, 1, 2, 3].map(|corner_idx| self.point(corner_idx, frame_idx));
        let (xs, ys) = (corners.map(|p| p.x), corners.map(|p| p.y));
        let least = |values: [f32; 4]| values.into_iter().fold(f32::INFINITY, f32::min);
        let most = |values: [f32; 4]| values.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let face = Rect::from_corners(least(xs), least(ys), most(xs), most(ys));
        face.is_valid().then_some(face)
    }

    /// Points 37 to 42 and 43 to 48 are the eyes, 31 the tip of the nose, 49 and 55 the corners of
    /// the mouth (counted from 1, as iBUG does).
    fn landmarks(&self, frame_idx: usize) -> Option<Landmarks> {
        let point = |point_idx| self.point(point_idx, frame_idx);
        let mean = |first: usize| {
            let sum = (first..first + 6)
                .map(point)
                .fold(Point::default(), |sum, p| {
                    Point::new(sum.x + p.x, sum.y + p.y)
                });
            Point::new(sum.x / 6.0, sum.y / 6.0)
        };
        let points = [mean(36), mean(42), point(30), point(48), point(54)];
        let is_finite = points.iter().all(|p| p.x.is_finite() && p.y.is_finite());
        is_finite.then(|| Landmarks::from_array(points))
    }
}

/// Indices of up to `max` frames of `n`, spaced evenly: the middles of `max` equal stretches of
/// `0..n`; all of `0..n` when they are no more than `max`.
#[must_use]
pub fn evenly_spaced(n: usize, max: usize) -> Vec<usize> {
    let n_wanted = n.min(max);
    (0..n_wanted)
        .map(|idx| ((2 * idx as u128 + 1) * n as u128 / (2 * n_wanted as u128)) as usize)
        .collect()
}

fn frames_shape(header: &NpyHeader) -> Option<[u64; 4]> {
    let shape: [u64; 4] = header.shape.as_slice().try_into().ok()?;
    let [height, width, n_channels, _] = shape;
    let fits = |side: u64| (1..=u64::from(u32::MAX)).contains(&side);
    let is_rgb = header.element.is_byte() && n_channels == 3;
    (is_rgb && fits(height) && fits(width) && header.n_elements().is_some()).then_some(shape)
}

/// The frames `wanted` of an array in C order: the samples of one place in all frames lie together.
fn frames_of_samples(
    reader: &mut impl Read,
    [height, width, _, n_frames]: [u64; 4],
    wanted: &[usize],
) -> std::io::Result<Vec<Vec<u8>>> {
    let mut frames = vec![Vec::new(); wanted.len()];
    let mut samples = Vec::new();
    for _ in 0..height * width * 3 {
        samples.clear();
        read_whole(reader, n_frames, &mut samples)?;
        for (frame, &frame_idx) in frames.iter_mut().zip(wanted) {
            frame.extend(samples.get(frame_idx));
        }
    }
    Ok(frames)
}

/// The frames `wanted`, in increasing order, of an array in Fortran order: frame after frame, each
/// as three planes whose columns lie together.
fn planes_of_frames(
    reader: &mut impl Read,
    [height, width, _, _]: [u64; 4],
    wanted: &[usize],
) -> std::io::Result<Vec<Vec<u8>>> {
    let n_plane = (height * width) as usize;
    let mut frames = Vec::with_capacity(wanted.len());
    let mut next = 0;
    let mut planes = Vec::new();
    for &frame_idx in wanted {
        while next <= frame_idx {
            planes.clear();
            read_whole(reader, 3 * n_plane as u64, &mut planes)?;
            next += 1;
        }
        let mut pixels = Vec::with_capacity(planes.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let at = x * height as usize + y;
                pixels.extend([planes[at], planes[n_plane + at], planes[2 * n_plane + at]]);
            }
        }
        frames.push(pixels);
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spaced_evenly() {
        assert_eq!(evenly_spaced(0, 3), [0; 0]);
        assert_eq!(evenly_spaced(3, 5), [0, 1, 2]);
        assert_eq!(evenly_spaced(10, 1), [5]);
        assert_eq!(evenly_spaced(10, 2), [2, 7]);
        assert_eq!(evenly_spaced(100, 4), [12, 37, 62, 87]);
    }
}
