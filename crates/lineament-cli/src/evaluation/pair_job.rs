//! A pair protocol, run on every model.

use std::path::PathBuf;

use lineament::Selector;
use lineament_data::{Item, PairProtocol};
use lineament_eval::{
    About, Declaration, EvalError, FlipMode, PairMaterial, PairReport, evaluate, evaluate_scores,
    evaluate_view1, fit_matcher,
};

use crate::batch::say;
use crate::evaluation::command_line::command_line;
use crate::evaluation::frames::{self, FrameScore};
use crate::evaluation::method::MethodSettings;
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_list::ListedPairs;
use crate::evaluation::pair_result::PairResult;
use crate::evaluation::results::Results;
use crate::evaluation::settings::EvaluationSettings;
use crate::evaluation::templates::{self, ItemFeatures};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// A protocol and how it is run.
pub(crate) struct PairJob {
    pub(crate) settings: EvaluationSettings,
    pub(crate) method: MethodSettings,
    pub(crate) protocol: PairProtocol,
    /// The protocol's name for people.
    pub(crate) title: String,
    /// Whether the protocol asks what was learned from.
    pub(crate) declared: Declared,
    /// View 1: where everything is learned.
    pub(crate) dev: Option<DevSet>,
    /// Where videos are compared frame by frame.
    pub(crate) frame_score: Option<FrameScore>,
    /// Further choices, by name, for the report.
    pub(crate) choices: Vec<(String, String)>,
}

/// Whether a protocol asks what was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    No,
    Yes,
}

/// A development set.
pub(crate) struct DevSet {
    pub(crate) protocol: PairProtocol,
    /// Those of the job but for the source of faces.
    pub(crate) settings: EvaluationSettings,
    /// Where the matcher learned on it is saved, if it is.
    pub(crate) save_matcher: Option<PathBuf>,
}

/// What a model made of the items of a protocol.
pub(crate) struct Seen {
    features: Vec<ItemFeatures>,
    pub(crate) templates: Vec<Option<Vec<f32>>>,
    pub(crate) n_unreadable: usize,
}

/// What came of a model.
struct Measured {
    report: PairReport,
    /// Where faces came from.
    faces: String,
    n_unreadable: usize,
}

/// Runs the job on each of its models and shows what came of it.
///
/// # Errors
/// Options that do not fit the protocol; models that cannot be used; an interrupt.
pub(crate) fn run(job: &PairJob, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let listed = ListedPairs::new(&job.protocol);
    let dev = job.dev.as_ref().map(|dev| ListedPairs::new(&dev.protocol));
    job.check(dev.as_ref().unwrap_or(&listed))?;
    let mut results = Results::new(job.settings.batch.style, job.settings.report.as_deref())?;
    for embedder in &job.settings.embedders {
        let measured = job.measure(embedder, &listed, dev.as_ref(), interrupt)?;
        let choices = job.choices(&measured.faces);
        let result = PairResult::new(measured.report, choices);
        let run = result.run(&job.title, &job.protocol.items)?;
        results.add(run, result.failures(), measured.n_unreadable)?;
    }
    results.finish()
}

impl PairJob {
    /// Refuses what would only fail when every image is embedded. `learned_on` is the list that
    /// the method learns from.
    fn check(&self, learned_on: &ListedPairs) -> Result<(), Failure> {
        self.method.check_list(learned_on)?;
        if self.dev.is_none() && self.protocol.n_folds < 2 {
            let message = format!(
                "{} has a single fold, and the threshold must come from other pairs than those \
                 it decides",
                self.protocol.name
            );
            return Err(Failure::new(Exit::BadInput, message));
        }
        if self.frame_score.is_some() && self.method.ready().is_none() {
            return Err(Failure::usage(
                "videos are compared frame by frame with matchers that need not learn first: \
                 cosine, euclidean, or a --matcher-file, without --pca and --center",
            )
            .help("--video-score mean goes with all of them"));
        }
        Ok(())
    }

    fn measure(
        &self,
        embedder: &Selector,
        listed: &ListedPairs,
        dev: Option<&ListedPairs>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let items = &self.protocol.items;
        let model = ModelUnderTest::open(&self.settings, embedder, n_images(items))?;
        let about = self.about(&model)?;
        let flip = about.flip;
        let dev = match self.dev.as_ref().zip(dev) {
            None => None,
            Some((set, listed)) => Some((set, listed, self.see_dev(set, &model, flip, interrupt)?)),
        };
        let seen = see(&model, items, flip, interrupt)?;
        self.method.check_templates(&seen.templates)?;
        let test = PairMaterial {
            list: listed.list(),
            templates: &seen.templates,
        };
        let n_unreadable = seen.n_unreadable + dev.as_ref().map_or(0, |(.., d)| d.n_unreadable);
        let options = &self.method.options;
        let report = match (dev, self.frame_score.zip(self.method.ready())) {
            (Some((set, listed, seen)), _) => {
                let dev = PairMaterial {
                    list: listed.list(),
                    templates: &seen.templates,
                };
                self.save(set, dev)?;
                evaluate_view1(about, dev, test, options)
            }
            (None, Some((how, matcher))) => {
                let scores = frames::scores(test.list, &seen.features, &matcher, how)
                    .map_err(|error| failure(&EvalError::from(error)))?;
                evaluate_scores(about, test.list, &scores, &matcher, &options.judging)
            }
            (None, None) => evaluate(about, test, options),
        };
        Ok(Measured {
            report: report.map_err(|error| failure(&error))?,
            faces: model.faces_in_words(),
            n_unreadable,
        })
    }

    /// What the figures depend on, by name.
    fn choices(&self, faces: &str) -> Vec<(String, String)> {
        let faces = ("Faces".to_owned(), faces.to_owned());
        let method = self.method.in_words();
        let own = self.choices.iter().cloned();
        std::iter::once(faces).chain(own).chain(method).collect()
    }

    fn about(&self, model: &ModelUnderTest<'_>) -> Result<About, Failure> {
        Ok(About {
            protocol: self.protocol.name.clone(),
            declaration: match self.declared {
                Declared::Yes => Some(self.method.declaration()),
                Declared::No => None::<Declaration>,
            },
            model: model.identity()?,
            flip: model.flip()?,
            command: command_line(),
        })
    }

    /// The development set, seen by the same embedder.
    fn see_dev(
        &self,
        set: &DevSet,
        model: &ModelUnderTest<'_>,
        flip: FlipMode,
        interrupt: &Interrupt,
    ) -> Result<Seen, Failure> {
        let items = &set.protocol.items;
        if set.settings.faces == self.settings.faces {
            return see(model, items, flip, interrupt);
        }
        let selector = Selector::Named(model.identity()?.name);
        let other = ModelUnderTest::open(&set.settings, &selector, n_images(items))?;
        see(&other, items, flip, interrupt)
    }

    /// Saves what the method learns on the development set, where that is wanted.
    fn save(&self, set: &DevSet, dev: PairMaterial<'_>) -> Result<(), Failure> {
        let Some(path) = &set.save_matcher else {
            return Ok(());
        };
        let matcher = fit_matcher(dev, &self.method.options).map_err(|error| failure(&error))?;
        matcher
            .save(path)
            .map_err(|error| Failure::new(Exit::Output, error.to_string()))?;
        say(&format!("matcher: {}", path.display()));
        Ok(())
    }
}

fn n_images(items: &[Item]) -> usize {
    items.iter().map(|item| item.images.len()).sum()
}

/// What `model` makes of the items.
pub(crate) fn see(
    model: &ModelUnderTest<'_>,
    items: &[Item],
    flip: FlipMode,
    interrupt: &Interrupt,
) -> Result<Seen, Failure> {
    let embedded = model.embed(&templates::images(items), interrupt)?;
    let features = templates::features(items, &embedded, flip);
    Ok(Seen {
        templates: features.iter().map(templates::template).collect(),
        n_unreadable: embedded.iter().filter(|image| image.is_err()).count(),
        features,
    })
}

/// The protocol could not be evaluated.
pub(crate) fn failure(error: &EvalError) -> Failure {
    let exit = match error {
        EvalError::Io { .. } => Exit::Output,
        EvalError::PersonsContradict { .. } => Exit::BadInput,
        EvalError::TooFew {
            what:
                "items with a template"
                | "templates"
                | "probes with a template"
                | "persons enrolled with a template",
            ..
        } => Exit::NoFace,
        _ => Exit::Usage,
    };
    Failure::new(exit, error.to_string())
}
