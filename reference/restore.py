"""Reference of crops that were taken with too little light: brightened, and their noise smoothed away.

A picture whose mean level is below 40 is multiplied so that it becomes 110, or less where otherwise more than a thousandth of its
numbers would be above 255, truncated and cut off at 255. Its noise is that of
Immerkaer, "Fast noise variance estimation" (CVIU 1996), of the luma, over every n-th line; n is the greatest for which 16,384 pixels remain, 65,536 for the mean; above 5 levels, a Gaussian of 0.042 x noise + 0.45 pixels
smooths it (noise of 40 levels at most), out to three of them, with the nearest pixel beyond the edge, by OpenCV in 32 bits.

golden/restore.json:
  cases   [{a crop as an image, noise: levels, restored: null or the crop as an image}]
  tall    an image, copies of it below each other, noise: levels of them
"""

import cv2
import numpy as np

from golden_file import image_record, write_golden
from synthetic import synthetic_rgb

MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def lines_apart(width, n_lines, n_pixels):
    return max(1, n_lines // -(-n_pixels // width))


def noise_level(rgb):
    """Of an RGB picture [height, width, 3] u8."""
    luma = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    inside = cv2.filter2D(luma, cv2.CV_32F, MASK)[1:-1, 1:-1]
    inside = inside[:: lines_apart(rgb.shape[1], len(inside), 1 << 14)]
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(inside).astype(np.float64).mean())


def restored(rgb):
    """The picture in a better light, or None."""
    lines = rgb[:: lines_apart(rgb.shape[1], len(rgb), 1 << 16)]
    mean, changed = lines.mean(dtype=np.float64), False
    if mean < 40:
        # The least level that all but a thousandth do not exceed.
        above = np.cumsum(np.bincount(rgb.ravel(), minlength=256)[::-1])[::-1]
        highlight = max((level for level in range(1, 256) if above[level] > rgb.size // 1000), default=0)
        gain = min(110 / max(mean, 1), 255 / max(highlight, 1))
        if gain > 1:
            rgb, changed = np.clip(rgb.astype(np.float64) * gain, 0, 255).astype(np.uint8), True
    noise = noise_level(rgb)
    if noise > 5:
        sigma = 0.042 * min(noise, 40) + 0.45
        side = 2 * int(np.ceil(3 * sigma)) + 1
        smooth = cv2.GaussianBlur(rgb.astype(np.float32), (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
        rgb, changed = np.floor(smooth + 0.5).astype(np.uint8), True
    return rgb if changed else None


def main():
    plain = synthetic_rgb(64, 48, seed=21)
    plain = cv2.GaussianBlur(plain, (0, 0), 1.5)
    random = np.random.default_rng(3)

    def taken(share, sigma):
        levels = plain * share + random.normal(0, sigma, plain.shape)
        return np.clip(np.round(levels), 0, 255).astype(np.uint8)

    tall = np.repeat(plain, 3, axis=0)[:, :16] // 2 + random.integers(0, 90, (3 * len(plain), 16, 3)).astype(np.uint8)
    stage = plain // 60
    stage[20:30, 20:40] = plain[20:30, 20:40]
    crops = [plain, tall, stage, taken(1, 7), taken(1, 25), taken(1, 80), taken(0.25, 0), taken(0.1, 2), taken(0.05, 2)]
    cases = []
    for crop in crops:
        better = restored(crop)
        cases.append({**image_record(crop), "noise": noise_level(crop), "restored": None if better is None else image_record(better)})
    copies = 50
    below_each_other = {**image_record(tall), "copies": copies, "noise": noise_level(np.tile(tall, (copies, 1, 1)))}
    write_golden("restore.json", "restore.py", ["numpy", "opencv-python-headless"], {"cases": cases, "tall": below_each_other})


if __name__ == "__main__":
    main()
