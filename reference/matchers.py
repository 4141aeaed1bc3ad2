"""Reference of the verification back ends, by scikit-learn, scipy and equations written out in numpy.

Features are rows [n, d]; pairs are [first row, second row, 1 for mated or 0]. `scores` are of the pairs in order.

golden/match_projections.json
  pca  [{name, n_components, whiten, features, transformed, variances}]  sklearn PCA(svd_solver="full"); the sign of
       a component makes its element of greatest magnitude positive
  lda  {features, identities, pairs, scores, discriminants}  sklearn LDA(solver="eigen"); score = cosine in the
       discriminant space about the training mean; discriminants = coordinates of the rows, up to sign
golden/match_pairs.json
  chi_squared, siamese  [{name, features, pairs, scores}]  fitted on the pairs and scored on them: LinearSVC(loss="hinge",
       C=1) on the chi-squared terms; LogisticRegression(C=1) on the absolute differences
  kernel_sum  {distances, mated, scores}  LinearSVC(loss="hinge", C=1) on the distances times sqrt(2)
golden/match_joint_bayesian.json
  features, identities, pairs
  paper, exact  {between, within, log_likelihoods, scores, constant}  EM of Chen et al. 2012 with the covariance of the
       posterior means, and with the posterior covariance added; log-likelihoods of dense block covariances, before every
       round and after the last; scores + constant = 2 (log p(pair | one person) - log p(pair | two)) by scipy
golden/match_open_set.json
  weibull  [{values, tail_size, shape, scale, probes, cdf}]  scipy weibull_min.fit(floc=0) on the tail moved to start at 1
  openmax  {activations, labels, tail_size, n_revised, probes, probabilities}  the last probability is the unknown
golden/match_calibration.json
  platt       {scores, mated, slope, offset}  scipy minimize of the cross-entropy with Platt's targets
  wilson      [{n_errors, n, low, high}]  scipy binomtest(...).proportion_ci("wilson")
  thresholds  {scores, cases: [{target, n_errors, below, above}]}  the smallest threshold lies just above `below` and
              accepts n_errors scores, the smallest of which is `above`
"""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import binomtest, multivariate_normal, weibull_min
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from golden_file import rounded, write_golden

LIBRARIES = ["numpy", "scipy", "scikit-learn"]


def people(rng, sizes, d, spread=0.6):
    """Features of identities with the given numbers of images, and the identities, in shuffled order."""
    mixing = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    identities = np.repeat(np.arange(len(sizes)) * 3 + 1, sizes)
    centres = rng.normal(size=(len(sizes), d)) @ np.diag(np.linspace(1.5, 0.3, d))
    features = np.repeat(centres, sizes, axis=0) + spread * rng.normal(size=(sum(sizes), d)) @ mixing
    order = rng.permutation(len(identities))
    return np.round(features[order] + 0.7, 4), identities[order]


def pairs_of(rng, identities, n):
    """About n pairs, half of them mated."""
    rows = np.arange(len(identities))
    every = [(i, j, int(identities[i] == identities[j])) for i in rows for j in rows if i < j]
    mated = [p for p in every if p[2]]
    other = [p for p in every if not p[2]]
    chosen = [mated[i] for i in rng.permutation(len(mated))[: n // 2]]
    return [[int(v) for v in p] for p in chosen + [other[i] for i in rng.permutation(len(other))[: n // 2]]]


def pca_cases(rng):
    for name, n, d, n_components, whiten in [
        ("more rows than columns", 30, 8, 5, False),
        ("more rows than columns, whitened", 30, 8, 8, True),
        ("fewer rows than columns", 9, 20, 6, False),
        ("fewer rows than columns, whitened", 9, 20, 8, True),
    ]:
        features = np.round(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 2.0, 4)
        model = PCA(n_components, svd_solver="full", whiten=whiten).fit(features)
        largest = np.abs(model.components_).argmax(axis=1)
        signs = np.sign(model.components_[np.arange(n_components), largest])
        yield {"name": name, "n_components": n_components, "whiten": whiten, "features": features.tolist(),
               "transformed": (model.transform(features) * signs).tolist(),
               "variances": model.explained_variance_.tolist()}


def lda_case(rng):
    features, identities = people(rng, [4, 5, 6, 7, 8], 6)
    pairs = pairs_of(rng, identities, 40)
    model = LinearDiscriminantAnalysis(solver="eigen").fit(features, identities)
    scalings = model.scalings_[:, :4]
    points = (features - features.mean(axis=0)) @ scalings
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    return {"features": features.tolist(), "identities": identities.tolist(), "pairs": pairs,
            "scores": [float(units[i] @ units[j]) for i, j, _ in pairs], "discriminants": points.tolist()}


def chi_squared_terms(a, b):
    total = a + b
    return np.divide((a - b) ** 2, total, out=np.zeros_like(total), where=total > 0)


def hinge_scores(terms, mated):
    model = LinearSVC(loss="hinge", C=1.0, tol=1e-10, max_iter=10_000_000, intercept_scaling=1, random_state=0)
    return model.fit(terms, mated).decision_function(terms).tolist()


def pair_fields(name, features, pairs, scores):
    return {"name": name, "features": features.tolist(), "pairs": pairs, "scores": scores}


def chi_squared_cases(rng):
    features, identities = people(rng, [5] * 9, 7)
    pairs = pairs_of(rng, identities, 120)
    first, second = np.array(pairs)[:, 0], np.array(pairs)[:, 1]
    mated = np.array(pairs)[:, 2]
    positive = np.maximum(features, 0.0)
    terms = chi_squared_terms(positive[first], positive[second])
    yield pair_fields("non-negative", positive, pairs, hinge_scores(terms, mated))
    split = np.hstack([np.maximum(features, 0.0), np.maximum(-features, 0.0)])
    terms = chi_squared_terms(split[first], split[second])
    yield pair_fields("signed", features, pairs, hinge_scores(terms, mated))


def siamese_cases(rng):
    features, identities = people(rng, [5] * 9, 7)
    pairs = pairs_of(rng, identities, 120)
    first, second = features[np.array(pairs)[:, 0]], features[np.array(pairs)[:, 1]]
    terms = np.abs(first - second)
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000, solver="newton-cholesky")
    model.fit(terms, np.array(pairs)[:, 2])
    yield pair_fields("logistic", features, pairs, model.decision_function(terms).tolist())


def kernel_sum_case(rng):
    mated = np.arange(90) % 2
    distances = np.round(np.abs(1.3 - 0.5 * mated[:, None] + rng.normal(size=(90, 3)) * [0.25, 0.35, 0.45]), 4)
    # The claim behind the linear machine: the kernel -(x-y)^2, summed over inputs, is it on sqrt(2) x.
    options = {"C": 1.0, "tol": 1e-10}
    squared = -((distances[:, None, :] - distances[None, :, :]) ** 2).sum(axis=2)
    by_kernel = SVC(kernel="precomputed", **options).fit(squared, mated).decision_function(squared)
    linear = SVC(kernel="linear", **options).fit(np.sqrt(2) * distances, mated)
    assert np.allclose(by_kernel, linear.decision_function(np.sqrt(2) * distances), atol=1e-6)
    scores = hinge_scores(np.sqrt(2) * distances, mated)
    return {"distances": distances.tolist(), "mated": mated.tolist(), "scores": scores}


def block_covariance(between, within, m):
    return np.kron(np.ones((m, m)), between) + np.kron(np.eye(m), within)


def log_likelihood(groups, between, within):
    return sum(
        multivariate_normal(cov=block_covariance(between, within, len(rows))).logpdf(rows.ravel()) for rows in groups
    )


def em_round(groups, between, within, exact):
    """One round, identity by identity, in the paper's symbols F and G."""
    means, errors, spread_between, spread_within = [], [], 0.0, 0.0
    f = np.linalg.inv(within)
    g_of = {m: -np.linalg.inv(m * between + within) @ between @ f for m in {len(rows) for rows in groups}}
    to_mean = {m: between @ (f + m * g) for m, g in g_of.items()}
    to_error = {m: within @ g for m, g in g_of.items()}
    for rows in groups:
        m = len(rows)
        means.append(sum(to_mean[m] @ x for x in rows))
        errors += [x + sum(to_error[m] @ y for y in rows) for x in rows]
        if exact:
            # Posterior covariance of mu, and of every error, by conditioning the joint Gaussian.
            joint = np.kron(np.ones((1, m)), between)
            posterior = between - joint @ np.linalg.inv(block_covariance(between, within, m)) @ joint.T
            spread_between = spread_between + posterior
            spread_within = spread_within + m * posterior
    means, errors = np.array(means), np.array(errors)
    between, within = means.T @ means + spread_between, errors.T @ errors + spread_within
    # Exactly symmetric, or rounding grows from round to round.
    return (between + between.T) / 2 / len(means), (within + within.T) / 2 / len(errors)


def joint_bayesian(groups, exact):
    class_means = np.array([rows.mean(axis=0) for rows in groups])
    centred = np.vstack([rows - rows.mean(axis=0) for rows in groups])
    between, within = class_means.T @ class_means / len(groups), centred.T @ centred / len(centred)
    likelihoods = []
    for _ in range(500):
        likelihoods.append(log_likelihood(groups, between, within))
        before = within
        between, within = em_round(groups, between, within, exact)
        if np.linalg.norm(within - before) / np.linalg.norm(before) < 1e-6:
            break
    return between, within, likelihoods + [log_likelihood(groups, between, within)]


def joint_bayesian_fields(features, identities, pairs, exact):
    x = features - features.mean(axis=0)
    groups = [x[identities == i] for i in np.unique(identities)]
    between, within, likelihoods = joint_bayesian(groups, exact)
    d = len(between)
    one = multivariate_normal(cov=block_covariance(between, within, 2))
    two = multivariate_normal(cov=np.kron(np.eye(2), between + within))
    g = -np.linalg.inv(2 * between + within) @ between @ np.linalg.inv(within)
    a = np.linalg.inv(between + within) - (np.linalg.inv(within) + g)
    constant = 2 * (one.logpdf(np.zeros(2 * d)) - two.logpdf(np.zeros(2 * d)))
    scores = [float(x[i] @ a @ x[i] + x[j] @ a @ x[j] - 2 * x[i] @ g @ x[j]) for i, j, _ in pairs]
    for (i, j, _), score in zip(pairs, scores):
        pair = np.concatenate([x[i], x[j]])
        assert np.isclose(score + constant, 2 * (one.logpdf(pair) - two.logpdf(pair)), rtol=1e-9, atol=1e-9)
    return {"between": between.tolist(), "within": within.tolist(), "log_likelihoods": [float(v) for v in likelihoods],
            "scores": scores, "constant": float(constant)}


def tail_of(values, tail_size):
    tail = np.sort(values)[-tail_size:]
    shift = 1.0 - tail[0]
    shape, _, scale = weibull_min.fit(tail + shift, floc=0)

    def negative(theta):
        return -weibull_min.logpdf(tail + shift, np.exp(theta[0]), scale=np.exp(theta[1])).sum()

    # scipy stops its simplex early; the same likelihood is followed to its end.
    best = minimize(negative, np.log([shape, scale]), method="Nelder-Mead",
                    options={"xatol": 1e-12, "fatol": 1e-14, "maxiter": 20_000, "maxfev": 20_000}).x
    assert np.allclose(np.exp(best), [shape, scale], rtol=1e-3), (np.exp(best), shape, scale)
    shape, scale = np.exp(best)
    return shape, scale, lambda v: weibull_min.cdf(np.asarray(v) + shift, shape, scale=scale)


def weibull_cases(rng):
    for values, tail_size in [
        (rng.normal(size=100) ** 2, 20), (rng.uniform(0.2, 0.9, 60), 20), (rng.exponential(8.0, size=40), 40)
    ]:
        values = np.round(values, 5)
        shape, scale, cdf = tail_of(values, tail_size)
        probes = np.linspace(values.min(), values.max() * 1.3, 9)
        yield {"values": values.tolist(), "tail_size": tail_size, "shape": float(shape), "scale": float(scale),
               "probes": probes.tolist(), "cdf": cdf(probes).tolist()}


def openmax_case(rng, n_classes=4, tail_size=12, n_revised=3):
    labels = np.repeat(np.arange(n_classes), 25)
    activations = np.round(rng.normal(size=(100, n_classes)) * 0.8 + 6.0 * np.eye(n_classes)[labels], 4)
    means = [activations[labels == c].mean(axis=0) for c in range(n_classes)]
    cdfs = [tail_of(np.linalg.norm(activations[labels == c] - means[c], axis=1), tail_size)[2] for c in range(n_classes)]
    probes = np.round(np.vstack([activations[::20], rng.normal(size=(6, n_classes)) * 3.0 + 2.0]), 4)
    probabilities = []
    for v in probes:
        weights = np.ones(n_classes)
        for i, c in enumerate(np.argsort(-v)[:n_revised], start=1):
            weights[c] = 1.0 - (n_revised + 1 - i) / n_revised * cdfs[c](np.linalg.norm(v - means[c]))
        revised = np.append(v * weights, (v * (1.0 - weights)).sum())
        powers = np.exp(revised - revised.max())
        probabilities.append((powers / powers.sum()).tolist())
    return {"activations": activations.tolist(), "labels": labels.tolist(), "tail_size": tail_size,
            "n_revised": n_revised, "probes": probes.tolist(), "probabilities": probabilities}


def platt_case(rng):
    mated = np.arange(150) % 3 == 0
    scores = np.round(0.2 + 0.35 * mated + 0.15 * rng.normal(size=150), 4)
    positive, negative = mated.sum(), (~mated).sum()
    target = np.where(mated, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(theta):
        z = theta[0] * scores + theta[1]
        return (np.logaddexp(0.0, z) - target * z).sum()

    def gradient(theta):
        error = 1.0 / (1.0 + np.exp(-(theta[0] * scores + theta[1]))) - target
        return np.array([error @ scores, error.sum()])

    best = minimize(loss, [0.0, 0.0], jac=gradient, method="BFGS", options={"gtol": 1e-10, "maxiter": 10_000}).x
    return {"scores": scores.tolist(), "mated": mated.astype(int).tolist(), "slope": best[0], "offset": best[1]}


def wilson_cases():
    for n_errors, n in [(0, 50), (3, 1000), (30, 30_000), (17, 17), (500, 1000)]:
        interval = binomtest(n_errors, n).proportion_ci(0.95, "wilson")
        yield {"n_errors": n_errors, "n": n, "low": interval.low, "high": interval.high}


def threshold_fields(rng):
    # Half of them coarse: equal scores must be accepted or refused together.
    scores = rng.normal(0.1, 0.2, size=3000)
    scores = np.where(np.arange(3000) % 2 == 0, np.round(scores, 1), np.round(scores, 3))
    cases = []
    for target in [0.01, 0.0125, 0.1, 0.5]:
        distinct = np.unique(scores)
        below = max(t for t in distinct if (scores >= t).mean() > target)
        accepted = scores[scores > below]
        cases.append({"target": target, "n_errors": len(accepted), "below": float(below), "above": float(accepted.min())})
    return {"scores": rounded(scores, 3), "cases": cases}


def main():
    rng = np.random.default_rng(2012)
    write_golden("match_projections.json", "matchers.py", LIBRARIES, {"pca": list(pca_cases(rng)), "lda": lda_case(rng)})
    write_golden(
        "match_pairs.json", "matchers.py", LIBRARIES,
        {"chi_squared": list(chi_squared_cases(rng)), "siamese": list(siamese_cases(rng)), "kernel_sum": kernel_sum_case(rng)},
    )
    features, identities = people(rng, [1, 1, 2, 2, 2, 3, 3, 5, 5, 6, 4, 4, 3, 2, 6, 5], 5)
    pairs = pairs_of(rng, identities, 40)
    fields = {"features": features.tolist(), "identities": identities.tolist(), "pairs": pairs}
    for name, exact in [("paper", False), ("exact", True)]:
        fields[name] = joint_bayesian_fields(features, identities, pairs, exact)
    write_golden("match_joint_bayesian.json", "matchers.py", LIBRARIES, fields)
    write_golden(
        "match_open_set.json", "matchers.py", LIBRARIES, {"weibull": list(weibull_cases(rng)), "openmax": openmax_case(rng)}
    )
    write_golden(
        "match_calibration.json", "matchers.py", LIBRARIES,
        {"platt": platt_case(rng), "wilson": list(wilson_cases()), "thresholds": threshold_fields(rng)},
    )


if __name__ == "__main__":
    main()
