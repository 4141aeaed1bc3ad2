"""Forward passes and parameter counts of the literature's networks, defined here in PyTorch after the papers and their authors' code.

Writes golden/train_nets.json. train_nets_onnx.py compares exported files with these definitions.

Fields: `width`, `embedding_dim`: the twins' channels as a share of the published (rounded to multiples of 4, at least 4) and the
length of their embeddings. `networks`: `name`; `input` [height, width]; `n_parameters` that training changes, as published;
`outputs`: for each output, two rows of numbers, for pictures and weights by the formula below. `normalised`: the same of networks
that have batch normalisation after every convolution, though they were published without.

Formula: element i of tensor t is u = hash(0x9e3779b9 t + 0x85ebca6b i), lowbias32 to [0, 1), then for weights of several dimensions
(2u - 1) sqrt(6 / fan-in), for scales of batch normalisation and running variances 0.75 + u/2, for PReLU's slopes 0.1 + 0.3u, for
biases and running means (2u - 1)/10. t counts the tensors in the order in which layers run: weight, bias, running mean, running
variance. Pictures are tensor 1,000,000: 2u - 1.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from golden_file import write_golden

WIDTH, DIM, PICTURES = 0.25, 16, 1_000_000


# The formula.


def uniform(tensor, count):
    i = np.arange(count, dtype=np.uint64)
    x = (np.uint64(0x9E3779B9) * np.uint64(tensor) + np.uint64(0x85EBCA6B) * i) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2.0**32


def fill(model):
    index = 0
    with torch.no_grad():
        for module in model.modules():
            tensors = {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}
            for name in ("weight", "bias", "running_mean", "running_var"):
                tensor = tensors.get(name)
                if tensor is None:
                    continue
                u = uniform(index, tensor.numel())
                if name == "weight" and tensor.dim() > 1:
                    fan_in = tensor.shape[2] if isinstance(module, LocallyConnected) else tensor[0].numel()
                    values = (2 * u - 1) * np.sqrt(6 / fan_in)
                elif isinstance(module, nn.PReLU):
                    values = 0.1 + 0.3 * u
                elif name in ("weight", "running_var"):
                    values = 0.75 + u / 2
                else:
                    values = (2 * u - 1) / 10
                tensor.copy_(torch.tensor(values.astype(np.float32)).reshape(tensor.shape))
                index += 1
    return model.eval()


def pictures(height, width):
    u = uniform(PICTURES, 2 * 3 * height * width)
    return torch.tensor((2 * u - 1).astype(np.float32)).reshape(2, 3, height, width)


# Widths.


class Scale:
    """Channels and lengths of one twin: `scale(64)` channels, `scale.dim(512)` numbers."""

    def __init__(self, width=1.0, embedding_dim=None):
        self.width, self.embedding_dim = width, embedding_dim

    def __call__(self, channels):
        if self.width == 1.0:
            return channels
        return 4 * max(1, int(channels * self.width / 4 + 0.5))

    def dim(self, published):
        return self.embedding_dim or published


# SphereFace: sphereface20.prototxt and the paper's Table 2; with batch normalisation in front of the PReLU in place of the biases.


def sphere_conv(before, channels, stride, is_normalised):
    conv = nn.Conv2d(before, channels, 3, stride, 1, bias=not is_normalised)
    return [conv, *([nn.BatchNorm2d(channels)] if is_normalised else []), nn.PReLU(channels)]


class SphereUnit(nn.Module):
    def __init__(self, channels, is_normalised):
        super().__init__()
        two = [sphere_conv(channels, channels, 1, is_normalised) for _ in range(2)]
        self.body = nn.Sequential(*two[0], *two[1])

    def forward(self, x):
        return x + self.body(x)


def sphereface(units, is_normalised=False):
    def define(scale):
        layers, before = [], 3
        for channels, n_units in zip((64, 128, 256, 512), units, strict=True):
            channels = scale(channels)
            layers += sphere_conv(before, channels, 2, is_normalised)
            layers += [SphereUnit(channels, is_normalised) for _ in range(n_units)]
            before = channels
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * 7 * 6, scale.dim(512)))

    return define, (112, 96)


# MobileFaceNet: the paper's Table 1.


def conv_bn(before, channels, kernel=1, stride=1, padding=0, groups=1, act=None, eps=1e-5):
    layers = [nn.Conv2d(before, channels, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(channels, eps=eps)]
    return nn.Sequential(*layers, *([act(channels)] if act else []))


class InvertedResidual(nn.Module):
    def __init__(self, before, channels, stride, expansion, act):
        super().__init__()
        inner = before * expansion
        self.is_residual = stride == 1 and before == channels
        self.body = nn.Sequential(
            conv_bn(before, inner, act=act), conv_bn(inner, inner, 3, stride, 1, inner, act), conv_bn(inner, channels)
        )

    def forward(self, x):
        return x + self.body(x) if self.is_residual else self.body(x)


def mobilefacenet(act, early, has_pointwise):
    def define(scale):
        c = scale(64)
        layers = [conv_bn(3, c, 3, 2, 1, act=act), conv_bn(c, c, 3, 1, 1, c, early)]
        if has_pointwise:
            layers.append(conv_bn(c, c, act=early))
        for t, channels, n, s in ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)):
            for i in range(n):
                layers.append(InvertedResidual(c, scale(channels), s if i == 0 else 1, t, act))
                c = scale(channels)
        last = scale(512)
        layers += [conv_bn(c, last, act=act), conv_bn(last, last, 7, groups=last), conv_bn(last, scale.dim(128)), nn.Flatten()]
        return nn.Sequential(*layers)

    return define, (112, 112)


# IResNet: insightface, arcface_torch/backbones/iresnet.py.


class IBasicBlock(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


def iresnet(blocks):
    def define(scale):
        before = scale(64)
        layers = [nn.Conv2d(3, before, 3, 1, 1, bias=False), nn.BatchNorm2d(before), nn.PReLU(before)]
        for channels, n_blocks in zip((64, 128, 256, 512), blocks, strict=True):
            for i in range(n_blocks):
                layers.append(IBasicBlock(before, scale(channels), 2 if i == 0 else 1))
                before = scale(channels)
        dim = scale.dim(512)
        features = nn.BatchNorm1d(dim)
        features.weight.requires_grad = False
        return nn.Sequential(*layers, nn.BatchNorm2d(before), nn.Flatten(), nn.Linear(before * 49, dim), features)

    return define, (112, 112)


# Layers without shared weights.


class LocallyConnected(nn.Module):
    """A convolution of its own for every block of share x share places, row by row."""

    def __init__(self, before, channels, kernel, stride, size, share=1):
        super().__init__()
        self.rows, self.columns = size[0] // share, size[1] // share
        self.kernel, self.stride, self.share = kernel, stride, share
        blocks = self.rows * self.columns
        self.weight = nn.Parameter(torch.empty(blocks, channels, before * kernel * kernel))
        self.bias = nn.Parameter(torch.empty(blocks, channels))

    def forward(self, x):
        step, seen = self.share * self.stride, (self.share - 1) * self.stride + self.kernel
        rows = []
        for row in range(self.rows):
            line = []
            for column in range(self.columns):
                block = row * self.columns + column
                part = x[:, :, row * step : row * step + seen, column * step : column * step + seen]
                weight = self.weight[block].reshape(-1, x.shape[1], self.kernel, self.kernel)
                line.append(F.conv2d(part, weight, self.bias[block], self.stride))
            rows.append(torch.cat(line, 3))
        return torch.cat(rows, 2)


def deepface():
    def define(scale):
        c1, c = scale(32), scale(16)
        return nn.Sequential(
            *(nn.Conv2d(3, c1, 11), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(nn.Conv2d(c1, c, 9), nn.ReLU()),
            *(LocallyConnected(c, c, 9, 1, (55, 55)), nn.ReLU()),
            *(LocallyConnected(c, c, 7, 2, (25, 25)), nn.ReLU()),
            *(LocallyConnected(c, c, 5, 1, (21, 21)), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(c * 21 * 21, scale.dim(4096)), nn.ReLU(), nn.Dropout(0.5)),
        )

    return define, (152, 152)


class DeepId(nn.Module):
    def __init__(self, scale, maps, dim, is_plus):
        super().__init__()
        a, b, c, d = (scale(n) for n in maps)
        self.conv1, self.conv2 = nn.Conv2d(3, a, 4), nn.Conv2d(a, b, 3)
        self.conv3 = LocallyConnected(b, c, 3, 1, (10, 8), share=2)
        self.conv4 = LocallyConnected(c, d, 2, 1, (4, 3))
        dim = scale.dim(dim)
        self.deepid = nn.Linear(c * 5 * 4 + d * 4 * 3, dim)
        lengths = (a * 26 * 22, b * 12 * 10, c * 5 * 4) if is_plus else ()
        self.supervised = nn.ModuleList(nn.Linear(length, dim) for length in lengths)

    def forward(self, x):
        first = F.max_pool2d(F.relu(self.conv1(x)), 2)
        second = F.max_pool2d(F.relu(self.conv2(first)), 2)
        third = F.max_pool2d(F.relu(self.conv3(second)), 2)
        fourth = F.relu(self.conv4(third))
        both = torch.cat([third.flatten(1), fourth.flatten(1)], 1)
        hidden = zip(self.supervised, (first, second, third), strict=False)
        return [F.relu(self.deepid(both)), *(F.relu(layer(x.flatten(1))) for layer, x in hidden)]


def deepid(maps, dim, is_plus):
    return lambda scale: DeepId(scale, maps, dim, is_plus), (55, 47)


# FaceNet: the paper's Tables 1 and 2; OpenFace's nn4.small2.def.lua.


class L2Pool(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        return F.lp_pool2d(F.pad(x, (1, 1, 1, 1)), 2, 3, self.stride)


class Inception(nn.Module):
    def __init__(self, scale, conv, before, one, three, five, pool, stride=1):
        super().__init__()
        branches = []
        if one:
            branches.append(conv(before, scale(one), 1))
        for kernel, pair in ((3, three), (5, five)):
            if pair:
                reduce, channels = scale(pair[0]), scale(pair[1])
                branches.append(nn.Sequential(conv(before, reduce, 1), conv(reduce, channels, kernel, stride)))
        kind, projection = pool
        pooling = nn.MaxPool2d(3, stride, 1) if kind == "max" else L2Pool(stride)
        branches.append(nn.Sequential(pooling, conv(before, scale(projection), 1)) if projection else pooling)
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


NN2 = [
    (64, (96, 128), (16, 32), ("max", 32)),
    (64, (96, 128), (32, 64), ("l2", 64)),
    (0, (128, 256), (32, 64), ("max", 0), 2),
    (256, (96, 192), (32, 64), ("l2", 128)),
    (224, (112, 224), (32, 64), ("l2", 128)),
    (192, (128, 256), (32, 64), ("l2", 128)),
    (160, (144, 288), (32, 64), ("l2", 128)),
    (0, (160, 256), (64, 128), ("max", 0), 2),
    (384, (192, 384), (48, 128), ("l2", 128)),
    (384, (192, 384), (48, 128), ("max", 128)),
]
NN4 = [*NN2[:8], (384, (192, 384), None, ("l2", 128)), (384, (192, 384), None, ("max", 128))]
SMALL = [*NN2[:4], NN2[7], (256, (96, 384), None, ("l2", 96)), (256, (96, 384), None, ("max", 96))]


def plain(before, channels, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(before, channels, kernel, stride, kernel // 2), nn.ReLU())


def normalised(before, channels, kernel, stride=1):
    return conv_bn(before, channels, kernel, stride, kernel // 2, act=lambda _: nn.ReLU())


def response():
    return nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)


def facenet(rows, side, conv=plain):
    def define(scale):
        c, d = scale(64), scale(192)
        layers = [conv(3, c, 7, 2), nn.MaxPool2d(3, 2, 1), response()]
        layers += [conv(c, c, 1), conv(c, d, 3), response(), nn.MaxPool2d(3, 2, 1)]
        before = d
        for row in rows:
            layers.append(Inception(scale, conv, before, *row))
            before = joined(scale, before, row)
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, scale.dim(128)))

    return define, (side, side)


def joined(scale, before, row):
    one, three, five, (_, projection), *_ = row
    parts = [scale(one) if one else 0, scale(three[1]), scale(five[1]) if five else 0]
    return sum(parts) + (scale(projection) if projection else before)


class Maxout(nn.Module):
    def forward(self, x):
        return torch.maximum(x[:, 0::2], x[:, 1::2])


def facenet_nn1():
    def define(scale):
        c = {n: scale(n) for n in (64, 192, 256, 384, 4096)}
        layers = [plain(3, c[64], 7, 2), nn.MaxPool2d(3, 2, 1), response()]
        layers += [plain(c[64], c[64], 1), plain(c[64], c[192], 3), response(), nn.MaxPool2d(3, 2, 1)]
        layers += [plain(c[192], c[192], 1), plain(c[192], c[384], 3), nn.MaxPool2d(3, 2, 1)]
        layers += [plain(c[384], c[384], 1), plain(c[384], c[256], 3)]
        layers += [plain(c[256], c[256], 1), plain(c[256], c[256], 3)]
        layers += [plain(c[256], c[256], 1), plain(c[256], c[256], 3), nn.MaxPool2d(3, 2, 1), nn.Flatten()]
        layers += [nn.Linear(c[256] * 49, 2 * c[4096]), Maxout(), nn.Linear(c[4096], 2 * c[4096]), Maxout()]
        return nn.Sequential(*layers, nn.Linear(c[4096], scale.dim(128)))

    return define, (220, 220)


# Inception-ResNet-v1: facenet-pytorch, inception_resnet_v1.py.


def basic(before, channels, kernel, stride=1, padding=0):
    return conv_bn(before, channels, kernel, stride, padding, act=lambda _: nn.ReLU(), eps=1e-3)


class Branches(nn.Module):
    """Branches side by side; projected and added to the input if there is a factor, else with pooling."""

    def __init__(self, before, branches, factor=None, relu=True):
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*branch) for branch in branches)
        self.factor, self.relu = factor, relu
        if factor is not None:
            total = sum(branch[-1][0].out_channels for branch in branches)
            self.conv2d = nn.Conv2d(total, before, 1)

    def forward(self, x):
        parts = [branch(x) for branch in self.branches]
        if self.factor is None:
            return torch.cat([*parts, F.max_pool2d(x, 3, 2)], 1)
        y = self.conv2d(torch.cat(parts, 1)) * self.factor + x
        return F.relu(y) if self.relu else y


def inception_resnet():
    def define(scale):
        s = scale
        c64, c80, c192, c256 = s(64), s(80), s(192), s(256)
        layers = [basic(3, s(32), 3, 2), basic(s(32), s(32), 3), basic(s(32), c64, 3, 1, 1), nn.MaxPool2d(3, 2)]
        layers += [basic(c64, c80, 1), basic(c80, c192, 3), basic(c192, c256, 3, 2)]
        for _ in range(5):
            b = s(32)
            two = [basic(c256, b, 1), basic(b, b, 3, 1, 1)]
            three = [basic(c256, b, 1), basic(b, b, 3, 1, 1), basic(b, b, 3, 1, 1)]
            layers.append(Branches(c256, [[basic(c256, b, 1)], two, three], 0.17))
        a, b, c = s(384), s(192), s(256)
        layers.append(Branches(c256, [[basic(c256, a, 3, 2)], [basic(c256, b, 1), basic(b, b, 3, 1, 1), basic(b, c, 3, 2)]]))
        n, b = a + c + c256, s(128)
        for _ in range(10):
            strips = [basic(n, b, 1), basic(b, b, (1, 7), 1, (0, 3)), basic(b, b, (7, 1), 1, (3, 0))]
            layers.append(Branches(n, [[basic(n, b, 1)], strips], 0.1))
        a, b = s(384), s(256)
        first, second = [basic(n, b, 1), basic(b, a, 3, 2)], [basic(n, b, 1), basic(b, b, 3, 2)]
        layers.append(Branches(n, [first, second, [basic(n, b, 1), basic(b, b, 3, 1, 1), basic(b, b, 3, 2)]]))
        n, b = a + b + b + n, s(192)
        for i in range(6):
            strips = [basic(n, b, 1), basic(b, b, (1, 3), 1, (0, 1)), basic(b, b, (3, 1), 1, (1, 0))]
            layers.append(Branches(n, [[basic(n, b, 1)], strips], 0.2 if i < 5 else 1.0, relu=i < 5))
        dim = scale.dim(512)
        end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.6), nn.Linear(n, dim, bias=False), nn.BatchNorm1d(dim, eps=1e-3)]
        return nn.Sequential(*layers, *end)

    return define, (160, 160)


# VGG-Face (configuration D of VGG), and Yi et al.'s network.


def vgg_face():
    def define(scale):
        layers, before = [], 3
        for channels, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(n):
                layers += [nn.Conv2d(before, scale(channels), 3, 1, 1), nn.ReLU()]
                before = scale(channels)
            layers.append(nn.MaxPool2d(2, 2))
        c = scale(4096)
        layers += [nn.Flatten(), nn.Linear(before * 49, c), nn.ReLU(), nn.Dropout(0.5), nn.Linear(c, c), nn.ReLU(), nn.Dropout(0.5)]
        return nn.Sequential(*layers, nn.Linear(c, scale.dim(1024)))

    return define, (224, 224)


class Grey(nn.Module):
    def forward(self, x):
        return (0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2])[:, None]


def casia():
    def define(scale):
        layers, before = [Grey()], 1
        for i, (first, second) in enumerate(((32, 64), (64, 128), (96, 192), (128, 256), (160, 320))):
            first, second = scale(first), scale.dim(second) if i == 4 else scale(second)
            layers += [nn.Conv2d(before, first, 3, 1, 1), nn.ReLU(), nn.Conv2d(first, second, 3, 1, 1)]
            layers += [nn.AvgPool2d(7)] if i == 4 else [nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]
            before = second
        return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.4))

    return define, (100, 100)


# GhostFaceNet: ghostnet.pytorch's ghostnet.py with PReLU and a depthwise end.


class Ghost(nn.Module):
    def __init__(self, before, channels, act):
        super().__init__()
        half = channels // 2
        self.primary = conv_bn(before, half, act=act)
        self.cheap = conv_bn(half, half, 3, 1, 1, half, act)

    def forward(self, x):
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        squeezed = -(-(channels // 4) // 4) * 4
        self.reduce, self.expand = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        y = self.expand(F.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * F.relu6(y + 3) / 6


class GhostBottleneck(nn.Module):
    def __init__(self, before, inner, channels, kernel, is_gated, stride):
        super().__init__()
        pad = kernel // 2
        layers = [Ghost(before, inner, nn.PReLU)]
        layers += [conv_bn(inner, inner, kernel, stride, pad, inner)] if stride > 1 else []
        layers += [SqueezeExcite(inner)] if is_gated else []
        self.body = nn.Sequential(*layers, Ghost(inner, channels, None))
        self.identity = nn.Sequential()
        if stride > 1 or before != channels:
            self.identity = nn.Sequential(conv_bn(before, before, kernel, stride, pad, before), conv_bn(before, channels))

    def forward(self, x):
        return self.body(x) + self.identity(x)


GHOST = [
    *((3, 16, 16, 0, 1), (3, 48, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2), (5, 120, 40, 1, 1), (3, 240, 80, 0, 2)),
    *((3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1), (3, 672, 112, 1, 1)),
    *((5, 672, 160, 1, 2), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1)),
]


def ghostfacenet():
    def define(scale):
        before = scale(16)
        layers = [conv_bn(3, before, 3, 2, 1, act=nn.PReLU)]
        for kernel, inner, channels, is_gated, stride in GHOST:
            layers.append(GhostBottleneck(before, scale(inner), scale(channels), kernel, is_gated, stride))
            before = scale(channels)
        last = scale(960)
        layers += [conv_bn(before, last, act=nn.PReLU), conv_bn(last, last, 4, groups=last), conv_bn(last, scale.dim(512))]
        return nn.Sequential(*layers, nn.Flatten())

    return define, (112, 112)


# This project's own.


class DenseUnit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(channels, channels, 3, 1, 1, act=lambda _: nn.ReLU()), conv_bn(channels, channels, 3, 1, 1)
        )

    def forward(self, x):
        return F.relu(x + self.body(x))


def lite(stages):
    def define(scale):
        layers, before = [], 3
        for channels, n_units in stages:
            layers.append(conv_bn(before, scale(channels), 3, 2, 1, act=lambda _: nn.ReLU()))
            before = scale(channels)
            layers += [DenseUnit(before) for _ in range(n_units)]
        return nn.Sequential(*layers, conv_bn(before, before, 7, groups=before), nn.Flatten(), nn.Linear(before, scale.dim(128)))

    return define, (112, 112)


def relu6(_):
    return nn.ReLU6()


def relu(_):
    return nn.ReLU()


NETWORKS = {
    "sphereface-4": sphereface((0, 0, 0, 0)),
    "sphereface-10": sphereface((0, 1, 2, 0)),
    "sphereface-20": sphereface((1, 2, 4, 1)),
    "sphereface-36": sphereface((2, 4, 8, 2)),
    "sphereface-64": sphereface((3, 8, 16, 3)),
    "mobilefacenet": mobilefacenet(nn.PReLU, nn.PReLU, has_pointwise=False),
    "mobilefacenet-relu6": mobilefacenet(relu6, relu, has_pointwise=True),
    "iresnet-18": iresnet((2, 2, 2, 2)),
    "iresnet-34": iresnet((3, 4, 6, 3)),
    "iresnet-50": iresnet((3, 4, 14, 3)),
    "iresnet-100": iresnet((3, 13, 30, 3)),
    "ghostfacenet": ghostfacenet(),
    "deepface": deepface(),
    "deepid2": deepid((20, 40, 60, 80), 160, is_plus=False),
    "deepid2-plus": deepid((128, 128, 128, 128), 512, is_plus=True),
    "facenet-nn1": facenet_nn1(),
    "facenet-nn2": facenet(NN2, 224),
    "facenet-nn3": facenet(NN2, 160),
    "facenet-nn4": facenet(NN4, 96),
    "openface-nn4-small2": facenet(SMALL, 96, normalised),
    "inception-resnet-v1": inception_resnet(),
    "vgg-face": vgg_face(),
    "casia-10": casia(),
    "lite": lite(((32, 0), (64, 1), (128, 2), (160, 1))),
    "lite-tiny": lite(((16, 0), (32, 0), (64, 1), (144, 1))),
}


# Published without batch normalisation, and with it.
NORMALISED = {
    "sphereface-10": sphereface((0, 1, 2, 0), is_normalised=True),
    "sphereface-20": sphereface((1, 2, 4, 1), is_normalised=True),
}


def outputs_of(define, size):
    model = fill(define(Scale(WIDTH, DIM)))
    with torch.no_grad():
        outputs = model(pictures(*size))
    return outputs if isinstance(outputs, list) else [outputs]


def records(networks):
    found = []
    for name, (define, size) in networks.items():
        with torch.device("meta"):
            published = define(Scale())
        outputs = [[[float(f"{v:.8g}") for v in row] for row in output.tolist()] for output in outputs_of(define, size)]
        n_parameters = sum(p.numel() for p in published.parameters() if p.requires_grad)
        found.append({"name": name, "input": size, "n_parameters": n_parameters, "outputs": outputs})
    return found


def main():
    torch.set_num_threads(1)
    fields = {"width": WIDTH, "embedding_dim": DIM, "networks": records(NETWORKS), "normalised": records(NORMALISED)}
    write_golden("train_nets.json", "train_nets.py", ["torch", "numpy"], fields)


if __name__ == "__main__":
    main()
