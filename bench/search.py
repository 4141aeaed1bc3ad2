"""Searches for the nearest of many embeddings: a gallery beside faiss, on one thread, in turns.

    cargo build --release -p lineament-gallery --example search_bench
    python bench/search.py --features FILE --faces 10000 100000 1000000 --dimensions 128 512
    python bench/search.py --features FILE --faces 10000 100000 1000000 --dimensions 128 --approximate --plot FILE.svg

With --approximate, the approximate index stands beside faiss's IndexHNSWFlat (efConstruction 128, and M 16 unless --links
says otherwise): of both the least breadth that finds the nearest of --recall of the probes. faiss's indexes of a million
faces take long to build: with --keep DIR they are kept there, with what building took, for the next run. With --usearch, so does
usearch's index (bf16, connectivity 16, expansion_add 128), whose answers are not scored exactly. Needs the package usearch.

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
N_APPROXIMATE_PROBES = 1000
USUAL_BREADTH = 128  # what the program takes
BREADTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


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


class ApproximatePeer:
    """faiss, HNSW, on one thread."""

    def __init__(self, faces, links, kept):
        import faiss

        faiss.omp_set_num_threads(1)
        if kept and os.path.exists(kept + ".json"):
            self.index = faiss.read_index(kept + ".faiss")
            with open(kept + ".json") as file:
                self.build_cpu_s, self.mib = json.load(file)
            return
        before = resident_mib()
        self.index = faiss.IndexHNSWFlat(faces.shape[1], links, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = 128
        start = time.process_time()
        self.index.add(faces)
        self.build_cpu_s = time.process_time() - start
        self.mib = resident_mib() - before
        if kept:
            faiss.write_index(self.index, kept + ".faiss")
            with open(kept + ".json", "w") as file:
                json.dump((self.build_cpu_s, self.mib), file)

    def run(self, breadth, probes):
        self.index.hnsw.efSearch = breadth
        start = time.process_time()
        best = np.array([self.index.search(p[None], 1)[1][0, 0] for p in probes])
        return time.process_time() - start, best


class Usearch:
    """usearch, bf16, on one thread."""

    def __init__(self, faces):
        from usearch.index import Index

        before = resident_mib()
        self.index = Index(ndim=faces.shape[1], metric="ip", dtype="bf16", connectivity=16, expansion_add=128)
        start = time.process_time()
        self.index.add(np.arange(len(faces)), faces, threads=1)
        self.build_cpu_s = time.process_time() - start
        self.mib = resident_mib() - before

    def run(self, breadth, probes):
        self.index.expansion_search = breadth
        start = time.process_time()
        best = np.array([self.index.search(p, 1, threads=1).keys[0] for p in probes]).astype(np.int64)
        return time.process_time() - start, best


def resident_mib(pid="self", field="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith(field))


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

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def run(self, mode):
        answer = self.ask(mode)
        return answer["cpu_s"], np.array(answer["best"]) - 1

    def peak_mib(self):
        return resident_mib(self.process.pid, "VmHWM")

    def mib(self):
        return resident_mib(self.process.pid)


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


def nearest(faces, probes):
    """The row of `faces` most like each probe, by comparing with all."""
    best, score = np.zeros(len(probes), np.int64), np.full(len(probes), -np.inf, np.float32)
    for start in range(0, len(faces), 50_000):
        scores = probes @ faces[start : start + 50_000].T
        rows = scores.argmax(1)
        found = scores[np.arange(len(probes)), rows]
        better = found > score
        best[better], score[better] = start + rows[better], found[better]
    return best


def least_breadth(run, truth, wanted):
    """The least breadth at which `run` finds the share `wanted`, and the share that it finds."""
    for breadth in BREADTHS:
        recall = np.mean(run(breadth)[1] == truth)
        if recall >= wanted:
            break
    return breadth, recall


def measure_approximate(args, features, n_faces, dimension):
    """Prints a row for each peer; seconds a search: exact, approximate, the first peer's."""
    random = np.random.default_rng(args.seed)
    faces = population(features, n_faces, dimension, random)
    probes = perturbed(faces[random.choice(n_faces, N_APPROXIMATE_PROBES, replace=False)], random)
    truth = nearest(faces, probes)
    kept = lambda links: args.keep and f"{args.keep}/{n_faces}-{dimension}-{links}-{args.seed}"
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(args.example, folder, faces, probes)
        index = ours.ask("index")
        mib = ours.mib()
        breadth, recall = least_breadth(lambda b: ours.run(f"approximate {b}"), truth, args.recall)
        usual_s, usual = ours.run(f"approximate {USUAL_BREADTH}")
        costs = []
        for links in args.links:
            peer = ApproximatePeer(faces, links, kept(links))
            peer_breadth, peer_recall = least_breadth(lambda b: peer.run(b, probes), truth, args.recall)
            times = []
            for _ in range(ROUNDS):
                both = ours.run(f"approximate {breadth}")[0], peer.run(peer_breadth, probes)[0]
                times.append((ours.run("single")[0], *both))
            exact_s, ours_s, peer_s = np.median(times, axis=0) / len(probes)
            costs.append((exact_s, ours_s, peer_s))
            print(
                f"| {n_faces:,} | {dimension} | {1 / exact_s:,.0f} | {1 / ours_s:,.0f} | {breadth} | {recall:.3f}"
                f" | {links} | {1 / peer_s:,.0f} | {peer_breadth} | {peer_recall:.3f} | {peer_s / ours_s:.2f}"
                f" | {index['build_cpu_s']:.1f} | {peer.build_cpu_s:.1f} | {index['n_bytes'] / 2**20:.0f}"
                f" | {index['open_s']:.3f} | {mib} | {peer.mib} |",
                flush=True,
            )
        if args.usearch:
            measure_usearch(args, ours, breadth, faces, probes, truth)
        print(
            f"  {n_faces:,} faces of {dimension}, breadth {USUAL_BREADTH}: {len(probes) / usual_s:,.0f} a CPU second,"
            f" recall@1 {np.mean(usual == truth):.3f}",
            flush=True,
        )
        ours.process.stdin.close()
        ours.process.wait()
    return costs[0]


def measure_usearch(args, ours, breadth, faces, probes, truth):
    peer = Usearch(faces)
    peer_breadth, recall = least_breadth(lambda b: peer.run(b, probes), truth, args.recall)
    times = [(ours.run(f"approximate {breadth}")[0], peer.run(peer_breadth, probes)[0]) for _ in range(ROUNDS)]
    ours_s, peer_s = np.median(times, axis=0) / len(probes)
    print(
        f"  usearch: ours {1 / ours_s:,.0f} a CPU second, usearch {1 / peer_s:,.0f} at breadth {peer_breadth}, recall@1"
        f" {recall:.3f}, ratio {peer_s / ours_s:.2f}; built in {peer.build_cpu_s:.1f} CPU s, {peer.mib} MiB",
        flush=True,
    )


LINES = (("exact", "#1f6feb", ""), ("approximate", "#d1242f", ""), ("faiss HNSW", "#6e7781", "4 3"))


def plot(path, costs):
    """Writes seconds a search by number of faces, both in powers of ten, as SVG."""
    width, height, left, bottom = 640, 360, 70, 45
    sizes = sorted(costs)
    x_range = (np.log10(sizes[0]), np.log10(sizes[-1]))
    seconds = np.array([costs[n] for n in sizes])
    y_range = (np.floor(np.log10(seconds.min())), np.ceil(np.log10(seconds.max())))
    x = lambda n: left + (np.log10(n) - x_range[0]) / max(x_range[1] - x_range[0], 1e-9) * (width - left - 120)
    y = lambda s: 15 + (y_range[1] - np.log10(s)) / (y_range[1] - y_range[0]) * (height - bottom - 15)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="{height - 8}">faces in the gallery; processor time of a search, one thread</text>',
    ]
    for power in range(int(y_range[0]), int(y_range[1]) + 1):
        at, label = y(10.0**power), f"{10.0 ** (power + 6):g} µs" if power < -3 else f"{10.0 ** (power + 3):g} ms"
        out.append(f'<path d="M{left} {at:.1f}H{width - 120}" stroke="#d0d7de"/>')
        out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for n in sizes:
        out.append(f'<text x="{x(n):.1f}" y="{height - bottom + 18}" text-anchor="middle">{n:,}</text>')
    for i, (name, colour, dashes) in enumerate(LINES):
        points = [(x(n), y(costs[n][i])) for n in sizes]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points]
        px, py = points[-1]
        out.append(f'<text x="{px + 8:.1f}" y="{py + 4:.1f}" fill="{colour}">{name}</text>')
    with open(path, "w") as file:
        file.write("\n".join(out + ["</svg>", ""]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", required=True)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--example", default="target/release/examples/search_bench")
    parser.add_argument("--approximate", action="store_true")
    parser.add_argument("--recall", type=float, default=0.99, help="share of the probes whose nearest is to be found")
    parser.add_argument("--links", type=int, nargs="+", default=[16], help="M of faiss's indexes")
    parser.add_argument("--usearch", action="store_true", help="usearch's index, too")
    parser.add_argument("--keep", help="a folder that keeps faiss's indexes for the next run")
    parser.add_argument("--plot", help="write the cost by number of faces here, as SVG; of the first of --dimensions")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    features = read_features(args.features)
    if args.approximate:
        print(
            "| faces | numbers | exact | approximate | breadth | recall@1 | M | faiss HNSW | efSearch | recall@1 | ratio"
            " | build CPU s | faiss | file MiB | open s | MiB | faiss |"
        )
        for dimension in args.dimensions:
            costs = {n: measure_approximate(args, features, n, dimension) for n in args.faces}
            if args.plot and dimension == args.dimensions[0]:
                plot(args.plot, costs)
        return
    print("| faces | numbers | | queries per CPU second, ours | faiss | ratio | same nearest |")
    for dimension in args.dimensions:
        for n_faces in args.faces:
            measure(args.example, features, n_faces, dimension, args.seed)


if __name__ == "__main__":
    main()
