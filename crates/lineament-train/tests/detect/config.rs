//! What is said of configurations that cannot be.

use std::path::Path;

use lineament_train::detect::DetectorConfig;

use crate::support::CONFIG;

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (assignment, told) in [
        ("input.width=100", "multiples of 32"),
        ("augment.flip=0.5", "scenes are moved by [scenes]"),
        ("batch=0", "batch must be 1 or more"),
        ("scenes.most_tiles=1", "scenes.most_tiles must be 2 to 16"),
        ("scenes.rotated=1.5", "scenes.rotated must be a probability"),
        (
            "scenes.shares={ photo = -1.0 }",
            "scenes.shares must be 0 or more",
        ),
        ("scenes.least_face_px=500.0", "below most_face_px"),
        ("schedule.rate=0.0", "schedule.rate must be above 0"),
        ("scenes.tiles=3", "unknown field `tiles`"),
        ("task=\"embed\"", "unknown variant `embed`"),
    ] {
        let parsed = DetectorConfig::parse(CONFIG, "test", &[assignment.to_owned()]);
        let error = parsed.unwrap_err().to_string();
        assert!(error.contains(told), "{assignment}: {error}");
    }
}

#[test]
fn what_is_written_is_read() {
    let config = DetectorConfig::parse(CONFIG, "test", &[]).unwrap();
    let again = DetectorConfig::parse(&config.to_toml().unwrap(), "again", &[]).unwrap();
    assert_eq!(config, again);
}

#[test]
fn the_recipe_is_a_detector_s() {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let path = recipes.join("default/detector.toml");
    assert!(DetectorConfig::is_at(&path));
    assert!(!DetectorConfig::is_at(&recipes.join("sphereface-20.toml")));
    DetectorConfig::load(&path, &[]).unwrap();
}
