"""A network under names of its own, as published weights come: SphereFace-4 with batch normalisation, defined and named here in PyTorch.

Writes golden/train_names.safetensors, the state dict with a classifier that the network does not have, and golden/train_names.json:
`width` and `embedding_dim`, as in train_nets.json; `input` [height, width]; `outputs`: two rows of numbers for pictures by the formula
of train_nets.py, which the weights are by too.
"""

from safetensors.torch import save_file
import torch
from torch import nn

from golden_file import GOLDEN, write_golden
from train_nets import Scale, fill, pictures

WIDTH, DIM, SIZE, PEOPLE = 1 / 16, 8, (32, 32), 3


class Block(nn.Module):
    def __init__(self, before, channels):
        super().__init__()
        self.conv = nn.Conv2d(before, channels, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.slope = nn.PReLU(channels)

    def forward(self, x):
        return self.slope(self.norm(self.conv(x)))


class Published(nn.Module):
    def __init__(self, scale):
        super().__init__()
        channels = [3, *(scale(n) for n in (64, 128, 256, 512))]
        self.blocks = nn.ModuleList(Block(*pair) for pair in zip(channels, channels[1:], strict=False))
        self.projection = nn.Linear(channels[-1] * 2 * 2, scale.dim(512))
        self.logits = nn.Linear(scale.dim(512), PEOPLE, bias=False)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.projection(x.flatten(1))


def main():
    torch.set_num_threads(1)
    model = fill(Published(Scale(WIDTH, DIM)))
    with torch.no_grad():
        rows = model(pictures(*SIZE)).tolist()
    save_file(model.state_dict(), GOLDEN / "train_names.safetensors")
    fields = {"width": WIDTH, "embedding_dim": DIM, "input": SIZE, "outputs": [[float(f"{v:.8g}") for v in row] for row in rows]}
    write_golden("train_names.json", "train_names.py", ["torch", "numpy", "safetensors"], fields)


if __name__ == "__main__":
    main()
