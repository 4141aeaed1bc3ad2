//! Files beside the gallery that are there whole or not at all: a name of the layout, the CRC-32 of all that
//! follows (u32), and that: a few bytes that say of what the file is, then columns of numbers, each from a multiple of
//! [`LINE`] bytes on, the gaps filled up with zeros. Numbers are as the machine keeps them, so that columns are used where
//! they lie; a machine that keeps them the other way round names the layout differently.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_kernels::mapped::{LINE, MappedFile, Word, Words, bytes_of};

/// The name of a layout.
pub(super) type Magic = [u8; 8];
/// Bytes before what is summed.
const PREFIX_BYTES: usize = size_of::<Magic>() + 4;

/// The name of a layout on this machine.
fn native(mut magic: Magic) -> Magic {
    if cfg!(target_endian = "big") {
        magic.reverse();
    }
    magic
}

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
    n_bytes: usize,
    path: PathBuf,
}

impl Writer {
    pub(super) fn begin(path: &Path, magic: Magic) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(unfinished(path))?);
        out.write_all(&native(magic))?;
        out.write_all(&[0; 4])?;
        Ok(Self {
            out,
            crc: crc32fast::Hasher::new(),
            n_bytes: PREFIX_BYTES,
            path: path.to_owned(),
        })
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.n_bytes += bytes.len();
        self.out.write_all(bytes)
    }

    /// A column of numbers, which may come in parts.
    pub(super) fn column<T: Word>(&mut self, parts: &[&[T]]) -> io::Result<()> {
        let gap = self.n_bytes.next_multiple_of(LINE) - self.n_bytes;
        self.put(&[0; LINE][..gap])?;
        parts.iter().try_for_each(|part| self.put(bytes_of(part)))
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

/// A file that is looked at.
pub(super) struct Reader {
    file: Arc<MappedFile>,
    at: usize,
}

impl Reader {
    /// `None` when there is none, or it is of another layout.
    pub(super) fn begin(path: &Path, magic: Magic) -> Option<Self> {
        let file = MappedFile::open(path).ok()?;
        let found = file.bytes().get(..PREFIX_BYTES)?;
        found.starts_with(&native(magic)).then_some(Self {
            file,
            at: PREFIX_BYTES,
        })
    }

    /// The next bytes of those before the columns.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = *self.file.bytes().get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(found)
    }

    /// The next column, of `n` words.
    pub(super) fn column<T: Word>(&mut self, n: usize) -> Option<Words<T>> {
        let at = self.at.checked_next_multiple_of(LINE)?;
        let words = self.file.words(at, n)?;
        self.at = at + size_of_val(&*words);
        Some(words)
    }

    /// Whether nothing follows, and all is as it was written.
    pub(super) fn is_whole(&self) -> bool {
        let bytes = self.file.bytes();
        let crc = bytes[..PREFIX_BYTES].last_chunk();
        let wanted = crc.map(|crc| u32::from_le_bytes(*crc));
        self.at == bytes.len() && wanted == Some(crc32fast::hash(&bytes[PREFIX_BYTES..]))
    }
}
