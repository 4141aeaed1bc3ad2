"""Reference of the similarity transform from five landmarks to a template (Umeyama 1991, reflection excluded).

The transform is computed here in float64 by singular values and must agree with scikit-image's.

golden/similarity.json:
  templates  {name: {width, height, template_points: [[x, y] * 5]}}, 0-based pixel centres:
             "arcface_112x112" as published; "sphereface_96x112" = the published 1-based points minus 1
  cases      [{name, template, points: [[x, y] * 5], matrix: [[a, b, c], [d, e, f]], scale, condition}]
             matrix maps points -> template: x' = a x + b y + c, y' = d x + e y + f; scale = sqrt(a^2 + d^2);
             condition = second singular value / first of the covariance (negative where the points look
             mirrored; near -1 the answer would be ill-defined, no case is)
"""

import numpy as np
from skimage.transform import SimilarityTransform

from golden_file import rounded, write_golden

ARCFACE_112 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
SPHEREFACE_1_BASED = np.array(
    [[30.2946, 51.6963], [65.5318, 51.5014], [48.0252, 71.7366], [33.5493, 92.3655], [62.7299, 92.2041]]
)
TEMPLATES = {
    "arcface_112x112": (112, 112, ARCFACE_112),
    "sphereface_96x112": (96, 112, SPHEREFACE_1_BASED - 1.0),
}


def umeyama(source, target):
    """The 2x3 similarity that takes source [n, 2] to target [n, 2] with least squares, and its condition."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source_centred, target_centred = source - source_mean, target - target_mean
    covariance = target_centred.T @ source_centred / len(source)
    u, singular, vt = np.linalg.svd(covariance)
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(signs) @ vt
    scale = (singular * signs).sum() / source_centred.var(axis=0).sum()
    translation = target_mean - scale * rotation @ source_mean
    return np.hstack([scale * rotation, translation[:, None]]), signs[1] * singular[1] / singular[0]


def point_sets(rng):
    """Yields (name, points): faces of every size and angle, noisy, mirrored and shapeless ones."""
    face = ARCFACE_112 - ARCFACE_112.mean(axis=0)

    def placed(shape, scale, angle_deg, centre):
        angle = np.deg2rad(angle_deg)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return scale * shape @ rotation.T + centre

    def noise(sigma):
        return rng.normal(0.0, sigma, size=(5, 2))

    yield "the template itself", ARCFACE_112.copy()
    yield "double size, moved", placed(face, 2.0, 0.0, [310.0, 207.0])
    for angle_deg in [-170, -120, -90, -45, -12, 7, 30, 60, 135, 180]:
        scale, centre = rng.uniform(0.5, 3.0), rng.uniform(0.0, 600.0, 2)
        yield f"rotated {angle_deg} degrees", placed(face + noise(1.5), scale, angle_deg, centre)
    yield "noisy", placed(face + noise(6.0), 1.3, 5.0, [150.0, 120.0])
    yield "very noisy", placed(face + noise(15.0), 0.9, -20.0, [99.0, 140.0])
    yield "tiny", placed(face + noise(1.0), 0.01, 25.0, [3.0, 4.0])
    yield "huge", placed(face + noise(1.0), 120.0, -33.0, [9000.0, 7000.0])
    yield "far from the origin", placed(face + noise(1.0), 1.0, 10.0, [-40000.0, 25000.0])
    yield "profile: eyes nearly meet", placed(face * [0.25, 1.0] + noise(1.0), 1.5, -8.0, [200.0, 180.0])
    yield "mirrored", placed(face * [-1.0, 1.0] + noise(2.0), 1.2, 14.0, [180.0, 160.0])
    yield "mirrored and noisy", placed(face * [-1.0, 1.0] + noise(8.0), 0.8, 100.0, [120.0, 90.0])
    yield "shapeless", rng.uniform(0.0, 250.0, size=(5, 2))


def main():
    cases = []
    for name, points in point_sets(np.random.default_rng(1)):
        points = np.round(points, 4)
        for template, (_, _, template_points) in TEMPLATES.items():
            matrix, condition = umeyama(points, template_points)
            other = SimilarityTransform.from_estimate(points, template_points).params[:2]
            assert np.allclose(matrix, other, rtol=1e-9, atol=1e-9 * np.abs(matrix).max()), (name, matrix, other)
            assert condition > -0.95, (name, condition)
            scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
            cases.append(
                {"name": name, "template": template, "points": points.tolist(), "matrix": matrix.tolist(),
                 "scale": scale, "condition": float(condition)}
            )
    templates = {
        name: {"width": width, "height": height, "template_points": rounded(points, 4)}
        for name, (width, height, points) in TEMPLATES.items()
    }
    write_golden("similarity.json", "similarity.py", ["numpy", "scikit-image"], {"templates": templates, "cases": cases})


if __name__ == "__main__":
    main()
