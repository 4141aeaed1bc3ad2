"""Writes two known networks with random weights, for their speed alone: SphereFace-20 and IResNet-50.

    python bench/networks.py FOLDER

The graphs are those of `lineament train export` (crates/lineament-train/src/nets): batch normalisation that follows a
convolution is folded into it, IResNet's that goes before one is not. Weights are scaled so that numbers stay near 1.
Writes sphereface-20.onnx (input 1x3x112x96) and iresnet-50.onnx (1x3x112x112).
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = (64, 128, 256, 512)


class Graph:
    """An ONNX graph that grows node by node; a value is its name and its number of channels."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.nodes, self.weights = [], []

    def node(self, operator, inputs, **attributes):
        output = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def weight(self, values):
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, "<f4"), name))
        return name

    def normal(self, scale, *shape):
        return self.weight(self.random.normal(0, scale, shape))

    def conv(self, x, inputs, outputs, kernel=3, stride=1, gain=1.0):
        scale = gain * (inputs * kernel * kernel) ** -0.5
        weights = self.normal(scale, outputs, inputs, kernel, kernel)
        pads, strides = [kernel // 2] * 4, [stride] * 2
        return self.node("Conv", [x, weights, self.normal(0.1, outputs)], pads=pads, strides=strides)

    def prelu(self, x, channels):
        return self.node("PRelu", [x, self.weight(np.full((channels, 1, 1), 0.25))])

    def batch_norm(self, x, channels):
        ones, zeros = np.ones(channels), np.zeros(channels)
        return self.node("BatchNormalization", [x, *map(self.weight, (ones, zeros, zeros, ones))], epsilon=1e-5)

    def linear(self, x, inputs, outputs):
        x = self.node("Flatten", [x])
        return self.node("Gemm", [x, self.normal(inputs**-0.5, outputs, inputs), self.normal(0.1, outputs)], transB=1)

    def save(self, path, shape, output):
        ports = [("input", shape), (output, (1, 512))]
        inputs, outputs = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ports)
        graph = helper.make_graph(self.nodes, path.stem, [inputs], [outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def sphereface_20(path):
    """Liu et al., CVPR 2017, Table 2."""
    graph, x, inputs = Graph(), "input", 3
    for channels, units in zip(CHANNELS, (1, 2, 4, 1), strict=True):
        x = graph.prelu(graph.conv(x, inputs, channels, stride=2), channels)
        for _ in range(units):
            y = graph.prelu(graph.conv(x, channels, channels), channels)
            y = graph.prelu(graph.conv(y, channels, channels, gain=0.5), channels)
            x = graph.node("Add", [x, y])
        inputs = channels
    graph.save(path, (1, 3, 112, 96), graph.linear(x, 512 * 7 * 6, 512))


def iresnet_50(path):
    """Deng et al., CVPR 2019, as insightface's `iresnet50`."""
    graph, inputs = Graph(), 64
    x = graph.prelu(graph.conv("input", 3, 64), 64)
    for channels, units in zip(CHANNELS, (3, 4, 14, 3), strict=True):
        for unit in range(units):
            stride = 2 if unit == 0 else 1
            y = graph.conv(graph.batch_norm(x, inputs), inputs, channels)
            y = graph.conv(graph.prelu(y, channels), channels, channels, stride=stride, gain=0.5)
            x = graph.conv(x, inputs, channels, kernel=1, stride=2) if unit == 0 else x
            x = graph.node("Add", [y, x])
            inputs = channels
    graph.save(path, (1, 3, 112, 112), graph.linear(graph.batch_norm(x, 512), 512 * 7 * 7, 512))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    sphereface_20(folder / "sphereface-20.onnx")
    iresnet_50(folder / "iresnet-50.onnx")


if __name__ == "__main__":
    main()
