//! `lineament dataset convert`: a set copied into another container.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use lineament_data::{
    DataError, DataLimits, LabelledSet, OutputKind, Picture, Sample, SetWriter, Start,
};
use lineament_decode::{Limits, Resolution, decode_bytes};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::run::{Run, Seen, exit_of};
use crate::args::dataset::{Convert, OutputName};
use crate::commands::models::print;
use crate::draw::encode::{Format, encode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::journal::{self, Header, Journal, records};
use crate::output::with_suffix;
use crate::progress::{Level, Progress, plural};
use crate::settings;

/// A line of the list of images that are not in the output.
#[derive(Serialize, Deserialize)]
struct LeftOut {
    /// Which image of the set, counted from 0: names may occur twice.
    path: String,
    name: String,
    error: String,
}

/// What a run is about.
struct Job<'a> {
    args: &'a Convert,
    set: &'a LabelledSet,
    to: OutputName,
    /// The journal of what is left out.
    left_out: PathBuf,
}

/// The output and how far it is.
struct Output {
    writer: SetWriter,
    journal: Journal,
    /// Numbers of the images that are left out.
    left_out: HashSet<u64>,
    /// Images that an earlier run wrote and that are still to come by.
    n_to_skip: u64,
    /// Images of nobody known, where the container takes none.
    n_of_nobody: u64,
    /// Lines of the set that make no sense.
    n_bad: u64,
}

pub(super) fn run(args: &Convert, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&args.set)?;
    super::refuse_inside(&args.out, &set)?;
    let job = Job {
        args,
        set: &set,
        to: output_name(args)?,
        left_out: with_suffix(&args.out, ".left-out.jsonl"),
    };
    let run = Run::new(&args.shown, interrupt);
    let mut output = job.open()?;
    job.copy(&run, &mut output)
        .map_err(|failure| match failure.exit() {
            Exit::Interrupted => failure.help("run the same command with --resume to go on"),
            _ => failure,
        })?;
    job.finish(output)
}

fn output_name(args: &Convert) -> Result<OutputName, Failure> {
    let extension = args.out.extension().and_then(|e| e.to_str());
    match (args.to, extension) {
        (Some(OutputName::Csv), Some("csv")) | (None, Some("csv")) => Ok(OutputName::Csv),
        (Some(OutputName::Parquet), Some("parquet")) | (None, Some("parquet")) => {
            Ok(OutputName::Parquet)
        }
        (Some(OutputName::Msceleb), Some("tsv")) | (None, Some("tsv")) => Ok(OutputName::Msceleb),
        (Some(to @ (OutputName::Folder | OutputName::Recordio)), _) => Ok(to),
        (Some(_), _) => Err(Failure::usage(format!(
            "--out {} does not have the extension of its kind: .csv, .parquet or .tsv",
            args.out.display()
        ))),
        (None, _) => Err(Failure::usage(format!(
            "the kind of --out {} is not clear from its extension",
            args.out.display()
        ))
        .help("add --to folder or --to recordio, or name a .csv, .parquet or .tsv file")),
    }
}

impl Job<'_> {
    fn open(&self) -> Result<Output, Failure> {
        let start = match self.args.resume {
            true => Start::Resume,
            false => Start::Afresh,
        };
        let kind = self.output_kind()?;
        if kind == OutputKind::Folder && start == Start::Afresh && is_used(&self.args.out) {
            return Err(super::unwritable(&DataError::Exists {
                path: self.args.out.clone(),
                help: "add --resume to go on with a run that did not finish, or name another",
            }));
        }
        let columns = self.set.columns();
        let writer = SetWriter::create(&self.args.out, kind, &columns, start)
            .map_err(|error| super::unwritable(&error))?;
        let start = match self.args.resume {
            true => journal::Start::Resume,
            false => journal::Start::Afresh,
        };
        let (journal, _) = Journal::open(&self.left_out, &self.header(), start)?;
        Ok(Output {
            n_to_skip: writer.n_written(),
            left_out: numbers(&self.left_out)?,
            writer,
            journal,
            n_of_nobody: 0,
            n_bad: 0,
        })
    }

    fn header(&self) -> Header {
        let options = [
            ("set", json!(self.set.path())),
            ("kind", json!(self.set.kind().name())),
            ("to", json!(format!("{:?}", self.to).to_lowercase())),
        ];
        Header {
            lineament: env!("CARGO_PKG_VERSION").to_owned(),
            command: "dataset convert".to_owned(),
            models: Default::default(),
            options: options.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    fn output_kind(&self) -> Result<OutputKind, Failure> {
        Ok(match self.to {
            OutputName::Folder => OutputKind::Folder,
            OutputName::Csv => OutputKind::CsvList,
            OutputName::Parquet => OutputKind::ParquetList,
            OutputName::Msceleb => OutputKind::MsCelebTsv,
            OutputName::Recordio => {
                let (width, height) = first_size(self.set)?;
                OutputKind::RecordIo { height, width }
            }
        })
    }

    fn copy(&self, run: &Run<'_>, output: &mut Output) -> Result<(), Failure> {
        let stage = "converting";
        let work = |seen: &Seen| encoded(&seen.sample);
        let sink = |progress: &Progress, result: Result<(Seen, _), DataError>| match result {
            Ok((seen, encoded)) => self.take(output, progress, &seen, encoded),
            Err(error) => {
                progress.tell(Level::Error, &error.to_string());
                output.n_bad += 1;
                Ok(false)
            }
        };
        if self.to != OutputName::Recordio {
            return run.for_each(self.set, stage, work, sink);
        }
        // By person, as that container wants them.
        let mut images = Vec::new();
        let n_bad = run.read(self.set, |seen| {
            images.push(seen);
            Ok(())
        })?;
        images.sort_by(|a, b| a.sample.person.cmp(&b.sample.person));
        run.for_each_again(images, stage, work, sink)?;
        output.n_bad += n_bad;
        Ok(())
    }

    /// Adds an image, unless it is there; one that cannot be added is told of and left out.
    fn take(
        &self,
        output: &mut Output,
        progress: &Progress,
        seen: &Seen,
        encoded: Result<Vec<u8>, DataError>,
    ) -> Result<bool, Failure> {
        let needs_person = matches!(self.to, OutputName::Recordio | OutputName::Msceleb);
        if needs_person && seen.sample.person.is_none() {
            output.n_of_nobody += 1;
            return Ok(true);
        }
        if output.left_out.contains(&seen.idx) {
            return Ok(false);
        }
        if output.n_to_skip > 0 {
            output.n_to_skip -= 1;
            return Ok(true);
        }
        let refused = match encoded {
            Err(error) => error,
            Ok(bytes) => match output.writer.append(&seen.sample, &bytes) {
                Ok(()) => return Ok(true),
                Err(error @ DataError::Unsupported { .. }) => error,
                Err(error) => return Err(super::unwritable(&error)),
            },
        };
        let name = &seen.sample.name;
        let message = refused.to_string();
        progress.tell(
            Level::Error,
            &match message.contains(name) {
                true => message.clone(),
                false => format!("{name}: {message}"),
            },
        );
        output.left_out.insert(seen.idx);
        output.journal.append(&LeftOut {
            path: seen.idx.to_string(),
            name: name.clone(),
            error: message,
        })?;
        Ok(false)
    }

    fn finish(&self, output: Output) -> Result<Exit, Failure> {
        let n_left_out = output.left_out.len() as u64;
        let (n_written, n_of_nobody) = (output.writer.n_written(), output.n_of_nobody);
        let finished = output.writer.finish();
        finished.map_err(|error| super::unwritable(&error))?;
        drop(output.journal);
        if n_left_out == 0 {
            std::fs::remove_file(&self.left_out)
                .map_err(|error| Failure::write(&self.left_out, &error))?;
        }
        print(
            settings::style(self.args.shown.json),
            || {
                json!({
                    "path": self.set.path(), "kind": self.set.kind().name(), "out": self.args.out,
                    "n_written": n_written, "n_of_nobody": n_of_nobody, "n_bad_lines": output.n_bad,
                    "n_left_out": n_left_out,
                    "left_out": (n_left_out > 0).then_some(&self.left_out),
                })
            },
            |out| {
                let written = plural(n_written as usize, "image", "images");
                writeln!(out, "{}: {written}", self.args.out.display())?;
                if n_of_nobody > 0 {
                    writeln!(out, "{n_of_nobody} of nobody known left out")?;
                }
                match n_left_out {
                    0 => Ok(()),
                    n => writeln!(out, "{n} left out; {} tells why", self.left_out.display()),
                }
            },
        )?;
        let n_failed = n_left_out + output.n_bad;
        Ok(exit_of(n_failed, n_failed + n_written))
    }
}

fn is_used(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// The numbers of the images that a list says are left out.
fn numbers(list: &Path) -> Result<HashSet<u64>, Failure> {
    let spoilt = |message: String| {
        Failure::new(
            Exit::Output,
            format!("cannot read {}: {message}", list.display()),
        )
    };
    let mut numbers = HashSet::new();
    for line in records(list)? {
        let line = line.map_err(|error| spoilt(error.to_string()))?;
        let line: LeftOut =
            serde_json::from_str(&line).map_err(|error| spoilt(error.to_string()))?;
        let number = line.path.parse();
        numbers.insert(number.map_err(|_| spoilt(format!("{} is no number", line.path)))?);
    }
    Ok(numbers)
}

/// The encoded image; pixels, as videos have them, become a PNG file.
fn encoded(sample: &Sample) -> Result<Vec<u8>, DataError> {
    match sample.image.read(&DataLimits::default())? {
        Picture::Encoded(bytes) => Ok(bytes),
        Picture::Rgb(image) => encode(&image, Format::Png)
            .map_err(|error| DataError::io(sample.image.path().unwrap_or(Path::new("")), error)),
    }
}

/// Width and height of the first image that can be decoded.
fn first_size(set: &LabelledSet) -> Result<(u32, u32), Failure> {
    let size = |sample: &Sample| {
        let bytes = encoded(sample).ok()?;
        let photo = decode_bytes(&bytes, Resolution::Full, &Limits::default()).ok()?;
        Some((photo.image.width(), photo.image.height()))
    };
    let found = set.samples().flatten().find_map(|sample| size(&sample));
    found.ok_or_else(|| {
        Failure::new(
            Exit::BadInput,
            format!("{}: no image can be decoded", set.path().display()),
        )
    })
}
