"""What an embedder's calibrated thresholds do on LFW's DevTrain: FMR and FNMR of all pairs of its aligned faces.

    python bench/calibrated.py --shared ../shared models/lineament-lite.toml

Prints a Markdown table with a row for each rate of ten that the manifest's calibration has a threshold for, with
intervals of 95 % by resampling people. Needs the packages of reference/requirements.txt.
"""

import argparse
import tomllib
from pathlib import Path

import cv2
import numpy as np

from all_pairs import AllPairs
from intervals import per_cent
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
    pairs = AllPairs([photo.split("/")[0] for photo in photos], faces)
    print(f"{len(pairs.mated)} mated and {len(pairs.others)} non-mated pairs of {len(photos)} faces\n")
    print("| asked for | threshold | FMR on DevTrain | FNMR there |\n|---|---|---|---|")
    for point in tomllib.loads(arguments.manifest.read_text())["calibration"]["points"]:
        fmr, threshold = point["fmr"], point["threshold"]
        if np.log10(fmr) == round(np.log10(fmr)):
            false, (low, high) = pairs.fmr(threshold)
            missed = per_cent(*pairs.fnmr(threshold))
            print(f"| {fmr:g} | {threshold:.3f} | {false:.1e} ({low:.1e}–{high:.1e}) | {missed} |")


if __name__ == "__main__":
    main()
