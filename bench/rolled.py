"""How the whole path, from photo to decision, bears faces that are rolled.

Every photo of LFW View 1 DevTest is turned by some degrees, every other one to the other side, and judged by
`lineament eval lfw`: detector, alignment, embedder, the threshold that is best on DevTrain's unturned crops.

    python bench/rolled.py --lfw ../shared/data/lfw-view1 [--lineament PROGRAM] [--degrees 0 15 30 45] [-- ARGUMENTS]

ARGUMENTS go to `lineament eval lfw`. Prints a Markdown table. Needs the packages of reference/requirements.txt.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import cv2


def turned(photo, degrees):
    """The photo about its middle; what lies beyond its edges mirrors it."""
    middle = (photo.shape[1] / 2.0 - 0.5, photo.shape[0] / 2.0 - 0.5)
    turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    return cv2.warpAffine(photo, turn, photo.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def turn_all(images, folder, degrees):
    for index, path in enumerate(sorted(images.glob("*/*.jpg"))):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(exist_ok=True)
        side = 1 if index % 2 == 0 else -1
        cv2.imwrite(str(target), turned(cv2.imread(str(path)), side * degrees), [cv2.IMWRITE_JPEG_QUALITY, 95])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lfw", type=Path, required=True)
    parser.add_argument("--lineament", default="lineament")
    parser.add_argument("--degrees", type=float, nargs="+", default=[0, 15, 30, 45])
    parser.add_argument("arguments", nargs="*")
    arguments = parser.parse_args()
    print("| roll | accuracy | TAR at FMR 1e-2 | photos without a face found |\n|---|---|---|---|")
    for degrees in arguments.degrees:
        with tempfile.TemporaryDirectory() as folder:
            turn_all(arguments.lfw / "images", Path(folder), degrees)
            command = [arguments.lineament, "eval", "lfw", "--view", "1", "--images", folder, "--json",
                       "--pairs", str(arguments.lfw / "pairsDevTest.txt"), "--dev-images", str(arguments.lfw / "crops"),
                       "--dev-faces", "aligned", *arguments.arguments]
            result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"| {degrees:g}° | {100 * result['accuracy']:.1f} % ± {100 * result['accuracy_se']:.1f} | "
              f"{100 * result['tar_at_fmr']['1e-2']:.1f} % | {result['n_failed']} |", flush=True)


if __name__ == "__main__":
    main()
