"""Numbers about a whole talk: statistics, transitions, mismatch, the row of the summary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number about a talk, with what is known of its uncertainty; None where unknown.

    Attributes
    ----------
    statistic
        Which number; a key of the words ``tables.statistic``.
    unit
        ``share``, ``seconds``, ``per_minute``, ``bits``, ``count``, ``distance``, ``coefficient``
        or ``probability``.
    value
        The number.
    low, high
        Its 95 % interval.
    expected
        What chance would give.
    count
        On how many events or intervals it rests.
    p_value, p_adjusted
        Of a test against chance; corrected for many tests by Holm's method.
    emotion, target
        Which emotion, or from which to which.
    scope
        ``all``, or the part of the time it is about: ``speaking``, ``pausing``.
    setting
        Settings other than those of the run, as ``name=value`` separated by blanks.
    verdict
        A code for what the number says (``more``, ``as_much``, ``less``, ``not_enough_data``, …).
    note
        A code for why something is unknown.
    """

    statistic: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    count: int | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    emotion: str | None = None
    target: str | None = None
    scope: str = "all"
    setting: str | None = None
    verdict: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """How often `origin` was followed directly by `target`, and its share of departures."""

    origin: str
    target: str
    count: int
    probability: float


@dataclass(frozen=True, slots=True)
class MismatchFigure:
    """How much face and voice differ in one talk, beside what chance gives: one record for all.

    Share, seconds and expectation are of the rows of `Analysis.comparisons`. The test behind the
    verdict is made on the time of the voice windows, since rows would bias it: their lengths depend
    on the face.

    Attributes
    ----------
    mismatch_s
        Seconds of the rows in which the two differ.
    compared_s
        Seconds of the rows in which they could be compared.
    share
        `mismatch_s` over `compared_s`, 0–1; None where nothing could be compared.
    expected
        The share that the same rows would give if face and voice had nothing to do with each other
        and each kept its labels' shares of the time, 0–1.
    verdict
        Whether they differ more, as much or less than chance gives.
    note
        Why the verdict is ``not_enough_data``; None with any other verdict, or where there was
        enough to test and the test leaves it open.
    p_value
        Of the test, two-sided; None without one.
    """

    mismatch_s: float = 0.0
    compared_s: float = 0.0
    share: float | None = None
    expected: float | None = None
    verdict: str | None = None
    note: str | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One row about one video: the columns of summary.csv."""

    video: str
    duration_s: float
    frames: int
    frame_rate_hz: float | None
    face_coverage: float
    speech_s: float
    intervals: int
    transitions: int
    transitions_per_minute: float | None
    mismatches: int
    mismatch: MismatchFigure
    dominant_video_emotion: str | None
    dominant_audio_emotion: str | None
    face_model: str
    speech_model: str
    emotion_s: float
    transitions_per_emotion_minute: float | None
    uncertain_s: float = 0.0
    judged_share: float | None = None
    kappa: float | None = None
