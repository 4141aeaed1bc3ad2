//! A folder in memory, and galleries in it.
#![allow(dead_code, reason = "each target uses its part")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lineament_gallery::{
    ExportRow, Gallery, GalleryError, GalleryOptions, ImportSource, UnixSeconds, check,
};

/// The name of what is imported, in messages.
pub const SHOWN: &str = "exported";
pub const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // Every change waits for the disk; memory does not keep it waiting.
    let memory = Path::new("/dev/shm");
    let place = memory.is_dir().then(|| memory.to_owned());
    let place = place.unwrap_or_else(std::env::temp_dir);
    let folder = place.join(format!("lineament-fuzz-gallery-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a place for temporary files");
    folder
});

pub fn folder() -> &'static Path {
    &FOLDER
}

/// Removes a gallery and what lies beside it.
pub fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal", ".index", ".graph"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

/// Imports what `open` gives into an empty gallery, and again.
pub fn import<R>(open: impl Fn() -> Result<(ImportSource, GalleryOptions, R), GalleryError>)
where
    R: Iterator<Item = Result<ExportRow, GalleryError>>,
{
    let (source, options, rows) = match open() {
        Ok(opened) => opened,
        Err(error) => return assert!(error.to_string().contains(SHOWN), "{error}"),
    };
    let path = folder().join("people");
    remove(&path);
    let mut gallery = match Gallery::create(&path, options.clone(), NOW) {
        Ok(gallery) => gallery,
        Err(error) => return assert!(matches!(error, GalleryError::BadValue { .. }), "{error}"),
    };
    match gallery.import(&source, &options, rows, NOW) {
        Err(error) => {
            assert!(error.to_string().contains(SHOWN), "{error}");
            assert_eq!(gallery.stats().expect("a sound gallery").n_people, 0);
        }
        Ok(done) => {
            let health = check(&path).expect("a gallery");
            assert!(health.problems.is_empty(), "{:?}", health.problems);
            assert_eq!(
                (health.n_people, health.n_faces),
                (done.n_people, done.n_faces)
            );
            let (source, options, rows) = open().expect("it opened before");
            let again = gallery.import(&source, &options, rows, NOW);
            let again = again.expect("it was imported before");
            assert_eq!((again.n_people, again.n_faces), (0, 0));
        }
    }
}
