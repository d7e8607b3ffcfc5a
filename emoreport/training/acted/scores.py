"""Recall over classes and its confidence interval, drawn over speakers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emoreport.records import DoubleArray, IntArray

DRAWS: Final = 4000
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who spoke which clips of which class: what is drawn again and again.

    Attributes
    ----------
    classes
        int64 (N,), true classes.
    speakers
        (N,), names.
    seed
        Of the draws; equal for all figures, so that differences are paired.
    """

    classes: IntArray
    speakers: np.ndarray[tuple[int], np.dtype[np.str_]]
    seed: int = 0

    def recall(self, hits: DoubleArray) -> dict[str, float]:
        """Mean recall over classes (UAR) of hits (N,), 0–1, with its 95 % interval."""
        table, drawn = self._sums(hits)
        return figure(float(_mean_recall(table.sum(axis=0))), _mean_recall(drawn))

    def accuracy(self, hits: DoubleArray) -> dict[str, float]:
        """Share of hits among all clips, with its interval."""
        table, drawn = self._sums(hits)
        return figure(float(_share(table.sum(axis=0))), _share(drawn))

    def difference(self, hits: DoubleArray, others: DoubleArray) -> dict[str, float]:
        """Recall of `hits` less that of `others`, with the interval of the paired difference."""
        table, drawn = self._sums(hits)
        less, less_drawn = self._sums(others)
        return figure(
            float(_mean_recall(table.sum(axis=0)) - _mean_recall(less.sum(axis=0))),
            _mean_recall(drawn) - _mean_recall(less_drawn),
        )

    def _sums(self, hits: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Hits and clips by speaker and class (S, 2, K), and their sums by draw (B, 2, K)."""
        names, speaker = np.unique(self.speakers, return_inverse=True)
        table = np.zeros((len(names), 2, int(self.classes.max()) + 1))
        np.add.at(table[:, 0], (speaker, self.classes), hits)
        np.add.at(table[:, 1], (speaker, self.classes), 1.0)
        generator = np.random.default_rng(self.seed)
        often = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
        return table, np.einsum("bs,shk->bhk", often.astype(np.float64), table)


def mean_recall(given: DoubleArray, classes: IntArray) -> float:
    """UAR of probabilities (N, K) over the classes that occur."""
    hits = given.argmax(axis=1) == classes
    return float(np.mean([hits[classes == own].mean() for own in np.unique(classes)]))


def interval(drawn: DoubleArray) -> tuple[float, float]:
    """Bounds of the middle 95 % of drawn values."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def figure(value: float, drawn: DoubleArray) -> dict[str, float]:
    """A value with its interval, rounded for JSON."""
    low, high = interval(drawn)
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}


def shown(figure: Mapping[str, Any], *, signed: bool = False) -> str:
    """A figure as a table shows it: value and interval."""
    mark = "+" if signed else ""
    return f"{figure['value']:{mark}.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _mean_recall(sums: DoubleArray) -> DoubleArray:
    recalls = np.divide(
        sums[..., 0, :],
        sums[..., 1, :],
        out=np.full(sums[..., 0, :].shape, np.nan),
        where=sums[..., 1, :] > 0,
    )
    return np.asarray(np.nanmean(recalls, axis=-1))


def _share(sums: DoubleArray) -> DoubleArray:
    return np.asarray(sums[..., 0, :].sum(axis=-1) / sums[..., 1, :].sum(axis=-1))
