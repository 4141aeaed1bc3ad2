"""How far two detectors disagree on where a face lies: the similarity from one's alignment to the other's.

    lineament detect PHOTOS --out own.jsonl
    lineament detect PHOTOS --models DIR --detector NAME --out other.jsonl
    python bench/alignment.py own.jsonl other.jsonl

Faces whose landmarks lie within a third of the eyes' distance of each other are one. For each, both sets of five landmarks are
brought to the ArcFace template, 112 pixels a side; printed are median and standard deviation of how much one crop is turned
(degrees), scaled (per cent) and moved (pixels of the crop, at its middle) against the other. Needs numpy.
"""

import argparse
import json
from pathlib import Path

import numpy as np

TEMPLATE = np.array([38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j])
MIDDLE = 56 + 56j
ORDER = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def read(path):
    """{photo: [landmarks, each an array of five complex numbers]}"""
    lines = (json.loads(line) for line in path.open())
    points = lambda face: np.array([complex(face["landmarks"][name]["x"], face["landmarks"][name]["y"]) for name in ORDER])
    return {line["path"]: [points(face) for face in line["faces"]] for line in lines if "faces" in line}


def similarity(points):
    """(a, b) of the least-squares map z -> a z + b to the template."""
    source, target = points - points.mean(), TEMPLATE - TEMPLATE.mean()
    a = np.vdot(source, target) / np.vdot(source, source)
    return a, TEMPLATE.mean() - a * points.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("own", type=Path)
    parser.add_argument("other", type=Path)
    arguments = parser.parse_args()
    others, rows = read(arguments.other), []
    for photo, faces in read(arguments.own).items():
        for points in faces:
            near = min(others.get(photo, []), key=lambda other: abs(other.mean() - points.mean()), default=None)
            if near is None or abs(near.mean() - points.mean()) > abs(points[0] - points[1]) / 3:
                continue
            (a, b), (c, d) = similarity(points), similarity(near)
            moved = a * (MIDDLE - d) / c + b - MIDDLE
            rows.append([np.degrees(np.angle(a / c)), 100 * np.log(abs(a / c)), moved.real, moved.imag])
    rows = np.array(rows)
    print(f"{len(rows)} faces\n\n| | turned ° | scaled % | right px | down px |\n|---|---|---|---|---|")
    for name, values in (("median", np.median(rows, 0)), ("standard deviation", rows.std(0))):
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |")


if __name__ == "__main__":
    main()
