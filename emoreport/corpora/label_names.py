"""Take the names that labelled data give to emotions for the labels of the vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from emoreport.vocabulary import is_calm, label_named

Renamed = Mapping[str, tuple[str, int]]
"""Label that a name was taken for, and how many items have that name."""


def standard_names(written: Sequence[str], corpora: Sequence[str] | None = None) -> list[str]:
    """The label of every name; a name that means none stays as it is written.

    Calm counts as neutral in a corpus that has no neutral items. In one that has both, as RAVDESS,
    calm is a class of its own there, and the name stays.

    Parameters
    ----------
    written
        (N,) names of emotions as `label_named` knows them.
    corpora
        (N,) corpus of each item; None: all are of one.
    """
    origins = [""] * len(written) if corpora is None else corpora
    labels = [label_named(name) or name for name in written]
    with_neutral = {
        corpus for label, corpus in zip(labels, origins, strict=True) if label == "neutral"
    }
    return [
        "neutral" if is_calm(label) and corpus not in with_neutral else label
        for label, corpus in zip(labels, origins, strict=True)
    ]


def renamed(written: Sequence[str], labels: Sequence[str]) -> Renamed:
    """Which names were taken for another label, in the order of their first item."""
    pairs = Counter(zip(written, labels, strict=True))
    return {name: (label, items) for (name, label), items in pairs.items() if name != label}


def said_as(label: str, labels: Sequence[str]) -> str:
    """What a model with these labels can say of an emotion: positive, where it has no happiness."""
    lacks = label == "happiness" and label not in labels and "positive" in labels
    return "positive" if lacks else label
