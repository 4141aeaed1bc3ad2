//! What people leave in the files of a gallery.

use std::path::Path;

use lineament_gallery::NewFace;

/// Bytes that tell of somebody, in pieces at equal distances.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pieces: Vec<Vec<u8>>,
    distance: usize,
}

impl Trace {
    pub(crate) fn text(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self {
            pieces: vec![bytes.to_vec()],
            distance: 0,
        }
    }

    fn is_in(&self, file: &[u8]) -> bool {
        let [first, others @ ..] = self.pieces.as_slice() else {
            return false;
        };
        let goes_on = |start: usize| {
            let mut others = others.iter().zip(1..);
            others.all(|(piece, i)| {
                let rest = file.get(start + i * self.distance..);
                rest.is_some_and(|rest| rest.starts_with(piece))
            })
        };
        let mut starts = file.windows(first.len()).enumerate();
        starts.any(|(start, window)| window == first && goes_on(start))
    }
}

/// What can be found of a face: its path, the hash of its photo, its picture, its embedding, and what the indexes
/// keep of that: bundles of 16 rows, of which halves of 8 columns each lie side by side in 4 bytes, and whole rows.
pub(crate) fn of_face(face: &NewFace) -> Vec<Trace> {
    let values = face.embedding.values();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let greatest = values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
    let scale = greatest / 127.0;
    let codes: Vec<u8> = values
        .iter()
        .map(|v| ((v / scale).round() + 128.0) as u8)
        .collect();
    let mut traces = vec![
        Trace::text(&face.source.path),
        Trace::bytes(&face.source.sha256),
    ];
    traces.extend(bytes.chunks(12).map(Trace::bytes));
    let picture = face.thumbnail.as_deref().unwrap_or_default();
    traces.extend(picture.chunks(200).map(Trace::bytes));
    let halves: [fn(u8) -> u8; 2] = [|code| code >> 4, |code| code & 15];
    for half in halves {
        let four = |group: &[u8]| {
            (0..4)
                .map(|i| half(group[i]) | half(group[4 + i]) << 4)
                .collect()
        };
        traces.extend(codes.chunks_exact(16).map(|codes| Trace {
            pieces: codes.chunks(8).map(four).collect(),
            distance: 16 * 4,
        }));
    }
    let signed: Vec<u8> = codes.iter().map(|code| code.wrapping_sub(128)).collect();
    traces.extend(signed.chunks_exact(16).map(Trace::bytes));
    traces
}

/// How many of the traces some file of the folder holds.
pub(crate) fn n_present(dir: &Path, traces: &[Trace]) -> usize {
    let files: Vec<Vec<u8>> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let present = |trace: &&Trace| files.iter().any(|file| trace.is_in(file));
    traces.iter().filter(present).count()
}
