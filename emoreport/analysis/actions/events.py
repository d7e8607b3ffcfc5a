"""Find smiles and open mouths: stretches in which a measure is high.

Limits and what they were checked on are in docs/actions.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray, true_runs
from emoreport.records import ActionTrack, DoubleArray, Span
from emoreport.records.actions import EYE_NARROWING, MOUTH_OPENING
from emoreport.records.actions import SMILE as SMILE_SCORE
from emoreport.results import MOUTH_OPEN, SMILE, ActionEvent

SMILE_FROM: Final = 0.5
SMILE_UNTIL: Final = 0.35
SHORTEST_SMILE_S: Final = 0.5
OPEN_FROM: Final = 0.35
OPEN_UNTIL: Final = 0.25
SHORTEST_OPEN_S: Final = 0.3
SMILES: Final = (SMILE_FROM, SMILE_UNTIL, SHORTEST_SMILE_S)
OPENINGS: Final = (OPEN_FROM, OPEN_UNTIL, SHORTEST_OPEN_S)

EYES_NARROW_BY: Final = 0.1
"""So much narrower than usual are the eyes of a smile with the eyes."""

LEAST_OTHER_LOOKS: Final = 10
"""Looks without a smile that tell how narrow the eyes usually are."""

LONGEST_GAP_STEPS: Final = 3.0
"""A face that is out of sight for longer than this many usual steps ends what it did."""


def find_events(actions: ActionTrack, cuts_s: Sequence[float] = ()) -> tuple[ActionEvent, ...]:
    """Smiles and open mouths in order of their beginning; none goes on over a cut."""
    if len(actions) < 2:
        return ()
    smile = np.asarray(actions.values[SMILE_SCORE], np.float64)
    opening = np.asarray(actions.values[MOUTH_OPENING], np.float64)
    narrowing = np.asarray(actions.values[EYE_NARROWING], np.float64)
    usual = _usual(narrowing, smile)
    events = []
    for first, end in _stretches(actions, smile, cuts_s, *SMILES):
        peak = first + int(np.nanargmax(smile[first:end]))
        risen = float(np.nanmean(narrowing[first:end])) - usual
        events.append(
            ActionEvent(
                SMILE,
                _span(actions, first, end),
                float(actions.time_s[peak]),
                float(smile[peak]),
                None if np.isnan(risen) else risen >= EYES_NARROW_BY,
            )
        )
    for first, end in _stretches(actions, opening, cuts_s, *OPENINGS):
        peak = first + int(np.nanargmax(opening[first:end]))
        span, peak_s = _span(actions, first, end), float(actions.time_s[peak])
        events.append(ActionEvent(MOUTH_OPEN, span, peak_s, float(opening[peak])))
    return tuple(sorted(events, key=lambda event: (event.span.start_s, event.action)))


def _usual(narrowing: DoubleArray, smile: DoubleArray) -> float:
    """How narrow the eyes are without a smile; NaN where too little tells."""
    others = narrowing[(smile < SMILE_UNTIL) & ~np.isnan(narrowing)]
    return float(np.median(others)) if len(others) >= LEAST_OTHER_LOOKS else float("nan")


def _stretches(
    actions: ActionTrack,
    values: DoubleArray,
    cuts_s: Sequence[float],
    start: float,
    until: float,
    shortest_s: float,
) -> Iterator[tuple[int, int]]:
    """First look and the one after the last of stretches that begin high and stay above `until`.

    Looks without a face belong to no stretch, but a stretch goes on over a few of them.
    """
    seen = np.flatnonzero(~np.isnan(values))
    if not len(seen):
        return
    known = values[seen]
    steps_s = np.diff(actions.time_s[seen])
    longest_s = LONGEST_GAP_STEPS * _step_s(actions)
    breaks = np.append(False, steps_s > longest_s)
    after_cut = np.searchsorted(actions.time_s[seen], np.asarray(cuts_s, np.float64))
    breaks[after_cut[after_cut < len(seen)]] = True
    for first, end in zip(*_unbroken(known > until, breaks), strict=True):
        if not (known[first:end] >= start).any():
            continue
        span = _span(actions, int(seen[first]), int(seen[end - 1]) + 1)
        if span.duration_s >= shortest_s:
            yield int(seen[first]), int(seen[end - 1]) + 1


def _unbroken(high: BoolArray, breaks: BoolArray) -> tuple[list[int], list[int]]:
    """Runs of `high`, cut before each break."""
    firsts, ends = [], []
    for first, end in zip(*true_runs(high), strict=True):
        cuts = [first, *(first + 1 + np.flatnonzero(breaks[first + 1 : end])).tolist(), end]
        firsts += cuts[:-1]
        ends += cuts[1:]
    return firsts, ends


def _step_s(actions: ActionTrack) -> float:
    return float(np.median(np.diff(actions.time_s)))


def _span(actions: ActionTrack, first: int, end: int) -> Span:
    """From the first look to when the one after the last is due."""
    last_s = float(actions.time_s[end - 1]) + _step_s(actions)
    if end < len(actions):
        last_s = min(last_s, float(actions.time_s[end]))
    return Span(float(actions.time_s[first]), last_s)
