"""What the models in models/ say of the drawn picture, by onnxruntime, OpenCV and numpy.

models/answers.json, which `lineament selftest` holds the program against:
  detectors  {name: {faces: [{score, rect: [left, top, width, height], landmarks: [[x, y] * 5]}]}}
             the picture as it is, zeros below it up to a multiple of 32; score >= 0.5, suppression at IoU 0.4
  embedders  {name: {landmarks: [[[x, y] * 5]], embeddings: [[unit vector]]}}
             the faces of the first detector: Umeyama to the ArcFace template, bilinear, the picture's edge repeated;
             embedding of the crop (+ that of its mirror image, where the manifest has flip = "sum"), brought to unit length

    python reference/shipped.py
"""

import json
import tomllib
from pathlib import Path

import cv2
import numpy as np

from detectors import DECODERS, suppress
from golden_file import ASSETS, rounded
from inference import open_session, run_named
from similarity import ARCFACE_112, umeyama

SCORE, IOU = 0.5, 0.4
MODELS = Path(__file__).resolve().parent.parent / "models"


def tensor(manifest, rgb):
    """The network's input [1, 3, h, w] of a picture."""
    pixels = rgb if manifest["input"]["channels"] == "rgb" else rgb[:, :, ::-1]
    mean, std = (np.float32(manifest["input"][key]) for key in ("mean", "std"))
    return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1)[None], dtype=np.float32)


def found_faces(manifest, rgb):
    """The faces, as the module documents them."""
    height, width = (-(-side // 32) * 32 for side in rgb.shape[:2])
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[: rgb.shape[0], : rgb.shape[1]] = rgb
    raw = run_named(open_session(MODELS / manifest["file"]), tensor(manifest, canvas))
    outputs = {role: raw[name] for role, name in manifest["outputs"].items()}
    scores, boxes, landmarks = DECODERS[manifest["family"]](outputs, width, height)
    passing = np.flatnonzero(scores >= SCORE)
    kept, _, _ = suppress(boxes[passing], scores[passing], IOU)
    return [
        {
            "score": rounded(scores[index], 5),
            "rect": rounded(boxes[index], 3),
            "landmarks": rounded(landmarks[index], 3),
        }
        for index in passing[kept]
    ]


def embedding(session, manifest, rgb, landmarks):
    """The unit vector of the face at these landmarks."""
    matrix, _ = umeyama(np.array(landmarks), ARCFACE_112)
    crop = cv2.warpAffine(rgb, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    output = manifest["outputs"]["embedding"]
    n_views = 2 if manifest["settings"].get("flip", "none") == "sum" else 1
    views = [run_named(session, tensor(manifest, view))[output][0] for view in (crop, crop[:, ::-1])[:n_views]]
    total = np.sum(views, axis=0, dtype=np.float64)
    return rounded(total / np.linalg.norm(total), 6)


def main():
    rgb = cv2.imread(str(ASSETS / "drawn_faces.png"), cv2.IMREAD_COLOR)[:, :, ::-1]
    manifests = [tomllib.loads(path.read_text()) for path in sorted(MODELS.glob("*.toml"))]
    of_task = {task: [m for m in manifests if m["task"] == task] for task in ("detect", "embed")}
    detectors = {m["name"]: {"faces": found_faces(m, rgb)} for m in of_task["detect"]}
    landmarks = [face["landmarks"] for face in next(iter(detectors.values()))["faces"]]
    embedders = {}
    for manifest in of_task["embed"]:
        session = open_session(MODELS / manifest["file"])
        vectors = [embedding(session, manifest, rgb, points) for points in landmarks]
        embedders[manifest["name"]] = {"landmarks": landmarks, "embeddings": vectors}
    (MODELS / "answers.json").write_text(json.dumps({"detectors": detectors, "embedders": embedders}) + "\n")


if __name__ == "__main__":
    main()
