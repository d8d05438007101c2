"""The layers of the small U-Net; importing this file imports torch, so `network.py` does it where it is needed.

Source: Ronneberger et al. 2015.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class UNet(nn.Module):
    """(n, channels, side, side) to logits (n, 1, side, side); the side is a multiple of 8."""

    def __init__(self, n_channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        steps = [n_channels, *widths]
        self.down = nn.ModuleList(_block(a, b) for a, b in pairwise(steps))
        pairs = list(pairwise(widths))
        self.up = nn.ModuleList(_block(narrow + wide, narrow) for narrow, wide in reversed(pairs))
        self.out = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Down by halves, up again beside what was there on the way."""
        passed = []
        for number, block in enumerate(self.down):
            x = block(x if number == 0 else nn.functional.max_pool2d(x, 2))
            passed.append(x)
        for block, beside in zip(self.up, passed[-2::-1], strict=True):
            x = block(torch.cat([nn.functional.interpolate(x, scale_factor=2.0), beside], dim=1))
        logits: torch.Tensor = self.out(x)
        return logits


def _block(n_in: int, n_out: int) -> nn.Sequential:
    """Two convolutions, each with a normalisation over groups, which does not depend on the batch."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1),
        nn.GroupNorm(4, n_out),
        nn.ReLU(),
        nn.Conv2d(n_out, n_out, 3, padding=1),
        nn.GroupNorm(4, n_out),
        nn.ReLU(),
    )
