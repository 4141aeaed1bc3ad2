//! Downloads of model files: resumed, checked, whole or not at all.

mod http;
mod part;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::error::RuntimeError;
use http::{Answer, Client, Incoming};
use part::PartFile;

/// A file to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its address, HTTP or HTTPS.
    pub url: String,
    /// The digest of its content, which decides whether it is kept.
    pub sha256: Sha256,
    /// The name it gets, without folders.
    pub file: String,
    /// The most bytes that are accepted.
    pub max_bytes: u64,
}

/// Who is told how a download goes, and may stop it.
pub trait ProgressSink {
    /// `done_bytes` have arrived, of `total_bytes` where the server says so. Called several times
    /// a second, even when nothing arrives. [`ControlFlow::Break`] stops the download.
    fn advance(&self, done_bytes: u64, total_bytes: Option<u64>) -> ControlFlow<()>;
}

/// The sink that nobody looks at.
impl ProgressSink for () {
    fn advance(&self, _done_bytes: u64, _total_bytes: Option<u64>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Downloads a file into `folder`, which is made if need be, and returns where it lies. A file
/// that is there already with the right content is not downloaded again.
///
/// While it runs, and after an interruption, what has arrived lies in `FILE.part`; the next call
/// goes on from there.
///
/// # Errors
/// [`RuntimeError::HttpStatus`], [`RuntimeError::Transport`], [`RuntimeError::TooLarge`],
/// [`RuntimeError::HashMismatch`] (after which nothing is kept), [`RuntimeError::AlreadyThere`]
/// for a file of that name and another content, [`RuntimeError::Busy`],
/// [`RuntimeError::Cancelled`] and [`RuntimeError::Io`].
pub fn pull(
    download: &Download,
    folder: &Path,
    sink: &dyn ProgressSink,
) -> Result<PathBuf, RuntimeError> {
    fs::create_dir_all(folder).map_err(|e| RuntimeError::io(folder, e))?;
    let path = folder.join(&download.file);
    if is_there(&path, download)? {
        return Ok(path);
    }
    let mut part = PartFile::open(folder.join(format!("{}.part", download.file)))?;
    if part.len() > download.max_bytes {
        part.clear()?;
    }
    if part.digest() != download.sha256
        && let Err(error) = fetch(download, &mut part, sink)
    {
        part.leave()?;
        return Err(error);
    }
    part.finish(&path, &download.url, download.sha256)?;
    Ok(path)
}

fn is_there(path: &Path, download: &Download) -> Result<bool, RuntimeError> {
    let file = match fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(|e| RuntimeError::io(path, e))?,
    };
    let digest = Sha256::of_reader(file).map_err(|e| RuntimeError::io(path, e))?;
    if digest == download.sha256 {
        return Ok(true);
    }
    Err(RuntimeError::AlreadyThere {
        path: path.to_owned(),
    })
}

/// Asks for what is missing. A server that cannot go on from there is asked for the whole.
fn fetch(
    download: &Download,
    part: &mut PartFile,
    sink: &dyn ProgressSink,
) -> Result<(), RuntimeError> {
    let client = Client::new(&download.url);
    let incoming = match client.get(part.len())? {
        Answer::Rest(incoming) => incoming,
        Answer::Whole(incoming) => {
            part.clear()?;
            incoming
        }
        Answer::NoSuchRange => {
            part.clear()?;
            match client.get(0)? {
                Answer::Whole(incoming) => incoming,
                Answer::Rest(_) | Answer::NoSuchRange => return Err(client.status(416)),
            }
        }
    };
    store(download, incoming, part, sink)
}

fn store(
    download: &Download,
    mut incoming: Incoming,
    part: &mut PartFile,
    sink: &dyn ProgressSink,
) -> Result<(), RuntimeError> {
    let total = incoming.n_bytes.map(|n| n.saturating_add(part.len()));
    let within_limit = |n_bytes: u64, got_bytes| {
        if n_bytes > download.max_bytes {
            return Err(RuntimeError::TooLarge {
                what: download.url.clone(),
                limit_bytes: download.max_bytes,
                got_bytes,
            });
        }
        Ok(())
    };
    within_limit(total.unwrap_or(0), total)?;
    while let Some(chunk) = incoming.next()? {
        if let Err(error) = within_limit(part.len() + chunk.len() as u64, None) {
            part.clear()?;
            return Err(error);
        }
        part.append(&chunk)?;
        if sink.advance(part.len(), total).is_break() {
            return Err(RuntimeError::Cancelled {
                path: part.path().to_owned(),
            });
        }
    }
    Ok(())
}
