"""Where the voice windows lie and how much speech each one holds. Pure; nothing is read here.

The windows depend on the sound alone, never on the intervals that the face gives, so that new
intervals can be given a voice from stored readings, without decoding. How that is done, and why
the grid looks as it does, stands in docs/decisions/0003-voice-windows.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emoreport.records import DoubleArray, Span

TOUCHING_S = 1e-6
"""Starts closer than this are one: far below the 62.5 µs of a sample at 16 kHz."""


def window_grid(start_s: float, end_s: float, *, window_s: float, hop_s: float) -> list[Span]:
    """Windows that together cover a sound.

    Inner windows start at whole multiples of `hop_s`, counted from time 0. The first window is
    moved to start where the sound starts and the last one to end where the sound ends, so that
    every window is `window_s` long and holds nothing but sound. A sound that is not longer than
    one window gets one window: the sound itself.

    Parameters
    ----------
    start_s, end_s
        Where the sound starts and ends, seconds on the video's time line.
    window_s
        Length of a window in seconds, > 0.
    hop_s
        Distance between two starts in seconds, > 0; above `window_s` it is taken as `window_s`,
        for otherwise the windows would leave gaps.

    Returns
    -------
    Windows with strictly rising starts and non-falling ends; none for an empty sound.

    Raises
    ------
    ValueError
        When the window or the hop is not positive, or a value is not finite.

    Examples
    --------
    >>> [(window.start_s, window.end_s) for window in window_grid(0.25, 5.5, window_s=3, hop_s=1)]
    [(0.25, 3.25), (1.0, 4.0), (2.0, 5.0), (2.5, 5.5)]
    """
    if not all(math.isfinite(value) for value in (start_s, end_s, window_s, hop_s)):
        raise ValueError(f"not finite: {start_s}, {end_s}, {window_s}, {hop_s}")
    if window_s <= 0 or hop_s <= 0:
        raise ValueError(f"window and hop must be positive, got {window_s} and {hop_s}")
    if end_s <= start_s:
        return []
    last_s = end_s - window_s
    if last_s <= start_s + TOUCHING_S:
        return [Span(start_s, end_s)]
    hop_s = min(hop_s, window_s)
    steps = range(math.floor(start_s / hop_s), math.ceil(last_s / hop_s) + 1)
    inner = [step * hop_s for step in steps]
    inner = [at_s for at_s in inner if start_s + TOUCHING_S < at_s < last_s - TOUCHING_S]
    spans = [Span(at_s, at_s + window_s) for at_s in (start_s, *inner)]
    return [*spans, Span(last_s, end_s)]


def speech_seconds(speech: Sequence[Span], start_s: ArrayLike, end_s: ArrayLike) -> DoubleArray:
    """Seconds of speech inside each of M stretches.

    Parameters
    ----------
    speech
        Sorted, disjoint spans of speech.
    start_s, end_s
        float (M,), bounds of the stretches in seconds.

    Returns
    -------
    float64 (M,), each from 0 to the length of its stretch.
    """
    starts = np.asarray(start_s, dtype=np.float64)
    ends = np.asarray(end_s, dtype=np.float64)
    if not speech:
        return np.zeros(starts.shape)
    edges = np.array([(span.start_s, span.end_s) for span in speech])
    before = np.concatenate(([0.0], np.cumsum(edges[:, 1] - edges[:, 0])))
    # Speech heard up to t is piecewise linear in t: it rises inside spans and rests between them.
    heard = np.stack((before[:-1], before[1:]), axis=1).ravel()
    up_to_end = np.interp(ends, edges.ravel(), heard)
    up_to_start = np.interp(starts, edges.ravel(), heard)
    return np.asarray(np.clip(up_to_end - up_to_start, 0.0, ends - starts))
