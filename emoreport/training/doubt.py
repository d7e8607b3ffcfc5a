"""How far an item is from what a model was trained on, and how much less to believe it there.

The distance is that of the features that the head sees: Mahalanobis distance inside the directions
in which training data vary most, and what lies outside of those directions (the two parts of
Moghaddam and Pentland 1997, Probabilistic visual learning for object representation). Its scale
comes from data that were left out: a tenth of their items, every corpus counting alike, lie beyond
the limit. The training data themselves lie well inside it and would set a limit that any new
microphone or camera crosses.

Beyond the limit the temperature of the softmax grows as a power of the distance over the limit. The
power is the one of least log loss on the same items; the distance given out is raised to it
already, so that whoever reads it multiplies the temperature by max(1, distance).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.analysis.numeric.softmax import softmax
from emoreport.training.answers import Answers, FloatArray, corpus_weights

SEED = 1
MOST_SPREAD = 6.0
"""Features further from their mean than so many standard deviations are put there."""
BEYOND = 0.1
"""Share of what was left out that lies beyond the limit."""
POWERS = (1.0, 8.0)
"""Range in which the power is sought."""


class Distance(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Features (N, F) → distances (N,): 1 is the limit.

    Parameters
    ----------
    seen
        (rows, F) features of training data.
    directions
        In how many the distance is Mahalanobis'.
    """

    centre: Tensor
    scale: Tensor
    directions: Tensor
    spread: Tensor
    rest: Tensor
    limit: Tensor
    power: Tensor

    def __init__(self, seen: Tensor, directions: int) -> None:
        super().__init__()
        self.register_buffer("centre", seen.mean(dim=0))
        self.register_buffer("scale", seen.std(dim=0) + 1e-4)
        standard = self._standard(seen)
        torch.manual_seed(SEED)
        most = torch.svd_lowrank(standard, q=2 * directions, niter=4)[2][:, :directions]
        inside = standard @ most
        outside = standard.square().sum(dim=1) - inside.square().sum(dim=1)
        self.register_buffer("directions", most)
        self.register_buffer("spread", inside.std(dim=0))
        self.register_buffer("rest", outside.mean())
        self.register_buffer("limit", torch.ones(()))
        self.register_buffer("power", torch.ones(()))

    def forward(self, seen: Tensor) -> Tensor:
        """Distance of each row."""
        standard = self._standard(seen)
        inside = standard @ self.directions
        outside = standard.square().sum(dim=1) - inside.square().sum(dim=1)
        raw = torch.sqrt((inside / self.spread).square().mean(dim=1) + outside.relu() / self.rest)
        return (raw / self.limit) ** self.power

    @property
    def scale_of_limit(self) -> tuple[float, float]:
        """Limit and power, once they were set."""
        return float(self.limit), float(self.power)

    def set_scale(self, limit: float, power: float) -> None:
        """Say how far is too far, and how fast belief falls beyond."""
        self.limit.fill_(limit)
        self.power.fill_(power)

    def _standard(self, seen: Tensor) -> Tensor:
        return ((seen - self.centre) / self.scale).clamp(-MOST_SPREAD, MOST_SPREAD)


def limit_of(distances: FloatArray, corpora: NDArray[np.str_], beyond: float = BEYOND) -> float:
    """The distance with a share of the items above it, every corpus counting alike."""
    order = np.argsort(distances)
    share = np.cumsum(corpus_weights(corpora)[order])
    return float(distances[order][np.searchsorted(share, 1.0 - beyond)])


def fit_power(said: Answers, distances: FloatArray, temperature: float) -> float:
    """The power of least log loss where the temperature is multiplied by distance ** power."""
    weights = corpus_weights(said.corpora)

    def loss(power: float) -> float:
        shares = tempered(said.logits / temperature, distances**power)
        chosen = shares[np.arange(len(said.labels)), said.labels]
        return float(-np.sum(weights * np.log(np.maximum(chosen, 1e-12))))

    powers = np.linspace(*POWERS, 71)
    return float(powers[np.argmin([loss(power) for power in powers])])


def tempered(logits: FloatArray, distances: FloatArray) -> FloatArray:
    """Probabilities (N, K) where the temperature grows with the distance beyond 1."""
    return softmax(logits / np.maximum(1.0, distances)[:, None])
