"""What is found and recognised in too little light, with and without `restore` in the models' manifests.

    cargo build --release
    python bench/dark.py --photos ../shared/data/wild --limit 150
    python bench/dark.py --lfw ../shared/data/lfw-view1

Photos are multiplied by 0.25, 0.1 and 0.05, with noise of two levels added, as a camera would take them; for `lit`, by 0.04 all
but around the faces that were found before. Counted are the faces that `lineament detect` finds. With --lfw, both photos of each
of DevTest's pairs are darkened and `lineament eval lfw` judges them. Prints a Markdown table. Needs the packages of reference/requirements.txt.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/lineament"
MODELS = ("lineament-detector", "lineament-lite")


def dark(photo, share):
    noise = np.random.default_rng(0).normal(0.0, 2.0, photo.shape)
    return np.clip(np.round(photo * share + noise), 0, 255).astype(np.uint8)


def lit(photo, faces):
    mask = np.zeros(photo.shape[:2], np.float32)
    for face in faces:
        x, y, width, height = (face["box"][key] for key in ("x", "y", "width", "height"))
        middle, axes = (int(x + width / 2), int(y + height / 2)), (int(0.7 * width), int(0.7 * height))
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 5)[..., None]
    noise = np.random.default_rng(0).normal(0.0, 1.5, photo.shape)
    return np.clip(photo * (0.04 + 0.96 * mask) + noise, 0, 255).astype(np.uint8)


def models(folder, restores):
    """The program's own models, asking for `restore` or not."""
    folder.mkdir()
    for name in MODELS:
        (folder / f"{name}.onnx").write_bytes((ROOT / f"models/{name}.onnx").read_bytes())
        manifest = (ROOT / f"models/{name}.toml").read_text()
        (folder / f"{name}.toml").write_text(manifest if restores else manifest.replace("restore = true\n", ""))
    return folder


def faces(folder, photos):
    output = subprocess.run(
        [BINARY, "detect", "--json", "--models", folder, *photos], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    return [json.loads(line)["faces"] for line in output.splitlines()]


def of_photos(arguments, folder, ways):
    paths = sorted(arguments.photos.glob("*.jpg"))[: arguments.limit]
    photos = [cv2.imread(str(path)) for path in paths]
    found = faces(ways["restore"], paths)

    def row(name, pictures):
        (folder / name).mkdir()
        written = [folder / name / f"{path.stem}.png" for path in paths]
        for path, picture in zip(written, pictures, strict=True):
            cv2.imwrite(str(path), picture)
        counts = [sum(map(len, faces(way, written))) for way in ways.values()]
        print(f"| {name} | {' | '.join(map(str, counts))} |", flush=True)

    row("as they are", photos)
    for share in (0.25, 0.1, 0.05):
        row(f"light x {share:g}", [dark(photo, share) for photo in photos])
    row("lit", [lit(photo, of_photo) for photo, of_photo in zip(photos, found, strict=True)])


def of_lfw(arguments, folder, ways):
    lfw = arguments.lfw
    for share in (0.1, 0.05):
        images = folder / f"{share:g}"
        for path in (lfw / "images").rglob("*.jpg"):
            to = images / path.relative_to(lfw / "images")
            to.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(to), dark(cv2.imread(str(path)), share), [cv2.IMWRITE_JPEG_QUALITY, 98])
        cells = []
        for way in ways.values():
            command = [BINARY, "eval", "lfw", "--view", "1", "--no-cache", "--models", way, "--images", images]
            command += ["--pairs", lfw / "pairsDevTest.txt", "--dev-images", lfw / "crops", "--dev-faces", "aligned"]
            report = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
            cells.append(next(line.split("Accuracy")[1].strip() for line in report.splitlines() if line.startswith("Accuracy ")))
        print(f"| light x {share:g} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="folder of photos")
    parser.add_argument("--limit", type=int, default=150, help="how many of them, by name")
    parser.add_argument("--lfw", type=Path, help="folder of LFW's View 1")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {"restore": models(folder / "with", True), "without": models(folder / "without", False)}
        print(f"| | {' | '.join(ways)} |\n|---|---|---|")
        if arguments.photos:
            of_photos(arguments, folder, ways)
        if arguments.lfw:
            of_lfw(arguments, folder, ways)


if __name__ == "__main__":
    main()
