"""The compact face-emotion net: grey 48×48 picture → eight logits."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from emoreport.training.face.data import LABELS

STEM_CHANNELS: Final = 32
STAGE_CHANNELS: Final = (32, 64, 128, 192)
STAGE_BLOCKS: Final = (1, 2, 2, 2)
CONTRAST_FLOOR: Final = 100.0
"""Added to the variance of the grey levels (levels²), so that a flat picture stays flat."""


def normalise(face: Tensor) -> Tensor:
    """Return each picture with mean 0 and about unit variance.

    Parameters
    ----------
    face
        (N, 1, H, W) float, grey levels 0-255.
    """
    centred = face - face.mean(dim=(2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(2, 3), keepdim=True)
    return centred / torch.sqrt(variance + CONTRAST_FLOOR)


class ConvNorm(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Convolution without bias, then batch normalisation; fused when exported."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Apply both to (N, C, H, W)."""
        return cast("Tensor", self.norm(self.conv(maps)))


class ChannelGate(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Squeeze-and-excitation (Hu et al. 2018): a weight per channel from its mean."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Scale the channels of (N, C, H, W)."""
        mean = maps.mean(dim=(2, 3), keepdim=True)
        return maps * torch.sigmoid(self.excite(functional.relu(self.squeeze(mean))))


class ResidualBlock(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Two 3×3 convolutions, a channel gate and a shortcut (He et al. 2016).

    A shortcut that halves the picture averages 2×2 before its 1×1 convolution, which keeps
    all positions in play (He T. et al. 2019, "Bag of tricks", ResNet-D).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride)
        self.second = ConvNorm(outputs, outputs)
        self.gate = ChannelGate(outputs)
        self.stride = stride
        changes = inputs != outputs or stride != 1
        self.shortcut = ConvNorm(inputs, outputs, 1) if changes else None
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Transform (N, C, H, W) to (N, outputs, H / stride, W / stride)."""
        out = self.gate(self.second(functional.relu(self.first(maps))))
        if self.shortcut is not None:
            if self.stride != 1:
                maps = functional.avg_pool2d(maps, self.stride, ceil_mode=True)
            maps = self.shortcut(maps)
        return functional.relu(out + maps)


class CompactFaceNet(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Residual net with its normalisation inside.

    The input may have any side that is a multiple of 8 (training begins on smaller
    pictures); the exported graph takes 48×48.
    """

    def __init__(
        self,
        stages: tuple[int, ...] = STAGE_CHANNELS,
        blocks: tuple[int, ...] = STAGE_BLOCKS,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(1, STEM_CHANNELS, 3, 2)
        layers: list[ResidualBlock] = []
        for stage, (inputs, outputs) in enumerate(pairwise((STEM_CHANNELS, *stages))):
            for index in range(blocks[stage]):
                stride = 2 if index == 0 and stage > 0 else 1
                layers.append(ResidualBlock(inputs if index == 0 else outputs, outputs, stride))
        self.blocks = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(stages[-1], len(LABELS))

    def forward(self, face: Tensor) -> Tensor:
        """Return logits (N, 8) for grey levels (N, 1, H, W) in 0-255."""
        maps = functional.relu(self.stem(normalise(face)))
        for block in self.blocks:
            maps = block(maps)
        return cast("Tensor", self.head(self.dropout(maps.mean(dim=(2, 3)))))
