"""Writes the picture files of lineament-decode's tests, and what Pillow sees in them.

One synthetic picture (a gradient under blocks of colour, alike under no turn or mirroring) in every kind of file
that is decoded. `expected.json` holds, besides `script`, `python` and `libraries`:
  pictures  name -> {width, height, rgb_base64}: raw bytes of the upright picture, row by row, R G B
  cases     file, format, picture, and tolerance: the greatest difference in levels that is allowed
  reduced   the same, with the factor by which a JPEG is to be reduced, and the mean difference that is allowed
  refused   file: sound, but not to be decoded
Lossless files are held against the picture itself, lossy ones against Pillow's decoding (libjpeg-turbo, libwebp).
"""

import base64
import importlib.metadata
import io
import json
import platform
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

DATA = Path(__file__).resolve().parent.parent / "crates/lineament-decode/tests/data"
WIDTH, HEIGHT = 33, 23
UNTURN = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # EXIF value -> the transpose that stores it so

pictures, cases, reduced, refused = {}, [], [], []


def gradient(width, height):
    """RGB picture [height, width, 3] u8: a ramp each way, and three blocks in different corners."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    rgb = np.stack([xs / width * 200 + 30, ys / height * 180 + 40, (xs + 2 * ys) / (width + 2 * height) * 160 + 60], 2)
    rgb[: height // 3, : width // 4] = (220, 40, 50)
    rgb[: height // 4, width * 2 // 3 :] = (40, 200, 70)
    rgb[height * 3 // 4 :, : width // 5] = (50, 60, 210)
    return np.rint(rgb).astype(np.uint8)


def bars(n_colors):
    """Indices [HEIGHT, WIDTH] u8 below n_colors, and their palette [n_colors, 3] u8."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    indices = ((xs * 3 + ys * ys // 4) // 5 % n_colors).astype(np.uint8)
    steps = np.arange(n_colors)
    return indices, np.stack([255 - steps * 255 // n_colors, steps * 97 % 256, steps * 41 % 256], 1).astype(np.uint8)


def remember(name, rgb):
    rgb = np.ascontiguousarray(rgb)
    assert rgb.dtype == np.uint8 and rgb.shape[2] == 3
    record = {"width": rgb.shape[1], "height": rgb.shape[0], "rgb_base64": base64.b64encode(rgb.tobytes()).decode()}
    assert pictures.setdefault(name, record) == record
    return name


def case(file, data, rgb, tolerance=0, picture=None):
    """A file that must decode to `rgb`."""
    (DATA / file).write_bytes(data)
    stem, ext = file.rsplit(".", 1)
    format_name = {"jpg": "JPEG", "png": "PNG", "webp": "WebP", "gif": "GIF", "bmp": "BMP", "tif": "TIFF"}[ext]
    name = remember(picture or stem, rgb)
    cases.append({"file": file, "format": format_name, "picture": name, "tolerance": tolerance})


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def as_pillow_sees(data):
    """Upright RGB by Pillow, transparent parts over white."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def stored_for(rgb, orientation):
    """The picture as a camera stores it that then writes this EXIF orientation."""
    image = Image.fromarray(rgb)
    return image if UNTURN[orientation] is None else image.transpose(UNTURN[orientation])


def segments(jpeg):
    """The marker segments before the first scan, and the rest."""
    at, found = 2, []
    while jpeg[at + 1] != 0xDA:
        (length,) = struct.unpack(">H", jpeg[at + 2 : at + 4])
        found.append(jpeg[at : at + 2 + length])
        at += 2 + length
    return found, jpeg[at:]


def jpegs():
    rgb = gradient(WIDTH, HEIGHT)
    image = Image.fromarray(rgb)

    def add(file, data):
        case(file, data, as_pillow_sees(data), 5)

    add("jpeg_444.jpg", saved(image, "JPEG", quality=90, subsampling=0))
    add("jpeg_422.jpg", saved(image, "JPEG", quality=90, subsampling=1))
    add("jpeg_420.jpg", saved(image, "JPEG", quality=90, subsampling=2))
    add("jpeg_progressive.jpg", saved(image, "JPEG", quality=90, progressive=True))
    add("jpeg_restart.jpg", saved(image, "JPEG", quality=90, restart_marker_blocks=1))
    add("jpeg_rgb.jpg", saved(image, "JPEG", quality=90, keep_rgb=True))
    add("jpeg_grey.jpg", saved(image.convert("L"), "JPEG", quality=90))

    cmyk = saved(image.convert("CMYK"), "JPEG", quality=95)
    add("jpeg_cmyk_adobe.jpg", cmyk)
    before, rest = segments(cmyk)
    add("jpeg_cmyk_plain.jpg", cmyk[:2] + b"".join(s for s in before if s[1] != 0xEE) + rest)
    # YCCK: the inks C M Y as Y Cb Cr. Pillow writes 255 - value, so the negative of what is to be stored is given.
    ycc = np.asarray(image.convert("YCbCr"))
    black = np.full((HEIGHT, WIDTH, 1), 255 - 60, np.uint8)
    inks = Image.frombytes("CMYK", (WIDTH, HEIGHT), (255 - np.concatenate([ycc, black], 2)).tobytes())
    before, rest = segments(saved(inks, "JPEG", quality=95))
    before = [s[:-1] + b"\x02" if s[1] == 0xEE else s for s in before]
    add("jpeg_ycck.jpg", b"\xff\xd8" + b"".join(before) + rest)

    plain = saved(image, "JPEG", quality=90, subsampling=0)
    before, rest = segments(plain)
    add("jpeg_padded.jpg", plain[:2] + before[0] + bytes(6) + b"".join(before[1:]) + rest)
    add("jpeg_second_picture.jpg", plain + saved(Image.new("RGB", (9, 9), "red"), "JPEG"))
    broken = b"\xff\xe1\x00\x14Exif\0\0II*\0\xff\xff\xff\x7f\x01\0\x12\1"
    add("jpeg_broken_exif.jpg", plain[:2] + broken + plain[2:])
    for orientation in range(1, 9):
        turned = stored_for(rgb, orientation)
        data = saved(turned, "JPEG", quality=90, subsampling=0, exif=exif(orientation))
        case(f"jpeg_orientation_{orientation}.jpg", data, as_pillow_sees(data), 5)
        assert np.abs(as_pillow_sees(data).astype(int) - rgb).mean() < 4

    smooth = Image.fromarray(gradient(163, 121))
    for name, options in {"420": {"subsampling": 2}, "444": {"subsampling": 0}, "progressive": {"progressive": True}}.items():
        data = saved(smooth, "JPEG", quality=90, **options)
        (DATA / f"jpeg_large_{name}.jpg").write_bytes(data)
        for factor in (2, 4, 8):
            if name != "420" and factor == 2:
                continue  # decoded at full resolution: it would save no time
            small = Image.open(io.BytesIO(data))
            small.draft("RGB", (163 // factor, 121 // factor))
            assert small.size == (-(-163 // factor), -(-121 // factor))
            stem = "420" if name == "progressive" else name  # the same samples, in another order
            picture = remember(f"jpeg_large_{stem}_{factor}", np.asarray(small.convert("RGB")))
            reduced.append({"file": f"jpeg_large_{name}.jpg", "factor": factor, "picture": picture, "mean_tolerance": 0.6})


def png(bits, color_type, samples, chunks=(), adam7=False):
    """A PNG file of samples [height, width] or [height, width, channels]."""
    samples = samples.reshape(samples.shape[0], samples.shape[1], -1)
    height, width, _ = samples.shape

    def rows(part):
        if part.shape[0] == 0 or part.shape[1] == 0:
            return b""
        if bits == 16:
            packed = [row.astype(">u2").tobytes() for row in part]
        elif bits == 8:
            packed = [row.astype(np.uint8).tobytes() for row in part]
        else:
            as_bits = (part[..., 0, None] >> np.arange(bits - 1, -1, -1)) & 1
            packed = [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in as_bits]
        return b"".join(b"\0" + row for row in packed)

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    raw = b"".join(rows(samples[y::dy, x::dx]) for y, x, dy, dx in passes) if adam7 else rows(samples)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, int(adam7))
    body = b"".join(chunk(kind, data) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def over_white(rgb, alpha, full):
    """Exact: straight alpha over white, rounded half up to 8 bits. All but rgb and alpha in levels of `full`."""
    rgb, alpha = rgb.astype(np.int64), alpha.astype(np.int64)[..., None]
    over = rgb * alpha + full * (full - alpha)
    return ((over * 255 * 2 + full * full) // (2 * full * full)).astype(np.uint8)


def pngs():
    rgb = gradient(WIDTH, HEIGHT)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    alpha = (xs * 255 // (WIDTH - 1)).astype(np.uint8)
    grey = rgb[..., 1]
    grey_rgb = np.repeat(grey[..., None], 3, 2)
    for bits in (1, 2, 4):
        levels, palette = bars(2**bits)
        spread = (levels.astype(int) * 255 // (2**bits - 1)).astype(np.uint8)
        case(f"png_grey_{bits}.png", png(bits, 0, levels), np.repeat(spread[..., None], 3, 2))
        case(f"png_palette_{bits}.png", png(bits, 3, levels, [(b"PLTE", palette.tobytes())]), palette[levels])
    case("png_grey_8.png", png(8, 0, grey), grey_rgb)
    indices, palette = bars(200)
    case("png_palette_8.png", png(8, 3, indices, [(b"PLTE", palette.tobytes())]), palette[indices])
    seen = np.arange(200, dtype=np.uint8) + 50
    trns = [(b"PLTE", palette.tobytes()), (b"tRNS", seen.tobytes())]
    case("png_palette_trns.png", png(8, 3, indices, trns), over_white(palette[indices], seen[indices], 255))
    case("png_rgb_8.png", png(8, 2, rgb), rgb, picture="gradient")
    case("png_adam7.png", png(8, 2, rgb, adam7=True), rgb, picture="gradient")
    case("png_rgba_8.png", png(8, 6, np.dstack([rgb, alpha])), over_white(rgb, alpha, 255))
    case("png_grey_alpha_8.png", png(8, 4, np.dstack([grey, alpha])), over_white(grey_rgb, alpha, 255))
    clear = tuple(int(v) for v in rgb[0, 0])
    hidden = np.where((rgb == rgb[0, 0]).all(2), 0, 255)
    case("png_rgb_trns.png", png(8, 2, rgb, [(b"tRNS", struct.pack(">HHH", *clear))]), over_white(rgb, hidden, 255))
    hidden = np.where(grey == 100, 0, 255)
    case("png_grey_trns.png", png(8, 0, grey, [(b"tRNS", struct.pack(">H", 100))]), over_white(grey_rgb, hidden, 255))

    fine = rgb.astype(np.int64) * 257 + np.stack([xs * 5 % 257 - 128, ys * 7 % 257 - 128, (xs + ys) * 3 % 257 - 128], 2)
    fine = np.clip(fine, 0, 65535)
    fine_alpha = alpha.astype(np.int64) * 257
    opaque = np.full((HEIGHT, WIDTH), 65535)
    fine_grey = np.repeat(fine[..., 1, None], 3, 2)
    case("png_rgb_16.png", png(16, 2, fine), over_white(fine, opaque, 65535))
    case("png_grey_16.png", png(16, 0, fine[..., 1]), over_white(fine_grey, opaque, 65535))
    case("png_rgba_16.png", png(16, 6, np.dstack([fine, fine_alpha])), over_white(fine, fine_alpha, 65535))
    case("png_grey_alpha_16.png", png(16, 4, np.dstack([fine[..., 1], fine_alpha])), over_white(fine_grey, fine_alpha, 65535))

    for orientation in (5, 6):
        turned = np.asarray(stored_for(rgb, orientation))
        block = exif(orientation).removeprefix(b"Exif\0\0")
        case(f"png_orientation_{orientation}.png", png(8, 2, turned, [(b"eXIf", block)]), rgb, picture="gradient")
    case("png_broken_exif.png", png(8, 2, rgb, [(b"eXIf", b"II*\0\xff")]), rgb, picture="gradient")
    # Decoders must agree with the files, not only with this script.
    for known in cases:
        # Pillow has no 16 bits of colour, and stumbles over a broken EXIF block.
        if known["format"] == "PNG" and "16" not in known["file"] and "broken" not in known["file"]:
            seen_by_pillow = as_pillow_sees((DATA / known["file"]).read_bytes())
            want = np.frombuffer(base64.b64decode(pictures[known["picture"]]["rgb_base64"]), np.uint8)
            assert np.abs(seen_by_pillow.reshape(-1).astype(int) - want).max() <= 1, known["file"]


def webps():
    rgb = gradient(WIDTH, HEIGHT)
    image = Image.fromarray(rgb)
    alpha = np.mgrid[0:HEIGHT, 0:WIDTH][0] * 255 // (HEIGHT - 1)
    rgba = np.dstack([rgb, alpha]).astype(np.uint8)
    lossy = saved(image, "WEBP", quality=90)
    # image-webp converts YUV to RGB with other rounding and upsampling than libwebp.
    case("webp_lossy.webp", lossy, as_pillow_sees(lossy), 40)
    case("webp_lossless.webp", saved(image, "WEBP", lossless=True), rgb, picture="gradient")
    data = saved(Image.fromarray(rgba), "WEBP", lossless=True, exact=True)
    case("webp_alpha.webp", data, over_white(rgb, alpha, 255))
    other = Image.new("RGB", image.size, "red")
    data = saved(image, "WEBP", lossless=True, save_all=True, append_images=[other], duration=100)
    case("webp_animated.webp", data, rgb, picture="gradient")
    for orientation in (7, 8):
        data = saved(stored_for(rgb, orientation), "WEBP", lossless=True, exif=exif(orientation))
        case(f"webp_orientation_{orientation}.webp", data, rgb, picture="gradient")


def gifs():
    indices, palette = bars(200)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    case("gif_plain.gif", saved(image, "GIF", interlace=0), palette[indices], picture="bars_200")
    case("gif_interlaced.gif", saved(image, "GIF", interlace=1), palette[indices], picture="bars_200")
    second = Image.fromarray((indices + 7) % 200, "P")
    second.putpalette(palette.tobytes())
    data = saved(image, "GIF", save_all=True, append_images=[second], duration=100)
    case("gif_two_frames.gif", data, palette[indices], picture="bars_200")
    data = saved(image, "GIF", transparency=5)
    case("gif_transparent.gif", data, over_white(palette[indices], np.where(indices == 5, 0, 255), 255))


def bmps():
    rgb = gradient(WIDTH, HEIGHT)
    case("bmp_24.bmp", saved(Image.fromarray(rgb), "BMP"), rgb, picture="gradient")
    indices, palette = bars(200)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    case("bmp_palette_8.bmp", saved(image, "BMP"), palette[indices], picture="bars_200")
    bits, _ = bars(2)
    data = saved(Image.fromarray(bits * 255).convert("1"), "BMP")
    case("bmp_1.bmp", data, np.repeat(bits[..., None] * 255, 3, 2), picture="png_grey_1")


def tiff_16(rgb16):
    """An uncompressed little-endian TIFF of 16-bit RGB: Pillow writes none."""
    height, width, _ = rgb16.shape
    pixels = rgb16.astype("<u2").tobytes()
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(pixels))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 14 + len(pixels)) + struct.pack("<HHH", 16, 16, 16) + pixels + directory


def tiffs():
    rgb = gradient(WIDTH, HEIGHT)
    image = Image.fromarray(rgb)
    case("tiff_rgb_8.tif", saved(image, "TIFF"), rgb, picture="gradient")
    case("tiff_lzw.tif", saved(image, "TIFF", compression="tiff_lzw"), rgb, picture="gradient")
    case("tiff_deflate.tif", saved(image, "TIFF", compression="tiff_adobe_deflate"), rgb, picture="gradient")
    grey = rgb[..., 1]
    case("tiff_grey_8.tif", saved(Image.fromarray(grey), "TIFF"), np.repeat(grey[..., None], 3, 2), picture="png_grey_8")
    fine = grey.astype(np.uint16) * 257
    case("tiff_grey_16.tif", saved(Image.fromarray(fine), "TIFF"), np.repeat(grey[..., None], 3, 2), picture="png_grey_8")
    case("tiff_rgb_16.tif", tiff_16(rgb.astype(np.int64) * 257), rgb, picture="gradient")
    bits, _ = bars(2)
    data = saved(Image.fromarray(bits * 255).convert("1"), "TIFF")
    case("tiff_1.tif", data, np.repeat(bits[..., None] * 255, 3, 2), picture="png_grey_1")
    alpha = np.mgrid[0:HEIGHT, 0:WIDTH][0] * 255 // (HEIGHT - 1)
    rgba = Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8))
    case("tiff_alpha.tif", saved(rgba, "TIFF"), over_white(rgb, alpha, 255), picture="webp_alpha")
    # The decoder cuts where others round.
    data = saved(image.convert("CMYK"), "TIFF")
    case("tiff_cmyk.tif", data, as_pillow_sees(data), 1)
    for orientation in (3, 6):
        data = saved(stored_for(rgb, orientation), "TIFF", tiffinfo={274: orientation})
        case(f"tiff_orientation_{orientation}.tif", data, rgb, picture="gradient")
    indices, palette = bars(200)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    (DATA / "tiff_palette.tif").write_bytes(saved(image, "TIFF"))
    refused.append({"file": "tiff_palette.tif"})


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    for old in DATA.iterdir():
        old.unlink()
    for write in (jpegs, pngs, webps, gifs, bmps, tiffs):
        write()
    fields = {
        "script": "reference/decode_cases.py",
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in ("numpy", "pillow")},
        "pictures": pictures,
        "cases": cases,
        "reduced": reduced,
        "refused": refused,
    }
    lines = []
    for key, value in fields.items():
        if key == "pictures":
            text = "{\n  " + ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n }"
        elif isinstance(value, list):
            text = "[\n  " + ",\n  ".join(json.dumps(record) for record in value) + "\n ]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    (DATA / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    size = sum(path.stat().st_size for path in DATA.iterdir())
    print(f"{len(cases)} cases, {len(reduced)} reduced, {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
