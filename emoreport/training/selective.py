"""Selective accuracy: how right a model is on what it is surest of, on data left out.

Items are ranked twice: by the largest probability alone, and by what the program makes of it and of
the distance to the training data (`doubt`): probabilities tempered, those beyond the limit last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.softmax import softmax
from emoreport.training import card
from emoreport.training.answers import Answers, FloatArray
from emoreport.training.doubt import tempered

COVERAGES = (0.2, 0.4, 0.6, 0.8, 1.0)
ALL = "all"


def figures(
    said: Answers, distances: FloatArray, temperature: float, of: str
) -> dict[str, dict[str, Any]]:
    """Corpus → share beyond the limit, area under the risk–coverage curve, accuracy at coverages.

    Parameters
    ----------
    said
        What networks say of items that they never saw or heard.
    distances
        (N,) distances to their training data; 1 is the limit.
    temperature
        Divisor of the logits inside the limit.
    of
        What the items are: the key of their number.
    """
    judged = said.labels < said.logits.shape[1]
    plain = softmax(said.logits, temperature)
    right = plain.argmax(axis=1) == said.labels
    cautious = tempered(said.logits / temperature, distances).max(axis=1) - (distances > 1.0)
    groups = {str(name): said.corpora == name for name in np.unique(said.corpora[judged])}
    table = {}
    for name, members in {**groups, ALL: judged}.items():
        own = members & judged
        near = own & (distances <= 1.0)
        table[name] = {
            of: int(own.sum()),
            "beyond": round(float(np.mean(distances[own] > 1.0)), 3),
            "accuracy_within": round(float(right[near].mean()), 3) if near.any() else None,
            "confidence": ranked(plain.max(axis=1)[own], right[own]),
            "confidence_and_distance": ranked(cautious[own], right[own]),
        }
    return table


def ranked(surety: FloatArray, right: NDArray[np.bool_]) -> dict[str, Any]:
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


def markdown(found: Mapping[str, Mapping[str, Any]], of: str) -> str:
    """The figures as rows of a table: by confidence alone / with the distance."""
    head = [f"{of} left out", of, "beyond the limit", "AURC"]
    head += [f"accuracy of the surest {float(share):.0%}" for share in map(str, COVERAGES)]
    rows = []
    for name, row in found.items():
        alone, both = row["confidence"], row["confidence_and_distance"]
        cells = [name, f"{row[of]:,}", f"{row['beyond']:.2f}"]
        cells.append(f"{alone['aurc']:.3f} / {both['aurc']:.3f}")
        cells += [
            f"{alone['accuracy'][share]:.2f} / {both['accuracy'][share]:.2f}"
            for share in alone["accuracy"]
        ]
        rows.append(cells)
    return card.table(head, rows)
