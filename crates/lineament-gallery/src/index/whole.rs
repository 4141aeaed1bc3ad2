//! Files beside the gallery that are there whole or not at all: a name of the layout, the CRC-32 of all that
//! follows (u32), and that.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of a layout.
pub(super) type Magic = [u8; 8];
/// Bytes that are read at once: they stay in the nearest caches while they are summed and taken apart.
const PIECE_BYTES: usize = 1 << 18;
/// Bytes before what is summed.
pub(super) const PREFIX_BYTES: u64 = 8 + 4;

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where a file is written before it takes its name.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    with_suffix(path, ".part")
}

/// A file that is being written.
pub(super) struct Writer {
    out: BufWriter<File>,
    crc: crc32fast::Hasher,
    path: PathBuf,
}

impl Writer {
    pub(super) fn begin(path: &Path, magic: Magic) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(unfinished(path))?);
        out.write_all(&magic)?;
        out.write_all(&[0; 4])?;
        Ok(Self {
            out,
            crc: crc32fast::Hasher::new(),
            path: path.to_owned(),
        })
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.out.write_all(bytes)
    }

    /// Gives the file its name once it has reached the disk.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut file = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(size_of::<Magic>() as u64))?;
        file.write_all(&self.crc.finalize().to_le_bytes())?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(unfinished(&self.path), &self.path)
    }
}

/// A file that is being read.
pub(super) struct Reader {
    file: File,
    pub(super) n_bytes: u64,
    crc: crc32fast::Hasher,
    wanted: u32,
}

impl Reader {
    /// `None` when there is none, or it is of another layout.
    pub(super) fn begin(path: &Path, magic: Magic) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let n_bytes = file.metadata().ok()?.len();
        let (mut found, mut crc) = (Magic::default(), [0; 4]);
        file.read_exact(&mut found).ok()?;
        file.read_exact(&mut crc).ok()?;
        (found == magic).then(|| Self {
            file,
            n_bytes,
            crc: crc32fast::Hasher::new(),
            wanted: u32::from_le_bytes(crc),
        })
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Some(bytes)
    }

    /// `n` values of `N` bytes each.
    pub(super) fn values<T, const N: usize>(
        &mut self,
        n: usize,
        value: impl Fn([u8; N]) -> T,
    ) -> Option<Vec<T>> {
        let mut values = Vec::with_capacity(n);
        let mut bytes = vec![0; N * (PIECE_BYTES / N).max(1).min(n)];
        while values.len() < n {
            let n_next = (n - values.len()).min(bytes.len() / N);
            let bytes = &mut bytes[..n_next * N];
            self.fill(bytes)?;
            values.extend(bytes.as_chunks().0.iter().map(|bytes| value(*bytes)));
        }
        Some(values)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.file.read_exact(bytes).ok()?;
        self.crc.update(bytes);
        Some(())
    }

    /// `read`, if all that was read is what was written.
    pub(super) fn whole<T>(self, read: T) -> Option<T> {
        (self.crc.finalize() == self.wanted).then_some(read)
    }
}
