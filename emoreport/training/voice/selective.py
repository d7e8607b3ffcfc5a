"""Selective accuracy: how right a model is on the clips that it is surest of, on data left out.

Clips are ranked twice: by the largest probability alone, and by what the program makes of it and of
the distance to the training data (`doubt`): probabilities tempered, clips beyond the limit last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from emoreport.training.voice import metrics
from emoreport.training.voice.doubt import fit_distance, tempered
from emoreport.training.voice.head import Statistics
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.metrics import FloatArray, LeftOut

COVERAGES = (0.2, 0.4, 0.6, 0.8, 1.0)
ALL = "all"


def figures(said: LeftOut, distances: FloatArray, temperature: float) -> dict[str, dict[str, Any]]:
    """Corpus → share beyond the limit, area under the risk–coverage curve, accuracy at coverages.

    Parameters
    ----------
    said
        What networks say of clips that they never heard.
    distances
        (clips,) distances to their training data; 1 is the limit.
    temperature
        Divisor of the logits inside the limit.
    """
    judged = said.labels < len(LABELS)
    said, distances = said.select(judged), distances[judged]
    plain = metrics.softmax(said.logits, temperature)
    right = plain.argmax(axis=1) == said.labels
    cautious = tempered(said.logits / temperature, distances).max(axis=1) - (distances > 1.0)
    groups = {str(name): said.corpora == name for name in np.unique(said.corpora)}
    groups[ALL] = np.ones(len(right), bool)
    table = {}
    for name, own in groups.items():
        near = own & (distances <= 1.0)
        table[name] = {
            "clips": int(own.sum()),
            "beyond": round(float(np.mean(distances[own] > 1.0)), 3),
            "accuracy_within": round(float(right[near].mean()), 3) if near.any() else None,
            "confidence": _ranked(plain.max(axis=1)[own], right[own]),
            "confidence_and_distance": _ranked(cautious[own], right[own]),
        }
    return table


def _ranked(surety: FloatArray, right: metrics.FloatArray) -> dict[str, Any]:
    """Area under the risk–coverage curve (Geifman and El-Yaniv 2017) and accuracy at coverages."""
    order = np.argsort(-surety, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    return {
        "aurc": round(float(np.mean(1.0 - shares)), 3),
        "accuracy": {
            f"{coverage:g}": round(float(shares[max(1, round(coverage * len(order))) - 1]), 3)
            for coverage in COVERAGES
        },
    }


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


def markdown(table: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as rows of a table: by confidence alone / with the distance."""
    head = ["clips left out", "clips", "beyond the limit", "AURC"]
    head += [f"accuracy of the surest {float(share):.0%}" for share in map(str, COVERAGES)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, row in table.items():
        alone, both = row["confidence"], row["confidence_and_distance"]
        cells = [name, f"{row['clips']:,}", f"{row['beyond']:.2f}"]
        cells.append(f"{alone['aurc']:.3f} / {both['aurc']:.3f}")
        cells += [
            f"{alone['accuracy'][share]:.2f} / {both['accuracy'][share]:.2f}"
            for share in alone["accuracy"]
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
