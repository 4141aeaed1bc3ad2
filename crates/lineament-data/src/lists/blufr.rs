//! BLUFR, the benchmark of large-scale unconstrained face recognition on LFW (Liao et al., 2014).
//!
//! Its `blufr_lfw_config.mat` holds `imageList` (a cell array of file names), `labels` (a number a
//! person), `devTrainIndex` and `devTestIndex`, and, as cell arrays with a cell a trial, `trainIndex`,
//! `testIndex`, `galIndex` and `probIndex`. Indices count from 1 there and from 0 here.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::check_size;
use crate::mat::{MatValue, read_variables};
use crate::pairs::Item;
use crate::source::ImageSource;

/// The benchmark. All indices are into `items`.
#[derive(Debug, Clone, PartialEq)]
pub struct Blufr {
    /// The images, each an item, with their persons by name.
    pub items: Vec<Item>,
    /// Training images of the development set.
    pub dev_train: Vec<usize>,
    /// Test images of the development set.
    pub dev_test: Vec<usize>,
    /// The trials, ten in the official file.
    pub trials: Vec<Trial>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Training images.
    pub train: Vec<usize>,
    /// Test images: verification compares all of them with each other.
    pub test: Vec<usize>,
    /// Enrolled images of open-set identification, among the test images.
    pub gallery: Vec<usize>,
    /// Probes, mated and non-mated, among the test images.
    pub probes: Vec<usize>,
}

/// The benchmark in the file at `path`, over the images of LFW (`Name/Name_0001.jpg`) in the folder
/// `images`, or with all of them in it side by side.
///
/// # Errors
/// [`DataError::Missing`] without a variable; [`DataError::Entry`] for a variable of another form (the
/// entry is its index), for an index that is out of range or occurs twice, a gallery or probe image
/// that is no test image or is both, a label of two names, a name of two labels, and an image that is
/// not there; [`DataError::Bytes`] and [`DataError::Unsupported`] for what is no MAT-file of level 5;
/// [`DataError::Limit`]; [`DataError::Io`].
pub fn read(path: &Path, images: &Path, limits: &DataLimits) -> Result<Blufr, DataError> {
    check_size(path, limits.max_container_bytes)?;
    let bytes = std::fs::read(path).map_err(|error| DataError::io(path, error))?;
    parse(path, &bytes, images, limits)
}

/// The benchmark in `bytes`, the content of the file at `path`.
///
/// # Errors
/// As [`read`].
pub fn parse(
    path: &Path,
    bytes: &[u8],
    images: &Path,
    limits: &DataLimits,
) -> Result<Blufr, DataError> {
    let mut config = Config {
        path,
        variables: read_variables(path, bytes, limits.max_entries)?,
    };
    let names = config.names()?;
    let labels = config.labels(names.len())?;
    let indices = Indices {
        path,
        n_images: names.len(),
    };
    let mut lists = [Vec::new(), Vec::new()];
    for (list, name) in lists.iter_mut().zip(["devTrainIndex", "devTestIndex"]) {
        *list = indices.read(name, &config.variable(name)?)?;
    }
    let [dev_train, dev_test] = lists;
    Ok(Blufr {
        dev_train,
        dev_test,
        trials: config.trials(&indices)?,
        items: items(path, images, &names, &labels)?,
    })
}

/// The variables of the file.
struct Config<'a> {
    path: &'a Path,
    variables: BTreeMap<String, MatValue>,
}

impl Config<'_> {
    fn variable(&mut self, name: &str) -> Result<MatValue, DataError> {
        let found = self.variables.remove(name);
        found.ok_or_else(|| DataError::Missing {
            path: self.path.to_owned(),
            missing: format!("the variable {name}"),
            help: "name BLUFR's blufr_lfw_config.mat".to_owned(),
        })
    }

    fn cells(&mut self, name: &str) -> Result<Vec<MatValue>, DataError> {
        match self.variable(name)? {
            MatValue::Cells(cells) => Ok(cells),
            _ => Err(wrong(self.path, 0, format!("a cell array {name}"))),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, DataError> {
        let cells = self.cells("imageList")?.into_iter().enumerate();
        let name = |(entry, cell)| match cell {
            MatValue::Text(name) => Ok(name),
            _ => Err(wrong(self.path, entry, "text in imageList".to_owned())),
        };
        cells.map(name).collect()
    }

    fn labels(&mut self, n_images: usize) -> Result<Vec<f64>, DataError> {
        match self.variable("labels")? {
            MatValue::Numbers(labels) if labels.len() == n_images => Ok(labels),
            MatValue::Numbers(labels) => {
                let expected = format!("{n_images} labels, as in imageList");
                let entry = labels.len().min(n_images) as u64;
                let got = labels.len().to_string();
                Err(DataError::entry(self.path, entry, expected, got))
            }
            _ => Err(wrong(self.path, 0, "numbers in labels".to_owned())),
        }
    }

    fn trials(&mut self, indices: &Indices<'_>) -> Result<Vec<Trial>, DataError> {
        let mut lists = [const { Vec::new() }; 4];
        let names = ["trainIndex", "testIndex", "galIndex", "probIndex"];
        for (list, name) in lists.iter_mut().zip(names) {
            for cell in self.cells(name)? {
                list.push(indices.read(name, &cell)?);
            }
        }
        let n_trials = lists[0].len();
        if n_trials == 0 || lists.iter().any(|list| list.len() != n_trials) {
            let expected = format!("as many trials in each of {}", names.join(", "));
            let got = format!("{:?}", lists.each_ref().map(Vec::len));
            return Err(DataError::entry(self.path, 0, expected, got));
        }
        let [train, test, gallery, probes] = lists;
        let searched = gallery.into_iter().zip(probes);
        let trials = train.into_iter().zip(test).zip(searched).enumerate();
        let trial = |(number, ((train, test), (gallery, probes)))| {
            let trial = Trial {
                train,
                test,
                gallery,
                probes,
            };
            indices.check_trial(number, &trial)?;
            Ok(trial)
        };
        trials.map(trial).collect()
    }
}

/// Reads and checks lists of indices.
struct Indices<'a> {
    path: &'a Path,
    n_images: usize,
}

impl Indices<'_> {
    fn read(&self, name: &str, value: &MatValue) -> Result<Vec<usize>, DataError> {
        let MatValue::Numbers(numbers) = value else {
            return Err(wrong(self.path, 0, format!("numbers in {name}")));
        };
        let mut is_known = vec![false; self.n_images];
        let mut list = Vec::with_capacity(numbers.len());
        for (entry, &number) in numbers.iter().enumerate() {
            let idx = number as usize;
            let is_index = idx as f64 == number && (1..=self.n_images).contains(&idx);
            if !is_index || std::mem::replace(&mut is_known[idx - 1], true) {
                let expected = format!("in {name}, an index from 1 to {}, once", self.n_images);
                let got = number.to_string();
                return Err(DataError::entry(self.path, entry as u64, expected, got));
            }
            list.push(idx - 1);
        }
        Ok(list)
    }

    /// Gallery and probes are test images, and none is both.
    fn check_trial(&self, number: usize, trial: &Trial) -> Result<(), DataError> {
        let mut is_free = vec![false; self.n_images];
        for &idx in &trial.test {
            is_free[idx] = true;
        }
        for (name, list) in [("galIndex", &trial.gallery), ("probIndex", &trial.probes)] {
            for &idx in list {
                if !std::mem::replace(&mut is_free[idx], false) {
                    let expected = format!("test images in {name}, in one of gallery and probes");
                    let got = format!("index {}", idx + 1);
                    return Err(DataError::entry(self.path, number as u64, expected, got));
                }
            }
        }
        Ok(())
    }
}

fn wrong(path: &Path, entry: usize, expected: String) -> DataError {
    DataError::entry(path, entry as u64, expected, "another kind of value")
}

fn items(
    path: &Path,
    images: &Path,
    names: &[String],
    labels: &[f64],
) -> Result<Vec<Item>, DataError> {
    let mut people = People::default();
    let mut items = Vec::with_capacity(names.len());
    for (entry, (name, &label)) in names.iter().zip(labels).enumerate() {
        let wrong =
            |expected: String, got: String| DataError::entry(path, entry as u64, expected, got);
        let person = person_of(name).ok_or_else(|| {
            let expected = "the name of an image, Name_0001.jpg".to_owned();
            wrong(expected, format!("{name:?}"))
        })?;
        if !people.agree(person, label) {
            let expected = "one label for every person, and one person for every label".to_owned();
            return Err(wrong(expected, format!("label {label} for {person}")));
        }
        let image = find(images, person, name).ok_or_else(|| {
            let path = images.join(person).join(name);
            wrong(path.display().to_string(), "no such image".to_owned())
        })?;
        items.push(Item {
            name: format!("{person}/{name}"),
            person: Some(person.to_owned()),
            images: vec![ImageSource::File(image)],
        });
    }
    Ok(items)
}

/// Which label is whose, by the images before.
#[derive(Default)]
struct People<'a> {
    by_label: HashMap<u64, &'a str>,
    by_name: HashMap<&'a str, u64>,
}

impl<'a> People<'a> {
    fn agree(&mut self, person: &'a str, label: f64) -> bool {
        let label = label.to_bits();
        let known_person = *self.by_label.entry(label).or_insert(person);
        let known_label = *self.by_name.entry(person).or_insert(label);
        known_person == person && known_label == label
    }
}

/// The person in an image by its name: `Ada_Byron` of `Ada_Byron_0001.jpg`.
fn person_of(name: &str) -> Option<&str> {
    let (stem, _) = name.rsplit_once('.')?;
    let (person, number) = stem.rsplit_once('_')?;
    let is_plain = !person.is_empty() && !person.starts_with('.') && !name.contains(['/', '\\']);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && is_number).then_some(person)
}

fn find(images: &Path, person: &str, name: &str) -> Option<PathBuf> {
    let places = [images.join(person).join(name), images.join(name)];
    places.into_iter().find(|path| path.is_file())
}
