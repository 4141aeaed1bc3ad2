"""Golden values of the executor's operators: small random graphs, run by onnxruntime.

golden/kernels.json: `cases`, each with `name`, `onnx_base64` (the whole ONNX file), `input` {shape, values} and
`outputs` [{shape, values}], values flattened, the last dimension running fastest.
"""

import base64

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from golden_file import rounded, write_golden
from inference import open_session

OPSET, IR_VERSION = 17, 9


class Case:
    """One graph: nodes over the value `x`, with seeded weights."""

    def __init__(self, name, shape, seed, opset=OPSET):
        self.name, self.shape, self.opset = name, shape, opset
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def weight(self, *shape, low=-1.0, high=1.0):
        return self.constant(self.rng.uniform(low, high, shape).astype(np.float32))

    def constant(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def conv(self, value, outputs, inputs, kernel, stride=1, pads=0, group=1, dilation=1, bias=True):
        kernel = [kernel, kernel] if isinstance(kernel, int) else kernel
        pads = [pads] * 4 if isinstance(pads, int) else pads
        operands = [value, self.weight(outputs, inputs // group, *kernel)]
        operands += [self.weight(outputs)] if bias else []
        settings = {"kernel_shape": kernel, "strides": [stride] * 2, "pads": pads}
        return self.node("Conv", *operands, group=group, dilations=[dilation] * 2, **settings)

    def record(self, *outputs):
        ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)]
        graph = helper.make_graph(self.nodes, self.name, inputs, ports, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)
        content = model.SerializeToString()
        values = np.round(self.rng.normal(0, 1, self.shape), 3).astype(np.float32)
        results = open_session(content).run(list(outputs), {"x": values})
        return {
            "name": self.name,
            "onnx_base64": base64.b64encode(content).decode("ascii"),
            "input": tensor(values),
            "outputs": [tensor(result) for result in results],
        }


def tensor(values):
    return {"shape": list(values.shape), "values": rounded(values.ravel(), 6)}


def convolutions():
    """Channel remainders, strides, paddings, groups, dilations."""
    settings = [
        ("conv_1x1", (1, 5, 4, 3), (17, 5, 1), {}),
        ("conv_3x3_pad", (1, 3, 5, 6), (9, 3, 3), {"pads": 1}),
        ("conv_3x3_stride", (1, 18, 6, 5), (3, 18, 3), {"pads": 1, "stride": 2}),
        ("conv_asymmetric_pads", (1, 6, 4, 5), (8, 6, 3), {"pads": [0, 2, 1, 0]}),
        ("conv_no_bias", (2, 4, 3, 3), (5, 4, 2), {"bias": False}),
        ("conv_dilated", (1, 2, 7, 7), (4, 2, 3), {"pads": 2, "dilation": 2}),
        ("conv_1x5", (1, 3, 3, 7), (4, 3, [1, 5]), {"pads": [0, 2, 0, 2]}),
        ("conv_groups", (1, 6, 4, 4), (4, 6, 3), {"pads": 1, "group": 2}),
        ("conv_groups_of_blocks", (1, 32, 3, 2), (32, 32, 1), {"group": 2}),
        ("depthwise_3x3", (1, 19, 5, 4), (19, 19, 3), {"pads": 1, "group": 19}),
        ("depthwise_stride", (1, 8, 7, 6), (8, 8, 3), {"pads": 1, "stride": 2, "group": 8}),
        ("depthwise_7x7", (1, 9, 7, 7), (9, 9, 7), {"group": 9}),
        ("depthwise_multiplier", (1, 3, 4, 4), (6, 3, 3), {"pads": 1, "group": 3}),
        ("conv_wide_row", (1, 2, 2, 33), (3, 2, 3), {"pads": 1}),
    ]
    for seed, (name, shape, (outputs, inputs, kernel), rest) in enumerate(settings):
        case = Case(name, shape, seed)
        yield case.record(case.conv("x", outputs, inputs, kernel, **rest))


def fusions():
    """Everything that may be folded into a convolution, alone and in a row."""
    case = Case("batchnorm_relu", (1, 5, 4, 4), 100)
    norm = [case.weight(9, low=0.5), case.weight(9), case.weight(9), case.weight(9, low=0.5, high=2.0)]
    yield case.record(case.node("Relu", case.node("BatchNormalization", case.conv("x", 9, 5, 3, pads=1), *norm)))
    case = Case("prelu_residual", (1, 6, 5, 5), 101)
    first = case.node("PRelu", case.conv("x", 6, 6, 3, pads=1), case.weight(6, 1, 1))
    second = case.conv(first, 6, 6, 3, pads=1)
    yield case.record(case.node("PRelu", case.node("Add", "x", second), case.weight(6, 1, 1)))
    case = Case("clip_leaky", (1, 4, 4, 4), 102)
    bounds = [case.constant(np.float32(0)), case.constant(np.float32(6))]
    clipped = case.node("Clip", case.conv("x", 8, 4, 1), *bounds)
    yield case.record(case.node("LeakyRelu", case.conv(clipped, 8, 8, 3, pads=1, group=8), alpha=0.2))
    case = Case("silu_hardswish", (1, 4, 4, 4), 103)
    value = case.conv("x", 8, 4, 1)
    silu = case.node("Mul", value, case.node("Sigmoid", value))
    yield case.record(case.node("HardSwish", case.conv(silu, 4, 8, 1)))
    case = Case("constants_folded", (1, 3, 4, 4), 104)
    value = case.node("Mul", case.conv("x", 5, 3, 1), case.weight(5, 1, 1))
    value = case.node("Sub", value, case.weight(1, 5, 1, 1))
    yield case.record(case.node("HardSigmoid", case.node("Div", value, case.constant(np.float32(2.5)))))
    case = Case("two_readers", (1, 4, 4, 4), 105)
    value = case.conv("x", 8, 4, 1)
    yield case.record(case.node("Relu", value), case.node("Sigmoid", value))
    case = Case("shortcut_convolution", (1, 4, 6, 6), 106)
    both = case.node("Add", case.conv("x", 8, 4, 3, pads=1, stride=2), case.conv("x", 8, 4, 1, stride=2))
    yield case.record(case.node("Relu", both))


def halves():
    """Weights stored in 16 bits, the least of them and zeros among them, and cast."""
    case = Case("half_weights", (1, 5, 4, 4), 110)
    weights = case.rng.uniform(-1, 1, (9, 5, 3, 3)).astype(np.float16)
    weights[0, :4, 0, 0] = [0, 6e-8, -3e-5, 6.1e-5]
    weights = case.node("Cast", case.constant(weights), to=TensorProto.FLOAT)
    yield case.record(case.node("Conv", "x", weights, case.weight(9), kernel_shape=[3, 3], pads=[1] * 4))


def pictures():
    """Pools, resizes, joins, gates."""
    window = {"kernel_shape": [3, 3], "strides": [2, 2]}
    for seed, (operator, attributes) in enumerate(
        [
            ("MaxPool", {**window, "pads": [1, 1, 1, 1]}),
            ("MaxPool", {**window, "ceil_mode": 1}),
            ("AveragePool", {**window, "pads": [1, 1, 0, 0]}),
            ("AveragePool", {**window, "pads": [1, 1, 1, 1], "count_include_pad": 1}),
            ("GlobalAveragePool", {}),
        ]
    ):
        case = Case(f"{operator.lower()}_{seed}", (1, 9, 6, 8), 200 + seed)
        yield case.record(case.node(operator, "x", **attributes))
    for seed, (mode, coordinates) in enumerate(
        [("nearest", "asymmetric"), ("nearest", "half_pixel"), ("linear", "half_pixel"), ("linear", "align_corners")]
    ):
        case = Case(f"resize_{mode}_{coordinates}", (1, 3, 4, 5), 210 + seed)
        scales = case.constant(np.array([1, 1, 2, 2], np.float32))
        rest = {"nearest_mode": "floor"} if mode == "nearest" else {}
        yield case.record(
            case.node("Resize", "x", "", scales, mode=mode, coordinate_transformation_mode=coordinates, **rest)
        )
    case = Case("concat_blocks", (1, 4, 3, 3), 220)
    parts = [case.conv("x", 16, 4, 1), case.conv("x", 5, 4, 1)]
    yield case.record(case.conv(case.node("Concat", *parts, axis=1), 6, 21, 1))
    case = Case("concat_odd", (1, 4, 3, 3), 221)
    yield case.record(case.node("Concat", case.conv("x", 5, 4, 1), case.conv("x", 6, 4, 1), axis=1))
    case = Case("squeeze_excite", (1, 9, 4, 4), 222)
    value = case.conv("x", 9, 9, 1)
    gate = case.node("Sigmoid", case.conv(case.node("GlobalAveragePool", value), 9, 9, 1))
    yield case.record(case.node("Mul", value, gate))


def ends():
    """Matrices, moves, softmaxes, norms."""
    case = Case("gemm", (2, 3, 2, 2), 300)
    flat = case.node("Flatten", "x")
    yield case.record(case.node("Gemm", flat, case.weight(7, 12), case.weight(7), transB=1, alpha=0.5))
    case = Case("matmul_add", (2, 3, 6), 301)
    yield case.record(case.node("Relu", case.node("Add", case.node("MatMul", "x", case.weight(6, 5)), case.weight(5))))
    case = Case("gemm_batchnorm", (2, 6), 302)
    norm = [case.weight(4, low=0.5), case.weight(4), case.weight(4), case.weight(4, low=0.5, high=2.0)]
    yield case.record(case.node("BatchNormalization", case.node("Gemm", "x", case.weight(6, 4)), *norm))
    case = Case("channels_last_softmax", (1, 4, 3, 2), 303)
    moved = case.node("Transpose", case.conv("x", 6, 4, 1), perm=[0, 2, 3, 1])
    rows = case.node("Reshape", moved, case.constant(np.array([1, -1, 2])))
    yield case.record(case.node("Softmax", rows, axis=2))
    case = Case("shape_chain", (2, 4, 3, 2), 304)
    batch = case.node("Gather", case.node("Shape", "x"), case.constant(np.int64(0)), axis=0)
    parts = [case.node("Unsqueeze", batch, case.constant(np.array([0]))), case.constant(np.array([-1]))]
    yield case.record(case.node("Reshape", "x", case.node("Concat", *parts, axis=0)))
    case = Case("slice_exp_priors", (1, 6, 4), 305)
    bounds = [case.constant(np.array([bound])) for bound in (2, 4, 2)]
    growth = case.node("Exp", case.node("Mul", case.node("Slice", "x", *bounds), case.constant(np.float32(0.2))))
    yield case.record(case.node("Mul", growth, case.weight(1, 6, 2)))
    case = Case("lp_normalization", (2, 9), 306)
    yield case.record(case.node("LpNormalization", "x", axis=1, p=2))
    case = Case("reduce_l2_div", (2, 9), 307)
    yield case.record(case.node("Div", "x", case.node("ReduceL2", "x", axes=[1], keepdims=1)))
    case = Case("softmax_old", (2, 3, 4), 308, opset=11)
    yield case.record(case.node("Softmax", "x", axis=1))


def varied_pictures():
    """Operators over pictures, each in shapes drawn at random, alone or after a convolution."""

    def norm(case, value, channels):
        bounds = [(0.5, 1.5), (-1, 1), (-1, 1), (0.5, 2)]
        constants = [case.weight(channels, low=low, high=high) for low, high in bounds]
        return case.node("BatchNormalization", value, *constants, epsilon=1e-3)

    def pool(operator):
        def made(case, value, channels):
            kernel, strides = case.rng.integers(1, 4, (2, 2)).tolist()
            pads = [int(case.rng.integers(0, kernel[axis % 2])) for axis in range(4)]
            rest = {"ceil_mode": int(case.rng.integers(2)), "kernel_shape": kernel, "strides": strides, "pads": pads}
            if operator == "AveragePool":
                rest["count_include_pad"] = int(case.rng.integers(2))
            return case.node(operator, value, **rest)

        return made

    def resize(mode, coordinates, nearest="round_prefer_floor"):
        def made(case, value, channels):
            _, _, height, width = case.shape
            # Pixels between others, where the nearest one does not depend on rounding.
            factors = case.rng.integers(1, 3, 2) if mode == "nearest" else case.rng.uniform(0.5, 1.5, 2)
            sizes = np.array([case.shape[0], channels, *(factors * [height, width]).astype(int)])
            rest = {"nearest_mode": nearest} if mode == "nearest" else {}
            operands = [value, "", "", case.constant(sizes)]
            return case.node("Resize", *operands, mode=mode, coordinate_transformation_mode=coordinates, **rest)

        return made

    def pair(operator, shape_of):
        def made(case, value, channels):
            _, _, height, width = case.shape
            return case.node(operator, value, case.weight(*shape_of(channels, height, width), low=0.5, high=1.5))

        return made

    operators = {
        "batchnorm": norm,
        "prelu": lambda case, value, channels: case.node("PRelu", value, case.weight(channels, 1, 1)),
        "prelu_one_slope": lambda case, value, channels: case.node("PRelu", value, case.weight(1)),
        "leaky": lambda case, value, channels: case.node("LeakyRelu", value, alpha=0.15),
        "clip": lambda case, value, channels: case.node("Clip", value, *map(case.constant, np.float32([-0.2, 0.4]))),
        "sigmoid": lambda case, value, channels: case.node("Sigmoid", value),
        "hardswish": lambda case, value, channels: case.node("HardSwish", value),
        "silu": lambda case, value, channels: case.node("Mul", value, case.node("Sigmoid", value)),
        "tanh": lambda case, value, channels: case.node("Tanh", value),
        "add_same": lambda case, value, channels: case.node("Add", value, case.node("Relu", value)),
        "mul_channel": lambda case, value, channels: case.node("Mul", value, case.node("GlobalAveragePool", value)),
        "mul_pixel": pair("Mul", lambda channels, height, width: (1, 1, height, width)),
        "add_row": pair("Add", lambda channels, height, width: (width,)),
        "div_all": pair("Div", lambda channels, height, width: (channels, height, width)),
        "max_pool": pool("MaxPool"),
        "average_pool": pool("AveragePool"),
        "nearest_floor": resize("nearest", "asymmetric", "floor"),
        "nearest_ceil": resize("nearest", "half_pixel", "ceil"),
        "linear": resize("linear", "pytorch_half_pixel"),
        "linear_corners": resize("linear", "align_corners"),
        "linear_asymmetric": resize("linear", "asymmetric"),
    }
    for seed, (name, operator) in enumerate(operators.items()):
        for after_conv in (False, True):
            seeds = np.random.default_rng(400 + seed)
            shape = [int(seeds.integers(low, high)) for low, high in [(1, 3), (1, 20), (3, 5), (3, 6)]]
            case = Case(f"{name}_{'blocks' if after_conv else 'plain'}", shape, 400 + seed)
            channels = int(seeds.integers(1, 20)) if after_conv else shape[1]
            value = case.conv("x", channels, shape[1], 1) if after_conv else "x"
            yield case.record(operator(case, value, channels))


def varied_ends():
    """Padding that keeps the size; matrices and moves in shapes drawn at random."""
    for seed, name in enumerate(["SAME_UPPER", "SAME_LOWER"]):
        case = Case(f"conv_{name.lower()}", (1, 3, 4, 5), 490 + seed)
        yield case.record(case.node("Conv", "x", case.weight(4, 3, 2, 3), auto_pad=name, strides=[2, 1]))
    rng = np.random.default_rng(500)
    for seed, (turn_left, turn_right, bias) in enumerate([(0, 0, 1), (1, 0, 1), (1, 1, 0), (0, 1, 2)]):
        rows, columns, inner = rng.integers(2, 19, 3).tolist()
        case = Case(f"gemm_{turn_left}{turn_right}_{seed}", (inner, rows) if turn_left else (rows, inner), 500 + seed)
        right = case.weight(*((columns, inner) if turn_right else (inner, columns)))
        biases = [[], [case.weight(columns)], [case.weight(1, columns)]][bias]
        yield case.record(case.node("Gemm", "x", right, *biases, transA=turn_left, transB=turn_right, beta=0.5))
    for seed, (outer, places) in enumerate([((), (3,)), ((2,), (3,)), ((), (2, 3)), ((2,), (1, 2))]):
        rows, columns, inner = rng.integers(2, 19, 3).tolist()
        case = Case(f"matmul_places_{seed}", (*outer, *places, rows, inner), 510 + seed)
        product = case.node("MatMul", "x", case.weight(*places, inner, columns))
        yield case.record(case.node("Relu", case.node("Add", product, case.weight(*places, 1, columns))))
    for seed, axis in enumerate([0, 1, -1]):
        shape = tuple(rng.integers(2, 6, 3).tolist())
        yield (case := Case(f"softmax_axis_{seed}", shape, 520 + seed)).record(case.node("Softmax", "x", axis=axis))
        yield (case := Case(f"norm_l1_{seed}", shape, 530 + seed)).record(
            case.node("LpNormalization", "x", axis=axis, p=1)
        )
        yield (case := Case(f"flatten_{seed}", shape, 540 + seed)).record(case.node("Flatten", "x", axis=axis))
    for seed, perm in enumerate([(0, 2, 3, 1), (3, 1, 0, 2), (1, 0, 3, 2)]):
        shape = tuple(rng.integers(2, 6, 4).tolist())
        case = Case(f"transpose_{seed}", shape, 550 + seed)
        yield case.record(case.node("Transpose", case.conv("x", 9, shape[1], 1), perm=list(perm)))
    for seed, axis in enumerate([0, 2, 3]):
        shape = tuple(rng.integers(2, 6, 4).tolist())
        case = Case(f"concat_axis_{axis}", shape, 560 + seed)
        yield case.record(case.node("Concat", "x", case.conv("x", shape[1], shape[1], 1), axis=axis))


def local_layers():
    """Locally connected layers as the trainer writes them, with weights for each square of `share` times `share` places."""
    settings = [(2, 3, 5, 3, 1, 1, (2, 3)), (1, 4, 9, 2, 2, 1, (3, 2)), (2, 2, 17, 3, 1, 2, (2, 2))]
    for seed, (batch, channels, outputs, kernel, stride, share, (down, across)) in enumerate(settings):
        rows, columns = down * share, across * share
        shape = [batch, channels, (rows - 1) * stride + kernel, (columns - 1) * stride + kernel]
        case = Case(f"locally_connected_{seed}", shape, 570 + seed)
        constants = [np.array([2, 3]), np.array([stride, stride])]
        axes, steps = map(case.constant, constants)
        slices = []
        for row in range(kernel):
            for column in range(kernel):
                ends = np.array([row + (rows - 1) * stride + 1, column + (columns - 1) * stride + 1])
                starts = case.constant(np.array([row, column]))
                slices.append(case.node("Slice", "x", starts, case.constant(ends), axes, steps))
        length = channels * kernel * kernel

        def reshaped(value, *sizes):
            return case.node("Reshape", value, case.constant(np.array(sizes)))

        value = reshaped(case.node("Concat", *slices, axis=1), 0, length, down, share, across, share)
        value = reshaped(case.node("Transpose", value, perm=[2, 4, 0, 3, 5, 1]), down * across, -1, length)
        value = case.node("MatMul", value, case.weight(down * across, length, outputs))
        value = case.node("Add", value, case.weight(down * across, 1, outputs))
        value = reshaped(value, down, across, -1, share, share, outputs)
        value = case.node("Transpose", value, perm=[2, 5, 0, 3, 1, 4])
        yield case.record(reshaped(value, 0, outputs, rows, columns))


def main():
    cases = [*convolutions(), *fusions(), *halves(), *pictures(), *ends()]
    cases += [*varied_pictures(), *varied_ends(), *local_layers()]
    write_golden("kernels.json", "kernels.py", ["numpy", "onnx", "onnxruntime"], {"cases": cases})


if __name__ == "__main__":
    main()
