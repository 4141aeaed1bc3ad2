//! What must hold for any features: symmetry, rising likelihood, files that come back, refusals.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lineament_match::{
    CohortStatistics, Features, FitOptions, FittedMatcher, JointBayesian, JointBayesianOptions,
    JointBayesianUpdate, MatchError, Matcher, MatcherKind, Pca, Placement, Pooling, SelectionMove,
    Training, TrainingPair, Whitening, fit, forward_backward, pool, probe_tail_confidence, s_norm,
    threshold_at_fmr,
};
use proptest::prelude::*;

const KINDS: [MatcherKind; 6] = [
    MatcherKind::Cosine,
    MatcherKind::SquaredEuclidean,
    MatcherKind::ChiSquared,
    MatcherKind::Siamese,
    MatcherKind::Lda,
    MatcherKind::JointBayesian,
];

const D: usize = 5;

/// Eight identities of one to six images each in `D` columns, and every pair of neighbours.
struct Material {
    features: Features,
    identities: Vec<usize>,
    pairs: Vec<TrainingPair>,
}

impl Material {
    fn new(noise: &[f64]) -> Self {
        let sizes = [3, 1, 6, 4, 5, 2, 4, 5];
        let per_image = sizes.iter().enumerate().map(|(i, n)| vec![i; *n]);
        let identities: Vec<usize> = per_image.flatten().collect();
        let n = identities.len();
        let value = |row: usize, column: usize| {
            let centre = noise[(identities[row] * 7 + column * 13) % noise.len()];
            2.0 * centre + noise[row * D + column]
        };
        let values = (0..n * D).map(|i| value(i / D, i % D)).collect();
        let every = (0..n).flat_map(|i| (i + 1..n.min(i + 9)).map(move |j| (i, j)));
        let pair = |(first, second): (usize, usize)| TrainingPair {
            first,
            second,
            mated: identities[first] == identities[second],
        };
        Self {
            features: Features::new(D, values).unwrap(),
            pairs: every.map(pair).collect(),
            identities,
        }
    }

    fn training(&self) -> Training<'_> {
        Training {
            features: &self.features,
            identities: Some(&self.identities),
            pairs: &self.pairs,
        }
    }
}

fn noise() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-1.0..1.0f64, 30 * D)
}

fn plain(kind: MatcherKind) -> FitOptions {
    FitOptions {
        kind,
        pca: None,
        whiten: Whitening::No,
    }
}

/// Noise without a random source, for tests of one case.
fn some_noise() -> Vec<f64> {
    let wave = |i: usize| ((i * i * 7 + i * 3) as f64 * 0.618_034).sin();
    (0..30 * D).map(wave).collect()
}

fn fitted() -> Vec<FittedMatcher> {
    let material = Material::new(&some_noise());
    let whitened = |kind| FitOptions {
        kind,
        pca: Some(3),
        whiten: Whitening::Yes,
    };
    let options = KINDS
        .iter()
        .flat_map(|kind| [plain(*kind), whitened(*kind)]);
    let fitted = options.map(|options| fit(&options, &material.training()).unwrap());
    fitted.chain([placed(&material.features)]).collect()
}

/// Squared distances between features less the first and on three components.
fn placed(features: &Features) -> FittedMatcher {
    let mean = features.row(0).to_vec();
    let projection = Pca::fit(&features.less(&mean).unwrap(), 3, Whitening::No).unwrap();
    FittedMatcher::Placed {
        placement: Placement::new(Some(mean), Some(projection)).unwrap(),
        matcher: Box::new(FittedMatcher::SquaredEuclidean),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn scores_are_symmetric(noise in noise()) {
        let material = Material::new(&noise);
        for kind in KINDS {
            let matcher = fit(&plain(kind), &material.training()).unwrap();
            for pair in &material.pairs {
                let (a, b) = (material.features.row(pair.first), material.features.row(pair.second));
                prop_assert_eq!(matcher.score(a, b).unwrap(), matcher.score(b, a).unwrap());
            }
        }
    }

    #[test]
    fn exact_em_never_lowers_the_likelihood(noise in noise()) {
        let material = Material::new(&noise);
        let options = JointBayesianOptions {
            update: JointBayesianUpdate::Exact,
            ..JointBayesianOptions::default()
        };
        let fit = JointBayesian::fit(&material.training(), &options).unwrap();
        for pair in fit.log_likelihoods.windows(2) {
            prop_assert!(pair[1] >= pair[0] - 1e-9 * pair[0].abs(), "{:?}", pair);
        }
    }

    #[test]
    fn factored_joint_bayesian_is_the_direct_one(noise in noise()) {
        let material = Material::new(&noise);
        let options = JointBayesianOptions::default();
        let model = JointBayesian::fit(&material.training(), &options).unwrap().model;
        let factored = model.factored();
        let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for pair in &material.pairs {
            let (a, b) = (material.features.row(pair.first), material.features.row(pair.second));
            let direct = model.score(a, b).unwrap();
            let cross = inner(&factored.project(a).unwrap(), &factored.project(b).unwrap());
            let parts = factored.own_term(a).unwrap() + factored.own_term(b).unwrap() + cross;
            let probe = factored.probe_vector(a).unwrap();
            let searched = inner(&probe, &factored.gallery_vector(b).unwrap());
            let tolerance = 1e-10 * (1.0 + cross.abs() + direct.abs());
            prop_assert!((parts - direct).abs() <= tolerance, "{} {}", parts, direct);
            prop_assert!((searched - direct).abs() <= tolerance, "{} {}", searched, direct);
        }
    }

    #[test]
    fn templates_have_unit_norm_and_no_order(noise in noise(), turn in 1..29usize) {
        let features = Features::new(D, noise.clone()).unwrap();
        let mut turned = noise;
        turned.rotate_left(turn * D);
        let turned = Features::new(D, turned).unwrap();
        let qualities: Vec<f64> = (0..30).map(|i| 0.1 + f64::from(i)).collect();
        let mut turned_qualities = qualities.clone();
        turned_qualities.rotate_left(turn);
        let media: Vec<usize> = (0..30).map(|i| i / 4).collect();
        let mut turned_media = media.clone();
        turned_media.rotate_left(turn);
        let poolings = [
            (Pooling::Mean, Pooling::Mean),
            (Pooling::NormWeighted, Pooling::NormWeighted),
            (Pooling::QualityWeighted(&qualities), Pooling::QualityWeighted(&turned_qualities)),
            (Pooling::MediaThenTemplate(&media), Pooling::MediaThenTemplate(&turned_media)),
        ];
        for (one, other) in poolings {
            let (one, other) = (pool(&features, one).unwrap(), pool(&turned, other).unwrap());
            let norm: f64 = one.iter().map(|v| v * v).sum();
            prop_assert!((norm - 1.0).abs() < 1e-12);
            for (a, b) in one.iter().zip(&other) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn thresholds_rise_as_rates_fall(scores in proptest::collection::vec(-1.0..1.0f64, 700)) {
        let strict = threshold_at_fmr(&scores, 0.05).unwrap();
        let loose = threshold_at_fmr(&scores, 0.2).unwrap();
        prop_assert!(strict.threshold >= loose.threshold);
        prop_assert!(strict.fmr.rate <= 0.05 && loose.fmr.rate <= 0.2);
        let accepted = scores.iter().filter(|s| **s >= strict.threshold).count();
        prop_assert_eq!(accepted as f64 / 700.0, strict.fmr.rate);
    }
}

#[test]
fn saved_matchers_come_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let material = Material::new(&some_noise());
    for (i, matcher) in fitted().into_iter().enumerate() {
        let path = folder.path().join(format!("{i}.json"));
        matcher.save(&path).unwrap();
        let loaded = FittedMatcher::load(&path).unwrap();
        assert_eq!(loaded, matcher);
        let (a, b) = (material.features.row(0), material.features.row(9));
        assert_eq!(loaded.score(a, b).unwrap(), matcher.score(a, b).unwrap());
    }
}

#[test]
fn features_are_compared_in_their_place() {
    let material = Material::new(&some_noise());
    let (features, mean) = (&material.features, material.features.mean());
    let matcher = FittedMatcher::Placed {
        placement: Placement::new(Some(mean.clone()), None).unwrap(),
        matcher: Box::new(FittedMatcher::SquaredEuclidean),
    };
    let centred = features.less(&mean).unwrap();
    // On the unit sphere the squared distance is 2 − 2 times the cosine.
    let (a, b) = (2, 11);
    let cosine = FittedMatcher::Cosine.score(centred.row(a), centred.row(b));
    let score = matcher.score(features.row(a), features.row(b)).unwrap();
    assert!((score - (2.0 * cosine.unwrap() - 2.0)).abs() < 1e-12);
    let (metric, prepared) = matcher.prepare(features.clone()).unwrap();
    assert_eq!(
        metric.score(prepared.row(a), prepared.row(b)).unwrap(),
        score
    );
    let error = matcher.score(features.row(a), &mean).unwrap_err();
    assert!(
        matches!(error, MatchError::NoDirection { row: 0 }),
        "{error}"
    );
    assert_eq!(matcher.n_columns(), Some(D));
    let projection = Pca::fit(features, 2, Whitening::No).unwrap();
    let error = Placement::new(Some(vec![0.0; D - 1]), Some(projection)).unwrap_err();
    assert!(
        matches!(error, MatchError::Dimension { got: 4, .. }),
        "{error}"
    );
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matcher.json");
    let damaged = |from: &str, to: &str| {
        let material = Material::new(&some_noise());
        let matcher = fit(&plain(MatcherKind::Lda), &material.training()).unwrap();
        matcher.save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        FittedMatcher::load(&path)
    };
    let is_corrupt = |result| matches!(result, Err(MatchError::Corrupt { .. }));
    assert!(is_corrupt(damaged("0.", "1.")));
    assert!(is_corrupt(damaged("\"n_rows\":5", "\"n_rows\":6")));
    assert!(is_corrupt(damaged("lineament-matcher", "something-else")));
    assert!(is_corrupt(damaged("}", "")));
    let newer = damaged("\"version\":1", "\"version\":2");
    assert!(matches!(
        newer,
        Err(MatchError::UnsupportedVersion { got: 2, .. })
    ));
    let missing = FittedMatcher::load(&folder.path().join("none.json"));
    assert!(matches!(missing, Err(MatchError::Io { .. })));
}

#[test]
fn other_lengths_and_missing_material_are_refused() {
    for matcher in fitted() {
        let result = matcher.score(&[1.0; D], &[1.0; D + 1]);
        assert!(matches!(result, Err(MatchError::Dimension { .. })));
    }
    let material = Material::new(&some_noise());
    let bare = Training {
        features: &material.features,
        identities: None,
        pairs: &[],
    };
    for kind in &KINDS[2..] {
        assert!(fit(&plain(*kind), &bare).is_err(), "{kind:?}");
    }
    assert!(Features::new(3, vec![1.0; 4]).is_err());
    assert!(Features::new(0, vec![]).is_err());
    assert!(Features::new(1, vec![f64::NAN]).is_err());
    assert!(Features::from_rows(&[vec![1f32], vec![1.0, 2.0]]).is_err());
}

#[test]
fn identities_that_do_not_vary_are_singular() {
    let values = [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 1.0, 3.0, 1.0];
    let training = Training {
        features: &Features::new(2, values.to_vec()).unwrap(),
        identities: Some(&[0, 0, 1, 1, 2, 2]),
        pairs: &[],
    };
    for kind in [MatcherKind::Lda, MatcherKind::JointBayesian] {
        let result = fit(&plain(kind), &training);
        assert!(
            matches!(result, Err(MatchError::Singular { .. })),
            "{kind:?}"
        );
    }
}

#[test]
fn components_end_where_features_no_longer_vary() {
    // The third column is a unit that is never active, the fourth repeats the first.
    let rows: Vec<[f32; 4]> = [[1.0, 0.5], [-0.25, 2.0], [3.0, 1.0], [0.0, -1.0]]
        .map(|[a, b]| [a, b, 0.0, a])
        .to_vec();
    let features = Features::from_rows(&rows).unwrap();
    let refused = Pca::fit(&features, 4, Whitening::Yes);
    assert!(
        matches!(
            refused,
            Err(MatchError::TooFew {
                expected: 4,
                got: 2,
                ..
            })
        ),
        "{refused:?}"
    );
    let all = Pca::fit_at_most(&features, 4, Whitening::No).unwrap();
    assert_eq!(all, Pca::fit(&features, 2, Whitening::No).unwrap());
    let constant = Features::from_rows(&[[1.0, 2.0], [1.0, 2.0]]).unwrap();
    assert!(Pca::fit_at_most(&constant, 1, Whitening::No).is_err());
}

#[test]
fn a_rate_beyond_the_comparisons_is_refused() {
    let scores: Vec<f64> = (0..29_999).map(f64::from).collect();
    let refused = threshold_at_fmr(&scores, 0.001);
    let expected = 30_000;
    assert!(matches!(
        refused,
        Err(MatchError::TooFewComparisons { expected: e, .. }) if e == expected
    ));
    let scores: Vec<f64> = (0..30_000).map(f64::from).collect();
    let found = threshold_at_fmr(&scores, 0.001).unwrap();
    assert_eq!(found.threshold, 29_969f64.next_up());
}

#[test]
fn normalised_cohorts_are_standard() {
    let enrolled = CohortStatistics::new(&[1.0, 2.0, 3.0]).unwrap();
    let probe = CohortStatistics::new(&[0.0, 4.0]).unwrap();
    assert_eq!(enrolled.normalize(4.0), 2.0);
    let both = s_norm(4.0, &enrolled, &probe);
    assert!((both - 0.5 * (2.0 + 2.0 / 8f64.sqrt())).abs() < 1e-15);
    assert_eq!(both, s_norm(4.0, &probe, &enrolled));
    assert!(CohortStatistics::new(&[1.0, 1.0]).is_err());
}

#[test]
fn an_outlier_of_its_own_scores_is_confident() {
    let strangers: Vec<f64> = (0..40).map(|i| 0.1 * f64::from(i).sin()).collect();
    let confidence = |best: f64| {
        let scores: Vec<f64> = strangers.iter().copied().chain([best]).collect();
        probe_tail_confidence(&scores, 20).unwrap()
    };
    assert!(confidence(0.8) > 0.999);
    assert!(confidence(0.8) > confidence(0.105));
}

#[test]
fn selection_undoes_a_greedy_mistake() {
    // Source 0 is best alone, but 1 and 2 together make it useless.
    let objective = |set: &[usize]| {
        let alone = [0.5, 0.4, 0.3, 0.0, 0.1];
        let has = |s| set.contains(&s);
        let pair = if has(1) && has(2) { 1.0 } else { 0.0 };
        let clash = if has(0) && has(1) && has(2) { 0.6 } else { 0.0 };
        Ok(set.iter().map(|s| alone[*s]).sum::<f64>() + pair - clash)
    };
    let found = forward_backward(5, 3, objective).unwrap();
    assert_eq!(found.selected, [1, 2, 4]);
    assert!(
        found
            .steps
            .iter()
            .any(|s| s.made == SelectionMove::Removed(0))
    );
    let failing = |_: &[usize]| Ok(f64::NAN);
    assert!(forward_backward(5, 3, failing).is_err());
    assert!(forward_backward(2, 3, |_| Ok(0.0)).is_err());
}
