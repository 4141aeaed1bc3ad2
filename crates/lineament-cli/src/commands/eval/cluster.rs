//! `lineament eval cluster`: how well clusters of faces are people.

use lineament_cluster::{ClusterError, UnitRows};
use lineament_eval::clusters::{Assignment, Clustering};
use lineament_eval::{Bootstrap, EvalError, evaluate_clusters};

use crate::args::eval::sets::Cluster;
use crate::clustering::Algorithm;
use crate::evaluation::labelled::{LabelledImages, People, open, protocol_name, usual_faces};
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::failure;
use crate::evaluation::set_run::{Measured, Templates, on_each_model};
use crate::evaluation::settings::EvaluationSettings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::Threshold;
use crate::settings::{Rule, rule};

const BOOTSTRAP: Bootstrap = Bootstrap {
    n_replicates: 1000,
    seed: 0,
};

/// A set and how it is clustered.
struct Job {
    settings: EvaluationSettings,
    protocol: String,
    images: LabelledImages,
    algorithm: Algorithm,
    rule: Rule,
}

pub(super) fn run(args: Cluster, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let algorithm = Algorithm::from(&args.clustering);
    let rule = rule(&args.decision)?;
    algorithm.check_rule(rule)?;
    let set = open(&args.set)?;
    let settings = EvaluationSettings::new(args.evaluation, usual_faces(set.kind()))?;
    let job = Job {
        protocol: protocol_name("cluster", &set),
        images: LabelledImages::read(&set, &mut People::default(), settings.faces)?,
        settings,
        algorithm,
        rule,
    };
    on_each_model(&job.settings, job.images.names.len(), |model| {
        Ok(vec![job.measure(model, interrupt)?])
    })
}

impl Job {
    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let about = model.about(&self.protocol)?;
        let threshold = || {
            Threshold::of_embedder(model.strictest(self.rule)?, model.embedder()?)
                .map_err(|error| error.help("--threshold says at which score faces are together"))
        };
        let threshold = self.algorithm.has_threshold().then(threshold).transpose()?;
        let templates = Templates::of(model, &self.images.images, interrupt)?;
        let min_score = Threshold::least_score(threshold.as_ref());
        let assignments = assignments(self.algorithm, &templates.rows, min_score)
            .map_err(|error| failure(&EvalError::from(error)))?;
        let clustering = Clustering {
            names: &self.images.names,
            persons: &self.images.persons,
            assignments: &assignments,
        };
        let report = evaluate_clusters(about, clustering, BOOTSTRAP).map_err(|e| failure(&e))?;
        let mut choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            (
                "Clustered by".to_owned(),
                self.algorithm.in_words(templates.rows.len()),
            ),
        ];
        if let Some(threshold) = threshold {
            let in_words = format!("{min_score:.4} ({})", threshold.source_in_words());
            choices.push(("Threshold".to_owned(), in_words));
        }
        let run = Ok(report.run("Clustering"));
        let mut measured = Measured::new(&report, run, &report.failures, choices)?
            .unreadable(templates.n_unreadable);
        if report.n_unlabelled > 0 {
            let n = report.n_unlabelled;
            let note =
                format!("{n} images of nobody known were clustered too; no figure counts them.");
            measured.run_mut().notes.push(note);
        }
        Ok(measured)
    }
}

/// Where each of the templates is put.
fn assignments(
    algorithm: Algorithm,
    templates: &[Option<Vec<f32>>],
    min_score: f64,
) -> Result<Vec<Assignment>, ClusterError> {
    let rows: Vec<&[f32]> = templates.iter().flatten().map(Vec::as_slice).collect();
    if rows.is_empty() {
        return Ok(vec![Assignment::Failed; templates.len()]);
    }
    let clusters = algorithm.cluster(&UnitRows::from_rows(&rows)?, min_score)?;
    let mut labels = clusters.labels().iter();
    let assignment = |template: &Option<Vec<f32>>| match template {
        None => Assignment::Failed,
        Some(_) => match labels.next().copied().flatten() {
            Some(cluster) => Assignment::Cluster(cluster),
            None => Assignment::Alone,
        },
    };
    Ok(templates.iter().map(assignment).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_template_keeps_its_place() {
        let templates = [
            Some(vec![1.0, 0.0]),
            None,
            Some(vec![0.0, 1.0]),
            Some(vec![1.0, 0.1]),
        ];
        let [zero, one] = [0, 1].map(Assignment::Cluster);
        let cases = [
            (Algorithm::Components, one),
            (Algorithm::Linkage { max_faces: 3 }, one),
            (Algorithm::Dbscan { min_points: 2 }, Assignment::Alone),
        ];
        for (algorithm, lone) in cases {
            let found = assignments(algorithm, &templates, 0.5).unwrap();
            assert_eq!(
                found,
                [zero, Assignment::Failed, lone, zero],
                "{algorithm:?}"
            );
        }
        let failed = assignments(Algorithm::Components, &[None, None], 0.5);
        assert_eq!(failed.unwrap(), [Assignment::Failed; 2]);
    }
}
