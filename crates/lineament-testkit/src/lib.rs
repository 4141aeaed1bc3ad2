//! Drawn faces and fake sessions, for Lineament's own tests.
//!
//! The faces are drawings, nobody's; detectors trained on photos find them all the same. The
//! sessions return what they are told, so that stages can be tested without weights.

pub mod draw;
pub mod session;

use std::path::{Path, PathBuf};

pub use draw::{DrawnFace, draw_faces};
pub use session::{FakeSession, bright_spot_face};

/// The folder of photos and reference models that is not part of the repository: `$LINEAMENT_SHARED`,
/// or `../shared` beside it. `None` when it is not at hand; tests then skip what needs it.
#[must_use]
pub fn shared_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LINEAMENT_SHARED").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Says, in one line, what a test leaves out for want of the shared folder. It goes to the real
/// standard error, which the test harness does not capture.
pub fn say_skipped(what: &str) {
    use std::io::Write;
    let line = format!("skipped: {what}, for want of ../shared (or $LINEAMENT_SHARED)\n");
    // A closed standard error is no reason for a test to fail.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
