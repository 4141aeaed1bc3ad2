"""How errors fall as poor faces are rejected: error-versus-reject curves (ISO/IEC 29794-1) of every measure of quality.

    python bench/quality.py --list val.csv --root CROPS [--spoil size|light] [--people N] [--lineament PROGRAM] [-- --embedder NAME ...]
    python bench/quality.py --lfw ../shared/data/lfw-view1

`val.csv` has the columns `file` and `person` (`lineament dataset split` writes such lists); --lfw takes DevTrain's crops instead. What follows `--` goes to
`lineament embed`. Of each picture the largest face counts. All mated pairs of different pictures are compared; the threshold
is that of the manifest's default operating point or --threshold. A pair is as good as its worse face. With --spoil every picture is made smaller, to 0.1 to 1 of
its sides, or is multiplied by 0.01 to 3 with noise of two levels (seeded, evenly in the logarithm), so that a measure shows what pictures
that were taken well do not. Prints three Markdown
tables: FNMR after the worst share of pairs is rejected; FNMR of the pairs whose worse face lies in a range of the
measure, which tells where a limit belongs; and how many faces break which limit. Intervals are of 95 %, of FNMR by resampling people, of shares Wilson's.
Needs the packages of reference/requirements.txt.
"""

import argparse
import csv
import json
import subprocess
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from intervals import middle_95, per_cent, resamples, wilson
from robustness import dark, read_pairs

ROOT = Path(__file__).resolve().parent.parent
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
# (name, greater is better, edges of the ranges of the second table)
MEASURES = (
    ("face px", True, (12, 16, 20, 24, 28, 32, 40, 48, 64)),
    ("sharpness", True, (10, 20, 40, 80, 160, 320, 640)),
    ("brightness", True, (5, 10, 20, 30, 40, 60, 80, 120, 160)),
    ("brightness above", False, (120, 160, 180, 200, 225, 240)),
    ("detection score", True, (0.7, 0.75, 0.8, 0.85, 0.9, 0.93)),
    ("yaw either way", False, (10, 20, 30, 40, 50, 60)),
    ("pitch either way", False, (10, 20, 30, 40, 50)),
    ("roll either way", False, (5, 10, 15, 20, 30)),
)


def faces_of(arguments, rows):
    """[(person, measures, names of limits broken, embedding)] of the largest face of each picture, and the number of pictures without one."""
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "list.txt", Path(folder) / "faces.jsonl"
        people = {str(path): row["person"] for path, row in zip(pictures(arguments, rows, Path(folder)), rows, strict=True)}
        listed.write_text("".join(f"{path}\n" for path in people))
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
    broken = lambda face: [reason["reason"] for reason in face["quality"]["reasons"]]
    found = [(people[path], measures(face), broken(face), face["embedding"]) for path, (_, face) in largest.items()]
    return found, len(rows) - len(found)


def pictures(arguments, rows, folder):
    """The pictures' paths, of copies where they are to be spoilt."""
    random = np.random.default_rng(1)
    for index, row in enumerate(rows):
        path = arguments.root / row["file"]
        if getattr(arguments, "spoil", None):
            picture, path = cv2.imread(str(path)), folder / f"{index}.png"
            cv2.imwrite(str(path), SPOILERS[arguments.spoil](picture, random.random()))
        yield path


def smaller(picture, at):
    scale = 10.0 ** (at - 1.0)
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


SPOILERS = {"size": smaller, "light": lambda picture, at: dark(picture, 0.01 * 300.0**at)}


def measures(face):
    quality, pose = face["quality"], face["pose"]
    return {
        "face px": quality["face_px"], "sharpness": quality["sharpness"], "brightness": quality["brightness"], "brightness above": quality["brightness"],
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
    parser.add_argument("--list", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--lfw", type=Path)
    parser.add_argument("--spoil", choices=sorted(SPOILERS))
    parser.add_argument("--people", type=int, help="the first of them alone, by name")
    parser.add_argument("--lineament", default="lineament")
    parser.add_argument("--manifest", type=Path, default=ROOT / "models" / "lineament-lite.toml")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    rows = listed_pictures(arguments)
    people = set(sorted({row["person"] for row in rows})[: arguments.people])
    found, n_without = faces_of(arguments, [row for row in rows if row["person"] in people])
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
    columns = {name: np.array([values[name] for _, values, *_ in found], float) for name, *_ in MEASURES}
    names, person_of = np.unique([person for person, *_ in found], return_inverse=True)
    rate = Rates(person_of[first], len(names), missed)
    curves(columns, first, second, rate)
    ranges(columns, first, second, rate)
    limits([broken for _, _, broken, _ in found])


def listed_pictures(arguments):
    """Rows of file and person."""
    if arguments.lfw:
        arguments.root = arguments.lfw / "crops"
        photos = sorted({photo for pair in read_pairs(arguments.lfw / "pairsDevTrain.txt") for photo in pair[:2]})
        return [{"file": f"{photo}.webp", "person": photo.split("/")[0]} for photo in photos]
    with arguments.list.open() as file:
        return [row for row in csv.DictReader(file) if row["person"]]


class Rates:
    """Shares of mated pairs that are missed, with intervals by resampling people."""

    def __init__(self, people, n_people, missed):
        self.people, self.n_people, self.missed = people, n_people, missed
        self.drawn = resamples(n_people)

    def of(self, chosen, digits):
        """Of these pairs, as text."""
        n = np.bincount(self.people[chosen], minlength=self.n_people)
        missed = np.bincount(self.people[chosen], self.missed[chosen], self.n_people)
        of_draw = self.drawn @ missed / np.maximum(self.drawn @ n, 1)
        return per_cent(missed.sum() / n.sum(), middle_95(of_draw), digits)


def worse(column, is_greater_better, first, second):
    return (np.minimum if is_greater_better else np.maximum)(column[first], column[second])


def curves(columns, first, second, rate):
    print("| worst pairs rejected by |", " | ".join(f"{100 * share:g} %" for share in SHARES), "|")
    print("|---|" + "---|" * len(SHARES))
    for name, is_greater_better, _ in MEASURES:
        of_pair = worse(columns[name], is_greater_better, first, second)
        order = np.argsort(of_pair if is_greater_better else -of_pair, kind="stable")
        print(f"| {name} |", " | ".join(rate.of(order[int(share * len(order)) :], 1) for share in SHARES), "|")
    print()


def ranges(columns, first, second, rate):
    print("| worse face's | range: share of pairs, FNMR |")
    print("|---|---|")
    for name, is_greater_better, edges in MEASURES:
        of_pair = worse(columns[name], is_greater_better, first, second)
        place = np.digitize(of_pair, edges)
        names = [f"< {edges[0]}", *(f"{a}–{b}" for a, b in zip(edges, edges[1:])), f"≥ {edges[-1]}"]
        cells = [f"{label}: {100 * np.mean(place == k):.1f} %, {rate.of(np.flatnonzero(place == k), 0)}"
                 for k, label in enumerate(names) if (place == k).sum() >= 30]
        print(f"| {name} |", "; ".join(cells), "|")
    print()


def limits(broken):
    print("| limit | faces that break it, per cent |\n|---|---|")
    counts = Counter(name for of_face in broken for name in of_face) + Counter(any=sum(map(bool, broken)))
    for name, count in counts.most_common():
        print(f"| {name} | {per_cent(count / len(broken), wilson(count, len(broken)))}, {count} of {len(broken)} |")


if __name__ == "__main__":
    main()
