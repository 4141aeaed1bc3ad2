"""Ratios of our executor's time to onnxruntime's: the same ONNX file, the same threads, interleaved.

    cargo build --release -p lineament-kernels --example engine
    python bench/engines.py MODEL.onnx[@HEIGHTxWIDTH] ... [--isa avx512,avx2,portable] [--precision f32,bf16,int8] [--threads 1,2]
        [--rounds N] [--take median,least] [--openvino] [--together]

All engines run in processes that stay: ours is the example `engine`, which times its runs itself; onnxruntime is
timed around `run` in this process, in f32, without spinning; so is, if asked for, OpenVINO around `infer`, in f32, with one
stream and the hint of latency. What is taken of the rounds is their median; on a machine with
more work than cores it is their least time, which no other process can shorten. Rounds of one model come after those of the model before, or, with --together, every
round runs all models once, so that their times can be compared on a machine whose speed changes. Outputs are compared as well: greatest difference over the
greatest value of that output, at least 1 (a sigmoid near 0 is exact to 1e-7 of 1 in both). The share of the peak is of the
multiplications that the plain definitions take and a thread does from registers to registers, measured at the start: Winograd's tiles
take fewer, so that it may be more than 100. Prints rows of a Markdown table.
"""

import argparse
import itertools
import os
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "reference"))
from inference import open_session  # noqa: E402


class Ours:
    """A process that runs one ONNX file with our executor."""

    def __init__(self, binary, path, shape, threads, isa, precision):
        command = [binary, path, ",".join(map(str, shape)), str(threads), isa, precision]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        macs, peak = struct.unpack("<Qd", self.read(16))
        # What a run takes at the least, if all threads always multiply.
        self.bound_ms = macs / (peak * 1e6) / threads

    def run(self, tensor, output_shapes):
        """Milliseconds, and the outputs in the file's order."""
        self.process.stdin.write(tensor.tobytes())
        self.process.stdin.flush()
        (nanoseconds,) = struct.unpack("<Q", self.read(8))
        outputs = [np.frombuffer(self.read(4 * int(np.prod(s))), "<f4").reshape(s) for s in output_shapes]
        return nanoseconds / 1e6, outputs

    def read(self, n_bytes):
        data = self.process.stdout.read(n_bytes)
        assert len(data) == n_bytes, f"the engine stopped: {self.process.args}"
        return data

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class OpenVino:
    """One ONNX file compiled by OpenVINO for one run at a time in f32."""

    def __init__(self, path, shape, threads):
        import openvino

        core = openvino.Core()
        model = core.read_model(path)
        model.reshape(shape)
        options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self.request = core.compile_model(model, "CPU", options).create_infer_request()

    def run(self, tensor):
        """Milliseconds, and the outputs in the file's order."""
        begun = time.perf_counter()
        self.request.infer([tensor], share_inputs=True)
        took = 1e3 * (time.perf_counter() - begun)
        return took, [output.data.copy() for output in self.request.output_tensors]


def input_shape(session, size):
    """The input's shape, with open dimensions of 1 picture of this (height, width)."""
    dims = session.get_inputs()[0].shape
    open_lengths = [1, 3, *size]
    return [dim if isinstance(dim, int) else length for dim, length in zip(dims, open_lengths, strict=True)]


def difference(left, right):
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1.0)) for a, b in zip(left, right, strict=True))


class Race:
    """One model on some threads, run by all engines in turn; `ways` are an instruction set and a precision each."""

    def __init__(self, binary, path, size, threads, ways, openvino):
        self.session = open_session(path, threads)
        self.name = self.session.get_inputs()[0].name
        shape = input_shape(self.session, size)
        self.label = f"{Path(path).stem} {'x'.join(map(str, shape[2:]))}"
        self.tensor = np.random.default_rng(1).normal(0, 1, shape).astype("<f4")
        self.expected = self.session.run(None, {self.name: self.tensor})
        self.engines = {way: Ours(binary, path, shape, threads, *way) for way in ways}
        self.other = OpenVino(path, shape, threads) if openvino else None
        self.times = {engine: [] for engine in [*ways, "onnxruntime", "openvino"]}
        self.path, self.threads, self.differences = path, threads, {}

    def round(self):
        begun = time.perf_counter()
        self.session.run(None, {self.name: self.tensor})
        self.times["onnxruntime"].append(1e3 * (time.perf_counter() - begun))
        if self.other:
            took, outputs = self.other.run(self.tensor)
            self.times["openvino"].append(took)
            assert difference(outputs, self.expected) < 1e-3, f"OpenVINO and onnxruntime disagree on {self.path}"
        for way, engine in self.engines.items():
            took, outputs = engine.run(self.tensor, [e.shape for e in self.expected])
            self.times[way].append(took)
            self.differences[way] = difference(outputs, self.expected)
            assert way[1] != "f32" or self.differences[way] < 1e-4, f"{way} and onnxruntime disagree on {self.path}"

    def finish(self, takes):
        """One row for each way and each of `takes`: ms of all, ratios, difference."""
        for engine in self.engines.values():
            engine.close()
        for way, take in itertools.product(self.engines, takes):
            taken = {engine: TAKES[take](times) for engine, times in self.times.items() if times}
            ours, peer = taken[way], taken["onnxruntime"]
            share = 100 * self.engines[way].bound_ms / ours
            cells = [self.label, self.threads, *way, take, f"{ours:.2f}", f"{share:.0f}"]
            cells += [f"{peer:.2f}", f"**{ours / peer:.2f}**"]
            if self.other:
                cells += [f"{taken['openvino']:.2f}", f"**{ours / taken['openvino']:.2f}**"]
            print("|", " | ".join(map(str, [*cells, f"{self.differences[way]:.0e}"])), "|", flush=True)


TAKES = {"median": statistics.median, "least": min}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--isa", default="avx512,avx2,portable")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--take", default="median")
    parser.add_argument("--together", action="store_true", help="all models in every round")
    parser.add_argument("--openvino", action="store_true", help="a column for OpenVINO (pip install openvino)")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--binary", default=str(target / "release/examples/engine"))
    arguments = parser.parse_args()
    columns = ["model", "threads", "instructions", "precision", "taken", "ours ms", "% of peak", "onnxruntime ms", "ratio"]
    columns += ["OpenVINO ms", "ratio"] if arguments.openvino else []
    columns.append("difference")
    print("|", " | ".join(columns), "|\n|" + "---|" * len(columns))
    ways, takes = list(itertools.product(arguments.isa.split(","), arguments.precision.split(","))), arguments.take.split(",")

    def races():
        for model in arguments.models:
            path, _, size = model.partition("@")
            size = tuple(map(int, size.split("x"))) if size else (320, 320)
            for threads in map(int, arguments.threads.split(",")):
                yield Race(arguments.binary, path, size, threads, ways, arguments.openvino)

    for group in [list(races())] if arguments.together else ([race] for race in races()):
        for _ in range(arguments.rounds):
            for race in group:
                race.round()
        for race in group:
            race.finish(takes)


if __name__ == "__main__":
    main()
