"""How well detectors find faces: average precision on boxed photos, recall and landmarks by size, false alarms, time.

    lineament-train label ../shared/data/wild --models ../shared/models --detector yunet_n_dynamic \\
        --other ultraface_rfb_640 --seed 1 --out labels
    python bench/face_detectors.py --shared ../shared --held-out labels/held-out.csv models/lineament-detector.toml \\
        ../shared/models/yunet_n_dynamic.onnx ../shared/models/ultraface_rfb_640.onnx ../shared/models/ultraface_rfb_320.onnx

prints Markdown tables, a column for each model. A model is a manifest with its ONNX file beside it, or a file of one of
the families of reference/detectors.py by its name. All run through onnxruntime on one thread.

- Boxed photos: AP at IoU 0.5 of what scores 0.1 or more, the area under the greatest precision at a recall or beyond. The photos at their own size
  (dlib's; longer sides of 640 px at most), a model of fixed input with the photo fitted into it.
- By size: every held-out photo scaled until its largest labelled face has a box of this side (root of its area), at most 1.5 times
  as large as it was. AP as above, of labelled faces nearer to this size than to the next one of the list; faces of other sizes, and what of another
  size is no face, are passed over, as COCO does by area. Found is the largest face, where IoU is 0.5 or more at the
  model's threshold. The labels are YuNet's own on the unscaled photo, believed where UltraFace (rfb_640) agrees or YuNet's score is 0.85 or more:
  what only one of them finds otherwise is passed over. So other models are measured at a disadvantage against YuNet, and a face that both miss does not count.
- Landmarks: mean distance of the five from the labels' in distances of the eyes, the median of the faces found. By size, the labels are YuNet's on
  the unscaled photo; on dlib's photos, what dlib's own predictor of 68 says, of which come the middles of the eyes, the tip of the nose and the
  corners of the mouth. No person has marked either.
- False alarms: what is found in the photos of the small set that have no face, at the threshold.
- Time: 320x320, medians of interleaved runs.

In brackets are intervals of 95 %: Wilson's of shares; of AP by resampling photos, and Wilson's for the number of faces where every one is found before
anything else; of medians by resampling faces.
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

from intervals import middle_95, of_median, per_cent, resamples, wilson

SIZES = (12, 16, 24, 32, 48, 64, 100, 160)
# Sizes that are nearer to one of these than to the next, by ratio; the first and the last band end as far away on either side.
EDGES = [(a * b) ** 0.5 for a, b in zip(SIZES, SIZES[1:])]
EDGES = [SIZES[0] ** 2 / EDGES[0], *EDGES, SIZES[-1] ** 2 / EDGES[-1]]
BANDS = dict(zip(SIZES, zip(EDGES, EDGES[1:])))
LONGEST = 640
LEAST_SCORE = 0.1


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
    """Photos with boxes and five landmarks, of the 68 points of iBUG 300-W."""
    for image in ElementTree.parse(xml).getroot().iter("image"):
        faces = []
        for box in image.iter("box"):
            parts = {int(part.get("name")): [float(part.get(axis)) for axis in "xy"] for part in box.iter("part")}
            points = np.array([parts[index] for index in range(68)])
            five = [points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]]
            corner = [float(box.get(key)) for key in ("left", "top", "width", "height")]
            faces.append((corner, box.get("ignore") == "1", np.array(five)))
        yield xml.parent / image.get("file"), faces


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


def judged(found, faces, scale, band=(0.0, np.inf)):
    """([(score, whether it is the first to meet a face that counts)], number of faces that count) of one photo's findings.

    `band` bounds the sizes that count; of faces beyond it, ignored ones, and findings beyond it that are no face, nothing is said.
    """
    boxes = np.array([face[0] for face in faces]).reshape(-1, 4) * scale
    counts = np.array([not face[1] for face in faces], dtype=bool) & within(boxes, band)
    taken, results = np.zeros(len(boxes), dtype=bool), []
    for score, box in zip(*found[:2], strict=True):
        overlaps = iou(box, boxes) if len(boxes) else np.zeros(1)
        best = int(np.argmax(overlaps))
        if overlaps[best] < 0.5:
            if within(box[None], band)[0]:
                results.append((score, False))
        elif counts[best]:
            results.append((score, not taken[best]))
            taken[best] = True
    return results, int(counts.sum())


def within(boxes, band):
    sizes = np.sqrt(boxes[:, 2] * boxes[:, 3])
    return (sizes >= band[0]) & (sizes < band[1])


def average_precision(photos):
    """AP of photos as `judged` gives them, its interval and the number of faces."""
    flat = sorted(((*pair, photo) for photo, (results, _) in enumerate(photos) for pair in results), key=lambda r: -r[0])
    hits, of_photo = np.array([hit for _, hit, _ in flat], float), np.array([photo for *_, photo in flat], int)
    n_faces = np.array([n for _, n in photos])

    def area(weights):
        """Under the greatest precision at a recall or beyond, each photo counted as often as it weighs."""
        weight = weights[of_photo].astype(float)
        found = np.cumsum(weight * hits)
        precision = found / np.maximum(np.cumsum(weight), 1e-9)
        best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
        return (np.diff(np.concatenate([[0.0], found])) * best_beyond).sum() / max(weights @ n_faces, 1)

    n, ap = int(n_faces.sum()), area(np.ones(len(photos), int))
    interval = wilson(n, n) if ap > 1 - 1e-9 else middle_95([area(weights) for weights in resamples(len(photos))])
    return ap, interval, n


def on_boxed(model, photos):
    """AP, and landmark errors of the faces found."""
    results, errors = [], []
    for path, faces in photos:
        bgr, scale = read(path, LONGEST)
        found = model.find(bgr, LEAST_SCORE)
        results.append(judged(found, faces, scale))
        errors += [error for face in faces if not face[1] and (error := landmark_error(model, found, face, scale)) is not None]
    return average_precision(results), errors


def by_size(model, photos, size):
    """AP, number of largest faces found, their landmark errors, and the number of photos."""
    results, n_found, errors = [], 0, []
    for path, faces in photos.items():
        labelled = [face for face in faces if not face[1]]
        if not labelled:
            continue
        largest = max(labelled, key=lambda face: face[0][2] * face[0][3])
        scale = size / (largest[0][2] * largest[0][3]) ** 0.5
        if scale > 1.5:
            continue
        found = model.find(shrunk(read(path)[0], scale), LEAST_SCORE)
        results.append(judged(found, faces, scale, BANDS[size]))
        n_found += match(model, found, largest, scale) is not None
        error = landmark_error(model, found, largest, scale)
        errors += [] if error is None else [error]
    return average_precision(results), n_found, errors, len(results)


def match(model, found, face, scale):
    """Which of the findings of the model's threshold or more is this face."""
    boxes = found[1][found[0] >= model.threshold]
    overlaps = iou(np.array(face[0]) * scale, boxes) if len(boxes) else np.zeros(1)
    best = int(np.argmax(overlaps))
    return best if overlaps[best] >= 0.5 else None


def landmark_error(model, found, face, scale):
    """Mean distance of the five landmarks from the face's own, in distances of its eyes; None where one has none."""
    best = match(model, found, face, scale)
    if best is None or found[2] is None or len(face) < 3 or not np.isfinite(face[2]).all():
        return None
    eyes = np.linalg.norm(face[2][1] - face[2][0]) * scale
    return np.linalg.norm(found[2][best] - face[2] * scale, axis=1).mean() / eyes


def false_alarms(model, photos):
    """Findings in all, and photos with one."""
    numbers = [len(model.find(read(path, LONGEST)[0], model.threshold)[0]) for path in photos]
    return sum(numbers), sum(map(bool, numbers))


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
        "boxes-dlib, testing": list(dlib_boxes(photos / "boxes-dlib" / "testing_with_face_landmarks.xml")),
        "boxes-dlib, training": list(dlib_boxes(photos / "boxes-dlib" / "training_with_face_landmarks.xml")),
        "boxes-small-set": [(path, boxes) for path, boxes in boxed if boxes],
        "photos held out": list(labelled.items()),
    }
    errors = {}
    for name, of_set in sets.items():
        results = [on_boxed(model, of_set) for model in models]
        aps, errors[name] = [ap for ap, _ in results], [error for _, error in results]
        row(f"AP, {name}: {aps[0][2]} faces in {len(of_set)} photos", [per_cent(*ap[:2]) for ap in aps])
    sized = {size: [by_size(model, labelled, size) for model in models] for size in SIZES}
    for size, results in sized.items():
        row(f"AP at {size} px: {results[0][0][2]} faces in {results[0][3]} photos", [per_cent(*ap[:2]) for ap, *_ in results])
    for size, results in sized.items():
        cells = [per_cent(found / n, wilson(found, n), 0) for _, found, _, n in results]
        row(f"found at {size} px, at the threshold: the largest face of {results[0][3]} photos", cells)

    def medians(of_models):
        return [f"{per_cent(statistics.median(values), of_median(values))}, {len(values)}" if values else "" for values in of_models]

    for size, results in sized.items():
        row(f"landmarks at {size} px, faces found", medians([of_model for _, _, of_model, _ in results]))
    row("landmarks, boxes-dlib", medians([a + b for a, b in zip(*(errors[f"boxes-dlib, {part}"] for part in ("testing", "training")))]))
    empty = [path for path, boxes in boxed if not boxes]
    row(f"findings, and photos with one, of {len(empty)} without a face",
        ["{}, {}".format(*false_alarms(model, empty)) for model in models])
    times = milliseconds(models)
    row("ms, 320×320 (UltraFace: 320×240)", [f"{times[m.name]:.2f}" if m.name in times else "" for m in models])


if __name__ == "__main__":
    main()
