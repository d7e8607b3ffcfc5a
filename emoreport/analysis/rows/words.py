"""Lay words under rows: which are said in each, and how fast a talk and its rows are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from emoreport.analysis.numeric.missing import none_where_nan
from emoreport.analysis.rows.acoustics import spoken_pauses, syllable_rates
from emoreport.analysis.rows.voice import spoken_before
from emoreport.records import DoubleArray, IntArray, Span, SpeechTrack, Transcript, Word
from emoreport.results import Comparison, SpeechRate, SpokenWord, VideoInterval

_Row = TypeVar("_Row", VideoInterval, Comparison)


def spoken_words(
    transcript: Transcript | None, rows: Sequence[VideoInterval]
) -> tuple[SpokenWord, ...] | None:
    """The words in order of time, each with the row of the face in which its middle lies.

    None without a transcript, and where its words are hidden.
    """
    if transcript is None or not transcript.has_text:
        return None
    row_of = row_of_words(transcript, rows)
    return tuple(
        SpokenWord(
            span=Span(word.start_s, word.end_s),
            word=word.text,
            after=word.after,
            confidence=word.confidence,
            interval=None if row < 0 else row + 1,
            placed=word.placed,
            line=word.line + 1,
        )
        for word, row in zip(transcript.words, row_of.tolist(), strict=True)
    )


def with_text(
    rows: tuple[Comparison, ...], transcript: Transcript | None
) -> tuple[Comparison, ...]:
    """The rows, each with the words whose middle is in it; None where there is none."""
    if transcript is None or not transcript.has_text:
        return rows
    texts: list[list[str]] = [[] for _ in rows]
    for word, row in zip(transcript.words, row_of_words(transcript, rows).tolist(), strict=True):
        if row >= 0:
            texts[row].append(word.text + word.after)
    return tuple(
        replace(row, text=" ".join(text) or None) for row, text in zip(rows, texts, strict=True)
    )


def speech_rates(
    transcript: Transcript | None,
    speech: SpeechTrack,
    rows: Sequence[VideoInterval],
    duration_s: float,
) -> tuple[SpeechRate, ...]:
    """How fast the whole talk is spoken, then each row of the face; none without a transcript.

    Parameters
    ----------
    transcript
        The words.
    speech
        Spans of detected speech, and the contour that syllables are counted in.
    rows
        Rows of the face, in order of time.
    duration_s
        Length of the recording, seconds.
    """
    if transcript is None:
        return ()
    spans = [Span(0.0, max(0.0, duration_s)), *(row.span for row in rows)]
    start_s = np.asarray([span.start_s for span in spans])
    end_s = np.asarray([span.end_s for span in spans])
    words = _in_rows(transcript.spoken_words, rows)[0]
    spoken_s = spoken_before(speech.speech, end_s) - spoken_before(speech.speech, start_s)
    syllables: list[float | None] = [None] * len(spans)
    if speech.contour is not None:
        rates = syllable_rates(speech.contour, speech.speech, start_s, end_s)
        syllables = none_where_nan(rates)
    pauses = spoken_pauses(speech.speech, start_s, end_s)
    filled = [word for word in transcript.words if word.filled_pause]
    filled_count, filled_s = _in_rows(filled, rows)
    return tuple(
        SpeechRate(
            span=span,
            interval=index or None,
            words=words[index],
            speech_s=float(spoken_s[index]),
            words_per_minute=60 * words[index] / span.duration_s if span.duration_s else None,
            articulation_rate=syllables[index],
            pauses=int(pauses.begun[index]),
            pause_s=float(pauses.inside_s[index]),
            mean_pause_s=None
            if not pauses.begun[index]
            else float(pauses.begun_s[index] / pauses.begun[index]),
            filled_pauses=filled_count[index] if filled else None,
            filled_pause_s=filled_s[index] if filled else None,
            mean_filled_pause_s=filled_s[index] / filled_count[index]
            if filled_count[index]
            else None,
        )
        for index, span in enumerate(spans)
    )


def _in_rows(words: Sequence[Word], rows: Sequence[_Row]) -> tuple[list[int], list[float]]:
    """How many words there are, and their seconds: in the whole talk, then in each row."""
    length_s = np.asarray([word.end_s - word.start_s for word in words], dtype=np.float64)
    row_of = rows_of(words, rows)
    inside = row_of >= 0
    count = np.append(len(words), np.bincount(row_of[inside], minlength=len(rows)))
    within_s = np.bincount(row_of[inside], length_s[inside], minlength=len(rows))
    return count.tolist(), np.append(length_s.sum(), within_s).tolist()


def row_of_words(transcript: Transcript, rows: Sequence[_Row]) -> IntArray:
    """Index of the row in which the middle of each word lies, int64; -1 where there is none."""
    return rows_of(transcript.words, rows)


def rows_of(words: Sequence[Word], rows: Sequence[_Row]) -> IntArray:
    """The same for some words."""
    middle_s: DoubleArray = np.asarray(
        [0.5 * (word.start_s + word.end_s) for word in words], dtype=np.float64
    )
    start_s = np.asarray([row.span.start_s for row in rows], dtype=np.float64)
    end_s = np.asarray([row.span.end_s for row in rows], dtype=np.float64)
    row = np.searchsorted(start_s, middle_s, side="right") - 1
    inside = row >= 0
    inside[inside] = middle_s[inside] < end_s[row[inside]]
    found: IntArray = np.where(inside, row, -1)
    return found
