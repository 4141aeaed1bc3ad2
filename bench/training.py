"""Measures the trainer beside PyTorch in one run, interleaved; prints a Markdown table.

Both train the same network with the same loss, optimiser, batch, precision and threads on the same crops, decoding and
mirroring included: ours as `lineament-train train` of a recipe, PyTorch as its own modules (reference/train_nets.py), a
DataLoader with as many workers as threads, and channels_last. Images a second are over all steps but the first ones;
images a CPU second are by the operating system's accounting of whole processes, a short run's taken from a long one's, and
hardly depend on what else the machine does. Ratios are of medians over rounds.

    eval "$(scripts/libtorch)" && cargo build --release -p lineament-train
    python bench/training.py --crops ../shared/data/lfw-view1/crops --threads 2

needs torch 2.11 (reference/requirements-train.txt) and Pillow. CROPS is a folder of people with their aligned crops.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = {"sphereface-20": ("a_softmax", 5e-4), "mobilefacenet": ("arcface", 4e-5)}
N_WARM = 3


def crops_of(folder):
    people = sorted(p for p in Path(folder).iterdir() if p.is_dir())
    return [(str(file), label) for label, person in enumerate(people) for file in sorted(person.iterdir())], len(people)


# The peer.


class Crops:
    def __init__(self, rows, height, width):
        self.rows, self.height, self.width = rows, height, width

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        import numpy as np
        import torch
        from PIL import Image

        file, label = self.rows[i]
        pixels = np.asarray(Image.open(file).convert("RGB"))
        top, left = (pixels.shape[0] - self.height) // 2, (pixels.shape[1] - self.width) // 2
        pixels = pixels[top : top + self.height, left : left + self.width]
        pixels = pixels[:, ::-1] if random.random() < 0.5 else pixels
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), label


def a_softmax(embeddings, weights, labels, step, m=4):
    """Liu et al. 2017, annealed as in their code."""
    import torch
    from torch.nn import functional as F

    annealing = max(5.0, 1000.0 / (1 + 0.12 * step))
    cosines = F.linear(F.normalize(embeddings), F.normalize(weights)).clamp(-1, 1)
    norms = embeddings.norm(dim=1, keepdim=True)
    own = cosines.gather(1, labels[:, None])
    k = (m * torch.acos(own.detach()) / math.pi).floor()
    psi = (1 - 2 * (k % 2)) * (8 * own**4 - 8 * own**2 + 1) - 2 * k
    target = (annealing * own + psi) / (1 + annealing)
    return F.cross_entropy(norms * cosines.scatter(1, labels[:, None], target), labels)


def arcface(embeddings, weights, labels, step, s=64.0, margin=0.5):
    """Deng et al. 2019."""
    import torch
    from torch.nn import functional as F

    cosines = F.linear(F.normalize(embeddings), F.normalize(weights)).clamp(-1, 1)
    own = cosines.gather(1, labels[:, None])
    sine = (1 - own**2).clamp(min=1e-12).sqrt()
    target = torch.where(own > -math.cos(margin), own * math.cos(margin) - sine * math.sin(margin), own - margin * math.sin(margin))
    return F.cross_entropy(s * cosines.scatter(1, labels[:, None], target), labels)


def train_peer(arguments):
    sys.path.insert(0, str(ROOT / "reference"))
    import torch
    import train_nets

    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    define, (height, width) = train_nets.NETWORKS[arguments.network]
    loss_name, decay = NETWORKS[arguments.network]
    rows, n_people = crops_of(arguments.crops)
    net = define(train_nets.Scale()).to(memory_format=torch.channels_last).train()
    with torch.no_grad():
        dim = net.eval()(torch.zeros(1, 3, height, width)).shape[1]
    weights = torch.nn.Parameter(0.01 * torch.randn(n_people, dim))
    optimizer = torch.optim.SGD([*net.train().parameters(), weights], 0.01, momentum=0.9, weight_decay=decay)
    loader = torch.utils.data.DataLoader(Crops(rows, height, width), arguments.batch, shuffle=True, drop_last=True,
                                         num_workers=arguments.threads, persistent_workers=True)
    batches, seconds, before = iter(loader), [], time.perf_counter()
    for step in range(arguments.steps):
        try:
            pixels, labels = next(batches)
        except StopIteration:
            batches = iter(loader)
            pixels, labels = next(batches)
        x = ((pixels.float() - 127.5) / 128).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bfloat16"):
            embeddings = net(x)
        loss = globals()[loss_name](embeddings.float(), weights, labels, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        now = time.perf_counter()
        seconds.append(now - before)
        before = now
    print(json.dumps(arguments.batch * len(seconds[N_WARM:]) / sum(seconds[N_WARM:])))


# Both.


def run(command):
    """What the process printed, and the CPU seconds of it and its children."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))} ended with status {status}")
        out.seek(0)
        return out.read(), usage.ru_utime + usage.ru_stime


def peer(arguments, network, precision, steps):
    """Images a second, and CPU seconds of the whole run."""
    command = [sys.executable, __file__, "--peer", "--network", network, "--precision", precision, "--steps", steps]
    for key in ("crops", "threads", "batch"):
        command += [f"--{key}", getattr(arguments, key)]
    printed, cpu_s = run(command)
    return json.loads(printed), cpu_s


def ours(arguments, network, precision, steps):
    """As `peer`."""
    fields = {"data.root": json.dumps(str(Path(arguments.crops).resolve())), "data.selection.min_images_per_person": 1,
              "data.selection.held_out": 0.0, "sampler.batch": arguments.batch, "schedule.rate": 0.01,
              "train.length": f'"{steps} steps"', "train.log_every": 1, "train.precision": f'"{precision}"',
              "train.device": '"cpu"', "validation.n_pairs": 0, "checkpoint.every": '"1000000 steps"'}
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.trainer, "train", ROOT / f"recipes/{network}.toml", "--run", f"{folder}/run", "--plain"]
        command += ["--threads", str(arguments.threads), "--load-threads", str(arguments.threads)]
        command += [word for key, value in fields.items() for word in ("--set", f"{key}={value}")]
        _, cpu_s = run(command)
        lines = [json.loads(line) for line in Path(folder, "run/metrics.jsonl").read_text().splitlines()]
    rates = [line["images_per_s"] for line in lines if line["event"] == "steps"][N_WARM:]
    return statistics.harmonic_mean(rates), cpu_s


def rates(side, arguments, network, precision):
    """Images a second and images a CPU second."""
    _, start_cpu_s = side(arguments, network, precision, N_WARM + 1)
    per_s, cpu_s = side(arguments, network, precision, arguments.steps)
    return per_s, arguments.batch * (arguments.steps - N_WARM - 1) / (cpu_s - start_cpu_s)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--trainer", default=ROOT / "target/release/lineament-train")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--precisions", nargs="+", default=["float", "bfloat16"])
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--network", help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return train_peer(arguments)
    print("| network, precision | images/s, ours | PyTorch | ratio | images/CPU s, ours | PyTorch | ratio |\n|---|---|---|---|---|---|---|")
    for network in arguments.networks:
        for precision in arguments.precisions:
            rounds = [[rates(side, arguments, network, precision) for side in (ours, peer)] for _ in range(arguments.rounds)]
            cells = []
            for kind in (0, 1):
                mine, theirs = (statistics.median(both[side][kind] for both in rounds) for side in (0, 1))
                cells.append(f"{mine:.1f} | {theirs:.1f} | {mine / theirs:.2f}")
            print(f"| {network}, {precision} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
