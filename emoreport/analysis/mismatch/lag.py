"""Does the face or the voice lead? Cross-correlation of two series, tested by circular shifts.

Two smooth series correlate at some lag by chance, and the best of a hundred lags nearly always
looks strong. So the largest correlation within the range of lags is compared with the largest one
within a range of the same width around every other position on the circle. Shifting in a circle
keeps each series as it is: its values, its jumps, its gaps. Surrogates with random phases (Theiler
et al. 1992) keep only the spectrum and imitate a linear Gaussian process without gaps, which a
bounded, step-like, interrupted series is not. On simulated talks both kept the level that they
promise (benchmarks/validity_agreement.py); the circle is taken since it assumes less.

A lag is the time of the voice's centre less that of the face: positive means that the face leads.
Windows of 3 s a second apart blur the voice, which widens the peak but, being centred, does not
move it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.blocks import automatic_block
from emoreport.records import DoubleArray, FloatArray
from emoreport.vocabulary import NOT_ENOUGH_DATA, Lead

STEP_S: Final = 0.1
"""Step of the common grid in seconds."""

MAX_LAG_S: Final = 5.0
"""Lags up to this are looked at: longer ones are no reaction of the same utterance."""

LEAST_LENGTHS: Final = 60
"""The common time must be so many times the longest lag: one peak fills two lags' worth of the
circle, so that with forty the smallest possible p-value would be 0.05."""

MAX_BRIDGE_S: Final = 3.0
"""Samples further apart than this (the length of a voice window) are not joined by a line."""

SPARSE_STEPS: Final = 2.0
"""A series with its samples further apart than so many steps is interpolated, else averaged."""

ALPHA: Final = 0.05
LEVEL: Final = 0.95
BLOCKS: Final = 12
TIE: Final = 1e-9
LAGS_AT_ONCE: Final = 8
"""Lags whose products are in memory together."""

TOO_SHORT: Final = "too_short"
CONSTANT: Final = "constant"


@dataclass(frozen=True, slots=True)
class LagResult:
    """Which of two series leads.

    Attributes
    ----------
    lead
        ``face``, ``voice``, ``together`` (they move together, but the interval holds 0: no lead is
        shown), ``no_evidence`` (also where the highest point is at the end of the range: that is
        no peak) or ``not_enough_data``.
    lag_s
        Seconds by which the voice follows the face at the largest absolute correlation; negative
        where the face follows. Given only with evidence.
    interval_s
        95 % interval of the lag, seconds; given only with evidence.
    correlation
        Correlation at the peak, −1 to 1, whether or not there is evidence.
    threshold
        Absolute correlation at the peak that 5 % of the shifts exceed somewhere in their range.
    p_value
        Share of positions on the circle whose range holds a peak at least as high.
    reason
        None, ``too_short`` or ``constant`` (a series does not vary).
    """

    lead: Lead
    lag_s: float | None = None
    interval_s: tuple[float, float] | None = None
    correlation: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    reason: str | None = None


def lead_and_lag(
    face_time_s: DoubleArray,
    face: DoubleArray | FloatArray,
    voice_time_s: DoubleArray,
    voice: DoubleArray | FloatArray,
    *,
    step_s: float = STEP_S,
    max_lag_s: float = MAX_LAG_S,
    window_s: float = 0.0,
    draws: int = 1999,
    seed: int = 0,
) -> LagResult:
    """Find out which series leads and by how many seconds.

    Parameters
    ----------
    face_time_s, voice_time_s
        float64 (N,) and (M,), increasing seconds; for windows their centres.
    face, voice
        float (N,) and (M,), for instance valence; NaN where unknown.
    step_s
        Step of the common grid.
    max_lag_s
        Largest lag either way.
    window_s
        The face is averaged over windows of this length first: that of the voice windows, so that
        both see changes equally sharply. 0: as it is.
    draws, seed
        Of the bootstrap for the interval.

    References
    ----------
    Boker, S. M., Xu, M., Rotondo, J. L. and King, K. (2002). Windowed cross-correlation and peak
    picking for the analysis of variability in the association between behavioral time series.
    Psychological Methods 7, 338–355. Theiler, J. et al. (1992). Testing for nonlinearity in time
    series: the method of surrogate data. Physica D 58, 77–94. Moulder, R. G. et al. (2018).
    Determining synchrony between behavioral time series. Psychological Methods 23, 757–773.
    """
    if len(face_time_s) == 0 or len(voice_time_s) == 0:
        return LagResult(NOT_ENOUGH_DATA, reason=TOO_SHORT)
    grid_s = _common_grid(face_time_s, voice_time_s, step_s)
    face_series = _centred(boxcar(resample(face_time_s, face, grid_s, step_s), window_s / step_s))
    voice_series = _centred(resample(voice_time_s, voice, grid_s, step_s))
    common_s = float(np.count_nonzero(~np.isnan(face_series) & ~np.isnan(voice_series))) * step_s
    reach = round(max_lag_s / step_s)
    if common_s < LEAST_LENGTHS * max_lag_s:
        return LagResult(NOT_ENOUGH_DATA, reason=TOO_SHORT)
    if min(np.nanstd(face_series), np.nanstd(voice_series)) < TIE:
        return LagResult(NOT_ENOUGH_DATA, reason=CONSTANT)
    correlation, overlap = circular_correlations(face_series, voice_series, reach)
    near = np.arange(-reach, reach + 1)
    p_value, limit = _peak_test(correlation, overlap, reach)
    observed = correlation[near]
    peak = int(np.argmax(np.abs(np.nan_to_num(observed))))
    result = LagResult(
        lead="no_evidence",
        correlation=float(observed[peak]),
        threshold=float(limit / np.sqrt(max(overlap[near][peak], 1.0))),
        p_value=p_value,
    )
    if p_value > ALPHA or peak in {0, 2 * reach}:
        return result
    sign = float(np.sign(observed[peak]))
    drawn = _bootstrap_lags(face_series, voice_series, reach, sign, draws, seed)
    return _with_lag(result, sign * observed, drawn * step_s, step_s)


def resample(
    time_s: DoubleArray, values: DoubleArray | FloatArray, grid_s: DoubleArray, step_s: float
) -> DoubleArray:
    """Bring a series onto equal cells about `grid_s`.

    Samples closer than `SPARSE_STEPS` steps are averaged per cell. Sparser ones are joined by
    straight lines, not across more than `MAX_BRIDGE_S` and not over a sample that is NaN.

    Parameters
    ----------
    time_s, values
        float (N,), times increasing; NaN values are unknown.
    grid_s
        float64 (C,), centres of the cells, `step_s` apart.

    Returns
    -------
    float64 (C,), NaN where nothing is known.
    """
    numbers = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(numbers)
    result = np.full(len(grid_s), np.nan)
    if len(time_s) > 1 and float(np.median(np.diff(time_s))) > SPARSE_STEPS * step_s:
        inside = (grid_s >= time_s[0]) & (grid_s <= time_s[-1])
        right = np.clip(np.searchsorted(time_s, grid_s, side="right"), 1, len(time_s) - 1)
        near = time_s[right] - time_s[right - 1] <= MAX_BRIDGE_S
        joined = inside & near & present[right] & present[right - 1]
        # Interpolation between two known neighbours sees no NaN, so these may be anything.
        result[joined] = np.interp(grid_s, time_s, np.where(present, numbers, 0.0))[joined]
        return result
    place = time_s - grid_s[0]
    place /= step_s
    place += 0.5
    np.floor(place, out=place)
    used = present & (place >= 0) & (place < len(grid_s))
    cell = place[used].astype(np.int64)
    del place
    count = np.bincount(cell, minlength=len(grid_s))
    total = np.bincount(cell, weights=numbers[used], minlength=len(grid_s))
    filled = count > 0
    result[filled] = total[filled] / count[filled]
    return result


def boxcar(values: DoubleArray, width: float) -> DoubleArray:
    """Mean over the known values in a centred window; unknown values stay unknown.

    Parameters
    ----------
    values
        float64 (C,).
    width
        Length of the window in steps, rounded to an odd number so that it has a centre; up to 1
        changes nothing.
    """
    half = int(np.floor(0.5 * width))
    if half < 1:
        return values
    present = ~np.isnan(values)
    sums = np.append(0.0, np.cumsum(np.where(present, values, 0.0)))
    counts = np.append(0, np.cumsum(present))
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return np.where(
        present, (sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1), np.nan
    )


def circular_correlations(
    leader: DoubleArray, follower: DoubleArray, reach: int
) -> tuple[DoubleArray, DoubleArray]:
    """Correlation of leader[t] with follower[t + lag] over what is known in both, for all lags.

    Both are lengthened by `reach` unknown cells first, so that lags up to `reach` either way do not
    wrap around: there the figures are ordinary cross-correlations.

    Parameters
    ----------
    leader, follower
        float64 (N,), mean 0; NaN where unknown.
    reach
        Cells to add.

    Returns
    -------
    correlation, overlap
        float64 (N + reach,) each, by lag; negative lags count from the end. NaN without overlap.
    """
    cells = len(leader) + reach

    def across(one: DoubleArray, other: DoubleArray) -> DoubleArray:
        # Transformed for each product again: of long talks, six transforms at once are large.
        return np.fft.irfft(np.conj(np.fft.rfft(one)) * np.fft.rfft(other), cells)

    padded = [np.concatenate((series, np.full(reach, np.nan))) for series in (leader, follower)]
    first_known, second_known = ((~np.isnan(series)).astype(float) for series in padded)
    first, second = (np.where(np.isnan(series), 0.0, series) for series in padded)
    del padded
    products = across(first, second)
    power = across(np.square(first), second_known)
    power *= across(first_known, np.square(second))
    overlap = np.rint(across(first_known, second_known))
    usable = (overlap > 1) & (power > TIE)
    correlation = np.full(cells, np.nan)
    correlation[usable] = np.clip(products[usable] / np.sqrt(power[usable]), -1.0, 1.0)
    return correlation, overlap


def _peak_test(correlation: DoubleArray, overlap: DoubleArray, reach: int) -> tuple[float, float]:
    """P-value of the observed peak and the limit that 5 % of the positions exceed.

    Correlations are scaled with the root of the overlap, as chance makes them larger where less
    time is in common. The limit is in that scale.
    """
    scaled = np.abs(np.nan_to_num(correlation)) * np.sqrt(overlap)
    around = np.pad(scaled, reach, mode="wrap")
    peaks = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1).max(axis=1)
    p_value = float(np.mean(peaks >= peaks[0] - TIE))
    return p_value, float(np.quantile(peaks, LEVEL))


def _bootstrap_lags(
    leader: DoubleArray, follower: DoubleArray, reach: int, sign: float, draws: int, seed: int
) -> DoubleArray:
    """Lags of the peak in bootstrap draws, in steps, float64 (draws,).

    Blocks of the products at every lag are drawn (circular blocks, as in `intervals`), so that a
    draw is a talk made of pieces of this one.
    """
    cells = len(leader)
    mine, square_mine = np.nan_to_num(leader), np.nan_to_num(leader) ** 2
    padded: DoubleArray = np.concatenate(
        (np.zeros(reach), np.nan_to_num(follower), np.zeros(reach))
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    known: DoubleArray = np.concatenate((np.zeros(reach), ~np.isnan(follower), np.zeros(reach)))
    present = np.lib.stride_tricks.sliding_window_view(known, 2 * reach + 1)

    def products(lags: slice) -> DoubleArray:
        power = (square_mine @ present[:, lags]) * (~np.isnan(leader) @ windows[:, lags] ** 2)
        scale = np.sqrt(np.maximum(power, TIE))
        result: DoubleArray = (sign * mine)[:, np.newaxis] * windows[:, lags]
        result /= scale
        return result

    # A few lags at a time: the products of all of them would be a hundred series.
    parts = [slice(at, at + LAGS_AT_ONCE) for at in range(0, 2 * reach + 1, LAGS_AT_ONCE)]
    best = int(np.argmax(np.concatenate([products(lags).sum(axis=0) for lags in parts])))
    length = _block_length(products(slice(best, best + 1))[:, 0])
    number = int(np.ceil(cells / length))
    drawn = np.random.default_rng(seed).integers(0, cells, (draws, number))
    sums = np.zeros((draws, 2 * reach + 1))
    for lags in parts:
        for lag, each in enumerate(products(lags).T, start=lags.start):
            before = np.zeros(cells + length + 1)
            np.cumsum(np.concatenate((each, each[:length])), out=before[1:])
            blocks = before[length : length + cells] - before[:cells]
            for starts in drawn.T:
                sums[:, lag] += blocks[starts]
    return _peaks(sums) - reach


def _block_length(series: DoubleArray) -> int:
    bins = max(1, len(series) // 10)
    coarse = np.add.reduceat(series, np.linspace(0, len(series), bins, endpoint=False).astype(int))
    wanted = 2.0 * automatic_block(coarse) * len(series) / bins
    return int(np.ceil(max(min(wanted, len(series) / 8), len(series) / BLOCKS)))


def _peaks(curves: DoubleArray) -> DoubleArray:
    """Position of the highest point of each row, refined by a parabola through its neighbours."""
    top = np.clip(np.argmax(curves, axis=1), 1, curves.shape[1] - 2)
    rows = np.arange(len(curves))
    left, middle, right = curves[rows, top - 1], curves[rows, top], curves[rows, top + 1]
    bend = left - 2.0 * middle + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros(len(top)), where=bend < 0)
    return np.asarray(top + np.clip(shift, -1.0, 1.0))


def _with_lag(
    result: LagResult, curve: DoubleArray, drawn_s: DoubleArray, step_s: float
) -> LagResult:
    reach = (len(curve) - 1) // 2
    lag_s = (float(_peaks(np.nan_to_num(curve)[np.newaxis])[0]) - reach) * step_s
    tail = 0.5 * (1.0 - LEVEL)
    low_s, high_s = (float(value) for value in np.quantile(drawn_s, [tail, 1.0 - tail]))
    lead: Lead = "face" if low_s > 0 else "voice" if high_s < 0 else "together"
    return dataclasses.replace(result, lead=lead, lag_s=lag_s, interval_s=(low_s, high_s))


def _common_grid(face_time_s: DoubleArray, voice_time_s: DoubleArray, step_s: float) -> DoubleArray:
    """Centres of equal cells from the earliest to the latest sample of either series."""
    start_s = min(float(face_time_s[0]), float(voice_time_s[0]))
    end_s = max(float(face_time_s[-1]), float(voice_time_s[-1]))
    return start_s + np.arange(int(np.floor((end_s - start_s) / step_s)) + 1) * step_s


def _centred(values: DoubleArray) -> DoubleArray:
    """Take the straight line through the known values off: a slow drift has no lag."""
    present = np.flatnonzero(~np.isnan(values))
    result = np.full(len(values), np.nan)
    if len(present) < 3:
        result[present] = 0.0
        return result
    offset = present - present.mean()
    slope = float(offset @ values[present]) / float(offset @ offset)
    result[present] = values[present] - values[present].mean() - slope * offset
    return result
