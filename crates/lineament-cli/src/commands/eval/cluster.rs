//! `lineament eval cluster`: how well clusters of faces are people.

use lineament_cluster::{
    ClusterError, Clusters, DbscanOptions, Dendrogram, KnnGraph, ScanPlan, UnitRows,
    WhispersOptions, chinese_whispers, connected_components, dbscan,
};
use lineament_eval::clusters::{Assignment, Clustering};
use lineament_eval::{Bootstrap, EvalError, evaluate_clusters};

use crate::args::eval::sets::{AlgorithmName, Cluster};
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

/// How faces are clustered.
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Whispers {
        n_neighbours: usize,
        max_rounds: usize,
        seed: u64,
    },
    Linkage {
        max_faces: usize,
    },
    Dbscan {
        min_points: usize,
    },
    Components,
}

/// A set and how it is clustered.
struct Job {
    settings: EvaluationSettings,
    protocol: String,
    images: LabelledImages,
    algorithm: Algorithm,
    rule: Rule,
}

pub(super) fn run(args: Cluster, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let algorithm = Algorithm::new(&args);
    let rule = rule(&args.decision)?;
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
        let threshold = Threshold::of_embedder(model.strictest(self.rule)?, model.embedder()?)
            .map_err(|error| error.help("--threshold says at which score faces are together"))?;
        let templates = Templates::of(model, &self.images.images, interrupt)?;
        let min_score = f64::from(threshold.threshold.value());
        let assignments = self
            .algorithm
            .assignments(&templates.rows, min_score)
            .map_err(|error| failure(&EvalError::from(error)))?;
        let clustering = Clustering {
            names: &self.images.names,
            persons: &self.images.persons,
            assignments: &assignments,
        };
        let report = evaluate_clusters(about, clustering, BOOTSTRAP).map_err(|e| failure(&e))?;
        let choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            ("Clustered by".to_owned(), self.algorithm.in_words()),
            (
                "Threshold".to_owned(),
                format!("{min_score:.4} ({})", threshold.source_in_words()),
            ),
        ];
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

impl Algorithm {
    fn new(args: &Cluster) -> Self {
        match args.algorithm {
            AlgorithmName::Whispers => Self::Whispers {
                n_neighbours: args.neighbours.get(),
                max_rounds: args.rounds.get(),
                seed: args.seed,
            },
            AlgorithmName::Linkage => Self::Linkage {
                max_faces: args.max_faces.get(),
            },
            AlgorithmName::Dbscan => Self::Dbscan {
                min_points: args.min_points.get(),
            },
            AlgorithmName::Components => Self::Components,
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Whispers {
                n_neighbours,
                max_rounds,
                seed,
            } => format!(
                "Chinese Whispers, {n_neighbours} neighbours, {max_rounds} rounds at most, seed {seed}"
            ),
            Self::Linkage { .. } => "average linkage".to_owned(),
            Self::Dbscan { min_points } => format!("DBSCAN, cores of {min_points}"),
            Self::Components => "connected components".to_owned(),
        }
    }

    /// Where each of the templates is put.
    fn assignments(
        self,
        templates: &[Option<Vec<f32>>],
        min_score: f64,
    ) -> Result<Vec<Assignment>, ClusterError> {
        let rows: Vec<&[f32]> = templates.iter().flatten().map(Vec::as_slice).collect();
        if rows.is_empty() {
            return Ok(vec![Assignment::Failed; templates.len()]);
        }
        let clusters = self.cluster(&UnitRows::from_rows(&rows)?, min_score)?;
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

    fn cluster(self, rows: &UnitRows, min_score: f64) -> Result<Clusters, ClusterError> {
        let plan = ScanPlan::default();
        match self {
            Self::Whispers {
                n_neighbours,
                max_rounds,
                seed,
            } => {
                let graph = KnnGraph::exact(rows, n_neighbours, &plan)?;
                let options = WhispersOptions {
                    min_score,
                    max_rounds,
                    seed,
                };
                chinese_whispers(&graph, &options)
            }
            Self::Linkage { max_faces } => {
                Dendrogram::average_linkage(rows, max_faces, &plan)?.cut(min_score)
            }
            Self::Dbscan { min_points } => {
                let options = DbscanOptions {
                    min_score,
                    min_points,
                };
                dbscan(rows, &options, &plan)
            }
            Self::Components => connected_components(rows, min_score, &plan),
        }
    }
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
            let found = algorithm.assignments(&templates, 0.5).unwrap();
            assert_eq!(
                found,
                [zero, Assignment::Failed, lone, zero],
                "{algorithm:?}"
            );
        }
        let failed = Algorithm::Components.assignments(&[None, None], 0.5);
        assert_eq!(failed.unwrap(), [Assignment::Failed; 2]);
    }
}
