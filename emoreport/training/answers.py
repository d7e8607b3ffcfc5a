"""What a network says of items that it was not trained on, to be judged by their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.training import card

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Answers(Protocol):
    """Logits of labelled items.

    Attributes
    ----------
    logits
        (N, K) float64.
    labels
        (N,) int64; from K on, a label that the network does not have.
    corpora
        (N,) names.
    """

    @property
    def logits(self) -> FloatArray: ...  # noqa: D102 - see the class
    @property
    def labels(self) -> IntArray: ...  # noqa: D102
    @property
    def corpora(self) -> NDArray[np.str_]: ...  # noqa: D102


def corpus_weights(corpora: NDArray[np.str_]) -> FloatArray:
    """(N,) weights that give every corpus the same total."""
    names, inverse, counts = np.unique(corpora, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (len(names) * counts[inverse]), np.float64)


def precisions(said: Answers, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """How often the network is right when it says so, by class; every corpus counts alike.

    Parameters
    ----------
    said
        Answers; items with a label that the network does not have are left out.
    names
        Classes in the order of the logits.

    Returns
    -------
    By class: ``right``, 0–1, and ``said``, how many items were called so; no class that was never
    named.
    """
    known = said.labels < len(names)
    labels, named = said.labels[known], said.logits[known].argmax(axis=1)
    weights = corpus_weights(said.corpora[known])
    table = {}
    for index, name in enumerate(names):
        own = named == index
        if own.any():
            right = weights[own & (labels == index)].sum() / weights[own].sum()
            table[name] = {"right": round(float(right), 3), "said": int(own.sum())}
    return table


def precision_markdown(classes: Mapping[str, Mapping[str, float]]) -> str:
    """What `precisions` gives, as a table with one column per class."""
    rows = [
        ["right when it says so", *(f"{row['right']:.2f}" for row in classes.values())],
        ["said so often", *(f"{row['said']:,.0f}" for row in classes.values())],
    ]
    return card.table(["", *classes], rows)
