"""Numbers about face, voice and words of one talk against each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModalityStatistic:
    """One row of modalities; None where unknown.

    Attributes
    ----------
    statistic
        Which number; a key of the words ``tables.statistic``.
    modalities
        Which of them it is about: ``face_voice``, ``face_text``, ``voice_text``, ``all``, or the
        one that departs: ``face``, ``voice``, ``text``.
    unit, value, low, high, expected, p_value, emotion, note
        As in `Statistic`.
    seconds
        Seconds on which it rests.
    rows
        Rows of the face in which these lie; of a departure, in which there is one.
    """

    statistic: str
    modalities: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    p_value: float | None = None
    seconds: float | None = None
    rows: int | None = None
    emotion: str | None = None
    note: str | None = None
