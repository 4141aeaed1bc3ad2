"""Reference of the bilinear warp of a photo to a crop, with the area pre-filter of strong shrinks.

Pixel centres lie at whole coordinates. Crop pixel (x, y) takes the source at inverse(matrix)(x, y), bilinear, in
float64 (scipy's map_coordinates, order 1), rounded to u8 at the end. Borders: "constant" counts taps outside the
source as 0 (as OpenCV's BORDER_CONSTANT), "replicate" repeats the edge.

Pre-filter: shrink s = 1 / scale of the matrix; if s > 2, then k = floor(s), and the source is first averaged in
k x k blocks (the last, partial block of an axis over the pixels it has), kept as float; block i is centred at source
coordinate k i + (k - 1) / 2; bilinear sampling and the border then happen in block coordinates.

golden/warp.json:
  sources  {name: {width, height, rgb_base64}}
  cases    [{name, source, matrix: 2x3 source -> crop, border: "constant" | "replicate", shrink, block (k; 1 = no
           pre-filter), width, height (of the crop), rgb_base64 (of the expected crop)}]
"""

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from golden_file import image_record, pixels_base64, write_golden
from synthetic import synthetic_rgb

SCIPY_MODE = {"constant": "grid-constant", "replicate": "nearest"}
CV2_MODE = {"constant": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}


def block_means(source, block):
    """Means of block x block pixels of source [height, width, 3]; partial blocks over the pixels they have."""
    for axis in (0, 1):
        starts = np.arange(0, source.shape[axis], block)
        counts = np.minimum(starts + block, source.shape[axis]) - starts
        shape = [-1 if i == axis else 1 for i in range(3)]
        source = np.add.reduceat(source, starts, axis=axis) / counts.reshape(shape)
    return source


def block_size(matrix):
    """(shrink, k) of a 2x3 similarity; k = 1 means no pre-filter."""
    shrink = 1.0 / float(np.hypot(matrix[0, 0], matrix[1, 0]))
    return shrink, int(np.floor(shrink)) if shrink > 2.0 else 1


def warp(source, matrix, width, height, border):
    """The crop [height, width, 3] in float64 of source [h, w, 3] u8 under the source -> crop matrix."""
    _, block = block_size(matrix)
    inverse = np.linalg.inv(np.vstack([matrix, [0.0, 0.0, 1.0]]))[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    source_xs, source_ys = np.tensordot(inverse[:, :2], np.stack([xs, ys]), axes=1) + inverse[:, 2, None, None]
    centre = (block - 1) / 2.0
    coordinates = [(source_ys - centre) / block, (source_xs - centre) / block]
    blocks = block_means(source.astype(np.float64), block)
    channels = [
        map_coordinates(blocks[:, :, channel], coordinates, order=1, mode=SCIPY_MODE[border], cval=0.0)
        for channel in range(3)
    ]
    return np.stack(channels, axis=2)


def similarity_matrix(scale, angle_deg, source_centre, crop_centre):
    """2x3 matrix that scales and rotates about source_centre and puts it at crop_centre."""
    angle = np.deg2rad(angle_deg)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.hstack([linear, (np.array(crop_centre) - linear @ np.array(source_centre))[:, None]])


def main():
    sources = {"small": synthetic_rgb(96, 80, seed=2), "large": synthetic_rgb(200, 163, seed=3)}
    transforms = [
        ("enlarged, all inside", "small", (112, 112), similarity_matrix(1.9, 6.0, [47.0, 40.0], [55.5, 55.5])),
        ("rotated, partly outside", "small", (112, 112), similarity_matrix(1.1, -28.0, [70.0, 20.0], [60.0, 50.0])),
        ("96x112, near the edge", "small", (96, 112), similarity_matrix(1.31, 11.0, [22.5, 61.2], [47.0, 60.0])),
        ("shrunk 1.7, no pre-filter", "large", (112, 112), similarity_matrix(1 / 1.7, 17.0, [100.0, 80.0], [55.5, 55.5])),
        ("shrunk 2.3", "large", (112, 112), similarity_matrix(1 / 2.3, -9.0, [110.0, 90.0], [58.0, 52.0])),
        ("shrunk 3.6, 96x112", "large", (96, 112), similarity_matrix(1 / 3.6, 40.0, [95.0, 70.0], [50.0, 57.0])),
        ("shrunk 5.4", "large", (112, 112), similarity_matrix(1 / 5.4, 3.0, [99.0, 81.0], [40.3, 61.8])),
    ]
    cases = []
    for name, source_name, (width, height), matrix in transforms:
        shrink, block = block_size(matrix)
        for border in ("constant", "replicate"):
            crop = np.rint(warp(sources[source_name], matrix, width, height, border)).astype(np.uint8)
            cases.append(
                {"name": name, "source": source_name, "matrix": matrix.tolist(), "border": border, "shrink": shrink,
                 "block": block, "width": width, "height": height, "rgb_base64": pixels_base64(crop)}
            )
            if block == 1:
                by_cv2 = cv2.warpAffine(
                    sources[source_name], matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=CV2_MODE[border]
                )
                difference = np.abs(crop.astype(int) - by_cv2.astype(int))
                print(f"  {name}, {border}: cv2.warpAffine is off by {difference.max()} at most, {difference.mean():.4f} mean")
    fields = {"sources": {name: image_record(rgb) for name, rgb in sources.items()}, "cases": cases}
    write_golden("warp.json", "warp.py", ["numpy", "scipy", "opencv-python-headless"], fields)


if __name__ == "__main__":
    main()
