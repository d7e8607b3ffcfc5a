"""Russian sentences with emotions: ru-izard-emotions and CEDR, several emotions may hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import FloatArray

LABELS: Final = (
    "anger",
    "disgust",
    "enthusiasm",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
IZARD: Final[Mapping[str, str]] = {
    **{label: label for label in LABELS},
    "happiness": "joy",
}
"""Columns of ru-izard-emotions by label; guilt and shame have none here."""
CEDR: Final = ("happiness", "sadness", "surprise", "fear", "anger")
"""Labels of CEDR in the order of its numbers; a sentence without any is neutral."""


TESTED: Final = 0.2
"""Share of CEDR's sentences that nothing is fitted on."""
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Sentences:
    """Texts and what they say.

    Attributes
    ----------
    texts
        N sentences.
    truth
        float32 (N, K) of `LABELS`: 1 where the emotion holds, 0 where not, NaN where the
        collection does not tell.
    """

    texts: tuple[str, ...]
    truth: FloatArray

    def __len__(self) -> int:
        """Number of sentences."""
        return len(self.texts)

    def where(self, rows: NDArray[Any]) -> Sentences:
        """Some of the sentences, by numbers or by a mask."""
        numbers = np.arange(len(self))[rows]
        return Sentences(tuple(self.texts[number] for number in numbers), self.truth[numbers])


def read_izard(path: Path) -> Sentences:
    """Read ``ru_izard_train.csv`` or ``ru_izard_val.csv``."""
    rows = _rows(path)
    truth = [[float(row[IZARD[label]]) for label in LABELS] for row in rows]
    return Sentences(tuple(row["text"] for row in rows), np.array(truth, np.float32))


def read_cedr(path: Path) -> Sentences:
    """Read ``cedr_main_train.csv``."""
    rows = _rows(path)
    truth = np.full((len(rows), len(LABELS)), np.nan, np.float32)
    for number, row in enumerate(rows):
        held = {CEDR[int(digit)] for digit in re.findall(r"\d", row["labels"])}
        for label in CEDR:
            truth[number, LABELS.index(label)] = label in held
        truth[number, LABELS.index("neutral")] = not held
    return Sentences(tuple(row["text"] for row in rows), truth)


def held_out(folder: Path) -> dict[str, Sentences]:
    """The sentences that nothing is fitted on: the publisher's part, and a fifth of CEDR."""
    cedr = read_cedr(folder / "cedr_main_train.csv")
    own = cedr.where(tested(len(cedr), np.random.default_rng(SEED)))
    return {"ru_izard_val": read_izard(folder / "ru_izard_val.csv"), "cedr": own}


def tested(sentences: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of CEDR's sentences are held out, the first that is drawn."""
    chosen: NDArray[np.bool_] = rng.random(sentences) < TESTED
    return chosen


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
