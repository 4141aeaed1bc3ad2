//! What scenes show is where their marks say.

use lineament_core::{Point, Rect, RgbImage};
use lineament_train::detect::scene::{FaceBox, Marks, Scenes};
use lineament_train::detect::{DetectorConfig, scenes};
use lineament_train::run::Unwatched;

use crate::support::{Place, threads};

fn made(config: &DetectorConfig) -> Scenes {
    scenes(config, threads(1), &mut Unwatched).unwrap()
}

fn sample(image: &RgbImage, at: Point) -> Option<[u8; 3]> {
    let (x, y) = (at.x.round(), at.y.round());
    let is_inside = x >= 0.0 && y >= 0.0 && x < image.width() as f32 && y < image.height() as f32;
    is_inside.then(|| {
        let start = (y as usize * image.width() as usize + x as usize) * 3;
        image.pixels()[start..start + 3].try_into().unwrap()
    })
}

#[test]
fn landmarks_lie_on_what_was_drawn_there() {
    let place = Place::new();
    for kind in ["photo", "mosaic", "close_up"] {
        let shares = ["photo", "mosaic", "composite", "close_up"]
            .map(|k| format!("{k} = {}", if k == kind { "1.0" } else { "0.0" }));
        let shares = format!("scenes.shares={{ {} }}", shares.join(", "));
        let plain = [
            &*shares,
            "augment={ flip = 0.0 }",
            "scenes.covered=0.0",
            "input.width=320",
            "input.height=320",
        ];
        let scenes = made(&place.config(&plain));
        let mut n_seen = 0;
        for slot in 0..20 {
            let scene = scenes.scene(1, slot).unwrap();
            for face in scene.marks.faces.iter().filter(|f| f.rect.height > 40.0) {
                // Eyes are drawn white with a dark pupil, in the colour of neither skin nor background.
                let [left, right, ..] = face.landmarks.unwrap().to_array();
                assert!(left.distance(right) > 0.3 * face.rect.width);
                let middle = face.rect.center();
                let skin = sample(
                    &scene.image,
                    Point::new(middle.x, middle.y - 0.02 * face.rect.height),
                );
                for eye in [left, right]
                    .into_iter()
                    .filter_map(|p| sample(&scene.image, p))
                {
                    let apart = skin.map_or(255, |s| u8::abs_diff(s[0], eye[0]));
                    assert!(
                        apart > 20,
                        "{kind} {slot}: {eye:?} is like the skin {skin:?}"
                    );
                    n_seen += 1;
                }
            }
        }
        assert!(n_seen > 10, "{kind}: {n_seen}");
    }
}

#[test]
fn a_scene_is_a_function_of_seed_step_and_place() {
    let place = Place::new();
    let (scenes, again) = (made(&place.config(&[])), made(&place.config(&[])));
    let other = made(&place.config(&["seed=4"]));
    let scene = scenes.scene(5, 1).unwrap();
    assert_eq!(scene, again.scene(5, 1).unwrap());
    for different in [other.scene(5, 1), scenes.scene(6, 1), scenes.scene(5, 0)] {
        assert_ne!(scene, different.unwrap());
    }
}

#[test]
fn decoys_are_pasted_where_there_is_no_face() {
    let place = Place::new();
    let sizes = |marks: &Marks| -> Vec<f32> { marks.faces.iter().map(|f| f.rect.area()).collect() };
    let of = |decoys: &str| {
        made(&place.config(&[decoys, "augment={ flip = 0.0 }", "scenes.covered=0.0"]))
    };
    let (with, without) = (of("scenes.decoys=1.0"), of("scenes.decoys=0.0"));
    let mut n_other = 0;
    for slot in 0..20 {
        let (with, without) = (
            with.scene(1, slot).unwrap(),
            without.scene(1, slot).unwrap(),
        );
        assert_eq!(sizes(&with.marks), sizes(&without.marks), "{slot}");
        let seen = [without.image.view().mirrored(), without.image];
        n_other += usize::from(!seen.contains(&with.image));
    }
    assert!(n_other > 10, "{n_other}");
}

#[test]
fn marks_are_seen_and_large_enough() {
    let place = Place::new();
    let scenes = made(&place.config(&["scenes.least_face_px=9.0"]));
    let window = Rect::from_corners(0.0, 0.0, 64.0, 96.0);
    let mut n_faces = 0;
    for slot in 0..200 {
        let Marks { faces, ignored } = scenes.scene(2, slot).unwrap().marks;
        for face in &faces {
            assert!(face.rect.area() > 80.0, "{face:?}");
            assert!(
                face.rect.intersection(&window) > 0.6 * face.rect.area(),
                "{face:?}"
            );
        }
        assert!(ignored.iter().all(|rect| rect.intersection(&window) >= 0.0));
        n_faces += faces.len();
    }
    assert!(n_faces > 100, "{n_faces}");
}

#[test]
fn a_box_is_put_where_it_was_measured() {
    let face = lineament_testkit::DrawnFace {
        roll_deg: 4.0,
        ..lineament_testkit::DrawnFace::at(70.0, 90.0, 100.0)
    };
    let landmarks = face.landmarks();
    let rect = FaceBox::YUNET.around(&landmarks).unwrap();
    let measured = FaceBox::of(&rect, &landmarks).unwrap();
    // A box around a face that is turned by 4 degrees is a little wider.
    assert!(
        measured.centre.distance(FaceBox::YUNET.centre) < 0.01,
        "{measured:?}"
    );
    let (width, height) = FaceBox::YUNET.size;
    assert!(
        (measured.size.0 / width - 1.0).abs() < 0.01
            && (measured.size.1 / height - 1.0).abs() < 0.01
    );
    assert!(rect.iou(&crate::support::rect(&face)) > 0.4);
}
