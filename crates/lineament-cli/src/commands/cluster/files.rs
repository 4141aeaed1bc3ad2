//! The results as files: `clusters.json` with all there is to tell, `clusters.csv` with a row a face.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::{Clusters, Face};
use crate::failure::Failure;
use crate::output::Pending;

/// A face in the table.
#[derive(Serialize)]
struct Row<'a> {
    /// Empty for a face that is in no group.
    group: Option<u64>,
    path: &'a str,
    face_idx: usize,
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    detection_score: f32,
}

/// Writes both files, each in one piece.
pub(super) fn write(folder: &Path, clusters: &Clusters) -> Result<(), Failure> {
    let json = folder.join("clusters.json");
    write_json(&json, clusters).map_err(|error| Failure::write(&json, &error))?;
    let csv = folder.join("clusters.csv");
    write_csv(&csv, clusters).map_err(|error| Failure::write(&csv, &error))
}

fn write_json(path: &Path, clusters: &Clusters) -> std::io::Result<()> {
    let mut pending = Pending::create(path)?;
    let mut out = BufWriter::new(&mut pending.file);
    serde_json::to_writer_pretty(&mut out, clusters)?;
    writeln!(out)?;
    out.flush()?;
    drop(out);
    pending.commit()
}

fn write_csv(path: &Path, clusters: &Clusters) -> std::io::Result<()> {
    let mut pending = Pending::create(path)?;
    let mut out = csv::Writer::from_writer(&mut pending.file);
    let grouped = clusters.groups.iter().flat_map(|group| {
        let faces = group.faces.iter();
        faces.map(|face| (Some(group.group), face))
    });
    for (group, face) in grouped.chain(clusters.left_out.iter().map(|face| (None, face))) {
        out.serialize(Row::new(group, face))?;
    }
    out.flush()?;
    drop(out);
    pending.commit()
}

impl<'a> Row<'a> {
    fn new(group: Option<u64>, face: &'a Face) -> Self {
        let Face {
            path,
            face_idx,
            rect,
            detection_score,
            ..
        } = face;
        Self {
            group,
            path,
            face_idx: *face_idx,
            x: rect.x,
            y: rect.y,
            width: rect.width,
            height: rect.height,
            detection_score: *detection_score,
        }
    }
}
