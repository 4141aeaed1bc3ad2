//! What systems are judged on: a development set, on which thresholds and matchers are learned, and a
//! test set, as LFW's View 1.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_core::RgbImage;
use lineament_data::{DataLimits, lists::lfw};
use lineament_eval::{
    About, Centering, FlipMode, Judging, ModelIdentity, Pair, PairList, PairMatcher, PairMaterial,
    PairOptions, PairReport, evaluate_view1,
};

use super::features::Rows;
use crate::data::{Images, Part, TrainSet, decode};
use crate::error::TrainError;
use crate::run::{Config, heldout};

/// Where the pairs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judges {
    /// Of people who are held out of training (`data.selection.held_out`): half of them are for
    /// development, the others for the test.
    HeldOut,
    /// Lists of LFW's View 1, and a folder with the crops of its images, aligned as those that are
    /// trained on.
    Lists {
        /// `NAME/NAME_0001.webp` and so on.
        crops: PathBuf,
        /// `pairsDevTrain.txt`.
        dev: PathBuf,
        /// `pairsDevTest.txt`.
        test: PathBuf,
    },
}

/// Crops, who they show, and pairs of them.
pub(super) struct Side {
    pub(super) names: Vec<String>,
    pub(super) persons: Option<Vec<usize>>,
    pub(super) pairs: Vec<Pair>,
    /// `None` where a crop cannot be decoded.
    pub(super) crops: Vec<Option<RgbImage>>,
}

/// The sets of one reproduction.
pub(super) struct View1 {
    name: String,
    pub(super) dev: Side,
    pub(super) test: Side,
    /// People who are held out of training, to fit on what needs many; none where they are the
    /// development set.
    held_out: Option<Side>,
}

impl View1 {
    pub(super) fn open(
        judges: &Judges,
        config: &Config,
        images: &Arc<Images>,
    ) -> Result<Self, TrainError> {
        let set = TrainSet::of(images.clone(), &config.data.selection, Part::HeldOut)?;
        let options = &config.validation;
        let drawn = heldout::pairs(&set, options.n_pairs, 2, options.seed);
        let of_fold = |fold| drawn.iter().filter(move |pair| pair.fold == fold).copied();
        match judges {
            Judges::HeldOut => Ok(Self {
                name: "people held out of training".to_owned(),
                dev: Side::of_set(&set, of_fold(0))?,
                test: Side::of_set(&set, of_fold(1))?,
                held_out: None,
            }),
            Judges::Lists { crops, dev, test } => {
                let listed = |list: &Path| Side::of_list(crops, list);
                Ok(Self {
                    name: "LFW, View 1".to_owned(),
                    dev: listed(dev)?,
                    test: listed(test)?,
                    held_out: Some(Side::of_set(&set, drawn.iter().copied())?),
                })
            }
        }
    }

    /// The people of whom it is known who they are and who are in no network's training.
    pub(super) fn known(&self) -> &Side {
        self.held_out.as_ref().unwrap_or(&self.dev)
    }

    /// What is judged, in words.
    pub(super) fn describe(&self) -> String {
        let Self {
            name, dev, test, ..
        } = self;
        format!(
            "{name}: {} pairs for development, {} for the test",
            dev.pairs.len(),
            test.pairs.len()
        )
    }

    /// Learns the threshold, and the matcher where it is to be learned, on the development set, and
    /// judges the test set.
    pub(super) fn judge(
        &self,
        system: &str,
        (dev, test): (&Rows, &Rows),
        matcher: PairMatcher,
    ) -> Result<PairReport, TrainError> {
        let about = About {
            protocol: self.name.clone(),
            declaration: None,
            model: ModelIdentity {
                name: system.to_owned(),
                sha256: String::new(),
            },
            flip: FlipMode::Off,
            command: String::new(),
        };
        let options = PairOptions {
            matcher,
            center: Centering::Off,
            pca: None,
            judging: Judging::default(),
        };
        let (dev, test) = (self.dev.material(dev), self.test.material(test));
        Ok(evaluate_view1(about, dev, test, &options)?)
    }
}

impl Side {
    /// The images of `set` that the pairs are of.
    fn of_set(set: &TrainSet, pairs: impl Iterator<Item = Pair>) -> Result<Self, TrainError> {
        let pairs: Vec<Pair> = pairs.collect();
        let used: BTreeMap<usize, usize> = pairs
            .iter()
            .flat_map(|p| [(p.first, 0), (p.second, 0)])
            .collect();
        let indices: Vec<usize> = used.into_keys().collect();
        let place = |idx: usize| indices.partition_point(|i| *i < idx);
        let placed = |pair: &Pair| Pair {
            first: place(pair.first),
            second: place(pair.second),
            mated: pair.mated,
            fold: 0,
        };
        let person = |idx: &usize| set.labels()[*idx] as usize;
        let crops: Result<Vec<_>, _> = indices.iter().map(|idx| set.read(*idx)).collect();
        Self {
            names: indices
                .iter()
                .map(|idx| set.name(*idx).to_owned())
                .collect(),
            persons: Some(indices.iter().map(person).collect()),
            pairs: pairs.iter().map(placed).collect(),
            crops: crops?,
        }
        .checked()
    }

    fn of_list(crops: &Path, list: &Path) -> Result<Self, TrainError> {
        let protocol = lfw::read_pairs(list, crops, &DataLimits::default())?;
        let mut numbers = BTreeMap::new();
        let mut number = |person: &Option<String>| {
            let n = numbers.len();
            person
                .as_ref()
                .map(|p| *numbers.entry(p.clone()).or_insert(n))
        };
        let pair = |pair: &lineament_data::Pair| Pair {
            first: pair.first,
            second: pair.second,
            mated: pair.mated,
            fold: 0,
        };
        Self {
            persons: protocol
                .items
                .iter()
                .map(|item| number(&item.person))
                .collect(),
            pairs: protocol.pairs.iter().map(pair).collect(),
            crops: protocol
                .items
                .iter()
                .map(|item| item.images.first().and_then(decode))
                .collect(),
            names: protocol.items.into_iter().map(|item| item.name).collect(),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, TrainError> {
        let has = |mated| self.pairs.iter().any(|pair| pair.mated == mated);
        match has(true) && has(false) {
            true => Ok(self),
            false => Err(TrainError::NoImages {
                what: "pairs of the same and of different people".to_owned(),
                why: format!(
                    "{} pairs; hold more people out (data.selection.held_out)",
                    self.pairs.len()
                ),
            }),
        }
    }

    fn material<'a>(&'a self, templates: &'a Rows) -> PairMaterial<'a> {
        PairMaterial {
            list: PairList {
                names: &self.names,
                persons: self.persons.as_deref(),
                pairs: &self.pairs,
            },
            templates,
        }
    }
}
