//! Manifests: text to types and back, and what errors say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

use lineament_runtime::{Family, InputSize, Manifest, Precision, RuntimeError, known_models};
use proptest::prelude::*;
use serde::Deserialize;

const TEXT: &str = include_str!("support/random_embedder.toml");

fn parse(text: &str) -> Result<Manifest, RuntimeError> {
    Manifest::parse(text, "m.toml")
}

/// The error for the text with `from` replaced by `to`.
fn error(from: &str, to: &str) -> String {
    assert!(TEXT.contains(from));
    parse(&TEXT.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn errors_name_the_place_and_the_value() {
    for (from, to, expected) in [
        (
            "schema = 1",
            "schema = 2",
            "m.toml, line 1: schema 2 is not known here, only 1; update Lineament",
        ),
        (
            "task = \"embed\"",
            "task = \"Embed!\"",
            "line 3: a name of a-z, 0-9 and \"-\"",
        ),
        (
            "sha256 = \"00",
            "sha256 = \"0",
            "line 6: a SHA-256 has 64 hexadecimal digits",
        ),
        (
            "[input]",
            "precision = \"f16\"\n[input]",
            "unknown precision \"f16\"; there are f32, bf16 and int8",
        ),
        (
            "layout = \"nchw\"",
            "layout = \"nhcw\"",
            "unknown variant `nhcw`, expected `nchw` or `nhwc`",
        ),
        (
            "size = [112, 112]",
            "size = [112]",
            "expected [width, height] or \"multiple-of-N\"",
        ),
        (
            "size = [112, 112]",
            "size = [0, 112]",
            "got [0, 112], expected",
        ),
        (
            "size = [112, 112]",
            "size = \"multiple-of-0\"",
            "invalid value: string \"multiple-of-0\", expected",
        ),
        (
            "size = [112, 112]",
            "size = -1",
            "invalid type: integer `-1`, expected [width",
        ),
        (
            "batch = \"fixed\"",
            "batch = \"fixed\"\nstride = 4",
            "line 19: unknown field `stride`",
        ),
        ("batch = \"fixed\"\n", "", "missing field `batch`"),
        (
            "std = [127.5, 127.5, 127.5]",
            "std = [1.0, 0.0, 1.0]",
            "m.toml: input.std should be three finite numbers above 0, it is \"[1.0, 0.0, 1.0]\"; correct the manifest",
        ),
        (
            "mean = [127.5, 127.5",
            "mean = [nan, 127.5",
            "input.mean should be three finite numbers",
        ),
        (
            "file = \"random",
            "file = \"../random",
            "file should be a file name without folders",
        ),
        (
            "name = \"random_embedder\"",
            "name = \"a b\"",
            "m.toml: name should be",
        ),
        (
            "embedding = \"output0\"",
            "",
            "outputs should be 1 to 256 roles, it is \"0\"",
        ),
        (
            "dimension = 32",
            "dimension = 32\nmargin = { left = [0.0, inf] }",
            "settings.margin.left should be a finite number",
        ),
    ] {
        let got = error(from, to);
        assert!(got.contains(expected), "{to}:\n{got}\n{expected}");
    }
}

#[test]
fn a_long_text_is_not_read() {
    let text = format!("{TEXT}# {}", "x".repeat(70_000));
    assert!(matches!(
        parse(&text),
        Err(RuntimeError::TooLarge {
            limit_bytes: 65_536,
            ..
        })
    ));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "template")]
    _template: String,
    dimension: u8,
}

#[test]
fn settings_are_read_into_types_of_the_floor_above() {
    let mut manifest = parse(TEXT).unwrap();
    let unknown = manifest.settings::<Settings>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("the manifest of random_embedder, [settings]: unknown field"),
        "{unknown}"
    );
    manifest
        .settings
        .retain(|key, _| matches!(key, "template" | "dimension"));
    assert_eq!(manifest.settings::<Settings>().unwrap().dimension, 32);
    manifest.settings["dimension"] = 512.into();
    let range = manifest.settings::<Settings>().unwrap_err().to_string();
    assert!(
        range.contains("512") && range.contains("dimension"),
        "{range}"
    );
    assert!(manifest.calibration::<Settings>().unwrap().is_none());
    manifest.calibration = Some(toml::Table::new());
    assert!(manifest.calibration::<Settings>().is_err());
}

#[test]
fn what_is_written_is_read_back() {
    for manifest in known_models() {
        let text = manifest.to_toml().unwrap();
        assert_eq!(&parse(&text).unwrap(), manifest, "{text}");
    }
}

#[test]
fn an_impossible_manifest_is_not_written() {
    let mut manifest = parse(TEXT).unwrap();
    manifest.input.std[1] = f32::NAN;
    assert!(manifest.to_toml().is_err());
}

fn value() -> impl Strategy<Value = toml::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(toml::Value::from),
        any::<i64>().prop_map(toml::Value::from),
        (-1e30f64..1e30).prop_map(toml::Value::from),
        any::<String>().prop_map(toml::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(toml::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|m| toml::Value::Table(m.into_iter().collect())),
        ]
    })
}

fn table() -> impl Strategy<Value = toml::Table> {
    prop::collection::btree_map(any::<String>(), value(), 0..5)
        .prop_map(|m| m.into_iter().collect())
}

prop_compose! {
    fn manifest()(
        name in "[A-Za-z0-9._-]{1,20}",
        family in "[a-z0-9-]{1,20}",
        tensor in "[^\\p{Cc}]{1,20}",
        licence in "\\PC{1,50}",
        preference in any::<i32>(),
        mean in prop::array::uniform3(-1e9f32..1e9),
        std in prop::array::uniform3(1e-30f32..1e30),
        size in prop_oneof![
            (1u32..=16_384).prop_map(InputSize::MultipleOf),
            (1u32..=16_384, 1u32..=16_384).prop_map(|(width, height)| InputSize::Fixed { width, height }),
        ],
        settings in table(),
        calibration in prop::option::of(table()),
    ) -> Manifest {
        let mut manifest = Manifest::parse(TEXT, "m.toml").unwrap();
        manifest.name = name;
        manifest.family = Family::try_from(family).unwrap();
        manifest.licence = licence;
        manifest.preference = preference;
        manifest.outputs.insert("role".to_owned(), tensor.clone());
        manifest.input.name = tensor;
        manifest.input.mean = mean;
        manifest.input.std = std;
        manifest.input.size = size;
        manifest.settings = settings;
        manifest.calibration = calibration;
        manifest
    }
}

proptest! {
    #[test]
    fn serialise_then_parse_is_the_identity(manifest in manifest()) {
        let text = manifest.to_toml().unwrap();
        prop_assert_eq!(parse(&text).unwrap(), manifest, "{}", text);
    }

    #[test]
    fn any_text_is_a_manifest_or_an_error(text in "\\PC{0,300}") {
        drop(parse(&text));
    }

    #[test]
    fn a_damaged_manifest_is_a_manifest_or_an_error(at in 0..TEXT.len(), with in any::<char>()) {
        let mut text = TEXT.to_owned();
        text.replace_range(at..=at, &with.to_string());
        if let Ok(manifest) = parse(&text) {
            prop_assert_eq!(parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
        }
    }
}

#[test]
fn a_precision_comes_back_and_need_not_be_there() {
    assert_eq!(parse(TEXT).unwrap().precision, None);
    let text = TEXT.replace("[input]", "precision = \"bf16\"\n[input]");
    let manifest = parse(&text).unwrap();
    assert_eq!(manifest.precision, Some(Precision::Bf16));
    assert_eq!(parse(&manifest.to_toml().unwrap()).unwrap(), manifest);
}
