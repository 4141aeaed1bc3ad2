//! Any bytes as a video in a `.npz` file: an error, or as many frames of one size as were asked for.

#![no_main]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::video::Video;
use lineament_data::{DataError, DataLimits};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 22,
    max_entries: 1000,
};
const MAX_FRAMES: NonZeroUsize = NonZeroUsize::new(3).unwrap();

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("lineament-fuzz-{}.npz", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a place for temporary files");
    if let Err(error) = read() {
        let file = FILE.to_str().expect("UTF-8");
        assert!(error.to_string().contains(file), "{error}");
    }
});

fn read() -> Result<(), DataError> {
    let video = Video::open(&FILE, &LIMITS)?;
    let n_frames = video.n_frames().min(MAX_FRAMES.get());
    let frames = video.frames(MAX_FRAMES)?;
    assert_eq!(frames.len(), n_frames);
    let size = |frame: &lineament_data::video::Frame| (frame.image.width(), frame.image.height());
    assert!(
        frames
            .windows(2)
            .all(|pair| size(&pair[0]) == size(&pair[1]))
    );
    Ok(())
}
