//! `lineament eval fairness`: error rates by group of people at one threshold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lineament_data::lists::csv_pairs::CsvPairs;
use lineament_data::lists::{cfp, csv_pairs, groups, lfw, ytf};
use lineament_data::{DataError, DataLimits, PairProtocol};
use lineament_eval::fairness::{
    FairnessReport, Groups, ScoredPair, SharedThreshold, evaluate_groups,
};
use lineament_eval::{Bootstrap, PairMaterial, held_out_scores};
use lineament_match::FittedMatcher;
use serde_json::Value;

use super::bad_list;
use crate::args::eval::sets::{Fairness, PairForm};
use crate::args::eval::{Method, ThresholdsName};
use crate::evaluation::faces::FaceSource;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::{failure, see};
use crate::evaluation::pair_list::ListedPairs;
use crate::evaluation::set_run::{Measured, on_each_model};
use crate::evaluation::settings::EvaluationSettings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::plural;

const BOOTSTRAP: Bootstrap = Bootstrap {
    n_replicates: 1000,
    seed: 0,
};

/// A protocol and the groups of those in it.
struct Job {
    settings: EvaluationSettings,
    protocol: PairProtocol,
    listed: ListedPairs,
    /// What the groups are.
    column: String,
    names: Vec<String>,
    of_items: Vec<Option<usize>>,
    threshold: SharedThreshold,
    method: MethodSettings,
}

pub(super) fn run(args: Fairness, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let job = Job::new(args)?;
    let n_images = job.protocol.items.iter().map(|item| item.images.len());
    on_each_model(&job.settings, n_images.sum(), |model| {
        Ok(vec![job.measure(model, interrupt)?])
    })
}

impl Job {
    fn new(args: Fairness) -> Result<Self, Failure> {
        let method = MethodSettings::new(Method {
            comparing: args.comparing,
            thresholds: ThresholdsName::Exact,
        })?;
        let is_cosine = matches!(method.ready(), Some(FittedMatcher::Cosine));
        let threshold = match args.threshold {
            Some(score) if !(-1.0..=1.0).contains(&score) && is_cosine => {
                return Err(Failure::usage(format!(
                    "--threshold is a score from -1 to 1, not {score}"
                )));
            }
            Some(score) => SharedThreshold::At(score),
            None => SharedThreshold::AtFmr(args.fmr),
        };
        let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
        let read = read(&args.list, args.images.as_deref(), args.form).map_err(bad_list)?;
        let (column, of_items) = match (&args.groups, args.by) {
            (Some(path), Some(column)) => {
                let limits = DataLimits::default();
                let groups = groups::read_groups(path, &column, &limits).map_err(bad_list)?;
                let of_items = by_person(&read.protocol, &groups)?;
                (column, of_items)
            }
            _ => ("group".to_owned(), by_list(&args.list, &read)?),
        };
        let names: BTreeSet<&String> = of_items.iter().flatten().collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let number = |group: &String| names.binary_search(group).ok();
        let listed = ListedPairs::new(&read.protocol);
        method.check_list(&listed)?;
        if method.ready().is_none() && read.protocol.n_folds < 2 {
            return Err(Failure::usage(format!(
                "{} has a single fold, and a matcher must learn from other pairs than those it \
                 compares",
                read.protocol.name
            ))
            .help("--matcher-file takes one that was learned elsewhere"));
        }
        Ok(Self {
            settings,
            listed,
            of_items: of_items
                .iter()
                .map(|g| g.as_ref().and_then(number))
                .collect(),
            protocol: read.protocol,
            column,
            names,
            threshold,
            method,
        })
    }

    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let about = model.about(&format!("fairness-{}", self.protocol.name))?;
        let seen = see(model, &self.protocol.items, about.flip, interrupt)?;
        self.method.check_templates(&seen.templates)?;
        let list = self.listed.list();
        let material = PairMaterial {
            list,
            templates: &seen.templates,
        };
        let scores = held_out_scores(material, &self.method.options).map_err(|e| failure(&e))?;
        let scored: Vec<ScoredPair> = list.pairs.iter().copied().zip(scores).collect();
        let groups = Groups {
            column: &self.column,
            names: &self.names,
            of_items: &self.of_items,
        };
        let persons = list.persons;
        let report = evaluate_groups(about, &scored, groups, persons, self.threshold, BOOTSTRAP)
            .map_err(|e| failure(&e))?;
        let templates = seen.templates.iter().zip(&self.protocol.items);
        let failures = templates.filter(|(template, _)| template.is_none());
        let failures: Vec<String> = failures.map(|(_, item)| item.name.clone()).collect();
        let how = match self.threshold {
            SharedThreshold::At(_) => "given".to_owned(),
            SharedThreshold::AtFmr(rate) => format!("the smallest with FMR {rate} over all pairs"),
        };
        let mut choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            ("Matcher".to_owned(), self.method.matcher_name().to_owned()),
            ("Groups".to_owned(), self.column.clone()),
            ("Threshold".to_owned(), how),
        ];
        choices.extend(self.method.in_words());
        let run = Ok(report.run("Fairness"));
        let mut measured =
            Measured::new(&report, run, &failures, choices)?.unreadable(seen.n_unreadable);
        let run = measured.run_mut();
        run.n_failed = failures.len();
        run.notes = notes(&report);
        if let Value::Object(result) = &mut run.result {
            result.insert("failures".to_owned(), failures.into());
        }
        Ok(measured)
    }
}

fn read(list: &Path, images: Option<&Path>, form: PairForm) -> Result<CsvPairs, DataError> {
    let limits = DataLimits::default();
    let images = images.unwrap_or_else(|| list.parent().unwrap_or(Path::new("")));
    let protocol = match form {
        PairForm::Csv => return csv_pairs::read_pairs(list, images, &limits),
        PairForm::Lfw => lfw::read_pairs(list, images, &limits),
        PairForm::Ytf => ytf::read_splits(list, ytf::Labels::of_file(list), images, &limits),
        PairForm::CfpFf => cfp::read_pairs(list, cfp::Views::FrontalFrontal, &limits),
        PairForm::CfpFp => cfp::read_pairs(list, cfp::Views::FrontalProfile, &limits),
    };
    Ok(CsvPairs {
        protocol: protocol?,
        groups: None,
    })
}

/// The group of every item, by its person.
fn by_person(
    protocol: &PairProtocol,
    groups: &BTreeMap<String, String>,
) -> Result<Vec<Option<String>>, Failure> {
    let group = |person: &Option<String>| groups.get(person.as_ref()?).cloned();
    let of_items: Vec<Option<String>> = protocol.items.iter().map(|i| group(&i.person)).collect();
    match of_items.iter().any(Option::is_some) {
        true => Ok(of_items),
        false => Err(Failure::new(
            Exit::BadInput,
            format!("nobody in {} is in a group of --groups", protocol.name),
        )
        .help("people are found by their names in the list; a CSV needs first_person and second_person")),
    }
}

/// The group of every item, as the list gives it for both sides of each pair.
fn by_list(path: &Path, read: &CsvPairs) -> Result<Vec<Option<String>>, Failure> {
    let Some(groups) = &read.groups else {
        return Err(
            Failure::usage(format!("{} names no groups", path.display()))
                .help("--groups FILE --by COLUMN says who is in which group"),
        );
    };
    let mut of_items: Vec<Option<String>> = vec![None; read.protocol.items.len()];
    for (pair, groups) in read.protocol.pairs.iter().zip(groups) {
        for (item, group) in [pair.first, pair.second].into_iter().zip(groups) {
            let Some(group) = group else { continue };
            let before = of_items[item].get_or_insert_with(|| group.clone());
            if before != group {
                let name = &read.protocol.items[item].name;
                let expected = format!("{name} in the group {before}, as before");
                return Err(bad_list(DataError::line(path, pair.line, expected, group)));
            }
        }
    }
    Ok(of_items)
}

fn notes(report: &FairnessReport) -> Vec<String> {
    let mut notes = Vec::new();
    if report.n_without_group > 0 {
        let pairs = plural(report.n_without_group, "pair has", "pairs have");
        notes.push(format!(
            "{pairs} a side without a group, and count among all only."
        ));
    }
    if report.n_failed > 0 {
        let pairs = plural(report.n_failed, "pair", "pairs");
        notes.push(format!("{pairs} failed: mated ones count as refused."));
    }
    notes
}
