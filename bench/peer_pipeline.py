"""Photo -> embeddings of all its faces, as a Python user would plainly write it: what the Rust pipeline is timed against.

OpenCV + YuNet + MobileFaceNet through onnxruntime; every face is embedded with its mirror (summed, normalised). The
alignment is cv2.estimateAffinePartial2D's least-squares twin in numpy. Needs only numpy, opencv-python-headless,
onnxruntime (versions: reference/requirements.txt).

    python bench/peer_pipeline.py --models DIR --threads 1 --max-side 640 PATHS_OR_FOLDERS...

prints one JSON line: photos, faces, wall_s and cpu_s (user + system) of the work after start-up, startup_s (imports and
model loading), peak_rss_mb.
"""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
from pathlib import Path  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def open_session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if threads > 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def find_faces(session, bgr):
    """Landmarks [n, 5, 2] of the faces, score >= 0.5, best first."""
    height, width, _ = bgr.shape
    padded = cv2.copyMakeBorder(bgr, 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT)
    names = [output.name for output in session.get_outputs()]
    tensor = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
    outputs = dict(zip(names, session.run(names, {"input": tensor})))
    scores, boxes, landmarks = [], [], []
    for stride in (8, 16, 32):
        score = np.sqrt(outputs[f"cls_{stride}"][0, :, 0] * outputs[f"obj_{stride}"][0, :, 0])
        hits = np.flatnonzero(score >= 0.5)
        cells = np.stack([hits % (padded.shape[1] // stride), hits // (padded.shape[1] // stride)], axis=1)
        bbox, kps = outputs[f"bbox_{stride}"][0, hits], outputs[f"kps_{stride}"][0, hits].reshape(-1, 5, 2)
        sizes = np.exp(bbox[:, 2:]) * stride
        boxes.append(np.hstack([(cells + bbox[:, :2]) * stride - sizes / 2, sizes]))
        landmarks.append((kps + cells[:, None]) * stride)
        scores.append(score[hits])
    boxes, landmarks, scores = np.concatenate(boxes), np.concatenate(landmarks), np.concatenate(scores)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.5, 0.3)
    return landmarks[np.array(kept, dtype=int).reshape(-1)]


def align(bgr, landmarks):
    """RGB crop 112x112 under the least-squares similarity to the template."""
    source, target = landmarks - landmarks.mean(axis=0), TEMPLATE - TEMPLATE.mean(axis=0)
    norm = (source**2).sum()
    a = (source * target).sum() / norm
    b = (source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum() / norm
    linear = np.array([[a, -b], [b, a]])
    shift = TEMPLATE.mean(axis=0) - linear @ landmarks.mean(axis=0)
    crop = cv2.warpAffine(bgr, np.hstack([linear, shift[:, None]]), (112, 112), flags=cv2.INTER_LINEAR)
    return cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)


def embed(session, crop):
    total = 0
    for view in (crop, crop[:, ::-1]):
        tensor = ((view.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)[None]
        total = total + session.run(None, {"input0": np.ascontiguousarray(tensor)})[0][0]
    return total / np.linalg.norm(total)


def photo_paths(paths):
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(child for child in path.rglob("*") if child.suffix.lower() in PHOTO_SUFFIXES)
        else:
            yield path


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, type=Path)
    parser.add_argument("--threads", type=int, choices=[1, 2], default=1)
    parser.add_argument("--max-side", type=int, default=640)
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)
    detector = open_session(arguments.models / "yunet_n_dynamic.onnx", arguments.threads)
    embedder = open_session(arguments.models / "mobilefacenet.onnx", arguments.threads)
    paths = list(photo_paths(arguments.paths))
    startup_s = time.perf_counter() - STARTED

    wall_before, cpu_before = time.perf_counter(), cpu_seconds()
    n_photos = n_faces = 0
    for path in paths:
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        scale = arguments.max_side / max(bgr.shape[:2])
        if scale < 1:
            bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        embeddings = [embed(embedder, align(bgr, landmarks)) for landmarks in find_faces(detector, bgr)]
        n_photos += 1
        n_faces += len(embeddings)
    report = {
        "photos": n_photos,
        "faces": n_faces,
        "wall_s": round(time.perf_counter() - wall_before, 3),
        "cpu_s": round(cpu_seconds() - cpu_before, 3),
        "startup_s": round(startup_s, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "threads": arguments.threads,
        "max_side": arguments.max_side,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
