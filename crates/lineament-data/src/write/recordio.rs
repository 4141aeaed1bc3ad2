//! RecordIO, laid out as InsightFace's `face2rec2.py` does: images by person, then the record 0 with
//! the range of the others, then one record a person.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::part::{PartText, part_of, prepare, rename};
use super::{Sink, Start};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::records::{ImageHead, RecordReader, write_record};
use crate::sample::Sample;
use crate::sets::{PEOPLE_FILE, PROPERTY_FILE, companion};

const RECORDS: &str = "train.rec";

pub(super) struct RecordIoWriter {
    path: PathBuf,
    height_width: [u32; 2],
    file: BufWriter<File>,
    n_bytes: u64,
    index: PartText,
    people: PartText,
    classes: HashMap<Arc<str>, usize>,
    /// Key of the first image of each class.
    starts: Vec<u64>,
    /// Key of the next image; keys count from 1.
    next_key: u64,
}

impl RecordIoWriter {
    pub(super) fn create(
        folder: &Path,
        height_width: [u32; 2],
        start: Start,
    ) -> Result<Self, DataError> {
        let path = folder.join(RECORDS);
        prepare(&path, start)?;
        let part = part_of(&path);
        // The index is made anew from the records.
        let index = companion(&path, "idx");
        let stale = part_of(&index);
        if stale.exists() {
            fs::remove_file(&stale).map_err(|error| DataError::io(&stale, error))?;
        }
        let people = companion(&path, PEOPLE_FILE);
        let names = earlier_names(&part_of(&people), start)?;
        let mut writer = Self {
            file: open_part(&part)?,
            path,
            height_width,
            n_bytes: 0,
            index: PartText::create(&index, start)?,
            people: PartText::create(&people, start)?,
            classes: HashMap::new(),
            starts: Vec::new(),
            next_key: 1,
        };
        writer.take_over(&part, &names)?;
        Ok(writer)
    }

    pub(super) fn n_written(&self) -> u64 {
        self.next_key - 1
    }

    /// Keeps the whole records that an earlier run wrote.
    fn take_over(&mut self, part: &Path, names: &[String]) -> Result<(), DataError> {
        let mut records = RecordReader::open(part, &DataLimits::default())?;
        while let Ok(Some(record)) = records.next_record() {
            let class = record.head.labels[0] as usize;
            let Some(name) = names.get(class) else {
                break;
            };
            // An earlier run may have ended while it wrote the records without images.
            if record.head.id != self.next_key || class > self.starts.len() {
                break;
            }
            if class == self.starts.len() {
                self.add_class(name.as_str().into())?;
            }
            self.index(record.end - record.offset)?;
        }
        let file = self.file.get_ref();
        file.set_len(self.n_bytes)
            .map_err(|error| DataError::io(part, error))
    }

    fn add_class(&mut self, person: Arc<str>) -> Result<(), DataError> {
        self.people.line(&person)?;
        // A record whose class has no name could not be gone on with.
        self.people.flush()?;
        self.classes.insert(person, self.starts.len());
        self.starts.push(self.next_key);
        Ok(())
    }

    /// Counts the image that was written in `n_bytes`.
    fn index(&mut self, n_bytes: u64) -> Result<(), DataError> {
        self.index
            .line(&format!("{}\t{}", self.next_key, self.n_bytes))?;
        self.n_bytes += n_bytes;
        self.next_key += 1;
        Ok(())
    }

    fn class_of(&mut self, sample: &Sample) -> Result<usize, DataError> {
        let unsupported = |what: &str, help: &str| DataError::Unsupported {
            path: self.path.clone(),
            what: format!("{}, {what},", sample.name),
            help: help.to_owned(),
        };
        let person = sample.person.as_ref();
        let person =
            person.ok_or_else(|| unsupported("which shows nobody known", "leave it out"))?;
        if person.contains(['\n', '\r']) {
            return Err(unsupported("whose person has a line break", "rename them"));
        }
        let last = self.starts.len().checked_sub(1);
        match self.classes.get(person).copied() {
            Some(class) if Some(class) == last => Ok(class),
            Some(_) => Err(unsupported(
                "which comes apart from the other images of its person",
                "sort the images by person",
            )),
            None => {
                self.add_class(person.clone())?;
                Ok(self.starts.len() - 1)
            }
        }
    }

    fn write(&mut self, key: u64, labels: [f32; 2], content: &[u8]) -> Result<u64, DataError> {
        let head = ImageHead {
            labels: labels.to_vec(),
            id: key,
        };
        write_record(&mut self.file, &head, content)
            .map_err(|error| DataError::io(&part_of(&self.path), error))
    }

    /// The record 0, and the ranges of the people's images.
    fn write_ranges(&mut self) -> Result<(), DataError> {
        let first = self.next_key;
        let end = first + self.starts.len() as u64;
        let ends = self.starts.iter().skip(1).copied().chain([first]);
        let ranges: Vec<(u64, u64)> = self.starts.iter().copied().zip(ends).collect();
        let keyed = (first..end).zip(ranges);
        for (key, (start, end)) in [(0, (first, end))].into_iter().chain(keyed) {
            self.index.line(&format!("{key}\t{}", self.n_bytes))?;
            self.n_bytes += self.write(key, [start as f32, end as f32], &[])?;
        }
        Ok(())
    }
}

impl Sink for RecordIoWriter {
    fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError> {
        let class = self.class_of(sample)?;
        // The second label says that the image is aligned, so that nothing is left to do to it.
        let n_bytes = self.write(self.next_key, [class as f32, 1.0], encoded)?;
        self.index(n_bytes)
    }

    fn finish(mut self: Box<Self>) -> Result<(), DataError> {
        self.write_ranges()?;
        let part = part_of(&self.path);
        let io = |error| DataError::io(&part, error);
        self.file.flush().map_err(io)?;
        self.file.get_ref().sync_all().map_err(io)?;
        let property = self.path.with_file_name(PROPERTY_FILE);
        let [height, width] = self.height_width;
        let text = format!("{},{height},{width}\n", self.starts.len());
        fs::write(&property, text).map_err(|error| DataError::io(&property, error))?;
        self.index.finish()?;
        self.people.finish()?;
        rename(&part, &self.path)
    }
}

fn open_part(part: &Path) -> Result<BufWriter<File>, DataError> {
    let file = OpenOptions::new().append(true).create(true).open(part);
    Ok(BufWriter::new(
        file.map_err(|error| DataError::io(part, error))?,
    ))
}

/// The names that an earlier run wrote, which are then written anew.
fn earlier_names(part: &Path, start: Start) -> Result<Vec<String>, DataError> {
    if start == Start::Afresh || !part.exists() {
        return Ok(Vec::new());
    }
    let io = |error| DataError::io(part, error);
    let text = fs::read_to_string(part).map_err(io)?;
    fs::remove_file(part).map_err(io)?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    Ok(whole.lines().map(str::to_owned).collect())
}
