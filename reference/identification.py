"""Reference of searches and what belongs to them, by numpy, scipy and definitions written out.

golden/identification.json
  scale, features, persons  embeddings of the items times `scale`, whole numbers, null where an item has no face
  splits    [{n_shots, unknown_share, seed, gallery, mated, non_mated}]  persons in rising order, SplitMix64 and Durstenfeld's
            shuffle; gallery = [[person, items]]
  searches  [{rejecter, tail_size, split, rank, ranks, rank_rate, rank_ci, cmc, at_fpir, points, n_failed, n_gallery_failed}]
            ranks of the mates, null where a search failed; at_fpir {rate: {fnir, fnir_ci, dir, fpir_ci, supported} or null};
            points = [mated searches that hit, non-mated ones that return anyone] at every threshold, falling; scores only

A search without a template misses or returns nobody. A mate's rank counts the others that score no less. An FPIR's
threshold is found by trying every score.
"""

import math

import numpy as np
from scipy.stats import binomtest

from clusters import shuffle, splitmix64
from evaluation import in_order, unit
from golden_file import write_golden
from matchers import tail_of

LIBRARIES = ["numpy", "scipy", "scikit-learn"]
SCALE = 32
TARGETS = [0.1, 0.03, 0.01, 0.001]


def interval(count, n):
    found = binomtest(int(count), int(n)).proportion_ci(0.95, "wilson")
    return [found.low, found.high]


def rate_key(rate):
    return f"{rate:.0e}".replace("e-0", "e-")


def whole(features, failed):
    return [None if i in failed else row for i, row in enumerate(features.astype(int).tolist())]


def templates_of(features, failed):
    """{item: unit row}, rounded to float32 as the templates of a protocol are."""
    return {i: unit(row / SCALE).astype(np.float32).astype(np.float64) for i, row in enumerate(features) if i not in failed}


# Splits and searches

def split(persons, n_shots, unknown_share, seed):
    numbers = splitmix64(seed)
    able = [(p, np.flatnonzero(persons == p).tolist()) for p in sorted(set(persons.tolist()))]
    able = [(p, items) for p, items in able if len(items) > n_shots]
    shuffle(able, numbers)
    gallery = []
    for person, items in sorted(able[math.floor(len(able) * unknown_share + 0.5):]):
        shuffle(items, numbers)
        gallery.append([person, items[:n_shots]])
    shown = {i for _, items in gallery for i in items}
    known = {person for person, _ in gallery}
    probes = [i for i in range(len(persons)) if i not in shown]
    return {"n_shots": n_shots, "unknown_share": unknown_share, "seed": seed, "gallery": gallery,
            "mated": [i for i in probes if persons[i] in known], "non_mated": [i for i in probes if persons[i] not in known]}


def enrolled(gallery, templates):
    """{person: template}"""
    rows = {person: [templates[i] for i in items if i in templates] for person, items in gallery}
    return {p: several[0] if len(several) == 1 else unit(sum(map(unit, several))) for p, several in rows.items() if several}


def decisions(scores, rejecter, tail_size):
    if rejecter == "score":
        return scores
    falling = sorted(scores.values(), reverse=True)
    confidence = float(tail_of(np.array(falling[1:]), tail_size)[2](falling[0]))
    return dict.fromkeys(scores, confidence)


def search(persons, templates, plan, rejecter, tail_size):
    """[(rank or None, decision of the mate or of the best)] of mated and of non-mated searches; -inf where failed."""
    gallery = enrolled(plan["gallery"], templates)
    found = {"mated": [], "non_mated": []}
    for kind, outcomes in found.items():
        for probe in plan[kind]:
            person = persons[probe]
            if probe not in templates or (kind == "mated" and person not in gallery):
                outcomes.append((None, -math.inf))
                continue
            scores = {p: in_order(templates[probe], row) for p, row in gallery.items()}
            decided = decisions(scores, rejecter, tail_size)
            if kind == "non_mated":
                outcomes.append((None, max(decided.values())))
                continue
            # f32 scores must not rank otherwise.
            assert all(s == scores[person] or abs(s - scores[person]) > 1e-6 for s in scores.values())
            rank = sum(s >= scores[person] for s in scores.values())
            outcomes.append((rank, decided[person]))
    return found


def at_fpir(hits, alarms, target):
    n, allowed = len(alarms), 1 / len(alarms) <= target
    if not allowed:
        return None
    finite = sorted({s for s in np.concatenate([hits, alarms]) if np.isfinite(s)})
    candidates = [-1e9, *finite, *(np.nextafter(s, math.inf) for s in finite)]
    threshold = min(t for t in candidates if np.mean(alarms >= t) <= target)
    n_hit, n_alarm = int((hits >= threshold).sum()), int((alarms >= threshold).sum())
    miss = len(hits) - n_hit
    return {"fnir": miss / len(hits), "fnir_ci": interval(miss, len(hits)), "fpir_ci": interval(n_alarm, n),
            "supported": bool(30 / n <= target)}


def search_case(persons, templates, plan, which, rejecter, tail_size, rank):
    found = search(persons, templates, plan, rejecter, tail_size)
    ranks = [r for r, _ in found["mated"]]
    within = lambda r: sum(k is not None and k <= r for k in ranks)
    scores = lambda r: np.array([s if k is not None and k <= r else -math.inf for k, s in found["mated"]])
    hits, first, alarms = scores(rank), scores(1), np.array([s for _, s in found["non_mated"]])
    table = {}
    for target in TARGETS:
        at = at_fpir(hits, alarms, target)
        table[rate_key(target)] = at and at | {"dir": 1 - at_fpir(first, alarms, target)["fnir"]}
    both = np.concatenate([hits, alarms])
    thresholds = sorted({s for s in both if np.isfinite(s)}, reverse=True)
    # Confidences crowd below 1, where their order is a matter of rounding.
    assert rejecter != "score" or min(-np.diff(thresholds)) > 1e-7
    failed = [i for i in plan["mated"] + plan["non_mated"] if i not in templates]
    return {"rejecter": rejecter, "tail_size": tail_size, "split": which, "rank": rank, "ranks": ranks,
            "rank_rate": {r: within(r) / len(ranks) for r in (1, 3, 10)},
            "rank_ci": {r: interval(within(r), len(ranks)) for r in (1, 3, 10)},
            "cmc": [within(r) / len(ranks) for r in range(1, 16)], "at_fpir": table,
            "points": [[int((hits >= t).sum()), int((alarms >= t).sum())] for t in thresholds] if rejecter == "score" else None,
            "n_failed": len(failed),
            "n_gallery_failed": len(plan["gallery"]) - len(enrolled(plan["gallery"], templates))}


def search_fields(rng):
    sizes = rng.integers(1, 11, 44)
    persons = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(size=(len(sizes), 10))[persons]
    features = np.round((centres + 0.75 * rng.normal(size=centres.shape)) * SCALE)
    splits = [split(persons, *options) for options in [(1, 0.5, 0), (1, 0.5, 9), (2, 0.3, 1), (3, 0.0, 2)]]
    # One failure of each kind: an enrolled item, a mated probe, a non-mated one.
    failed = {splits[0]["gallery"][2][1][0], splits[0]["mated"][5], splits[0]["non_mated"][5]}
    # Another person's picture is the mate's own: equal scores.
    features[splits[0]["gallery"][1][1][0]] = features[splits[0]["gallery"][0][1][0]]
    templates = templates_of(features, failed)
    cases = [(which, "score", 0, rank) for which in range(len(splits)) for rank in (1, 3) if splits[which]["non_mated"]]
    cases.append((2, "probe-tail", 8, 1))
    return {"scale": SCALE, "features": whole(features, failed), "persons": persons.tolist(), "splits": splits,
            "searches": [search_case(persons, templates, splits[case[0]], *case) for case in cases]}


def main():
    rng = np.random.default_rng(1927)
    write_golden("identification.json", "identification.py", LIBRARIES, search_fields(rng))


if __name__ == "__main__":
    main()
