"""Evaluates embeddings on a list of pairs in LFW's format, with the keys that `lineament eval lfw --json` prints; writes
no golden file.

    python lfw_folds.py embed OUT.npz                      crops of LFW View 1 in the shared folder, by its embedder
    python lfw_folds.py evaluate IN.npz PAIRS [--dev PAIRS] [--flip sum] [--center folds] [--pca D] ...

The file of embeddings holds `names` [n] (person/person_0001), `plain` and `mirrored` [n, d], rows of NaN where no face was
found; `evaluate` takes images that a list names and the file lacks as without a face. With --dev, everything is learned on
that list (View 1); without, the list has ten folds (View 2).
"""

import argparse
import hashlib
import json
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


def report(arguments):
    file = np.load(arguments.embeddings)
    views = zip(file["names"].tolist(), file["plain"], file["mirrored"])
    templates = {n: evaluation.combine(p, m, arguments.flip) for n, p, m in views if np.isfinite(p).all()}
    material, failures = of_list(read_pairs(arguments.pairs), templates)
    case = {key: getattr(arguments, key) for key in ("flip", "center", "pca", "thresholds", "matcher", "matcher_pca")}
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
    arguments = parser.parse_args()
    if arguments.command == "embed":
        embed_crops(arguments.out)
    else:
        print(json.dumps(report(arguments), indent=1))


if __name__ == "__main__":
    main()
