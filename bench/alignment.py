"""How far two detectors disagree on where a face lies: the similarity from one's alignment to the other's.

    lineament detect PHOTOS --out own.jsonl
    lineament detect PHOTOS --models DIR --detector NAME --out other.jsonl
    python bench/alignment.py own.jsonl other.jsonl

Faces whose landmarks lie within a third of the eyes' distance of each other are one. For each, both sets of five landmarks are
brought to the ArcFace template, 112 pixels a side; printed are median and standard deviation of how much one crop is turned
(degrees), scaled (per cent) and moved (pixels of the crop, at its middle) against the other. Before that: in how many photos the first finds the face
that the other finds in their middle (boxes overlap by half; of several faces the large one near the middle counts), with Wilson's 95 % interval, and the
median of how far the landmarks of those are apart, in distances of the eyes. Needs numpy, and OpenCV for the sizes of photos.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from intervals import of_median, per_cent, wilson

TEMPLATE = np.array([38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j])
MIDDLE = 56 + 56j
ORDER = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def read(path):
    """{photo: [(x, y, width, height; landmarks, an array of five complex numbers)]}"""
    lines = (json.loads(line) for line in path.open())
    box = lambda face: [face["box"][key] for key in ("x", "y", "width", "height")]
    points = lambda face: np.array([complex(face["landmarks"][name]["x"], face["landmarks"][name]["y"]) for name in ORDER])
    return {line["path"]: [(box(face), points(face)) for face in line["faces"]] for line in lines if "faces" in line}


def prominent(photo, faces):
    """The face that is large and near the middle, as `lineament verify` chooses it."""
    height, width = cv2.imread(photo).shape[:2]
    weight = lambda x, y, w, h: w * h - 2 * abs(complex(x + w / 2 - width / 2, y + h / 2 - height / 2)) ** 2
    return max(faces, key=lambda face: weight(*face[0]))


def overlap(a, b):
    across, down = (max(0.0, min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    return across * down / (a[2] * a[3] + b[2] * b[3] - across * down)


def agreement(own, others):
    """Prints how many of the other's faces are found, and how far apart the landmarks are."""
    n, apart = 0, []
    for photo, faces in others.items():
        if faces:
            box, points = prominent(photo, faces)
            found = max(own.get(photo, []), key=lambda face: overlap(box, face[0]), default=None)
            n += 1
            if found and overlap(box, found[0]) >= 0.5:
                apart.append(np.mean(abs(found[1] - points)) / abs(points[1] - points[0]))
    print(f"finds the other's face in {len(apart)} of {n} photos: {per_cent(len(apart) / n, wilson(len(apart), n))} %; "
          f"landmarks {per_cent(np.median(apart), of_median(apart))} % of the eyes' distance apart\n")


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
    own, others, rows = read(arguments.own), read(arguments.other), []
    agreement(own, others)
    for photo, faces in own.items():
        for _, points in faces:
            near = min((other for _, other in others.get(photo, [])), key=lambda other: abs(other.mean() - points.mean()), default=None)
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
