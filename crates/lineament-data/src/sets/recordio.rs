//! RecordIO sets as InsightFace packs them: `train.rec`, `train.idx`, `property`.
//!
//! Images come first, in the order of their keys 1 to a − 1, all images of a person together. The
//! record with key 0 has no image but the labels `[a, b)`, and the records a to b − 1 have none
//! either: each holds the range of keys of one person's images (`src/data/face2rec2.py` of
//! InsightFace; its newer `rec_builder.py` writes images alone, from key 0). Labels are `f32`, so ranges
//! above 2²⁴ are rounded: which images are whose is read from the images' own labels.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Columns, Container, Samples, failed, names};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, count_line_ends};
use crate::people::Interner;
use crate::records::{Content, Record, RecordReader};
use crate::sample::Sample;
use crate::source::{Coding, ImageSource};

/// The file beside a `.rec` that says how many people there are.
pub(crate) const PROPERTY_FILE: &str = "property";

/// Extension of the file of people's names that we write beside a `.rec`: one a line, class 0 first.
/// The format itself knows people by number only.
pub(crate) const PEOPLE_FILE: &str = "people";

/// Above this, `f32` labels are no longer exact.
const MAX_CLASSES: f32 = 16_777_216.0;

/// What `property` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// Number of people.
    pub n_classes: u64,
    /// Height of the images in pixels.
    pub height: u32,
    /// Width of the images in pixels.
    pub width: u32,
}

/// The ranges that a RecordIO file keeps in records without images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRanges {
    /// Keys of the images.
    pub images: Range<u64>,
    /// For each person in turn, the keys of the images.
    pub people: Vec<Range<u64>>,
}

pub(super) struct RecordIo {
    path: PathBuf,
    limits: DataLimits,
    property: Option<Property>,
    people: Vec<Arc<str>>,
}

impl RecordIo {
    /// The set whose records are in the file at `path`.
    pub(super) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let property = path.with_file_name(PROPERTY_FILE);
        let property = property
            .is_file()
            .then(|| Property::read(&property, limits));
        let people = companion(path, PEOPLE_FILE);
        let people = people.is_file().then(|| read_people(&people, limits));
        Ok(Self {
            path: path.to_owned(),
            limits: *limits,
            property: property.transpose()?,
            people: people.transpose()?.unwrap_or_default(),
        })
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let keyed = KeyedRecords::open(&self.path, &self.limits)?;
        let labels = Labels {
            path: self.path.as_path().into(),
            property: self.property,
            people: self.people.clone(),
            interner: Interner::default(),
            labels: "labels".into(),
        };
        Ok(Box::new(of_records(keyed, labels)))
    }
}

fn of_records(
    keyed: KeyedRecords,
    mut labels: Labels,
) -> impl Iterator<Item = Result<Sample, DataError>> {
    keyed.filter_map(move |record| match record {
        Err(error) => Some(Err(error)),
        Ok((_, record)) if record.content == Content::Empty => None,
        Ok((key, record)) => Some(labels.sample(key, &record)),
    })
}

impl Container for RecordIo {
    fn columns(&self) -> Columns {
        Columns {
            attributes: names(&["labels"]),
            ..Columns::default()
        }
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        count_line_ends(&companion(&self.path, "idx"))
    }
}

/// From labels to people.
struct Labels {
    path: Arc<Path>,
    property: Option<Property>,
    people: Vec<Arc<str>>,
    interner: Interner,
    labels: Arc<str>,
}

impl Labels {
    fn sample(&mut self, key: u64, record: &Record) -> Result<Sample, DataError> {
        let path = self.path.clone();
        let image = match record.content {
            Content::Whole { offset, length } => ImageSource::Slice {
                path,
                offset,
                length,
            },
            Content::Split | Content::Empty => ImageSource::Coded {
                path,
                offset: record.offset,
                length: record.end - record.offset,
                coding: Coding::SplitRecord,
            },
        };
        let mut sample = Sample::new(key.to_string(), image);
        sample.person = Some(self.person(record)?);
        let further: Vec<String> = record.head.labels[1..].iter().map(f32::to_string).collect();
        if !further.is_empty() {
            sample
                .attributes
                .insert(self.labels.clone(), further.join(" "));
        }
        Ok(sample)
    }

    fn person(&mut self, record: &Record) -> Result<Arc<str>, DataError> {
        let label = record.head.labels[0];
        let n_classes = self
            .property
            .map_or(MAX_CLASSES as u64, |property| property.n_classes);
        let is_class = label >= 0.0 && label.fract() == 0.0 && (label as u64) < n_classes;
        if !is_class {
            let expected = format!("the number of a person, below {n_classes}, as label");
            return Err(DataError::bytes(
                &self.path,
                record.offset,
                expected,
                label.to_string(),
            ));
        }
        let class = label as usize;
        Ok(match self.people.get(class) {
            Some(name) => name.clone(),
            None => self.interner.get(&class.to_string()),
        })
    }
}

/// The records of a file with their keys: in the order of the index or, without one, of the file.
struct KeyedRecords {
    records: RecordReader,
    index: Option<Lines>,
    is_done: bool,
}

impl KeyedRecords {
    fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let index = companion(path, "idx");
        let index = index
            .is_file()
            .then(|| Lines::of_list(&index, limits.max_list_bytes));
        Ok(Self {
            records: RecordReader::open(path, limits)?,
            index: index.transpose()?,
            is_done: false,
        })
    }

    fn next_in_file(&mut self) -> Option<Result<(u64, Record), DataError>> {
        if self.is_done {
            return None;
        }
        let offset = self.records.position();
        match self.records.next_record() {
            Ok(record) => Ok(record.map(|record| (record.head.id, record))).transpose(),
            Err(error) => {
                // Records start with a mark, so the next one can be found.
                self.is_done = !matches!(self.records.resynchronize(offset), Ok(true));
                Some(Err(error))
            }
        }
    }
}

impl Iterator for KeyedRecords {
    type Item = Result<(u64, Record), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(index) = &mut self.index else {
            return self.next_in_file();
        };
        let path = index.path().clone();
        let line = match index.next_line()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let entry = line.text.split_once('\t').and_then(|(key, offset)| {
            Some((key.trim().parse().ok()?, offset.trim().parse().ok()?))
        });
        let Some((key, offset)) = entry else {
            let got = format!("{:?}", line.text);
            let expected = "a key and an offset with a tab between them";
            return Some(Err(DataError::line(&path, line.number, expected, got)));
        };
        Some(self.records.record_at(offset).map(|record| (key, record)))
    }
}

/// The ranges kept in the `.rec` file at `path`; `None` when it keeps none. The head of every record
/// is read for it.
///
/// # Errors
/// [`DataError::Bytes`] for records that are none or hold something else, and when the ranges are not
/// as many as they should be; [`DataError::Line`] for a bad index; [`DataError::Io`].
pub fn read_ranges(path: &Path, limits: &DataLimits) -> Result<Option<IdentityRanges>, DataError> {
    let mut of_all = None;
    let mut people = Vec::new();
    for record in KeyedRecords::open(path, limits)? {
        let (key, record) = record?;
        if record.content != Content::Empty {
            continue;
        }
        let range = range_of(path, &record)?;
        if key == 0 {
            of_all = Some((record.offset, range));
        } else {
            people.push((key, range));
        }
    }
    let Some((offset, Range { start: first, end })) = of_all else {
        return Ok(None);
    };
    people.sort_by_key(|(key, _)| *key);
    if people.len() as u64 != end - first {
        let expected = format!("{} people's ranges", end - first);
        return Err(DataError::bytes(
            path,
            offset,
            expected,
            people.len().to_string(),
        ));
    }
    Ok(Some(IdentityRanges {
        images: 1..first,
        people: people.into_iter().map(|(_, range)| range).collect(),
    }))
}

fn range_of(path: &Path, record: &Record) -> Result<Range<u64>, DataError> {
    match record.head.labels.as_slice() {
        [first, end] if *first >= 1.0 && first <= end && end.is_finite() => {
            Ok(*first as u64..*end as u64)
        }
        labels => {
            let expected = "two labels, the first and the last key of a range";
            Err(DataError::bytes(
                path,
                record.offset,
                expected,
                format!("{labels:?}"),
            ))
        }
    }
}

impl Property {
    /// Reads the file at `path`: `classes,height,width`. Further lines are InsightFace's affair.
    ///
    /// # Errors
    /// [`DataError::Line`] for anything else, [`DataError::Io`].
    pub fn read(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
        let expected = "classes,height,width";
        let Some(line) = lines.next_line() else {
            return Err(DataError::line(path, 1, expected, "an empty file"));
        };
        let line = line?;
        let numbers: Option<Vec<u64>> = line
            .text
            .split(',')
            .map(|n| n.trim().parse().ok())
            .collect();
        let side = |side: u64| u32::try_from(side).ok();
        let property = match numbers.as_deref() {
            Some(&[n_classes, height, width]) => {
                side(height).zip(side(width)).map(|(height, width)| Self {
                    n_classes,
                    height,
                    width,
                })
            }
            _ => None,
        };
        property
            .ok_or_else(|| DataError::line(path, line.number, expected, format!("{:?}", line.text)))
    }
}

/// The file of the same name with another extension.
pub(crate) fn companion(path: &Path, extension: &str) -> PathBuf {
    path.with_extension(extension)
}

fn read_people(path: &Path, limits: &DataLimits) -> Result<Vec<Arc<str>>, DataError> {
    crate::lines::check_size(path, limits.max_list_bytes)?;
    let text = fs::read_to_string(path).map_err(|error| DataError::io(path, error))?;
    Ok(text.lines().map(Arc::from).collect())
}
