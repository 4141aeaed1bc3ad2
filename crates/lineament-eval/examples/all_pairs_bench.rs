//! Makes 10⁸ comparisons of random embeddings of 512 values, and prints how long they took, how
//! much memory at most, and the rates: `pairs`, every one of 14,143 embeddings with every other, or
//! `distractors`, 1,000 probes with 100,000 distractors that come in blocks.
//!
//! ```console
//! $ cargo run --release -p lineament-eval --example all_pairs_bench -- pairs
//! $ cargo run --release -p lineament-eval --example all_pairs_bench -- distractors
//! ```
#![allow(clippy::print_stdout, reason = "an example tells what it measured")]

use lineament_eval::identification::{DistractorOptions, DistractorSearch};
use lineament_eval::{
    About, FlipMode, LabelledSet, ModelIdentity, Population, Seeded, TarAtFmr, compare_all,
};
use std::error::Error;
use std::num::NonZeroUsize;
use std::time::Instant;

const N_EMBEDDINGS: usize = 14_143;
const N_PROBES: usize = 1_000;
const N_DISTRACTORS: usize = 100_000;
const N_IN_BLOCK: usize = 2_000;
const N_COLUMNS: usize = 512;
const PER_PERSON: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("pairs") => pairs(),
        Some("distractors") => distractors(),
        _ => Err("usage: all_pairs_bench pairs|distractors".into()),
    }
}

fn pairs() -> Result<(), Box<dyn Error>> {
    let values: Vec<f32> = people(N_EMBEDDINGS, &mut Seeded::new(1)).concat();
    let persons: Vec<usize> = (0..N_EMBEDDINGS).map(|i| i / PER_PERSON).collect();
    let population = Population {
        n_columns: N_COLUMNS,
        values: &values,
        persons: &persons,
    };
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let start = Instant::now();
    let scores = compare_all(population, 1e-3, n_threads)?;
    print_cost(
        scores.n_non_mated() + scores.mated.n(),
        start.elapsed().as_secs_f64(),
    );
    for target in [1e-6, 1e-5, 1e-4, 1e-3] {
        print_rate(&scores.tar_at_fmr(target)?);
    }
    let eer = scores.curve()?.eer().map_or(f64::NAN, |e| e.rate);
    println!("EER {eer:.6}, AUC {:.6}", scores.curve()?.auc());
    Ok(())
}

fn distractors() -> Result<(), Box<dyn Error>> {
    let mut random = Seeded::new(1);
    let templates: Vec<_> = people(N_PROBES, &mut random)
        .into_iter()
        .map(Some)
        .collect();
    let persons: Vec<usize> = (0..N_PROBES).map(|i| i / PER_PERSON).collect();
    let names: Vec<String> = (0..N_PROBES).map(|i| i.to_string()).collect();
    let set = LabelledSet {
        names: &names,
        persons: &persons,
        templates: &templates,
    };
    let options = DistractorOptions {
        sizes: vec![10, 100, 1_000, 10_000, 100_000],
        ..DistractorOptions::default()
    };
    let mut search = DistractorSearch::new(set, options, N_DISTRACTORS)?;
    // Drawing takes longer than comparing, and is not counted.
    let mut seconds = 0.0;
    for _ in 0..N_DISTRACTORS / N_IN_BLOCK {
        let block = (0..N_IN_BLOCK).map(|_| Some(direction(&mut random)));
        let block: Vec<_> = block.collect();
        let start = Instant::now();
        search.add(&block)?;
        seconds += start.elapsed().as_secs_f64();
    }
    let start = Instant::now();
    let about = About {
        protocol: "drawn".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: "all_pairs_bench distractors".to_owned(),
    };
    let report = search.finish(about)?;
    seconds += start.elapsed().as_secs_f64();
    let n = report.scores.n_non_mated() + report.scores.mated.n();
    print_cost(n, seconds);
    for (size, rate) in &report.rank_1.rank_1 {
        println!("rank-1 rate among {size}: {rate:.4}");
    }
    print_rate(&report.scores.tar_at_fmr(1e-6)?);
    Ok(())
}

fn print_cost(n: usize, seconds: f64) {
    println!(
        "{n} comparisons: {seconds:.2} s, peak memory {}",
        peak_memory()
    );
}

fn print_rate(found: &TarAtFmr) {
    println!(
        "TAR at FMR {:e}: {:.4} (threshold {:.6}, {} of {} false matches, supported: {})",
        found.target,
        found.tar.rate,
        found.threshold,
        found.fmr.count,
        found.fmr.n,
        found.supported
    );
}

/// Directions of persons with noise on every image, of unit norm.
fn people(n: usize, random: &mut Seeded) -> Vec<Vec<f32>> {
    let mut person = Vec::new();
    let mut image = |i: usize| {
        if i.is_multiple_of(PER_PERSON) {
            person = direction(random);
        }
        let noise = direction(random);
        let values = person.iter().zip(&noise).map(|(p, n)| p + 2.0 * n);
        unit(values.collect())
    };
    (0..n).map(&mut image).collect()
}

fn direction(random: &mut Seeded) -> Vec<f32> {
    let uniform = |bits: u64| (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
    unit((0..N_COLUMNS).map(|_| uniform(random.bits())).collect())
}

fn unit(values: Vec<f32>) -> Vec<f32> {
    let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    values.iter().map(|v| v / norm).collect()
}

/// The most memory this process held, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    peak.map_or("unknown".to_owned(), |p| p.trim().to_owned())
}
