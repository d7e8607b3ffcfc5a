"""How far a clip is from what the model was trained on, and how much less to believe it there.

The distance is that of the features that the head sees: Mahalanobis distance inside the few
directions in which training data vary most, and what lies outside of those directions (the two
parts of Moghaddam and Pentland 1997, Probabilistic visual learning for object representation).
Its scale comes from corpora left out whole, each against a distance fitted on all the others: a
tenth of their clips, every corpus counting alike, lie beyond the limit. The training data
themselves lie well inside it and would set a limit that any new microphone crosses.

Beyond the limit the temperature of the softmax grows as a power of the distance over the limit. The
power is the one of least log loss on the same clips; the distance given out is raised to it
already, so that whoever reads it multiplies the temperature by max(1, distance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.training.voice import metrics
from emoreport.training.voice.head import Statistics, sampling_weights
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.metrics import FloatArray, LeftOut

DIRECTIONS = 16
"""Tried: 8, 16, 32, 64. The choice changes little; this is small and the best by a hair."""
DRAWN = 4000
"""Rows that a distance is fitted on, drawn as the head draws its batches."""
SEED = 1
MOST_SPREAD = 6.0
"""Features further from their mean than so many standard deviations are put there."""
BEYOND = 0.1
"""Share of the clips of left-out corpora beyond the limit."""
POWERS = (1.0, 8.0)
"""Range in which the power is sought."""


class Distance(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Features (N, F) → distances (N,): 1 is the limit.

    Parameters
    ----------
    seen
        (rows, F) features of training clips.
    """

    centre: Tensor
    scale: Tensor
    directions: Tensor
    spread: Tensor
    rest: Tensor
    limit: Tensor
    power: Tensor

    def __init__(self, seen: Tensor) -> None:
        super().__init__()
        self.register_buffer("centre", seen.mean(dim=0))
        self.register_buffer("scale", seen.std(dim=0) + 1e-4)
        standard = self._standard(seen)
        torch.manual_seed(SEED)
        directions = torch.svd_lowrank(standard, q=2 * DIRECTIONS, niter=4)[2][:, :DIRECTIONS]
        inside = standard @ directions
        outside = standard.square().sum(dim=1) - inside.square().sum(dim=1)
        self.register_buffer("directions", directions)
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
        """Limit and power, set by `fit_doubt`."""
        return float(self.limit), float(self.power)

    def _standard(self, seen: Tensor) -> Tensor:
        return ((seen - self.centre) / self.scale).clamp(-MOST_SPREAD, MOST_SPREAD)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A distance with its scale, and what it says of clips left out.

    Attributes
    ----------
    distance
        Fitted on all clips.
    elsewhere
        (clips,) distances of every clip from all corpora but its own.
    """

    distance: Distance
    elsewhere: FloatArray


def fit_doubt(statistics: Statistics, said: LeftOut, temperature: float) -> Doubt:
    """Fit the distance on all clips, its scale on corpora left out.

    Parameters
    ----------
    statistics
        What the head sees of every clip and its changed copies.
    said
        What heads say of the clips of the corpus that each of them never heard, in the same order.
    temperature
        Divisor of their logits inside the limit.
    """
    raw = left_out_distances(statistics, np.array(statistics.corpora))
    limit = limit_of(raw, said.corpora)
    judged = said.labels < len(LABELS)
    power = fit_power(said.select(judged), raw[judged] / limit, temperature)
    distance = fit_distance(statistics, torch.arange(len(statistics.labels)))
    distance.limit.fill_(limit)
    distance.power.fill_(power)
    return Doubt(distance, (raw / limit) ** power)


def fit_distance(statistics: Statistics, chosen: Tensor) -> Distance:
    """Fit a distance, without its scale, to the chosen clips and their changed copies."""
    generator = torch.Generator().manual_seed(SEED)
    weights = sampling_weights(statistics, chosen)
    places = torch.multinomial(weights, DRAWN, replacement=True, generator=generator)
    variants = torch.randint(len(statistics.values), (DRAWN,), generator=generator)
    return Distance(statistics.values[variants, chosen[places]])


def left_out_distances(statistics: Statistics, groups: NDArray[np.str_]) -> FloatArray:
    """Distance of every clip, as recorded, from the clips of all other groups."""
    distances = np.zeros(len(groups))
    for group in np.unique(groups):
        own = torch.from_numpy(np.flatnonzero(groups == group))
        others = torch.from_numpy(np.flatnonzero(groups != group))
        with torch.no_grad():
            found = fit_distance(statistics, others)(statistics.values[0, own])
        distances[own.numpy()] = found.double().numpy()
    return distances


def limit_of(distances: FloatArray, corpora: NDArray[np.str_]) -> float:
    """The distance with `BEYOND` of the clips above it, every corpus counting alike."""
    order = np.argsort(distances)
    share = np.cumsum(metrics.corpus_weights(corpora)[order])
    return float(distances[order][np.searchsorted(share, 1.0 - BEYOND)])


def fit_power(said: LeftOut, distances: FloatArray, temperature: float) -> float:
    """The power of least log loss where the temperature is multiplied by distance ** power."""
    weights = metrics.corpus_weights(said.corpora)

    def loss(power: float) -> float:
        shares = tempered(said.logits / temperature, distances**power)
        chosen = shares[np.arange(len(said.labels)), said.labels]
        return float(-np.sum(weights * np.log(np.maximum(chosen, 1e-12))))

    powers = np.linspace(*POWERS, 71)
    return float(powers[np.argmin([loss(power) for power in powers])])


def tempered(logits: FloatArray, distances: FloatArray) -> FloatArray:
    """Probabilities (clips, labels) where the temperature grows with the distance beyond 1."""
    return metrics.softmax(logits / np.maximum(1.0, distances)[:, None])
