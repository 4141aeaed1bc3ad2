//! What has arrived of a file so far.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::atomic;
use crate::digest::{Hasher, Sha256};
use crate::error::RuntimeError;

/// A partial file, locked against other processes, with the digest of its content.
pub(super) struct PartFile {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    n_bytes: u64,
}

impl PartFile {
    /// The partial file at `path`, with what an earlier call left in it.
    pub(super) fn open(path: PathBuf) -> Result<Self, RuntimeError> {
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path);
        let file = opened.map_err(|e| RuntimeError::io(&path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RuntimeError::Busy { path }),
            Err(TryLockError::Error(e)) => return Err(RuntimeError::io(&path, e)),
        }
        let mut part = Self {
            path,
            file,
            hasher: Hasher::default(),
            n_bytes: 0,
        };
        part.read_back()
            .map_err(|e| RuntimeError::io(&part.path, e))?;
        Ok(part)
    }

    fn read_back(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; 1 << 16];
        loop {
            match self.file.read(&mut chunk)? {
                0 => return Ok(()),
                n => {
                    self.hasher.update(&chunk[..n]);
                    self.n_bytes += n as u64;
                }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.n_bytes
    }

    pub(super) fn digest(&self) -> Sha256 {
        self.hasher.clone().finish()
    }

    pub(super) fn clear(&mut self) -> Result<(), RuntimeError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        cleared.map_err(|e| RuntimeError::io(&self.path, e))?;
        self.hasher = Hasher::default();
        self.n_bytes = 0;
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), RuntimeError> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| RuntimeError::io(&self.path, e))?;
        self.hasher.update(bytes);
        self.n_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Keeps what has arrived for the next call; nothing, if nothing has.
    pub(super) fn leave(self) -> Result<(), RuntimeError> {
        if self.n_bytes > 0 {
            return Ok(());
        }
        fs::remove_file(&self.path).map_err(|e| RuntimeError::io(&self.path, e))
    }

    /// Gives the file its name if its content is the `expected` one, else removes it.
    pub(super) fn finish(
        self,
        path: &Path,
        url: &str,
        expected: Sha256,
    ) -> Result<(), RuntimeError> {
        let got = self.digest();
        if got != expected {
            fs::remove_file(&self.path).map_err(|e| RuntimeError::io(&self.path, e))?;
            return Err(RuntimeError::HashMismatch {
                what: url.to_owned(),
                expected,
                got,
            });
        }
        let synced = self.file.sync_all();
        // Windows renames no locked file.
        drop(self.file);
        synced
            .and_then(|()| atomic::put_in_place(&self.path, path))
            .map_err(|e| RuntimeError::io(path, e))
    }
}
