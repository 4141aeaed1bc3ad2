//! The journal of a run: JSON Lines that can be gone on with after any interruption.
//!
//! The first line is a [`Header`] that says how the results came to be; each further line is the
//! result of one photo, written in one piece. A line that was cut short by a crash is removed
//! when the journal is opened again. What the lines mean is the command's business; here they
//! need only a `path`.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

/// How the results of a journal came to be: two runs with equal headers give equal results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of this program.
    pub(crate) lineament: String,
    /// The command.
    pub(crate) command: String,
    /// The models, by their task.
    pub(crate) models: BTreeMap<String, ModelRef>,
    /// The options that the results depend on.
    pub(crate) options: BTreeMap<String, Value>,
}

/// A model in a [`Header`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelRef {
    /// Its name.
    pub(crate) name: String,
    /// The hash of its file.
    pub(crate) sha256: String,
    /// The precision that its manifest asks for, if it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) precision: Option<String>,
}

/// Whether a run starts afresh or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// What is there is replaced.
    Afresh,
    /// What is there is kept and added to.
    Resume,
}

/// What a journal held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The paths of the photos that are done, those that failed among them.
    pub(crate) paths: HashSet<String>,
    /// The paths of those that failed.
    pub(crate) failed: Vec<String>,
}

/// A journal that is open for writing; the file is locked until it is dropped.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
}

/// What every line of a journal has. The rest is not looked at.
#[derive(Deserialize)]
struct Line {
    path: String,
    error: Option<serde::de::IgnoredAny>,
}

impl Journal {
    /// Opens the journal at `path` for a run that `header` describes.
    ///
    /// # Errors
    /// [`Exit::Output`] when the file cannot be opened or another run has it open; on
    /// [`Start::Resume`] also when it is not a journal or its header differs from `header`.
    pub(crate) fn open(
        path: &Path,
        header: &Header,
        start: Start,
    ) -> Result<(Self, Done), Failure> {
        let failed = |error: std::io::Error| Failure::write(path, &error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(output(format!(
                "{} is being written by another run",
                path.display()
            )));
        }
        let mut journal = Self {
            file,
            path: path.to_owned(),
        };
        let done = match start {
            Start::Afresh => None,
            Start::Resume => journal.read(header)?,
        };
        if let Some(done) = done {
            return Ok((journal, done));
        }
        journal.file.set_len(0).map_err(failed)?;
        journal.file.rewind().map_err(failed)?;
        journal.append(header)?;
        Ok((journal, Done::default()))
    }

    /// Adds one line, in one write.
    pub(crate) fn append(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(record).map_err(|error| {
            Failure::new(
                Exit::Internal,
                format!("a result cannot be put in JSON: {error}"),
            )
        })?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|error| Failure::write(&self.path, &error))
    }

    /// Waits until the lines are on the disk.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        self.file
            .sync_all()
            .map_err(|error| Failure::write(&self.path, &error))
    }

    /// What is done, or `None` when not even the header is whole. The file is cut after its last
    /// whole line.
    fn read(&mut self, header: &Header) -> Result<Option<Done>, Failure> {
        let unreadable = |path: &Path, error: std::io::Error| {
            output(format!("cannot read {}: {error}", path.display()))
        };
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        let mut n_whole_bytes = 0;
        let mut n_lines = 0;
        let mut done = Done::default();
        loop {
            line.clear();
            reader
                .read_until(b'\n', &mut line)
                .map_err(|error| unreadable(&self.path, error))?;
            if line.last() != Some(&b'\n') {
                break;
            }
            n_lines += 1;
            if n_lines == 1 {
                check_header(&self.path, &line, header)?;
            } else {
                self.note(&line, n_lines, &mut done)?;
            }
            n_whole_bytes += line.len() as u64;
        }
        self.file
            .set_len(n_whole_bytes)
            .and_then(|()| self.file.seek(SeekFrom::End(0)))
            .map_err(|error| Failure::write(&self.path, &error))?;
        Ok((n_lines > 0).then_some(done))
    }

    fn note(&self, line: &[u8], line_number: usize, done: &mut Done) -> Result<(), Failure> {
        let Line { path, error } = serde_json::from_slice(line).map_err(|error| {
            output(format!(
                "line {line_number} of {} is not a result: {error}",
                self.path.display()
            ))
            .help("remove the line, or start afresh without --resume")
        })?;
        if done.paths.insert(path.clone()) && error.is_some() {
            done.failed.push(path);
        }
        Ok(())
    }
}

/// The lines of a finished journal after its header.
pub(crate) fn records(
    path: &Path,
) -> Result<impl Iterator<Item = std::io::Result<String>>, Failure> {
    let file = File::open(path)
        .map_err(|error| output(format!("cannot read {}: {error}", path.display())))?;
    Ok(BufReader::new(file).lines().skip(1))
}

fn output(message: String) -> Failure {
    Failure::new(Exit::Output, message)
}

fn check_header(path: &Path, line: &[u8], wanted: &Header) -> Result<(), Failure> {
    let found: Header = serde_json::from_slice(line).map_err(|_| {
        output(format!(
            "{} does not start with the header of a run, so it cannot be gone on with",
            path.display()
        ))
    })?;
    let differences = differences(&found, wanted);
    if differences.is_empty() {
        return Ok(());
    }
    Err(output(format!(
        "{} comes from a run that differs: {}",
        path.display(),
        differences.join("; ")
    ))
    .help("run with the options of that run, or write to another file"))
}

/// What differs between the run that was and the run that is wanted, one clause each.
fn differences(found: &Header, wanted: &Header) -> Vec<String> {
    let mut clauses = Vec::new();
    let mut compare = |what: &str, was: &str, is: &str| {
        if was != is {
            clauses.push(format!("{what} was {was}, is {is}"));
        }
    };
    compare("the version", &found.lineament, &wanted.lineament);
    compare("the command", &found.command, &wanted.command);
    for task in keys(&found.models, &wanted.models) {
        let [was, is] = [found, wanted].map(|header| {
            header
                .models
                .get(task)
                .map_or("absent".to_owned(), |model| {
                    let short = model.sha256.get(..12).unwrap_or(&model.sha256);
                    match &model.precision {
                        Some(precision) => format!("{} ({short}) in {precision}", model.name),
                        None => format!("{} ({short})", model.name),
                    }
                })
        });
        compare(&format!("the {task}"), &was, &is);
    }
    for option in keys(&found.options, &wanted.options) {
        let [was, is] = [found, wanted].map(|header| {
            header
                .options
                .get(option)
                .map_or("absent".to_owned(), Value::to_string)
        });
        compare(option, &was, &is);
    }
    clauses
}

fn keys<'a, T>(a: &'a BTreeMap<String, T>, b: &'a BTreeMap<String, T>) -> Vec<&'a str> {
    let mut keys: Vec<&str> = a.keys().chain(b.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn header(max_side_px: u32) -> Header {
        Header {
            lineament: "0.1.0".to_owned(),
            command: "detect".to_owned(),
            models: BTreeMap::from([(
                "detector".to_owned(),
                ModelRef {
                    name: "tiny".to_owned(),
                    sha256: "0123456789abcdef".to_owned(),
                    precision: None,
                },
            )]),
            options: BTreeMap::from([("max_side_px".to_owned(), json!(max_side_px))]),
        }
    }

    fn message(failure: &Failure) -> String {
        let mut text = Vec::new();
        failure.tell(&mut text);
        String::from_utf8(text).unwrap()
    }

    /// A journal of three photos, the second of which failed.
    fn written(path: &Path) -> Vec<u8> {
        let (mut journal, _) = Journal::open(path, &header(640), Start::Afresh).unwrap();
        journal.append(&json!({"path": "a", "faces": []})).unwrap();
        journal.append(&json!({"path": "b", "error": {}})).unwrap();
        journal.append(&json!({"path": "c", "faces": []})).unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn whatever_the_crash_left_the_journal_can_be_completed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        let whole = written(&path);
        for kept in 0..=whole.len() {
            std::fs::write(&path, &whole[..kept]).unwrap();
            let (mut journal, done) = Journal::open(&path, &header(640), Start::Resume).unwrap();
            for (name, record) in [
                ("a", json!({"path": "a", "faces": []})),
                ("b", json!({"path": "b", "error": {}})),
                ("c", json!({"path": "c", "faces": []})),
            ] {
                if !done.paths.contains(name) {
                    journal.append(&record).unwrap();
                }
            }
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {kept}");
        }
    }

    #[test]
    fn failures_are_done_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        written(&path);
        let (_journal, done) = Journal::open(&path, &header(640), Start::Resume).unwrap();
        assert_eq!(done.paths.len(), 3);
        assert_eq!(done.failed, ["b"]);
    }

    #[test]
    fn another_header_is_refused_by_what_differs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        written(&path);
        let mut other = header(320);
        other.models.get_mut("detector").unwrap().name = "large".to_owned();
        let failure = Journal::open(&path, &other, Start::Resume).unwrap_err();
        let message = message(&failure);
        assert!(message.contains("max_side_px was 640, is 320"), "{message}");
        assert!(message.contains("the detector was tiny"), "{message}");
        assert_eq!(failure.exit(), Exit::Output);
    }

    #[test]
    fn a_manifest_that_asks_for_another_precision_is_another_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        written(&path);
        let mut other = header(640);
        other.models.get_mut("detector").unwrap().precision = Some("int8".to_owned());
        let failure = Journal::open(&path, &other, Start::Resume).unwrap_err();
        let told = message(&failure);
        assert!(told.contains("is tiny (0123456789ab) in int8"), "{told}");
    }

    #[test]
    fn a_foreign_file_and_a_spoilt_line_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        let mut whole = written(&path);
        whole.splice(whole.len()..whole.len(), b"oops\n".iter().copied());
        std::fs::write(&path, &whole).unwrap();
        let failure = Journal::open(&path, &header(640), Start::Resume).unwrap_err();
        assert!(message(&failure).contains("line 5"));
        std::fs::write(&path, "name,score\n").unwrap();
        assert!(Journal::open(&path, &header(640), Start::Resume).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"name,score\n");
    }

    #[test]
    fn one_run_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.jsonl");
        let (_held, _) = Journal::open(&path, &header(640), Start::Afresh).unwrap();
        let failure = Journal::open(&path, &header(640), Start::Resume).unwrap_err();
        assert!(message(&failure).contains("another run"));
    }
}
