//! Options out of range.

use lineament_train::TrainError;
use lineament_train::data::{
    Augment, AugmentOptions, BalancedEpoch, DataSource, Images, JpegOptions, MixOptions,
    OcclusionOptions, Sampler, SamplerOptions, Target, WarpOptions,
};

/// The one augmentation has no say in what another does.
#[test]
fn changes_have_random_numbers_of_their_own() {
    let crop = lineament_core::RgbImage::new(
        128,
        128,
        (0..128 * 128 * 3).map(|i| (i / 7) as u8).collect(),
    );
    let crop = crop.unwrap();
    let apply = |options: &AugmentOptions, step, slot| {
        let augment = Augment::new(options, 3).unwrap();
        augment
            .apply(&crop, &Target::cut(112, 112), step, slot)
            .unwrap()
    };
    let shifted = AugmentOptions {
        shift_px: 5.0,
        ..AugmentOptions::default()
    };
    let grey_too = AugmentOptions {
        grey: 0.5,
        ..shifted.clone()
    };
    let (mut n_same, mut n_grey) = (0, 0);
    for slot in 0..60 {
        let (plain, other) = (apply(&shifted, 7, slot), apply(&grey_too, 7, slot));
        assert_eq!(plain.is_mirrored, other.is_mirrored);
        let is_grey = other
            .image
            .pixels()
            .chunks_exact(3)
            .all(|p| p[0] == p[1] && p[1] == p[2]);
        n_same += usize::from(plain == other);
        n_grey += usize::from(is_grey);
    }
    assert_eq!(n_same + n_grey, 60);
    assert!((10..=50).contains(&n_grey), "{n_grey}");
    assert_ne!(apply(&shifted, 7, 0), apply(&shifted, 8, 0));
}

#[test]
fn shifts_reach_every_whole_pixel_alike() {
    let crop = lineament_core::RgbImage::new(
        128,
        128,
        (0..128 * 128)
            .flat_map(|i| [(i % 128) as u8, (i / 128) as u8, 0])
            .collect(),
    );
    let crop = crop.unwrap();
    let options = AugmentOptions {
        flip: 0.0,
        shift_px: 2.9,
        ..AugmentOptions::default()
    };
    let augment = Augment::new(&options, 3).unwrap();
    let mut counts = [[0_usize; 5]; 2];
    for slot in 0..1000 {
        let seen = augment
            .apply(&crop, &Target::cut(112, 112), 0, slot)
            .unwrap()
            .image;
        for (axis, counts) in counts.iter_mut().enumerate() {
            // Unmoved, the first pixel shows (8, 8); moved right by 2, (6, 8).
            counts[usize::from(seen.pixels()[axis]) - 6] += 1;
        }
    }
    // Five standard deviations of 1000 draws at 1/5.
    assert!(
        counts.iter().flatten().all(|n| (137..=263).contains(n)),
        "{counts:?}"
    );
}

/// Rotation and scale are spread evenly over what was allowed, about the middle.
#[test]
fn images_are_turned_and_scaled_as_far_as_was_said() {
    let pixels =
        (0..128_u32).flat_map(|y| (0..128).flat_map(move |x| [2 * x as u8, 2 * y as u8, 0]));
    let crop = lineament_core::RgbImage::new(128, 128, pixels.collect()).unwrap();
    let options = AugmentOptions {
        flip: 0.0,
        scale: 0.1,
        rotation_deg: 8.0,
        ..AugmentOptions::default()
    };
    let augment = Augment::new(&options, 4).unwrap();
    let (mut turned, mut scaled) = (vec![], vec![]);
    for slot in 0..2000 {
        let seen = augment
            .apply(&crop, &Target::cut(112, 112), 0, slot)
            .unwrap();
        // Red and green say which pixel of the crop is shown.
        let at = |x: usize, y: usize| {
            let start = (y * 112 + x) * 3;
            [0, 1].map(|axis| f64::from(seen.image.pixels()[start + axis]) / 2.0)
        };
        let (left, right) = (at(15, 56), at(96, 56));
        let across = [right[0] - left[0], right[1] - left[1]];
        scaled.push((81.0 / across[0].hypot(across[1])).ln());
        turned.push(-across[1].atan2(across[0]).to_degrees());
        let middle = at(56, 56);
        assert!(middle.iter().all(|v| (v - 64.0).abs() < 1.5), "{middle:?}");
    }
    for (values, most) in [(turned, 8.0), (scaled, 1.1_f64.ln())] {
        let mean = values.iter().sum::<f64>() / 2000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2000.0;
        let (least, greatest) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        // Half a step of the colours is 0.4 degrees and 0.6 % here.
        let step = if most > 1.0 { 0.5 } else { 0.008 };
        assert!(
            greatest < most + step && greatest > most - step,
            "{greatest} {most}"
        );
        assert!(
            least > -most - step && least < -most + step,
            "{least} {most}"
        );
        assert!(mean.abs() < 0.1 * most, "{mean}");
        // Even between −m and m: m² / 3.
        assert!(
            (variance / (most * most / 3.0) - 1.0).abs() < 0.15,
            "{variance} {most}"
        );
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let wrong = [
        AugmentOptions {
            flip: 1.5,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            shift_px: -1.0,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            scale: f64::NAN,
            ..AugmentOptions::default()
        },
    ];
    let jpeg = JpegOptions {
        min_quality: 0,
        ..JpegOptions::default()
    };
    let occlusion = OcclusionOptions {
        max_share: 1.1,
        ..OcclusionOptions::default()
    };
    let warp = WarpOptions {
        elastic: 0.2,
        ..WarpOptions::default()
    };
    let mix = MixOptions {
        alpha: 0.0,
        ..MixOptions::default()
    };
    let changes = [
        AugmentOptions {
            warp,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            mix,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            jpeg,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            occlusion,
            ..AugmentOptions::default()
        },
    ];
    for options in wrong.into_iter().chain(changes) {
        assert!(matches!(
            Augment::new(&options, 0),
            Err(TrainError::Argument { .. })
        ));
    }
    let uniform = |batch| Sampler::new(&SamplerOptions::Uniform { batch }, &[0, 0], 0);
    assert!(uniform(2).is_ok() && uniform(0).is_err());
    let balanced = |people| {
        let options = SamplerOptions::Balanced {
            people,
            images_per_person: 2,
            epoch: BalancedEpoch::default(),
        };
        Sampler::new(&options, &[0, 0, 1, 1, 2], 0)
    };
    assert!(balanced(2).is_ok() && balanced(3).is_err() && balanced(0).is_err());
    let dir = tempfile::tempdir().unwrap();
    let source = DataSource {
        kind: Some("tarball".to_owned()),
        ..DataSource::at(dir.path())
    };
    assert!(
        Images::open(&[source])
            .unwrap_err()
            .to_string()
            .contains("recordio")
    );
}
