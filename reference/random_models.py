"""Builds the tiny random-weight ONNX files of assets/: the signature of each model family, and nothing learned.

Weights are seeded. The last layer of every head is rescaled on one synthetic picture, so that each output channel has
the mean and spread asked for and a handful of cells pass the score threshold. Opset 17, IR version 9.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from golden_file import ASSETS
from inference import open_session

OPSET, IR_VERSION = 17, 9


class GraphBuilder:
    """Collects nodes and seeded weights; names of values are strings."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.heads = [], {}, []

    def node(self, op, inputs, output=None, **attributes):
        output = output or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"node_{len(self.nodes)}", **attributes))
        return output

    def weight(self, array, name=None):
        name = name or f"weight_{len(self.weights)}"
        self.weights[name] = np.ascontiguousarray(array)
        return name

    def conv(self, value, channels_in, channels_out, kernel=3, stride=1, group=1, pad=None):
        """A convolution with He-scaled weights and small biases."""
        fan_in = channels_in // group * kernel * kernel
        weight = self.rng.normal(0.0, np.sqrt(2.0 / fan_in), (channels_out, channels_in // group, kernel, kernel))
        bias = self.rng.normal(0.0, 0.1, channels_out)
        pad = kernel // 2 if pad is None else pad
        inputs = [value, self.weight(weight.astype(np.float32)), self.weight(bias.astype(np.float32))]
        return self.node("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=group)

    def head(self, value, channels_in, means, spreads):
        """A 1x1 convolution whose channels will have these means and spreads on the calibration picture."""
        raw = self.conv(value, channels_in, len(means), kernel=1)
        _, weight, bias = self.nodes[-1].input
        self.heads.append((raw, weight, bias, np.array(means), np.array(spreads)))
        return raw

    def model(self, inputs, outputs):
        graph_inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs]
        graph_outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs]
        weights = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        graph = helper.make_graph(self.nodes, "random_weights", graph_inputs, graph_outputs, weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="random_models.py"
        )

    def calibrate(self, inputs, tensor):
        """Rescales every head by what it gives for the input tensor."""
        raw_outputs = [(raw, None) for raw, *_ in self.heads]
        session = open_session(self.model(inputs, raw_outputs).SerializeToString())
        raws = session.run([raw for raw, _ in raw_outputs], {inputs[0][0]: tensor})
        for raw, (_, weight, bias, means, spreads) in zip(raws, self.heads, strict=True):
            factor = spreads / (raw.std(axis=(0, 2, 3)) + 1e-6)
            shift = means - factor * raw.mean(axis=(0, 2, 3))
            self.weights[weight] = (self.weights[weight] * factor[:, None, None, None]).astype(np.float32)
            self.weights[bias] = (self.weights[bias] * factor + shift).astype(np.float32)

    def save(self, file_name, inputs, outputs):
        model = self.model(inputs, outputs)
        onnx.checker.check_model(model, full_check=True)
        path = ASSETS / file_name
        onnx.save(model, str(path))
        size = path.stat().st_size
        assert size < 60 * 1024, (file_name, size)
        print(f"assets/{file_name}: {size / 1024:.0f} KiB")


def pyramid(builder, value, strides):
    """Feature maps [(value, channels)] at the given strides (8, 16, ...) from an RGB-like input."""
    channels = [3, 8, 8, 12]
    for channels_in, channels_out in zip(channels, channels[1:], strict=False):
        value = builder.node("Relu", [builder.conv(value, channels_in, channels_out, stride=2)])
    maps = [(value, channels[-1])]
    for _ in strides[1:]:
        value = builder.node("Relu", [builder.conv(value, maps[-1][1], 12, stride=2)])
        maps.append((value, 12))
    return maps


def channels_last(builder, value, shape):
    """Value [1, c, h, w] as rows of cells: transposed to [1, h, w, c] and reshaped to `shape`."""
    transposed = builder.node("Transpose", [value], perm=[0, 2, 3, 1])
    return builder.node("Reshape", [transposed, builder.weight(np.array(shape, dtype=np.int64))])


def rename_last(builder, name):
    """Gives the last node's output its public name."""
    builder.nodes[-1].output[0] = name
    return name


# Landmark offsets from the cell, in strides, of a face about three strides wide.
KPS_MEANS = [-0.6, -0.5, 0.6, -0.5, 0.0, 0.1, -0.5, 0.7, 0.5, 0.7]
KPS_SPREADS = [0.25] * 10


def random_yunet(seed, calibration):
    """YuNet: dynamic batch, height, width; cls, obj, bbox, kps at strides 8, 16, 32, all [batch, cells, c]."""
    builder = GraphBuilder(seed)
    roles = {
        "cls": ([-0.9], [1.4]),
        "obj": ([-0.9], [1.4]),
        "bbox": ([0.5, 0.5, 1.3, 1.5], [0.4, 0.4, 0.5, 0.5]),
        "kps": (KPS_MEANS, KPS_SPREADS),
    }
    maps = pyramid(builder, "input", [8, 16, 32])
    outputs = []
    for role, (means, spreads) in roles.items():
        for stride, (value, channels) in zip([8, 16, 32], maps, strict=True):
            rows = channels_last(builder, builder.head(value, channels, means, spreads), [0, -1, len(means)])
            if role in ("cls", "obj"):
                builder.node("Sigmoid", [rows])
            rename_last(builder, f"{role}_{stride}")
            outputs.append((f"{role}_{stride}", ["batch", f"cells_{stride}", len(means)]))
    inputs = [("input", ["batch", 3, "height", "width"])]
    builder.calibrate(inputs, calibration)
    builder.save("random_yunet.onnx", inputs, outputs)


def random_scrfd(seed, calibration, with_kps):
    """SCRFD, two anchors a cell: with landmarks, rows [cells * 2, c]; without, rows [1, cells * 2, c]."""
    builder = GraphBuilder(seed)
    roles = {"score": ([-2.2] * 2, [1.3] * 2), "bbox": ([2.0, 2.2, 1.9, 2.3] * 2, [0.5] * 8)}
    if with_kps:
        roles["kps"] = (KPS_MEANS * 2, KPS_SPREADS * 2)
    maps = pyramid(builder, "input.1", [8, 16, 32])
    outputs = []
    for role, (means, spreads) in roles.items():
        width = len(means) // 2
        for stride, (value, channels) in zip([8, 16, 32], maps, strict=True):
            raw = builder.head(value, channels, means, spreads)
            channels_last(builder, raw, [-1, width] if with_kps else [1, -1, width])
            if role == "score":
                builder.node("Sigmoid", [builder.nodes[-1].output[0]])
            rename_last(builder, f"{role}_{stride}")
            rows = [f"rows_{stride}", width]
            outputs.append((f"{role}_{stride}", rows if with_kps else [1, *rows]))
    inputs = [("input.1", [1, 3, "height", "width"])]
    builder.calibrate(inputs, calibration)
    builder.save("random_scrfd_kps.onnx" if with_kps else "random_scrfd_nokps.onnx", inputs, outputs)


def random_retinaface(seed, calibration):
    """RetinaFace (biubug6): dynamic height and width; loc, conf (softmaxed), landms; two priors a cell."""
    builder = GraphBuilder(seed)
    roles = {
        "loc": ([0.0, 0.0, 0.3, 0.8] * 2, [1.5, 1.5, 1.2, 1.2] * 2),
        "conf": ([1.6, 0.0] * 2, [1.1, 1.1] * 2),
        "landms": ([5.0 * mean for mean in KPS_MEANS] * 2, [2.0] * 20),
    }
    maps = pyramid(builder, "input0", [8, 16, 32])
    outputs = []
    for role, (means, spreads) in roles.items():
        width = len(means) // 2
        heads = [builder.head(value, channels, means, spreads) for value, channels in maps]
        levels = [channels_last(builder, head, [1, -1, width]) for head in heads]
        joined = builder.node("Concat", levels, axis=1)
        if role == "conf":
            builder.node("Softmax", [joined], axis=-1)
        rename_last(builder, role)
        outputs.append((role, [1, "priors", width]))
    inputs = [("input0", [1, 3, "height", "width"])]
    builder.calibrate(inputs, calibration)
    builder.save("random_retinaface.onnx", inputs, outputs)


ULTRAFACE_MIN_SIZES = {8: [10, 16, 24], 16: [32, 48], 32: [64, 96], 64: [128, 192, 256]}


def random_ultraface(seed, calibration):
    """UltraFace: fixed input 96 high x 128 wide; priors decoded inside: scores [1, n, 2], corner boxes [1, n, 4]."""
    height, width = 96, 128
    builder = GraphBuilder(seed)
    score_levels, location_levels, priors = [], [], []
    maps = pyramid(builder, "input", list(ULTRAFACE_MIN_SIZES))
    for (value, channels), (stride, sizes) in zip(maps, ULTRAFACE_MIN_SIZES.items(), strict=True):
        scores = builder.head(value, channels, [1.3, 0.0] * len(sizes), [1.0, 1.0] * len(sizes))
        score_levels.append(channels_last(builder, scores, [1, -1, 2]))
        locations = builder.head(value, channels, [0.0, 0.0, 0.2, 0.6] * len(sizes), [1.5] * 4 * len(sizes))
        location_levels.append(channels_last(builder, locations, [1, -1, 4]))
        rows, columns = -(-height // stride), -(-width // stride)
        for row in range(rows):
            for column in range(columns):
                for size in sizes:
                    priors.append([(column + 0.5) / columns, (row + 0.5) / rows, size / width, size / height])
    builder.node("Softmax", [builder.node("Concat", score_levels, axis=1)], output="scores", axis=2)

    def constant(values):
        return builder.weight(np.array(values, dtype=np.float32))

    def columns_of(value, start, end):
        bounds = [builder.weight(np.array([bound], dtype=np.int64)) for bound in (start, end, 2)]
        return builder.node("Slice", [value, *bounds])

    prior_values = np.array(priors)[None]
    locations = builder.node("Concat", location_levels, axis=1)
    prior_centres, prior_sizes = constant(prior_values[:, :, :2]), constant(prior_values[:, :, 2:])
    offsets = builder.node("Mul", [builder.node("Mul", [columns_of(locations, 0, 2), constant(0.1)]), prior_sizes])
    centres = builder.node("Add", [offsets, prior_centres])
    growth = builder.node("Exp", [builder.node("Mul", [columns_of(locations, 2, 4), constant(0.2)])])
    half_sizes = builder.node("Div", [builder.node("Mul", [growth, prior_sizes]), constant(2.0)])
    corners = [builder.node("Sub", [centres, half_sizes]), builder.node("Add", [centres, half_sizes])]
    builder.node("Concat", corners, output="boxes", axis=2)
    inputs = [("input", [1, 3, height, width])]
    builder.calibrate(inputs, calibration)
    n_priors = len(priors)
    builder.save("random_ultraface.onnx", inputs, [("scores", [1, n_priors, 2]), ("boxes", [1, n_priors, 4])])


def random_embedder(seed, dynamic_batch):
    """Embedder [1 or batch, 3, 112, 112] -> [1 or batch, 32]: strided convolutions with PReLU, 7x7 depthwise, 1x1."""
    builder = GraphBuilder(seed)
    value, channels = "input0", 3
    for channels_out in (8, 12, 16, 16):
        value = builder.conv(value, channels, channels_out, stride=2)
        slopes = builder.rng.uniform(0.1, 0.4, (channels_out, 1, 1)).astype(np.float32)
        value, channels = builder.node("PRelu", [value, builder.weight(slopes)]), channels_out
    value = builder.conv(value, channels, channels, kernel=7, group=channels, pad=0)
    value = builder.conv(value, channels, 32, kernel=1)
    batch = "batch" if dynamic_batch else 1
    shape = builder.weight(np.array([-1 if dynamic_batch else 1, 32], dtype=np.int64))
    builder.node("Reshape", [value, shape], output="output0")
    name = "random_embedder_dynamic.onnx" if dynamic_batch else "random_embedder.onnx"
    builder.save(name, [("input0", [batch, 3, 112, 112])], [("output0", [batch, 32])])
