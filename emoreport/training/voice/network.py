"""The network: a small convolutional stack, one recurrent layer, attentive statistics pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emoreport.training.voice.features import FrontEnd, MelPower, Normalise
from emoreport.training.voice.labels import LABELS, TRAINED_LABELS


@dataclass(frozen=True, slots=True)
class Architecture:
    """Size and input of one network.

    Attributes
    ----------
    channels
        Output channels of the four convolution blocks.
    hidden
        Width of the recurrent layer, per direction.
    views
        What the network sees: ``"clip"`` (all bands about the level of the clip), ``"band"`` (every
        band about its own mean), or both.
    dropout
        Share of units dropped in front of the classifier.
    """

    channels: tuple[int, int, int, int] = (24, 32, 48, 64)
    hidden: int = 64
    views: tuple[str, ...] = ("band",)
    dropout: float = 0.3


# Deep enough for voice quality, shallow enough to hide which studio a corpus was recorded in.
FLOOR_DB = 40.0


class Views(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Mel power (N, bands, frames) → normalised views (N, views, bands, frames)."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.views = nn.ModuleList(
            Normalise(per_band=name == "band", floor_db=FLOOR_DB) for name in names
        )

    def forward(self, power: Tensor) -> Tensor:
        """Stack the views along a channel axis."""
        return torch.stack([view(power) for view in self.views], dim=1)


class AttentiveStatistics(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Weighted mean and standard deviation over time (Okabe et al., 2018): (N, C, T) → (N, 2C)."""

    def __init__(self, channels: int, hidden: int = 48) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Conv1d(channels, hidden, 1), nn.Tanh(), nn.Conv1d(hidden, channels, 1)
        )

    def forward(self, sequence: Tensor) -> Tensor:
        """Pool a sequence of any length ≥ 1."""
        weight = torch.softmax(self.score(sequence), dim=2)
        mean = (weight * sequence).sum(dim=2)
        spread = (weight * (sequence - mean[:, :, None]) ** 2).sum(dim=2)
        return torch.cat([mean, torch.sqrt(spread.clamp_min(1e-5))], dim=1)


class VoiceNet(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Normalised views (N, views, bands, frames) → logits (N, trained labels).

    Frames are thinned by 4 in all (80 ms per step at 20 ms hop), bands by 16.
    """

    def __init__(self, architecture: Architecture, n_mels: int) -> None:
        super().__init__()
        self.view_names = architecture.views
        a, b, c, d = architecture.channels
        self.blocks = nn.Sequential(
            _block(len(architecture.views), a, 5, stride=2),
            _block(a, b, 3),
            nn.MaxPool2d((2, 1)),
            _block(b, c, 3),
            nn.MaxPool2d((2, 2)),
            _block(c, d, 3),
            nn.MaxPool2d((2, 1)),
        )
        width = 2 * architecture.hidden
        self.flatten = nn.Sequential(
            nn.Conv1d(d * (n_mels // 16), width, 1, bias=False), nn.BatchNorm1d(width), nn.ReLU()
        )
        self.recurrent = nn.GRU(width, architecture.hidden, batch_first=True, bidirectional=True)
        self.pool = AttentiveStatistics(width)
        self.classify = nn.Sequential(
            nn.BatchNorm1d(2 * width),
            nn.Dropout(architecture.dropout),
            nn.Linear(2 * width, len(TRAINED_LABELS)),
        )

    def forward(self, views: Tensor) -> Tensor:
        """Logits of normalised views."""
        maps = self.blocks(views)
        sequence = self.flatten(maps.flatten(1, 2))
        context, _ = self.recurrent(sequence.transpose(1, 2))
        return self.classify(self.pool(sequence + context.transpose(1, 2)))


def _block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class VoiceModel(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """What is exported: audio (N, T) → logits (N, 7), the mean over the members of an ensemble."""

    def __init__(self, front_end: FrontEnd, members: Sequence[VoiceNet]) -> None:
        super().__init__()
        self.mel = MelPower(front_end)
        self.views = nn.ModuleList(Views(member.view_names) for member in members)
        self.members = nn.ModuleList(members)

    def forward(self, audio: Tensor) -> Tensor:
        """Logits in the order of ``LABELS``; the auxiliary outputs are dropped."""
        power = self.mel(audio)
        logits = [
            member(views(power)) for views, member in zip(self.views, self.members, strict=True)
        ]
        return torch.stack(logits).mean(dim=0)[:, : len(LABELS)]
