"""Reference of pair protocols: folds, thresholds, ROC, EER, TAR at FMR, by numpy and scikit-learn.

golden/evaluation_pairs.json
  scale, plain, mirrored  embeddings of the items times `scale`, whole numbers; null where an item has no face
  persons, pairs          person of every item; [first item, second item, 1 for mated or 0, fold]
  n_persons_in_several_folds
  folds   [{name, flip, center, pca, thresholds, matcher, matcher_pca, tolerance, + figures}]  every variant;
          `tolerance` is of thresholds: solvers sum in different orders
  view1   [the same, + dev_folds, best_accuracy, best_threshold]  learned on `dev_folds`, judged on the other folds
  grid    [{matcher, flip, center, pca, matcher_pca, whiten, thresholds, n_correct, thresholds_of_folds, view1}]  each
          switch with each other; view1 = [n_correct, threshold], learned on the folds below 7
          figures: n_correct and threshold of every fold, accuracy, accuracy_se, threshold_mean, auc, eer, n_failed,
          tar_at_fmr {rate: {tar, tar_ci, fmr_ci, supported} or null}
golden/evaluation_rates.json
  cases  [{mated, non_mated, auc, eer, points, tar_at_fmr, histogram}]  scores, null where a comparison failed; points =
         [score, comparisons of each kind accepted at it], greatest score first

Failed comparisons are never accepted and always counted. A threshold is the middle of the best gap between neighbouring
scores, the lowest of equal ones ("exact"), or the first best of squared distances 0:0.01:4, accepted where smaller ("grid").
"""

import itertools
import math
import warnings

import numpy as np
from scipy.optimize import brentq, lsq_linear
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.svm import LinearSVC

from golden_file import write_golden
from matchers import chi_squared_terms, em_round

LIBRARIES = ["numpy", "scipy", "scikit-learn"]
TARGETS = [0.1, 0.01, 0.001]
SCALE = 32


def combine(plain, mirrored, flip):
    """Unit-norm float32 feature of two embeddings."""
    plain, mirrored = np.asarray(plain, np.float64), np.asarray(mirrored, np.float64)
    joined = {"off": plain, "sum": plain + mirrored, "concat": np.concatenate([plain, mirrored])}[flip]
    return unit(joined).astype(np.float32)


def unit(row):
    return row / math.sqrt(in_order(row, row))


def in_order(a, b):
    """Inner product summed from first to last, so that equal rows give equal scores wherever they lie in memory."""
    return sum(float(x) * float(y) for x, y in zip(a, b))


# What a split learns

class Identity:
    def fit(self, rows, persons, pairs):
        return self

    def score(self, a, b):
        raise NotImplementedError


class Cosine(Identity):
    def score(self, a, b):
        return in_order(a, b) / (math.sqrt(in_order(a, a)) * math.sqrt(in_order(b, b)))


class SquaredEuclidean(Identity):
    def score(self, a, b):
        return -in_order(a - b, a - b)


class Lda(Identity):
    def fit(self, rows, persons, pairs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # people with one picture have no spread of their own
            model = LinearDiscriminantAnalysis(solver="eigen").fit(rows, persons)
        n_directions = min(len(set(persons)) - 1, rows.shape[1])
        self.mean, self.scalings = rows.mean(axis=0), model.scalings_[:, :n_directions]
        return self

    def score(self, a, b):
        return Cosine().score((a - self.mean) @ self.scalings, (b - self.mean) @ self.scalings)


class JointBayesian(Identity):
    def fit(self, rows, persons, pairs):
        self.mean = rows.mean(axis=0)
        groups = [rows[persons == p] - self.mean for p in np.unique(persons)]
        centres = np.array([group.mean(axis=0) for group in groups])
        errors = np.vstack([group - group.mean(axis=0) for group in groups])
        between, within = centres.T @ centres / len(groups), errors.T @ errors / len(errors)
        for _ in range(500):
            before = within
            between, within = em_round(groups, between, within, exact=False)
            if np.linalg.norm(within - before) / np.linalg.norm(before) < 1e-6:
                break
        self.g = -np.linalg.inv(2 * between + within) @ between @ np.linalg.inv(within)
        self.a = np.linalg.inv(between + within) - (np.linalg.inv(within) + self.g)
        return self

    def score(self, a, b):
        # In one order, so that rounding does not part a pair from the same pair the other way round.
        a, b = sorted((a - self.mean, b - self.mean), key=tuple)
        return float(a @ self.a @ a + b @ self.a @ b - 2 * a @ self.g @ b)


class OnTerms(Identity):
    """A linear machine on terms of a pair."""

    def fit(self, rows, persons, pairs):
        self.is_signed = bool((rows < 0).any())
        terms = np.array([self.terms(rows[i], rows[j]) for i, j, _ in pairs])
        self.machine = self.new_machine().fit(terms, [mated for *_, mated in pairs])
        return self

    def score(self, a, b):
        return float(self.machine.decision_function(self.terms(a, b)[None])[0])


class HingeMachine:
    """LIBLINEAR's machine of C = 1, its last digits by the optimality conditions: samples inside the margin have
    multiplier 1, those beyond it 0, and those on it what a linear system says."""

    def fit(self, terms, mated):
        machine = LinearSVC(loss="hinge", C=1.0, tol=1e-10, max_iter=10_000_000, intercept_scaling=1, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # what is short of it, the conditions below bring or tell
            machine.fit(terms, mated)
        signed = np.where(np.array(mated) == 1, 1.0, -1.0)[:, None] * np.column_stack([terms, np.ones(len(terms))])
        slack = 1 - signed @ np.append(machine.coef_[0], machine.intercept_)
        on, inside = np.abs(slack) < 1e-6, slack >= 1e-6
        fixed = signed[inside].sum(axis=0)
        multipliers = lsq_linear(signed[on] @ signed[on].T, 1 - signed[on] @ fixed, (0, 1), method="bvls", tol=1e-15).x
        self.plane = fixed + multipliers @ signed[on]
        slack = 1 - signed @ self.plane
        assert np.abs(slack[on]).max() < 1e-11 and (slack[inside] > 0).all() and (slack[~on & ~inside] < 0).all()
        return self

    def decision_function(self, terms):
        return terms @ self.plane[:-1] + self.plane[-1]


class ChiSquared(OnTerms):
    new_machine = HingeMachine

    def terms(self, a, b):
        if self.is_signed:
            a, b = (np.concatenate([np.maximum(v, 0), np.maximum(-v, 0)]) for v in (a, b))
        return chi_squared_terms(a, b)


class Siamese(OnTerms):
    def new_machine(self):
        return LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000, solver="newton-cholesky")

    def terms(self, a, b):
        return np.abs(a - b)


MATCHERS = {"cosine": Cosine, "squared-euclidean": SquaredEuclidean, "lda": Lda, "joint-bayesian": JointBayesian,
            "chi-squared": ChiSquared, "siamese": Siamese}
TOLERANCES = {"chi-squared": 1e-11, "siamese": 1e-11, "joint-bayesian": 1e-11, "lda": 1e-12}


def project(rows, sides, n_components, whiten=False):
    """Rows on the principal components of sides, one row at a time."""
    model = PCA(n_components, svd_solver="full").fit(sides)
    scales = np.sqrt(model.explained_variance_) if whiten else np.ones(n_components)
    on_components = lambda row: np.array([in_order(row - model.mean_, c) for c in model.components_])
    return {i: on_components(row) / scales for i, row in rows.items()}


def learn(rows, persons, training, case):
    """(rows moved, matcher) of a split. `rows` {item: feature}, without failed items; training [[i, j, mated, fold]]."""
    rows = {i: np.asarray(row, np.float64) for i, row in rows.items()}
    sides = [item for pair in training for item in pair[:2] if item in rows]
    if case["center"] == "folds":
        mean = np.array([rows[i] for i in sides]).mean(axis=0)
        rows = {i: row - mean for i, row in rows.items()}
    if case["pca"]:
        rows = project(rows, np.array([rows[i] for i in sides]), case["pca"])
    if case["center"] == "folds" or case["pca"]:
        rows = {i: unit(row) for i, row in rows.items()}
    items = sorted(set(sides))
    if case.get("matcher_pca"):
        rows = project(rows, np.array([rows[i] for i in items]), case["matcher_pca"], case.get("whiten", False))
    place = {item: place for place, item in enumerate(items)}
    pairs = [(place[i], place[j], mated) for i, j, mated, _ in training if i in rows and j in rows]
    matcher = MATCHERS[case["matcher"]]().fit(
        np.array([rows[i] for i in items]), None if persons is None else np.array([persons[i] for i in items]), pairs
    )
    return rows, matcher


def pair_scores(rows, matcher, pairs):
    return np.array([matcher.score(rows[i], rows[j]) if i in rows and j in rows else -np.inf for i, j, *_ in pairs])


# Thresholds and rates

def is_correct(scores, mated, threshold):
    return ((scores >= threshold) == mated) & np.isfinite(scores)


def best_exact(scores, mated):
    distinct = np.unique(scores[np.isfinite(scores)])
    middles = [low + (high - low) / 2 for low, high in zip(distinct, distinct[1:])]
    middles = [middle if middle > low else high for middle, low, high in zip(middles, distinct, distinct[1:])]
    candidates = [distinct[0], *middles, np.nextafter(distinct[-1], np.inf)]
    n_correct = [is_correct(scores, mated, t).sum() for t in candidates]
    return float(candidates[int(np.argmax(n_correct))])


def best_grid(scores, mated, matcher):
    """By distances, as the field's code does; the threshold is then told as a score."""
    distances = 2 - 2 * scores if matcher == "cosine" else -scores
    grid = np.arange(0, 4, 0.01)
    right = [(((distances < d) == mated) & np.isfinite(scores)).sum() for d in grid]
    best = grid[int(np.argmax(right))]
    return float(1 - best / 2 if matcher == "cosine" else -best)


def best_threshold(scores, mated, case):
    return best_exact(scores, mated) if case["thresholds"] == "exact" else best_grid(scores, mated, case["matcher"])


def roc(scores, mated):
    """(FMR, TAR, threshold) of every operating point; failed comparisons are accepted at none."""
    failed = ~np.isfinite(scores)
    finite = np.where(failed, scores[~failed].min() - 1, scores)
    fmr, tar, thresholds = roc_curve(mated, finite, drop_intermediate=False)
    n = len(fmr) - int(failed.any())
    return fmr[:n], tar[:n], thresholds[:n], roc_auc_score(mated, finite)


def equal_error_rate(fmr, tar):
    if fmr[-1] < 1 - tar[-1]:
        return None
    along = np.arange(len(fmr))
    place = brentq(lambda u: np.interp(u, along, fmr) - np.interp(u, along, 1 - tar), 0, len(fmr) - 1, xtol=1e-14)
    return float(np.interp(place, along, fmr))


def interval(count, n):
    found = binomtest(int(count), int(n)).proportion_ci(0.95, "wilson")
    return [found.low, found.high]


def tar_at_fmr(scores, mated):
    fmr, tar, thresholds, _ = roc(scores, mated)
    n_mated, n_non_mated = int(mated.sum()), int((~mated).sum())
    found = {}
    for target in TARGETS:
        point = np.flatnonzero(fmr <= target)[-1]
        counts = round(tar[point] * n_mated), round(fmr[point] * n_non_mated)
        found[f"{target:.0e}".replace("e-0", "e-")] = None if 1 / n_non_mated > target else {
            "tar": counts[0] / n_mated, "tar_ci": interval(counts[0], n_mated), "fmr_ci": interval(counts[1], n_non_mated),
            "supported": bool(30 / n_non_mated <= target)}
    return found


def figures(scores, mated, folds, thresholds):
    """What a report says; `folds` of the pairs, `thresholds` {fold: threshold}."""
    right = {f: is_correct(scores[folds == f], mated[folds == f], t) for f, t in thresholds.items()}
    accuracies = [r.mean() for r in right.values()]
    fmr, tar, _, auc = roc(scores, mated)
    together = np.concatenate(list(right.values()))
    if len(accuracies) > 1:
        error = np.std(accuracies, ddof=1) / math.sqrt(len(accuracies))
    else:
        error = math.sqrt(together.mean() * (1 - together.mean()) / len(together))
    return {"n_pairs": len(scores), "n_failed": int((~np.isfinite(scores)).sum()),
            "accuracy": float(np.mean(accuracies)), "accuracy_se": float(error),
            "accuracy_ci": interval(together.sum(), len(together)),
            "threshold_mean": float(np.mean(list(thresholds.values()))), "auc": float(auc),
            "eer": equal_error_rate(fmr, tar), "tar_at_fmr": tar_at_fmr(scores, mated),
            "n_correct": [int(r.sum()) for r in right.values()], "thresholds_of_folds": list(thresholds.values())}


# Protocols

def evaluate_folds(rows, persons, pairs, case):
    mated = np.array([p[2] == 1 for p in pairs])
    folds = np.array([p[3] for p in pairs])
    held_out, thresholds = np.zeros(len(pairs)), {}
    for fold in range(folds.max() + 1):
        training = [p for p in pairs if p[3] != fold]
        moved, matcher = learn(rows, persons, training, case)
        scores = pair_scores(moved, matcher, pairs)
        others = folds != fold
        thresholds[fold] = best_threshold(scores[others], mated[others], case)
        held_out[~others] = scores[~others]
    return figures(held_out, mated, folds, thresholds)


def evaluate_view1(dev, test, case):
    """`dev` and `test` are (rows, persons, pairs)."""
    (dev_rows, persons, dev_pairs), (test_rows, _, test_pairs) = dev, test
    # One numbering of items, so that what is learned on dev moves both.
    rows = {("dev", i): r for i, r in dev_rows.items()} | {("test", i): r for i, r in test_rows.items()}
    of = lambda name, pairs: [((name, i), (name, j), mated, 0) for i, j, mated, *_ in pairs]
    dev_pairs, test_pairs = of("dev", dev_pairs), of("test", test_pairs)
    by_item = None if persons is None else {("dev", i): p for i, p in enumerate(persons)}
    moved, matcher = learn(rows, by_item, dev_pairs, case)
    dev_mated, mated = (np.array([p[2] == 1 for p in pairs]) for pairs in (dev_pairs, test_pairs))
    threshold = best_threshold(pair_scores(moved, matcher, dev_pairs), dev_mated, case)
    scores = pair_scores(moved, matcher, test_pairs)
    best = best_threshold(scores, mated, case)
    return figures(scores, mated, np.zeros(len(mated), int), {0: threshold}) | {
        "best_threshold": best, "best_accuracy": float(is_correct(scores, mated, best).mean())}


# Golden files

def material(rng, n_folds=10, persons_per_fold=4, images=5, d=16):
    """Embeddings in whole numbers, persons, pairs; with doubles, ties between labels, and items without a face."""
    persons = np.repeat(np.arange(n_folds * persons_per_fold), images)
    centres = rng.normal(size=(len(set(persons)), d))[persons]
    plain, mirrored = (np.round((centres + 1.1 * rng.normal(size=centres.shape) + 0.4) * SCALE) for _ in range(2))
    pairs = []
    for fold in range(n_folds):
        items = np.flatnonzero(persons // persons_per_fold == fold)
        every = [(int(i), int(j)) for i in items for j in items if i < j]
        for mated in (1, 0):
            of_kind = [p for p in every if int(persons[p[0]] == persons[p[1]]) == mated]
            pairs += [[*of_kind[k], mated, fold] for k in rng.permutation(len(of_kind))[:12]]
        # The third person's first image is the first person's: scores of both labels tie.
        first, third = items[0], items[2 * images]
        plain[third], mirrored[third] = plain[first], mirrored[first]
        pairs += [[int(first), int(first + 1), 1, fold], [int(third), int(first + 1), 0, fold]]
    # A pair twice, once the other way round; a person in two folds.
    pairs += [[pairs[0][1], pairs[0][0], pairs[0][2], 0], [0, int(len(persons) - 1), 0, n_folds - 1]]
    failed = {pairs[3][0], pairs[40][1], pairs[100][0]}
    return plain, mirrored, persons, pairs, failed


def cases():
    matcher_switches = [("cosine", flip, center, pca, thresholds) for flip in ("off", "sum", "concat")
                        for center in ("off", "folds") for pca in (None, 7) for thresholds in ("exact", "grid")]
    matcher_switches += [("squared-euclidean", "sum", center, pca, thresholds) for center, pca in
                         [("off", None), ("folds", None), ("folds", 9)] for thresholds in ("exact", "grid")]
    matcher_switches += [(matcher, flip, center, pca, "exact") for matcher in TOLERANCES
                         for flip, center, pca in [("sum", "off", None), ("off", "folds", 8)]]
    matcher_switches += [(matcher, "concat", "off", None, "exact", 6) for matcher in ("cosine", "joint-bayesian")]
    for matcher, flip, center, pca, thresholds, *matcher_pca in matcher_switches:
        yield {"name": " ".join(map(str, (matcher, flip, center, pca, thresholds, *matcher_pca))), "flip": flip,
               "center": center, "pca": pca, "thresholds": thresholds, "matcher": matcher,
               "matcher_pca": matcher_pca[0] if matcher_pca else None, "tolerance": TOLERANCES.get(matcher, 1e-12)}


def grid(d=7):
    """Every switch with every other: projections onto `d` components as (before the matcher, its own, whitened)."""
    projections = [(None, None, False), (d, None, False), (None, d, False), (None, d, True)]
    switches = itertools.product(MATCHERS, ("off", "sum", "concat"), ("off", "folds"), projections, ("exact", "grid"))
    for matcher, flip, center, (pca, matcher_pca, whiten), thresholds in switches:
        if thresholds == "exact" or (matcher in ("cosine", "squared-euclidean") and not matcher_pca):
            yield {"matcher": matcher, "flip": flip, "center": center, "pca": pca, "matcher_pca": matcher_pca,
                   "whiten": whiten, "thresholds": thresholds}


def grid_figures(rows, persons, pairs, dev, test, case):
    """Counts and thresholds of every fold, and of `test` with everything learned on `dev`."""
    folds = evaluate_folds(rows, persons, pairs, case)
    view1 = evaluate_view1((rows, persons, dev), (rows, None, test), case)
    return {key: folds[key] for key in ("n_correct", "thresholds_of_folds")} | {
        "view1": [view1["n_correct"][0], view1["thresholds_of_folds"][0]]}


def pair_fields(rng):
    plain, mirrored, persons, pairs, failed = material(rng)
    rows = {flip: {i: combine(plain[i] / SCALE, mirrored[i] / SCALE, flip) for i in range(len(plain)) if i not in failed}
            for flip in ("off", "sum", "concat")}
    folds_of = [{p[3] for p in pairs if person in persons[p[:2]]} for person in set(persons.tolist())]
    whole = lambda values: [None if i in failed else row for i, row in enumerate(values.astype(int).tolist())]
    dev, test = [p for p in pairs if p[3] < 7], [p for p in pairs if p[3] >= 7]
    view1 = [case | {"dev_folds": 7} | evaluate_view1((rows[case["flip"]], persons, dev), (rows[case["flip"]], None, test), case)
             for case in cases() if case["flip"] == "sum"]
    return {"scale": SCALE, "plain": whole(plain), "mirrored": whole(mirrored), "persons": persons.tolist(), "pairs": pairs,
            "n_persons_in_several_folds": sum(len(folds) > 1 for folds in folds_of),
            "folds": [case | evaluate_folds(rows[case["flip"]], persons, pairs, case) for case in cases()], "view1": view1,
            "grid": [case | grid_figures(rows[case["flip"]], persons, pairs, dev, test, case) for case in grid()]}


def rate_cases(rng):
    for name, n_mated, n_non_mated, digits, n_failed in [
        ("fine", 80, 150, 6, 0), ("coarse, many ties", 60, 1000, 1, 0), ("failures", 50, 120, 2, 7),
        ("supported", 40, 400, 2, 3), ("apart", 10, 20, 3, 0), ("all the same", 4, 12, -1, 1), ("mostly failed", 9, 30, 2, 8),
    ]:
        kinds = [np.round(rng.normal(1.0, 0.5, n_mated), digits), np.round(rng.normal(0.0, 0.5, n_non_mated), digits)]
        if name == "apart":
            kinds[0] += 9
        for kind in kinds:
            kind[:n_failed] = -np.inf
        if name == "mostly failed":
            kinds[1][:-1] = -np.inf
        scores, mated = np.concatenate(kinds), np.arange(n_mated + n_non_mated) < n_mated
        fmr, tar, thresholds, auc = roc(scores, mated)
        counts = [[float(t), round(a * n_mated), round(b * n_non_mated)] for t, a, b in zip(thresholds, tar, fmr)][1:]
        finite = scores[np.isfinite(scores)]
        edges = np.histogram_bin_edges(finite, 8, (finite.min(), finite.max()))
        lists = [[float(s) if np.isfinite(s) else None for s in kind] for kind in kinds]
        yield {"name": name, "mated": lists[0], "non_mated": lists[1], "auc": float(auc), "eer": equal_error_rate(fmr, tar),
               "points": counts, "tar_at_fmr": tar_at_fmr(scores, mated),
               "histogram": [np.histogram(k[np.isfinite(k)], edges)[0].tolist() for k in kinds] if digits > 2 else None}


def main():
    rng = np.random.default_rng(2007)
    write_golden("evaluation_pairs.json", "evaluation.py", LIBRARIES, pair_fields(rng))
    write_golden("evaluation_rates.json", "evaluation.py", LIBRARIES, {"cases": list(rate_cases(rng))})


if __name__ == "__main__":
    main()
