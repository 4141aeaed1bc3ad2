"""What detectors take for a face in pictures that show none: Debian's wallpapers, and what its games and its planetarium show.

    cargo build --release
    python bench/faceless.py --keep FOLDER [--models ../shared/models --detectors yunet_n_dynamic ultraface_rfb_640]

Downloads packages of Debian 12 to FOLDER with apt-get, or takes what is there, and counts the faces that `lineament detect` finds in
their pictures: with the program's own detector, with it but without `restore` in its manifest, and with each of --detectors. Pictures of which somebody saw that they show a face,
drawn or carved ones included, are left out (`FACES`). With --draw, photos with a finding are written to FOLDER/found. Prints a
Markdown table: pictures with a finding, with Wilson's 95 % interval of their share; findings, and those of which the detector is certain. Needs the packages of reference/requirements.txt.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np

from intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/lineament"
DETECTOR = "lineament-detector"
WALLPAPERS = (
    "gnome-backgrounds", "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "mate-backgrounds",
    "plasma-workspace-wallpapers", "sway-backgrounds", "ukui-wallpapers",
)
# Title, packages, and the folders that count, all where there are none.
SOURCES = {
    "wallpapers": (WALLPAPERS, ()),
    "animals, plants, buildings, things (tuxpaint)": (
        ("tuxpaint-stamps-default",),
        ("animals", "clothes", "food", "hobbies", "household", "medical", "naturalforces", "plants", "space", "sports", "town", "vehicles"),
    ),
    "textures of a game (extremetuxracer)": (("extremetuxracer-data",), ()),
    "landscapes and planets (stellarium)": (("stellarium-data",), ("landscapes", "textures")),
    "nebulae (stellarium)": (("stellarium-data",), ("nebulae",)),
}
LEAST_BYTES, LEAST_SIDE, LONGEST = 20_000, 200, 2048
# Parts of the paths of pictures that show faces.
FACES = ("/military/", "/monuments/", "/race")


def unpacked(package, folder):
    target = folder / package
    if not target.is_dir():
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, target], check=True)
        archive.unlink()
    return target


def pictures(packages, parts, folder):
    """One of each picture that comes in several sizes, at most LONGEST pixels wide or high, as a file that every program reads."""
    written = folder / "pictures"
    written.mkdir(exist_ok=True)
    for package in packages:
        seen = set()
        root = unpacked(package, folder)
        for path in sorted(root.rglob("*")):
            wanted = not parts or set(parts) & set(path.parts)
            if not wanted or path.is_symlink() or path.suffix.lower() not in (".jpg", ".jpeg", ".png", ".webp"):
                continue
            name = path.relative_to(root).as_posix()
            if path.stat().st_size < LEAST_BYTES or any(face in name for face in FACES):
                continue
            # Plasma's wallpapers have a folder each, with the sizes as names.
            one = path.parent if path.stem.replace("x", "").isdigit() else path
            photo = None if one in seen else cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if photo is None or min(photo.shape[:2]) < LEAST_SIDE:
                continue
            photo = on_white(photo)
            seen.add(one)
            scale = min(1.0, LONGEST / max(photo.shape[:2]))
            target = written / f"{package}-{name.replace('/', '-')}.png"
            if not target.is_file():
                cv2.imwrite(str(target), cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
            yield target


def on_white(photo):
    if photo.dtype != np.uint8:
        photo = (photo / 257).astype(np.uint8)
    if photo.ndim == 2:
        return cv2.cvtColor(photo, cv2.COLOR_GRAY2BGR)
    if photo.shape[2] == 4:
        alpha = photo[..., 3:] / 255
        photo = (photo[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return photo


def found(paths, options):
    """For each picture, the faces that are found."""
    command = [BINARY, "detect", "--json", *options, *paths]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [json.loads(line)["faces"] for line in output.splitlines()]


def without_restore(folder):
    folder.mkdir(exist_ok=True)
    (folder / f"{DETECTOR}.onnx").write_bytes((ROOT / f"models/{DETECTOR}.onnx").read_bytes())
    manifest = (ROOT / f"models/{DETECTOR}.toml").read_text().replace("restore = true\n", "")
    (folder / f"{DETECTOR}.toml").write_text(manifest)
    return folder


def is_certain(face):
    return all(reason["reason"] != "low_detection_score" for reason in face["quality"]["reasons"])


def draw(path, faces, folder):
    photo = cv2.imread(str(path))
    for face in faces:
        x, y, width, height = (round(face["box"][key]) for key in ("x", "y", "width", "height"))
        cv2.rectangle(photo, (x, y), (x + width, y + height), (0, 0, 255), 3)
        cv2.putText(photo, f"{face['detection_score']:.2f}", (x, y - 4), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 255), 2)
    cv2.imwrite(str(folder / f"{path.stem}.jpg"), photo)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--detectors", nargs="+", default=[])
    parser.add_argument("--draw", action="store_true")
    arguments = parser.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    plain = without_restore(arguments.keep / "models")
    ways = {"own": [], "own, without restore": ["--models", plain, "--detector", DETECTOR]} | {name: ["--models", arguments.models, "--detector", name] for name in arguments.detectors}
    print(f"| | pictures | {' | '.join(ways)} |\n|---{'|---' * (len(ways) + 1)}|")
    totals, n_all = {name: np.zeros(3, int) for name in ways}, 0

    def cell(counts, n):
        n_with, n_faces, n_certain = counts
        low, high = wilson(n_with, n)
        return f"{n_with} ({100 * low:.1f} to {100 * high:.1f} %); {n_faces}, {n_certain}"

    for title, (packages, parts) in SOURCES.items():
        paths = list(pictures(packages, parts, arguments.keep))
        cells = []
        for name, options in ways.items():
            faces = found(paths, options)
            every = [face for of_photo in faces for face in of_photo]
            counts = np.array([sum(map(bool, faces)), len(every), sum(map(is_certain, every))])
            totals[name] += counts
            cells.append(cell(counts, len(paths)))
            if arguments.draw:
                folder = arguments.keep / "found" / name
                folder.mkdir(parents=True, exist_ok=True)
                for path, of_photo in zip(paths, faces, strict=True):
                    if of_photo:
                        draw(path, of_photo, folder)
        n_all += len(paths)
        print(f"| {title} | {len(paths)} | {' | '.join(cells)} |", flush=True)
    print(f"| all | {n_all} | {' | '.join(cell(totals[name], n_all) for name in ways)} |")


if __name__ == "__main__":
    main()
