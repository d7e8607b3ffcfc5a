"""Rows about the words of one talk: when each was said, how fast, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emoreport.records import Placed, Span

LONGEST_TEXT: Final = 84
"""Characters of a caption of what is said: two lines of 42, as broadcasters have them."""
LONGEST_CAPTION_MS: Final = 7000
LONGEST_GAP_MS: Final = 700
"""A pause that is longer ends a caption."""
SENTENCE_ENDS: Final = (".", "?", "!", "…")
CLOSING: Final = "»”\"')"
"""May follow the end of a sentence."""


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
class TextEvidence:
    """What the label of words rests on.

    Attributes
    ----------
    judged_words
        How many of the words are in clauses that the model judged.
    entropy
        Entropy of the probabilities over log K, 0–1; None without any.
    margin
        The largest probability less the second.
    """

    judged_words: int
    entropy: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class TextInterval:
    """What the words of a row of the face, or of a clause, say.

    Attributes
    ----------
    span
        The row, or from the first word of the clause to its last.
    emotion
        `uncertain` where there are words and no label; None where there is no word.
    confidence
        Probability of `emotion`, 0–1; None where no emotion is given.
    words
        Words whose middle is in the row; all of a clause.
    text
        The words; None where there is none, and where they are hidden.
    distribution
        Probability per label of the text model (K,); of a row, the mean over its clauses weighted
        by the words that lie in it. None without an emotion.
    evidence
        What the label rests on.
    reasons
        Codes of the limits that made it `uncertain`.
    """

    span: Span
    emotion: str | None
    confidence: float | None
    words: int
    text: str | None = None
    distribution: tuple[float, ...] | None = None
    evidence: TextEvidence | None = None
    reasons: tuple[str, ...] = ()


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
        Words whose middle is in it, without filled pauses.
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
    filled_pauses, filled_pause_s
        Filled pauses whose middle is in it, and their seconds; None where the transcript holds
        none at all: then nothing tells whether there were any.
    mean_filled_pause_s
        Their mean length, seconds; None without one.
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
    filled_pauses: int | None = None
    filled_pause_s: float | None = None
    mean_filled_pause_s: float | None = None


def caption_starts(
    texts: Sequence[str], start_ms: Sequence[int], end_ms: Sequence[int]
) -> list[int]:
    """Index of the first word of each caption; a caption goes up to the next one.

    A caption ends with a pause or a sentence, and before it is too long to read.

    Parameters
    ----------
    texts
        Words with the punctuation behind them.
    start_ms, end_ms
        When each is said, whole milliseconds, sorted by start.
    """
    firsts: list[int] = []
    letters = 0
    for index, text in enumerate(texts):
        letters += len(text) + 1
        if (
            not firsts
            or texts[index - 1].rstrip(CLOSING).endswith(SENTENCE_ENDS)
            or start_ms[index] - end_ms[index - 1] > LONGEST_GAP_MS
            or end_ms[index] - start_ms[firsts[-1]] > LONGEST_CAPTION_MS
            or letters - 1 > LONGEST_TEXT
        ):
            firsts.append(index)
            letters = len(text) + 1
    return firsts
