"""Reference of scans, clusterings and cluster metrics, by scikit-learn, scipy, hdbscan and definitions written out in numpy.

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
  hdbscan  [{name, features, cases}], Euclidean distances of unit rows
    cases       [{min_cluster_size, min_samples, n_settled, labels}]  hdbscan.HDBSCAN. It cuts links of equal distance one after
                the other, so that some labels depend on the order of rows; n_settled have the same one in all orders tried.
                The rest, and no other, are told by the paper's algorithm (Campello, Moulavi and Sander 2013; stability of
                Campello et al. 2015), which cuts such links at once
  metrics  [{name, truth, found, pairwise, bcubed}]  [precision, recall, F]; truth -1 is unlabelled and left out, found -1 is
           a cluster of its own. pairwise: sklearn pair_confusion_matrix; bcubed: item by item (Bagga and Baldwin 1998)
"""

import hdbscan
import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
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


def package(distances, min_cluster_size, min_samples):
    model = hdbscan.HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_samples, metric="precomputed")
    return model.fit_predict(distances)


def densities(distances, min_cluster_size, min_samples):
    """The paper's hierarchy from the top: components at each distance, of all links of which the larger are cut at once."""
    cores = np.sort(distances, axis=1)[:, min_samples]
    reach = np.maximum(distances, np.maximum(cores[:, None], cores[None, :]))
    # Only there do components change.
    levels = np.unique(minimum_spanning_tree(reach).data)[::-1]

    def parts_below(rows, level):
        labels = connected_components(reach[np.ix_(rows, rows)] < level, directed=False)[1]
        return [rows[labels == label] for label in np.unique(labels)]

    def best(rows, birth, is_root):
        """(stability, clusters) of what is best of a cluster that has these rows at birth."""
        stability, staying = 0.0, rows
        for level in levels[birth * levels < 1.0]:
            parts = parts_below(staying, level)
            large = [part for part in parts if len(part) >= min_cluster_size]
            n_leaving = len(staying) - (len(large[0]) if len(large) == 1 else 0)
            stability += (1.0 / level - birth) * n_leaving
            if len(large) == 1:
                staying = large[0]
                continue
            inner = [best(part, 1.0 / level, False) for part in large]
            total = sum(score for score, _ in inner)
            if is_root or total > stability:
                return total, [rows for _, clusters in inner for rows in clusters]
            return stability, [rows]
        raise AssertionError("a cluster falls apart at the smallest distance")

    labels = np.full(len(distances), -1)
    for label, rows in enumerate(best(np.arange(len(distances)), 0.0, True)[1]):
        labels[rows] = label
    return labels


def density_case(distances, rng, min_cluster_size, min_samples):
    n = len(distances)
    expected = densities(distances, min_cluster_size, min_samples)
    settled = np.ones(n, dtype=bool)
    for turn in range(12):
        order = np.arange(n) if turn == 0 else rng.permutation(n)
        found = np.empty(n, dtype=int)
        found[order] = package(distances[np.ix_(order, order)], min_cluster_size, min_samples)
        # Its cluster of a row is the one of ours that shares the most rows.
        names = {label: np.bincount(expected[found == label] + 1).argmax() - 1 for label in np.unique(found)}
        assert len({name for label, name in names.items() if label >= 0}) == expected.max() + 1, (min_cluster_size, min_samples)
        names[-1] = -1
        settled &= np.array([names[label] for label in found]) == expected
    # Where orders make the package say otherwise, the row lies between clusters.
    assert (expected[~settled] == -1).all() and (min_samples > 1 or settled.all())
    return {"min_cluster_size": min_cluster_size, "min_samples": min_samples, "n_settled": int(settled.sum()),
            "labels": by_first_row(expected)}


def density_group(name, rng, sizes, n_noise, d, spreads, options):
    centres = rng.normal(size=(len(sizes), d))
    near = [centre + spread * rng.normal(size=(n, d)) for centre, n, spread in zip(centres, sizes, spreads)]
    features = np.concatenate(near + [rng.normal(size=(n_noise, d))])
    features = np.round(features[rng.permutation(len(features))], 4)
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances = np.sqrt(np.maximum(2.0 - 2.0 * units @ units.T, 0.0))
    np.fill_diagonal(distances, 0.0)
    cases = [density_case(distances, rng, *option) for option in options]
    return {"name": name, "features": features.tolist(), "cases": cases}


def density_groups():
    rng = np.random.default_rng(21)
    options = [(2, 1), (3, 1), (5, 1), (3, 3), (5, 5), (8, 4)]
    yield density_group("apart", rng, [20, 15, 12, 9, 7, 5], 15, 10, [0.15, 0.2, 0.25, 0.3, 0.2, 0.2], options)
    yield density_group("of different densities", rng, [40, 30, 20, 10], 30, 6, [0.08, 0.4, 0.2, 0.5], options)
    yield density_group("faces of few photos", rng, [4, 4, 3, 3, 3, 2, 2, 2, 2], 20, 32, [0.4] * 9, options[:2])
    yield density_group("noise alone", rng, [], 60, 4, [], options[:4])


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
    fields = {"groups": groups, "metrics": list(metric_cases(rng)), "hdbscan": list(density_groups())}
    write_golden("clusters.json", "clusters.py", ["numpy", "scipy", "scikit-learn", "hdbscan"], fields)


if __name__ == "__main__":
    main()
