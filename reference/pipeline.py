"""The whole reference pipeline: photo -> faces -> the chosen face's aligned crop -> its embedding.

OpenCV decodes the photo; its longest side is limited to --max-side (INTER_AREA), and with --enlarge a smaller photo is
enlarged to it (INTER_LINEAR) for the detector; zeros at the right and bottom make
both sides multiples of 32; yunet_n_dynamic, score >= 0.5, suppression at IoU 0.3; the chosen face has the greatest
area - 2 * (squared distance of its centre to the photo's centre); Umeyama to the ArcFace template; cv2.warpAffine,
bilinear, black border; mobilefacenet on the crop and its mirror, summed, normalised.

    python reference/pipeline.py --models DIR --out FILE.json PATHS...

writes {photo: {width, height, faces: [{score, x, y, width, height, landmarks}], chosen (index or null),
crop_base64 (RGB 112x112) and embedding (both null without a face)}}; numbers are in pixels of the decoded photo.
The output holds faces of whoever is in the photos: keep it out of the repository.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from detectors import detect
from embedder import embed
from golden_file import pixels_base64
from inference import open_session
from similarity import ARCFACE_112, umeyama


class ReferencePipeline:
    """The two models, opened once."""

    def __init__(self, models, max_side, enlarge):
        self.detector = open_session(Path(models) / "yunet_n_dynamic.onnx")
        self.embedder = open_session(Path(models) / "mobilefacenet.onnx")
        self.max_side = max_side
        self.enlarge = enlarge

    def faces(self, bgr):
        """Detections in pixels of the photo [h, w, 3] u8 BGR, best score first."""
        height, width, _ = bgr.shape
        scale = self.max_side / max(width, height)
        scale = scale if self.enlarge else min(1.0, scale)
        size = [max(1, int(np.floor(side * scale + 0.5))) for side in (width, height)]
        resized = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR)
        padded = [-(-side // 32) * 32 for side in size]
        rgb = np.ascontiguousarray(resized[:, :, ::-1])
        detections, _, _ = detect(self.detector, "yunet", rgb, *padded, score_threshold=0.5, iou_threshold=0.3)
        back = np.array([width / size[0], height / size[1]])
        return [
            {
                "score": face["score"],
                "x": face["x"] * back[0], "y": face["y"] * back[1],
                "width": face["width"] * back[0], "height": face["height"] * back[1],
                "landmarks": (np.array(face["landmarks"]) * back).tolist(),
            }
            for face in detections
        ]

    def describe(self, bgr):
        """The record documented above, of a decoded photo; crop and embedding as arrays."""
        height, width, _ = bgr.shape
        faces = self.faces(bgr)
        record = {"width": width, "height": height, "faces": faces, "chosen": None, "crop": None, "embedding": None}
        if faces:
            record["chosen"] = nearest_the_centre(faces, width, height)
            record["crop"] = aligned_crop(bgr, faces[record["chosen"]]["landmarks"])
            record["embedding"] = embed(self.embedder, record["crop"], "sum")
        return record


def nearest_the_centre(faces, width, height):
    """Index of the face with the greatest area - 2 * squared distance of its centre to the photo's centre."""

    def weight(face):
        dx = face["x"] + face["width"] / 2.0 - width / 2.0
        dy = face["y"] + face["height"] / 2.0 - height / 2.0
        return face["width"] * face["height"] - 2.0 * (dx * dx + dy * dy)

    return max(range(len(faces)), key=lambda index: weight(faces[index]))


def aligned_crop(bgr, landmarks):
    """RGB crop [112, 112, 3] u8 on the ArcFace template."""
    matrix, _ = umeyama(np.array(landmarks), ARCFACE_112)
    crop = cv2.warpAffine(bgr, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(crop[:, :, ::-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, help="folder of yunet_n_dynamic.onnx and mobilefacenet.onnx")
    parser.add_argument("--max-side", type=int, default=512)
    parser.add_argument("--enlarge", action="store_true", help="show the detector small photos at max-side, too")
    parser.add_argument("--out", required=True)
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    pipeline = ReferencePipeline(arguments.models, arguments.max_side, arguments.enlarge)
    records = {}
    for path in arguments.paths:
        bgr = cv2.imread(path, cv2.IMREAD_COLOR)
        if bgr is None:
            raise SystemExit(f"cannot read {path}")
        record = pipeline.describe(bgr)
        crop, embedding = record.pop("crop"), record.pop("embedding")
        record["crop_base64"] = None if crop is None else pixels_base64(crop)
        record["embedding"] = None if embedding is None else embedding.tolist()
        records[path] = record
    Path(arguments.out).write_text(json.dumps(records))


if __name__ == "__main__":
    main()
