//! The kinds of scenes.

use super::crops::{FaceCrops, bringing};
use super::decoy::decoy;
use super::options::{SceneOptions, Shares};
use super::paint::{Edge, Pyramid, paint};
use super::photos::{LabelledPhoto, Photos};
use super::place::about;
use super::texture::{color, texture};
use super::{Face, Marks, Scene};
use crate::data::random::{between, happens, stream};
use crate::data::{Augment, Target};
use crate::error::TrainError;
use lineament_core::{Point, Rect, RgbImage, Similarity};
use lineament_eval::Seeded;

/// Photos are enlarged no more than this.
const MOST_ENLARGED: f64 = 5.0;
/// A photo covers this share of the longer side at least: smaller ones are for mosaics.
const LEAST_COVERED: f64 = 0.5;
/// Places that are tried for a crop, and parts of photos for a background.
const TRIES: usize = 8;
/// The farthest that a face is turned which is said not to be.
const UPRIGHT_DEG: f64 = 8.0;

/// Makes scenes.
#[derive(Debug)]
pub struct Scenes {
    photos: Photos,
    crops: Option<FaceCrops>,
    options: SceneOptions,
    augment: Augment,
    target: Target,
    seed: u64,
}

impl Scenes {
    /// Scenes of this size, of photos and, where there are any, crops; `augment` changes their colours,
    /// sharpness and compression.
    #[must_use]
    pub fn new(
        photos: Photos,
        crops: Option<FaceCrops>,
        options: SceneOptions,
        augment: Augment,
        size: (u32, u32),
        seed: u64,
    ) -> Self {
        Self {
            photos,
            crops,
            options,
            augment,
            target: Target::cut(size.0, size.1),
            seed,
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.target.width, self.target.height)
    }

    /// The photos that they are made of.
    #[must_use]
    pub const fn photos(&self) -> &Photos {
        &self.photos
    }

    /// The scene in place `slot` of the batch of `step`.
    ///
    /// # Errors
    /// [`TrainError::Io`] where crops cannot be read; [`TrainError::Core`] for scenes without a size.
    pub fn scene(&self, step: u64, slot: usize) -> Result<Scene, TrainError> {
        let mut random = stream(self.seed, &[step, slot as u64]);
        let random = &mut random;
        let Shares {
            photo,
            mosaic,
            composite,
            close_up,
        } = self.options.shares;
        let drawn = between(random, 0.0, photo + mosaic + composite + close_up);
        let mut scene = match drawn {
            d if d < photo => self.photo(random)?,
            d if d < photo + mosaic => self.mosaic(random)?,
            d if d < photo + mosaic + composite => self.composite(random)?,
            _ => self.close_up(random)?,
        };
        // Without decoys, scenes are what they were before there were any.
        if self.options.decoys > 0.0 && happens(random, self.options.decoys) {
            self.paste_decoys(&mut scene, random)?;
        }
        if happens(random, self.options.covered) {
            cover(&mut scene, random);
        }
        if happens(random, 0.5) {
            scene.image = scene.image.view().mirrored();
            scene.marks = scene.marks.mirrored(self.target.width);
        }
        let seen = self.augment.apply(&scene.image, &self.target, step, slot)?;
        Ok(Scene {
            image: seen.image,
            ..scene
        })
    }

    fn window(&self) -> Rect {
        Rect {
            x: -0.5,
            y: -0.5,
            width: self.target.width as f32,
            height: self.target.height as f32,
        }
    }

    fn empty(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        Ok(Scene {
            image: texture(self.target.width, self.target.height, random)?,
            marks: Marks::default(),
        })
    }

    fn angle(&self, random: &mut Seeded) -> f64 {
        let most = match happens(random, self.options.rotated) {
            true => self.options.rotation_deg,
            false => UPRIGHT_DEG.min(self.options.rotation_deg),
        };
        between(random, -most, most).to_radians()
    }

    /// A place of a window, `margin` of its sides from its edges.
    fn somewhere(window: &Rect, margin: f64, random: &mut Seeded) -> Point {
        let mut along =
            |start: f32, side: f32| start + side * between(random, margin, 1.0 - margin) as f32;
        Point::new(
            along(window.x, window.width),
            along(window.y, window.height),
        )
    }

    fn any_photo(&self, random: &mut Seeded) -> &LabelledPhoto {
        let photos = self.photos.photos();
        &photos[random.below(photos.len())]
    }

    fn show(&self, scene: &mut Scene, photo: &LabelledPhoto, by: &Similarity, window: &Rect) {
        paint(&mut scene.image, &photo.pyramid, by, window, Edge::Sharp);
        let least = self.options.least_face_px;
        scene.marks.add_moved(&photo.marks, by, window, least);
    }

    /// One photo, one of its faces of any size and anywhere.
    fn photo(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        let mut scene = self.empty(random)?;
        let (photo, window) = (self.any_photo(random), self.window());
        let least = LEAST_COVERED * f64::from(self.target.width.min(self.target.height))
            / f64::from(photo.size().0.max(photo.size().1));
        let face = any(&photo.marks.faces, random);
        let most = face.map_or(2.0, |f| self.options.most_face_px / f.size());
        let most = most.min(MOST_ENLARGED).max(least * 1.01);
        let scale = between(random, least.ln(), most.ln()).exp();
        let middle = match face {
            Some(face) => face.rect.center(),
            None => Self::somewhere(&whole(photo), 0.1, random),
        };
        let to = Self::somewhere(&window, 0.1, random);
        let by = about(middle, to, scale, self.angle(random));
        self.show(&mut scene, photo, &by, &window);
        if happens(random, self.options.pasted_in_photos) {
            self.paste(&mut scene, 1 + random.below(4), random)?;
        }
        Ok(scene)
    }

    /// Photos in tiles.
    fn mosaic(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        let mut scene = self.empty(random)?;
        let n = 2 + random.below(self.options.most_tiles - 1);
        let (width, height) = (
            self.target.width as f32 / n as f32,
            self.target.height as f32 / n as f32,
        );
        for tile in 0..n * n {
            let window = Rect {
                x: (tile % n) as f32 * width - 0.5,
                y: (tile / n) as f32 * height - 0.5,
                width,
                height,
            };
            let photo = self.any_photo(random);
            let fitting =
                f64::from(width.min(height)) / f64::from(photo.size().0.max(photo.size().1));
            let scale = fitting * between(random, 0.9, 1.8);
            let middle = match any(&photo.marks.faces, random) {
                Some(face) if happens(random, 0.6) => face.rect.center(),
                _ => whole(photo).center(),
            };
            let to = Self::somewhere(&window, 0.4, random);
            let by = about(middle, to, scale, self.angle(random));
            self.show(&mut scene, photo, &by, &window);
        }
        Ok(scene)
    }

    /// Crops before a background without faces.
    fn composite(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        let mut scene = self.background(random)?;
        let n = match happens(random, 0.25) {
            true => 0,
            false => 1 + random.below(self.options.most_pasted),
        };
        self.paste(&mut scene, n, random)?;
        Ok(scene)
    }

    /// A part of a photo in which there is no face, else a texture.
    fn background(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        let mut scene = self.empty(random)?;
        let window = self.window();
        if happens(random, 0.2) {
            return Ok(scene);
        }
        for _ in 0..TRIES {
            let photo = self.any_photo(random);
            let (width, height) = photo.size();
            let share = between(random, 0.25, 1.0);
            let part = f64::from(width.min(height)) * share;
            let scale = f64::from(self.target.width.max(self.target.height)) / part;
            let middle = Self::somewhere(&whole(photo), share / 2.0, random);
            let by = about(middle, window.center(), scale, self.angle(random));
            let mut marks = Marks::default();
            marks.add_moved(&photo.marks, &by, &window, 0.0);
            if marks == Marks::default() {
                self.show(&mut scene, photo, &by, &window);
                break;
            }
        }
        Ok(scene)
    }

    /// A face that fills the frame: of a photo, or a crop.
    fn close_up(&self, random: &mut Seeded) -> Result<Scene, TrainError> {
        let mut scene = self.empty(random)?;
        let window = self.window();
        let size =
            f64::from(self.target.width.min(self.target.height)) * between(random, 0.55, 1.1);
        let to = Self::somewhere(&window, 0.4, random);
        let photo = self.any_photo(random);
        match any(&photo.marks.faces, random) {
            Some(face) if happens(random, 0.6) => {
                let by = bringing(face, to, size, self.angle(random));
                self.show(&mut scene, photo, &by, &window);
            }
            _ => self.paste_at(&mut scene, to, size, Edge::Sharp, random)?,
        }
        Ok(scene)
    }

    /// Pastes `n` crops, or as many as there is room for.
    fn paste(&self, scene: &mut Scene, n: usize, random: &mut Seeded) -> Result<(), TrainError> {
        let window = self.window();
        // Many faces are small ones.
        let most = self.options.most_face_px / (n.max(1) as f64).sqrt();
        let least = self.options.least_face_px.min(most / 2.0);
        for _ in 0..n {
            let size = between(random, least.ln(), most.ln()).exp();
            let edge = match happens(random, 0.5) {
                true => Edge::Oval,
                false => Edge::Soft,
            };
            for _ in 0..TRIES {
                let to = Self::somewhere(&window, 0.0, random);
                let side = size as f32 * 1.3;
                let taken = Rect {
                    x: to.x - side / 2.0,
                    y: to.y - side / 2.0,
                    width: side,
                    height: side,
                };
                if scene.marks.is_free(&taken) {
                    self.paste_at(scene, to, size, edge, random)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Pastes some decoys where there is room for them.
    fn paste_decoys(&self, scene: &mut Scene, random: &mut Seeded) -> Result<(), TrainError> {
        let window = self.window();
        for _ in 0..1 + random.below(self.options.most_decoys) {
            let (least, most) = (self.options.least_face_px, self.options.most_face_px / 2.0);
            let size = between(random, least.ln(), most.ln()).exp();
            let to = Self::somewhere(&window, 0.0, random);
            let crop = match &self.crops {
                Some(crops) => crops.read(random.below(crops.len()))?,
                None => None,
            };
            let picture = decoy(crop.as_ref().map(|(crop, _)| crop), random)?;
            let side = f64::from(picture.width().max(picture.height()));
            let taken = Rect {
                x: to.x - size as f32 * 0.75,
                y: to.y - size as f32 * 0.75,
                width: size as f32 * 1.5,
                height: size as f32 * 1.5,
            };
            if !scene.marks.is_free(&taken) {
                continue;
            }
            let middle = Point::new(
                picture.width() as f32 / 2.0 - 0.5,
                picture.height() as f32 / 2.0 - 0.5,
            );
            let by = about(middle, to, size / side, self.angle(random));
            let edge = [Edge::Sharp, Edge::Oval, Edge::Soft][random.below(3)];
            let picture = Pyramid::new(picture, by.scale())?;
            paint(&mut scene.image, &picture, &by, &window, edge);
        }
        Ok(())
    }

    fn paste_at(
        &self,
        scene: &mut Scene,
        to: Point,
        size_px: f64,
        edge: Edge,
        random: &mut Seeded,
    ) -> Result<(), TrainError> {
        let Some(crops) = &self.crops else {
            return Ok(());
        };
        let angle = self.angle(random);
        if let Some((crop, face)) = crops.read(random.below(crops.len()))? {
            let by = bringing(&face, to, size_px, angle);
            let picture = Pyramid::new(crop, by.scale())?;
            let window = self.window();
            paint(&mut scene.image, &picture, &by, &window, edge);
            scene
                .marks
                .add(face.moved(&by), &window, self.options.least_face_px);
        }
        Ok(())
    }
}

fn whole(photo: &LabelledPhoto) -> Rect {
    let (width, height) = photo.size();
    Rect {
        x: -0.5,
        y: -0.5,
        width: width as f32,
        height: height as f32,
    }
}

fn any<'a>(faces: &'a [Face], random: &mut Seeded) -> Option<&'a Face> {
    (!faces.is_empty()).then(|| &faces[random.below(faces.len())])
}

/// Hides a part of a face behind a box of one colour.
fn cover(scene: &mut Scene, random: &mut Seeded) {
    let Some(face) = any(&scene.marks.faces, random) else {
        return;
    };
    let rect = face.rect;
    let (width, height) = (
        rect.width * between(random, 0.3, 1.0) as f32,
        rect.height * between(random, 0.15, 0.4) as f32,
    );
    let x = rect.x + (rect.width - width) * between(random, 0.0, 1.0) as f32;
    let y = rect.y + (rect.height - height) * between(random, 0.0, 1.0) as f32;
    fill(
        &mut scene.image,
        &Rect {
            x,
            y,
            width,
            height,
        },
        color(random),
    );
}

fn fill(image: &mut RgbImage, rect: &Rect, color: [u8; 3]) {
    let (columns, rows) = (image.width() as usize, image.height() as usize);
    // The casts saturate at 0.
    let range = |start: f32, end: f32, most: usize| {
        let start = (start.round() as usize).min(most);
        start..(end.round() as usize).clamp(start, most)
    };
    let across = range(rect.x, rect.right(), columns);
    for y in range(rect.y, rect.bottom(), rows) {
        let row = &mut image.pixels_mut()[y * columns * 3..][..columns * 3];
        let hidden = row[across.start * 3..across.end * 3].chunks_exact_mut(3);
        hidden.for_each(|pixel| pixel.copy_from_slice(&color));
    }
}
