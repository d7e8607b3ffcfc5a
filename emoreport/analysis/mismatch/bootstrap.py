"""95 % confidence intervals of the agreement of face and voice, by a block bootstrap.

The talk is cut into bins of a second; every figure is a smooth function of sums over bins. Whole
blocks of bins are drawn, so that what hangs together in time stays together.

- *Blocks* go round in a circle, which gives every bin the same chance (Politis and Romano 1992).
- *Their length* is twice what the rule of Politis and White (2004; corrected by Patton, Politis and
  White 2009) gives for the linearised figures, and at least 50 s for ten minutes, growing with the
  length to the power 2/3. The rule aims at the mean squared error of a variance. Intervals of
  t-type want longer blocks (Sun, Phillips and Jin 2008); the bootstrap then imitates the
  uncertainty of the variance, too (Gonçalves and Vogelsang 2011). The constants were set on
  simulated talks.
- *Studentised and symmetric*: what is drawn is the distance from the observed figure in units of
  the draw's own standard error (Götze and Künsch 1996; Hall 1988). Plain percentiles of the drawn
  figures were too narrow for talks of minutes.

How often the intervals hold the truth, by length of the talk: benchmarks/validity_agreement.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import (
    NO_OVERLAP,
    NO_SHARED_LABELS,
    ONE_LABEL,
    TOO_SHORT,
    agreement,
    distances,
)
from emoreport.analysis.numeric.blocks import Smooth, automatic_block, bin_edges
from emoreport.analysis.rows.sequences import JointSequence
from emoreport.records import DoubleArray

MIN_INTERVAL_S: Final = 430.0
"""Comparable seconds that an interval needs: nine to ten minutes of a usual talk.

In shorter talks intervals are too narrow where agreement comes and goes in stretches of half a
minute, and nothing in the talk gives that away.
"""

BIN_S: Final = 1.0
MIN_BLOCKS: Final = 6
"""A talk must hold so many blocks as long as its dependence asks for."""

LEAST_BLOCK_S: Final = 50.0
USUAL_TALK_S: Final = 600.0
"""A block is at least so long in a talk of this length."""

BLOCK_FACTOR: Final = 2.0 * 1.5 ** (1.0 / 3.0)
"""Twice the automatic length; the root turns the stationary bootstrap's length into that of fixed
blocks (Politis and White 2004, eq. 9 and 14)."""

MIN_EFFECTIVE_BLOCKS: Final = 6.0
"""Comparable time in fewer blocks than this is no sample of the talk."""

STILL: Final = 1e-12
"""A figure that bins move by less than this does not vary, but for rounding."""

LEVEL: Final = 0.95
CLUSTERED: Final = "clustered"
DEPENDENT: Final = "dependent"
FIGURES: Final = ("disagreement", "kappa", "ac1", "severity", "severity_kappa")

Interval = tuple[float, float]
Figures = Callable[[DoubleArray], DoubleArray]


@dataclass(frozen=True, slots=True)
class Bounds:
    """95 % intervals of figures in their order, or the reason why there are none.

    A figure that has no value, or did not vary, has None.
    """

    bounds: tuple[Interval | None, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % intervals (low, high) of the figures of an `Agreement`; None where there is none.

    Attributes
    ----------
    disagreement, kappa, ac1, severity, severity_kappa
        In the figure's own unit.
    reason
        None, or why there is no interval: ``no_shared_labels``, ``no_overlap``, ``too_short``
        (less than `MIN_INTERVAL_S` comparable seconds), ``one_label``, ``dependent`` (the talk
        is too short for how long its labels stay), ``clustered`` (the comparable time is in
        too few places).
    """

    disagreement: Interval | None = None
    kappa: Interval | None = None
    ac1: Interval | None = None
    severity: Interval | None = None
    severity_kappa: Interval | None = None
    reason: str | None = None


def block_bootstrap(joint: JointSequence, *, draws: int = 1999, seed: int = 0) -> Intervals:
    """Find the 95 % intervals of all figures of `agreement`.

    Parameters
    ----------
    joint
        Face and voice on one time axis.
    draws, seed
        How often is drawn, and the seed of the generator.

    Returns
    -------
    A figure that is None has no interval, nor has one that did not vary at all.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1992). A circular block-resampling procedure for stationary
    data. In: Exploring the limits of bootstrap, Wiley, 263–270. Hall, P. (1988). On symmetric
    bootstrap confidence intervals. Journal of the Royal Statistical Society B 50, 35–45. Götze, F.
    and Künsch, H. R. (1996). Second-order correctness of the blockwise bootstrap for stationary
    observations. Annals of Statistics 24, 1914–1933. Sun, Y., Phillips, P. C. B. and Jin, S.
    (2008). Optimal bandwidth selection in heteroskedasticity-autocorrelation robust testing.
    Econometrica 76, 175–194. Gonçalves, S. and Vogelsang, T. J. (2011). Block bootstrap HAC robust
    tests. Econometric Theory 27, 745–791. Block length: see `blocks`.
    """
    measured = agreement(joint)
    refusal = _refusal(joint.labels, measured.compared_s)
    if refusal is not None:
        return Intervals(reason=refusal)
    sums, expected = binned_sums(joint)
    bounds = bootstrap_bounds(
        sums,
        partial(figures, labels=joint.labels, expected=expected),
        partial(gradients, labels=joint.labels, expected=expected),
        tuple(getattr(measured, name) is not None for name in FIGURES),
        draws=draws,
        seed=seed,
    )
    if bounds.reason is not None:
        return Intervals(reason=bounds.reason)
    disagreement, kappa, ac1, severity, severity_kappa = (
        None if bound is None else _bounded(name, bound)
        for name, bound in zip(FIGURES, bounds.bounds, strict=True)
    )
    return Intervals(
        disagreement=disagreement,
        kappa=kappa,
        ac1=ac1,
        severity=severity,
        severity_kappa=severity_kappa,
    )


def bootstrap_bounds(
    sums: DoubleArray,
    figures: Figures,
    gradients: Figures,
    defined: Sequence[bool],
    *,
    draws: int,
    seed: int,
) -> Bounds:
    """Find the 95 % intervals of smooth functions of sums over bins.

    Parameters
    ----------
    sums
        float64 (B, columns), by bins of about `BIN_S`; the first column are comparable seconds.
    figures
        From float64 (..., columns) to (..., F).
    gradients
        Their derivatives, to (..., F, columns).
    defined
        Which of the F figures have a value at all.
    draws, seed
        As for `block_bootstrap`.
    """
    total = sums.sum(axis=0)
    values, slopes = figures(total), gradients(total)
    effect = sums @ slopes.T
    active = [
        index for index, known in enumerate(defined) if known and effect[:, index].std() > STILL
    ]
    if not active:
        return Bounds(reason=ONE_LABEL)
    bins = len(sums)
    length = _block_length(effect[:, active])
    if length * MIN_BLOCKS > bins:
        return Bounds(reason=DEPENDENT)
    blocks = _circular_blocks(sums, length)
    if _effective_blocks(blocks[::length, 0]) < MIN_EFFECTIVE_BLOCKS:
        return Bounds(reason=CLUSTERED)
    error = np.sqrt(((blocks @ slopes.T) ** 2).mean(axis=0) * bins / length)
    error /= np.sqrt(1.0 - length / bins)
    drawn = np.random.default_rng(seed).integers(0, bins, (draws, int(np.ceil(bins / length))))
    scaled = _studentised(blocks[drawn], values, figures, gradients)
    reach = [
        error[index] * scaled[index] if index in active else np.inf for index in range(len(values))
    ]
    return Bounds(
        tuple(
            (float(value - apart), float(value + apart)) if np.isfinite(apart) else None
            for value, apart in zip(values, reach, strict=True)
        )
    )


def binned_sums(joint: JointSequence, bin_s: float = BIN_S) -> tuple[DoubleArray, float]:
    """Sums over bins of about `bin_s` seconds that all figures are functions of.

    Returns
    -------
    sums
        float64 (B, 5 + 2 K). Columns: comparable seconds, seconds of agreement, seconds by label
        of the face (K) and of the voice (K), seconds with distances, distance × seconds, expected
        distance × seconds (the mean distances of the face and of the voice there, added).
    expected
        Mean distance over all pairs of times; 0 where there are no distances.
    """
    labels, both = joint.labels, np.flatnonzero(joint.compared)
    length_s = joint.length_s[both]
    face, voice = joint.face_label[both], joint.voice_label[both]
    cells = np.zeros((len(joint.face_piece), 5 + 2 * labels))
    cells[both, 0] = length_s
    cells[both, 1] = length_s * (face == voice)
    cells[both, 2 + face] = length_s
    cells[both, 2 + labels + voice] = length_s
    parts = distances(joint)
    known_s = float(parts.length_s.sum())
    cells[parts.cell, -3] = parts.length_s
    cells[parts.cell, -2] = parts.length_s * parts.distance
    cells[parts.cell, -1] = parts.length_s * (parts.face_mean + parts.voice_mean)
    expected = float(parts.face_mean @ parts.length_s) / known_s if known_s > 0 else 0.0
    before = np.zeros((len(cells) + 1, cells.shape[1]))
    np.cumsum(cells, axis=0, out=before[1:])
    edges_s = joint.edges_s[0] + bin_edges(joint.duration_s, bin_s)
    sums = [np.diff(np.interp(edges_s, joint.edges_s, column)) for column in before.T]
    return np.stack(sums, axis=1), expected


def along_time(joint: JointSequence, figure: str, bin_s: float) -> Smooth:
    """One of the `FIGURES` along the time, in bins of about `bin_s` seconds."""
    value = getattr(agreement(joint), figure)
    sums, expected = binned_sums(joint, bin_s)
    slopes = np.zeros(sums.shape[1])
    if value is not None:
        slopes = gradients(sums.sum(axis=0), joint.labels, expected)[FIGURES.index(figure)]
    return Smooth.of(value, sums, slopes)


def figures(sums: DoubleArray, labels: int, expected: float) -> DoubleArray:
    """The figures of `FIGURES` from sums, float64 (..., 5).

    The expected distance of a draw is linear in its sums: the mean of what its faces and its
    voices have as mean distances to the whole other side, less the overall mean. That is the first
    order of the exact one, which would need all pairs again in every draw.
    """
    face, voice, agreed = _shares(sums, labels)
    by_chance = (face * voice).sum(axis=-1)
    mean = 0.5 * (face + voice)
    gwet = (mean * (1.0 - mean)).sum(axis=-1) / (labels - 1)
    known_s = positive(sums[..., -3])
    severity = sums[..., -2] / known_s
    severity_by_chance = sums[..., -1] / known_s - expected
    return np.stack(
        (
            1.0 - agreed,
            (agreed - by_chance) / positive(1.0 - by_chance),
            (agreed - gwet) / positive(1.0 - gwet),
            severity,
            1.0 - severity / positive(severity_by_chance),
        ),
        axis=-1,
    )


def gradients(sums: DoubleArray, labels: int, expected: float) -> DoubleArray:
    """Derivatives of the figures with respect to the sums, float64 (..., 5, columns)."""
    face, voice, agreed = _shares(sums, labels)
    by_chance = (face * voice).sum(axis=-1)
    mean = 0.5 * (face + voice)
    gwet = (mean * (1.0 - mean)).sum(axis=-1) / (labels - 1)
    gwet_slope = 0.5 * (1.0 - 2.0 * mean) / (labels - 1)
    result = np.zeros((*sums.shape[:-1], len(FIGURES), sums.shape[-1]))
    result[..., 0, 1] = -1.0
    for figure, chance, by_face, by_voice in (
        (1, by_chance, voice, face),
        (2, gwet, gwet_slope, gwet_slope),
    ):
        rest = positive(1.0 - chance)
        per_chance = ((agreed - 1.0) / rest**2)[..., np.newaxis]
        result[..., figure, 1] = 1.0 / rest
        result[..., figure, 2 : 2 + labels] = per_chance * by_face
        result[..., figure, 2 + labels : 2 + 2 * labels] = per_chance * by_voice
    result /= positive(sums[..., 0])[..., np.newaxis, np.newaxis]
    known_s = positive(sums[..., -3])
    severity, rest = sums[..., -2] / known_s, positive(sums[..., -1] / known_s - expected)
    result[..., 3, -2] = 1.0 / known_s
    result[..., 4, -2] = -1.0 / (rest * known_s)
    result[..., 4, -1] = severity / (rest**2 * known_s)
    # No figure changes when all sums grow in proportion: that gives the slopes of the totals.
    inner = (result * sums[..., np.newaxis, :]).sum(axis=-1)
    result[..., :3, 0] -= inner[..., :3] / positive(sums[..., :1])
    result[..., 3:, -3] -= inner[..., 3:] / known_s[..., np.newaxis]
    return result


def _shares(sums: DoubleArray, labels: int) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    compared_s = positive(sums[..., 0])
    face = sums[..., 2 : 2 + labels] / compared_s[..., np.newaxis]
    voice = sums[..., 2 + labels : 2 + 2 * labels] / compared_s[..., np.newaxis]
    return face, voice, sums[..., 1] / compared_s


def positive(values: DoubleArray) -> DoubleArray:
    """Keep a divisor off 0; what is divided by one is not used or is rare among the draws."""
    return np.maximum(values, np.finfo(np.float64).tiny ** 0.25)


def _block_length(effect: DoubleArray) -> int:
    """Bins of a block for linearised figures, float64 (B, figures)."""
    automatic = float(np.mean([automatic_block(column) for column in effect.T]))
    least = LEAST_BLOCK_S / BIN_S * (len(effect) * BIN_S / USUAL_TALK_S) ** (2.0 / 3.0)
    return int(np.ceil(max(BLOCK_FACTOR * automatic, least)))


def _circular_blocks(sums: DoubleArray, length: int) -> DoubleArray:
    """Sums over the block of `length` bins that begins at each bin, float64 (B, columns)."""
    bins = len(sums)
    before = np.zeros((bins + length + 1, sums.shape[1]))
    np.cumsum(np.concatenate((sums, sums[:length])), axis=0, out=before[1:])
    return before[length : length + bins] - before[:bins]


def _effective_blocks(compared_s: DoubleArray) -> float:
    """Number of equally filled blocks that would be as uneven (Kish 1965)."""
    return float(compared_s.sum() ** 2 / (compared_s**2).sum())


def _studentised(
    drawn: DoubleArray, values: DoubleArray, figures: Figures, gradients: Figures
) -> DoubleArray:
    """The 95th percentile of the distance from the observed figures in own standard errors, (F,).

    Parameters
    ----------
    drawn
        float64 (draws, blocks, columns).
    values
        float64 (F,), observed figures.
    figures, gradients
        As for `bootstrap_bounds`.
    """
    blocks = drawn.shape[1]
    sums = drawn.sum(axis=1)
    effect = drawn @ np.swapaxes(gradients(sums), 1, 2)
    error = np.sqrt((effect**2).sum(axis=1) * blocks / (blocks - 1))
    apart = np.abs(figures(sums) - values)
    # A draw without any spread is as far off as can be: this errs towards wide intervals.
    scaled = np.divide(apart, error, out=np.full(apart.shape, np.inf), where=error > 0)
    return np.asarray(np.quantile(scaled, LEVEL, axis=0, method="higher"))


def _bounded(name: str, bound: Interval) -> Interval:
    lowest = 0.0 if name in {"disagreement", "severity"} else -np.inf
    return max(lowest, bound[0]), min(1.0, bound[1])


def _refusal(labels: int, compared_s: float) -> str | None:
    if labels < 2:
        return NO_SHARED_LABELS
    if compared_s <= 0:
        return NO_OVERLAP
    return TOO_SHORT if compared_s < MIN_INTERVAL_S else None
