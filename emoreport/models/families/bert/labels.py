"""What published classes of text emotion are called here, and how scores become shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emoreport.models.runtimes.classifiers import softmax
from emoreport.records import FloatArray

_GROUPS: Final[Mapping[str, str]] = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "happiness": "happiness joy amusement approval excitement gratitude love optimism relief pride"
    " admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral no_emotion",
    "enthusiasm": "enthusiasm",
}
PARTNERS: Final[Mapping[str, str]] = {
    published: label for label, names in _GROUPS.items() for published in names.split()
}
"""Label of this program by published class. The 27 emotions of GoEmotions are grouped as their
publishers group them into six (Demszky et al., 2020, ACL, arXiv:2005.00547)."""


def own_labels(published: Sequence[str]) -> tuple[str, ...]:
    """Labels of this program for published classes, each once, in the order of the classes."""
    return tuple(dict.fromkeys(PARTNERS[name] for name in published))


def shares(logits: FloatArray, published: Sequence[str], *, several: bool) -> FloatArray:
    """Shares of the labels, rows that sum to 1.

    Parameters
    ----------
    logits
        float32 (N, classes).
    published
        Names of the classes.
    several
        Whether a text may be of several classes: each logit is then a question of its own. A label
        is there when one of its classes is, 1 − ∏(1 − pᵢ) with each class taken as independent, and
        these are scaled to sum to 1. Otherwise the softmax is summed over the classes of a label.

    Returns
    -------
    float32 (N, labels), columns as `own_labels`.
    """
    labels = own_labels(published)
    columns = [[PARTNERS[name] == label for name in published] for label in labels]
    if not several:
        chances = softmax(np.asarray(logits, np.float64))
        summed = np.stack([chances[:, column].sum(axis=1) for column in columns], axis=1)
        return np.asarray(summed, np.float32)
    # log(1 − p) of each class; exact where all of them are unlikely.
    absent = -np.logaddexp(0.0, np.clip(np.asarray(logits, np.float64), -60.0, 60.0))
    present = np.stack([-np.expm1(absent[:, column].sum(axis=1)) for column in columns], axis=1)
    return np.asarray(present / present.sum(axis=1, keepdims=True), np.float32)
