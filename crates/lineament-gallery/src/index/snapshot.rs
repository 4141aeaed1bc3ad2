//! The index as a file beside the gallery, so that opening it costs one read.
//!
//! Little-endian: `LNGLIDX2`, CRC-32 of all that follows (u32), dimension (u32), rows n (u64),
//! generation (i64), epoch (i64), history (32 bytes); then n faces (i64), n people (i64), and, for as
//! many bundles as n rows fill, scales (f32), residuals (f32) and codes as `Index` has them.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{COLUMNS, GROUP_BYTES, Index, ROWS};
use crate::gallery::{MAX_DIMENSION, Stamp};

const MAGIC: [u8; 8] = *b"LNGLIDX2";
const HEADER_BYTES: usize = 8 + 4 + 4 + 8 + 8 + 8 + 32;

/// Where the snapshot of a gallery is.
pub(crate) fn path_of(gallery: &Path) -> PathBuf {
    with_suffix(gallery, ".index")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Writes the snapshot, whole or not at all.
pub(crate) fn write(path: &Path, index: &Index, stamp: &Stamp) -> io::Result<()> {
    let unfinished = with_suffix(path, ".part");
    let mut out = Checked {
        out: BufWriter::with_capacity(1 << 20, File::create(&unfinished)?),
        crc: crc32fast::Hasher::new(),
    };
    out.out.write_all(&MAGIC)?;
    out.out.write_all(&[0; 4])?;
    out.put(&(index.dimension as u32).to_le_bytes())?;
    out.put(&(index.len() as u64).to_le_bytes())?;
    out.put(&stamp.generation.to_le_bytes())?;
    out.put(&stamp.epoch.to_le_bytes())?;
    out.put(&stamp.history)?;
    for number in index.faces.iter().chain(&index.people) {
        out.put(&number.to_le_bytes())?;
    }
    let scales = index.scales.as_flattened().iter();
    for number in scales.chain(index.residuals.as_flattened()) {
        out.put(&number.to_le_bytes())?;
    }
    out.put(index.codes.as_flattened())?;
    let crc = out.crc.finalize();
    let mut file = out
        .out
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    file.write_all(&crc.to_le_bytes())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&unfinished, path)
}

struct Checked {
    out: BufWriter<File>,
    crc: crc32fast::Hasher,
}

impl Checked {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.out.write_all(bytes)
    }
}

/// The snapshot at `path` and the state it is of; `None` when there is none, or it is not whole.
pub(crate) fn read(path: &Path, dimension: usize) -> Option<(Stamp, Index)> {
    let mut file = File::open(path).ok()?;
    let n_bytes = file.metadata().ok()?.len();
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).ok()?;
    let header = Header::parse(&header, dimension, n_bytes)?;
    let mut crc = header.crc_so_far;
    let mut column = |n_bytes: usize| -> Option<Vec<u8>> {
        let mut bytes = vec![0; n_bytes];
        file.read_exact(&mut bytes).ok()?;
        crc.update(&bytes);
        Some(bytes)
    };
    let n = header.n;
    let n_bundles = n.div_ceil(ROWS);
    let mut index = Index {
        faces: numbers(&column(8 * n)?, i64::from_le_bytes),
        people: numbers(&column(8 * n)?, i64::from_le_bytes),
        scales: bundles(&column(4 * ROWS * n_bundles)?),
        residuals: bundles(&column(4 * ROWS * n_bundles)?),
        ..Index::new(dimension)
    };
    index.codes = vec![[0; GROUP_BYTES]; n_bundles * index.n_groups()];
    file.read_exact(index.codes.as_flattened_mut()).ok()?;
    crc.update(index.codes.as_flattened());
    (crc.finalize() == header.crc).then_some((header.stamp, index))
}

struct Header {
    crc: u32,
    crc_so_far: crc32fast::Hasher,
    n: usize,
    stamp: Stamp,
}

impl Header {
    /// The header, if a file of `n_bytes` can have it.
    fn parse(bytes: &[u8; HEADER_BYTES], dimension: usize, n_bytes: u64) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (crc, checked) = rest.split_first_chunk::<4>()?;
        let (found_dimension, rest) = checked.split_first_chunk::<4>()?;
        let (n, rest) = rest.split_first_chunk::<8>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        let (epoch, history) = rest.split_first_chunk::<8>()?;
        let n = u64::from_le_bytes(*n);
        let bundle_bytes = ROWS * (8 + dimension.min(MAX_DIMENSION).next_multiple_of(COLUMNS));
        let bundles = n.div_ceil(ROWS as u64).checked_mul(bundle_bytes as u64)?;
        let wanted = n.checked_mul(16)?.checked_add(bundles)?;
        let wanted = wanted.checked_add(HEADER_BYTES as u64)?;
        let fits = *magic == MAGIC
            && u32::from_le_bytes(*found_dimension) as usize == dimension
            && wanted == n_bytes
            && n <= u64::from(u32::MAX);
        let mut crc_so_far = crc32fast::Hasher::new();
        crc_so_far.update(checked);
        fits.then_some(Self {
            crc: u32::from_le_bytes(*crc),
            crc_so_far,
            n: n as usize,
            stamp: Stamp {
                generation: i64::from_le_bytes(*generation),
                epoch: i64::from_le_bytes(*epoch),
                history: history.try_into().ok()?,
            },
        })
    }
}

/// Floats of as many rows as fill bundles.
fn bundles(bytes: &[u8]) -> Vec<[f32; ROWS]> {
    let values = numbers(bytes, f32::from_le_bytes);
    values.as_chunks::<ROWS>().0.to_vec()
}

fn numbers<const N: usize, T>(bytes: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|b| number(*b))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FaceId, PersonId};

    #[test]
    fn a_snapshot_comes_back_and_a_broken_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.index");
        let mut index = Index::new(3);
        index.push(Some(FaceId(4)), PersonId(2), &[0.6, 0.8, 0.0]);
        index.push(Some(FaceId(9)), PersonId(3), &[0.0, -0.6, 0.8]);
        let stamp = Stamp {
            generation: 7,
            epoch: 2,
            history: [9; 32],
        };
        assert_eq!(read(&path, 3), None);
        write(&path, &index, &stamp).unwrap();
        assert_eq!(read(&path, 3), Some((stamp, index)));
        assert_eq!(read(&path, 4), None);
        let whole = std::fs::read(&path).unwrap();
        for i in 0..whole.len() {
            let mut broken = whole.clone();
            broken[i] ^= 0x10;
            std::fs::write(&path, &broken).unwrap();
            assert_eq!(read(&path, 3), None, "byte {i}");
            std::fs::write(&path, &whole[..i]).unwrap();
            assert_eq!(read(&path, 3), None, "{i} bytes");
        }
    }
}
