//! The graph as a file beside the gallery.
//!
//! As [`whole`](crate::index::whole) says: `LNGLGRF3` and the checksum; SHA-256 of the embedding space (32 bytes, see
//! [`space_hash`]), dimension (u32), rows n (u64), generation (i64), epoch (i64), history (32 bytes); columns: n
//! faces (i64), n scales (f32), n residuals (f32), n rows of codes (i8, filled up with zeros to a multiple of
//! 64), and for each layer, the lowest first, its links (u32), filled up with 2³² − 1.

use std::io;
use std::path::{Path, PathBuf};

use lineament_kernels::mapped::Word;
use sha2::{Digest, Sha256};

use super::rows::lines_of;
use super::{Graph, Layer, NONE, Rows, layer_sizes, room_of};
use crate::gallery::{GalleryOptions, Stamp};
use crate::index::column::Column;
use crate::index::whole::{Magic, Reader, Writer, with_suffix};

const MAGIC: Magic = *b"LNGLGRF3";

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
    out.column(&graph.faces.parts())?;
    out.column(&graph.rows.scales.parts())?;
    out.column(&graph.rows.residuals.parts())?;
    out.column(&graph.rows.lines.parts())?;
    for layer in &graph.layers {
        out.column(&layer.links.parts())?;
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
    if found_dimension as usize != dimension {
        return None;
    }
    let n = u32::try_from(n).ok()? as usize;
    let faces = mapped(&mut file, n)?;
    let mut rows = Rows::new(0, dimension);
    rows.scales = mapped(&mut file, n)?;
    rows.residuals = mapped(&mut file, n)?;
    rows.lines = mapped(&mut file, n.checked_mul(lines_of(dimension))?)?;
    let mut layers = Vec::new();
    for (layer, n_rows) in layer_sizes(n).enumerate() {
        let mut layer = Layer::new(0, room_of(layer));
        layer.links = mapped(&mut file, n_rows.checked_mul(layer.n_lines)?)?;
        layers.push(layer);
    }
    let graph = Graph {
        faces,
        rows,
        layers,
    };
    (file.is_whole() && leads_to_rows(&graph)).then_some((stamp, graph))
}

fn mapped<T: Word>(file: &mut Reader, n: usize) -> Option<Column<T>> {
    Some(Column::of_file(file.column(n)?, n))
}

/// Whether every link of a layer leads to a row of it.
fn leads_to_rows(graph: &Graph) -> bool {
    graph.layers.iter().all(|layer| {
        let n_rows = layer.n_rows();
        let mut links = layer.links.iter().flat_map(|links| &links.0);
        links.all(|link| *link == NONE || (*link as usize) < n_rows)
    })
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
