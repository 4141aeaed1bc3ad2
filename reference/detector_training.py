"""Which cells of a face detector answer for which faces, and the loss of what they say.

golden/detector_training.json: `cases`, each with `width`, `height` of the pictures; `rows` [n, cells, 16] (logits of class
and object, box, landmarks; cells level by level, row by row), multiples of 1/64; `pictures`, each with `faces` (box x, y,
width, height; landmarks x, y five times, or null) and `ignored` boxes; expected: `answers` of each picture, a list of
[cell, face, IoU] by cell, and the parts of the loss `object`, `class`, `box`, `landmarks`, unweighted means over answers.
Assignment as YOLOX (Ge et al., 2021) with YuNet's numbers (Wu, Peng, Yu, 2023); EIoU as Zhang et al. (2022).
"""

import math

import numpy as np

from golden_file import write_golden

STRIDES = (8, 16, 32)
LANDMARK_BEND = 0.02


def cells_of(width, height):
    """[cells, 3]: column, row, stride."""
    return np.array([(x, y, s) for s in STRIDES for y in range(height // s) for x in range(width // s)], dtype=np.float64)


def decoded_boxes(rows, cells):
    """Corners [cells, 4]."""
    stride = cells[:, 2:]
    centre = (cells[:, :2] + rows[:, 2:4]) * stride
    size = np.exp(rows[:, 4:6]) * stride
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)


def corners(face):
    x, y, width, height = face["box"]
    return np.array([x, y, x + width, y + height], dtype=np.float64)


def iou(boxes, box):
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return common / (areas - common)


def assigned(rows, cells, faces):
    """[cell, face, IoU] of every cell that answers for a face."""
    if not faces:
        return []
    middle, reach = (cells[:, :2] + 0.5) * cells[:, 2:], 2.5 * cells[:, 2]
    boxes = np.stack([corners(face) for face in faces])
    inside = np.stack([((middle > b[:2]) & (middle < b[2:])).all(axis=1) for b in boxes])
    near = np.stack([(np.abs(middle - (b[:2] + b[2:]) / 2) < reach[:, None]).all(axis=1) for b in boxes])
    valid = np.flatnonzero((inside | near).any(axis=0))
    overlap = np.stack([iou(decoded_boxes(rows, cells), b)[valid] for b in boxes])
    probability = 1 / (1 + np.exp(-rows[valid, :2]))
    score_cost = -np.log(np.sqrt(probability.prod(axis=1)))
    cost = score_cost + 3 * -np.log(overlap + 1e-8) + 1e5 * ~(inside & near)[:, valid]
    matching = np.zeros_like(cost, dtype=bool)
    for face, overlaps in enumerate(overlap):
        wanted = max(1, int(np.sort(overlaps)[::-1][:10].sum()))
        matching[face, np.argsort(cost[face], kind="stable")[:wanted]] = True
    answers = []
    for column in np.flatnonzero(matching.any(axis=0)):
        claims = np.flatnonzero(matching[:, column])
        face = int(claims[np.argmin(cost[claims, column])])
        answers.append([int(valid[column]), face, float(overlap[face, column])])
    return answers


def eiou(found, wanted):
    low, high = np.maximum(found[:2], wanted[:2]), np.minimum(found[2:], wanted[2:])
    around = np.maximum(found[2:], wanted[2:]) - np.minimum(found[:2], wanted[:2])
    common = np.prod(np.clip(high - low, 0, None))
    size_a, size_b = found[2:] - found[:2], wanted[2:] - wanted[:2]
    union = np.prod(size_a) + np.prod(size_b) - common
    apart = ((found[:2] + found[2:] - wanted[:2] - wanted[2:]) / 2) ** 2
    return 1 - common / union + apart.sum() / (around**2).sum() + (((size_a - size_b) / around) ** 2).sum()


def smooth_l1(error):
    error = abs(error)
    return error**2 / (2 * LANDMARK_BEND) if error < LANDMARK_BEND else error - LANDMARK_BEND / 2


def cross_entropy(logit, target):
    p = 1 / (1 + math.exp(-logit))
    return -(target * math.log(p) + (1 - target) * math.log(1 - p))


def loss_parts(rows, cells, pictures, answers):
    parts = dict.fromkeys(("object", "class", "box", "landmarks"), 0.0)
    for numbers, picture, answer in zip(rows, pictures, answers):
        answering = {cell for cell, _, _ in answer}
        middle = (cells[:, :2] + 0.5) * cells[:, 2:]
        for cell, (x, y) in enumerate(middle):
            unknown = any(l <= x <= l + w and t <= y <= t + h for l, t, w, h in picture["ignored"])
            if cell in answering or not unknown:
                parts["object"] += cross_entropy(numbers[cell, 1], float(cell in answering))
        boxes = decoded_boxes(numbers, cells)
        for cell, face_idx, overlap in answer:
            face = picture["faces"][face_idx]
            parts["class"] += cross_entropy(numbers[cell, 0], overlap)
            parts["box"] += eiou(boxes[cell], corners(face))
            if face["landmarks"] is not None:
                column, row, stride = cells[cell]
                size = math.sqrt(face["box"][2] * face["box"][3])
                points = (numbers[cell, 6:].reshape(5, 2) + (column, row)) * stride
                errors = (points - np.array(face["landmarks"]).reshape(5, 2)).ravel() / size
                parts["landmarks"] += sum(map(smooth_l1, errors)) / 10
    n_answers = max(1, sum(map(len, answers)))
    return {name: part / n_answers for name, part in parts.items()}


def drawn_face(random, width, height, size, landmarks):
    """A face of about this size, in whole quarters of a pixel."""
    quarters = lambda value: round(value * 4) / 4
    w, h = quarters(size * random.uniform(0.8, 1.1)), quarters(size * random.uniform(0.9, 1.3))
    x, y = quarters(random.uniform(-w / 4, width - 0.75 * w)), quarters(random.uniform(-h / 4, height - 0.75 * h))
    shares = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
    points = [quarters(v) for a, b in shares for v in (x + a * w, y + b * h)]
    return {"box": [x, y, w, h], "landmarks": points if landmarks else None}


def drawn_case(seed, width, height, sizes_of_pictures, ignored):
    random = np.random.default_rng(seed)
    cells = cells_of(width, height)
    pictures, rows = [], []
    for sizes in sizes_of_pictures:
        faces = [drawn_face(random, width, height, size, index % 3 != 2) for index, size in enumerate(sizes)]
        numbers = random.normal(size=(len(cells), 16)) * np.r_[1.5, 1.5, np.full(2, 0.4), np.full(2, 0.7), np.full(10, 0.8)]
        numbers[:, :2] -= 1.5
        # Half of the cells have an idea of a face near them.
        for cell in np.flatnonzero(random.uniform(size=len(cells)) < 0.5) if faces else ():
            column, row, stride = cells[cell]
            face = min(faces, key=lambda f: math.dist(corners(f)[:2] + corners(f)[2:], 2 * cells[cell, :2] * stride))
            centre, size = (corners(face)[:2] + corners(face)[2:]) / 2, np.array(face["box"][2:])
            numbers[cell, 2:6] = np.r_[centre / stride - (column, row), np.log(size / stride)] + random.normal(size=4) * 0.15
        rows.append(np.round(numbers * 64) / 64)
        pictures.append({"faces": faces, "ignored": ignored})
    answers = [assigned(numbers, cells, picture["faces"]) for numbers, picture in zip(rows, pictures)]
    return {
        "width": width,
        "height": height,
        "rows": [numbers.tolist() for numbers in rows],
        "pictures": pictures,
        "answers": answers,
        **loss_parts(rows, cells, pictures, answers),
    }


def main():
    cases = [
        drawn_case(1, 64, 96, [[30.0], [12.0, 20.0]], []),
        drawn_case(2, 96, 64, [[50.0, 10.0, 24.0, 26.0], []], [[40.0, 8.0, 30.0, 30.0]]),
        drawn_case(3, 64, 64, [[]], [[0.0, 0.0, 20.0, 64.0]]),
    ]
    write_golden("detector_training.json", "detector_training.py", ["numpy"], {"cases": cases})


if __name__ == "__main__":
    main()
