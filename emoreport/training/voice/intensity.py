"""How aroused a voice sounds: one more linear layer on what the emotion head sees.

Learned from acted levels of arousal (BAVED) and from the arousal that goes with the emotions of the
other corpora: mean ratings of their words, `COORDINATES`. That order of voices carries over to
corpora never heard far better than the emotions do; the level does not, for it depends on language
and microphone. What counts is the difference from the same speaker's usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from emoreport.analysis.rows.valence_arousal import COORDINATES
from emoreport.training.answers import FloatArray
from emoreport.training.voice.head import HeadRecipe, Statistics, fit_linear
from emoreport.training.voice.labels import CLIP_LABELS

LEVEL_TARGETS = {"level0": 0.2, "level1": 0.5, "level2": 0.8}
"""Acted levels, in the range that the words of emotions cover."""
PAIRS = (("level2", "level0"), ("level2", "level1"), ("anger", "sadness"), ("anger", "neutral"))
"""Labels whose clips a listener would call more and less aroused."""


def target_of(label: str) -> float:
    """What a clip of a label teaches, 0–1; NaN where nothing is known of its arousal."""
    if label in COORDINATES:
        return 0.5 + 0.5 * COORDINATES[label][1]
    return LEVEL_TARGETS.get(label, float("nan"))


TARGETS = torch.tensor([[target_of(label)] for label in CLIP_LABELS])
"""(clip labels, 1)."""


class Intensity(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Features (N, F) → intensity (N,), 0–1; 0.5 is an ordinary voice."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.arousal = layer

    def forward(self, seen: Tensor) -> Tensor:
        """Intensity of each row."""
        return torch.sigmoid(self.arousal(seen))[:, 0]


def train_intensity(statistics: Statistics, chosen: Tensor, recipe: HeadRecipe) -> Intensity:
    """Fit the layer to those of the chosen clips whose labels tell of arousal."""
    told = chosen[~torch.isnan(TARGETS[statistics.labels[chosen], 0])]
    loss = nn.functional.binary_cross_entropy_with_logits
    return Intensity(fit_linear(statistics, told, recipe, TARGETS, loss))


def left_out_intensity(statistics: Statistics, recipe: HeadRecipe) -> FloatArray:
    """Intensity (clips,) of every clip as recorded, by layers that never heard its corpus."""
    corpora = np.array(statistics.corpora)
    found = np.zeros(len(corpora))
    for number, corpus in enumerate(np.unique(corpora)):
        own = torch.from_numpy(np.flatnonzero(corpora == corpus))
        others = torch.from_numpy(np.flatnonzero(corpora != corpus))
        layer = train_intensity(statistics, others, replace(recipe, seed=recipe.seed + number))
        found[own.numpy()] = layer(statistics.values[0, own]).double().numpy()
    return found


def intensity_figures(statistics: Statistics, found: FloatArray) -> dict[str, dict[str, float]]:
    """Corpus → mean intensity per label, and for each of `PAIRS` how often the first is higher."""
    corpora, labels = np.array(statistics.corpora), statistics.labels.numpy()
    table: dict[str, dict[str, float]] = {}
    for corpus in np.unique(corpora):
        of_label: Mapping[str, FloatArray] = {
            name: found[(corpora == corpus) & (labels == number)]
            for number, name in enumerate(CLIP_LABELS)
            if np.any((corpora == corpus) & (labels == number))
        }
        table[str(corpus)] = {
            name: round(float(values.mean()), 3) for name, values in of_label.items()
        } | {
            f"{high} above {low}": round(_chance_above(of_label[high], of_label[low]), 3)
            for high, low in PAIRS
            if high in of_label and low in of_label
        }
    return table


def _chance_above(high: FloatArray, low: FloatArray) -> float:
    return float((high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean())
