//! The Python of the reference.

use std::process::Command;

use anyhow::{Context, ensure};

/// Runs a script of the repository with `$LINEAMENT_PYTHON`, or `python3`.
pub(crate) fn run(script: &str, arguments: &[String]) -> anyhow::Result<()> {
    let python = std::env::var("LINEAMENT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let status = Command::new(&python)
        .arg(script)
        .args(arguments)
        .status()
        .with_context(|| {
            format!("cannot start {python}; set LINEAMENT_PYTHON, see reference/README.md")
        })?;
    ensure!(status.success(), "{python} {script}: {status}");
    Ok(())
}
