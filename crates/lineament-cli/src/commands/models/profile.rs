//! `models profile`: what each step of a network costs on our own executor.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use lineament_kernels::{Isa, KernelError, KernelOptions, Network, Profile, StepCost};
use lineament_runtime::ModelLimits;
use serde_json::{Value, json};

use super::{print, table};
use crate::args::models::{self, PictureSize};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Style;

/// Lengths of open dimensions that are not a picture's sides: one picture, three channels.
const OPEN_LENGTHS: [usize; 2] = [1, 3];

pub(super) fn profile(args: &models::Profile, style: Style) -> Result<Exit, Failure> {
    let isa = match args.isa {
        Some(isa) => isa,
        None => Isa::from_environment().map_err(|error| Failure::usage(error.to_string()))?,
    };
    let options = KernelOptions {
        isa,
        threads: args.threads,
        precision: args.precision,
    };
    let broken = |error: KernelError| {
        Failure::new(Exit::Models, format!("{}: {error}", args.file.display()))
    };
    let network = Network::from_onnx(&read(&args.file)?, options).map_err(broken)?;
    let shape = shape(&network, args.size);
    let profile = network.profile(&shape, args.runs).map_err(broken)?;
    let KernelOptions { precision, .. } = network.options();
    let of_thread = isa.peak_gmacs_per_second(precision).map_err(broken)?;
    let peak = of_thread * args.threads.get() as f64;
    print(
        style,
        || description(&profile, &shape, peak),
        |out| show(out, &profile, &shape, peak),
    )?;
    Ok(Exit::Success)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bad =
        |reason: String| Failure::new(Exit::BadInput, format!("{}: {reason}", path.display()));
    let limit = ModelLimits::default().max_bytes;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| bad(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(bad(format!("more than the limit of {limit} bytes")));
    }
    Ok(bytes)
}

/// The network's input with open dimensions of one picture of `size`.
fn shape(network: &Network, size: PictureSize) -> Vec<usize> {
    let [batch, channels] = OPEN_LENGTHS;
    let open = [batch, channels, size.height.get(), size.width.get()];
    let dims = network.input().shape.iter().zip(open);
    dims.map(|(dim, open)| dim.unwrap_or(open)).collect()
}

fn description(profile: &Profile, shape: &[usize], peak: f64) -> Value {
    let step = |step: &StepCost| {
        json!({
            "name": step.name,
            "what": step.what,
            "output": step.output,
            "macs": step.macs,
            "microseconds": microseconds(step),
            "gmacs_per_second": step.gmacs_per_second(),
            "share_of_peak": step.gmacs_per_second() / peak,
        })
    };
    json!({
        "isa": profile.options.isa.to_string(),
        "precision": profile.options.precision.to_string(),
        "threads": profile.options.threads,
        "input": shape,
        "macs": profile.macs(),
        "microseconds": profile.time().as_secs_f64() * 1e6,
        "peak_gmacs_per_second": peak,
        "workspace_bytes": profile.workspace_bytes,
        "steps": profile.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn show(out: &mut dyn Write, profile: &Profile, shape: &[usize], peak: f64) -> io::Result<()> {
    let total = profile.time().as_secs_f64();
    let row = |step: &StepCost| {
        let rate = step.gmacs_per_second();
        [
            format!("{:.1}", microseconds(step)),
            percent(step.time.as_secs_f64() / total),
            some(step.macs > 0, || format!("{rate:.1}")),
            some(step.macs > 0, || percent(rate / peak)),
            step.what.clone(),
            step.output.map(dimensions).unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 6]> = profile.steps.iter().map(row).collect();
    table(
        out,
        ["µs", "TIME", "GMAC/s", "PEAK", "STEP", "OUTPUT"],
        &rows,
    )?;
    let (rate, options) = (profile.macs() as f64 / total / 1e9, profile.options);
    writeln!(
        out,
        "{:.3} ms for {:.1} MMAC of an input of {}: {rate:.1} GMAC/s, {} of the {peak:.1} that {} with {} \
         does at most in {}; {:.1} MiB between steps",
        total * 1e3,
        profile.macs() as f64 / 1e6,
        dimensions_of(shape),
        percent(rate / peak),
        threads(options.threads.get()),
        options.isa,
        options.precision,
        profile.workspace_bytes as f64 / f64::from(1 << 20),
    )
}

fn microseconds(step: &StepCost) -> f64 {
    step.time.as_secs_f64() * 1e6
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn some(there: bool, text: impl FnOnce() -> String) -> String {
    if there { text() } else { String::new() }
}

fn threads(n: usize) -> String {
    if n == 1 {
        "1 thread".to_owned()
    } else {
        format!("{n} threads")
    }
}

fn dimensions(shape: [usize; 4]) -> String {
    dimensions_of(&shape)
}

fn dimensions_of(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    lengths.join("x")
}
