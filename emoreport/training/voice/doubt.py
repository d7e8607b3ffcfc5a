"""How far a clip is from the corpora that the voice model was trained on: `training.doubt` for it.

The scale comes from corpora left out whole, each against a distance fitted on all the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoreport.training.answers import FloatArray
from emoreport.training.doubt import SEED, Distance, fit_power, limit_of
from emoreport.training.voice.head import Statistics, sampling_weights
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.metrics import LeftOut

DIRECTIONS = 16
"""Tried: 8, 16, 32, 64. The choice changes little; this is small and the best by a hair."""
DRAWN = 4000
"""Rows that a distance is fitted on, drawn as the head draws its batches."""


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
    distance.set_scale(limit, power)
    return Doubt(distance, (raw / limit) ** power)


def fit_distance(statistics: Statistics, chosen: Tensor) -> Distance:
    """Fit a distance, without its scale, to the chosen clips and their changed copies."""
    generator = torch.Generator().manual_seed(SEED)
    weights = sampling_weights(statistics, chosen)
    places = torch.multinomial(weights, DRAWN, replacement=True, generator=generator)
    variants = torch.randint(len(statistics.values), (DRAWN,), generator=generator)
    return Distance(statistics.values[variants, chosen[places]], DIRECTIONS)


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


def unheard_speakers(
    statistics: Statistics, folds: Sequence[frozenset[str]], scale: tuple[float, float]
) -> FloatArray:
    """Distances of the clips of each fold's speakers from everybody else's, folds in order.

    Parameters
    ----------
    statistics
        All clips; those with labels of the network are judged.
    folds
        Speakers of each fold.
    scale
        Limit and power.
    """
    distances = []
    for speakers in folds:
        own = statistics.of_speakers(speakers, left_out=False)
        own = own[statistics.labels[own] < len(LABELS)]
        if not len(own):
            continue
        found = fit_distance(statistics, statistics.of_speakers(speakers, left_out=True))
        with torch.no_grad():
            distances.append(found(statistics.values[0, own]).double().numpy())
    limit, power = scale
    return np.asarray((np.concatenate(distances) / limit) ** power)
