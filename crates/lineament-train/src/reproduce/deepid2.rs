//! DeepID2 (Sun et al., NIPS 2014): networks of many patches of a face, the best of them chosen, their features
//! together, PCA, Joint Bayesian.

use lineament_eval::{Pair, PairMatcher};
use lineament_match::{
    Features, FitOptions, FittedMatcher, MatchError, MatcherKind, Pca, Training, Whitening, fit,
    forward_backward,
};

use super::features::{Rows, unit};
use super::report::{Measured, Report};
use super::runs::Model;
use super::study::{Course, Recipe, Seen, Study};
use super::view1::Side;
use crate::data::teacher::View;
use crate::error::TrainError;
use crate::run::{Threads, Watch};

const RECIPE: Recipe = Recipe {
    name: "deepid2-small.toml",
    text: include_str!("../../../../recipes/deepid2-small.toml"),
};

/// A patch of the face that a network of its own looks at, 55×47 pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patch {
    /// What its run is called.
    pub name: &'static str,
    /// Its middle, from the middle of the crop, in crop pixels to the right and down.
    offset_px: [f64; 2],
    /// Crop pixels to one of its pixels.
    crop_px_per_px: f64,
    is_grey: bool,
}

const fn patch(
    name: &'static str,
    offset_px: [f64; 2],
    crop_px_per_px: f64,
    is_grey: bool,
) -> Patch {
    Patch {
        name,
        offset_px,
        crop_px_per_px,
        is_grey,
    }
}

/// Middles of parts of the ArcFace template, from the crop's middle.
const FACE: [f64; 2] = [0.0, 0.0];
const EYE: [f64; 2] = [-17.2, -3.8];
const EYES: [f64; 2] = [0.4, -3.9];
const NOSE: [f64; 2] = [0.5, 16.2];
const MOUTH: [f64; 2] = [0.6, 36.8];

/// The patches, those first that a few networks would look at. Each network gives two features, of the patch and of
/// the patch in the mirror image, as in the paper; an eye in the mirror image is the other one.
///
/// Deviation: the paper has 200, of 21 landmarks, ten scales and RGB or grey; these are of five landmarks.
pub const PATCHES: [Patch; 16] = [
    patch("face", FACE, 2.036, false),
    patch("eyes", EYES, 1.4, false),
    patch("nose", NOSE, 1.4, false),
    patch("mouth", MOUTH, 1.4, false),
    patch("eye", EYE, 1.0, false),
    patch("inner-face", NOSE, 1.7, false),
    patch("eye-wide", EYE, 1.4, false),
    patch("nose-near", NOSE, 1.0, false),
    patch("face-grey", FACE, 2.036, true),
    patch("eyes-grey", EYES, 1.4, true),
    patch("nose-grey", NOSE, 1.4, true),
    patch("mouth-grey", MOUTH, 1.4, true),
    patch("eye-grey", EYE, 1.0, true),
    patch("inner-face-grey", NOSE, 1.7, true),
    patch("eyes-near", EYES, 1.0, false),
    patch("mouth-near", MOUTH, 1.0, false),
];

/// The system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeepId2 {
    /// What all reproductions have.
    pub study: Study,
    /// Networks: the first of [`PATCHES`].
    pub n_patches: usize,
    /// Features chosen, of two a network: 25 of 400 in the paper.
    pub n_selected: usize,
    /// Principal components, at most: 180 in the paper.
    pub n_components: usize,
}

/// The features of one patch, or of its mirror image, on all sets.
struct Source {
    name: String,
    known: Rows,
    dev: Rows,
    test: Rows,
}

impl DeepId2 {
    /// Trains the networks, selects features and fits the matcher on people held out of training, and judges
    /// parts of the system and the whole. `None` where that was stopped; the next call goes on.
    ///
    /// # Errors
    /// As [`Comparison::train`](super::Comparison::train), and those of the protocol.
    pub fn run(
        &self,
        (threads, watch): (Threads, &mut dyn Watch),
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<Report>, TrainError> {
        self.check()?;
        let titles = (
            "DeepID2 (Sun et al., NIPS 2014)",
            "LFW, View 2, of 1, 4, 8, 16 and 25 patches with Joint Bayesian (table 4 of the paper), in rows of the \
             nearest number; 99.15 % with seven selections together",
        );
        self.study
            .report(RECIPE, (threads, watch), say, titles, |course, seed| {
                let mut sources = Vec::new();
                for patch in &PATCHES[..self.n_patches] {
                    match self.sources(course, patch, seed)? {
                        None => return Ok(None),
                        Some(two) => sources.extend(two),
                    }
                }
                self.judged(course, &sources).map(Some)
            })
    }

    fn check(&self) -> Result<(), TrainError> {
        let must = |what, most: usize, got: usize| match (1..=most).contains(&got) {
            true => Ok(()),
            false => Err(TrainError::Argument {
                what,
                expected: format!("1 to {most}"),
                got: got.to_string(),
            }),
        };
        must("patches", PATCHES.len(), self.n_patches)?;
        must("selected features", 2 * self.n_patches, self.n_selected)?;
        must("components", usize::MAX, self.n_components)
    }

    /// Trains a patch's network, and looks at all crops with it.
    fn sources(
        &self,
        course: &mut Course<'_>,
        patch: &Patch,
        seed: u64,
    ) -> Result<Option<[Source; 2]>, TrainError> {
        let Patch {
            name,
            offset_px: [x, y],
            crop_px_per_px,
            is_grey,
        } = patch;
        let fields = [
            format!("input.crop_px_per_px={crop_px_per_px:?}"),
            format!("input.offset_crop_px=[{x:?}, {y:?}]"),
            format!("network.options.grey={is_grey}"),
        ];
        let run = format!("deepid2-{name}-{seed}");
        let Some(network) = course.network(&run, seed, &fields, Model::Left)? else {
            return Ok(None);
        };
        let view1 = &course.view1;
        let source = |view| {
            let rows =
                |side: &Side| Ok::<_, TrainError>(unit(network.features(&side.crops, view)?));
            Ok::<_, TrainError>(Source {
                name: match view {
                    View::Plain => (*name).to_owned(),
                    View::Mirrored => format!("{name} mirrored"),
                },
                known: rows(view1.known())?,
                dev: rows(&view1.dev)?,
                test: rows(&view1.test)?,
            })
        };
        Ok(Some([source(View::Plain)?, source(View::Mirrored)?]))
    }

    fn judged(&self, course: &Course<'_>, sources: &[Source]) -> Result<Seen, TrainError> {
        let known = course.view1.known();
        let scores = sources.iter().map(|s| scores(&known.pairs, &s.known));
        let scores: Vec<Vec<f64>> = scores.collect();
        let mated: Vec<bool> = known.pairs.iter().map(|p| p.mated).collect();
        let selection = forward_backward(sources.len(), self.n_selected, |chosen| {
            Ok(accuracy(&scores, &mated, chosen))
        });
        let selection = selection.map_err(matching)?.selected;
        let all: Vec<usize> = (0..sources.len()).collect();
        let best = selection.first().copied().unwrap_or(0);
        let mut seen = Seen::default();
        for (what, chosen, pca) in [
            ("one feature, cosine", &[best][..], None),
            (
                "one feature, Joint Bayesian",
                &[best][..],
                Some(self.n_components),
            ),
            ("selected features, cosine", &selection, None),
            (
                "selected features, PCA, Joint Bayesian",
                &selection,
                Some(self.n_components),
            ),
            (
                "all features, PCA, Joint Bayesian",
                &all,
                Some(self.n_components),
            ),
        ] {
            let published = pca.and_then(|_| published(chosen.len()));
            let name = format!("{what} ({})", chosen.len());
            let joined = |rows: fn(&Source) -> &Rows| joined(sources, chosen, rows);
            let matcher = match pca {
                None => FittedMatcher::Cosine,
                Some(most) => {
                    let (matcher, kept) = joint_bayesian(known, &joined(|s| &s.known), most)?;
                    if kept < most {
                        let note = format!("{name}: PCA kept {kept} components of at most {most}.");
                        seen.notes.push(note);
                    }
                    matcher
                }
            };
            let sides = (&joined(|s| &s.dev), &joined(|s| &s.test));
            let report = course
                .view1
                .judge(&name, sides, PairMatcher::Fixed(matcher))?;
            seen.measured.push(Measured::new(what, published, &report));
        }
        let names: Vec<&str> = selection
            .iter()
            .map(|&s| sources[s].name.as_str())
            .collect();
        seen.notes
            .push(format!("selected were {}.", names.join(", ")));
        Ok(seen)
    }
}

/// What the paper reports of so many patches.
fn published(n_features: usize) -> Option<f64> {
    let table = [(1, 95.43), (4, 97.75), (8, 98.55), (16, 98.93), (25, 98.97)];
    let nearest = table
        .into_iter()
        .min_by_key(|(n, _)| n_features.abs_diff(*n));
    nearest.map(|(_, percent)| percent)
}

/// The cosine of each pair's features; −1 where one is missing.
fn scores(pairs: &[Pair], rows: &Rows) -> Vec<f64> {
    let cosine = |pair: &Pair| match (&rows[pair.first], &rows[pair.second]) {
        (Some(a), Some(b)) => a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum(),
        _ => -1.0,
    };
    pairs.iter().map(cosine).collect()
}

/// The share of pairs decided rightly at the best threshold of the chosen features' mean cosine, which is the cosine
/// of the features together. Deviation: the paper does not say what its selection looks at.
fn accuracy(scores: &[Vec<f64>], mated: &[bool], chosen: &[usize]) -> f64 {
    let sum = |pair: usize| {
        chosen
            .iter()
            .map(|&source| scores[source][pair])
            .sum::<f64>()
    };
    let mut order: Vec<(f64, bool)> = (0..mated.len()).map(|p| (sum(p), mated[p])).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    // With the threshold above all, the non-mated ones are right.
    let mut n_right = mated.iter().filter(|mated| !**mated).count();
    let mut most = n_right;
    for (at, (score, is_mated)) in order.iter().enumerate() {
        match is_mated {
            true => n_right += 1,
            false => n_right -= 1,
        }
        let is_end = order.get(at + 1).is_none_or(|(next, _)| next < score);
        if is_end {
            most = most.max(n_right);
        }
    }
    most as f64 / mated.len() as f64
}

/// The chosen features one after the other; none where one is missing.
fn joined(sources: &[Source], chosen: &[usize], rows: fn(&Source) -> &Rows) -> Rows {
    let n = sources.first().map_or(0, |source| rows(source).len());
    let row = |at: usize| {
        let parts = chosen.iter().map(|&s| rows(&sources[s])[at].clone());
        Some(parts.collect::<Option<Vec<_>>>()?.concat())
    };
    (0..n).map(row).collect()
}

/// PCA and Joint Bayesian of the people of `known`, and how many components were kept: fewer than `most` where the
/// features vary in fewer directions.
fn joint_bayesian(
    known: &Side,
    rows: &Rows,
    most: usize,
) -> Result<(FittedMatcher, usize), TrainError> {
    let persons = known.persons.as_deref().unwrap_or_default();
    let there = rows.iter().zip(persons);
    let there: Vec<(&Vec<f32>, usize)> = there
        .filter_map(|(row, person)| Some((row.as_ref()?, *person)))
        .collect();
    let (rows, identities): (Vec<&Vec<f32>>, Vec<usize>) = there.into_iter().unzip();
    let features = Features::from_rows(&rows).map_err(matching)?;
    let most = most.min(features.n_rows() / 2).max(1);
    let projection = Pca::fit_at_most(&features, most, Whitening::No).map_err(matching)?;
    let features = projection.transform_all(&features).map_err(matching)?;
    let training = Training {
        features: &features,
        identities: Some(&identities),
        pairs: &[],
    };
    let options = FitOptions {
        kind: MatcherKind::JointBayesian,
        pca: None,
        whiten: Whitening::No,
    };
    let metric = Box::new(fit(&options, &training).map_err(matching)?);
    let n_components = projection.n_components();
    Ok((FittedMatcher::Pipeline { projection, metric }, n_components))
}

fn matching(error: MatchError) -> TrainError {
    TrainError::Eval(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_threshold_of_the_chosen_features_together() {
        let scores = [vec![0.9, 0.1, 0.5, 0.4], vec![0.0, 0.9, 0.1, 0.3]];
        let mated = [true, true, false, false];
        // Of the first alone: one above 0.5, and both below.
        assert_eq!(accuracy(&scores, &mated, &[0]), 0.75);
        assert_eq!(accuracy(&scores, &mated, &[0, 1]), 1.0);
        // Equal scores cannot be told apart.
        assert_eq!(accuracy(&[vec![0.5; 4]], &mated, &[0]), 0.5);
    }

    #[test]
    fn patches_lie_in_the_crop_and_have_names_of_their_own() {
        for (at, patch) in PATCHES.iter().enumerate() {
            for (axis, side) in [(0, 47.0), (1, 55.0)] {
                let reach = patch.offset_px[axis].abs() + side * patch.crop_px_per_px / 2.0;
                // A quarter may be the repeated edge.
                assert!(reach <= 64.0 * 1.25, "{}: {reach}", patch.name);
            }
            assert!(PATCHES[..at].iter().all(|other| other.name != patch.name));
        }
    }
}
