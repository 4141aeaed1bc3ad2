//! The graph as a file beside the gallery.
//!
//! Little-endian: `LNGLGRF2`, CRC-32 of all that follows (u32), SHA-256 of the embedding space (32 bytes, see
//! [`space_hash`]), dimension (u32), rows n (u64), generation (i64), epoch (i64), history (32 bytes); then n
//! faces (i64), n scales (f32), n residuals (f32), n rows of codes (i8, filled up with zeros to a multiple of
//! 64), and for each layer, the lowest first, its links (u32), filled up with 2³² − 1.

use std::io;
use std::path::{Path, PathBuf};

use pulp::bytemuck;
use sha2::{Digest, Sha256};

use super::rows::{LINE, Line, lines_of};
use super::{Graph, LINKS_PER_LINE, Layer, Links, NONE, Rows, layer_sizes, room_of};
use crate::gallery::{GalleryOptions, MAX_DIMENSION, Stamp};
use crate::index::whole::{Magic, PREFIX_BYTES, Reader, Writer, with_suffix};

const MAGIC: Magic = *b"LNGLGRF2";
const LINK_LINE_BYTES: usize = 4 * LINKS_PER_LINE;
const HEADER_BYTES: u64 = PREFIX_BYTES + 32 + 4 + 8 + 8 + 8 + 32;

/// Why a file is not the graph of a gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is none.
    Missing,
    /// It is not what was written, or of another layout.
    Broken,
    /// It is of another embedding space.
    Foreign,
}

/// Where the graph of a gallery is.
pub(crate) fn path_of(gallery: &Path) -> PathBuf {
    with_suffix(gallery, ".graph")
}

/// What tells embedding spaces apart: SHA-256 of the space's name, a byte of zeros and the SHA-256 of the model.
fn space_hash(options: &GalleryOptions) -> [u8; 32] {
    let hash = Sha256::new()
        .chain_update(options.space.name())
        .chain_update([0])
        .chain_update(options.model_sha256);
    hash.finalize().into()
}

/// Writes the graph, whole or not at all.
pub(crate) fn write(
    path: &Path,
    graph: &Graph,
    options: &GalleryOptions,
    stamp: &Stamp,
) -> io::Result<()> {
    let mut out = Writer::begin(path, MAGIC)?;
    out.put(&space_hash(options))?;
    out.put(&(options.dimension as u32).to_le_bytes())?;
    out.put(&(graph.len() as u64).to_le_bytes())?;
    out.put(&stamp.to_bytes())?;
    for face in &graph.faces {
        out.put(&face.to_le_bytes())?;
    }
    for number in graph.rows.scales.iter().chain(&graph.rows.residuals) {
        out.put(&number.to_le_bytes())?;
    }
    for line in &graph.rows.lines {
        out.put(bytemuck::bytes_of(&line.0))?;
    }
    for links in graph.layers.iter().flat_map(|layer| &layer.links) {
        out.put(bytemuck::bytes_of(&links.0.map(u32::to_le)))?;
    }
    out.finish()
}

/// The graph at `path` and the state of a gallery that it is of.
pub(crate) fn read(path: &Path, options: &GalleryOptions) -> Result<(Stamp, Graph), Unfit> {
    if !path.exists() {
        return Err(Unfit::Missing);
    }
    let mut file = Reader::begin(path, MAGIC).ok_or(Unfit::Broken)?;
    let space = file.array().ok_or(Unfit::Broken)?;
    if space != space_hash(options) {
        return Err(Unfit::Foreign);
    }
    read_rest(file, options.dimension).ok_or(Unfit::Broken)
}

fn read_rest(mut file: Reader, dimension: usize) -> Option<(Stamp, Graph)> {
    let found_dimension = u32::from_le_bytes(file.array()?);
    let n = u64::from_le_bytes(file.array()?);
    let stamp = Stamp::from_bytes(file.array()?);
    if found_dimension as usize != dimension || bytes_of(n, dimension)? != file.n_bytes {
        return None;
    }
    let n = u32::try_from(n).ok()? as usize;
    let faces = file.values(n, i64::from_le_bytes)?;
    let mut rows = Rows::new(0, dimension);
    rows.scales = file.values(n, f32::from_le_bytes)?;
    rows.residuals = file.values(n, f32::from_le_bytes)?;
    rows.lines = file.values(n * lines_of(dimension), |codes: [u8; LINE]| {
        Line(bytemuck::cast(codes))
    })?;
    let mut layers = Vec::new();
    for (layer, n_rows) in layer_sizes(n).enumerate() {
        let mut layer = Layer::new(0, room_of(layer));
        layer.links = file.values(n_rows * layer.n_lines, |links: [u8; LINK_LINE_BYTES]| {
            let links: [u32; LINKS_PER_LINE] = bytemuck::cast(links);
            Links(links.map(u32::from_le))
        })?;
        let mut links = layer.links.iter().flat_map(|links| &links.0);
        if links.any(|link| *link != NONE && *link as usize >= n_rows) {
            return None;
        }
        layers.push(layer);
    }
    let graph = Graph {
        faces,
        rows,
        layers,
    };
    file.whole((stamp, graph))
}

/// Bytes of a graph of `n` rows.
fn bytes_of(n: u64, dimension: usize) -> Option<u64> {
    let row_bytes = 8 + 4 + 4 + (LINE * lines_of(dimension.min(MAX_DIMENSION))) as u64;
    let sizes = layer_sizes(usize::try_from(n).ok()?).enumerate();
    let mut links =
        sizes.map(|(layer, n_rows)| (n_rows as u64).checked_mul(4 * room_of(layer) as u64));
    let links = links.try_fold(0u64, |sum, bytes| sum.checked_add(bytes?))?;
    let rows = n.checked_mul(row_bytes)?.checked_add(links)?;
    rows.checked_add(HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::ops::ControlFlow;

    use lineament_core::EmbeddingSpace;

    use super::*;
    use crate::index::graph::build;
    use crate::vector::Precision;

    #[test]
    fn a_graph_comes_back_and_a_broken_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_of(&dir.path().join("g"));
        let options = GalleryOptions {
            space: EmbeddingSpace::new("test@1"),
            dimension: 3,
            precision: Precision::F32,
            model_sha256: [1; 32],
        };
        let mut rows = Rows::new(20, 3);
        for row in 0..20 {
            let angle = row as f32;
            rows.set(row, &[angle.sin(), angle.cos(), 0.0]);
        }
        let one = NonZeroUsize::MIN;
        let graph = build((1..21).collect(), rows, one, &mut |_| {
            ControlFlow::Continue(())
        });
        let graph = graph.unwrap();
        assert_eq!(graph.layers.len(), 2);
        let stamp = Stamp {
            generation: 7,
            epoch: 2,
            history: [9; 32],
        };
        assert_eq!(read(&path, &options), Err(Unfit::Missing));
        write(&path, &graph, &options, &stamp).unwrap();
        assert_eq!(read(&path, &options), Ok((stamp, graph)));
        let other = GalleryOptions {
            model_sha256: [2; 32],
            ..options.clone()
        };
        assert_eq!(read(&path, &other), Err(Unfit::Foreign));
        let whole = std::fs::read(&path).unwrap();
        for i in 0..whole.len() {
            let mut broken = whole.clone();
            broken[i] ^= 0x10;
            std::fs::write(&path, &broken).unwrap();
            assert!(read(&path, &options).is_err(), "byte {i}");
            std::fs::write(&path, &whole[..i]).unwrap();
            assert_eq!(read(&path, &options), Err(Unfit::Broken), "{i} bytes");
        }
    }
}
