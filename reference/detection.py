"""Reference of detection figures, by definitions written out in numpy.

golden/detection.json
  subsets  names
  images   [{name, marked, found}]  marked = [{box, standing, subsets, landmarks}], found = [{box, score, landmarks}] or null
           where the image failed; boxes are left, top, width, height
  figures  [{iou, subset, n_faces, ap, precision_recall, recall_at_false_per_image}]  precision_recall = [score, precision,
           recall, false detections per image] at every distinct score, falling
  landmarks {scale: {nme, n_faces}}  at the first IoU

A found face belongs to the marked one it overlaps most; the second on one face is false. AP is, face by face, the best
precision at that recall or a greater one.
"""

import numpy as np

from golden_file import write_golden

IOUS = [0.5, 0.7]
FALSE_PER_IMAGE = [0.1, 0.5, 1]


def overlap(a, b):
    """Shared area, and intersection over union."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = a, b
    width, height = min(ax + aw, bx + bw) - max(ax, bx), min(ay + ah, by + bh) - max(ay, by)
    shared = max(width, 0) * max(height, 0)
    return shared, shared / (aw * ah + bw * bh - shared)


def judge(image, subset, iou):
    """[(score, True or False, marked face)] without ignored ones, and the number of faces."""
    counts = [f["standing"] == "counted" and (subset == "all" or subset in f["subsets"]) for f in image["marked"]]
    taken, judged = set(), []
    for found in sorted(image["found"] or [], key=lambda f: -f["score"]):
        overlaps = [-1.0 if f["standing"] == "region" else overlap(f["box"], found["box"])[1] for f in image["marked"]]
        best = int(np.argmax(overlaps)) if overlaps else None
        if best is not None and overlaps[best] >= iou:
            if not counts[best]:
                continue
            judged.append((found["score"], best not in taken, (found, image["marked"][best])))
            taken.add(best)
            continue
        area = found["box"][2] * found["box"][3]
        regions = [f for f in image["marked"] if f["standing"] == "region"]
        if not any(overlap(f["box"], found["box"])[0] / area >= iou for f in regions):
            judged.append((found["score"], False, None))
    return judged, sum(counts)


def figures(images, subset, iou):
    judged = [judge(image, subset, iou) for image in images]
    n_faces = sum(n for _, n in judged)
    all_judged = [j for of_image, _ in judged for j in of_image]
    scores = np.array([score for score, *_ in all_judged])
    right = np.array([is_right for _, is_right, _ in all_judged])
    points = []
    for score in sorted(set(scores.tolist()), reverse=True):
        n_right, n_all = int(right[scores >= score].sum()), int((scores >= score).sum())
        points.append([score, n_right / n_all, n_right / n_faces, (n_all - n_right) / len(images)])
    precisions = [max((p for _, p, r, _ in points if r * n_faces >= k - 1e-9), default=0.0) for k in range(1, n_faces + 1)]
    recall = {str(rate): max((r for *_, r, wrong in points if wrong <= rate), default=0.0) for rate in FALSE_PER_IMAGE}
    return {"iou": iou, "subset": subset, "n_faces": n_faces, "ap": float(np.mean(precisions)), "precision_recall": points,
            "recall_at_false_per_image": recall}


def landmark_error(images, scale):
    errors = []
    for image in images:
        for _, is_right, faces in judge(image, "all", IOUS[0])[0]:
            if not is_right or any(f["landmarks"] is None for f in faces):
                continue
            found, marked = (np.array(f["landmarks"]) for f in faces)
            width, height = faces[1]["box"][2:]
            size = np.sqrt(width * height) if scale == "box" else np.linalg.norm(marked[0] - marked[1])
            errors.append(np.linalg.norm(found - marked, axis=1).mean() / size)
    return {"nme": float(np.mean(errors)), "n_faces": len(errors)}


def draw(rng):
    def box(size):
        return [*rng.integers(0, 300, 2).tolist(), int(size), int(size * rng.uniform(1, 1.4))]

    def landmarks(of):
        x, y, width, height = of
        places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * [width, height] + [x, y]
        return np.round(places + rng.normal(scale=0.03 * width, size=(5, 2)), 1).tolist()

    images = []
    for i in range(16):
        marked = []
        for _ in range(rng.integers(0, 7)):
            size = rng.integers(12, 90)
            standing = rng.choice(["counted", "ignored", "region"], p=[0.8, 0.12, 0.08])
            of = [name for name, least in [("easy", 50), ("medium", 30), ("hard", 0)] if size >= least]
            face = {"box": box(size * (3 if standing == "region" else 1)), "standing": str(standing), "subsets": of}
            marked.append(face | {"landmarks": landmarks(face["box"]) if rng.random() < 0.8 else None})
        found = []
        for face in marked:
            for _ in range(rng.choice([0, 1, 2], p=[0.15, 0.7, 0.15])):
                jitter = np.round(rng.normal(scale=0.08 * face["box"][2], size=4)).astype(int).tolist()
                near = [v + d for v, d in zip(face["box"], jitter)]
                found.append({"box": [*near[:2], max(near[2], 4), max(near[3], 4)], "landmarks": landmarks(near)})
        found += [{"box": box(rng.integers(10, 60)), "landmarks": None} for _ in range(rng.integers(0, 4))]
        # Scores of one decimal place and a half: many are equal.
        found = [f | {"score": float(np.round(rng.beta(4, 2) * 20) / 20)} for f in found]
        images.append({"name": f"image {i}", "marked": marked, "found": None if i == 11 else found})
    return images


def main():
    rng = np.random.default_rng(2010)
    images = draw(rng)
    names = ["easy", "medium", "hard"]
    fields = {"subsets": names, "images": images,
              "figures": [figures(images, subset, iou) for iou in IOUS for subset in ["all", *names]],
              "landmarks": {scale: landmark_error(images, scale) for scale in ("box", "eyes")}}
    write_golden("detection.json", "detection.py", ["numpy"], fields)


if __name__ == "__main__":
    main()
