"""How errors fall as poor faces are rejected: error-versus-reject curves (ISO/IEC 29794-1) of every measure of quality.

    python bench/quality.py --list val.csv --root CROPS [--lineament PROGRAM] [-- --embedder NAME ...]

`val.csv` has the columns `file` and `person` (`lineament dataset split` writes such lists); what follows `--` goes to
`lineament embed`. Of each picture the largest face counts. All mated pairs of different pictures are compared; the threshold
is that of the manifest's default operating point or --threshold. A pair is as good as its worse face. Prints two Markdown
tables: FNMR after the worst share of pairs is rejected, and FNMR of the pairs whose worse face lies in a range of the
measure, which tells where a limit belongs. Needs numpy.
"""

import argparse
import csv
import json
import subprocess
import tempfile
import tomllib
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
# (name, greater is better, edges of the ranges of the second table)
MEASURES = (
    ("sharpness", True, (10, 20, 40, 80, 160, 320, 640)),
    ("brightness", True, (30, 40, 60, 80, 120, 160)),
    ("brightness above", False, (120, 160, 180, 200, 225)),
    ("detection score", True, (0.7, 0.75, 0.8, 0.85, 0.9, 0.93)),
    ("yaw either way", False, (10, 20, 30, 40, 50, 60)),
    ("pitch either way", False, (10, 20, 30, 40, 50)),
    ("roll either way", False, (5, 10, 15, 20, 30)),
)


def faces_of(arguments, rows):
    """[(person, measures, embedding)] of the largest face of each picture, and the number of pictures without one."""
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "list.txt", Path(folder) / "faces.jsonl"
        listed.write_text("".join(f"{arguments.root / row['file']}\n" for row in rows))
        command = [arguments.lineament, "embed", "--files-from", listed, "--out", out, *arguments.rest]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        largest = {}
        for line in out.open():
            face = json.loads(line)
            if "embedding" not in face:
                continue
            box = face["box"]
            size = box["width"] * box["height"]
            if size > largest.get(face["path"], (0, None))[0]:
                largest[face["path"]] = (size, face)
    people = {str(arguments.root / row["file"]): row["person"] for row in rows}
    found = [(people[path], measures(face), face["embedding"]) for path, (_, face) in largest.items()]
    return found, len(rows) - len(found)


def measures(face):
    quality, pose = face["quality"], face["pose"]
    return {
        "sharpness": quality["sharpness"], "brightness": quality["brightness"], "brightness above": quality["brightness"],
        "detection score": face["detection_score"], "yaw either way": abs(pose["yaw_deg"]), "pitch either way": abs(pose["pitch_deg"]),
        "roll either way": abs(pose["roll_deg"]),
    }


def mated_pairs(found):
    by_person = {}
    for i, (person, *_) in enumerate(found):
        by_person.setdefault(person, []).append(i)
    pairs = [(a, b) for rows in by_person.values() for k, a in enumerate(rows) for b in rows[k + 1 :]]
    return np.array(pairs).T


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--lineament", default="lineament")
    parser.add_argument("--manifest", type=Path, default=ROOT / "models" / "lineament-lite.toml")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    with arguments.list.open() as file:
        found, n_without = faces_of(arguments, [row for row in csv.DictReader(file) if row["person"]])
    threshold = arguments.threshold
    if threshold is None:
        calibration = tomllib.loads(arguments.manifest.read_text())["calibration"]
        at = {point["fmr"]: point["threshold"] for point in calibration["points"]}
        threshold = at[calibration["default_fmr"]]
    embeddings = np.array([embedding for *_, embedding in found], np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    first, second = mated_pairs(found)
    missed = np.einsum("nd,nd->n", embeddings[first], embeddings[second]) < threshold
    print(f"{len(found)} faces, {n_without} pictures without one, {len(first)} mated pairs, threshold {threshold:.3f}, "
          f"FNMR {100 * missed.mean():.1f} %\n")
    columns = {name: np.array([values[name] for _, values, _ in found], float) for name, *_ in MEASURES}
    curves(columns, first, second, missed)
    ranges(columns, first, second, missed)


def worse(column, is_greater_better, first, second):
    return (np.minimum if is_greater_better else np.maximum)(column[first], column[second])


def curves(columns, first, second, missed):
    print("| worst pairs rejected by |", " | ".join(f"{100 * share:g} %" for share in SHARES), "|")
    print("|---|" + "---|" * len(SHARES))
    for name, is_greater_better, _ in MEASURES:
        of_pair = worse(columns[name], is_greater_better, first, second)
        order = np.argsort(of_pair if is_greater_better else -of_pair, kind="stable")
        rates = [missed[order[int(share * len(order)) :]].mean() for share in SHARES]
        print(f"| {name} |", " | ".join(f"{100 * rate:.1f}" for rate in rates), "|")
    print()


def ranges(columns, first, second, missed):
    print("| worse face's | range: share of pairs, FNMR |")
    print("|---|---|")
    for name, is_greater_better, edges in MEASURES:
        of_pair = worse(columns[name], is_greater_better, first, second)
        place = np.digitize(of_pair, edges)
        names = [f"< {edges[0]}", *(f"{a}–{b}" for a, b in zip(edges, edges[1:])), f"≥ {edges[-1]}"]
        cells = [f"{label}: {100 * np.mean(place == k):.1f} %, {100 * missed[place == k].mean():.0f} %"
                 for k, label in enumerate(names) if (place == k).sum() >= 30]
        print(f"| {name} |", "; ".join(cells), "|")


if __name__ == "__main__":
    main()
