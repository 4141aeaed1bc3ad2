"""How well detectors find faces: average precision on boxed photos, recall and landmarks by size, false alarms, time.

    lineament-train label ../shared/data/wild --models ../shared/models --detector yunet_n_dynamic \\
        --other ultraface_rfb_640 --seed 1 --out labels
    python bench/face_detectors.py --shared ../shared --held-out labels/held-out.csv models/lineament-detector.toml \\
        ../shared/models/yunet_n_dynamic.onnx ../shared/models/ultraface_rfb_640.onnx ../shared/models/ultraface_rfb_320.onnx

prints Markdown tables, a column for each model. A model is a manifest with its ONNX file beside it, or a file of one of
the families of reference/detectors.py by its name. All run through onnxruntime on one thread.

- Boxed photos: AP at IoU 0.5 of what scores 0.1 or more, the area under the greatest precision at a recall or beyond. The photos at their own size
  (dlib's; longer sides of 640 px at most), a model of fixed input with the photo fitted into it.
- By size: every held-out photo shrunk until its largest labelled face has a box of this side (root of its area), its other
  faces passed over; found is what is met by IoU 0.5 at the model's threshold. The labels are YuNet's own on the unshrunk
  photo, which the other models are measured against at a disadvantage.
- False alarms: what is found in the photos of the small set that have no face, at the threshold.
- Time: 320x320, medians of interleaved runs.
"""

import argparse
import csv
import statistics
import sys
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "reference"))
from detectors import DECODERS, PREPROCESSING, iou, suppress  # noqa: E402
from inference import open_session, run_named  # noqa: E402

SIZES = (12, 16, 24, 32, 48, 64, 100, 160)
LONGEST = 640


class Model:
    def __init__(self, path):
        path = Path(path)
        manifest = tomllib.loads(path.read_text()) if path.suffix == ".toml" else None
        self.session = open_session(path.parent / manifest["file"] if manifest else path)
        self.name = path.stem
        self.family = manifest["family"] if manifest else self.name.split("_")[0]
        settings = manifest["settings"] if manifest else {"score_threshold": 0.6, "nms_iou": 0.3}
        self.threshold, self.nms = settings["score_threshold"], settings["nms_iou"]
        if manifest:
            self.mean, self.std = (np.float32(manifest["input"][key]) for key in ("mean", "std"))
            self.is_rgb = manifest["input"]["channels"] == "rgb"
            self.roles = manifest["outputs"]
        else:
            known = PREPROCESSING[self.family]
            self.mean, self.std, self.is_rgb = np.float32(known["mean"]), np.float32(known["divisor"]), known["channel_order"] == "RGB"
            self.roles = {output.name: output.name for output in self.session.get_outputs()}
        height, width = self.session.get_inputs()[0].shape[2:]
        self.fixed = (width, height) if isinstance(width, int) else None

    def find(self, bgr, least):
        """(scores, boxes x y w h, landmarks or None) of all faces from this score on, best first, in the photo's pixels."""
        height, width = bgr.shape[:2]
        scale = 1.0
        if self.fixed:
            to_width, to_height = self.fixed
            scale = min(to_width / width, to_height / height, 1.0)
        else:
            to_width, to_height = (-(-side // 32) * 32 for side in (width, height))
        if scale < 1.0:
            bgr = cv2.resize(bgr, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        canvas = np.zeros((to_height, to_width, 3), np.uint8)
        canvas[: bgr.shape[0], : bgr.shape[1]] = bgr
        outputs = run_named(self.session, self.tensor(canvas))
        scores, boxes, landmarks = DECODERS[self.family](
            {role: outputs[name] for role, name in self.roles.items()}, to_width, to_height)
        passing = np.flatnonzero(scores >= least)
        kept = passing[suppress(boxes[passing], scores[passing], self.nms)[0]]
        return scores[kept], boxes[kept] / scale, None if landmarks is None else landmarks[kept] / scale

    def tensor(self, bgr):
        pixels = bgr[:, :, ::-1] if self.is_rgb else bgr
        return np.ascontiguousarray(((pixels - self.mean) / self.std).transpose(2, 0, 1)[None], dtype=np.float32)


def read(path, longest=None):
    """(picture, scale) with a longer side of at most `longest`."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    scale = min(1.0, longest / max(bgr.shape[:2])) if longest else 1.0
    return (shrunk(bgr, scale), scale)


def shrunk(bgr, scale):
    if scale == 1.0:
        return bgr
    size = [max(1, round(side * scale)) for side in bgr.shape[1::-1]]
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return cv2.resize(bgr, size, interpolation=how)


# Boxed photos.


def dlib_boxes(xml):
    for image in ElementTree.parse(xml).getroot().iter("image"):
        boxes = [([float(box.get(key)) for key in ("left", "top", "width", "height")], box.get("ignore") == "1")
                 for box in image.iter("box")]
        yield xml.parent / image.get("file"), boxes


def small_set(folder):
    for list_file in sorted(folder.glob("CSVs__faces__*points.csv")):
        name = list_file.name.removeprefix("CSVs__faces__").removesuffix("points.csv")
        rows = csv.reader(list_file.read_text().splitlines(), skipinitialspace=True)
        yield folder / f"images__{name}.jpg", [([float(value) for value in row], False) for row in rows if row]


def held_out(path):
    photos = defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            box = [float(row[key]) for key in ("x", "y", "width", "height")]
            points = [[float(row[f"{name}_{axis}"] or "nan") for axis in "xy"] for name in LANDMARKS]
            photos[path.parent / row["file"]].append((box, row["ignore"] in ("1", "true"), np.array(points)))
    return photos


LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def average_precision(model, photos):
    judged, n_faces = [], 0
    for path, boxes in photos:
        bgr, scale = read(path, LONGEST)
        faces = np.array([box for box, _, *_ in boxes]).reshape(-1, 4) * scale
        ignored = np.array([face[1] for face in boxes], dtype=bool)
        n_faces += int((~ignored).sum())
        taken = np.zeros(len(faces), dtype=bool)
        for score, box in zip(*model.find(bgr, 0.1)[:2], strict=True):
            overlaps = iou(box, faces) if len(faces) else np.zeros(0)
            best = int(np.argmax(overlaps)) if len(faces) else -1
            if best >= 0 and overlaps[best] >= 0.5:
                if not ignored[best]:
                    judged.append((score, not taken[best]))
                taken[best] = True
            else:
                judged.append((score, False))
    judged.sort(key=lambda pair: -pair[0])
    hits = np.cumsum([hit for _, hit in judged])
    precision = hits / np.arange(1, len(judged) + 1)
    best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0], hits])) / n_faces
    return float((steps * best_beyond).sum()), n_faces


def by_size(model, photos, size):
    found, errors, n = 0, [], 0
    for path, faces in photos.items():
        faces = [face for face in faces if not face[1]]
        if not faces:
            continue
        box, _, points = max(faces, key=lambda face: face[0][2] * face[0][3])
        scale = size / (box[2] * box[3]) ** 0.5
        if scale > 1.5:
            continue
        n += 1
        scores, boxes, landmarks = model.find(shrunk(read(path)[0], scale), model.threshold)
        overlaps = iou(np.array(box) * scale, boxes) if len(boxes) else np.zeros(1)
        best = int(np.argmax(overlaps))
        if overlaps[best] < 0.5:
            continue
        found += 1
        if landmarks is not None and np.isfinite(points).all():
            eyes = np.linalg.norm(points[1] - points[0]) * scale
            errors.append(np.linalg.norm(landmarks[best] - points * scale, axis=1).mean() / eyes)
    return found / n, (statistics.median(errors) if errors else None), n


def false_alarms(model, photos):
    return sum(len(model.find(read(path, LONGEST)[0], model.threshold)[0]) for path in photos) / len(photos) * 100


def milliseconds(models, rounds=60):
    picture = np.random.default_rng(0).integers(0, 256, (320, 320, 3)).astype(np.uint8)
    tensors = {model.name: model.tensor(picture) for model in models if not model.fixed or model.fixed == (320, 240)}
    times = defaultdict(list)
    for _ in range(rounds):
        for model in models:
            if model.name in tensors:
                tensor = tensors[model.name][:, :, : model.fixed[1]] if model.fixed else tensors[model.name]
                begin = time.perf_counter()
                run_named(model.session, tensor)
                times[model.name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) * 1e3 for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--held-out", type=Path, required=True)
    arguments = parser.parse_args()
    models = [Model(path) for path in arguments.models]

    def row(title, values):
        print(f"| {title} | " + " | ".join(values) + " |", flush=True)

    row("", [model.name for model in models])
    print("|---" * (len(models) + 1) + "|")
    row("threshold", [f"{model.threshold:g}" for model in models])
    photos = arguments.shared / "data" / "photos"
    boxed, labelled = list(small_set(photos / "boxes-small-set")), held_out(arguments.held_out)
    sets = {
        "boxes-dlib, testing": list(dlib_boxes(photos / "boxes-dlib" / "testing.xml")),
        "boxes-dlib, training": list(dlib_boxes(photos / "boxes-dlib" / "training.xml")),
        "boxes-small-set": [(path, boxes) for path, boxes in boxed if boxes],
        "photos held out": list(labelled.items()),
    }
    for name, of_set in sets.items():
        results = [average_precision(model, of_set) for model in models]
        row(f"AP, {name}: {results[0][1]} faces in {len(of_set)} photos", [f"{100 * ap:.1f} %" for ap, _ in results])
    empty = [path for path, boxes in boxed if not boxes]
    row(f"false alarms per 100 photos without a face ({len(empty)})", [f"{false_alarms(m, empty):.0f}" for m in models])
    for size in SIZES:
        results = [by_size(model, labelled, size) for model in models]
        cells = [f"{100 * found:.0f} %" + (f", {100 * error:.1f} %" if error else "") for found, error, _ in results]
        row(f"found at {size} px ({results[0][2]} faces), median landmark error of eye distance", cells)
    times = milliseconds(models)
    row("ms, 320×320 (UltraFace: 320×240)", [f"{times[m.name]:.2f}" if m.name in times else "" for m in models])


if __name__ == "__main__":
    main()
