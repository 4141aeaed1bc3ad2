//! What compares two features, from the options that say so.

use std::path::{Path, PathBuf};

use lineament_eval::{Centering, Declaration, Judging, OutsideData};
use lineament_eval::{PairMatcher, PairOptions, Thresholds};
use lineament_match::{FitOptions, FittedMatcher, Matcher, MatcherKind, Whitening};

use crate::args::eval::{CenterName, MatcherName, Method, ThresholdsName};
use crate::evaluation::pair_list::ListedPairs;
use crate::exit::Exit;
use crate::failure::Failure;

/// How features are compared.
#[derive(Debug, Clone)]
pub(crate) struct MethodSettings {
    pub(crate) options: PairOptions,
    /// The file that the matcher came from, if it did.
    pub(crate) matcher_file: Option<PathBuf>,
}

impl MethodSettings {
    /// What `args` mean.
    ///
    /// # Errors
    /// [`Exit::BadInput`] for a matcher file that cannot be read; usage errors.
    pub(crate) fn new(args: Method) -> Result<Self, Failure> {
        let Method {
            comparing: args,
            thresholds,
        } = args;
        let n_components = args.pca.map(|d| d.get());
        let whiten = match args.whiten {
            true => Whitening::Yes,
            false => Whitening::No,
        };
        let kind = kind(args.matcher);
        // Their own scale does not matter to the angle, and distances are taken on the unit sphere.
        let is_plain = matches!(kind, MatcherKind::Cosine | MatcherKind::SquaredEuclidean);
        let (in_front, in_matcher) = match is_plain && whiten == Whitening::No {
            true => (n_components, None),
            false => (None, n_components),
        };
        let matcher = match &args.matcher_file {
            Some(path) => PairMatcher::Fixed(load_matcher(path)?),
            None => PairMatcher::Learned(FitOptions {
                kind,
                pca: in_matcher,
                whiten,
            }),
        };
        let method = Self {
            options: PairOptions {
                matcher,
                center: match args.center {
                    CenterName::Off => Centering::Off,
                    CenterName::Folds => Centering::Folds,
                },
                pca: in_front,
                judging: Judging {
                    thresholds: match thresholds {
                        ThresholdsName::Exact => Thresholds::Exact,
                        ThresholdsName::Grid => Thresholds::Grid,
                    },
                    ..Judging::default()
                },
            },
            matcher_file: args.matcher_file,
        };
        method.check_thresholds()?;
        Ok(method)
    }

    /// What is fitted on training pairs; `None` for a matcher from a file.
    pub(crate) fn fit_options(&self) -> Option<&FitOptions> {
        match &self.options.matcher {
            PairMatcher::Learned(options) => Some(options),
            PairMatcher::Fixed(_) => None,
        }
    }

    /// Whether it learns from who is who, not only from pairs.
    pub(crate) fn learns_from_names(&self) -> bool {
        let kind = self.fit_options().map(|options| options.kind);
        matches!(kind, Some(MatcherKind::Lda | MatcherKind::JointBayesian))
    }

    /// Refuses a list that does not say what the method learns from.
    pub(crate) fn check_list(&self, learned_on: &ListedPairs) -> Result<(), Failure> {
        match self.learns_from_names() && !learned_on.has_persons() {
            false => Ok(()),
            true => Err(Failure::usage(
                "this matcher learns from who is who, and the list does not say that",
            )
            .help("chi-squared and siamese learn from pairs alone")),
        }
    }

    /// Refuses a matcher from a file that takes other features.
    pub(crate) fn check_templates(&self, templates: &[Option<Vec<f32>>]) -> Result<(), Failure> {
        let (Some(path), PairMatcher::Fixed(matcher)) = (&self.matcher_file, &self.options.matcher)
        else {
            return Ok(());
        };
        let got = templates.iter().flatten().map(Vec::len).next();
        match (FittedMatcher::n_columns(matcher), got) {
            (Some(expected), Some(got)) if expected != got => Err(Failure::usage(format!(
                "{} was fitted on features of {expected} values, these have {got}",
                path.display()
            ))
            .help("use the model and the --flip that it was fitted with")),
            _ => Ok(()),
        }
    }

    /// The name of what compares.
    pub(crate) fn matcher_name(&self) -> &'static str {
        match &self.options.matcher {
            PairMatcher::Fixed(matcher) => matcher.name(),
            PairMatcher::Learned(options) => options.kind.name(),
        }
    }

    /// The matcher that scores pairs without learning anything from them; `None` where there is
    /// something to learn.
    pub(crate) fn ready(&self) -> Option<FittedMatcher> {
        if self.options.center != Centering::Off || self.options.pca.is_some() {
            return None;
        }
        match &self.options.matcher {
            PairMatcher::Fixed(matcher) => Some(matcher.clone()),
            PairMatcher::Learned(options) if options.pca.is_some() => None,
            PairMatcher::Learned(options) => match options.kind {
                MatcherKind::Cosine => Some(FittedMatcher::Cosine),
                MatcherKind::SquaredEuclidean => Some(FittedMatcher::SquaredEuclidean),
                _ => None,
            },
        }
    }

    /// Under which of LFW's protocols the result falls. Face networks are trained on people of
    /// other databases; what a matcher from a file saw is taken to be what its kind needs.
    pub(crate) fn declaration(&self) -> Declaration {
        let uses_names = match &self.options.matcher {
            PairMatcher::Learned(_) => self.learns_from_names(),
            PairMatcher::Fixed(matcher) => matches!(matcher.name(), "lda" | "joint-bayesian"),
        };
        match uses_names {
            true => Declaration::Unrestricted(OutsideData::Labeled),
            false => Declaration::ImageRestricted(OutsideData::Labeled),
        }
    }

    /// What was chosen, by name, where that is not the usual.
    pub(crate) fn in_words(&self) -> Vec<(String, String)> {
        let options = &self.options;
        let pca = |d: usize, rest: &str| ("PCA".to_owned(), format!("{d} components{rest}"));
        let mut words = Vec::new();
        if options.center == Centering::Folds {
            let mean = "less the mean of the training pairs' features";
            words.push(("Centring".to_owned(), mean.to_owned()));
        }
        words.extend(options.pca.map(|d| pca(d, ", unit norm")));
        match &options.matcher {
            PairMatcher::Learned(FitOptions { pca: d, whiten, .. }) => {
                let rest = match whiten {
                    Whitening::Yes => ", whitened",
                    Whitening::No => "",
                };
                words.extend(d.map(|d| pca(d, rest)));
            }
            PairMatcher::Fixed(_) => {
                let file = self.matcher_file.as_deref();
                let file = file.map(|path| path.display().to_string());
                words.extend(file.map(|file| ("Matcher file".to_owned(), file)));
            }
        }
        words
    }

    fn check_thresholds(&self) -> Result<(), Failure> {
        let is_distance = match &self.options.matcher {
            PairMatcher::Fixed(matcher) => {
                matches!(
                    matcher,
                    FittedMatcher::Cosine | FittedMatcher::SquaredEuclidean
                )
            }
            PairMatcher::Learned(FitOptions { kind, pca, .. }) => {
                pca.is_none() && matches!(kind, MatcherKind::Cosine | MatcherKind::SquaredEuclidean)
            }
        };
        if self.options.judging.thresholds == Thresholds::Grid && !is_distance {
            return Err(Failure::usage(
                "--thresholds grid is a grid of distances between features of unit norm: it goes \
                 with --matcher cosine or euclidean, and without --whiten",
            )
            .help("leave it out: thresholds are then swept exactly"));
        }
        Ok(())
    }
}

pub(crate) fn kind(name: MatcherName) -> MatcherKind {
    match name {
        MatcherName::Cosine => MatcherKind::Cosine,
        MatcherName::Euclidean => MatcherKind::SquaredEuclidean,
        MatcherName::ChiSquared => MatcherKind::ChiSquared,
        MatcherName::Siamese => MatcherKind::Siamese,
        MatcherName::Lda => MatcherKind::Lda,
        MatcherName::JointBayesian => MatcherKind::JointBayesian,
    }
}

/// The matcher in the file at `path`.
///
/// # Errors
/// [`Exit::BadInput`] for a file that holds none.
pub(crate) fn load_matcher(path: &Path) -> Result<FittedMatcher, Failure> {
    let unreadable = |error: lineament_match::MatchError| {
        Failure::new(Exit::BadInput, error.to_string())
            .help("matcher files are written by `lineament eval lfw --save-matcher FILE`")
    };
    FittedMatcher::load(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::eval::Protocol;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn method(options: &str) -> Result<MethodSettings, Failure> {
        let line = format!("lineament eval bin a.bin {options}");
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Eval(command) = cli.command else {
            unreachable!("the line says eval");
        };
        let Protocol::Bin(args) = command.protocol else {
            unreachable!("the line says bin");
        };
        MethodSettings::new(args.method)
    }

    #[test]
    fn pca_goes_where_its_metric_wants_it() {
        let plain = method("--pca 9").unwrap().options;
        assert_eq!(plain.pca, Some(9));
        for options in ["--pca 9 --whiten", "--pca 9 --matcher joint-bayesian"] {
            let method = method(options).unwrap();
            assert_eq!(method.options.pca, None, "{options}");
            assert_eq!(method.fit_options().unwrap().pca, Some(9), "{options}");
            assert!(method.ready().is_none());
        }
    }

    #[test]
    fn a_grid_needs_distances() {
        assert!(method("--thresholds grid --pca 9 --center folds").is_ok());
        assert!(method("--thresholds grid --matcher euclidean").is_ok());
        assert!(method("--thresholds grid --pca 9 --whiten").is_err());
        assert!(method("--thresholds grid --matcher lda").is_err());
    }

    #[test]
    fn names_are_declared() {
        let declared = |options| method(options).unwrap().declaration().to_string();
        assert_eq!(declared(""), "Image-Restricted, Labeled Outside Data");
        assert_eq!(
            declared("--matcher lda"),
            "Unrestricted, Labeled Outside Data"
        );
    }
}
