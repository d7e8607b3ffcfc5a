"""Rows about the words of one talk: when each was said, and how fast."""

from __future__ import annotations

from dataclasses import dataclass

from emoreport.records import Placed, Span


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One row of words.

    Attributes
    ----------
    span
        When it is said.
    word, after
        As it is written, and the punctuation that follows.
    confidence
        0–1; None where nothing tells.
    interval
        Number of the row of the face in which its middle lies, from 1; None if in none.
    placed
        Whence its time comes.
    line
        Number of the line or cue of the transcript, from 1.
    """

    span: Span
    word: str
    after: str
    confidence: float | None
    interval: int | None
    placed: Placed
    line: int


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """One row of speech_rate: how fast a talk or a row of the face is spoken.

    Attributes
    ----------
    span
        The whole talk, or the row.
    interval
        Number of the row of the face, from 1; None for the whole talk.
    words
        Words whose middle is in it.
    speech_s
        Detected speech in it, seconds.
    words_per_minute
        Words per minute of its length, pauses included; None for a span without length.
    articulation_rate
        Syllable nuclei per second of speech, pauses left out; None where that was not measured.
    pauses, pause_s
        Gaps in the speech that begin in it, and the seconds of such gaps inside it.
    mean_pause_s
        Mean length of the gaps that begin in it, seconds; None without one.
    """

    span: Span
    interval: int | None
    words: int
    speech_s: float
    words_per_minute: float | None
    articulation_rate: float | None
    pauses: int
    pause_s: float
    mean_pause_s: float | None
