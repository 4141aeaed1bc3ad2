//! Every matcher against the independent reference in `reference/matchers.py`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lineament_match::{
    ChiSquared, Features, JointBayesian, JointBayesianOptions, JointBayesianUpdate, KernelSum, Lda,
    Matrix, OpenMax, OpenMaxOptions, Pca, Platt, RateInterval, Siamese, SiameseOptions, SvmOptions,
    Training, TrainingPair, WeibullTail, Whitening, threshold_at_fmr,
};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!(
        "{}/../../reference/golden/match_{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    list(value).iter().map(count).collect()
}

fn features(value: &Value) -> Features {
    let n_columns = list(&value[0]).len();
    Features::new(n_columns, list(value).iter().flat_map(numbers).collect()).unwrap()
}

fn pairs(value: &Value) -> Vec<TrainingPair> {
    let pair = |pair: &Value| TrainingPair {
        first: count(&pair[0]),
        second: count(&pair[1]),
        mated: count(&pair[2]) == 1,
    };
    list(value).iter().map(pair).collect()
}

fn mated(value: &Value) -> Vec<bool> {
    counts(value).iter().map(|m| *m == 1).collect()
}

#[track_caller]
fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(
            difference <= tolerance,
            "{what}[{i}]: {found} against {expected}"
        );
    }
}

fn flat(matrix: &Matrix) -> Vec<f64> {
    matrix.rows().flatten().copied().collect()
}

#[test]
fn pca_equals_scikit_learn() {
    for case in list(&golden("projections")["pca"]) {
        let features = features(&case["features"]);
        let whitening = match case["whiten"].as_bool().unwrap() {
            true => Whitening::Yes,
            false => Whitening::No,
        };
        let pca = Pca::fit(&features, count(&case["n_components"]), whitening).unwrap();
        let name = case["name"].as_str().unwrap();
        // Eigenvectors lose a digit or two more than the 1e-15 of f64 where variances are close.
        assert_near(name, pca.variances(), &numbers(&case["variances"]), 1e-9);
        let together = pca.transform_all(&features).unwrap();
        for (i, row) in list(&case["transformed"]).iter().enumerate() {
            let found = pca.transform(features.row(i)).unwrap();
            assert_near(name, &found, &numbers(row), 1e-9);
            assert_near(name, together.row(i), &numbers(row), 1e-9);
        }
    }
}

#[test]
fn lda_equals_scikit_learn() {
    let case = &golden("projections")["lda"];
    let features = features(&case["features"]);
    let identities = counts(&case["identities"]);
    let training = Training {
        features: &features,
        identities: Some(&identities),
        pairs: &[],
    };
    let lda = Lda::fit(&training).unwrap();
    for (row, expected) in features.rows().zip(list(&case["discriminants"])) {
        let found = lda.transform(row).unwrap();
        let expected = numbers(expected);
        // Up to the sign of each direction.
        let sizes = |values: &[f64]| values.iter().map(|v| v.abs()).collect::<Vec<_>>();
        assert_near("discriminants", &sizes(&found), &sizes(&expected), 1e-9);
    }
    let score = |p: &TrainingPair| lda.score(features.row(p.first), features.row(p.second));
    let found: Vec<f64> = pairs(&case["pairs"])
        .iter()
        .map(|p| score(p).unwrap())
        .collect();
    assert_near("LDA score", &found, &numbers(&case["scores"]), 1e-9);
}

/// The cases of one kind in the golden file of pairs: fitted by `fit`, scored by `score`.
fn check_pair_scores<M>(
    kind: &str,
    tolerance: f64,
    fit: impl Fn(&Training<'_>) -> M,
    score: impl Fn(&M, &[f64], &[f64]) -> f64,
) {
    for case in list(&golden("pairs")[kind]) {
        let features = features(&case["features"]);
        let pairs = pairs(&case["pairs"]);
        let matcher = fit(&Training {
            features: &features,
            identities: None,
            pairs: &pairs,
        });
        let score =
            |p: &TrainingPair| score(&matcher, features.row(p.first), features.row(p.second));
        let found: Vec<f64> = pairs.iter().map(score).collect();
        let name = case["name"].as_str().unwrap();
        assert_near(name, &found, &numbers(&case["scores"]), tolerance);
    }
}

#[test]
fn chi_squared_equals_liblinear() {
    // Both stop at a small gradient, not at the optimum; scores are of order 1.
    let fit = |t: &Training<'_>| ChiSquared::fit(t, &SvmOptions::default()).unwrap();
    check_pair_scores("chi_squared", 1e-5, fit, |m, a, b| m.score(a, b).unwrap());
}

#[test]
fn siamese_equals_logistic_regression() {
    // Both are Newton's method; the last step of each is far below this.
    let fit = |t: &Training<'_>| Siamese::fit(t, &SiameseOptions::default()).unwrap();
    check_pair_scores("siamese", 1e-8, fit, |m, a, b| m.score(a, b).unwrap());
}

#[test]
fn kernel_sum_equals_liblinear() {
    let case = &golden("pairs")["kernel_sum"];
    let distances = features(&case["distances"]);
    let options = SvmOptions::default();
    let machine = KernelSum::fit(&distances, &mated(&case["mated"]), &options).unwrap();
    let found: Vec<f64> = distances
        .rows()
        .map(|d| machine.score(d).unwrap())
        .collect();
    assert_near("kernel sum", &found, &numbers(&case["scores"]), 1e-5);
}

#[test]
fn joint_bayesian_equals_the_equations() {
    let golden = golden("joint_bayesian");
    let features = features(&golden["features"]);
    let identities = counts(&golden["identities"]);
    let pairs = pairs(&golden["pairs"]);
    let training = Training {
        features: &features,
        identities: Some(&identities),
        pairs: &pairs,
    };
    let updates = [
        ("paper", JointBayesianUpdate::PosteriorMeans),
        ("exact", JointBayesianUpdate::Exact),
    ];
    for (name, update) in updates {
        let options = JointBayesianOptions {
            update,
            ..JointBayesianOptions::default()
        };
        let fit = JointBayesian::fit(&training, &options).unwrap();
        let case = &golden[name];
        // Same rounds, other arithmetic: 1e-15 grows with the condition of S_ε and the rounds.
        let expected = |key: &str| {
            list(&case[key])
                .iter()
                .flat_map(numbers)
                .collect::<Vec<_>>()
        };
        assert_near(name, &flat(&fit.between), &expected("between"), 1e-9);
        assert_near(name, &flat(&fit.within), &expected("within"), 1e-9);
        let log_likelihoods = numbers(&case["log_likelihoods"]);
        assert_near(name, &fit.log_likelihoods, &log_likelihoods, 1e-8);
        let score = |p: &TrainingPair| {
            let (first, second) = (features.row(p.first), features.row(p.second));
            fit.model.score(first, second).unwrap()
        };
        let found: Vec<f64> = pairs.iter().map(score).collect();
        assert_near(name, &found, &numbers(&case["scores"]), 1e-8);
        let constant = number(&case["constant"]);
        assert_near(name, &[fit.model.constant()], &[constant], 1e-8);
    }
}

#[test]
fn weibull_equals_scipy() {
    for case in list(&golden("open_set")["weibull"]) {
        let tail = WeibullTail::fit(&numbers(&case["values"]), count(&case["tail_size"])).unwrap();
        // The reference walks a simplex to the flat top of the likelihood: half its digits.
        let shape = number(&case["shape"]);
        assert_near("shape", &[tail.shape], &[shape], 1e-5 * shape);
        let scale = number(&case["scale"]);
        assert_near("scale", &[tail.scale], &[scale], 1e-6 * scale);
        let found: Vec<f64> = numbers(&case["probes"])
            .iter()
            .map(|p| tail.cdf(*p))
            .collect();
        assert_near("cdf", &found, &numbers(&case["cdf"]), 1e-6);
    }
}

#[test]
fn openmax_equals_the_algorithm() {
    let case = &golden("open_set")["openmax"];
    let options = OpenMaxOptions {
        tail_size: count(&case["tail_size"]),
        n_revised: count(&case["n_revised"]),
    };
    let activations = features(&case["activations"]);
    let openmax = OpenMax::fit(&activations, &counts(&case["labels"]), &options).unwrap();
    for (probe, expected) in list(&case["probes"])
        .iter()
        .zip(list(&case["probabilities"]))
    {
        let found = openmax.probabilities(&numbers(probe)).unwrap();
        let mut all = found.known;
        all.push(found.unknown);
        // As near as the tails are.
        assert_near("probabilities", &all, &numbers(expected), 1e-5);
    }
}

#[test]
fn platt_equals_the_greatest_likelihood() {
    let case = &golden("calibration")["platt"];
    let platt = Platt::fit(&numbers(&case["scores"]), &mated(&case["mated"])).unwrap();
    let expected = [number(&case["slope"]), number(&case["offset"])];
    // The reference stops where the gradient is 1e-10 or its line search gives up.
    assert_near("Platt", &[platt.slope, platt.offset], &expected, 1e-6);
}

#[test]
fn wilson_equals_scipy() {
    for case in list(&golden("calibration")["wilson"]) {
        let found = RateInterval::wilson(count(&case["n_errors"]), count(&case["n"]));
        let expected = [number(&case["low"]), number(&case["high"])];
        assert_near("Wilson", &[found.low, found.high], &expected, 1e-12);
    }
}

#[test]
fn thresholds_are_the_smallest() {
    let golden = golden("calibration");
    let scores = numbers(&golden["thresholds"]["scores"]);
    for case in list(&golden["thresholds"]["cases"]) {
        let found = threshold_at_fmr(&scores, number(&case["target"])).unwrap();
        assert!(found.threshold > number(&case["below"]));
        assert!(found.threshold < number(&case["above"]));
        let n = scores.len() as f64;
        assert_near(
            "FMR",
            &[found.fmr.rate * n],
            &[number(&case["n_errors"])],
            1e-9,
        );
    }
}
