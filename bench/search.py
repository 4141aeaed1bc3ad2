"""Searches for the nearest of many embeddings: a gallery beside faiss, on one thread, in turns.

    cargo build --release -p lineament-gallery --example search_bench
    python bench/search.py --features FILE --faces 10000 100000 1000000 --dimensions 128 512

FILE holds the embeddings of labelled crops and of their mirror images (a teacher's, 128 numbers each). Probes
are perturbed copies of crops in the gallery; beyond the crops there are, the gallery holds perturbed copies too.
512 numbers are a random rotation of both embeddings of a crop, four times as many after it, plus noise:
no network of 512 numbers made them. Needs numpy and faiss-cpu.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np

HEADER_BYTES = 88  # of a file of features: lineament-train, data/teacher
N_PROBES = 200
ROUNDS = 5
PERTURBATION = 0.5  # norm of the noise that is added to a unit vector


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def read_features(path):
    with open(path, "rb") as file:
        header = file.read(HEADER_BYTES)
        n_values = int.from_bytes(header[76:80], "little")
        rows = np.fromfile(file, np.float32)
    return rows.reshape(-1, 2, n_values)


def perturbed(rows, random):
    noise = random.standard_normal(rows.shape, np.float32)
    return unit(rows + PERTURBATION * unit(noise))


def population(features, n_faces, dimension, random):
    """Rows of unit norm, `[n_faces, dimension]`."""
    base = features[:, 0]
    if dimension != base.shape[1]:
        both = features.reshape(len(features), -1)
        turn = np.linalg.qr(random.standard_normal((dimension, dimension)))[0]
        base = both @ turn[: both.shape[1]].astype(np.float32)
        base = unit(base) + 0.1 * unit(random.standard_normal(base.shape, np.float32))
    base = unit(base.astype(np.float32))
    faces = np.empty((n_faces, dimension), np.float32)
    for start in range(0, n_faces, len(base)):
        block = base[: n_faces - start]
        faces[start : start + len(block)] = block if start == 0 else perturbed(block, random)
    return faces


class Peer:
    """faiss, exact, on one thread."""

    def __init__(self, faces):
        import faiss

        faiss.omp_set_num_threads(1)
        self.index = faiss.IndexFlatIP(faces.shape[1])
        self.index.add(faces)

    def run(self, mode, probes):
        start = time.process_time()
        if mode == "batched":
            best = self.index.search(probes, 1)[1][:, 0]
        else:
            best = np.array([self.index.search(p[None], 1)[1][0, 0] for p in probes])
        return time.process_time() - start, best


class Ours:
    """A gallery, through the example."""

    def __init__(self, example, folder, faces, probes):
        faces.tofile(folder + "/faces.f32")
        probes.tofile(folder + "/probes.f32")
        self.process = subprocess.Popen(
            [example, folder + "/gallery", str(faces.shape[1]), folder + "/faces.f32", folder + "/probes.f32"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = self.read() | self.read()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def run(self, mode):
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()
        answer = self.read()
        return answer["cpu_s"], np.array(answer["best"]) - 1

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def measure(example, features, n_faces, dimension, seed):
    random = np.random.default_rng(seed)
    faces = population(features, n_faces, dimension, random)
    probes = perturbed(faces[random.choice(n_faces, N_PROBES, replace=False)], random)
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = Ours(example, folder, faces, probes), Peer(faces)
        for mode in ("single", "batched"):
            ours.run(mode), peer.run(mode, probes)
            times = []
            for _ in range(ROUNDS):
                ours_s, ours_best = ours.run(mode)
                peer_s, peer_best = peer.run(mode, probes)
                times.append((ours_s, peer_s))
            ours_s, peer_s = np.median(times, axis=0)
            recall = np.mean(ours_best == peer_best)
            print(
                f"| {n_faces:,} | {dimension} | {mode} | {N_PROBES / ours_s:,.0f} | {N_PROBES / peer_s:,.0f}"
                f" | {peer_s / ours_s:.2f} | {recall:.3f} |",
                flush=True,
            )
        about = ours.about
        print(
            f"  {n_faces:,} faces of {dimension}: import {about['import_s']:.1f} s, {about['n_bytes'] / n_faces:.0f}"
            f" bytes a face, index {about['index_s']:.2f} s, open and first search {about['open_s']:.3f} s,"
            f" peak {ours.peak_mib()} MiB",
            flush=True,
        )
        ours.process.stdin.close()
        ours.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", required=True)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--example", default="target/release/examples/search_bench")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    features = read_features(args.features)
    print("| faces | numbers | | queries per CPU second, ours | faiss | ratio | same nearest |")
    for dimension in args.dimensions:
        for n_faces in args.faces:
            measure(args.example, features, n_faces, dimension, args.seed)


if __name__ == "__main__":
    main()
