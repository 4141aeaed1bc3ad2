"""Writes known networks with random weights, for their speed alone: MobileFaceNet, SphereFace-20, IResNet-50, SCRFD-0.5G.

    python bench/networks.py FOLDER

The graphs are those of `lineament train export` (crates/lineament-train/src/nets): batch normalisation that follows a
convolution is folded into it, IResNet's that goes before one is not. Weights are scaled so that numbers stay near 1.
Writes mobilefacenet.onnx (input 1x3x112x112), sphereface-20.onnx (1x3x112x96), iresnet-50.onnx (1x3x112x112) and
scrfd-0.5g.onnx (1x3xHxW, multiples of 32).
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

    def shape(self, *sides):
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(sides, "<i8"), name))
        return name

    def normal(self, scale, *shape):
        return self.weight(self.random.normal(0, scale, shape))

    def conv(self, x, inputs, outputs, kernel=3, stride=1, gain=1.0, group=1, padding=None):
        scale = gain * (inputs // group * kernel * kernel) ** -0.5
        weights = self.normal(scale, outputs, inputs // group, kernel, kernel)
        pads, strides = [kernel // 2 if padding is None else padding] * 4, [stride] * 2
        return self.node("Conv", [x, weights, self.normal(0.1, outputs)], pads=pads, strides=strides, group=group)

    def relu_conv(self, *arguments, **options):
        return self.node("Relu", [self.conv(*arguments, **options)])

    def separable(self, x, inputs, outputs, stride=1):
        x = self.relu_conv(x, inputs, inputs, stride=stride, gain=1.4, group=inputs)
        return self.relu_conv(x, inputs, outputs, kernel=1, gain=1.4)

    def prelu(self, x, channels):
        return self.node("PRelu", [x, self.weight(np.full((channels, 1, 1), 0.25))])

    def batch_norm(self, x, channels):
        ones, zeros = np.ones(channels), np.zeros(channels)
        return self.node("BatchNormalization", [x, *map(self.weight, (ones, zeros, zeros, ones))], epsilon=1e-5)

    def linear(self, x, inputs, outputs):
        x = self.node("Flatten", [x])
        return self.node("Gemm", [x, self.normal(inputs**-0.5, outputs, inputs), self.normal(0.1, outputs)], transB=1)

    def save(self, path, shape, *outputs):
        ports = [("input", shape), *outputs]
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ports]
        graph = helper.make_graph(self.nodes, path.stem, values[:1], values[1:], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def mobilefacenet(path):
    """Chen et al., CCBR 2018, Table 1, with its PReLU."""
    graph = Graph()
    x = graph.prelu(graph.conv("input", 3, 64, stride=2, gain=1.4), 64)
    x = graph.prelu(graph.conv(x, 64, 64, gain=1.4, group=64), 64)
    inputs = 64
    rows = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
    for expansion, channels, units, first_stride in rows:
        for unit in range(units):
            stride, inner = first_stride if unit == 0 else 1, expansion * inputs
            y = graph.prelu(graph.conv(x, inputs, inner, kernel=1, gain=1.4), inner)
            y = graph.prelu(graph.conv(y, inner, inner, stride=stride, gain=1.4, group=inner), inner)
            y = graph.conv(y, inner, channels, kernel=1, gain=0.5 if stride == 1 else 1.0)
            x = graph.node("Add", [x, y]) if stride == 1 and inputs == channels else y
            inputs = channels
    x = graph.prelu(graph.conv(x, 128, 512, kernel=1, gain=1.4), 512)
    x = graph.conv(x, 512, 512, kernel=7, group=512, padding=0)
    x = graph.conv(x, 512, 128, kernel=1)
    graph.save(path, (1, 3, 112, 112), (graph.node("Flatten", [x]), (1, 128)))


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
    graph.save(path, (1, 3, 112, 96), (graph.linear(x, 512 * 7 * 6, 512), (1, 512)))


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
    graph.save(path, (1, 3, 112, 112), (graph.linear(graph.batch_norm(x, 512), 512 * 7 * 7, 512), (1, 512)))


def scrfd_500m(path):
    """Guo et al., ICLR 2022, with landmarks, as insightface's `scrfd_500m_bnkps`: MobileNet, PAFPN, a head a stride."""
    graph, inputs, levels = Graph(), 16, []
    x = graph.separable(graph.relu_conv("input", 3, 16, stride=2, gain=1.4), 16, 16)
    for channels, units in zip((40, 72, 152, 288), (2, 3, 2, 6), strict=True):
        for unit in range(units):
            x = graph.separable(x, inputs, channels, stride=2 if unit == 0 else 1)
            inputs = channels
        levels.append((x, channels))
    down = [graph.conv(x, channels, 16, kernel=1) for x, channels in levels[1:]]
    twice = graph.weight([1.0, 1.0, 2.0, 2.0])
    for level in (1, 0):
        # As PyTorch exports nearest neighbours.
        way = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
        up = graph.node("Resize", [down[level + 1], "", twice], **way)
        down[level] = graph.node("Add", [down[level], up])
    up = [graph.conv(x, 16, 16) for x in down]
    for level in (0, 1):
        up[level + 1] = graph.node("Add", [up[level + 1], graph.conv(up[level], 16, 16, stride=2)])
    up = [up[0], *(graph.conv(x, 16, 16) for x in up[1:])]
    outputs = []
    for x in up:
        x = graph.separable(graph.separable(x, 16, 64), 64, 64)
        for values in (1, 4, 10):
            y = graph.node("Transpose", [graph.conv(x, 64, 2 * values)], perm=[0, 2, 3, 1])
            y = graph.node("Reshape", [y, graph.shape(1, -1, values)])
            y = graph.node("Sigmoid", [y]) if values == 1 else y
            outputs.append((y, (1, None, values)))
    graph.save(path, (1, 3, "height", "width"), *outputs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    mobilefacenet(folder / "mobilefacenet.onnx")
    sphereface_20(folder / "sphereface-20.onnx")
    iresnet_50(folder / "iresnet-50.onnx")
    scrfd_500m(folder / "scrfd-0.5g.onnx")


if __name__ == "__main__":
    main()
