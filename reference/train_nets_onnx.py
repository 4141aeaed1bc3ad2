"""Exported ONNX files beside the definitions of train_nets.py, by onnxruntime:

    LINEAMENT_EXPORT_TO=FOLDER cargo test -p lineament-train --test nets every_file
    python reference/train_nets_onnx.py FOLDER

Prints the rows of train_nets_onnx.md: the greatest difference of a number, as a share of the greatest as the network
gives it, of embeddings of unit length else. A file with weights of 16 bits has to hold the other's, rounded, and to compute what
that computes with them; how far its embeddings are from the definition's is told beside it, and depends on the network: random
weights carry a rounding far where nothing bounds the features, furthest in GhostFaceNet's gates.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

from train_nets import NETWORKS, NORMALISED, outputs_of, pictures

LIMIT = 1e-4


def compare(folder):
    def run(model, x):
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, {"input": x})[0]

    named = {**NETWORKS, **{f"{name}-batch": network for name, network in NORMALISED.items()}}
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}, torch {torch.__version__}")
    print("| network | as it is | unit length | 16 bits | from the definition |\n|---|---|---|---|---|")
    for name, (define, size) in named.items():
        x, expected = pictures(*size).numpy(), outputs_of(define, size)[0].numpy()
        plain, of_unit, halves = (onnx.load(Path(folder) / f"{name}{form}.onnx") for form in ("", ".unit", ".fp16"))
        for model in (plain, of_unit, halves):
            onnx.checker.check_model(model, full_check=True)
        lengths = np.linalg.norm(run(of_unit, x), axis=1)
        assert np.abs(lengths - 1).max() < 1e-6, (name, lengths)
        half = run(halves, x)
        errors = [np.abs(run(plain, x) - expected).max() / np.abs(expected).max(), np.abs(run(of_unit, x) - unit(expected)).max()]
        errors.append(np.abs(unit(half) - unit(run(rounded(plain, halves), x))).max())
        assert max(errors) < LIMIT, (name, errors)
        errors.append(np.abs(unit(half) - unit(expected)).max())
        print(f"| {name} | {' | '.join(f'{error:.0e}' for error in errors)} |")


def rounded(plain, halves):
    """`plain` with the weights of `halves`, which have to be its own, rounded."""
    weights = {w.name.removesuffix(".half"): numpy_helper.to_array(w) for w in halves.graph.initializer}
    assert set(weights) == {w.name for w in plain.graph.initializer}
    for weight in plain.graph.initializer:
        values = numpy_helper.to_array(weight)
        assert np.array_equal(values.astype(weights[weight.name].dtype), weights[weight.name]), weight.name
        weight.CopyFrom(numpy_helper.from_array(weights[weight.name].astype(values.dtype), weight.name))
    return plain


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    compare(sys.argv[1])
