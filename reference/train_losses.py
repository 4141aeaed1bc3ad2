"""Losses of face networks, by their formulas, in PyTorch's f64 with its automatic gradients: golden/train_losses.json.

Needs `requirements-train.txt` beside `requirements.txt`. Nothing here shares a shortcut with the Rust: angles are taken by acos,
pairs and triplets are loops, what is remembered is written out.

- `cases`: `name`; `config`, as a recipe would hold it; `classes`; `variables`, name -> values, nested as they are shaped; and
  `batches`, to be seen one after the other: `step`, `features` [n][d], `labels` [n] (-1: nobody known), `teacher` [n][d'] or null,
  and what must come out: `total`, `gradients` (of `features` and of each trained variable), `kept` (variables that nothing
  trains, after the batch).
"""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from golden_file import rounded, write_golden

DIM = 4
CLASSES = 5
LABELS = [0, 1, 0, 2, -1, 3, 0, 2, 1]
MASK = (1 << 64) - 1


# ---- what a network would give ------------------------------------------------------------------------------------------------


def features_of(seed, n_rows=len(LABELS), scale=1.0, dim=DIM):
    return np.round(np.random.default_rng(seed).normal(size=(n_rows, dim)) * scale, 3)


def weights_of(seed, n_rows, dim=DIM, scale=1.0):
    return np.round(np.random.default_rng(1000 + seed).normal(size=(n_rows, dim)) * scale, 3)


# ---- angles -------------------------------------------------------------------------------------------------------------------


def cosines(x, w):
    return torch.stack([torch.stack([torch.dot(a, b) / (a.norm() * b.norm()) for b in w]) for a in x])


def mean_cross_entropy(logits, labels):
    return torch.stack([torch.logsumexp(z, 0) - z[y] for z, y in zip(logits, labels)]).mean()


def replaced(logits, labels, targets):
    rows = [row.clone() for row in logits]
    for row, label, target in zip(rows, labels, targets):
        row[label] = target
    return torch.stack(rows)


def psi(theta, m):
    k = min(int(math.floor(theta.item() * m / math.pi)), m - 1)
    return (-1) ** k * torch.cos(m * theta) - 2 * k


def arc(theta, margin):
    """cos(theta + margin), or the authors' straight continuation past pi."""
    if theta.item() + float(torch.as_tensor(margin).detach()) < math.pi:
        return torch.cos(theta + margin)
    return torch.cos(theta) - margin * torch.sin(math.pi - torch.as_tensor(margin, dtype=torch.float64))


def annealed(options, step):
    o = {"base": 1000.0, "gamma": 0.12, "power": 1.0, "least": 5.0} | options.get("annealing", {})
    return max(o["least"], o["base"] * (1 + o["gamma"] * step) ** -o["power"])


class Head:
    """A loss of the angles between labelled rows and class weights."""

    def __init__(self, name, config, variables):
        self.name, self.config, self.v = name, config, variables

    def __call__(self, x, labels, step, teacher):
        known = [i for i, y in enumerate(labels) if y >= 0]
        x, y = x[known], [labels[i] for i in known]
        w = self.v[f"{self.name}.weight"]
        return self.value(self.config, x, y, w, step)

    def value(self, config, x, y, w, step):
        kind = config["kind"]
        if kind == "partial_fc":
            chosen = sampled(config["seed"], step, y, len(w), config["fraction"])
            return self.value(config["head"], x, [chosen.index(label) for label in y], w[chosen], step)
        if kind == "subcenter_arcface":
            k = config.get("centres", 3)
            c = cosines(x, w).reshape(len(x), -1, k).max(dim=2).values
        else:
            c = cosines(x, w)
        own = [c[i, label] for i, label in enumerate(y)]
        theta = [torch.acos(cosine) for cosine in own]
        norms = x.norm(dim=1)
        s = config.get("scale", 64.0)
        return getattr(self, kind)(config, c, y, theta, norms, s, step, x, w)

    def modified_softmax(self, config, c, y, theta, norms, s, step, x, w):
        return mean_cross_entropy(norms[:, None] * c, y)

    def a_softmax(self, config, c, y, theta, norms, s, step, x, w):
        lam, m = annealed(config, step), config.get("multiplier", 4)
        targets = [n * (lam * torch.cos(t) + psi(t, m)) / (1 + lam) for n, t in zip(norms, theta)]
        return mean_cross_entropy(replaced(norms[:, None] * c, y, targets), y)

    def l_softmax(self, config, c, y, theta, norms, s, step, x, w):
        lam, m = annealed(config, step), config.get("multiplier", 4)
        lengths = [n * w[label].norm() for n, label in zip(norms, y)]
        targets = [n * (lam * torch.cos(t) + psi(t, m)) / (1 + lam) for n, t in zip(lengths, theta)]
        return mean_cross_entropy(replaced(x @ w.T, y, targets), y)

    def normface(self, config, c, y, theta, norms, s, step, x, w):
        scale = self.v.get(f"{self.name}.scale", torch.tensor(config.get("scale", 20.0)))
        return mean_cross_entropy(scale * c, y)

    def cosface(self, config, c, y, theta, norms, s, step, x, w):
        m = config.get("margin", 0.35)
        return mean_cross_entropy(s * replaced(c, y, [torch.cos(t) - m for t in theta]), y)

    def arcface(self, config, c, y, theta, norms, s, step, x, w):
        m = config.get("margin", 0.5)
        return mean_cross_entropy(s * replaced(c, y, [arc(t, m) for t in theta]), y)

    subcenter_arcface = arcface

    def combined_margin(self, config, c, y, theta, norms, s, step, x, w):
        m1, m2, m3 = config.get("multiplier", 1.0), config.get("angle", 0.3), config.get("cosine", 0.2)

        def target(t):
            moved = m1 * t + m2
            k = int(moved.item() // math.pi)
            return (-1) ** k * torch.cos(moved) - 2 * k - m3

        return mean_cross_entropy(s * replaced(c, y, [target(t) for t in theta]), y)

    def magface(self, config, c, y, theta, norms, s, step, x, w):
        la, ua, lm, um = 10.0, 110.0, 0.45, 0.8
        a = norms.clamp(la, ua)
        m = (um - lm) / (ua - la) * (a - la) + lm
        identity = mean_cross_entropy(s * replaced(c, y, [arc(t, mi) for t, mi in zip(theta, m)]), y)
        return identity + config.get("penalty", 35.0) * (1 / a + a / ua**2).mean()

    def curricularface(self, config, c, y, theta, norms, s, step, x, w):
        m, pace = config.get("margin", 0.5), config.get("pace", 0.01)
        t = self.v[f"{self.name}.t"]
        t[:] = (1 - pace) * t + pace * torch.stack([torch.cos(th) for th in theta]).mean().item()
        rows = []
        for i, label in enumerate(y):
            bar = torch.cos(theta[i] + m)
            row = [c[i, j] * (t[0] + c[i, j]) if c[i, j] > bar else c[i, j] for j in range(c.shape[1])]
            row[label] = arc(theta[i], m)
            rows.append(torch.stack(row))
        return mean_cross_entropy(s * torch.stack(rows), y)

    def adaface(self, config, c, y, theta, norms, s, step, x, w):
        m, h, pace, eps = config.get("margin", 0.4), config.get("concentration", 0.333), config.get("pace", 0.01), 1e-3
        z = norms.detach().clamp(1e-3, 100)
        mean, deviation = self.v[f"{self.name}.mean_length"], self.v[f"{self.name}.length_deviation"]
        if len(z) > 1:
            mean[:] = pace * z.mean() + (1 - pace) * mean
            deviation[:] = pace * z.std() + (1 - pace) * deviation
        quality = torch.clip((z - mean) / (deviation + eps) * h, -1, 1)
        targets = [torch.cos((t - m * q).clamp(eps, math.pi - eps)) - (m + m * q) for t, q in zip(theta, quality)]
        return mean_cross_entropy(s * replaced(c, y, targets), y)


# ---- Partial FC's choice ------------------------------------------------------------------------------------------------------


class SplitMix:
    """Steele, Lea and Flood, OOPSLA 2014."""

    def __init__(self, seed):
        self.state = seed & MASK

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)


def sampled(seed, step, own, n_classes, fraction):
    random = SplitMix(SplitMix(SplitMix(seed).bits() ^ step).bits())
    keys = [random.bits() for _ in range(n_classes)]
    others = sorted((key, label) for label, key in enumerate(keys) if label not in own)
    n_others = max(0, math.ceil(fraction * n_classes) - len(set(own)))
    return sorted(set(own) | {label for _, label in others[:n_others]})


# ---- features alone, and other losses -----------------------------------------------------------------------------------------


def softmax(x, labels, weight, bias, smoothing=0.0):
    known = [i for i, y in enumerate(labels) if y >= 0]
    n_classes = len(weight)
    values = []
    for i in known:
        log_p = F.log_softmax(weight @ x[i] + bias, dim=0)
        q = torch.full((n_classes,), smoothing / n_classes, dtype=torch.float64)
        q[labels[i]] += 1 - smoothing
        values.append(-(q * log_p).sum())
    return torch.stack(values).mean()


def pairs_of(labels, pairing):
    n = len(labels)
    pairs = [(i, i + 1) for i in range(0, n - 1, 2)] if pairing == "neighbours" else itertools.combinations(range(n), 2)
    return [(i, j, labels[i] == labels[j]) for i, j in pairs if labels[i] >= 0 and labels[j] >= 0]


def balanced_threshold(pairs):
    """By trying every place between two distances."""
    distances = sorted({d for d, _ in pairs})
    places = [(a + b) / 2 for a, b in zip(distances, distances[1:])] + [distances[-1]]
    n_same = sum(same for _, same in pairs)
    if n_same in (0, len(pairs)):
        return None

    def wrong(t):
        missed = sum(same and d > t for d, same in pairs) / n_same
        taken = sum(not same and d <= t for d, same in pairs) / (len(pairs) - n_same)
        return round(missed + taken, 9)

    return min(places, key=lambda t: (wrong(t), t))


def contrastive(x, labels, config, v, name):
    form = config.get("form", "l2")
    rule = config.get("margin", {"rule": "recent", "initial": 1.0, "n_pairs": 200_000})
    pairs = pairs_of(labels, config.get("pairing", "neighbours"))
    if config.get("features") == "unit":
        x = torch.stack([row / row.norm() for row in x])
    values, seen = [], []
    margin = float(v[f"{name}.margin"][0]) if form != "cosine" else None
    for i, j, same in pairs:
        if form == "cosine":
            cosine = torch.dot(x[i], x[j]) / (x[i].norm() * x[j].norm())
            accepted = torch.sigmoid(v[f"{name}.slope"][0] * cosine + v[f"{name}.bias"][0])
            values.append((float(same) - accepted) ** 2 / 2)
            continue
        d = (x[i] - x[j]).abs().sum() if form == "l1" else ((x[i] - x[j]) ** 2).sum().sqrt()
        seen.append((d.item(), same))
        cost = d if same else torch.clamp(margin - d, min=0)
        values.append(cost if form == "l1" else cost**2 / 2)
    if form != "cosine" and rule["rule"] == "recent":
        remember(seen, v, name)
    return torch.stack(values).mean() if values else x.sum() * 0


def remember(seen, v, name):
    distances, same, n_recent = (v[f"{name}.{key}"] for key in ("recent_distances", "recent_same", "n_recent"))
    for d, is_same in seen:
        at = int(n_recent[0])
        distances[at], same[at], n_recent[0] = d, float(is_same), at + 1
        if at + 1 == len(distances):
            n_recent[0] = 0
            best = balanced_threshold([(float(d), bool(s)) for d, s in zip(distances, same)])
            if best is not None:
                v[f"{name}.margin"][0] = best


def siamese(x, labels, config, alpha, bias):
    values = []
    for i, j, same in pairs_of(labels, config.get("pairing", "neighbours")):
        p = torch.sigmoid(bias[0] - (alpha * (x[i] - x[j]).abs()).sum())
        values.append(-torch.log(p) if same else -torch.log(1 - p))
    return torch.stack(values).mean()


def triplet(x, labels, config):
    margin, negatives = config.get("margin", 0.2), config.get("negatives", "semi_hard")
    f = [row / row.norm() for row in x]
    d = lambda i, j: ((f[i] - f[j]) ** 2).sum()
    rows = [i for i, y in enumerate(labels) if y >= 0]
    values = []
    for a, p in itertools.permutations(rows, 2):
        if labels[a] != labels[p]:
            continue
        others = sorted(((d(a, n).item(), n) for n in rows if labels[n] != labels[a]))
        if negatives == "hard":
            others = others[:1]
        elif negatives == "semi_hard":
            others = [(far, n) for far, n in others if far > d(a, p).item()][:1]
        values += [d(a, p) - d(a, n) + margin for far, n in others if d(a, p).item() + margin > far]
    return torch.stack(values).mean() if values else x.sum() * 0


def center(x, labels, config, centres):
    pace = config.get("pace", 0.5)
    rows = [(i, y) for i, y in enumerate(labels) if y >= 0]
    value = torch.stack([((x[i] - centres[y]) ** 2).sum() / 2 for i, y in rows]).mean()
    moves = torch.zeros_like(centres)
    for label in {y for _, y in rows}:
        offsets = [x[i].detach() - centres[label] for i, y in rows if y == label]
        moves[label] = pace * sum(offsets) / (1 + len(offsets))
    centres += moves
    return value


def distillation(x, config, teacher, projection):
    if projection is not None:
        x = torch.stack([projection @ row for row in x])
    if config.get("distance", "cosine") == "mse":
        return F.mse_loss(x, teacher)
    return (1 - F.cosine_similarity(x, teacher, dim=1)).mean()


def loss_of(config, variables):
    """f(features, labels, step, teacher) -> total, for a loss that is built as the first and only one."""
    kind = config["kind"]
    name, v = f"{kind}_0", variables
    if kind == "softmax":
        return lambda x, y, step, t: softmax(x, y, v[f"{name}.weight"], v[f"{name}.bias"], config.get("label_smoothing", 0.0))
    if kind == "contrastive":
        return lambda x, y, step, t: contrastive(x, y, config, v, name)
    if kind == "joint":
        ident, verif = f"{name}.identification", f"{name}.verification"
        return lambda x, y, step, t: softmax(x, y, v[f"{ident}.weight"], v[f"{ident}.bias"]) + config.get(
            "lambda", 0.05
        ) * contrastive(x, y, config.get("verification", {}), v, verif)
    if kind == "siamese":
        return lambda x, y, step, t: siamese(x, y, config, v[f"{name}.alpha"], v[f"{name}.bias"])
    if kind == "triplet":
        return lambda x, y, step, t: triplet(x, y, config)
    if kind == "center":
        return lambda x, y, step, t: center(x, y, config, v[f"{name}.centres"])
    if kind == "distillation":
        return lambda x, y, step, t: distillation(x, config, t, v.get(f"{name}.weight"))
    return Head(name, config, v)


# ---- cases --------------------------------------------------------------------------------------------------------------------


def case(name, config, batches, variables=None, kept=None):
    trainable = {key: torch.tensor(np.asarray(value, dtype=np.float64), requires_grad=True) for key, value in (variables or {}).items()}
    untrained = {key: torch.tensor(np.asarray(value, dtype=np.float64)) for key, value in (kept or {}).items()}
    value_of = loss_of(config, trainable | untrained)
    start = {key: rounded(t.detach().numpy(), 12) for key, t in (trainable | untrained).items()}
    return {
        "name": name,
        "config": config,
        "classes": CLASSES,
        "variables": start,
        "batches": [outcome(value_of, trainable, untrained, **batch) for batch in batches],
    }


def outcome(value_of, trainable, untrained, features, labels=LABELS, step=0, teacher=None):
    x = torch.tensor(features, requires_grad=True)
    total = value_of(x, labels, step, None if teacher is None else torch.tensor(teacher))
    wanted = {"features": x} | trainable
    gradients = torch.autograd.grad(total, list(wanted.values()), allow_unused=True)
    gradients = [torch.zeros_like(t) if g is None else g for g, t in zip(gradients, wanted.values())]
    return {
        "step": step,
        "features": rounded(features, 3),
        "labels": list(labels),
        "teacher": None if teacher is None else rounded(teacher, 3),
        "total": round(total.item(), 12),
        "gradients": {key: rounded(g.numpy(), 12) for key, g in zip(wanted, gradients)},
        "kept": {key: rounded(t.numpy(), 12) for key, t in untrained.items()},
    }


def head_case(name, config, seed, scale=1.0, steps=(0,), n_rows=CLASSES, kept=None, extra=None):
    kind = config["kind"]
    variables = {f"{kind}_0.weight": weights_of(seed, n_rows)} | {f"{kind}_0.{k}": v for k, v in (extra or {}).items()}
    kept = {f"{kind}_0.{k}": v for k, v in (kept or {}).items()}
    batches = [{"features": features_of(seed + 50 * i, scale=scale), "step": step} for i, step in enumerate(steps)]
    return case(name, config, batches, variables, kept)


def head_cases():
    yield head_case("modified softmax", {"kind": "modified_softmax"}, 1)
    for m in (1, 2, 3, 4):
        bare = {"base": 0.0, "least": 0.0}
        yield head_case(f"A-Softmax, m = {m}, margin alone", {"kind": "a_softmax", "multiplier": m, "annealing": bare}, 1 + m)
        yield head_case(f"L-Softmax, m = {m}, margin alone", {"kind": "l_softmax", "multiplier": m, "annealing": bare}, 5 + m)
    yield head_case("A-Softmax, annealed", {"kind": "a_softmax"}, 10, steps=(0, 300, 30_000))
    yield head_case("L-Softmax, annealed", {"kind": "l_softmax", "annealing": {"gamma": 0.000025, "power": 35.0}}, 11, steps=(9000,))
    yield head_case("NormFace", {"kind": "normface"}, 12, extra={"scale": 20.0})
    yield head_case("NormFace, fixed scale", {"kind": "normface", "scale": 7.0, "scaling": "fixed"}, 13)
    yield head_case("CosFace", {"kind": "cosface"}, 14)
    yield head_case("AM-Softmax", {"kind": "cosface", "scale": 30.0, "margin": 0.4}, 15)
    yield head_case("ArcFace", {"kind": "arcface"}, 16)
    yield head_case("ArcFace, past pi", {"kind": "arcface", "scale": 8.0, "margin": 1.5}, 17)
    yield head_case("combined margin", {"kind": "combined_margin"}, 18)
    many = {"kind": "combined_margin", "multiplier": 1.7, "angle": 0.9, "cosine": 0.1, "scale": 8.0}
    yield head_case("combined margin, past pi", many, 19)
    yield head_case("Sub-center ArcFace", {"kind": "subcenter_arcface"}, 20, n_rows=3 * CLASSES)
    yield head_case("MagFace", {"kind": "magface"}, 21, scale=25.0)
    yield head_case("MagFace, lengths outside", {"kind": "magface", "scale": 8.0}, 22, scale=5.0)
    # A pace of nearly 0 keeps t, which has no gradient, out of finite differences.
    yield head_case("CurricularFace", {"kind": "curricularface", "pace": 1e-9}, 28, kept={"t": [0.35]})
    yield head_case("CurricularFace, t follows", {"kind": "curricularface", "pace": 0.3}, 23, steps=(0, 1), kept={"t": [0.0]})
    lengths = {"mean_length": [20.0], "length_deviation": [100.0]}
    yield head_case("AdaFace", {"kind": "adaface"}, 24, scale=10.0, steps=(0, 1), kept=lengths)
    yield head_case("AdaFace, follows at once", {"kind": "adaface", "pace": 1.0, "scale": 16.0}, 25, scale=30.0, kept=lengths)
    partial = {"kind": "partial_fc", "fraction": 0.55, "seed": 9, "head": {"kind": "cosface", "scale": 16.0}}
    yield head_case("Partial FC", partial, 26, steps=(3, 4), n_rows=9) | {"classes": 9}
    nearest = {"kind": "partial_fc", "fraction": 0.55, "seed": 1, "head": {"kind": "subcenter_arcface", "centres": 2}}
    yield partial_subcenters(nearest)


def partial_subcenters(config):
    """The classes are chosen among 9, each with two rows of weights."""
    w = weights_of(27, 18)
    rows = torch.tensor(w, requires_grad=True)
    x = torch.tensor(features_of(27), requires_grad=True)
    y = [label for label in LABELS if label >= 0]
    chosen = sampled(config["seed"], 2, y, 9, config["fraction"])
    head = Head("partial_fc_0", config, {})
    kept = torch.cat([rows[2 * c : 2 * c + 2] for c in chosen])
    known = x[[i for i, label in enumerate(LABELS) if label >= 0]]
    total = head.value(config["head"], known, [chosen.index(label) for label in y], kept, 2)
    dx, dw = torch.autograd.grad(total, [x, rows])
    batch = {"step": 2, "features": rounded(x.detach().numpy(), 3), "labels": LABELS, "teacher": None, "total": round(total.item(), 12)}
    batch |= {"gradients": {"features": rounded(dx.numpy(), 12), "partial_fc_0.weight": rounded(dw.numpy(), 12)}, "kept": {}}
    variables = {"partial_fc_0.weight": rounded(w, 3)}
    return {"name": "Partial FC, several centres", "config": config, "classes": 9, "variables": variables, "batches": [batch]}


def softmax_case(name, config, seed):
    variables = {"softmax_0.weight": weights_of(seed, CLASSES), "softmax_0.bias": weights_of(seed, 1, CLASSES)[0]}
    return case(name, config, [{"features": features_of(seed)}], variables)


def margins(name, n_pairs, value):
    return {
        f"{name}.margin": [value],
        f"{name}.n_recent": [0.0],
        f"{name}.recent_distances": [0.0] * n_pairs,
        f"{name}.recent_same": [0.0] * n_pairs,
    }


def pair_cases():
    fixed = lambda value: {"rule": "fixed", "value": value}
    recent = {"rule": "recent", "initial": 2.5, "n_pairs": 10}
    plain = [{"features": features_of(30)}]
    for form, pairing in itertools.product(("l2", "l1"), ("neighbours", "all")):
        config = {"kind": "contrastive", "form": form, "pairing": pairing, "margin": fixed(3.5)}
        labels = [0, 0, 1, 2, -1, 3, 1, 1, 2]
        batches = [{"features": features_of(31), "labels": labels}]
        yield case(f"contrastive, {form}, {pairing}", config, batches, kept={"contrastive_0.margin": [3.5]})
    unit = {"kind": "contrastive", "features": "unit", "pairing": "all", "margin": fixed(1.2)}
    yield case("contrastive, unit length", unit, plain, kept={"contrastive_0.margin": [1.2]})
    cosine = {"kind": "contrastive", "form": "cosine", "pairing": "all"}
    yield case("contrastive, cosine", cosine, plain, {"contrastive_0.slope": np.array([3.0]), "contrastive_0.bias": np.array([-1.5])})
    follows = {"kind": "contrastive", "pairing": "all", "margin": recent}
    batches = [{"features": features_of(32 + i, scale=0.7), "step": i} for i in range(3)]
    yield case("contrastive, margin of recent pairs", follows, batches, kept=margins("contrastive_0", 10, 2.5))
    variables = {"joint_0.identification.weight": weights_of(33, CLASSES), "joint_0.identification.bias": weights_of(33, 1, CLASSES)[0]}
    joint = {"kind": "joint", "verification": {"pairing": "all", "margin": recent}}
    yield case("joint identification and verification", joint, batches[:2], variables, margins("joint_0.verification", 10, 2.5))
    twins = {"siamese_0.alpha": np.array([0.4, -0.2, 0.9, 0.1]), "siamese_0.bias": np.array([0.3])}
    yield case("Siamese", {"kind": "siamese", "pairing": "all"}, plain, twins)


def triplet_cases():
    for negatives, margin in itertools.product(("semi_hard", "hard", "all"), (0.2, 1.0)):
        config = {"kind": "triplet", "negatives": negatives, "margin": margin}
        labels = [0, 0, 1, 2, -1, 0, 1, 1, 2, 3, 2, 3]
        yield case(f"triplet, {negatives}, margin {margin}", config, [{"features": features_of(40, len(labels)), "labels": labels}])


def other_cases():
    yield softmax_case("softmax", {"kind": "softmax"}, 45)
    yield softmax_case("softmax, smoothed", {"kind": "softmax", "label_smoothing": 0.1}, 46)
    centres = {"center_0.centres": weights_of(47, CLASSES)}
    yield case("center", {"kind": "center"}, [{"features": features_of(47 + i), "step": i} for i in range(2)], kept=centres)
    taught = [{"features": features_of(50), "teacher": features_of(51)}]
    yield case("distillation, cosine", {"kind": "distillation"}, taught)
    yield case("distillation, mse", {"kind": "distillation", "distance": "mse"}, taught)
    longer = [{"features": features_of(52), "teacher": features_of(53, dim=6)}]
    config = {"kind": "distillation", "teacher_dim": 6}
    yield case("distillation, projected", config, longer, {"distillation_0.weight": weights_of(53, 6)})


def main():
    cases = [*other_cases(), *pair_cases(), *triplet_cases(), *head_cases()]
    write_golden("train_losses.json", "train_losses.py", ["numpy", "torch"], {"cases": cases})


if __name__ == "__main__":
    main()
