"""What an embedder's calibrated thresholds do on LFW's DevTrain: FMR and FNMR of all pairs of its aligned faces.

    python bench/calibrated.py --shared ../shared models/lineament-lite.toml

Prints a Markdown table with a row for each rate of ten that the manifest's calibration has a threshold for. Needs the
packages of reference/requirements.txt.
"""

import argparse
import tomllib
from pathlib import Path

import cv2
import numpy as np

from robustness import Model, inner, read_pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("manifest", type=Path)
    arguments = parser.parse_args()
    lfw = arguments.shared / "data/lfw-view1"
    model = Model(arguments.manifest)
    photos = sorted({photo for pair in read_pairs(lfw / "pairsDevTrain.txt") for photo in pair[:2]})
    crops = (cv2.imread(str(lfw / "crops" / f"{photo}.webp")) for photo in photos)
    faces = np.array([model.embedding(inner(crop)) for crop in crops])
    people = np.array([photo.split("/")[0] for photo in photos])
    upper = np.triu_indices(len(photos), 1)
    scores, mated = (faces @ faces.T)[upper], (people[:, None] == people)[upper]
    print(f"{np.sum(mated)} mated and {np.sum(~mated)} non-mated pairs of {len(photos)} faces\n")
    print("| asked for | threshold | FMR on DevTrain | FNMR there |\n|---|---|---|---|")
    for point in tomllib.loads(arguments.manifest.read_text())["calibration"]["points"]:
        fmr, threshold = point["fmr"], point["threshold"]
        if np.log10(fmr) == round(np.log10(fmr)):
            false, missed = np.mean(scores[~mated] >= threshold), np.mean(scores[mated] < threshold)
            print(f"| {fmr:g} | {threshold:.3f} | {false:.1e} | {100.0 * missed:.1f} % |")


if __name__ == "__main__":
    main()
