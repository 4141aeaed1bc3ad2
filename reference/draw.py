"""Draws assets/drawn_faces.png: four drawn, invented faces (ellipses and shading; no photo, nobody's likeness).

Real detectors and embedders run on it for committed golden values, so that no photo of a person is needed.
Faces are drawn six times too large, shaded by radial light, shrunk by area, blurred a little and given noise.
"""

import cv2
import numpy as np

from golden_file import ASSETS

WIDTH, HEIGHT, OVERSAMPLE = 320, 240, 6


class Canvas:
    """Float RGB picture that takes soft-edged shapes in a face's own units (eye distance 2, origin between the eyes)."""

    def __init__(self):
        self.rgb = np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE, 3))
        self.ys, self.xs = np.mgrid[0 : HEIGHT * OVERSAMPLE, 0 : WIDTH * OVERSAMPLE].astype(np.float64) / OVERSAMPLE

    def face_coordinates(self, centre, unit_px, tilt_deg):
        """Face units (x right, y down) of every pixel."""
        tilt = np.deg2rad(tilt_deg)
        dx, dy = (self.xs - centre[0]) / unit_px, (self.ys - centre[1]) / unit_px
        return np.cos(tilt) * dx + np.sin(tilt) * dy, -np.sin(tilt) * dx + np.cos(tilt) * dy

    def blend(self, mask, colour):
        """Lays colour ([3] or [h, w, 3]) over the picture with opacity mask [h, w]."""
        self.rgb += mask[:, :, None] * (np.asarray(colour, dtype=np.float64) - self.rgb)


def ellipse(x, y, centre_x, centre_y, radius_x, radius_y, softness):
    """Opacity [h, w] in 0..1: 1 inside, falling over `softness` face units at the rim."""
    distance = np.hypot((x - centre_x) / radius_x, (y - centre_y) / radius_y)
    return np.clip((1.0 - distance) * min(radius_x, radius_y) / softness + 0.5, 0.0, 1.0)


def draw_face(canvas, centre, unit_px, tilt_deg, skin, hair, iris):
    """One frontal face: unit_px is half the distance of the eyes."""
    x, y = canvas.face_coordinates(centre, unit_px, tilt_deg)
    skin, hair, iris = (np.array(colour, dtype=np.float64) for colour in (skin, hair, iris))
    light = 1.05 - 0.16 * ((x + 0.5) / 2.0) ** 2 - 0.06 * ((y - 0.6) / 2.0) ** 2
    lit_skin = skin * light[:, :, None]

    canvas.blend(ellipse(x, y, 0.0, 0.15, 2.35, 3.0, 0.15), hair)
    canvas.blend(ellipse(x, y, 0.0, 3.5, 1.05, 1.6, 0.2), lit_skin * 0.78)
    canvas.blend(ellipse(x, y, 0.0, 5.6, 3.6, 1.9, 0.2), hair * 0.5 + 60.0)
    for side in (-1.0, 1.0):
        canvas.blend(ellipse(x, y, side * 2.02, 0.45, 0.28, 0.6, 0.1), skin * 0.86)
    canvas.blend(ellipse(x, y, 0.0, 0.65, 1.98, 2.6, 0.08), lit_skin)
    canvas.blend(ellipse(x, y, 0.0, -2.05, 1.75, 0.85, 0.25), hair)
    for side in (-1.0, 1.0):
        canvas.blend(0.45 * ellipse(x, y, side * 1.0, -0.05, 0.75, 0.48, 0.35), skin * 0.55)
        canvas.blend(0.35 * ellipse(x, y, side * 1.15, 1.25, 0.6, 0.5, 0.4), skin * [1.08, 0.85, 0.82])
        canvas.blend(0.9 * ellipse(x, y, side * 1.0, -0.55 - 0.06 * np.cos(x * 2.0), 0.62, 0.13, 0.1), hair * 0.8)
        canvas.blend(ellipse(x, y, side * 1.0, 0.0, 0.46, 0.22, 0.06), [236, 232, 228])
        canvas.blend(ellipse(x, y, side * 1.0, -0.02, 0.22, 0.22, 0.05), iris)
        canvas.blend(ellipse(x, y, side * 1.0, -0.02, 0.11, 0.11, 0.04), [12, 10, 10])
        canvas.blend(ellipse(x, y, side * 1.0 - 0.07, -0.09, 0.045, 0.045, 0.03), [250, 250, 250])
        canvas.blend(0.9 * ellipse(x, y, side * 1.0, -0.2 + 0.25 * (x - side) ** 2, 0.52, 0.07, 0.06), skin * 0.28)
        canvas.blend(0.35 * ellipse(x, y, side * 1.0, 0.27 - 0.2 * (x - side) ** 2, 0.48, 0.05, 0.06), skin * 0.5)
    canvas.blend(0.30 * ellipse(x, y, 0.32, 0.6, 0.2, 0.75, 0.25), skin * 0.6)
    canvas.blend(0.35 * ellipse(x, y, -0.06, 0.55, 0.13, 0.8, 0.2), np.minimum(skin * 1.2, 250))
    canvas.blend(0.45 * ellipse(x, y, 0.0, 1.22, 0.5, 0.28, 0.25), skin * 0.72)
    canvas.blend(0.45 * ellipse(x, y, -0.05, 1.08, 0.24, 0.22, 0.2), np.minimum(skin * 1.2, 250))
    for side in (-1.0, 1.0):
        canvas.blend(0.8 * ellipse(x, y, side * 0.2, 1.34, 0.13, 0.07, 0.06), skin * 0.3)
        canvas.blend(0.3 * ellipse(x, y, side * 0.85, 1.6, 0.12, 0.5, 0.2), skin * 0.6)
    curve = 0.10 * x**2
    canvas.blend(0.9 * ellipse(x, y + curve, 0.0, 2.12, 0.78, 0.2, 0.08), skin * [0.85, 0.5, 0.5])
    canvas.blend(0.9 * ellipse(x, y + curve, 0.0, 2.32, 0.62, 0.2, 0.1), skin * [0.95, 0.58, 0.58])
    canvas.blend(0.9 * ellipse(x, y + curve, 0.0, 2.2, 0.8, 0.055, 0.05), skin * 0.25)
    canvas.blend(0.35 * ellipse(x, y, 0.0, 2.68, 0.5, 0.12, 0.15), skin * 0.6)


def draw():
    """The picture, RGB [240, 320, 3] u8."""
    canvas = Canvas()
    right, down = canvas.xs / WIDTH, canvas.ys / HEIGHT
    canvas.rgb[:] = np.stack([110 + 40 * down, 125 + 25 * right, 140 - 30 * down], axis=2)
    canvas.blend(((canvas.xs > 205) & (canvas.xs < 212)) * 0.5, [70, 60, 55])
    draw_face(canvas, (86.0, 88.0), 24.0, 3.0, skin=(214, 168, 140), hair=(62, 44, 34), iris=(70, 95, 110))
    draw_face(canvas, (252.0, 62.0), 15.0, -14.0, skin=(150, 103, 78), hair=(28, 24, 24), iris=(52, 34, 24))
    draw_face(canvas, (216.0, 168.0), 10.5, 8.0, skin=(228, 190, 165), hair=(150, 112, 66), iris=(84, 116, 84))
    draw_face(canvas, (288.0, 176.0), 7.5, 20.0, skin=(190, 142, 112), hair=(82, 52, 38), iris=(60, 48, 36))
    small = cv2.resize(canvas.rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 0.6)
    noise = np.random.default_rng(5).normal(0.0, 3.0, size=soft.shape)
    return np.clip(np.rint(soft + noise), 0, 255).astype(np.uint8)


def main():
    path = ASSETS / "drawn_faces.png"
    assert cv2.imwrite(str(path), draw()[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"assets/{path.name}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
