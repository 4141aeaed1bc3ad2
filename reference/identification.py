"""Reference of searches and what belongs to them, by numpy, scipy and definitions written out.

golden/identification.json
  scale, features, persons  embeddings of the items times `scale`, whole numbers, null where an item has no face
  splits    [{n_shots, unknown_share, seed, gallery, mated, non_mated}]  persons in rising order, SplitMix64 and Durstenfeld's
            shuffle; gallery = [[person, items]]
  searches  [{rejecter, tail_size, split, rank, ranks, rank_rate, rank_ci, cmc, at_fpir, points, n_failed, n_gallery_failed}]
            ranks of the mates, null where a search failed; at_fpir {rate: {fnir, fnir_ci, dir, fpir_ci, supported} or null};
            points = [mated searches that hit, non-mated ones that return anyone] at every threshold, falling; scores only
  templates {media, persons, pooled, matches, n_failed, auc, eer, tar_at_fmr, galleries, probes, of_galleries, mean}  media =
            [[items of a medium]] of every template; pooled, null where no item has a face; matches = [first, second, mated];
            of_galleries as searches
  distractors {probes, distractors, sizes, rank_1, rank_1_ci, tar_at_fmr}  items
  blufr     {trials, figures}  trials = [train, test, gallery, probes]; figures = [{matcher, pca, vr, dir, vr_mean, vr_deviation,
            dir_mean, dir_deviation}] at FAR 1e-1

A search without a template misses or returns nobody. A mate's rank counts the others that score no less. An FPIR's
threshold is found by trying every score.
"""

import math

import numpy as np
from scipy.stats import binomtest

from clusters import shuffle, splitmix64
from evaluation import JointBayesian, equal_error_rate, in_order, project, roc, tar_at_fmr, unit
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
    fields = {"scale": SCALE, "features": whole(features, failed), "persons": persons.tolist(), "splits": splits,
              "searches": [search_case(persons, templates, splits[case[0]], *case) for case in cases]}
    return fields, persons, templates, failed


# Templates of media

def pooled(media, templates):
    """The mean within a medium, the sum over media, of unit norm."""
    means = [np.mean([unit(templates[i]) for i in items], axis=0) for items in
             ([i for i in items if i in templates] for items in media) if items]
    return unit(np.sum(means, axis=0)) if means else None


def template_fields(rng, persons, templates, failed):
    media, of = [], []
    for person in range(persons.max() + 1):
        items = rng.permutation(np.flatnonzero(persons == person)).tolist()
        for part in (items[:len(items) // 2], items[len(items) // 2:]):
            if part:
                cuts = sorted(rng.integers(0, len(part) + 1, 2).tolist())
                media.append([m for m in (part[:cuts[0]], part[cuts[0]:cuts[1]], part[cuts[1]:]) if m])
                of.append(person)
    # A template of nothing but a face that was not found.
    media.append([[min(failed)]])
    of.append(int(persons[min(failed)]))
    rows = [pooled(m, templates) for m in media]
    of = np.array(of)
    n = len(rows)
    pairs = [(i, j) for i in range(n) for j in range(i) if of[i] == of[j] or rng.random() < 0.5]
    matches = [[int(i), int(j), int(of[i] == of[j])] for i, j in pairs]
    mated = np.array([m == 1 for *_, m in matches])
    scores = np.array([in_order(rows[i], rows[j]) if rows[i] is not None and rows[j] is not None else -np.inf
                       for i, j, _ in matches])
    fmr, tar, _, auc = roc(scores, mated)
    known = {i: row for i, row in enumerate(rows) if row is not None}
    firsts = {int(p): int(np.flatnonzero(of == p)[0]) for p in np.unique(of)}
    probes = [i for i in range(n) if i not in firsts.values()]
    galleries = [[[p, [i]] for p, i in firsts.items() if p % 3 != which] for which in (0, 1)]
    plans = [{"gallery": g, "mated": [i for i in probes if of[i] in {p for p, _ in g}],
              "non_mated": [i for i in probes if of[i] not in {p for p, _ in g}]} for g in galleries]
    found = [search_case(of.tolist(), known, plan, which, "score", 0, 1) for which, plan in enumerate(plans)]
    mean = lambda value: float(np.mean([value(f) for f in found]))
    return {"media": media, "persons": of.tolist(), "pooled": [None if r is None else r.tolist() for r in rows],
            "matches": matches, "n_failed": int((~np.isfinite(scores)).sum()), "auc": float(auc),
            "eer": equal_error_rate(fmr, tar), "tar_at_fmr": tar_at_fmr(scores, mated), "galleries": galleries,
            "probes": probes, "of_galleries": found,
            "mean": {"rank_1": mean(lambda f: f["rank_rate"][1]), "fnir": mean(lambda f: f["at_fpir"]["1e-1"]["fnir"]),
                     "dir": mean(lambda f: f["at_fpir"]["1e-1"]["dir"])}}


# Distractors

def distractor_fields(persons, templates):
    probes = [i for i in range(len(persons)) if persons[i] % 3 == 0]
    distractors = [i for i in range(len(persons)) if persons[i] % 3 != 0]
    sizes, counts, n = [4, 30, len(distractors)], [0, 0, 0], 0
    score = lambda i, j: in_order(templates[i], templates[j])
    mated, non_mated = [], []
    for i in probes:
        others = [score(i, d) if i in templates and d in templates else -np.inf for d in distractors]
        non_mated += others
        for j in probes:
            if i == j or persons[i] != persons[j]:
                continue
            n += 1
            mate = score(i, j) if i in templates and j in templates else -np.inf
            if i < j:
                mated.append(mate)
            assert all(mate == o or abs(mate - o) > 1e-6 for o in others)
            for k, size in enumerate(sizes):
                counts[k] += np.isfinite(mate) and all(mate > o for o in others[:size])
    scores = np.array(mated + non_mated)
    return {"probes": probes, "distractors": distractors, "sizes": sizes, "n_searches": n,
            "rank_1": [int(c) / n for c in counts], "rank_1_ci": [interval(c, n) for c in counts],
            "tar_at_fmr": tar_at_fmr(scores, np.arange(len(scores)) < len(mated))}


# BLUFR

def at_far(hits, alarms, target):
    """Share of hits accepted at the smallest threshold that keeps the target."""
    candidates = [t for s in np.unique(alarms[np.isfinite(alarms)]) for t in (s, np.nextafter(s, np.inf))]
    threshold = min(t for t in [-1e9, *candidates] if np.mean(alarms >= t) <= target)
    return float(np.mean(hits >= threshold))


def blufr_trial(persons, templates, trial, matcher, n_components):
    train, test, gallery, probes = trial
    rows = {i: np.asarray(row) for i, row in templates.items()}
    items = [i for i in train if i in rows]
    if matcher == "joint-bayesian":
        rows = project(rows, np.array([rows[i] for i in items]), n_components)
        model = JointBayesian().fit(np.array([rows[i] for i in items]), np.array([persons[i] for i in items]), [])
        score = lambda a, b: model.score(a, b)
    else:
        score = in_order
    of = lambda i, j: score(rows[i], rows[j]) if i in rows and j in rows else -np.inf
    pairs = [(i, j) for k, i in enumerate(test) for j in test[:k]]
    scores = np.array([of(i, j) for i, j in pairs])
    mated = np.array([persons[i] == persons[j] for i, j in pairs])
    enrolled_of = {persons[g]: g for g in gallery}
    hits, alarms = [], []
    for probe in probes:
        found = {p: of(probe, g) for p, g in enrolled_of.items()}
        own = found.get(persons[probe])
        if own is None:
            alarms.append(max(found.values()))
        else:
            hits.append(own if sum(s >= own for s in found.values()) == 1 else -np.inf)
    return at_far(scores[mated], scores[~mated], 0.1), at_far(np.array(hits), np.array(alarms), 0.1)


def blufr_fields(rng, persons, templates):
    trials = []
    for _ in range(3):
        people = rng.permutation(persons.max() + 1).tolist()
        learned, rest = people[:14], people[14:]
        train = [i for i in range(len(persons)) if persons[i] in learned]
        test = [i for i in range(len(persons)) if persons[i] in rest]
        gallery = [int(np.flatnonzero(persons == p)[0]) for p in rest[:12]]
        trials.append([train, test, gallery, [i for i in test if i not in gallery]])
    figures = []
    for matcher, n_components in [("cosine", None), ("joint-bayesian", 4)]:
        vr, dir_ = zip(*(blufr_trial(persons, templates, trial, matcher, n_components) for trial in trials))
        figures.append({"matcher": matcher, "pca": n_components, "vr": vr, "dir": dir_, "vr_mean": float(np.mean(vr)),
                        "vr_deviation": float(np.std(vr, ddof=1)), "dir_mean": float(np.mean(dir_)),
                        "dir_deviation": float(np.std(dir_, ddof=1))})
    return {"trials": trials, "figures": figures}


def main():
    rng = np.random.default_rng(1927)
    fields, persons, templates, failed = search_fields(rng)
    fields["templates"] = template_fields(rng, persons, templates, failed)
    fields["distractors"] = distractor_fields(persons.tolist(), templates)
    fields["blufr"] = blufr_fields(rng, persons, templates)
    write_golden("identification.json", "identification.py", LIBRARIES, fields)


if __name__ == "__main__":
    main()
