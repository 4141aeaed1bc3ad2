//! How the C library keeps memory.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const THRESHOLDS: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "4000000000"),
    ("MALLOC_TRIM_THRESHOLD_", "8000000000"),
];

/// Makes glibc keep the blocks of a step for the next one: it would give them back to the system,
/// which clears them anew: half of the time of training MobileFaceNet. glibc reads these variables only when a
/// program starts, so the program is started again in its own place; where they are set by the user, or
/// that fails, it goes on as it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep() {
    use std::os::unix::process::CommandExt;

    if THRESHOLDS
        .iter()
        .any(|(name, _)| std::env::var_os(name).is_some())
    {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let mut arguments = std::env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        // This returns only when it fails.
        let _ = again.args(arguments).envs(THRESHOLDS).exec();
    }
}

/// Other C libraries have no such settings.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep() {}
