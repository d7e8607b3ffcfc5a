"""The letter network: separable convolutions over a log-mel spectrogram, a class every 20 ms."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn
from torch.nn import functional

from emoreport.models.families.log_mel import BANDS

CHANNELS: Final = 224
KERNELS: Final = (5, 7, 9, 9, 11, 11, 13, 13, 9)
DROPPED: Final = 0.1
SCALE_DB: Final = 15.0


class Block(nn.Module):  # type: ignore[misc]
    """Depthwise and pointwise convolution with a way round them."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.along = nn.Conv1d(
            channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False
        )
        self.across = nn.Conv1d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(N, C, T) → (N, C, T)."""
        changed = self.norm(self.across(self.along(frames)))
        return functional.relu(frames + functional.dropout(changed, DROPPED, self.training))


class LetterNet(nn.Module):  # type: ignore[misc]
    """``log_mel`` float32 (N, 64, T), decibels → log posteriors (N, ⌈T/2⌉, classes).

    Every band is held against its own mean over the clip, which takes out microphone and room.
    """

    def __init__(self, classes: int, channels: int = CHANNELS) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, channels, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.blocks = nn.Sequential(*(Block(channels, kernel) for kernel in KERNELS))
        self.last = nn.Conv1d(channels, classes, 1)

    def logits(self, log_mel: torch.Tensor) -> torch.Tensor:
        """(N, 64, T) → (N, classes, ⌈T/2⌉)."""
        levels = (log_mel - log_mel.mean(dim=2, keepdim=True)) / SCALE_DB
        return self.last(self.blocks(functional.relu(self.norm(self.first(levels)))))

    def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
        """What the shipped graph gives."""
        return functional.log_softmax(self.logits(log_mel), dim=1).transpose(1, 2)
