//! `lineament eval identify`: searches of a gallery, closed and open, on any labelled set.

use std::collections::BTreeMap;

use lineament_data::{DataLimits, LabelledSet};
use lineament_eval::identification::{Rejecter, SearchPlan, SplitOptions};
use lineament_eval::report::{ErrorKind, ErrorPair};
use lineament_eval::{IdentificationOptions, IdentificationReport, identify};
use lineament_match::{FittedMatcher, OpenMaxOptions};

use super::bad_list;
use crate::args::eval::sets::{Identify, RejecterName};
use crate::evaluation::labelled::{LabelledImages, People, open, protocol_name, usual_faces};
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::failure;
use crate::evaluation::pair_result::picture_of;
use crate::evaluation::set_run::{Measured, Templates, on_each_model};
use crate::evaluation::settings::EvaluationSettings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::plural;

/// What ArcFace's loss multiplies cosines by, which OpenMax takes for activations.
const OPEN_MAX_SCALE: f64 = 64.0;

/// A search protocol over one or two sets.
struct Searches {
    settings: EvaluationSettings,
    protocol: String,
    images: LabelledImages,
    persons: Vec<usize>,
    plan: SearchPlan,
    /// How the gallery came about, in words.
    gallery: String,
    /// Images left out, since they show nobody known.
    n_unknown: usize,
    rejecter: RejecterName,
    tail_size: usize,
    options: IdentificationOptions,
}

pub(super) fn run(args: Identify, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let searches = Searches::new(args)?;
    on_each_model(&searches.settings, searches.images.names.len(), |model| {
        Ok(vec![searches.measure(model, interrupt)?])
    })
}

impl Searches {
    fn new(args: Identify) -> Result<Self, Failure> {
        if let Some(rate) = args
            .fpir
            .iter()
            .find(|rate| !(**rate > 0.0 && **rate < 1.0))
        {
            return Err(Failure::usage(format!(
                "--fpir takes rates between 0 and 1, not {rate}"
            )));
        }
        if args.reject_by == RejecterName::OpenMax
            && args.gallery.is_none()
            && args.shots <= args.tail_size
        {
            return Err(Failure::usage(format!(
                "OpenMax is fitted to {} images of each person enrolled, and --shots is {}",
                args.tail_size, args.shots
            ))
            .help("ask for more --shots than --tail-size"));
        }
        let set = open(&args.set)?;
        let settings = EvaluationSettings::new(args.evaluation, usual_faces(set.kind()))?;
        let mut people = People::default();
        let all = LabelledImages::read(&set, &mut people, settings.faces)?;
        let n_all = all.names.len();
        let (mut images, mut persons) = all.of_known_people();
        let n_unknown = n_all - images.names.len();
        let (plan, gallery) = match &args.gallery {
            None => {
                let options = SplitOptions {
                    n_shots: args.shots.get(),
                    unknown_share: args.unknown,
                    seed: args.seed,
                };
                let plan = SearchPlan::split(&persons, &options).map_err(|e| failure(&e))?;
                let each = plural(args.shots.get(), "image", "images");
                let words = format!(
                    "{each} each of {}; {} % of those with more unknown; seed {}",
                    plural(plan.gallery.len(), "person", "people"),
                    100.0 * args.unknown,
                    args.seed
                );
                (plan, words)
            }
            Some(path) => {
                let gallery = LabelledSet::open(path, None, &DataLimits::default());
                let gallery = gallery.map_err(bad_list)?;
                let enrolled = LabelledImages::read(&gallery, &mut people, settings.faces)?;
                let (enrolled, enrolled_persons) = enrolled.of_known_people();
                let probes: Vec<usize> = (0..persons.len()).collect();
                persons.extend(&enrolled_persons);
                let enrolled_items = probes.len()..persons.len();
                let plan = SearchPlan::of_items(&persons, enrolled_items, &probes);
                let words = format!(
                    "{} of {}, all of {}",
                    plural(enrolled_persons.len(), "image", "images"),
                    plural(plan.gallery.len(), "person", "people"),
                    path.display()
                );
                images.append(enrolled);
                (plan, words)
            }
        };
        Ok(Self {
            protocol: protocol_name("identify", &set),
            settings,
            images,
            persons,
            plan,
            gallery,
            n_unknown,
            rejecter: args.reject_by,
            tail_size: args.tail_size.get(),
            options: IdentificationOptions {
                ranks: vec![1, 5, 10],
                fpir_targets: args.fpir,
                ..IdentificationOptions::default()
            },
        })
    }

    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let about = model.about(&self.protocol)?;
        let templates = Templates::of(model, &self.images.images, interrupt)?;
        let set = lineament_eval::LabelledSet {
            names: &self.images.names,
            persons: &self.persons,
            templates: &templates.rows,
        };
        let options = IdentificationOptions {
            rejecter: self.rejecter(set)?,
            ..self.options.clone()
        };
        let report = identify(about, set, &self.plan, &options).map_err(|e| failure(&e))?;
        let mut choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            ("Gallery".to_owned(), self.gallery.clone()),
        ];
        if self.rejecter != RejecterName::Score {
            let tail = format!("{}, tails of {}", report.rejecter, self.tail_size);
            choices.push(("Rejected by".to_owned(), tail));
        }
        let run = report.run("Identification");
        let mut measured = Measured::new(&report, run, &report.failures, choices)?
            .unreadable(templates.n_unreadable);
        measured.run_mut().errors = self.errors(&report);
        measured.run_mut().notes = self.notes(&report);
        Ok(measured)
    }

    fn rejecter(&self, set: lineament_eval::LabelledSet<'_>) -> Result<Rejecter, Failure> {
        let options = OpenMaxOptions {
            tail_size: self.tail_size,
            ..OpenMaxOptions::default()
        };
        Ok(match self.rejecter {
            RejecterName::Score => Rejecter::Score,
            RejecterName::ProbeTail => Rejecter::ProbeTail {
                tail_size: self.tail_size,
            },
            RejecterName::OpenMax => {
                let cosine = FittedMatcher::Cosine;
                Rejecter::open_max(set, &self.plan, &cosine, OPEN_MAX_SCALE, &options)
                    .map_err(|e| failure(&e))?
            }
        })
    }

    /// Searches that end wrongly at the threshold of the smallest rate that could be measured.
    fn errors(&self, report: &IdentificationReport) -> Vec<ErrorPair> {
        let by_rate = report.at_fpir.threshold_at_fpir.iter();
        let by_rate = by_rate.filter_map(|(rate, t)| Some((rate.parse::<f64>().ok()?, (*t)?)));
        let Some((_, threshold)) = by_rate.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            return Vec::new();
        };
        let entries = self.plan.gallery.iter().enumerate();
        let entry_of: BTreeMap<usize, usize> = entries.map(|(i, e)| (e.person, i)).collect();
        let mut errors = Vec::new();
        for outcome in &report.outcomes {
            let is_returned = outcome.score_within(1).is_some_and(|s| s >= threshold);
            let entry = match outcome.is_mated {
                true if !is_returned => entry_of.get(&self.persons[outcome.probe]).copied(),
                false if is_returned => outcome.candidates.first().map(|c| c.entry),
                _ => continue,
            };
            let Some(entry) = entry else { continue };
            errors.push(ErrorPair {
                kind: match outcome.is_mated {
                    true => ErrorKind::FalseNonMatch,
                    false => ErrorKind::FalseMatch,
                },
                first: self.picture(outcome.probe),
                second: self.picture(self.plan.gallery[entry].items[0]),
                score: outcome.score,
                threshold,
            });
        }
        errors
    }

    fn picture(&self, item: usize) -> lineament_eval::report::Picture {
        picture_of(
            &self.images.names[item],
            Some(&self.images.images[item].source),
        )
    }

    fn notes(&self, report: &IdentificationReport) -> Vec<String> {
        let mut notes = Vec::new();
        if self.n_unknown > 0 {
            let images = plural(self.n_unknown, "image shows", "images show");
            notes.push(format!("{images} nobody known and are left out."));
        }
        if report.n_non_mated == 0 {
            notes.push("Everybody who is searched for is enrolled: a closed set.".to_owned());
        }
        let supported = &report.at_fpir.supported;
        let measured = |key: &String| report.at_fpir.fnir_at_fpir[key].is_some();
        let weak = supported.iter().filter(|(key, is)| !**is && measured(key));
        let weak: Vec<&str> = weak.map(|(key, _)| key.as_str()).collect();
        if !weak.is_empty() {
            notes.push(format!(
                "Fewer than 30 false positives were to be expected at FPIR {}: figures there rest \
                 on few searches.",
                weak.join(", ")
            ));
        }
        notes
    }
}
