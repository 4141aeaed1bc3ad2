"""Reference of the face detectors' decoding and of greedy non-maximum suppression, in numpy float64.

Families: yunet, ultraface, scrfd, retinaface. Each has a tiny random-weight model of its own signature in assets/
(written by this script, see random_models.py); the YuNet and UltraFace files of the shared folder run on the drawn
picture. No resizing happens here: where a model's fixed input is larger than the picture, the picture lies at the top
left of black pixels (0, 0, 0), and so in front of the preprocessing.

golden/detect_<family>.json (random weights), golden/detect_real.json (files of <shared>/models):
  cases  [{name, family, model (file name), model_folder ("assets" | "shared"),
           channel_order ("BGR" | "RGB"), mean: [3], divisor (tensor = (pixel - mean) / divisor, NCHW; mean in
           channel_order),
           image: {width, height, rgb_base64} or {width, height, png: file name in assets},
           input_width, input_height, score_threshold (pass: score >= it), iou_threshold (suppressed: IoU > it),
           outputs {role: name of the output tensor}, n_candidates (cells that pass, before suppression),
           detections [{score, x, y, width, height, landmarks: [[x, y] * 5] or null}] in descending score}]
  Boxes and landmarks are in pixels of the input = of the image, never clipped. Landmarks: left eye, right eye, nose
  tip, left and right mouth corner; left as the viewer sees it.

Other engines must reach the same outcome: no score lies within 1e-4 of its threshold and no IoU that decides something
within 1e-4 of its own; a detection and any cell it suppresses, or any other detection, differ by 1e-3 or more in
log-odds and by 5e-6 or more in score.
"""

import cv2
import numpy as np

import random_models
from golden_file import ASSETS, SHARED, image_record, rounded, write_golden
from inference import open_session, run_named
from synthetic import synthetic_rgb

STRIDES = [8, 16, 32]
PREPROCESSING = {
    "yunet": {"channel_order": "BGR", "mean": [0.0, 0.0, 0.0], "divisor": 1.0},
    "ultraface": {"channel_order": "RGB", "mean": [127.0, 127.0, 127.0], "divisor": 128.0},
    "scrfd": {"channel_order": "RGB", "mean": [127.5, 127.5, 127.5], "divisor": 128.0},
    "retinaface": {"channel_order": "BGR", "mean": [104.0, 117.0, 123.0], "divisor": 1.0},
}
RETINAFACE_MIN_SIZES = {8: [16, 32], 16: [64, 128], 32: [256, 512]}


def input_tensor(rgb, family, width, height):
    """Tensor [1, 3, height, width] float32 of an RGB picture [h, w, 3] u8, black to the right and below."""
    canvas = np.zeros((height, width, 3), dtype=np.float32)
    canvas[: rgb.shape[0], : rgb.shape[1]] = rgb
    preprocessing = PREPROCESSING[family]
    if preprocessing["channel_order"] == "BGR":
        canvas = canvas[:, :, ::-1]
    normalised = (canvas - np.float32(preprocessing["mean"])) / np.float32(preprocessing["divisor"])
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


def cell_grid(width, height, stride, per_cell=1):
    """Column and row [cells * per_cell, 2] of every cell, row by row, repeated for its anchors."""
    rows, columns = -(-height // stride), -(-width // stride)
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    return np.repeat(grid, per_cell, axis=0).astype(np.float64)


def decode_yunet(outputs, width, height):
    """(scores [n], boxes x y w h [n, 4], landmarks [n, 5, 2]) of YuNet's outputs."""
    scores, boxes, landmarks = [], [], []
    for stride in STRIDES:
        roles = (f"{role}_{stride}" for role in ("cls", "obj", "bbox", "kps"))
        cls, obj, bbox, kps = (outputs[role][0].astype(np.float64) for role in roles)
        cells = cell_grid(width, height, stride)
        centres, sizes = (cells + bbox[:, :2]) * stride, np.exp(bbox[:, 2:]) * stride
        scores.append(np.sqrt(np.clip(cls[:, 0], 0.0, 1.0) * np.clip(obj[:, 0], 0.0, 1.0)))
        boxes.append(np.hstack([centres - sizes / 2.0, sizes]))
        landmarks.append((kps.reshape(-1, 5, 2) + cells[:, None]) * stride)
    return np.concatenate(scores), np.concatenate(boxes), np.concatenate(landmarks)


def decode_ultraface(outputs, width, height):
    """As decode_yunet; the model gives face probabilities and corners in fractions of the input, no landmarks."""
    corners = outputs["boxes"][0].astype(np.float64) * [width, height, width, height]
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    return outputs["scores"][0, :, 1].astype(np.float64), boxes, None


def decode_scrfd(outputs, width, height):
    """As decode_yunet; distances from the cell's corner to the four sides, two anchors a cell."""
    has_landmarks = "kps_8" in outputs
    scores, boxes, landmarks = [], [], []
    for stride in STRIDES:
        centres = cell_grid(width, height, stride, per_cell=2) * stride
        distances = outputs[f"bbox_{stride}"].reshape(-1, 4).astype(np.float64) * stride
        scores.append(outputs[f"score_{stride}"].reshape(-1).astype(np.float64))
        boxes.append(np.hstack([centres - distances[:, :2], distances[:, :2] + distances[:, 2:]]))
        if has_landmarks:
            offsets = outputs[f"kps_{stride}"].reshape(-1, 5, 2).astype(np.float64) * stride
            landmarks.append(centres[:, None] + offsets)
    return np.concatenate(scores), np.concatenate(boxes), np.concatenate(landmarks) if has_landmarks else None


def decode_retinaface(outputs, width, height):
    """As decode_yunet; offsets to priors with variances 0.1 and 0.2."""
    centres, sizes = [], []
    for stride, min_sizes in RETINAFACE_MIN_SIZES.items():
        cells = cell_grid(width, height, stride, per_cell=len(min_sizes))
        centres.append((cells + 0.5) * stride)
        sizes.append(np.tile(np.array(min_sizes, dtype=np.float64), len(cells) // len(min_sizes)))
    prior_centres, prior_sizes = np.concatenate(centres), np.concatenate(sizes)[:, None]
    loc = outputs["loc"][0].astype(np.float64)
    box_centres, box_sizes = prior_centres + 0.1 * loc[:, :2] * prior_sizes, prior_sizes * np.exp(0.2 * loc[:, 2:])
    landmarks = prior_centres[:, None] + 0.1 * outputs["landms"][0].reshape(-1, 5, 2) * prior_sizes[:, None]
    return outputs["conf"][0, :, 1].astype(np.float64), np.hstack([box_centres - box_sizes / 2.0, box_sizes]), landmarks


DECODERS = {
    "yunet": decode_yunet,
    "ultraface": decode_ultraface,
    "scrfd": decode_scrfd,
    "retinaface": decode_retinaface,
}


def iou(box, others):
    """Intersection over union of one box x y w h with others [n, 4]."""
    near = np.maximum(box[:2], others[:, :2])
    far = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    intersection = np.prod(np.maximum(far - near, 0.0), axis=1)
    return intersection / (box[2] * box[3] + others[:, 2] * others[:, 3] - intersection)


def suppress(boxes, scores, iou_threshold):
    """Indices kept by greedy suppression, best first, and its closest calls (IoU to threshold, score to score)."""
    order, kept, iou_margin, score_margin = np.argsort(-scores, kind="stable"), [], np.inf, np.inf
    while len(order) > 0:
        best, order = order[0], order[1:]
        overlaps = iou(boxes[best], boxes[order])
        rivals = np.concatenate([order[overlaps > iou_threshold], kept]).astype(int)
        iou_margin = min(iou_margin, np.abs(overlaps - iou_threshold).min(initial=np.inf))
        score_margin = min(score_margin, score_difference(scores[best], scores[rivals]).min(initial=np.inf))
        kept.append(best)
        order = order[overlaps <= iou_threshold]
    return np.array(kept, dtype=int), iou_margin, score_margin


def score_difference(score, others):
    """Difference in log-odds, or 200 times the difference in score where that is less."""
    clipped, clipped_others = np.clip([score], 1e-7, 1.0 - 1e-7), np.clip(others, 1e-7, 1.0 - 1e-7)
    log_odds = np.log(clipped / (1.0 - clipped)) - np.log(clipped_others / (1.0 - clipped_others))
    return np.minimum(np.abs(log_odds), 200.0 * np.abs(score - others))


def detect(session, family, rgb, width, height, score_threshold, iou_threshold):
    """(detections as documented above, n_candidates, whether another engine must find the same)."""
    outputs = run_named(session, input_tensor(rgb, family, width, height))
    scores, boxes, landmarks = DECODERS[family](outputs, width, height)
    passing = np.flatnonzero(scores >= score_threshold)
    kept, iou_margin, score_margin = suppress(boxes[passing], scores[passing], iou_threshold)
    threshold_margin = np.abs(scores - score_threshold).min()
    is_stable = threshold_margin > 1e-4 and iou_margin > 1e-4 and score_margin > 1e-3
    detections = [
        {
            "score": round(float(scores[index]), 7),
            **dict(zip(("x", "y", "width", "height"), rounded(boxes[index], 5), strict=True)),
            "landmarks": None if landmarks is None else rounded(landmarks[index], 5),
        }
        for index in passing[kept]
    ]
    return detections, len(passing), is_stable


def golden_case(name, family, folder, model, image, rgb, size, score_threshold, iou_threshold):
    """(one record of `cases`, whether it is stable)."""
    path = (ASSETS if folder == "assets" else SHARED / "models") / model
    session = open_session(path)
    detections, n_candidates, is_stable = detect(session, family, rgb, *size, score_threshold, iou_threshold)
    names = [output.name for output in session.get_outputs()]
    return {
        "name": name, "family": family, "model": model, "model_folder": folder, **PREPROCESSING[family], "image": image,
        "input_width": size[0], "input_height": size[1],
        "score_threshold": score_threshold, "iou_threshold": iou_threshold,
        "outputs": {name: name for name in names}, "n_candidates": n_candidates, "detections": detections,
    }, is_stable


def random_cases(family, model, build, sizes, score_threshold, iou_threshold):
    """Builds one random model, by the first seed that gives 5 to 60 detections, fewer than candidates, all stable."""
    for seed in range(100, 200):
        images = [synthetic_rgb(*size, seed=seed + index, noise=35.0) for index, size in enumerate(sizes)]
        build(seed, input_tensor(images[0], family, *sizes[0]))
        results = [
            golden_case(f"random weights, {size[0]}x{size[1]}", family, "assets", model, image_record(rgb), rgb, size,
                        score_threshold, iou_threshold)
            for rgb, size in zip(images, sizes, strict=True)
        ]
        cases = [case for case, _ in results]
        counts = [(case["n_candidates"], len(case["detections"])) for case in cases]
        usable = all(5 <= n_detections <= 60 and n_detections < n_candidates for n_candidates, n_detections in counts)
        if usable and all(stable for _, stable in results):
            print(f"  {model}: seed {seed}, (candidates, detections) {counts}")
            return cases
    raise AssertionError(f"no seed gives a stable {model}")


def write_random_goldens():
    libraries = ["numpy", "onnx", "onnxruntime"]
    dynamic = [(160, 128), (64, 96)]
    yunet = random_cases("yunet", "random_yunet.onnx", random_models.random_yunet, dynamic, 0.6, 0.3)
    write_golden("detect_yunet.json", "detectors.py", libraries, {"cases": yunet})
    ultraface = random_cases("ultraface", "random_ultraface.onnx", random_models.random_ultraface, [(128, 96)], 0.6, 0.3)
    write_golden("detect_ultraface.json", "detectors.py", libraries, {"cases": ultraface})
    scrfd = []
    for with_kps, model in [(True, "random_scrfd_kps.onnx"), (False, "random_scrfd_nokps.onnx")]:
        def build(seed, calibration, with_kps=with_kps):
            random_models.random_scrfd(seed, calibration, with_kps)
        scrfd += random_cases("scrfd", model, build, dynamic, 0.5, 0.4)
    write_golden("detect_scrfd.json", "detectors.py", libraries, {"cases": scrfd})
    retinaface = random_cases("retinaface", "random_retinaface.onnx", random_models.random_retinaface, dynamic, 0.5, 0.4)
    write_golden("detect_retinaface.json", "detectors.py", libraries, {"cases": retinaface})


# (family, file, input size, score threshold)
REAL_MODELS = [
    ("yunet", "yunet_n_dynamic.onnx", (320, 256), 0.5),
    ("yunet", "yunet_n_320.onnx", (320, 320), 0.5),
    ("yunet", "yunet_s_dynamic.onnx", (320, 256), 0.5),
    ("ultraface", "ultraface_rfb_320.onnx", (320, 240), 0.5),
    ("ultraface", "ultraface_rfb_640.onnx", (640, 480), 0.5),
    ("ultraface", "ultraface_slim_320.onnx", (320, 240), 0.5),
]


def difference_to_opencv(case, rgb):
    """Largest difference in pixels, box or landmark, between a YuNet case and OpenCV's own FaceDetectorYN."""
    size = (case["input_width"], case["input_height"])
    canvas = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    canvas[: rgb.shape[0], : rgb.shape[1]] = rgb[:, :, ::-1]
    model = str(SHARED / "models" / case["model"])
    detector = cv2.FaceDetectorYN.create(model, "", size, case["score_threshold"], case["iou_threshold"])
    theirs = detector.detect(canvas)[1][:, :14]
    ours = np.array(
        [[d["x"], d["y"], d["width"], d["height"], *np.ravel(d["landmarks"])] for d in case["detections"]]
    )
    return np.abs(ours - theirs).max()


def write_real_goldens():
    rgb = np.ascontiguousarray(cv2.imread(str(ASSETS / "drawn_faces.png"))[:, :, ::-1])
    image = {"width": rgb.shape[1], "height": rgb.shape[0], "png": "drawn_faces.png"}
    cases = []
    for family, model, size, score_threshold in REAL_MODELS:
        case, stable = golden_case("drawn faces", family, "shared", model, image, rgb, size, score_threshold, 0.3)
        scores = [round(detection["score"], 3) for detection in case["detections"]]
        print(f"  {model}: {case['n_candidates']} candidates, stable {stable}, scores {scores}")
        assert stable and len(scores) >= 3, model
        if family == "yunet":
            print(f"    largest difference to cv2.FaceDetectorYN: {difference_to_opencv(case, rgb):.5f} px")
        cases.append(case)
    write_golden("detect_real.json", "detectors.py", ["numpy", "onnxruntime", "opencv-python-headless"], {"cases": cases})


def main():
    write_random_goldens()
    write_real_goldens()


if __name__ == "__main__":
    main()
