"""Evaluates embeddings on a list of pairs in LFW's format, with the keys that `lineament eval lfw --json` prints; writes
no golden file.

    python lfw_folds.py embed OUT.npz                      crops of LFW View 1 in the shared folder, by its embedder
    python lfw_folds.py evaluate IN.npz PAIRS [--dev PAIRS] [--flip sum] [--center folds] [--pca D] ...
    python lfw_folds.py compare IN.npz PAIRS --images DIR [--dev PAIRS] [--lineament PROGRAM] [--pca D]
                                                             both on every switch with every other

The file of embeddings holds `names` [n] (person/person_0001), `plain` and `mirrored` [n, d], rows of NaN where no face was
found; `evaluate` takes images that a list names and the file lacks as without a face. With --dev, everything is learned on
that list (View 1); without, the list has ten folds (View 2). `compare` ends with 1 where a fold's count differs, or its
threshold by more than 1e-9 (of the threshold, beyond 1).
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

import evaluation
from embedder import raw_embeddings
from golden_file import SHARED
from inference import open_session

LFW = SHARED / "data" / "lfw-view1"
MODEL = SHARED / "models" / "mobilefacenet.onnx"


def embed_crops(path):
    """The template lies 8 pixels inside the 128x128 crops."""
    session = open_session(MODEL)
    files = sorted((LFW / "crops").glob("*/*.webp"))
    crops = [cv2.imread(str(file))[8:120, 8:120, ::-1] for file in files]
    sides = [np.array([raw_embeddings(session, [view(crop)])[0] for crop in crops], np.float32)
             for view in (np.ascontiguousarray, lambda crop: np.ascontiguousarray(crop[:, ::-1]))]
    np.savez(path, names=[f"{file.parent.name}/{file.stem}" for file in files], plain=sides[0], mirrored=sides[1],
             model=[MODEL.stem, hashlib.sha256(MODEL.read_bytes()).hexdigest()])


def read_pairs(path):
    """[(name, name, 1 or 0, fold)] of a list whose first line is the pairs of each kind, with the folds before them if any."""
    lines = Path(path).read_text().splitlines()
    header = [int(field) for field in lines[0].split()]
    per_fold = 2 * header[-1]

    def name(person, number):
        return f"{person}/{person}_{int(number):04d}"

    pairs = []
    for row, line in enumerate(lines[1:]):
        fields = line.split()
        second = fields[0] if len(fields) == 3 else fields[2]
        pairs.append((name(*fields[:2]), name(second, fields[-1]), int(len(fields) == 3), row // per_fold))
    return pairs


def of_list(pairs, templates):
    """(rows, persons, pairs) by index, and the names of items without a template."""
    names = sorted({name for pair in pairs for name in pair[:2]})
    index = {name: i for i, name in enumerate(names)}
    people = {person: i for i, person in enumerate(sorted({name.split("/")[0] for name in names}))}
    rows = {index[name]: templates[name] for name in names if name in templates}
    persons = np.array([people[name.split("/")[0]] for name in names])
    pairs = [(index[a], index[b], mated, fold) for a, b, mated, fold in pairs]
    return (rows, persons, pairs), [name for name in names if name not in templates]


SWITCHES = ("flip", "center", "pca", "thresholds", "matcher", "matcher_pca", "whiten")


def report(arguments):
    file = np.load(arguments.embeddings)
    views = zip(file["names"].tolist(), file["plain"], file["mirrored"])
    templates = {n: evaluation.combine(p, m, arguments.flip) for n, p, m in views if np.isfinite(p).all()}
    material, failures = of_list(read_pairs(arguments.pairs), templates)
    case = {key: getattr(arguments, key) for key in SWITCHES}
    if arguments.dev:
        dev, _ = of_list(read_pairs(arguments.dev), templates)
        found = evaluation.evaluate_view1(dev, material, case)
        found["best_on_test"] = {"accuracy": found.pop("best_accuracy"), "threshold": found.pop("best_threshold")}
    else:
        found = evaluation.evaluate_folds(*material, case)
    at_fmr = found.pop("tar_at_fmr")
    part = lambda key: {rate: None if at is None else at[key] for rate, at in at_fmr.items()}
    folds = zip(found.pop("n_correct"), found.pop("thresholds_of_folds"))
    return {"protocol": "lfw-view1" if arguments.dev else "lfw-view2", **case, **found, "failures": failures,
            "tar_at_fmr": part("tar"), "tar_ci": part("tar_ci"), "fmr_ci": part("fmr_ci"),
            "folds": [{"n_correct": n, "threshold": t} for n, t in folds],
            "model": dict(zip(("name", "sha256"), file["model"].tolist())), "command": " ".join(sys.argv)}


def theirs(arguments, case):
    """What `lineament eval lfw` prints; `None` where its options cannot say that."""
    is_plain = case["matcher"] in ("cosine", "squared-euclidean") and not case["whiten"]
    if case["matcher_pca" if is_plain else "pca"]:
        return None
    matcher = case["matcher"].replace("squared-", "")
    command = [arguments.lineament, "eval", "lfw", "--json", "--images", arguments.images, "--pairs", arguments.pairs]
    command += ["--embeddings", arguments.embeddings, "--matcher", matcher]
    command += [word for key in ("flip", "center", "thresholds") for word in (f"--{key}", case[key])]
    command += ["--pca", str(case["pca"] or case["matcher_pca"])] if case["pca"] or case["matcher_pca"] else []
    command += ["--whiten"] * case["whiten"] + (["--dev-pairs", arguments.dev] if arguments.dev else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(arguments):
    worst, differ = 0.0, 0
    for case in evaluation.grid(arguments.pca):
        found = theirs(arguments, case)
        if found is None:
            continue
        own = report(argparse.Namespace(**(vars(arguments) | case)))
        pairs = list(zip(found["folds"], own["folds"], strict=True))
        same = all(a["n_correct"] == b["n_correct"] for a, b in pairs)
        apart = max(abs(a["threshold"] - b["threshold"]) / max(1, abs(b["threshold"])) for a, b in pairs)
        worst, differ = max(worst, apart), differ + (not same or apart > 1e-9)
        verdict = "equal" if same else f"COUNTS DIFFER {[(a['n_correct'], b['n_correct']) for a, b in pairs]}"
        print(*(case[key] for key in SWITCHES), f"accuracy {own['accuracy']:.4f}, thresholds {apart:.1e} apart, {verdict}", flush=True)
    print(f"greatest difference of thresholds {worst:.1e}; {differ} differ")
    sys.exit(differ > 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("embed").add_argument("out")
    evaluate = commands.add_parser("evaluate")
    evaluate.add_argument("embeddings")
    evaluate.add_argument("pairs")
    evaluate.add_argument("--dev")
    evaluate.add_argument("--flip", default="sum", choices=["off", "sum", "concat"])
    evaluate.add_argument("--center", default="off", choices=["off", "folds"])
    evaluate.add_argument("--pca", type=int)
    evaluate.add_argument("--thresholds", default="exact", choices=["exact", "grid"])
    evaluate.add_argument("--matcher", default="cosine", choices=list(evaluation.MATCHERS))
    evaluate.add_argument("--matcher-pca", type=int)
    evaluate.add_argument("--whiten", action="store_true")
    against = commands.add_parser("compare")
    against.add_argument("embeddings")
    against.add_argument("pairs")
    against.add_argument("--dev")
    against.add_argument("--images", required=True)
    against.add_argument("--lineament", default="lineament")
    against.add_argument("--pca", type=int, default=24)
    arguments = parser.parse_args()
    if arguments.command == "embed":
        embed_crops(arguments.out)
    elif arguments.command == "compare":
        compare(arguments)
    else:
        print(json.dumps(report(arguments), indent=1))


if __name__ == "__main__":
    main()
