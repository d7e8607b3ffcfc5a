"""Everything that decides how a head comes out, beside the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from emoreport.heads.metadata import Fusion, Unit
from emoreport.records import Modality

Architecture = Literal[
    "mlp", "transformer", "tcn", "tcn-transformer", "stat", "fan", "stat-attention"
]
ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)
POOLING: Final[tuple[Architecture, ...]] = ("stat", "fan", "stat-attention")
"""Architectures that answer once for a whole window."""
HALF_WIDTHS_S: Final = (0.2, 0.5, 1.0, 2.0, 3.5, 5.0)
"""Half widths of smoothing that are tried on validation data."""
LATE_WEIGHTS: Final = tuple(round(0.1 * step, 1) for step in range(11))
"""Shares of the face that are tried on validation data."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is built and trained.

    Attributes
    ----------
    architecture
        One of `ARCHITECTURES`.
    modalities
        What it sees: the face, the voice or both.
    fusion
        Of both: ``early``, one network over the features of both side by side, or ``late``, a
        network for each whose answers are averaged with a weight.
    rate_hz
        Steps per second.
    window_s, hop_s
        Length of a window, and from the start of one to the start of the next.
    width
        Of the hidden layers.
    layers, attention_heads
        Of the Transformer.
    tcn_width
        Most channels of the first level of the convolutions; see `networks.tcn_channels`.
    dropout
        Share of hidden values that are dropped in training.
    epochs, patience
        Passes over the data at most, and passes without gain on validation data after which
        training stops.
    batch
        Windows per step of the optimiser.
    learning_rate, weight_decay
        Of AdamW.
    seed
        Of the first weights, the order of the windows, dropout and the split.
    """

    architecture: Architecture = "mlp"
    modalities: tuple[Modality, ...] = ("face", "voice")
    fusion: Fusion = "early"
    rate_hz: float = 10.0
    window_s: float = 10.0
    hop_s: float = 6.7
    width: int = 128
    layers: int = 2
    attention_heads: int = 4
    tcn_width: int = 256
    dropout: float = 0.3
    epochs: int = 40
    patience: int = 8
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    seed: int = 20

    @property
    def window_steps(self) -> int:
        """Steps of a window."""
        return max(1, round(self.window_s * self.rate_hz))

    @property
    def hop_steps(self) -> int:
        """Steps from the start of a window to the start of the next."""
        return min(self.window_steps, max(1, round(self.hop_s * self.rate_hz)))

    @property
    def unit(self) -> Unit:
        """What the network answers for."""
        return "window" if self.architecture in POOLING else "step"

    def document(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        return asdict(self) | {"modalities": list(self.modalities)}
