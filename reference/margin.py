"""Reference of the crop without landmarks: the box and a margin, as FaceNet's public alignment script cuts it.

The box grown by 44 px in all, cut to the frame and to whole pixels, resized to 182x182 (Pillow BILINEAR, which
scipy.misc.imresize called), and its middle 160x160.

golden/margin.json:
  source  image
  cases   [{box [x, y, width, height], and the crop as an image}]
"""

import numpy as np
from PIL import Image

from golden_file import image_record, write_golden
from synthetic import synthetic_rgb

MARGIN, GROWN, SIDE = 44, 182, 160


def margin_crop(photo, x, y, width, height):
    rows, columns, _ = photo.shape
    left, top = int(max(x - MARGIN / 2, 0)), int(max(y - MARGIN / 2, 0))
    right, bottom = int(min(x + width + MARGIN / 2, columns)), int(min(y + height + MARGIN / 2, rows))
    grown = Image.fromarray(photo[top:bottom, left:right]).resize((GROWN, GROWN), Image.Resampling.BILINEAR)
    start = (GROWN - SIDE) // 2
    return np.asarray(grown)[start : start + SIDE, start : start + SIDE]


def main():
    photo = synthetic_rgb(220, 170, seed=12)
    boxes = [(60.4, 50.7, 80.2, 70.9), (-12.5, 30.0, 90.0, 120.0), (150.0, 100.0, 30.0, 60.0)]
    cases = [{"box": list(box), **image_record(margin_crop(photo, *box))} for box in boxes]
    write_golden("margin.json", "margin.py", ["numpy", "pillow"], {"source": image_record(photo), "cases": cases})


if __name__ == "__main__":
    main()
