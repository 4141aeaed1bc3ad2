"""Clusterings of faces: ours beside faiss with Python, scikit-learn, SciPy and hdbscan, on one thread, in turns.

    cargo build --release -p lineament-cluster --example cluster_bench
    python bench/clusters.py --crops DIR --list LIST.csv --embedder mobilefacenet.onnx --features crops.npy --faces 10000

DIR has the crops that LIST.csv (file, person) names, 128 x 128 with the 112 x 112 template in their middle; the embedder
takes them as ImageNet's networks do. Embeddings are computed once, into crops.npy. Fewer faces than crops are those of
people drawn by a seed; more are the crops over again, each time turned by another random rotation, as other people:
scores between the faces of a person are those of a network, those between people of different turns are chance.
Each method is a process of its own, ours and the peer's in turns; times are without reading the embeddings. Needs numpy,
onnxruntime and pillow for embeddings; faiss-cpu, scipy, scikit-learn and hdbscan for the peers.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

# The peer of each of our methods, and the faces beyond which it is not asked.
PEERS = {
    "whispers": ("faiss + whispers", 100_000),
    "cells": ("faiss IVF + whispers", 1_000_000),
    "components": ("faiss + scipy", 100_000),
    "dbscan": ("scikit-learn", 100_000),
    "linkage": ("scipy", 20_000),
    "hdbscan": ("hdbscan", 20_000),
}
# The faces beyond which ours is not asked: pairs are scored one by one, and linkage keeps all of them.
OURS = {"whispers": 100_000, "cells": 1_000_000, "components": 100_000, "dbscan": 100_000, "hdbscan": 100_000, "linkage": 20_000}
N_CELLS_PER_ROOT, N_PROBES = 4, 48  # as ours: CellOptions::usual


def embed(args):
    import onnxruntime
    from PIL import Image

    with open(args.list, newline="") as file:
        named = [row for row in csv.DictReader(file) if row["person"]][: args.limit]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(args.embedder, options)
    name = session.get_inputs()[0].name
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    rows = []
    for row in named:
        pixels = np.asarray(Image.open(os.path.join(args.crops, row["file"])).convert("RGB"))[8:120, 8:120]
        both = [(view.astype(np.float32) / 255 - mean) / std for view in (pixels, pixels[:, ::-1])]
        rows.append(sum(session.run(None, {name: view.transpose(2, 0, 1)[None].copy()})[0][0] for view in both))
    np.save(args.features, unit(np.float32(rows)))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def population(features, people, n_faces, random):
    """Rows `[n_faces, d]` and whose they are."""
    if n_faces < len(features):
        order = {person: place for place, person in enumerate(random.permutation(np.unique(people)))}
        chosen = np.argsort([order[person] for person in people], kind="stable")[:n_faces]
        chosen = random.permutation(chosen)
        return features[chosen], people[chosen]
    rows, whose, n_people = [features], [people], people.max() + 1
    while sum(map(len, rows)) < n_faces:
        turn = np.linalg.qr(random.standard_normal((features.shape[1],) * 2))[0].astype(np.float32)
        whose.append(people + n_people * len(rows))
        rows.append(unit(features @ turn))
    order = random.permutation(n_faces)
    return np.concatenate(rows)[:n_faces][order], np.concatenate(whose)[:n_faces][order]


def f_score(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def figures(whose, labels):
    """Pairwise F and BCubed F; noise is alone."""
    labels = np.where(labels < 0, labels.max() + 1 + np.arange(len(labels)), labels)
    _, whose = np.unique(whose, return_inverse=True)
    _, labels = np.unique(labels, return_inverse=True)
    cells, counts = np.unique(whose * (labels.max() + 1) + labels, return_counts=True)
    counts = counts.astype(float)
    of_people, of_clusters = np.bincount(whose).astype(float), np.bincount(labels).astype(float)
    pairs = lambda sizes: (sizes * (sizes - 1) / 2).sum()
    pairwise = f_score(pairs(counts) / max(pairs(of_clusters), 1), pairs(counts) / max(pairs(of_people), 1))
    person, cluster = cells // (labels.max() + 1), cells % (labels.max() + 1)
    shares = [(counts * counts / of[which]).sum() / len(labels) for of, which in ((of_clusters, cluster), (of_people, person))]
    return pairwise, f_score(*shares)


def whispers(near, scores, min_score, seed=0, max_rounds=50):
    """Biemann 2006 on the symmetric graph of nearest neighbours, rows in the order of ours."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
    from clusters import shuffle, splitmix64

    edges = [{} for _ in near]
    for row, (others, of_row) in enumerate(zip(near.tolist(), scores.tolist())):
        for other, score in zip(others, of_row):
            if other not in (row, -1) and score >= min_score:
                edges[row][other] = score
                edges[other][row] = score
    labels, order, numbers = list(range(len(edges))), list(range(len(edges))), splitmix64(seed)
    for _ in range(max_rounds):
        shuffle(order, numbers)
        n_changed = 0
        for row in order:
            heard = {}
            for other, score in edges[row].items():
                heard[labels[other]] = heard.get(labels[other], 0.0) + score
            if heard:
                loudest = min(heard, key=lambda label: (-heard[label], label))
                n_changed += loudest != labels[row]
                labels[row] = loudest
        if n_changed == 0:
            break
    return np.array(labels)


def peer(method, rows, k, min_score, took):
    n, d = rows.shape
    if method in ("whispers", "cells"):
        import faiss

        faiss.omp_set_num_threads(1)
        if method == "cells":
            index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, N_CELLS_PER_ROOT * int(n**0.5), faiss.METRIC_INNER_PRODUCT)
            index.cp.max_points_per_centroid, index.cp.niter, index.nprobe = 32, 5, N_PROBES
            index.cp.min_points_per_centroid = 1
            index.train(rows)
        else:
            index = faiss.IndexFlatIP(d)
        index.add(rows)
        scores, near = index.search(rows, k + 1)
        took("graph")
        return whispers(near, scores, min_score)
    if method == "components":
        import faiss
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatIP(d)
        index.add(rows)
        starts, _, near = index.range_search(rows, min_score)
        graph = csr_matrix((np.ones(len(near), np.int8), near, starts.astype(np.int64)), (n, n))
        return connected_components(graph, directed=False)[1]
    if method == "dbscan":
        from sklearn.cluster import DBSCAN

        return DBSCAN(eps=(2 - 2 * min_score) ** 0.5, min_samples=3, algorithm="brute", n_jobs=1).fit_predict(rows)
    if method == "linkage":
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import squareform

        distances = 1 - rows @ rows.T
        np.fill_diagonal(distances, 0)
        return fcluster(linkage(squareform(distances, checks=False), "average"), 1 - min_score, "distance")
    import hdbscan

    return hdbscan.HDBSCAN(min_cluster_size=3, min_samples=1, core_dist_n_jobs=1).fit_predict(rows)


def run_peer(args):
    rows = np.fromfile(args.rows, np.float32).reshape(-1, args.dimension)
    answer = {"graph_wall_s": 0.0, "graph_cpu_s": 0.0}
    wall, cpu = time.perf_counter(), time.process_time()

    def took(what):
        prefix = what + "_" if what else ""
        answer[prefix + "wall_s"], answer[prefix + "cpu_s"] = time.perf_counter() - wall, time.process_time() - cpu

    labels = peer(args.peer, rows, args.neighbours, args.min_score, took)
    took("")
    answer["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    np.int32(labels).tofile(args.labels)
    print(json.dumps(answer))


def in_turns(args, method, rows_path, whose, d, min_score):
    """A row of the table for ours and one for the peer."""
    n = len(whose)
    with tempfile.TemporaryDirectory() as folder:
        found = folder + "/labels.i32"
        commands = {}
        if n <= OURS.get(method, 0):
            commands["ours"] = [args.example, rows_path, str(d), method, str(min_score), str(args.neighbours), "1", found]
        name, most = PEERS[method]
        if n <= most and not args.ours_alone:
            commands[name] = [sys.executable, __file__, "--peer", method, "--rows", rows_path, "--dimension", str(d)]
            commands[name] += ["--neighbours", str(args.neighbours), "--min-score", str(min_score), "--labels", found]
        taken = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                taken[name].append((answer, np.fromfile(found, np.int32)))
    for name, rounds in taken.items():
        middle = {key: np.median([answer[key] for answer, _ in rounds]) for key in rounds[0][0] if key != "recall"}
        pairwise, bcubed = figures(whose, rounds[-1][1])
        recall = rounds[-1][0].get("recall")
        print(
            f"| {n:,} | {method} | {name} | {middle['wall_s']:.2f} | {middle['cpu_s']:.2f} | {middle['graph_cpu_s']:.2f}"
            f" | {middle['peak_mib']:.0f} | {pairwise:.3f} | {bcubed:.3f} |" + (f" recall {recall:.4f}" if recall else ""),
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops")
    parser.add_argument("--list")
    parser.add_argument("--embedder")
    parser.add_argument("--features")
    parser.add_argument("--limit", type=int, help="embed only the first so many crops that have a person")
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--methods", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--neighbours", type=int, default=50)
    parser.add_argument("--min-score", type=float, default=0.4685)
    parser.add_argument("--linkage-score", type=float, default=0.335)
    parser.add_argument("--ours-alone", action="store_true", help="ask no peer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--example", default="target/release/examples/cluster_bench")
    for internal in ("--peer", "--rows", "--labels"):
        parser.add_argument(internal, help=argparse.SUPPRESS)
    parser.add_argument("--dimension", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if args.peer:
        return run_peer(args)
    if not os.path.exists(args.features):
        embed(args)
    features = np.load(args.features)
    with open(args.list, newline="") as file:
        names = [row["person"] for row in csv.DictReader(file) if row["person"]]
    people = np.unique(names[: len(features)], return_inverse=True)[1]
    print("| faces | method | by | wall s | CPU s | of it the graph | peak MiB | pairwise F | BCubed F |")
    for n_faces in args.faces:
        rows, whose = population(features, people, n_faces, np.random.default_rng(args.seed))
        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            rows.tofile(file.name)
            for method in args.methods:
                min_score = args.linkage_score if method == "linkage" else args.min_score
                in_turns(args, method, file.name, whose, rows.shape[1], min_score)


if __name__ == "__main__":
    main()
