"""Read what the words say, clause by clause."""

from __future__ import annotations

import numpy as np

from emoreport.records import TextEmotionModel, TextReadings, Transcript
from emoreport.text.clauses import LEAST_WORDS, cut_clauses, written


def read_text(transcript: Transcript, model: TextEmotionModel) -> TextReadings:
    """Readings of every clause of a transcript.

    A clause of fewer than `LEAST_WORDS` words is not judged, nor is any of a transcript that the
    model cannot read; see `can_read`. Such rows are NaN.

    Parameters
    ----------
    transcript
        Words in order of time.
    model
        What judges the clauses.

    Raises
    ------
    ModelError
        When the model cannot be run.
    """
    words = transcript.words
    clauses = np.array(cut_clauses(words), np.int64).reshape(-1, 2)
    first, last = clauses[:, 0], clauses[:, 1]
    probabilities = np.full((len(clauses), len(model.labels)), np.nan, np.float32)
    judged = np.flatnonzero(last - first >= LEAST_WORDS)
    if can_read(model, transcript) and len(judged):
        texts = [written(words[first[row] : last[row]]) for row in judged]
        probabilities[judged] = model.predict(texts)
    return TextReadings(
        labels=tuple(model.labels),
        start_s=np.array([words[begin].start_s for begin in first], np.float64),
        end_s=np.array(
            [
                max(word.end_s for word in words[begin:stop])
                for begin, stop in zip(first, last, strict=True)
            ],
            np.float64,
        ),
        first=first,
        last=last,
        probabilities=probabilities,
    )


def readings_of(transcript: Transcript | None, model: TextEmotionModel) -> TextReadings | None:
    """Readings of a transcript; None without words, and where the model cannot read their language.

    Raises
    ------
    ModelError
        When the model cannot be run.
    """
    if transcript is None or not transcript.words or not can_read(model, transcript):
        return None
    return read_text(transcript, model)


def can_read(model: TextEmotionModel, transcript: Transcript) -> bool:
    """Whether a transcript is in the language of a model; one of unknown language is not."""
    return transcript.language == model.language
