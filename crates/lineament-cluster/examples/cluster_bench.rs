//! One clustering of a file of 32-bit floats, for `bench/clusters.py` to measure beside its peers. What it took is
//! a line of JSON on standard output; the clusters are a file of 32-bit integers, -1 for noise.
//!
//! ```console
//! $ cluster_bench ROWS.f32 DIMENSION METHOD MIN_SCORE NEIGHBOURS THREADS LABELS.i32
//! ```
#![allow(clippy::print_stdout, reason = "an example tells what it measured")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::num::NonZeroUsize;
use std::time::Instant;

use lineament_cluster::{
    CellOptions, Clusters, DbscanOptions, Dendrogram, HdbscanOptions, KnnGraph, Nearest, ScanPlan,
    UnitRows, WhispersOptions, chinese_whispers, connected_components, dbscan, hdbscan,
};

/// Rows of which the graph of cells is compared with the exact one.
const N_COMPARED: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        rows,
        dimension,
        method,
        min_score,
        neighbours,
        threads,
        labels,
    ] = arguments.as_slice()
    else {
        return Err("usage: cluster_bench ROWS.f32 DIMENSION METHOD MIN_SCORE NEIGHBOURS THREADS LABELS.i32".into());
    };
    let (min_score, k): (f64, usize) = (min_score.parse()?, neighbours.parse()?);
    let plan = ScanPlan {
        threads: threads.parse::<NonZeroUsize>()?,
        ..ScanPlan::default()
    };
    let rows = read(rows, dimension.parse()?)?;
    let nearest = Nearest { k, min_score };
    let whispers = WhispersOptions {
        min_score,
        max_rounds: 50,
        seed: 0,
    };
    let dense = DbscanOptions {
        min_score,
        min_points: 3,
    };
    let (wall, cpu) = (Instant::now(), cpu_seconds()?);
    let took = || -> Result<(f64, f64), Box<dyn Error>> {
        Ok((wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu))
    };
    let mut graph_took = (0.0, 0.0);
    let mut recall = None;
    let clusters = match method.as_str() {
        "whispers" => {
            let graph = KnnGraph::exact(&rows, nearest, &plan)?;
            graph_took = took()?;
            chinese_whispers(&graph, &whispers)?
        }
        "cells" => {
            let cells = CellOptions::usual(rows.n_rows());
            let graph = KnnGraph::by_cells(&rows, nearest, &cells, &plan)?;
            graph_took = took()?;
            let clusters = chinese_whispers(&graph, &whispers)?;
            recall = Some(graph);
            clusters
        }
        "linkage" => Dendrogram::average_linkage(&rows, rows.n_rows(), &plan)?.cut(min_score)?,
        "dbscan" => dbscan(&rows, &dense, &plan)?,
        "hdbscan" => hdbscan(&rows, &HdbscanOptions::default(), rows.n_rows(), &plan)?,
        "components" => connected_components(&rows, min_score, &plan)?,
        other => return Err(format!("{other:?} is no method").into()),
    };
    let (wall_s, cpu_s) = took()?;
    let peak_mib = peak_mib()?;
    let recall = match recall {
        Some(graph) => recall_of(&graph, &rows, nearest, &plan)?.to_string(),
        None => "null".to_owned(),
    };
    println!(
        "{{\"graph_wall_s\": {}, \"graph_cpu_s\": {}, \"wall_s\": {wall_s}, \"cpu_s\": {cpu_s}, \
         \"peak_mib\": {peak_mib}, \"recall\": {recall}}}",
        graph_took.0, graph_took.1
    );
    write(labels, &clusters)
}

/// The share of the true edges of some rows that the graph has.
fn recall_of(
    graph: &KnnGraph,
    rows: &UnitRows,
    nearest: Nearest,
    plan: &ScanPlan,
) -> Result<f64, Box<dyn Error>> {
    let step = rows.n_rows().div_ceil(N_COMPARED);
    let chosen: Vec<usize> = (0..rows.n_rows()).step_by(step).collect();
    let exact = KnnGraph::exact_of(rows, &chosen, nearest, plan)?;
    let (mut n_found, mut n_true) = (0, 0);
    for (row, edges) in chosen.iter().zip(&exact) {
        let of_row = graph.of(*row);
        n_true += edges.len();
        n_found += edges
            .iter()
            .filter(|edge| of_row.iter().any(|other| other.to == edge.to))
            .count();
    }
    Ok(n_found as f64 / n_true.max(1) as f64)
}

fn read(path: &str, dimension: usize) -> Result<UnitRows, Box<dyn Error>> {
    let n_rows = std::fs::metadata(path)?.len() / (4 * dimension as u64);
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut rows = UnitRows::new(dimension)?;
    let mut bytes = vec![0; 4 * dimension];
    for _ in 0..n_rows {
        file.read_exact(&mut bytes)?;
        let (fours, _) = bytes.as_chunks::<4>();
        let row: Vec<f32> = fours.iter().map(|b| f32::from_le_bytes(*b)).collect();
        rows.push(&row)?;
    }
    Ok(rows)
}

fn write(path: &str, clusters: &Clusters) -> Result<(), Box<dyn Error>> {
    let number = |label: &Option<usize>| label.map_or(Ok(-1), i32::try_from);
    let mut bytes = Vec::with_capacity(4 * clusters.labels().len());
    for label in clusters.labels() {
        bytes.extend(number(label)?.to_le_bytes());
    }
    Ok(std::fs::write(path, bytes)?)
}

/// Processor time of all threads of the process so far, those that ended included.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks =
        || -> Result<f64, Box<dyn Error>> { Ok(fields.next().unwrap_or_default().parse()?) };
    Ok((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

fn peak_mib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.unwrap_or_default().parse::<u64>()? / 1024)
}
