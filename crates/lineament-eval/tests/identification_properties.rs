//! What must hold for any searches.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::identification::{
    Candidate, Enrolled, Rejecter, SearchPlan, SplitOptions, TopCandidates,
};
use lineament_eval::{
    About, Bootstrap, EvalError, FlipMode, IdentificationOptions, IdentificationReport,
    LabelledSet, ModelIdentity, Seeded, identify,
};
use lineament_match::OpenMaxOptions;
use proptest::prelude::*;

const D: usize = 6;

struct Set {
    names: Vec<String>,
    persons: Vec<usize>,
    templates: Vec<Option<Vec<f32>>>,
}

impl Set {
    /// `per_person` items each of `n_persons`, one in 20 without a template.
    fn new(n_persons: usize, per_person: usize, seed: u64) -> Self {
        let mut random = Seeded::new(seed);
        let mut value = || (random.below(2001) as f32 - 1000.0) / 1000.0;
        let persons: Vec<usize> = (0..n_persons * per_person)
            .map(|i| i / per_person)
            .collect();
        let centres: Vec<Vec<f32>> = (0..n_persons)
            .map(|_| (0..D).map(|_| value()).collect())
            .collect();
        let mut template = |i: usize| {
            let row: Vec<f32> = centres[persons[i]]
                .iter()
                .map(|c| c + 0.6 * value() + 1e-4)
                .collect();
            (i % 20 != 7).then_some(row)
        };
        let templates = (0..persons.len()).map(&mut template).collect();
        Self {
            names: (0..persons.len()).map(|i| i.to_string()).collect(),
            persons,
            templates,
        }
    }

    fn set(&self) -> LabelledSet<'_> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates: &self.templates,
        }
    }

    fn identify(&self, plan: &SearchPlan) -> Result<IdentificationReport, EvalError> {
        self.identify_by(plan, Rejecter::Score)
    }

    fn identify_by(
        &self,
        plan: &SearchPlan,
        rejecter: Rejecter,
    ) -> Result<IdentificationReport, EvalError> {
        let options = IdentificationOptions {
            rejecter,
            fpir_targets: vec![0.3, 0.2, 0.1],
            n_candidates: 3,
            bootstrap: Bootstrap {
                n_replicates: 40,
                seed: 1,
            },
            ..IdentificationOptions::default()
        };
        identify(about(), self.set(), plan, &options)
    }
}

fn about() -> About {
    About {
        protocol: "identify".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    }
}

fn split(set: &Set, n_shots: usize, seed: u64) -> SearchPlan {
    let options = SplitOptions {
        n_shots,
        unknown_share: 0.4,
        seed,
    };
    SearchPlan::split(&set.persons, &options).unwrap()
}

proptest! {
    #[test]
    fn the_best_candidates_are_those_that_sorting_gives(
        scores in proptest::collection::vec(-3_i32..3, 0..40), n in 0_usize..9,
    ) {
        let mut top = TopCandidates::new(n);
        let all: Vec<Candidate> = scores.iter().enumerate()
            .map(|(entry, s)| Candidate { entry, score: f64::from(*s) }).collect();
        all.iter().rev().for_each(|c| top.add(*c));
        let mut sorted = all;
        // Stable, so that the smaller index stays first among equals.
        sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
        sorted.truncate(n);
        prop_assert_eq!(top.into_sorted(), sorted);
    }

    #[test]
    fn rates_rise_with_the_rank_and_fall_with_the_false_positive_rate(seed in 0_u64..1000) {
        let set = Set::new(14, 4, seed);
        let report = set.identify(&split(&set, 1, seed)).unwrap();
        let cmc = report.cmc(10);
        prop_assert!(cmc.is_sorted());
        prop_assert_eq!(cmc[0], report.rank_rate[&1]);
        let fnir: Vec<f64> = ["1e-1", "2e-1", "3e-1"].iter()
            .filter_map(|key| report.at_fpir.fnir_at_fpir[*key]).collect();
        prop_assert!(fnir.is_sorted_by(|a, b| a >= b));
        // An open-set search can only miss what a closed-set one misses.
        prop_assert!(fnir.iter().all(|f| *f >= 1.0 - cmc[0] - 1e-12));
    }

    #[test]
    fn the_order_of_gallery_and_probes_does_not_matter(seed in 0_u64..1000) {
        let set = Set::new(12, 4, seed);
        let plan = split(&set, 2, seed);
        let mut turned = plan.clone();
        turned.gallery.reverse();
        turned.mated.reverse();
        turned.non_mated.reverse();
        let (report, other) = (set.identify(&plan).unwrap(), set.identify(&turned).unwrap());
        prop_assert_eq!(&report.rank_rate, &other.rank_rate);
        prop_assert_eq!(&report.at_fpir, &other.at_fpir);
        prop_assert_eq!(report.scores().unwrap(), other.scores().unwrap());
    }

    #[test]
    fn a_split_keeps_persons_and_items_apart(
        seed in 0_u64..1000, n_shots in 1_usize..4, unknown_share in 0.0_f64..0.9,
    ) {
        let set = Set::new(10, 4, seed);
        let options = SplitOptions { n_shots, unknown_share, seed };
        let plan = SearchPlan::split(&set.persons, &options).unwrap();
        let mut items: Vec<usize> = plan.gallery.iter().flat_map(|e| e.items.clone()).collect();
        prop_assert_eq!(items.len(), n_shots * plan.gallery.len());
        items.extend(plan.mated.iter().chain(&plan.non_mated));
        items.sort_unstable();
        prop_assert_eq!(items, (0..40).collect::<Vec<_>>());
        let known = |i: &usize| plan.gallery.iter().any(|e| e.person == set.persons[*i]);
        prop_assert!(plan.mated.iter().all(known));
        prop_assert!(!plan.non_mated.iter().any(known));
    }
}

#[test]
fn failures_miss_and_raise_no_alarm() {
    let set = Set::new(14, 4, 3);
    let plan = split(&set, 1, 3);
    let report = set.identify(&plan).unwrap();
    assert!(report.n_failed > 0);
    for outcome in &report.outcomes {
        let enrolled = plan
            .gallery
            .iter()
            .find(|e| e.person == set.persons[outcome.probe]);
        let has = |item: usize| set.templates[item].is_some();
        let is_made = has(outcome.probe) && enrolled.is_none_or(|e| has(e.items[0]));
        assert_eq!(outcome.score.is_some(), is_made);
        assert_eq!(outcome.rank.is_some(), is_made && outcome.is_mated);
        assert_eq!(outcome.candidates.is_empty(), !has(outcome.probe));
    }
    assert_eq!(report.scores().unwrap().non_mated.n(), plan.non_mated.len());
}

#[test]
fn a_set_that_fails_altogether_misses_altogether() {
    let mut set = Set::new(4, 3, 0);
    let plan = split(&set, 1, 0);
    for probe in plan.mated.iter().chain(&plan.non_mated) {
        set.templates[*probe] = None;
    }
    let report = set.identify(&plan).unwrap();
    assert_eq!(report.rank_rate[&20], 0.0);
    assert_eq!(report.n_failed, report.outcomes.len());
}

#[test]
fn open_max_is_fitted_on_the_gallery_and_accepts_who_is_in_it() {
    let mut set = Set::new(8, 9, 11);
    for (i, template) in set.templates.iter_mut().enumerate() {
        let person = set.persons[i];
        // Everyone has a direction of their own, so that each sample is classified correctly.
        *template = template.clone().or(Some(vec![0.1; D]));
        if let Some(row) = template {
            row.iter_mut().for_each(|v| *v *= 0.05);
            row[person % D] += if person < D { 1.0 } else { -1.0 };
        }
    }
    let plan = split(&set, 6, 2);
    let options = OpenMaxOptions {
        tail_size: 4,
        n_revised: 2,
    };
    let matcher = lineament_match::FittedMatcher::Cosine;
    let rejecter = Rejecter::open_max(set.set(), &plan, &matcher, 16.0, &options).unwrap();
    let report = set.identify_by(&plan, rejecter).unwrap();
    let scores = report.scores().unwrap();
    let probabilities = scores
        .mated
        .descending()
        .iter()
        .chain(scores.non_mated.descending());
    assert!(probabilities.clone().all(|p| (0.0..=1.0).contains(p)));
    assert_eq!(report.rank_rate[&1], 1.0);
    // Tails of few samples refuse some probes of the enrolled, never most.
    let median = scores.mated.descending()[scores.mated.n() / 2];
    assert!(median > scores.non_mated.descending()[0]);
    let few = OpenMaxOptions {
        tail_size: 7,
        n_revised: 2,
    };
    let error = Rejecter::open_max(set.set(), &plan, &matcher, 16.0, &few).unwrap_err();
    assert!(matches!(error, EvalError::Match(_)), "{error}");
}

#[test]
fn plans_that_contradict_the_set_are_refused() {
    let set = Set::new(4, 3, 0);
    let plan = split(&set, 1, 0);
    let mut twice = plan.clone();
    twice.gallery.push(plan.gallery[0].clone());
    let mut stranger = plan.clone();
    stranger.gallery[0].items = vec![plan.non_mated[0]];
    let mut swapped = plan.clone();
    swapped.mated.push(plan.non_mated[0]);
    let mut known = plan.clone();
    known.non_mated.push(plan.mated[0]);
    for wrong in [twice, stranger, swapped, known] {
        let error = set.identify(&wrong).unwrap_err();
        assert!(matches!(error, EvalError::Plan { .. }), "{error}");
    }
    let mut beyond = plan.clone();
    beyond.non_mated.push(99);
    assert!(matches!(
        set.identify(&beyond),
        Err(EvalError::Index { n: 12, got: 99, .. })
    ));
    let mut nobody = plan.clone();
    nobody.gallery = vec![];
    assert!(matches!(
        set.identify(&nobody),
        Err(EvalError::TooFew { .. })
    ));
    let empty = Enrolled {
        person: plan.gallery[0].person,
        items: vec![],
    };
    let mut itemless = plan;
    itemless.gallery[0] = empty;
    assert!(matches!(
        set.identify(&itemless),
        Err(EvalError::TooFew { .. })
    ));
}

#[test]
fn splits_that_cannot_be_made_are_refused() {
    let split = |n_shots, unknown_share| {
        SearchPlan::split(
            &[0, 0, 1, 1],
            &SplitOptions {
                n_shots,
                unknown_share,
                seed: 0,
            },
        )
    };
    assert!(matches!(split(0, 0.0), Err(EvalError::TooFew { .. })));
    assert!(matches!(split(2, 0.0), Err(EvalError::TooFew { .. })));
    for share in [1.0, -0.1, f64::NAN] {
        assert!(matches!(split(1, share), Err(EvalError::OutOfRange { .. })));
    }
}

#[test]
fn the_report_has_the_keys_that_are_printed() {
    let set = Set::new(14, 4, 3);
    let json = serde_json::to_value(set.identify(&split(&set, 1, 3)).unwrap()).unwrap();
    for key in [
        "protocol",
        "model",
        "command",
        "n_gallery",
        "n_mated",
        "n_non_mated",
        "n_failed",
    ] {
        assert!(!json[key].is_null(), "{key}");
    }
    assert!(json["rank_rate"]["1"].is_f64());
    assert!(json["fnir_at_fpir"]["1e-1"].is_f64());
    assert!(json["dir_at_fpir"]["1e-1"].is_f64());
    assert!(json["by_person"]["rank_ci"]["1"].is_array());
    assert!(json.get("outcomes").is_none());
}
