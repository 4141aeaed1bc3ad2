"""Reference of detection figures, by definitions written out in numpy.

golden/detection.json
  subsets  names
  images   [{name, marked, found}]  marked = [{box, standing, subsets, landmarks}], found = [{box, score, landmarks}] or null
           where the image failed; boxes are left, top, width, height
  figures  [{iou, subset, n_faces, ap, precision_recall, recall_at_false_per_image}]  precision_recall = [score, precision,
           recall, false detections per image] at every distinct score, falling
  landmarks {scale: {nme, n_faces}}  at the first IoU
  wider_eval  {subsets, images, figures}  figures = [{iou, subset, ap, recall, precision}] by the steps of WIDER FACE's
           eval_tools, recall and precision at the last of its thresholds; scores that lie closer than these, boxes that
           only a pixel more brings together, and finds in images without faces

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


def boxoverlap(boxes, box):
    """Of eval_tools: corners are pixels that belong to the box."""
    def corners(b):
        return b[..., 0], b[..., 1], b[..., 0] + b[..., 2], b[..., 1] + b[..., 3]

    (ax, ay, aX, aY), (bx, by, bX, bY) = corners(boxes), corners(box)
    width = np.minimum(aX, bX) - np.maximum(ax, bx) + 1
    height = np.minimum(aY, bY) - np.maximum(ay, by) + 1
    shared = np.where((width > 0) & (height > 0), width * height, 0)
    return shared / ((aX - ax + 1) * (aY - ay + 1) + (bX - bx + 1) * (bY - by + 1) - shared)


def wider_eval(images, subset, iou, n_thresholds=1000):
    """wider_eval.m's evaluation.m, norm_score.m and VOCap.m, step for step."""
    all_scores = [f["score"] for image in images for f in image["found"] or []]
    low, high = min(all_scores), max(all_scores)
    sums, count_face = np.zeros((n_thresholds, 2)), 0
    for image in images:
        counts = np.array([f["standing"] == "counted" and (subset == "all" or subset in f["subsets"]) for f in image["marked"]])
        count_face += int(counts.sum())
        found = sorted(image["found"] or [], key=lambda f: -f["score"])
        if not image["marked"] or not found:
            continue
        gt = np.array([f["box"] for f in image["marked"]], float)
        recall_list, proposal_list, pred_recall = np.zeros(len(gt)), np.ones(len(found)), []
        for h, face in enumerate(found):
            overlaps = boxoverlap(gt, np.array(face["box"], float))
            best = int(np.argmax(overlaps))
            if overlaps[best] >= iou:
                if not counts[best]:
                    recall_list[best], proposal_list[h] = -1, -1
                elif recall_list[best] == 0:
                    recall_list[best] = 1
            pred_recall.append(int((recall_list == 1).sum()))
        scores = (np.array([f["score"] for f in found]) - low) / (high - low)
        for t in range(1, n_thresholds + 1):
            reached = np.flatnonzero(scores >= 1 - t / n_thresholds)
            if len(reached):
                sums[t - 1] += [(proposal_list[: reached[-1] + 1] == 1).sum(), pred_recall[reached[-1]]]
    seen = sums[:, 0] > 0
    precision, recall = sums[seen, 1] / sums[seen, 0], sums[seen, 1] / count_face
    mrec, mpre = np.concatenate([[0], recall, [1]]), np.concatenate([[0], precision, [0]])
    mpre = np.maximum.accumulate(mpre[::-1])[::-1]
    steps = np.flatnonzero(mrec[1:] != mrec[:-1]) + 1
    ap = float(((mrec[steps] - mrec[steps - 1]) * mpre[steps]).sum())
    return {"iou": iou, "subset": subset, "ap": ap, "recall": float(recall[-1]), "precision": float(precision[-1])}


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


def wider_fields(images, names):
    """WIDER FACE marks no regions; scores are closer together, and images without faces have finds."""
    extra = {"box": [20, 20, 40, 50], "landmarks": None, "score": 0.9}

    def variant(image):
        found = image["found"] if image["found"] is None or image["marked"] else [extra]
        if found is not None:
            found = [f | {"score": round(0.3 + 0.1 * f["score"] + 0.00003 * (7 * k % 11), 6)} for k, f in enumerate(found)]
        return image | {"marked": [f for f in image["marked"] if f["standing"] != "region"], "found": found}

    images = [variant(image) for image in images]
    figures_of = [wider_eval(images, subset, iou) for iou in (0.5, 0.6) for subset in ["all", *names]]
    plain = [figures(images, f["subset"], f["iou"])["ap"] for f in figures_of]
    assert all(abs(f["ap"] - ap) > 1e-3 for f, ap in zip(figures_of, plain)), list(zip(figures_of, plain))
    return {"subsets": names, "images": images, "figures": figures_of}


def main():
    rng = np.random.default_rng(2010)
    images = draw(rng)
    names = ["easy", "medium", "hard"]
    fields = {"subsets": names, "images": images,
              "figures": [figures(images, subset, iou) for iou in IOUS for subset in ["all", *names]],
              "landmarks": {scale: landmark_error(images, scale) for scale in ("box", "eyes")},
              "wider_eval": wider_fields(images, names)}
    write_golden("detection.json", "detection.py", ["numpy"], fields)


if __name__ == "__main__":
    main()
