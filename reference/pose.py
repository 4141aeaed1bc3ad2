"""Reference of head pose from five landmarks: scaled-orthographic projections of a generic face at known angles.

The convention is CONVENTION below. The five points are those of a mean adult, in mm, as detectors mark them:
pupils 63 apart, mouth corners 56 apart and 62 below the pupils, nose tip 37.5 below the pupils and 30 in front of them.

golden/pose.json:
  convention  {axes, rotation, rx, ry, rz, projection, yaw, pitch, roll}: text
  points_mm   [[x, y, z] * 5]: left eye, right eye, nose tip, left and right mouth corner (left as the viewer sees it)
  cases       [{yaw, pitch, roll (degrees), scale (pixels per mm), translation [x, y], rotation 3x3,
                landmarks [[x, y] * 5] (pixels)}]
"""

import numpy as np

from golden_file import rounded, write_golden

CONVENTION = {
    "axes": "x right, y down, z away from the camera, as the viewer sees them (right-handed); the nose tip has the smallest z",
    "rotation": "R = Rz(roll) Ry(yaw) Rx(pitch), degrees",
    "rx": "[[1, 0, 0], [0, cos p, sin p], [0, -sin p, cos p]]",
    "ry": "[[cos w, 0, -sin w], [0, 1, 0], [sin w, 0, cos w]]",
    "rz": "[[cos r, -sin r, 0], [sin r, cos r, 0], [0, 0, 1]]",
    "projection": "landmark = scale * (first two rows of R) * point + translation",
    "yaw": "> 0: the face turns to the viewer's right; the nose moves to larger x",
    "pitch": "> 0: the face looks up; the nose moves to smaller y",
    "roll": "> 0: clockwise for the viewer; the right-hand eye is lower (larger y)",
}
POINTS_MM = np.array(
    [[-31.5, -33.0, 0.0], [31.5, -33.0, 0.0], [0.0, 4.5, -30.0], [-28.0, 29.0, -4.0], [28.0, 29.0, -4.0]]
)


def rotation(yaw, pitch, roll):
    """R = Rz(roll) Ry(yaw) Rx(pitch) of angles in degrees."""
    (cw, sw), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in np.deg2rad([yaw, pitch, roll]))
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]])
    about_y = np.array([[cw, 0.0, -sw], [0.0, 1.0, 0.0], [sw, 0.0, cw]])
    about_z = np.array([[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]])
    return about_z @ about_y @ about_x


def check_signs():
    """The signs promised above, on the nose tip and the right-hand eye."""
    nose, right_eye = POINTS_MM[2], POINTS_MM[1]
    assert (rotation(20, 0, 0) @ nose)[0] > nose[0]
    assert (rotation(0, 20, 0) @ nose)[1] < nose[1]
    assert (rotation(0, 0, 20) @ right_eye)[1] > right_eye[1]
    assert np.isclose(np.linalg.det(rotation(20, 10, 30)), 1.0)


def main():
    check_signs()
    rng = np.random.default_rng(11)
    cases = []
    for yaw in range(-60, 61, 20):
        for pitch in range(-30, 31, 15):
            for roll in (-45, -20, 0, 20, 45):
                matrix = rotation(yaw, pitch, roll)
                scale, translation = float(np.exp(rng.uniform(np.log(0.1), np.log(5.0)))), rng.uniform(-100, 1500, 2)
                landmarks = scale * POINTS_MM @ matrix[:2].T + translation
                cases.append(
                    {"yaw": yaw, "pitch": pitch, "roll": roll, "scale": round(scale, 9),
                     "translation": rounded(translation, 7), "rotation": rounded(matrix, 9),
                     "landmarks": rounded(landmarks, 7)}
                )
    fields = {"convention": CONVENTION, "points_mm": POINTS_MM.tolist(), "cases": cases}
    write_golden("pose.json", "pose.py", ["numpy"], fields)


if __name__ == "__main__":
    main()
