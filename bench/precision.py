"""What networks in less exact numbers cost, detector and embedder both: errors at the thresholds of a manifest, and faces found.

    python bench/precision.py --list val.csv --root CROPS --photos PHOTOS [--lineament PROGRAM] [-- --embedder NAME ...]

`val.csv` has the columns `file` and `person` (`lineament dataset split` writes such lists); what follows `--` goes to
`lineament`. Of each picture the largest face counts, and all pairs are compared at the thresholds that the manifest, measured in `f32`,
promises false-match rates for. In the folder of photos, faces are those of `f32` where boxes overlap by half. Prints two Markdown tables.
Needs numpy.
"""

import argparse
import csv
import json
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from quality import ROOT, faces_of

PRECISIONS = ("f32", "bf16", "int8")


def rates(found, points):
    """[(FMR, FNMR)] of all pairs at each threshold, and how many of each kind."""
    people = np.array([person for person, *_ in found])
    faces = np.array([embedding for *_, embedding in found], np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    upper = np.triu_indices(len(people), 1)
    scores, mated = (faces @ faces.T)[upper], (people[:, None] == people)[upper]
    told = [(np.mean(scores[~mated] >= p["threshold"]), np.mean(scores[mated] < p["threshold"])) for p in points]
    return told, int(mated.sum()), int((~mated).sum())


def boxes_of(arguments, precision):
    """{photo: [(score, box)]}."""
    command = [arguments.lineament, "detect", arguments.photos, "--json", "--network-precision", precision, *arguments.rest]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    boxes = {}
    for photo in map(json.loads, lines):
        box = lambda face: [face["box"][key] for key in ("x", "y", "width", "height")]
        boxes[photo["path"]] = [(face["detection_score"], box(face)) for face in photo.get("faces", [])]
    return boxes


def overlap(a, b):
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    both = max(right - left, 0) * max(bottom - top, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def compared(exact, other):
    """Faces of both, of the first alone, of the second alone, and the differences of scores of both."""
    n_alone, n_other, differences = 0, 0, []
    for photo, faces in exact.items():
        left = list(other[photo])
        for score, box in faces:
            best = max(left, key=lambda f: overlap(box, f[1]), default=None)
            if best is None or overlap(box, best[1]) < 0.5:
                n_alone += 1
                continue
            left.remove(best)
            differences.append(abs(score - best[0]))
        n_other += len(left)
    return n_alone, n_other, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--lineament", default="lineament")
    parser.add_argument("--manifest", type=Path, default=ROOT / "models" / "lineament-lite.toml")
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    rows = list(csv.DictReader(arguments.list.open()))
    points = [p for p in tomllib.loads(arguments.manifest.read_text())["calibration"]["points"] if p["fmr"] in (1e-2, 1e-3, 1e-4, 1e-5)]
    print("| | pictures without a face | " + " | ".join(f"FMR, FNMR at {p['threshold']:.3f} ({p['fmr']:g})" for p in points) + " |")
    print("|---" * (len(points) + 2) + "|")
    for precision in PRECISIONS:
        options = SimpleNamespace(root=arguments.root, lineament=arguments.lineament, rest=["--network-precision", precision, *arguments.rest])
        found, n_without = faces_of(options, rows)
        told, n_mated, n_non_mated = rates(found, points)
        print(f"| {precision} | {n_without} | " + " | ".join(f"{fmr:.2e}, {100 * fnmr:.2f} %" for fmr, fnmr in told) + " |", flush=True)
    print(f"\n{n_mated} mated and {n_non_mated} non-mated pairs of the last\n")
    print("| | faces also found in f32 | missing | more | score changes by, median | 99 % | most |\n|---|---|---|---|---|---|---|")
    exact = boxes_of(arguments, "f32")
    for precision in PRECISIONS[1:]:
        n_alone, n_other, differences = compared(exact, boxes_of(arguments, precision))
        quantiles = " | ".join(f"{q:.4f}" for q in np.quantile(differences, (0.5, 0.99, 1.0)))
        print(f"| {precision} | {len(differences)} | {n_alone} | {n_other} | {quantiles} |", flush=True)


if __name__ == "__main__":
    main()
