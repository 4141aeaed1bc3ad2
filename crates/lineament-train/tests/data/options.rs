//! Options out of range.

use lineament_train::TrainError;
use lineament_train::data::{Augment, AugmentOptions, DataSource, Images, Sampler, SamplerOptions};

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
    for options in wrong {
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
