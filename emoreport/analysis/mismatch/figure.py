"""The share of the compared time in mismatch, with chance and verdict: worked out here and once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from emoreport.analysis.mismatch.agreement import NO_OVERLAP, Agreement
from emoreport.analysis.mismatch.bootstrap import Intervals
from emoreport.analysis.mismatch.shift_test import MARGIN, ShiftTest, verdict
from emoreport.analysis.rows.bridge import Bridge
from emoreport.results import Comparison, MismatchFigure
from emoreport.vocabulary import NOT_ENOUGH_DATA, Verdict

ROWS_AND_WINDOWS_DIFFER: Final = "rows_and_windows_differ"
"""Reason: the test on the voice windows and the share of the rows point different ways."""


def mismatch_figure(
    comparisons: Sequence[Comparison],
    bridge: Bridge,
    agreement: Agreement,
    test: ShiftTest,
    intervals: Intervals,
) -> MismatchFigure:
    """Measure the rows, and judge them by the test on the voice windows.

    Parameters
    ----------
    comparisons
        Face against voice over the rows of the face.
    bridge
        Shared label space of face and voice.
    agreement, test, intervals
        Of the time of the voice windows.

    Returns
    -------
    The figure. A verdict that the rows contradict (more than chance, where the share is no larger
    than expected) is taken back.
    """
    mismatch_s = compared_s = 0.0
    face_s: defaultdict[str, float] = defaultdict(float)
    voice_s: defaultdict[str, float] = defaultdict(float)
    for row in comparisons:
        if row.match is None:
            continue
        compared_s += row.span.duration_s
        mismatch_s += row.span.duration_s * (not row.match)
        face_s[bridge.shared(row.video_emotion)] += row.span.duration_s
        voice_s[bridge.shared(row.audio_emotion)] += row.span.duration_s
    share = expected = None
    if compared_s > 0:
        share = mismatch_s / compared_s
        together = sum(face_s[label] * voice_s[label] for label in face_s.keys() & voice_s.keys())
        expected = 1.0 - together / compared_s**2
    reasons = (part.reason for part in (agreement, test, intervals))
    note = next((reason for reason in reasons if reason), None)
    code = verdict(test, intervals.kappa)
    if code != NOT_ENOUGH_DATA:
        note = _contradiction(code, share, expected)
    return MismatchFigure(
        mismatch_s=mismatch_s,
        compared_s=compared_s,
        share=share,
        expected=expected,
        verdict=NOT_ENOUGH_DATA if note else code,
        note=note,
        p_value=test.p_value,
    )


def _contradiction(code: Verdict, share: float | None, expected: float | None) -> str | None:
    """Why the rows do not bear a verdict; None where they do."""
    if share is None or expected is None:
        return NO_OVERLAP
    excess = share - expected
    borne = {"more": excess > 0, "less": excess < 0, "as_much": abs(excess) <= MARGIN * expected}
    return None if borne[code] else ROWS_AND_WINDOWS_DIFFER
