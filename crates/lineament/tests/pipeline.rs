//! The pipeline as a whole, with fake networks and drawn faces.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::thread;

use lineament::{
    CloseUp, DetectionOptions, Detector, Embedder, Error, Face, ModelLimits, ModelStore, Photo,
    Pipeline, PipelineOptions, Quality, QualityLimits, QualityReason, Rect, RgbImage, Template,
};
use lineament_runtime::{EngineReport, LoadedModel, Manifest, Session};
use lineament_testkit::{DrawnFace, FakeSession, bright_spot_face, draw_faces};

const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn manifest(task: &str, family: &str, size: &str, outputs: &str, settings: &str) -> Manifest {
    let text = format!(
        "schema = 1\nname = \"fake-{task}\"\ntask = \"{task}\"\nfamily = \"{family}\"\n\
         file = \"fake.onnx\"\nsha256 = \"{HASH}\"\nlicence = \"test\"\nprovenance = \"test\"\npreference = 1\n\
         [input]\nname = \"input\"\nlayout = \"nchw\"\nchannels = \"bgr\"\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n\
         size = {size}\nbatch = \"dynamic\"\n[outputs]\n{outputs}\n[settings]\n{settings}\n"
    );
    Manifest::parse(&text, "the test's manifest").unwrap()
}

fn loaded(manifest: Manifest, session: impl Session + 'static) -> LoadedModel {
    let engine = EngineReport {
        name: "fake",
        version: "1".to_owned(),
        device: lineament_runtime::Device::Cpu,
        threads: std::num::NonZeroUsize::MIN,
        fallback: None,
    };
    LoadedModel {
        manifest,
        session: Arc::new(session),
        engine,
    }
}

fn detector() -> Detector {
    detector_with("")
}

fn detector_with(more_settings: &str) -> Detector {
    let heads = ["cls", "obj", "bbox", "kps"];
    let roles = [8, 16, 32]
        .iter()
        .flat_map(|s| heads.map(|head| format!("{head}_{s} = \"{head}_{s}\"")));
    let settings = format!(
        "score_threshold = 0.5\nnms_iou = 0.3\nsmallest_face_px = 32.0\nlandmarks = true\n{more_settings}"
    );
    let roles: Vec<_> = roles.collect();
    let manifest = manifest(
        "detect",
        "yunet",
        "\"multiple-of-32\"",
        &roles.join("\n"),
        &settings,
    );
    Detector::from_model(loaded(manifest, FakeSession::bright_spot_yunet(200.0))).unwrap()
}

fn embedder(settings: &str) -> Result<Embedder, Error> {
    let manifest = manifest(
        "embed",
        "arcface",
        "[112, 112]",
        "embedding = \"embedding\"",
        settings,
    );
    Embedder::from_model(loaded(manifest, FakeSession::striped_embedder(8)))
}

const EMBEDDER: &str =
    "template = \"arcface-112\"\ndimension = 8\nflip = \"sum\"\nspace = \"fake\"";

fn pipeline(detection: DetectionOptions) -> Pipeline {
    pipeline_with(EMBEDDER, detection)
}

fn pipeline_with(settings: &str, detection: DetectionOptions) -> Pipeline {
    let options = PipelineOptions {
        detection,
        ..PipelineOptions::default()
    };
    Pipeline::from_parts(detector(), Some(embedder(settings).unwrap()), &options).unwrap()
}

fn whole_only() -> DetectionOptions {
    DetectionOptions {
        close_up: CloseUp::Skip,
        ..DetectionOptions::default()
    }
}

/// A dark photo with white squares of 32 px.
fn spots(width: u32, height: u32, at: &[(u32, u32)]) -> Photo {
    let mut image = RgbImage::filled(width, height, [20; 3]);
    for &(left, top) in at {
        for y in top..top + 32 {
            let start = (y * width + left) as usize * 3;
            image.pixels_mut()[start..start + 96].fill(255);
        }
    }
    Photo::from_image(image)
}

#[test]
fn a_face_is_found_where_it_is() {
    let photo = spots(320, 192, &[(64, 96), (256, 0)]);
    let faces = pipeline(whole_only()).detect(&photo).unwrap();
    assert_eq!(faces.len(), 2);
    for (column, row) in [(2, 3), (8, 0)] {
        let (rect, landmarks) = bright_spot_face(column, row);
        assert!(
            faces
                .iter()
                .any(|f| f.rect == rect && f.landmarks == Some(landmarks))
        );
    }
}

/// The network finds squares that fill one of its cells, and in no other size.
#[test]
fn what_is_seen_at_one_size_only_is_no_face_unless_it_is_certain() {
    let photo = spots(320, 192, &[(64, 96), (256, 0)]);
    let n_found = |certain: &str| {
        let found = detector_with(certain).detect(photo.decoded().view(), &whole_only());
        found.unwrap().len()
    };
    assert_eq!(n_found("certain_score = 0.6"), 2);
    // It scores 1 wherever it finds one.
    assert_eq!(n_found("certain_score = 1.1"), 0);
}

/// A photo of 320×192 with a grey square of 32 px at (64, 96), as dark as no network here sees it.
fn in_the_dark() -> RgbImage {
    let mut dark = RgbImage::filled(320, 192, [4; 3]);
    for y in 96..128 {
        let start = (y * 320 + 64) * 3;
        dark.pixels_mut()[start..start + 96].fill(30);
    }
    dark
}

/// The network finds squares of 200 and more only.
#[test]
fn faces_in_the_dark_are_found_by_detectors_that_restore() {
    let dark = in_the_dark();
    let n_found = |settings: &str| {
        let found = detector_with(settings).detect(dark.view(), &whole_only());
        found.unwrap().len()
    };
    assert_eq!(n_found(""), 0);
    assert_eq!(n_found("restore = true"), 1);
}

/// A face in the dark counts as what the network sees of it.
#[test]
fn restored_faces_are_not_too_dark() {
    let photo = Photo::from_image(in_the_dark());
    let is_too_dark = |restore: bool| {
        let settings = format!("{EMBEDDER}\nrestore = {restore}");
        let (embedder, detector) = (
            embedder(&settings).unwrap(),
            detector_with("restore = true"),
        );
        let options = PipelineOptions {
            detection: whole_only(),
            quality: QualityLimits {
                min_brightness: 100.0,
                ..QualityLimits::default()
            },
            ..PipelineOptions::default()
        };
        let pipeline = Pipeline::from_parts(detector, Some(embedder), &options).unwrap();
        let quality = pipeline.detect(&photo).unwrap().remove(0).quality;
        let reasons = quality.reasons.iter();
        let mut dark = reasons.filter(|reason| matches!(reason, QualityReason::TooDark { .. }));
        (dark.next().is_some(), quality.is_restored)
    };
    assert_eq!(is_too_dark(false), (true, false));
    assert_eq!(is_too_dark(true), (false, true));
}

#[test]
fn no_face_is_no_error() {
    let photo = spots(100, 70, &[]);
    assert_eq!(pipeline(whole_only()).analyze(&photo).unwrap(), []);
    let one_pixel = Photo::from_image(RgbImage::filled(1, 1, [0; 3]));
    assert_eq!(
        pipeline(DetectionOptions::default())
            .analyze(&one_pixel)
            .unwrap(),
        []
    );
}

#[test]
fn tiles_find_what_the_whole_photo_hides() {
    let photo = spots(3200, 1600, &[(1600, 800)]);
    let coarse = pipeline(whole_only()).detect(&photo).unwrap();
    assert!(coarse.is_empty());
    let tiled = DetectionOptions {
        min_face_px: Some(16.0),
        ..whole_only()
    };
    let faces = pipeline(tiled).detect(&photo).unwrap();
    // The tile is enlarged twice, so this detector sees up to four faces of half the size.
    assert!((1..=4).contains(&faces.len()), "{}", faces.len());
    let spot = Rect::from_corners(1600.0, 800.0, 1632.0, 832.0);
    for face in faces {
        assert!(
            face.rect.intersection(&spot) > 0.8 * face.rect.area(),
            "{:?}",
            face.rect
        );
    }
}

#[test]
fn analyze_is_detect_align_embed() {
    // The second wants the crop that tells quality, the first another beyond the photo's edge.
    for border in ["black", "replicate"] {
        let settings = format!("border = \"{border}\"\n{EMBEDDER}");
        compare_with_its_steps(&pipeline_with(&settings, whole_only()));
    }
}

fn compare_with_its_steps(pipeline: &Pipeline) {
    let photo = spots(320, 192, &[(64, 96), (256, 0)]);
    let analyzed = pipeline.analyze(&photo).unwrap();
    let faces = pipeline.detect(&photo).unwrap();
    let crops: Vec<_> = faces
        .iter()
        .map(|f| pipeline.align(&photo, f).unwrap())
        .collect();
    let embeddings = pipeline.embed(&crops).unwrap();
    assert_eq!(
        analyzed,
        faces.into_iter().zip(embeddings).collect::<Vec<_>>()
    );
    assert_eq!(analyzed[0].1.space().name(), "fake@00000000/flip-sum");
}

#[test]
fn views_are_what_embeddings_are_made_of() {
    let pipeline = pipeline(whole_only());
    let photo = spots(320, 192, &[(64, 96)]);
    let face = &pipeline.detect(&photo).unwrap()[0];
    let crop = pipeline.align(&photo, face).unwrap();
    let by_landmarks = pipeline.align_landmarks(&photo, &face.landmarks.unwrap());
    assert_eq!(by_landmarks.unwrap(), crop);
    let views = pipeline
        .embedder()
        .unwrap()
        .views(std::slice::from_ref(&crop))
        .unwrap();
    let sum = views[0].plain.iter().zip(&views[0].mirrored);
    let sum: Vec<f32> = sum.map(|(a, b)| a + b).collect();
    let embedding = &pipeline.embed(std::slice::from_ref(&crop)).unwrap()[0];
    let norm = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
    for (value, expected) in embedding.values().iter().zip(&sum) {
        assert!((value - expected / norm).abs() < 1e-6);
    }
}

/// A crop in too little light is seen as if it had been restored; one in good light as it is.
#[test]
fn dark_crops_are_restored_for_models_that_want_it() {
    let plain = embedder(EMBEDDER).unwrap();
    let restoring = embedder(&format!("{EMBEDDER}\nrestore = true")).unwrap();
    assert!(restoring.restores() && !plain.restores());
    let mut good = RgbImage::filled(112, 112, [90; 3]);
    let dark_and_bright = [[12u8; 3], [60, 30, 9]];
    for (place, pixel) in good
        .pixels_mut()
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .enumerate()
    {
        *pixel = [(place % 112) as u8 + 60; 3];
    }
    let mut dark = RgbImage::filled(112, 112, [0; 3]);
    for (place, pixel) in dark
        .pixels_mut()
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .enumerate()
    {
        *pixel = dark_and_bright[usize::from(place % 7 < 2 || place % 5 == 1)];
    }
    let crops = [good.clone(), dark.clone()];
    let better = lineament_core::restored(dark.view()).unwrap();
    let as_they_should_be = [good, better];
    let expected = plain.embed(&as_they_should_be).unwrap();
    let got = restoring.embed(&crops).unwrap();
    assert_eq!(got[0].values(), expected[0].values());
    assert_eq!(got[1].values(), expected[1].values());
    assert_ne!(
        plain.embed(&crops).unwrap()[1].values(),
        expected[1].values()
    );
    assert_eq!(
        restoring.views(&crops).unwrap(),
        plain.views(&as_they_should_be).unwrap()
    );
    assert_eq!(
        restoring.outputs(&crops).unwrap(),
        plain.outputs(&as_they_should_be).unwrap()
    );
}

#[test]
fn aligned_images_are_cut_in_the_middle() {
    let embedder = embedder(EMBEDDER).unwrap();
    let mut image = RgbImage::filled(128, 128, [0; 3]);
    let first = (8 * 128 + 8) * 3;
    image.pixels_mut()[first..first + 3].fill(200);
    let crop = embedder.crop_aligned(&image).unwrap();
    assert_eq!((crop.width(), crop.height()), (112, 112));
    assert_eq!(crop.pixels()[..4], [200, 200, 200, 0]);
    let small = RgbImage::filled(96, 112, [0; 3]);
    let error = embedder.crop_aligned(&small).unwrap_err().to_string();
    assert!(
        error.contains("112×112") && error.contains("96×112"),
        "{error}"
    );
}

fn face_of(drawn: &DrawnFace) -> Face {
    Face {
        rect: Rect::from_corners(0.0, 0.0, 1.0, 1.0),
        landmarks: Some(drawn.landmarks()),
        detection_score: 1.0,
        quality: Quality {
            face_px: 1.0,
            sharpness: None,
            brightness: None,
            is_restored: false,
            reasons: Vec::new(),
        },
        pose: None,
    }
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.pixels().iter().zip(b.pixels());
    pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.pixels().len() as f64
}

/// A JPEG of 1600 px decoded at a quarter: a small face is cut from the full resolution, a large one from
/// what is there already.
#[test]
fn the_full_resolution_is_for_faces_that_deserve_it() {
    let (small, large) = (
        DrawnFace::at(1300.0, 300.0, 90.0),
        DrawnFace::at(500.0, 600.0, 600.0),
    );
    let drawn = draw_faces(1600, 1200, &[small, large]);
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 95)
        .encode(drawn.pixels(), 1600, 1200, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    let quarter = DetectionOptions {
        max_side_px: 400,
        ..whole_only()
    };
    let pipeline = pipeline(quarter);
    let photo = pipeline.read_bytes(jpeg).unwrap();
    assert_eq!((photo.size(), photo.decoded().width()), ((1600, 1200), 400));
    let full = Photo::from_image(RgbImage::clone(&photo.full().unwrap()));
    let crops = |face: &DrawnFace| {
        let face = face_of(face);
        [&photo, &full].map(|photo| pipeline.align(photo, &face).unwrap())
    };
    let [from_photo, from_full] = crops(&small);
    assert_eq!(from_photo, from_full);
    let [from_photo, from_full] = crops(&large);
    assert_ne!(from_photo, from_full);
    assert!(mean_difference(&from_photo, &from_full) < 4.0);
}

#[test]
fn many_threads_share_one_pipeline() {
    let pipeline = Arc::new(pipeline(DetectionOptions::default()));
    let photos: Vec<_> = (0..6)
        .map(|i| Arc::new(spots(320, 192, &[(32 * i, 64)])))
        .collect();
    let expected: Vec<_> = photos
        .iter()
        .map(|p| pipeline.analyze(p).unwrap())
        .collect();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (pipeline, photos) = (Arc::clone(&pipeline), photos.clone());
            thread::spawn(move || {
                photos
                    .iter()
                    .map(|p| pipeline.analyze(p).unwrap())
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), expected);
    }
}

#[test]
fn a_pipeline_that_only_detects_says_so() {
    let pipeline = Pipeline::from_parts(detector(), None, &PipelineOptions::default()).unwrap();
    let photo = spots(64, 64, &[(0, 0)]);
    let face = &pipeline.detect(&photo).unwrap()[0];
    assert!(matches!(
        pipeline.align(&photo, face),
        Err(Error::NoEmbedder)
    ));
    assert!(matches!(pipeline.calibration(), Err(Error::NoEmbedder)));
    let crop = pipeline
        .align_to(&photo, face, Template::SphereFace96x112)
        .unwrap();
    assert_eq!((crop.width(), crop.height()), (96, 112));
}

#[test]
fn manifests_that_make_no_sense_are_refused_by_field() {
    let wrong = [
        (
            "template = \"arcface-112\"",
            "template = \"oval\"",
            "settings.template",
        ),
        ("template", "border = \"pink\"\ntemplate", "settings.border"),
        ("arcface-112", "sphereface-96x112", "input.size"),
    ];
    for (from, to, field) in wrong {
        let error = embedder(&EMBEDDER.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(field), "{error}");
    }
    let uncalibrated = pipeline(whole_only()).calibration().unwrap_err();
    assert!(
        uncalibrated.to_string().contains("--threshold"),
        "{uncalibrated}"
    );
}

/// Public detectors, trained on photos, find drawn faces of all sizes: small ones by tiles, one that
/// fills the frame by the close-up look.
#[test]
fn small_and_close_faces_are_found() {
    let Some(shared) = lineament_testkit::shared_folder() else {
        lineament_testkit::say_skipped("1 test of small and close faces");
        return;
    };
    let store = ModelStore::open(&shared.join("models"), ModelLimits::default()).unwrap();
    let found = |detection: DetectionOptions, image: RgbImage| {
        let options = PipelineOptions {
            detection,
            ..PipelineOptions::default()
        };
        let pipeline = Pipeline::open_detector(&store, &options).unwrap();
        pipeline.detect(&Photo::from_image(image)).unwrap()
    };
    // Faces of 20 px would be 5 px in the whole look.
    let far = draw_faces(
        2400,
        1600,
        &[
            DrawnFace::at(500.0, 400.0, 20.0),
            DrawnFace::at(2000.0, 1200.0, 22.0),
        ],
    );
    let tiled = DetectionOptions {
        min_face_px: Some(8.0),
        ..DetectionOptions::default()
    };
    assert!(found(whole_only(), far.clone()).is_empty());
    assert_eq!(found(tiled, far).len(), 2);
    let near = draw_faces(400, 400, &[DrawnFace::at(200.0, 200.0, 560.0)]);
    let close = found(DetectionOptions::default(), near);
    assert_eq!(close.len(), 1);
    assert!(close[0].rect.short_side() > 200.0, "{:?}", close[0].rect);
}
