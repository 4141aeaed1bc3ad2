//! Compares 14,143 random embeddings of 512 values with one another, 10⁸ comparisons, and prints how
//! long it took, how much memory at most, and the rates.
//!
//! ```console
//! $ cargo run --release -p lineament-eval --example hundred_million
//! ```

use lineament_eval::{Population, Seeded, compare_all};
use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Instant;

const N_EMBEDDINGS: usize = 14_143;
const N_COLUMNS: usize = 512;
const PER_PERSON: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let values = embeddings();
    let persons: Vec<usize> = (0..N_EMBEDDINGS).map(|i| i / PER_PERSON).collect();
    let population = Population {
        n_columns: N_COLUMNS,
        values: &values,
        persons: &persons,
    };
    let start = Instant::now();
    let scores = compare_all(population, 1e-3, n_threads)?;
    let seconds = start.elapsed().as_secs_f64();

    let mut out = std::io::stdout();
    let n = scores.n_non_mated() + scores.mated.n();
    writeln!(out, "{n} comparisons, {n_threads} threads: {seconds:.2} s")?;
    writeln!(out, "peak memory: {}", peak_memory())?;
    for target in [1e-6, 1e-5, 1e-4, 1e-3] {
        let found = scores.tar_at_fmr(target)?;
        writeln!(
            out,
            "TAR at FMR {target:e}: {:.4} (threshold {:.6}, {} of {} false matches, supported: {})",
            found.tar.rate, found.threshold, found.fmr.count, found.fmr.n, found.supported
        )?;
    }
    let eer = scores.curve()?.eer().map_or(f64::NAN, |e| e.rate);
    writeln!(out, "EER {eer:.6}, AUC {:.6}", scores.curve()?.auc())?;
    Ok(())
}

/// Directions of persons with noise on every image, of unit norm.
fn embeddings() -> Vec<f32> {
    let mut random = Seeded::new(1);
    let mut direction = || -> Vec<f32> {
        let uniform = |bits: u64| (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
        (0..N_COLUMNS).map(|_| uniform(random.bits())).collect()
    };
    let mut values = Vec::with_capacity(N_EMBEDDINGS * N_COLUMNS);
    let mut person = Vec::new();
    for i in 0..N_EMBEDDINGS {
        if i % PER_PERSON == 0 {
            person = direction();
        }
        let noise = direction();
        let row: Vec<f32> = person
            .iter()
            .zip(&noise)
            .map(|(p, n)| p + 2.0 * n)
            .collect();
        let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.extend(row.iter().map(|v| v / norm));
    }
    values
}

/// The most memory this process held, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    peak.map_or("unknown".to_owned(), |p| p.trim().to_owned())
}
