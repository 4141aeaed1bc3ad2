//! Reports of searches, clusters, detections and groups as runs of a page.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_core::Rect;
use lineament_eval::blufr::{BlufrOptions, BlufrTrial};
use lineament_eval::clusters::{Assignment, Clustering};
use lineament_eval::detection::{
    DetectionImage, DetectionMaterial, DetectionOptions, FoundFace, MarkedFace, Standing,
};
use lineament_eval::fairness::{Groups, SharedThreshold};
use lineament_eval::identification::{
    DistractorOptions, DistractorSearch, Enrolled, SearchPlan, SplitOptions, identify_galleries,
};
use lineament_eval::report::{CurveKind, FigureValue, ReportRun, write_report};
use lineament_eval::templates::{MatchOptions, TemplateMatch};
use lineament_eval::{
    About, Bootstrap, FlipMode, IdentificationOptions, Judging, LabelledSet, ModelIdentity, Pair,
    PairList, Seeded, evaluate_blufr, evaluate_clusters, evaluate_detections, evaluate_fairness,
    evaluate_matches, evaluate_scores, identify,
};
use lineament_match::FittedMatcher;

const N_PEOPLE: usize = 12;
const N_EACH: usize = 4;
const BOOTSTRAP: Bootstrap = Bootstrap {
    n_replicates: 40,
    seed: 0,
};

struct Set {
    names: Vec<String>,
    persons: Vec<usize>,
    templates: Vec<Option<Vec<f32>>>,
}

impl Set {
    fn new() -> Self {
        let mut random = Seeded::new(8);
        let persons: Vec<usize> = (0..N_PEOPLE * N_EACH).map(|i| i / N_EACH).collect();
        let template = |person: &usize| {
            let noise = |i: usize| (i == *person) as u8 as f32 + random.below(100) as f32 / 90.0;
            Some((0..N_PEOPLE).map(noise).collect())
        };
        Self {
            names: (0..persons.len()).map(|i| format!("item {i}")).collect(),
            templates: persons.iter().map(template).collect(),
            persons,
        }
    }

    fn set(&self) -> LabelledSet<'_> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &self.templates,
        }
    }

    fn plan(&self) -> SearchPlan {
        SearchPlan::split(&self.persons, &SplitOptions::default()).unwrap()
    }
}

fn about(protocol: &str) -> About {
    About {
        protocol: protocol.to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "drawn".to_owned(),
            sha256: "0".repeat(64),
        },
        flip: FlipMode::Off,
        command: format!("lineament eval {protocol}"),
    }
}

fn options() -> IdentificationOptions {
    IdentificationOptions {
        fpir_targets: vec![0.1, 1e-5],
        bootstrap: BOOTSTRAP,
        ..IdentificationOptions::default()
    }
}

/// The values of a run's figures of these names.
fn values(run: &ReportRun, names: &[&str]) -> Vec<FigureValue> {
    let value = |name: &&str| {
        let found = run.figures.iter().find(|f| f.name == *name);
        assert!(found.is_some(), "{name} in {:?}", run.figures);
        found.unwrap().value.clone()
    };
    names.iter().map(value).collect()
}

fn kinds(run: &ReportRun) -> Vec<CurveKind> {
    run.curves.iter().map(|c| c.kind).collect()
}

#[test]
fn searches_show_rates_and_both_curves() {
    let set = Set::new();
    let report = identify(about("identify"), set.set(), &set.plan(), &options()).unwrap();
    let run = report.run("Drawn").unwrap();
    let found = values(
        &run,
        &["Rank-1 rate", "FNIR at FPIR 10⁻⁵", "Persons enrolled"],
    );
    assert!(matches!(found[0], FigureValue::Share { share, .. } if share == report.rank_rate[&1]));
    assert!(matches!(found[1], FigureValue::Missing(_)));
    assert!(matches!(found[2], FigureValue::Count(6)));
    assert_eq!(kinds(&run), [CurveKind::Ranks, CurveKind::OpenSet]);
    let galleries = ["G1", "G2"].map(|name| (name.to_owned(), set.plan()));
    let report = identify_galleries(about("ijb"), set.set(), &galleries, &options()).unwrap();
    let both = report.run("Drawn").unwrap();
    values(
        &both,
        &[
            "Rank-1 rate, mean",
            "Rank-1 rate, G1",
            "DIR at FPIR 10⁻¹, G2",
            "FNIR at FPIR 10⁻¹, mean",
        ],
    );
    let subsets: Vec<_> = both
        .curves
        .iter()
        .map(|c| c.subset.as_deref().unwrap())
        .collect();
    assert_eq!(subsets, ["G1", "G1", "G2", "G2"]);
    let folder = tempfile::tempdir().unwrap();
    write_report(folder.path(), &[run, both]).unwrap();
    for plot in ["1-cmc", "1-fnir-fpir", "2-cmc", "2-cmc-2", "2-fnir-fpir-2"] {
        assert!(folder.path().join(format!("{plot}.svg")).exists(), "{plot}");
    }
}

#[test]
fn distractors_show_a_rate_for_every_size() {
    let set = Set::new();
    let options = DistractorOptions {
        sizes: vec![10, 20],
        fmr_targets: vec![0.01],
        bootstrap: BOOTSTRAP,
    };
    let mut search = DistractorSearch::new(set.set(), options, 20).unwrap();
    search.add(&Set::new().templates[..20]).unwrap();
    let run = search
        .finish(about("megaface"))
        .unwrap()
        .run("Drawn")
        .unwrap();
    values(&run, &["Rank-1 rate, 20 distractors", "TAR at FMR 10⁻²"]);
    assert_eq!(
        kinds(&run),
        [CurveKind::Distractors, CurveKind::Verification]
    );
    assert_eq!(run.curves[0].points.len(), 2);
}

#[test]
fn matches_and_trials_show_rates() {
    let set = Set::new();
    let n = set.persons.len();
    let matches = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let matches = matches.map(|(i, j)| TemplateMatch {
        first: i as u32,
        second: j as u32,
        mated: set.persons[i] == set.persons[j],
    });
    let matches: Vec<TemplateMatch> = matches.collect();
    let options = MatchOptions::default();
    let report = evaluate_matches(about("ijbc"), set.set(), &matches, &options).unwrap();
    let run = report.run("Drawn").unwrap();
    let found = values(&run, &["TAR at FMR 10⁻²", "TAR at FMR 10⁻⁶", "AUC", "EER"]);
    assert!(matches!(found[1], FigureValue::Missing(_)));
    assert_eq!(kinds(&run), [CurveKind::Verification]);
    assert!(run.scores.is_some());
    let trial = BlufrTrial {
        train: vec![],
        test: (0..n).collect(),
        gallery: (0..n / 2).step_by(N_EACH).collect(),
        probes: (0..n).filter(|i| i % N_EACH > 0).collect(),
    };
    let trials = [trial.clone(), trial];
    let options = BlufrOptions {
        fmr_targets: vec![0.01],
        fpir_targets: vec![0.1],
        ..BlufrOptions::default()
    };
    let run = evaluate_blufr(about("blufr"), set.set(), &trials, &options)
        .unwrap()
        .run("Drawn");
    let found = values(
        &run,
        &["VR at FAR 10⁻², σ", "Rank-1 DIR at FAR 10⁻¹, µ − σ"],
    );
    // Twice the same trial.
    assert!(matches!(found[0], FigureValue::Share { share: 0.0, .. }));
}

#[test]
fn clusters_show_both_agreements() {
    let set = Set::new();
    let persons: Vec<_> = set.persons.iter().copied().map(Some).collect();
    let assignments: Vec<_> = (0..persons.len())
        .map(|i| Assignment::Cluster(i / 3))
        .collect();
    let clustering = Clustering {
        names: &set.names,
        persons: &persons,
        assignments: &assignments,
    };
    let run = evaluate_clusters(about("cluster"), clustering, BOOTSTRAP)
        .unwrap()
        .run("Drawn");
    let found = values(&run, &["Pairwise F", "BCubed precision", "Clusters"]);
    assert!(matches!(found[2], FigureValue::Count(16)));
}

#[test]
fn detections_show_precision_over_recall_by_subset() {
    let rect = |x: f32| Rect::from_corners(x, 0.0, x + 10.0, 10.0);
    let marked = |x: f32| MarkedFace {
        rect: rect(x),
        standing: Standing::Counted,
        landmarks: None,
        subsets: vec![0],
    };
    let found = |x: f32| FoundFace {
        rect: rect(x),
        score: 1.0 - f64::from(x) / 1e6,
        landmarks: None,
    };
    let places = (0..2000).map(|i| 20.0 * i as f32);
    let image = DetectionImage {
        name: "one".to_owned(),
        marked: places.clone().map(marked).collect(),
        found: Some(places.skip(1).map(found).collect()),
    };
    let subsets = ["easy".to_owned()];
    let material = DetectionMaterial {
        images: &[image],
        subsets: &subsets,
    };
    let options = DetectionOptions {
        bootstrap: BOOTSTRAP,
        ..DetectionOptions::default()
    };
    let run = evaluate_detections(about("detect"), material, &options)
        .unwrap()
        .run("Drawn");
    let values = values(
        &run,
        &[
            "AP at IoU 0.5, easy",
            "Recall at 10⁻² false per image, IoU 0.5, all",
        ],
    );
    assert!(
        matches!(values[0], FigureValue::Share { share, .. } if (share - 0.9995).abs() < 1e-12)
    );
    assert_eq!(run.curves.len(), 2);
    let points = &run.curves[0].points;
    assert!(points.len() <= 402, "{}", points.len());
    assert_eq!(points[points.len() - 1], [0.9995, 1.0]);
}

#[test]
fn groups_show_rates_and_ratios() {
    let set = Set::new();
    let pair = |i: usize| Pair {
        first: i,
        second: (i + 1 + i % 2 * 2 * N_EACH) % set.persons.len(),
        mated: false,
        fold: i / 2 % 2,
    };
    let with_label = |pair: Pair| Pair {
        mated: set.persons[pair.first] == set.persons[pair.second],
        ..pair
    };
    let pairs: Vec<Pair> = (0..set.persons.len()).map(pair).map(with_label).collect();
    let scores: Vec<_> = (0..pairs.len())
        .map(|i| Some((i * 7 % 10) as f64))
        .collect();
    let list = PairList {
        names: &set.names,
        persons: Some(&set.persons),
        pairs: &pairs,
    };
    let judging = Judging {
        bootstrap: BOOTSTRAP,
        ..Judging::default()
    };
    let matcher = FittedMatcher::Cosine;
    let report = evaluate_scores(about("fairness"), list, &scores, &matcher, &judging).unwrap();
    let names = ["a", "b"].map(str::to_owned);
    let of_items: Vec<_> = set.persons.iter().map(|p| Some(p / 6)).collect();
    let groups = Groups {
        column: "drawn",
        names: &names,
        of_items: &of_items,
    };
    let at = SharedThreshold::At(5.0);
    let report = evaluate_fairness(&report, groups, Some(&set.persons), at, BOOTSTRAP).unwrap();
    let run = report.run("Drawn");
    values(
        &run,
        &[
            "Threshold",
            "FMR of all",
            "Greatest over least FNMR",
            "GARBE, α = ½",
        ],
    );
    assert_eq!(run.groups.unwrap().groups.len(), 2);
}

#[test]
fn a_gallery_of_one_template_each_is_a_plan() {
    let set = Set::new();
    let enrolled = |person: usize| Enrolled {
        person,
        items: vec![person * N_EACH],
    };
    let gallery = (0..N_PEOPLE).map(enrolled).collect();
    let probes: Vec<usize> = (0..set.persons.len()).filter(|i| i % N_EACH > 0).collect();
    let plan = SearchPlan::of_gallery(&set.persons, gallery, &probes);
    // Nobody is unknown: there is no open set, and no curve of one.
    let report = identify(about("identify"), set.set(), &plan, &options()).unwrap();
    let run = report.run("Drawn").unwrap();
    assert_eq!(kinds(&run), [CurveKind::Ranks]);
    assert_eq!(report.at_fpir.fnir_at_fpir["1e-1"], None);
}
