"""Standard errors of shares and rates in data whose neighbouring moments resemble each other.

Frames, and even intervals, are no independent observations: who smiles now smiles a second later.
Errors that count them as independent are several times too small. The *stationary bootstrap*
(Politis and Romano 1994, JASA 89:1303-1313) draws whole stretches of time instead, of random length
with a mean of b seconds, and so keeps the dependence inside them. Its variance is known in closed
form, so nothing is drawn here: this is what infinitely many draws would give.

How long b must be is read off the data (Politis and White 2004, Econometric Reviews 23:53-70, with
the correction of Patton, Politis and White 2009, ibid. 28:372-375).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S
from emoreport.records import DoubleArray

BIN_S: Final = 0.5
"""Time is counted in bins of this length: shorter than nearly all intervals."""

LEAST_BLOCKS: Final = 10.0
"""With fewer blocks than this the error itself is hardly known."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two sums over the time of one talk, such as seconds of anger over seconds judged.

    Attributes
    ----------
    top, bottom
        float64 (n,), what each bin adds to the sums.
    """

    top: DoubleArray
    bottom: DoubleArray

    @property
    def value(self) -> float | None:
        """The ratio; None where the lower sum is 0."""
        total = float(self.bottom.sum())
        return float(self.top.sum()) / total if total > 0 else None

    @property
    def influence(self) -> DoubleArray:
        """What each bin does to the ratio, float64 (n,), mean 0 (linearisation)."""
        value = self.value
        if value is None:
            return np.zeros(len(self.top))
        return (self.top - value * self.bottom) / float(self.bottom.mean())


@dataclass(frozen=True, slots=True)
class Smooth:
    """A smooth function of sums over the time of one talk, such as kappa.

    Attributes
    ----------
    value
        The figure; None where it is not defined.
    influence
        float64 (n,), what each bin does to it, mean 0 (linearisation).
    bottom
        float64 (n,), seconds of each bin that it rests on.
    """

    value: float | None
    influence: DoubleArray
    bottom: DoubleArray

    @classmethod
    def of(cls, value: float | None, sums: DoubleArray, slopes: DoubleArray) -> Self:
        """From what each bin adds to the sums (n, S), seconds first, and their slopes (S,)."""
        effect = sums @ slopes if value is not None else np.zeros(len(sums))
        return cls(value, len(sums) * effect, sums[:, 0])


def bin_edges(duration_s: float, bin_s: float = BIN_S) -> DoubleArray:
    """Bounds of equal bins, about `bin_s` long, over [0, `duration_s`]; float64 (n + 1,)."""
    return np.linspace(0.0, duration_s, max(1, round(duration_s / bin_s)) + 1)


def time_in_bins(
    starts_s: DoubleArray, ends_s: DoubleArray, values: DoubleArray, edges_s: DoubleArray
) -> DoubleArray:
    """Integrate a piecewise constant function over each bin.

    Parameters
    ----------
    starts_s, ends_s
        float64 (R,), sorted, disjoint pieces; 0 outside them.
    values
        float64 (R,), height of each piece.
    edges_s
        float64 (n + 1,), bounds of the bins.

    Returns
    -------
    float64 (n,), value × seconds.
    """
    if len(starts_s) == 0:
        return np.zeros(len(edges_s) - 1)
    area = values * (ends_s - starts_s)
    before = np.cumsum(area) - area
    knots_s = np.column_stack((starts_s, ends_s)).ravel()
    sums = np.column_stack((before, before + area)).ravel()
    return np.diff(np.interp(edges_s, knots_s, sums))


def events_in_bins(times_s: DoubleArray, edges_s: DoubleArray) -> DoubleArray:
    """How many events each bin [start, end) holds, float64 (n,)."""
    index = np.searchsorted(edges_s, times_s + TIME_TOLERANCE_S, side="right") - 1
    index = np.clip(index, 0, len(edges_s) - 2)
    return np.bincount(index, minlength=len(edges_s) - 1).astype(np.float64)


def automatic_block(series: DoubleArray) -> float:
    """Mean block length that Politis and White's rule gives for the stationary bootstrap.

    Parameters
    ----------
    series
        float64 (n,).

    Returns
    -------
    Bins, ≥ 1. Not more than min(3 √n, n / 3).
    """
    number = len(series)
    covariance = _autocovariance(series)
    if number < 3 or covariance[0] <= 0:
        return 1.0
    lags = _lags_that_matter(covariance / covariance[0])
    lag = np.arange(1, min(2 * lags, number - 1) + 1)
    flat_top = np.clip(2.0 * (1.0 - lag / (2 * lags)), 0.0, 1.0)
    spectrum = covariance[0] + 2.0 * float((flat_top * covariance[lag]).sum())
    slope = 2.0 * float((flat_top * lag * covariance[lag]).sum())
    most = float(np.ceil(min(3.0 * np.sqrt(number), number / 3.0)))
    if spectrum <= 0:
        return most
    length = (slope**2 / spectrum**2 * number) ** (1.0 / 3.0)
    return float(np.clip(length, 1.0, most))


def bootstrap_error(series: DoubleArray, block: float) -> float:
    """Standard error of the mean of a series under the stationary bootstrap.

    The variance of the mean over all draws is (R₀ + 2 Σ w_k R_k) / n with the autocovariances R_k
    and w_k = (1 − k/n) q^k + (k/n) q^(n − k), q = 1 − 1/block (Politis and Romano 1994, Lemma 1).

    Parameters
    ----------
    series
        float64 (n,).
    block
        Mean length of a block, bins, ≥ 1.
    """
    number = len(series)
    covariance = _autocovariance(series)
    lag = np.arange(1, number)
    keep = 1.0 - 1.0 / max(block, 1.0)
    weight = (1.0 - lag / number) * keep**lag + lag / number * keep ** (number - lag)
    variance = covariance[0] + 2.0 * float((weight * covariance[1:]).sum())
    return float(np.sqrt(max(variance, 0.0) / number))


def _autocovariance(series: DoubleArray) -> DoubleArray:
    """Autocovariances at lags 0 … n − 1, each sum divided by n."""
    number = len(series)
    centred = series - series.mean()
    spectrum = np.fft.rfft(centred, 2 * number)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, 2 * number)[:number] / number
    return np.asarray(covariance, dtype=np.float64)


def _lags_that_matter(correlation: DoubleArray) -> int:
    """Last lag before a run of negligible correlations begins, ≥ 1 (Politis and White 2004, §3.2).

    Negligible means below 2 √(log10 n / n); the run must be max(5, √log10 n) lags long.
    """
    number = len(correlation)
    run = max(5, int(np.ceil(np.sqrt(np.log10(number)))))
    most = int(np.ceil(np.sqrt(number))) + run
    limit = 2.0 * np.sqrt(np.log10(number) / number)
    small = np.abs(correlation[1 : most + run]) < limit
    for lag in range(len(small) - run + 1):
        if small[lag : lag + run].all():
            return max(1, lag)
    return min(most, max(1, number - 1))
