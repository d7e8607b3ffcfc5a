"""How probable it is that a frame that was not looked at shows another label than is assumed.

Between two frames that were looked at, probabilities are taken to change evenly. How wrong that may
be is told by what is known without a look: how far apart the best two of them are, how much the two
looks differ, how far away they are in time, and how much the face has changed since, on a small
grid of points. A logistic regression of these terms is fitted to every frame of recordings
(`benchmarks/adaptive.py`), and its weights are kept with the face model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.records import Box, DoubleArray, FloatArray, Grid, LookRule, Picture

POINTS: Final = 24
"""Points along the side of the grid: the eyes are some four apart from the brows."""

FLAT: Final = 4.0
"""Added to the contrast (of 255), so that noise in a flat picture is no change."""

LEAST_CHANGE: Final = 0.02
LEAST_TIME_S: Final = 0.02
LEAST_MARGIN: Final = 0.02
LEAST_MOVE: Final = 0.01

TERMS: Final = (
    "constant",
    "margin",
    "log_margin",
    "log_time",
    "log_change",
    "log_larger_change",
    "difference",
    "differ",
    "one_face",
    "log_move",
    "margin_time",
    "margin_change",
    "margin_difference",
)

CAUTIOUS: Final = LookRule(
    {
        "constant": 0.57,
        "margin": -3.5,
        "log_margin": 0.11,
        "log_time": 0.21,
        "log_change": 0.51,
        "log_larger_change": 0.24,
        "difference": 2.14,
        "differ": -0.02,
        "one_face": 4.31,
        "log_move": 0.33,
        "margin_time": 0.03,
        "margin_change": 0.33,
        "margin_difference": 0.44,
    },
    0.02,
)
"""For models of which no recordings were read to fit one: the weights of the compact model, and a
fifth of its limit."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a frame that was looked at.

    Attributes
    ----------
    time_s
        Presentation time.
    probabilities
        float (K,); None where it shows no face.
    box
        Of the speaker's face; None without one.
    """

    time_s: float
    probabilities: FloatArray | None
    box: Box | None


def grid_on(picture: Picture, box: Box | None) -> Grid:
    """Where change is looked for: on the face or, without one, on the whole picture."""
    if box is None:
        width, height = picture.size_px
        box = Box(0.0, 0.0, float(width), float(height))
    side_px = math.sqrt(box.area)
    step_px = side_px / POINTS
    x, y = box.centre
    first = 0.5 * (step_px - side_px) - 0.5
    return Grid(x + first, y + first, step_px, POINTS)


def shades(picture: Picture, grid: Grid) -> FloatArray:
    """Grey levels at the points of a grid less their mean, float32 (POINTS²,)."""
    grey = picture.sampled(grid).mean(axis=0).ravel()
    return np.asarray(grey - grey.mean(), np.float32)


def changes(look: FloatArray, others: FloatArray) -> DoubleArray:
    """Mean change of shades from a look to each of N other frames, in units of its contrast.

    Parameters
    ----------
    look, others
        float32 (P,) and (N, P), as `shades` gives them.
    """
    differences = np.abs(others - look).mean(axis=1, dtype=np.float64)
    return np.asarray(differences / (float(look.std()) + FLAT), np.float64)


def terms(
    before: Sight,
    behind: Sight,
    times_s: DoubleArray,
    since: DoubleArray,
    until: DoubleArray,
) -> DoubleArray:
    """Terms of the risk of the frames between two looks.

    Parameters
    ----------
    before, behind
        The looks.
    times_s
        float64 (N,), times of the frames between them.
    since, until
        float64 (N,), `changes` between each frame and the look before and behind it.

    Returns
    -------
    float64 (N, len(TERMS))
    """
    count = len(times_s)
    share = (times_s - before.time_s) / (behind.time_s - before.time_s)
    margin, difference, differ = _certainty(before, behind, share)
    log_margin = np.log(margin + LEAST_MARGIN)
    near_s = np.minimum(times_s - before.time_s, behind.time_s - times_s)
    log_time = np.log(near_s + LEAST_TIME_S)
    log_change = np.log(np.minimum(since, until) + LEAST_CHANGE)
    columns = {
        "constant": np.ones(count),
        "margin": margin,
        "log_margin": log_margin,
        "log_time": log_time,
        "log_change": log_change,
        "log_larger_change": np.log(np.maximum(since, until) + LEAST_CHANGE),
        "difference": np.full(count, difference),
        "differ": np.full(count, float(differ)),
        "one_face": np.full(count, float((before.box is None) != (behind.box is None))),
        "log_move": np.full(count, math.log(_move(before.box, behind.box) + LEAST_MOVE)),
        "margin_time": log_margin * log_time,
        "margin_change": log_margin * log_change,
        "margin_difference": log_margin * difference,
    }
    return np.stack([columns[name] for name in TERMS], axis=1)


def risk(rule: LookRule, table: DoubleArray) -> DoubleArray:
    """Probability of another label, float64 (N,), from `terms`."""
    weights = np.array([rule.weights.get(name, 0.0) for name in TERMS])
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(table @ weights, -50.0, 50.0))), np.float64)


def _certainty(before: Sight, behind: Sight, share: DoubleArray) -> tuple[DoubleArray, float, bool]:
    """Lead of the best interpolated class, distance between the looks, whether labels differ."""
    first, last = before.probabilities, behind.probabilities
    first, last = (last if first is None else first), (first if last is None else last)
    if first is None or last is None:
        return np.ones(len(share)), 0.0, False
    table = np.outer(1.0 - share, first) + np.outer(share, last)
    best = np.sort(table, axis=1)[:, -2:] if table.shape[1] > 1 else np.hstack([0 * table, table])
    distance = 0.5 * float(np.abs(first - last).sum())
    return best[:, 1] - best[:, 0], distance, bool(first.argmax() != last.argmax())


def _move(before: Box | None, behind: Box | None) -> float:
    """How far a box has moved, in its sides, plus the change of its size; 0 where it is unknown."""
    if before is None or behind is None:
        return 0.0
    (x0, y0), (x1, y1) = before.centre, behind.centre
    side_px = math.sqrt(before.area)
    grown = abs(math.log(math.sqrt(behind.area) / side_px))
    return math.hypot(x1 - x0, y1 - y0) / side_px + grown
