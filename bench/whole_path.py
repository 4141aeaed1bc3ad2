"""TAR of the whole path, from photo to score: all pairs of LFW View 1 DevTest's original photos, faces found and aligned by the program.

    python bench/whole_path.py --lfw ../shared/data/lfw-view1 [--lineament PROGRAM] [--faces FILE.jsonl] [-- ARGUMENTS]

ARGUMENTS go to `lineament embed`, whose output is kept in FILE if one is named, and taken from there if it is there. Of several faces in a photo the
large one near the middle counts (area − 2·distance², as for `lineament eval lfw`); a photo without a face has no pairs and is counted. Intervals are of
95 % by resampling people. How many of those faces break which limit of quality is printed, too (Wilson's interval). Needs numpy.
"""

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from all_pairs import AllPairs
from intervals import per_cent, wilson

SIDE = 250


def weight(box):
    from_middle = (box["x"] + box["width"] / 2 - SIDE / 2) ** 2 + (box["y"] + box["height"] / 2 - SIDE / 2) ** 2
    return box["width"] * box["height"] - 2 * from_middle


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lfw", type=Path, required=True)
    parser.add_argument("--lineament", default="lineament")
    parser.add_argument("--faces", type=Path)
    parser.add_argument("arguments", nargs="*")
    arguments = parser.parse_args()
    photos = sorted((arguments.lfw / "images").glob("*/*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        faces = arguments.faces or Path(folder) / "faces.jsonl"
        if not faces.is_file():
            command = [arguments.lineament, "embed", arguments.lfw / "images", "--out", faces, *arguments.arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = {}
        for face in map(json.loads, faces.open()):
            if "embedding" in face and (face["path"] not in found or weight(face["box"]) > weight(found[face["path"]]["box"])):
                found[face["path"]] = face
    embeddings = np.array([face["embedding"] for face in found.values()])
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    pairs = AllPairs([Path(path).parent.name for path in found], embeddings)
    print(f"{len(found)} of {len(photos)} photos with a face, {len(pairs.mated)} mated pairs, {len(pairs.others)} others\n")
    broken = [{reason["reason"] for reason in face["quality"]["reasons"]} for face in found.values()]
    counts = ", ".join(f"{name} {n}" for name, n in Counter(name for of_face in broken for name in of_face).most_common())
    n_broken = sum(map(bool, broken))
    print(f"break a limit of quality: {n_broken}, {per_cent(n_broken / len(found), wilson(n_broken, len(found)))} % ({counts})\n")
    for fmr in (1e-2, 1e-3, 1e-4):
        print(f"| TAR at FMR {fmr:g} | {per_cent(*pairs.tar(fmr))} |")


if __name__ == "__main__":
    main()
