//! `lineament eval blufr`: large-scale verification and open-set identification on LFW.

use lineament_data::lists::blufr::{self, Trial};
use lineament_data::{DataLimits, Item};
use lineament_eval::blufr::{BlufrOptions, BlufrTrial};
use lineament_eval::{LabelledSet, PairMatcher, evaluate_blufr};
use lineament_match::{FitOptions, Whitening};

use super::bad_list;
use crate::args::eval::MatcherName;
use crate::args::eval::sets::Blufr;
use crate::evaluation::faces::{FaceImage, FaceSource};
use crate::evaluation::labelled::People;
use crate::evaluation::method::kind;
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::failure;
use crate::evaluation::set_run::{Measured, Templates, on_each_model};
use crate::evaluation::settings::EvaluationSettings;
use crate::evaluation::templates;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// The benchmark and how it is run.
struct Job {
    settings: EvaluationSettings,
    names: Vec<String>,
    persons: Vec<usize>,
    images: Vec<FaceImage>,
    trials: Vec<BlufrTrial>,
    fit: FitOptions,
}

pub(super) fn run(args: Blufr, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let job = Job::new(args)?;
    on_each_model(&job.settings, job.images.len(), |model| {
        Ok(vec![job.measure(model, interrupt)?])
    })
}

impl Job {
    fn new(args: Blufr) -> Result<Self, Failure> {
        if matches!(args.matcher, MatcherName::ChiSquared | MatcherName::Siamese) {
            return Err(Failure::usage(
                "this matcher learns from pairs, and the trials have none to learn from",
            )
            .help("lda and joint-bayesian learn from who is who"));
        }
        let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
        let read = blufr::read(&args.config, &args.images, &DataLimits::default());
        let read = read.map_err(bad_list)?;
        let mut people = People::default();
        let person = |item: &Item| people.number(item.person.as_deref().unwrap_or_default());
        Ok(Self {
            settings,
            persons: read.items.iter().map(person).collect(),
            images: templates::images(&read.items),
            names: read.items.into_iter().map(|item| item.name).collect(),
            trials: read.trials.into_iter().map(trial).collect(),
            fit: FitOptions {
                kind: kind(args.matcher),
                pca: args.pca.map(|d| d.get()),
                whiten: match args.whiten {
                    true => Whitening::Yes,
                    false => Whitening::No,
                },
            },
        })
    }

    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let about = model.about("blufr")?;
        let templates = Templates::of(model, &self.images, interrupt)?;
        let set = LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &templates.rows,
        };
        let options = BlufrOptions {
            matcher: PairMatcher::Learned(self.fit),
            ..BlufrOptions::default()
        };
        let report = evaluate_blufr(about, set, &self.trials, &options).map_err(|e| failure(&e))?;
        let mut choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            ("Matcher".to_owned(), report.matcher.to_owned()),
            ("Trials".to_owned(), self.trials.len().to_string()),
        ];
        if let Some(d) = self.fit.pca {
            choices.push(("PCA".to_owned(), d.to_string()));
        }
        let run = Ok(report.run("BLUFR"));
        let measured = Measured::new(&report, run, &report.failures, choices)?;
        Ok(measured.unreadable(templates.n_unreadable))
    }
}

fn trial(trial: Trial) -> BlufrTrial {
    BlufrTrial {
        train: trial.train,
        test: trial.test,
        gallery: trial.gallery,
        probes: trial.probes,
    }
}
