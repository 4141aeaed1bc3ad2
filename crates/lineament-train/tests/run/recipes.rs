//! The recipes that ship.

use std::fs;
use std::path::{Path, PathBuf};

use lineament_train::detect::DetectorConfig;
use lineament_train::run::{Config, Unwatched, graph, train};

use crate::support::{Place, threads};

fn recipes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().path()).collect()
    };
    let mut all = files(&folder);
    all.extend(files(&folder.join("default")));
    // A detector's has a test of its own.
    all.retain(|p| p.extension().is_some_and(|e| e == "toml") && !DetectorConfig::is_at(p));
    all.sort();
    all
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn each_is_a_network_and_has_a_small_twin() {
    let names: Vec<String> = recipes().iter().map(|p| stem(p)).collect();
    assert!(names.len() > 20, "{names:?}");
    for path in recipes() {
        let config = Config::load(&path, &[]).unwrap_or_else(|e| panic!("{e}"));
        let graph = graph(&config).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(graph.n_parameters() > 0);
        let name = stem(&path);
        let is_default = path
            .parent()
            .is_some_and(|folder| folder.ends_with("default"));
        if !is_default {
            assert_eq!(config.name, name);
            let twin = format!("{}-small", name.trim_end_matches("-small"));
            assert!(names.contains(&twin), "{twin}");
        }
    }
}

/// With two pictures a step, so that it takes seconds: that losses, network and sampler fit.
#[test]
fn each_small_twin_makes_a_step() {
    let place = Place::new();
    for path in recipes().iter().filter(|p| stem(p).ends_with("-small")) {
        let name = stem(path);
        let mut fields = vec![
            place.root(),
            "data.sources=[{ path = \"people\" }]".to_owned(),
            "data.selection.held_out=0.0".to_owned(),
            "train.length=\"1 steps\"".to_owned(),
            "train.precision=\"float\"".to_owned(),
        ];
        let config = Config::load(path, &fields).unwrap();
        fields.push(
            match config.to_toml().unwrap().contains("images_per_person") {
                true => {
                    "sampler={ kind = \"balanced\", people = 2, images_per_person = 2 }".to_owned()
                }
                false => "sampler={ kind = \"uniform\", batch = 2 }".to_owned(),
            },
        );
        let config = Config::load(path, &fields).unwrap();
        let run = place.path(&name);
        train(config, &run, threads(1), &mut Unwatched).unwrap_or_else(|e| panic!("{name}: {e}"));
        fs::remove_dir_all(run).unwrap();
    }
}
