"""Trains every small recipe for some steps, exports it, and judges the exported file; prints a Markdown table.

    cargo build --release && eval "$(scripts/libtorch)" && cargo build --release -p lineament-train
    python bench/recipes.py --crops CROPS --lfw ../shared/data/lfw-view1 --steps 40

CROPS is a set of aligned crops as the recipes want them, LFW the folder of View 1. What was done before is not done again:
runs lie in --out. A few dozen steps show that a recipe goes from crops to a model that the program runs, and
nothing about the system's accuracy.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def last(lines, event):
    found = [line for line in lines if line.get("event") == event]
    return found[-1] if found else None


def run(command):
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{process.stderr[-2000:]}")
    return process


def row(recipe, arguments):
    folder = arguments.out / recipe.stem
    trainer, program = (arguments.bin / name for name in ("lineament-train", "lineament"))
    data = [f"data.root={arguments.crops}", f"data.cache={arguments.out}/crops.cache"]
    length = [f'train.length="{arguments.steps} steps"', f'validation.every="{arguments.steps} steps"']
    fields = [part for field in data + length + ["train.log_every=5", "validation.n_pairs=1000"] for part in ("--set", field)]
    threads = ["--threads", str(arguments.threads), "--load-threads", str(arguments.threads)]
    if not (folder / "config.toml").exists():
        run([trainer, "train", recipe, "--run", folder, "--plain", *threads, *fields])
    elif not list(folder.glob("checkpoints/best.*")):
        run([trainer, "resume", folder, "--plain", *threads])
    model = folder / "model" / f"{recipe.stem}.onnx"
    if not model.exists():
        run([trainer, "export", folder, "--licence", "research use"])
    lfw = arguments.lfw
    report = folder / "lfw.json"
    if not report.exists():
        command = [program, "eval", "lfw", "--view", "1", "--images", lfw / "crops", "--pairs", lfw / "pairsDevTest.txt"]
        command += ["--faces", "aligned", "--models", folder / "model", "--embedder", recipe.stem]
        command += ["--json"]
        report.write_text(run(command).stdout)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line.get("event") == "steps"]
    seen = tomllib.loads((folder / "config.toml").read_text())["input"]
    rate = sorted(line["images_per_s"] for line in steps)[len(steps) // 2]
    lfw = json.loads(report.read_text())
    accuracy = lfw.get("accuracy", lfw.get("report", {}).get("accuracy"))
    held_out = last(lines, "validation")
    return [
        recipe.stem.removesuffix("-small"),
        f"{seen['height']}×{seen['width']}",
        f"{model.stat().st_size / 2**20:.1f}",
        f"{rate:.0f}",
        f"{steps[0]['loss']:.2f} → {steps[-1]['loss']:.2f}",
        f"{100 * held_out['accuracy']:.1f}" if held_out else "",
        f"{100 * accuracy:.1f}",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--lfw", type=Path, default=ROOT / "../shared/data/lfw-view1")
    parser.add_argument("--bin", type=Path, default=ROOT / "target/release")
    parser.add_argument("--out", type=Path, default=Path("recipes-small"))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.crops, arguments.out = arguments.crops.resolve(), arguments.out.resolve()
    arguments.out.mkdir(parents=True, exist_ok=True)
    print("| recipe | input | file MiB | images/s | loss | held-out people, % | LFW DevTest, % |")
    print("|---|---|---|---|---|---|---|")
    for recipe in sorted((ROOT / "recipes").glob("*-small.toml")):
        print("|", " | ".join(row(recipe, arguments)), "|", flush=True)


if __name__ == "__main__":
    main()
