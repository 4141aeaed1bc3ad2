//! From what the network said of images to the features of what a protocol compares.

use lineament::Views;
use lineament_data::Item;
use lineament_eval::FlipMode;

use crate::evaluation::embedded::Embedded;
use crate::evaluation::faces::{FaceImage, Found};
use crate::trouble::Trouble;

/// The features of one thing that is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ItemFeatures {
    /// One of unit norm for each image with a face, in order; none is a failure to enrol.
    pub(crate) frames: Vec<Vec<f32>>,
    /// Why the first image without a feature has none.
    pub(crate) trouble: Option<String>,
}

/// The images of all items, one item after the other.
pub(crate) fn images(items: &[Item]) -> Vec<FaceImage> {
    let of_item = |item: &Item| {
        let name = item.name.clone();
        let images = item.images.clone().into_iter();
        images.map(move |source| FaceImage {
            name: name.clone(),
            source,
            face: None,
            landmarks: None,
        })
    };
    items.iter().flat_map(of_item).collect()
}

/// The features of all items, from what came of their [`images`].
pub(crate) fn features(items: &[Item], embedded: &Embedded, flip: FlipMode) -> Vec<ItemFeatures> {
    let mut rest = embedded.as_slice();
    let of_item = |item: &Item| {
        let (own, others) = rest.split_at(item.images.len().min(rest.len()));
        rest = others;
        ItemFeatures::of(own, flip)
    };
    items.iter().map(of_item).collect()
}

impl ItemFeatures {
    /// Those of one item, from what came of its images.
    pub(crate) fn of(images: &[Result<Vec<Found>, Trouble>], flip: FlipMode) -> Self {
        let mut features = Self {
            frames: Vec::new(),
            trouble: None,
        };
        for image in images {
            match image {
                Ok(frames) => frames.iter().for_each(|found| features.add(found, flip)),
                Err(trouble) => features.miss(&trouble.message),
            }
        }
        features
    }

    fn add(&mut self, found: &Found, flip: FlipMode) {
        let Found::Face(Views { plain, mirrored }) = found else {
            return self.miss("no face was found");
        };
        match flip.combine(plain, mirrored) {
            Ok(feature) => self.frames.push(feature),
            Err(error) => self.miss(&error.to_string()),
        }
    }

    fn miss(&mut self, why: &str) {
        self.trouble.get_or_insert_with(|| why.to_owned());
    }
}

/// The template of an item: the mean of its frames, of unit norm; `None` without frames.
pub(crate) fn template(item: &ItemFeatures) -> Option<Vec<f32>> {
    let (first, others) = item.frames.split_first()?;
    let mut sum = first.clone();
    for frame in others {
        sum.iter_mut().zip(frame).for_each(|(s, v)| *s += v);
    }
    match others {
        [] => Some(sum),
        _ => unit(sum),
    }
}

fn unit(mut values: Vec<f32>) -> Option<Vec<f32>> {
    let squares = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let norm = squares.sqrt();
    if !(norm.is_finite() && norm > f64::from(f32::MIN_POSITIVE)) {
        return None;
    }
    for value in &mut values {
        *value = (f64::from(*value) / norm) as f32;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_data::ImageSource;

    fn item(n_images: usize) -> Item {
        Item {
            name: "a".to_owned(),
            person: None,
            images: vec![ImageSource::Memory([].into()); n_images],
        }
    }

    fn face(plain: [f32; 2], mirrored: [f32; 2]) -> Result<Vec<Found>, Trouble> {
        Ok(vec![Found::Face(Views {
            plain: plain.to_vec(),
            mirrored: mirrored.to_vec(),
        })])
    }

    #[test]
    fn flips_are_joined_and_normalised() {
        let embedded = vec![face([3.0, 0.0], [0.0, 4.0])];
        let frames = |flip| features(&[item(1)], &embedded, flip)[0].frames[0].clone();
        assert_eq!(frames(FlipMode::Off), [1.0, 0.0]);
        assert_eq!(frames(FlipMode::Sum), [0.6, 0.8]);
        assert_eq!(frames(FlipMode::Concat), [0.6, 0.0, 0.0, 0.8]);
    }

    #[test]
    fn each_item_gets_its_own_frames() {
        let items = [item(2), item(1), item(2)];
        let embedded = vec![
            face([1.0, 0.0], [0.0, 0.0]),
            face([0.0, 2.0], [0.0, 0.0]),
            Ok(vec![Found::NoFace]),
            face([0.0, 0.0], [0.0, 0.0]),
            face([0.0, -5.0], [0.0, 0.0]),
        ];
        let features = features(&items, &embedded, FlipMode::Off);
        let half = 0.5f32.sqrt();
        assert_eq!(template(&features[0]), Some(vec![half, half]));
        assert_eq!(template(&features[1]), None);
        assert_eq!(features[1].trouble.as_deref(), Some("no face was found"));
        assert_eq!(template(&features[2]), Some(vec![0.0, -1.0]));
        assert!(features[2].trouble.as_deref().unwrap().contains("norm"));
    }
}
