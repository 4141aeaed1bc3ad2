//! FaceNet (Schroff et al., CVPR 2015): a network trained by triplets, verification and clustering by
//! squared distances, and how long its embeddings should be.

use lineament_cluster::{Dendrogram, ScanPlan, UnitRows};
use lineament_eval::clusters::{Assignment, Clustering};
use lineament_eval::{
    About, Bootstrap, FlipMode, ModelIdentity, PairMatcher, PairReport, evaluate_clusters,
};
use lineament_match::FittedMatcher;

use super::features::{Rows, unit};
use super::report::{Measured, Report};
use super::runs::Model;
use super::study::{Course, Recipe, Seen, Study};
use super::view1::Side;
use crate::data::teacher::View;
use crate::error::TrainError;
use crate::run::{Threads, Watch};

const RECIPE: Recipe = Recipe {
    name: "facenet-nn2-small.toml",
    text: include_str!("../../../../recipes/facenet-nn2-small.toml"),
};

/// Cuts of the tree of clusters that are tried on the development set: mean cosines 0, 0.05 … 0.95.
const N_CUTS: u32 = 20;

/// The system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceNet {
    /// What all reproductions have.
    pub study: Study,
    /// Lengths of the embedding: 64, 128, 256 and 512 in the paper.
    pub dims: Vec<usize>,
}

impl FaceNet {
    /// Trains a network for each length, and judges pairs and clusters. `None` where that was stopped; the next call
    /// goes on.
    ///
    /// # Errors
    /// As [`Comparison::train`](super::Comparison::train), and those of the protocol.
    pub fn run(
        &self,
        (threads, watch): (Threads, &mut dyn Watch),
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<Report>, TrainError> {
        let titles = (
            "FaceNet (Schroff et al., CVPR 2015)",
            "the accuracy on LFW, View 2; VAL on the paper's hold-out set (table 5)",
        );
        self.study
            .report(RECIPE, (threads, watch), say, titles, |course, seed| {
                let mut seen = Seen::default();
                for &dim in &self.dims {
                    match self.of_dim(course, dim, seed)? {
                        None => return Ok(None),
                        Some(measured) => seen.measured.push(measured),
                    }
                }
                Ok(Some(seen))
            })
    }

    fn of_dim(
        &self,
        course: &mut Course<'_>,
        dim: usize,
        seed: u64,
    ) -> Result<Option<Measured>, TrainError> {
        let fields = [format!("network.options.embedding_dim={dim}")];
        let run = format!("facenet-{dim}-{seed}");
        let Some(network) = course.network(&run, seed, &fields, Model::Written)? else {
            return Ok(None);
        };
        let view1 = &course.view1;
        let rows =
            |side: &Side| Ok::<_, TrainError>(unit(network.features(&side.crops, View::Plain)?));
        let (dev, test) = (rows(&view1.dev)?, rows(&view1.test)?);
        let name = format!("{dim} values");
        let matcher = PairMatcher::Fixed(FittedMatcher::SquaredEuclidean);
        let report = view1.judge(&name, (&dev, &test), matcher)?;
        let accuracy = (dim == 128).then_some(99.63);
        let mut measured = Measured::new(&name, accuracy, &report);
        measured.others.extend(validation_rates(&report));
        let published = published(dim).map(|val| (PUBLISHED_VAL.to_owned(), val / 100.0));
        measured.others.extend(published);
        if let Some(f) = clustered((&view1.dev, &dev), (&view1.test, &test))? {
            measured.others.insert("clusters, BCubed F".to_owned(), f);
        }
        Ok(Some(measured))
    }
}

/// What the paper's validation rates are called.
const PUBLISHED_VAL: &str = "VAL at FAR 1e-3, published";

/// The paper's VAL at a FAR of 1e-3, in per cent.
fn published(dim: usize) -> Option<f64> {
    let table = [(64, 86.8), (128, 87.9), (256, 87.7), (512, 85.6)];
    table.iter().find(|(d, _)| *d == dim).map(|(_, val)| *val)
}

/// The validation rates at false-accept rates that the pairs support.
fn validation_rates(report: &PairReport) -> impl Iterator<Item = (String, f64)> {
    let rates = report.at_fmr.tar_at_fmr.iter();
    rates.filter_map(|(rate, val)| Some((format!("VAL at FAR {rate}"), (*val)?)))
}

/// How well the people of the test set are found by average linkage, cut where the development set is clustered
/// best; `None` where nobody says who they are.
fn clustered(
    (dev, dev_rows): (&Side, &Rows),
    (test, test_rows): (&Side, &Rows),
) -> Result<Option<f64>, TrainError> {
    let (Some(dev), Some(test)) = (Faces::of(dev, dev_rows)?, Faces::of(test, test_rows)?) else {
        return Ok(None);
    };
    let mut best = (0.0, f64::NEG_INFINITY);
    for cut in 0..N_CUTS {
        let score = f64::from(cut) / f64::from(N_CUTS);
        let f = dev.f(score)?;
        if f > best.1 {
            best = (score, f);
        }
    }
    test.f(best.0).map(Some)
}

/// The faces of a side that have a feature.
struct Faces {
    names: Vec<String>,
    persons: Vec<Option<usize>>,
    tree: Dendrogram,
}

impl Faces {
    fn of(side: &Side, rows: &Rows) -> Result<Option<Self>, TrainError> {
        let Some(persons) = &side.persons else {
            return Ok(None);
        };
        let there: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].is_some()).collect();
        let features: Vec<&Vec<f32>> = rows.iter().flatten().collect();
        let rows = UnitRows::from_rows(&features).map_err(clustering)?;
        let most = Dendrogram::DEFAULT_MAX_ROWS;
        let tree = Dendrogram::average_linkage(&rows, most, &ScanPlan::default());
        Ok(Some(Self {
            names: there.iter().map(|&i| side.names[i].clone()).collect(),
            persons: there.iter().map(|&i| Some(persons[i])).collect(),
            tree: tree.map_err(clustering)?,
        }))
    }

    /// BCubed F of the clusters whose mean cosines to one another are `min_score` or less.
    fn f(&self, min_score: f64) -> Result<f64, TrainError> {
        let clusters = self.tree.cut(min_score).map_err(clustering)?;
        let assignment =
            |label: Option<usize>| label.map_or(Assignment::Alone, Assignment::Cluster);
        let assignments: Vec<Assignment> = clusters
            .labels()
            .iter()
            .map(|label| assignment(*label))
            .collect();
        let clustering = Clustering {
            names: &self.names,
            persons: &self.persons,
            assignments: &assignments,
        };
        let about = About {
            protocol: "clusters".to_owned(),
            declaration: None,
            model: ModelIdentity {
                name: "facenet".to_owned(),
                sha256: String::new(),
            },
            flip: FlipMode::Off,
            command: String::new(),
        };
        let few = Bootstrap {
            n_replicates: 40,
            seed: 0,
        };
        Ok(evaluate_clusters(about, clustering, few)?.bcubed.f)
    }
}

fn clustering(error: lineament_cluster::ClusterError) -> TrainError {
    TrainError::Eval(error.into())
}
