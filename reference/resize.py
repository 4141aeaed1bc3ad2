"""Reference of the resize (Pillow's BILINEAR: antialiased when it shrinks) and of the letterbox arithmetic.

golden/resize.json:
  source     {width, height, rgb_base64}
  resizes    [{width, height, rgb_base64}]: source resized to that size
  letterbox  [{width, height, max_side, multiple, scaled_width, scaled_height, padded_width, padded_height,
             scale_x, scale_y}]:
             scale = min(1, max_side / max(width, height)); scaled = max(1, round half up of side * scale);
             padded = scaled, up to a multiple of `multiple` (content at the top left, padding 0);
             scale_x = scaled_width / width, scale_y = scaled_height / height
"""

from fractions import Fraction
from math import ceil, floor

import numpy as np
from PIL import Image

from golden_file import image_record, write_golden
from synthetic import synthetic_rgb


def letterbox(width, height, max_side, multiple):
    """The record documented above, in exact fractions."""
    scale = min(Fraction(1), Fraction(max_side, max(width, height)))
    scaled = [max(1, floor(side * scale + Fraction(1, 2))) for side in (width, height)]
    padded = [ceil(Fraction(side, multiple)) * multiple for side in scaled]
    return {
        "width": width, "height": height, "max_side": max_side, "multiple": multiple,
        "scaled_width": scaled[0], "scaled_height": scaled[1],
        "padded_width": padded[0], "padded_height": padded[1],
        "scale_x": scaled[0] / width, "scale_y": scaled[1] / height,
    }


def main():
    source = synthetic_rgb(90, 70, seed=4)
    resizes = []
    shrunk = [(45, 35), (31, 22), (89, 69), (8, 5), (1, 1), (90, 20), (17, 70)]
    enlarged = [(90, 70), (101, 77), (135, 105), (40, 110)]
    for size in shrunk + enlarged:
        resized = Image.fromarray(source).resize(size, Image.Resampling.BILINEAR)
        resizes.append(image_record(np.asarray(resized)))
    photos = [(250, 250), (640, 480), (641, 427), (1280, 721), (1080, 1920), (4032, 3024), (33, 31)]
    slivers = [(640, 3), (2000, 1), (1, 2000)]
    letterboxes = [
        letterbox(width, height, max_side, multiple)
        for width, height in photos + slivers
        for max_side, multiple in [(320, 32), (512, 32), (640, 32), (640, 1), (500, 64)]
    ]
    fields = {"source": image_record(source), "resizes": resizes, "letterbox": letterboxes}
    write_golden("resize.json", "resize.py", ["numpy", "pillow"], fields)


if __name__ == "__main__":
    main()
