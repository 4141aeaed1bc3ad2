"""Reference of scans, clusterings and cluster metrics, by scikit-learn, scipy and definitions written out in numpy.

A score is the cosine of two features. Labels number the clusters by their first rows; -1 is noise.

golden/clusters.json
  groups   [{name, features, knn, components, merges, cuts, dbscan, whispers}]
    knn         {k, neighbours, scores}  sklearn NearestNeighbors(metric="cosine", algorithm="brute"), without the row itself
    components  [{min_score, labels}]  scipy connected_components
    merges      scores of the joins, falling: 1 - scipy linkage(method="average") heights
    cuts        [{min_score, labels}]  sklearn AgglomerativeClustering(linkage="average", metric="precomputed")
    dbscan      [{min_score, min_points, labels}]  sklearn DBSCAN(metric="precomputed")
    whispers    [{k, min_score, seed, max_rounds, labels}]  Biemann 2006 on the symmetric k-NN graph, rows in the order of
                SplitMix64 and Durstenfeld's shuffle, ties to the smallest label
  metrics  [{name, truth, found, pairwise, bcubed}]  [precision, recall, F]; truth -1 is unlabelled and left out, found -1 is
           a cluster of its own. pairwise: sklearn pair_confusion_matrix; bcubed: item by item (Bagga and Baldwin 1998)
"""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from sklearn.cluster import DBSCAN, AgglomerativeClustering
from sklearn.metrics.cluster import pair_confusion_matrix
from sklearn.neighbors import NearestNeighbors

from golden_file import rounded, write_golden

MASK = (1 << 64) - 1


def splitmix64(seed):
    """The numbers of Steele, Lea and Flood 2014."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def shuffle(items, numbers):
    for last in range(len(items) - 1, 0, -1):
        chosen = (next(numbers) * (last + 1)) >> 64
        items[last], items[chosen] = items[chosen], items[last]


def by_first_row(labels):
    numbers = {}
    return [-1 if label == -1 else numbers.setdefault(int(label), len(numbers)) for label in labels]


def chinese_whispers(scores, k, min_score, seed, max_rounds):
    n = len(scores)
    near = np.argsort(-(scores - 10.0 * np.eye(n)), axis=1, kind="stable")[:, :k]
    linked = np.zeros((n, n), dtype=bool)
    linked[np.repeat(np.arange(n), k), near.ravel()] = True
    weights = np.where((linked | linked.T) & (scores >= min_score), scores, 0.0)
    labels, order, numbers = np.arange(n), list(range(n)), splitmix64(seed)
    for _ in range(max_rounds):
        shuffle(order, numbers)
        before = labels.copy()
        for row in order:
            if weights[row].any():
                labels[row] = np.bincount(labels, weights=weights[row], minlength=n).argmax()
        if (labels == before).all():
            break
    return by_first_row(labels)


def group_case(name, rng, sizes, d, spread, thresholds):
    centres = rng.normal(size=(len(sizes), d))
    features = np.repeat(centres, sizes, axis=0) + spread * rng.normal(size=(sum(sizes), d))
    features = np.round(features[rng.permutation(len(features))], 4)
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    scores = np.clip(units @ units.T, -1.0, 1.0)
    n = len(scores)
    upper = scores[np.triu_indices(n, 1)]
    # No threshold of the reference is as near to a score as f32 rounds.
    assert all(np.abs(upper - t).min() > 1e-5 for t in thresholds)
    distances = 1.0 - scores
    np.fill_diagonal(distances, 0.0)
    heights = linkage(squareform(distances, checks=False), method="average")[:, 2]
    finder = NearestNeighbors(n_neighbors=6, metric="cosine", algorithm="brute").fit(features)
    far, near = finder.kneighbors(features)
    assert (near[:, 0] == np.arange(n)).all()

    def cut(threshold):
        model = AgglomerativeClustering(
            n_clusters=None, linkage="average", metric="precomputed", distance_threshold=1.0 - threshold
        )
        return by_first_row(model.fit_predict(distances))

    def dense(threshold, least):
        return by_first_row(DBSCAN(eps=1.0 - threshold, min_samples=least, metric="precomputed").fit_predict(distances))

    whispers = [(5, thresholds[0], 1, 50), (5, thresholds[-1], 7, 50), (12, thresholds[0], 3, 1)]
    return {
        "name": name,
        "features": features.tolist(),
        "knn": {"k": 5, "neighbours": near[:, 1:].tolist(), "scores": rounded(1.0 - far[:, 1:], 9)},
        "components": [
            {"min_score": t, "labels": by_first_row(connected_components(scores >= t, directed=False)[1])}
            for t in thresholds
        ],
        "merges": rounded(1.0 - heights, 9),
        "cuts": [{"min_score": t, "labels": cut(t)} for t in thresholds],
        "dbscan": [
            {"min_score": t, "min_points": least, "labels": dense(t, least)} for t in thresholds for least in (1, 3, 5)
        ],
        "whispers": [
            {"k": k, "min_score": t, "seed": seed, "max_rounds": rounds,
             "labels": chinese_whispers(scores, k, t, seed, rounds)}
            for k, t, seed, rounds in whispers
        ],
    }


def f_score(precision, recall):
    return [precision, recall, 2.0 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0]


def pairwise(truth, found):
    (_, false_pairs), (missed, true_pairs) = pair_confusion_matrix(truth, found)
    precision = true_pairs / (true_pairs + false_pairs) if true_pairs + false_pairs > 0 else 1.0
    recall = true_pairs / (true_pairs + missed) if true_pairs + missed > 0 else 1.0
    return f_score(float(precision), float(recall))


def bcubed(truth, found):
    same_person, same_cluster = truth[:, None] == truth[None, :], found[:, None] == found[None, :]
    both = (same_person & same_cluster).sum(axis=1)
    return f_score(float((both / same_cluster.sum(axis=1)).mean()), float((both / same_person.sum(axis=1)).mean()))


def metric_case(name, truth, found):
    truth, found = np.asarray(truth), np.asarray(found)
    kept = truth >= 0
    alone = found.max() + 1 + np.arange(len(found))
    apart = np.where(found < 0, alone, found)
    return {"name": name, "truth": truth.tolist(), "found": found.tolist(),
            "pairwise": pairwise(truth[kept], apart[kept]), "bcubed": bcubed(truth[kept], apart[kept])}


def metric_cases(rng):
    truth = rng.integers(0, 9, 80)
    yield metric_case("the same", truth, truth)
    yield metric_case("all together", truth, np.zeros(80, dtype=int))
    yield metric_case("all alone", truth, np.arange(80))
    yield metric_case("all noise", truth, np.full(80, -1))
    yield metric_case("everyone once", np.arange(12), np.arange(12) // 3)
    noisy = np.where(rng.random(80) < 0.3, rng.integers(0, 12, 80), truth)
    yield metric_case("mixed", truth, noisy)
    unlabelled = np.where(rng.random(80) < 0.2, -1, truth)
    yield metric_case("unlabelled, and noise", unlabelled, np.where(rng.random(80) < 0.2, -1, noisy))


def main():
    rng = np.random.default_rng(20)
    groups = [
        group_case("apart", rng, [9, 7, 5, 4, 3, 1, 1], 12, 0.25, [0.6, 0.8]),
        group_case("blurred", rng, [8, 8, 6, 6, 4, 4, 2, 1, 1], 6, 0.6, [0.5, 0.75, 0.9]),
    ]
    fields = {"groups": groups, "metrics": list(metric_cases(rng))}
    write_golden("clusters.json", "clusters.py", ["numpy", "scipy", "scikit-learn"], fields)


if __name__ == "__main__":
    main()
