"""Reference of error rates by group at one threshold, by numpy and scipy.

golden/fairness.json
  groups, of_items, persons   names; group of every item, -1 where unknown; person of every item
  pairs                       [first, second, 1 for mated or 0, score or null where it failed]
  cases  [{target, threshold, all, across, groups, fmr_spread, fnmr_spread, garbe, n_without_group}]  threshold: the smallest
         score that keeps the target over all pairs; rates [errors, pairs, low, high] or null; spreads {greatest, least,
         ratio, gini}
"""

import math

import numpy as np

from golden_file import write_golden
from identification import interval


def rate(errors):
    return [int(errors.sum()), len(errors), *interval(errors.sum(), len(errors))] if len(errors) else None


def rates(which, mated, accepted):
    return {"fmr": rate(accepted[which & ~mated]), "fnmr": rate(~accepted[which & mated])}


def spread(groups, names, kind):
    known = [(name, g[kind][0] / g[kind][1]) for name, g in zip(names, groups) if g[kind]]
    values = np.array([value for _, value in known])
    n = len(values)
    differences = sum(abs(a - b) for a in values for b in values)
    least = min(known, key=lambda k: k[1])
    # Of equal ones the last.
    greatest = max(reversed(known), key=lambda k: k[1])
    return {"greatest": greatest[0], "least": least[0], "ratio": greatest[1] / least[1] if least[1] > 0 else None,
            "gini": n / (n - 1) * differences / (2 * n * n * values.mean()) if values.any() else 0.0}


def case(target, pairs, of_items, names):
    first, second, mated = (np.array([p[i] for p in pairs]) for i in range(3))
    mated = mated == 1
    scores = np.array([-math.inf if p[3] is None else p[3] for p in pairs])
    threshold = min(t for t in scores[np.isfinite(scores)] if np.mean(scores[~mated] >= t) <= target)
    accepted = scores >= threshold
    one, other = np.array(of_items)[first], np.array(of_items)[second]
    known = (one >= 0) & (other >= 0)
    groups = [rates(known & (one == other) & (one == g), mated, accepted) for g in range(len(names))]
    spreads = {kind: spread(groups, names, kind) for kind in ("fmr", "fnmr")}
    return {"target": target, "threshold": float(threshold), "all": rates(np.full(len(pairs), True), mated, accepted),
            "across": rates(known & (one != other), mated, accepted), "groups": groups,
            "fmr_spread": spreads["fmr"], "fnmr_spread": spreads["fnmr"],
            "garbe": (spreads["fmr"]["gini"] + spreads["fnmr"]["gini"]) / 2, "n_without_group": int((~known).sum())}


def main():
    rng = np.random.default_rng(2022)
    names = ["a", "b", "c", "nobody"]
    persons = np.repeat(np.arange(60), 3)
    group_of_person = np.where(rng.random(60) < 0.1, -1, rng.integers(0, 3, 60))
    of_items = group_of_person[persons]
    pairs = []
    for i in range(len(persons)):
        others = [*range(i + 1, min(i // 3 * 3 + 3, len(persons))), *rng.integers(0, len(persons), 4).tolist()]
        for j in others:
            mated = bool(persons[i] == persons[j])
            if i == j:
                continue
            score = rng.normal(1.0 + 0.2 * of_items[i] if mated else 0.15 * of_items[i], 0.45)
            pairs.append([i, int(j), int(mated), None if rng.random() < 0.02 else round(float(score), 3)])
    fields = {"groups": names, "of_items": of_items.tolist(), "persons": persons.tolist(), "pairs": pairs,
              "cases": [case(t, pairs, of_items, names) for t in (0.1, 0.02, 0.005)]}
    write_golden("fairness.json", "fairness.py", ["numpy", "scipy"], fields)


if __name__ == "__main__":
    main()
