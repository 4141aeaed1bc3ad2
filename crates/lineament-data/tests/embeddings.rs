//! Files of embeddings against those that numpy wrote: `reference/data_embeddings.py`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament_data::{DataError, DataLimits, EmbeddingFile};
use serde_json::Value;
use tempfile::TempDir;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/data_embeddings.json"
    );
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn unpacked(folder: &TempDir, case: &Value) -> PathBuf {
    let bytes = STANDARD.decode(case["npz_base64"].as_str().unwrap());
    let path = folder.path().join("embeddings.npz");
    fs::write(&path, bytes.unwrap()).unwrap();
    path
}

fn values(row: &Value) -> Vec<f32> {
    let values = row.as_array().unwrap().iter();
    values.map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn every_row_is_found_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let golden = golden();
    let files = golden["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    for case in files {
        let name = &case["name"];
        let file = EmbeddingFile::read(&unpacked(&folder, case), &DataLimits::default()).unwrap();
        let rows = case["rows"].as_object().unwrap();
        assert_eq!(file.len(), rows.len(), "{name}");
        for (text, row) in rows {
            let found = file.get(text);
            if row.is_null() {
                assert_eq!(found, None, "{name}: {text}");
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{name}: {text}"));
            assert_eq!(found.plain, values(&row[0]), "{name}: {text}");
            let mirrored = (!row[1].is_null()).then(|| values(&row[1]));
            assert_eq!(
                found.mirrored.map(<[f32]>::to_vec),
                mirrored,
                "{name}: {text}"
            );
            assert_eq!(file.has_mirrored(), mirrored.is_some());
        }
        assert_eq!(file.get("nobody"), None);
    }
}

#[test]
fn broken_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let golden = golden();
    let broken = golden["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 8);
    for case in broken {
        let path = unpacked(&folder, case);
        let error = EmbeddingFile::read(&path, &DataLimits::default()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("embeddings.npz"), "{message}");
        let says = case["says"].as_str().unwrap();
        assert!(message.contains(says), "{}: {message}", case["name"]);
    }
}

#[test]
fn limits_hold_and_a_cut_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let golden = golden();
    let path = unpacked(&folder, &golden["files"][0]);
    for limits in [
        DataLimits {
            max_entries: 17,
            ..DataLimits::default()
        },
        DataLimits {
            max_container_bytes: 100,
            ..DataLimits::default()
        },
    ] {
        let error = EmbeddingFile::read(&path, &limits).unwrap_err();
        assert!(matches!(error, DataError::Limit { .. }), "{error}");
    }
    let bytes = fs::read(&path).unwrap();
    for length in [0, 30, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(EmbeddingFile::read(&path, &DataLimits::default()).is_err());
    }
}
