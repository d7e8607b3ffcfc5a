"""How sure a mean over the overlap of two label sequences is, at every circular shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.rows.sequences import MISSING
from emoreport.records import DoubleArray, IntArray

ComplexArray = NDArray[np.complex128]


def sureness(face: IntArray, voice: IntArray, overlap: DoubleArray) -> DoubleArray:
    """How sure the mean over the overlap is at every circular shift.

    Parameters
    ----------
    face, voice
        int64 (N,), labels at equal steps, `MISSING` where unknown.
    overlap
        float64 (N,), steps in common, by shift.

    Returns
    -------
    float64 (N,): the overlap over the root of the sum of the squared lengths of its pieces, the
    inverse of a standard deviation up to a constant. A piece has one label of either side.
    """
    squares = np.maximum(_squared_pieces(face, voice), 1.0)
    return np.asarray(overlap / np.sqrt(squares))


def _squared_pieces(face: IntArray, voice: IntArray) -> DoubleArray:
    """Sum of the squared lengths of the pieces, by shift; float64 (N,).

    While one run of labels passes another, their overlap grows by a step a step, stays, shrinks:
    its square is a parabola, a constant, a parabola. Where all pairs of runs begin and end to do
    so is counted at once, by correlation, one length of run after the other; there are far fewer
    lengths than runs. Whole numbers keep the sums exact.
    """
    steps = len(face)
    (first, length), (their_first, their_length) = label_runs(face), label_runs(voice)
    end, their_end = first + length, their_first + their_length
    size = _quick_size(2 * steps + 1)

    def spectrum(at: IntArray, weight: IntArray | None = None) -> ComplexArray:
        return np.asarray(np.fft.rfft(np.bincount(at, weight, steps + 1), size))

    def by_shift(product: ComplexArray) -> IntArray:
        counts = np.rint(np.fft.irfft(product, size)).astype(np.int64)
        return np.concatenate((counts[-steps:], counts[: steps + 1]))  # from -steps to steps

    begin, stop = spectrum(their_first), spectrum(their_end)
    bends = spectrum(first) * stop.conj() - spectrum(end) * begin.conj()
    stays = np.zeros_like(bends)
    for mine, theirs, all_theirs, sign in (
        (first, their_first, begin, 1.0),
        (end, their_end, stop, -1.0),
    ):
        for each in np.unique(length):
            runs, longer = spectrum(mine[length == each]), their_length >= each
            longest = spectrum(theirs[longer])
            least = each * longest + spectrum(theirs[~longer], their_length[~longer])
            bends += sign * runs * (2.0 * longest - all_theirs).conj()
            stays += runs * least.conj()
    bend = by_shift(bends)
    total = 2 * np.cumsum(_ramps(bend)) - _ramps(bend + 2 * by_shift(stays))
    return (total[:steps] + total[steps:-1]).astype(np.float64)


def _quick_size(least: int) -> int:
    """A length, not below `least`, of which the Fourier transform is quick: few prime factors."""
    return min(odd << (-(-least // odd) - 1).bit_length() for odd in (1, 3, 5, 9, 15))


def _ramps(bend: IntArray) -> IntArray:
    """Sum of what rises by a step a step, `bend` times, from each place on; int64 (N,)."""
    return np.append(0, np.cumsum(np.cumsum(bend))[:-1])


def label_runs(label: IntArray) -> tuple[IntArray, IntArray]:
    """First steps and lengths of the runs of one label, int64 (R,) each; missing ones left out."""
    first = np.flatnonzero(np.append(True, label[1:] != label[:-1]))
    length = np.diff(np.append(first, len(label)))
    known = label[first] != MISSING
    return first[known], length[known]
