"""Measures `lineament` beside a plain Python pipeline, in one run, interleaved; prints a Markdown table.

Both read the same photos with the same models and threads and make an embedding of every face; then ours with its own models, in each
precision of networks; then cold starts, two photos for a new process: embeddings with the same models, and `verify` with our own, which compares them too.
Every figure is of the whole process, from start to exit, by the operating system's own accounting, the median of the rounds or the least, which no other process
can lengthen; ratios are of these.

    cargo build --release
    python bench/run.py --models ../shared/models --photos ../shared/data/wild --limit 200
    python bench/run.py --models ../shared/models --photos ../shared/data/wild --cold --rounds 30 --take least

needs the packages of reference/requirements.txt.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/lineament"


def measured(command):
    """Wall seconds, CPU seconds and peak resident MiB of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    # `verify` ends with 1 where it takes the faces for two people's.
    if os.waitstatus_to_exitcode(status) > ("verify" in command):
        sys.exit(f"{' '.join(map(str, command))} ended with status {status}")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def interleaved(ours, theirs, rounds, take):
    """What is taken of both commands' rounds, run in turn after one warm-up of each."""
    runs = ([], [])
    for round_idx in range(rounds + 1):
        for command, results in zip((ours, theirs), runs):
            result = measured(command)
            if round_idx > 0:
                results.append(result)
    return [{key: take(r[key] for r in results) for key in results[0]} for results in runs]


def row(what, ours, theirs):
    cells = [f"{ours[k]:.2f} | {theirs[k]:.2f} | {ours[k] / theirs[k]:.2f}" for k in ("wall_s", "cpu_s")]
    print(f"| {what} | {' | '.join(cells)} | {ours['peak_mib']:.0f} | {theirs['peak_mib']:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True)
    parser.add_argument("--photos", required=True, type=Path, help="folder of photos")
    parser.add_argument("--limit", type=int, default=200, help="how many of its photos, by name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max-side", type=int, default=640)
    parser.add_argument("--cold", action="store_true", help="cold starts alone")
    parser.add_argument("--take", choices=["median", "least"], default="median")
    arguments = parser.parse_args()
    photos = sorted(p for p in arguments.photos.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    photos = [str(p) for p in photos[: arguments.limit]]
    peer = [sys.executable, str(ROOT / "bench/peer_pipeline.py"), "--models", arguments.models]
    peer += ["--max-side", str(arguments.max_side)]
    take = {"median": statistics.median, "least": min}[arguments.take]
    print(f"{2 if arguments.cold else len(photos)} photos, {arguments.rounds} rounds\n")
    print("| | wall s, ours | peer | ratio | CPU s, ours | peer | ratio | peak MiB, ours | peer |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for threads in () if arguments.cold else ("1", "2"):
            ours = [BINARY, "embed", *photos, "--max-side", str(arguments.max_side), "--threads", threads]
            theirs = peer + ["--threads", threads, *photos]
            given = [("the peer's models", ["--models", arguments.models])]
            given += [(f"own models, {p}", ["--network-precision", p]) for p in ("f32", "bf16", "int8")]
            for what, options in given:
                command = ours + options + ["--out", f"{folder}/{what}.npy"]
                row(f"{what}, {threads} thread(s)", *interleaved(command, theirs, arguments.rounds, take))
        ours = [BINARY, "embed", *photos[:2], "--models", arguments.models, "--threads", "1", "--out", f"{folder}/two.npy"]
        theirs = peer + ["--threads", "1", *photos[:2]]
        row("cold start, two photos", *interleaved(ours, theirs, arguments.rounds, take))
        ours = [BINARY, "verify", *photos[:2], "--threads", "1"]
        row("cold start, verify, own models", *interleaved(ours, theirs, arguments.rounds, take))
    print(f"\nbinary: {BINARY.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
