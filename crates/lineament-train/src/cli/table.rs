//! `reproduce table`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lineament_train::reproduce::{Comparison, LOSSES, Measured, Row, Trained, markdown, rows};
use serde_json::Value;

use super::args::Table;
use super::bar::Bar;
use super::exit::{BAD_INPUT, Failure, INTERNAL, INTERRUPTED, USAGE};
use super::reproduce::{say, write_files};
use super::train::{print, threads};

pub(crate) fn run(args: &Table, bar: &mut Bar) -> Result<u8, Failure> {
    let evaluator = evaluator()?;
    let losses = LOSSES
        .into_iter()
        .filter(|loss| args.losses.is_empty() || args.losses.iter().any(|name| name == loss.name));
    let comparison = Comparison {
        recipe: args.recipe.clone(),
        assignments: args.fields.set.clone(),
        losses: losses.collect(),
        seeds: args.seeds.clone(),
        folder: args.out.clone(),
        licence: args.licence.clone(),
    };
    let threads = threads(&args.machine, bar);
    let Some(trained) = comparison.train(threads, bar, say)? else {
        bar.say("stopped and saved; the same command goes on");
        return Ok(INTERRUPTED);
    };
    let report = args.out.join("report");
    evaluate(&evaluator, args, &comparison.models(), &trained, &report)?;
    let rows = rows(
        &comparison.losses,
        &trained,
        &measured(&report.join("report.json"))?,
    );
    write(&args.out, &rows)?;
    print(&markdown(&rows))
}

/// `lineament`, beside this program.
fn evaluator() -> Result<PathBuf, Failure> {
    let name = format!("lineament{}", env::consts::EXE_SUFFIX);
    let here = env::current_exe().map(|path| path.with_file_name(&name));
    let found = here.ok().filter(|path| path.is_file());
    found.ok_or_else(|| Failure {
        code: USAGE,
        message: format!(
            "there is no {name} beside this program to evaluate with; build it, in the source folder: \
             cargo build --release --bin lineament"
        ),
    })
}

fn evaluate(
    evaluator: &Path,
    args: &Table,
    models: &Path,
    trained: &[Trained],
    report: &Path,
) -> Result<(), Failure> {
    let mut command = Command::new(evaluator);
    command.arg("eval").args(&args.protocol);
    command.arg("--models").arg(models);
    for run in trained {
        command.arg("--embedder").arg(&run.model);
    }
    command.arg("--report").arg(report);
    // What it prints is in the report too; the table is what this command prints.
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| Failure {
        code: INTERNAL,
        message: format!("cannot start {}: {error}", evaluator.display()),
    })?;
    match output.status.code() {
        // 6: some images could not be read, and it told which.
        Some(0 | 6) => Ok(()),
        code => Err(Failure {
            code: code
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(INTERNAL),
            message: format!(
                "the models are in {}, but the evaluation failed: lineament eval {}",
                models.display(),
                args.protocol.join(" ")
            ),
        }),
    }
}

/// The results of a report, by the models' names.
fn measured(report: &Path) -> Result<BTreeMap<String, Measured>, Failure> {
    let bad = |what: String| Failure {
        code: BAD_INPUT,
        message: format!("{}: {what}", report.display()),
    };
    let text = fs::read_to_string(report).map_err(|error| bad(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let runs = value["runs"].as_array().cloned().unwrap_or_default();
    let results = runs.iter().filter_map(|run| {
        let result = &run["result"];
        let name = result["model"]["name"].as_str()?.to_owned();
        let measured: Measured = serde_json::from_value(result.clone()).ok()?;
        let wrong = wrong(run);
        Some((name, Measured { wrong, ..measured }))
    });
    let measured: BTreeMap<String, Measured> = results.collect();
    match measured.is_empty() {
        true => Err(bad(
            "holds no accuracy: give a protocol of pairs behind --".to_owned()
        )),
        false => Ok(measured),
    }
}

/// The pairs that a run of a report judged wrongly; it names all of them.
fn wrong(run: &Value) -> BTreeSet<(String, String)> {
    let errors = run["errors"].as_array().into_iter().flatten();
    let name = |picture: &Value| picture["name"].as_str().map(str::to_owned);
    let pairs = errors.filter_map(|error| Some((name(&error["first"])?, name(&error["second"])?)));
    pairs.collect()
}

fn write(folder: &Path, rows: &[Row]) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(rows).map_err(|error| Failure {
        code: INTERNAL,
        message: error.to_string(),
    })?;
    write_files(
        folder,
        [("table.md", markdown(rows)), ("table.json", json + "\n")],
    )
}
