"""How accuracy falls as faces get worse: resolution, blur, compression, darkness, roll, occlusion.

Every pair of LFW View 1 DevTest is judged from its aligned crops (the template lies 8 pixels inside 128x128): one face of
the pair is spoilt, the other left as it is. The threshold is the one that is best on DevTrain's unspoilt crops, and stays.
Embeddings are those of crop and mirror image, summed, where the manifest says so; the models run through onnxruntime.

    python bench/robustness.py --shared ../shared models/lineament-lite.toml ../shared/models/mobilefacenet.onnx [--only roll]

prints a Markdown table in per cent, a column for each model: TAR over all pairs of DevTest's unspoilt faces, then accuracies, of conditions with a word
in their names or all. Intervals are of 95 %: of TAR by resampling people, of accuracies Wilson's for the number of pairs. A roll is counter-clockwise, of
a crop that is not aligned again. A model is a manifest with its ONNX file beside it, or a file whose manifest comes with the runtime. Needs the packages
of reference/requirements.txt.
"""

import argparse
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "reference"))
from inference import open_session, run_named  # noqa: E402
from restore import restored  # noqa: E402

from all_pairs import AllPairs
from intervals import per_cent, wilson

INSET = 8
SIDE = 112


def low_resolution(crop, side):
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def jpeg(crop, quality):
    _, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def dark(crop, share):
    """A camera with this share of the light: fewer grey levels, and its noise."""
    noise = np.random.default_rng(0).normal(0.0, 2.0, crop.shape)
    return np.clip(np.round(crop * share + noise), 0, 255).astype(np.uint8)


def developed(crop, share):
    """The same, multiplied to be as bright as it was."""
    return np.clip(dark(crop, share) / share, 0, 255).astype(np.uint8)


def occluded(crop, share):
    """A grey square over this share of the face, left of the nose and below the eyes."""
    side = round(SIDE * share**0.5)
    spoilt = crop.copy()
    spoilt[SIDE - side :, :side] = 128
    return spoilt


def rolled(whole, degrees):
    """The crop turned, from the 128x128 with its margin."""
    middle = (whole.shape[1] / 2.0 - 0.5, whole.shape[0] / 2.0 - 0.5)
    turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    turned = cv2.warpAffine(whole, turn, whole.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return inner(turned)


def inner(whole):
    return np.ascontiguousarray(whole[INSET : INSET + SIDE, INSET : INSET + SIDE])


def conditions():
    """(name, function of the 128x128 crop) in the order of the table."""
    yield "as it is", inner
    for side in (56, 40, 28, 20, 16):
        yield f"{side} px", lambda whole, side=side: low_resolution(inner(whole), side)
    for sigma in (1.0, 2.0, 3.0, 4.0):
        yield f"blur σ {sigma:g} px", lambda whole, sigma=sigma: cv2.GaussianBlur(inner(whole), (0, 0), sigma)
    for quality in (50, 20, 10, 5):
        yield f"JPEG quality {quality}", lambda whole, quality=quality: jpeg(inner(whole), quality)
    for share in (0.25, 0.1, 0.05):
        yield f"light × {share:g}", lambda whole, share=share: developed(inner(whole), share)
    for share in (0.25, 0.1, 0.05):
        yield f"light × {share:g}, left dark", lambda whole, share=share: dark(inner(whole), share)
    for degrees in (10, -10, 20, -20, 30, -30, 45, -45):
        yield f"roll {degrees}°", lambda whole, degrees=degrees: rolled(whole, degrees)
    for share in (0.1, 0.2, 0.3):
        yield f"{share:.0%} covered", lambda whole, share=share: occluded(inner(whole), share)


class Model:
    def __init__(self, path):
        manifest = path if path.suffix == ".toml" else ROOT / "crates/lineament-runtime/manifests" / f"{path.stem}.toml"
        described = tomllib.loads(manifest.read_text())
        self.name = described["name"]
        self.input = described["input"]
        self.session = open_session(path.with_suffix(".onnx"), threads=2)
        self.output = described["outputs"]["embedding"]
        self.sums = described["settings"].get("flip", "none") == "sum"
        self.restores = described["settings"].get("restore", False)

    def embedding(self, bgr):
        better = restored(np.ascontiguousarray(bgr[:, :, ::-1])) if self.restores else None
        bgr = bgr if better is None else better[:, :, ::-1]
        pixels = bgr if self.input["channels"] == "bgr" else bgr[:, :, ::-1]
        mean, std = (np.float32(self.input[key]) for key in ("mean", "std"))
        total = 0.0
        for view in (pixels, pixels[:, ::-1])[: 1 + self.sums]:
            tensor = np.ascontiguousarray(((view - mean) / std).transpose(2, 0, 1)[None], dtype=np.float32)
            total = total + run_named(self.session, tensor)[self.output][0].astype(np.float64)
        return total / np.linalg.norm(total)


def read_pairs(path):
    """[(photo, photo, same)], photos as person/person_0001."""
    pairs = []
    for line in path.read_text().splitlines()[1:]:
        fields = line.split()
        first, same = (fields[0], fields[1]), len(fields) == 3
        second = (fields[0], fields[2]) if same else (fields[2], fields[3])
        pairs.append((*(f"{name}/{name}_{int(number):04d}" for name, number in (first, second)), same))
    return pairs


def best_threshold(cosines, same):
    """The middle of the scores between which accuracy is best."""
    order = np.argsort(cosines)
    cosines, same = cosines[order], same[order]
    right = np.concatenate([[0], np.cumsum(~same)]) + np.concatenate([[same.sum()], same.sum() - np.cumsum(same)])
    at = int(np.argmax(right))
    edges = np.concatenate([[cosines[0] - 1e-6], cosines, [cosines[-1] + 1e-6]])
    return (edges[at] + edges[at + 1]) / 2.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--only", default="", help="a word in the names of the conditions that are measured")
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    lfw = arguments.shared / "data/lfw-view1"
    whole = {}

    def crop(photo):
        if photo not in whole:
            whole[photo] = cv2.imread(str(lfw / "crops" / f"{photo}.webp"))
        return whole[photo]

    models = [Model(path) for path in arguments.models]
    lists = {name: read_pairs(lfw / f"pairs{name}.txt") for name in ("DevTrain", "DevTest")}
    thresholds, plain = [], []
    for model in models:
        photos = {photo for pairs in lists.values() for pair in pairs for photo in pair[:2]}
        embeddings = {photo: model.embedding(inner(crop(photo))) for photo in sorted(photos)}
        same = np.array([pair[2] for pair in lists["DevTrain"]])
        cosines = np.array([embeddings[a] @ embeddings[b] for a, b, _ in lists["DevTrain"]])
        thresholds.append(best_threshold(cosines, same))
        plain.append(embeddings)
    print(f"| | {' | '.join(model.name for model in models)} |\n|---|{'---|' * len(models)}")
    of_test = sorted({photo for pair in lists["DevTest"] for photo in pair[:2]})
    people = [photo.split("/")[0] for photo in of_test]
    pairs = [AllPairs(people, np.array([embeddings[photo] for photo in of_test])) for embeddings in plain]
    for fmr in (1e-2, 1e-3, 1e-4):
        print(f"| TAR at FMR {fmr:g} | {' | '.join(per_cent(*of_model.tar(fmr)) for of_model in pairs)} |", flush=True)
    for name, spoil in conditions():
        if arguments.only not in name:
            continue
        cells = []
        for model, threshold, embeddings in zip(models, thresholds, plain, strict=True):
            spoilt = {first: model.embedding(spoil(crop(first))) for first in {pair[0] for pair in lists["DevTest"]}}
            right = [(spoilt[a] @ embeddings[b] >= threshold) == same for a, b, same in lists["DevTest"]]
            cells.append(per_cent(np.mean(right), wilson(sum(right), len(right))))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
