"""Hear which words are said, and when."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice, pairwise
from typing import Final

import numpy as np

from emoreport.models.families.recognition import HeardClip, HeardToken, RecognitionModel
from emoreport.records import AudioTrack, ProgressCallback, Span, Transcript, Word
from emoreport.words.filled_pauses import with_filled_pauses
from emoreport.words.pieces import inside, speech_pieces
from emoreport.words.spelling import guessed_language, words_of

RECOGNISING: Final = "words"
"""Name of the stage, as progress is told."""
BATCH: Final = 4
"""Pieces that are heard at once: 80 s of sound at most, whatever the recording's length."""
_UNKNOWN: Final = re.compile(r"<[^<>]*>")
"""Tokens such as ``<unk>``, which stand for something that was not understood."""


@dataclass(slots=True)
class _Written:
    """A word while its tokens are gathered."""

    text: str
    start_s: float
    end_s: float
    chances: list[float]


class SpeechRecogniser:
    """Turns the speech of a recording into words with times.

    Parameters
    ----------
    model
        What hears; the pieces are cut, and their words put on the video's time line, here.
    """

    def __init__(self, model: RecognitionModel) -> None:
        self._model = model
        self.record = model.record
        self.language = model.language

    def transcribe(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        progress: ProgressCallback | None = None,
    ) -> Transcript:
        """Words of the detected speech, in order of time; see `Recogniser`.

        Where the model gives times for tokens, a word lasts from the start of its first to the end
        of its last one, and its confidence is the geometric mean of their probabilities. Where it
        gives none (Whisper), the words of a piece are spread over the speech in it, by their
        letters, and have no confidence.

        Raises
        ------
        ModelError
            When the network cannot be run.
        """
        words: list[Word] = []
        timed = True
        pieces = enumerate(speech_pieces(track, speech))
        while batch := list(islice(pieces, BATCH)):
            heard = self._model.hear([track.read(piece) for _, piece in batch])
            timed = timed and all(clip.tokens is not None for clip in heard)
            for (number, piece), clip in zip(batch, heard, strict=True):
                words += _words(clip, piece, inside(speech, piece), number)
            if progress is not None:
                progress(RECOGNISING, batch[-1][1].end_s, track.end_s)
        if progress is not None:
            progress(RECOGNISING, track.end_s, track.end_s)
        language = self.language or guessed_language(word.text for word in words)
        if timed:
            words = [*with_filled_pauses(words, language)]
        return Transcript(tuple(words), source=self.record.name, language=language)


def _words(clip: HeardClip, piece: Span, speech: Sequence[Span], number: int) -> list[Word]:
    if clip.tokens is None:
        return _spread(clip.text, speech, number)
    words: list[Word] = []
    for written in _gathered(clip.tokens):
        _add(
            words,
            written.text,
            Span(
                min(piece.start_s + written.start_s, piece.end_s),
                min(piece.start_s + written.end_s, piece.end_s),
            ),
            _confidence(written.chances),
            number,
        )
    return _without_overlap(words)


def _gathered(tokens: Sequence[HeardToken]) -> Iterator[_Written]:
    """What is written between two marks of a word's beginning."""
    word: _Written | None = None
    for token in tokens:
        for part in re.split(r"(\s+)", _UNKNOWN.sub("", token.text)):
            if not part:
                continue
            if part.isspace():
                if word is not None:
                    yield word
                word = None
            elif word is None:
                word = _Written(part, token.start_s, token.end_s, [token.probability])
            else:
                word.text += part
                # Punctuation is put where the network is sure that a sentence has ended.
                if any(letter.isalnum() for letter in part):
                    word.end_s = token.end_s
                    word.chances.append(token.probability)
    if word is not None:
        yield word


def _add(words: list[Word], text: str, span: Span, confidence: float | None, number: int) -> None:
    """Append a word, or its signs to the word before where it is no more than signs."""
    for word, after in words_of(text):
        words.append(Word(word, span.start_s, span.end_s, confidence, "recognised", after, number))
        return
    if words:
        words[-1] = replace(words[-1], after=f"{words[-1].after} {text}")


def _confidence(chances: Sequence[float]) -> float | None:
    mean = float(np.exp(np.mean(np.log(np.maximum(chances, np.finfo(np.float64).tiny)))))
    return None if np.isnan(mean) else min(mean, 1.0)


def _without_overlap(words: Sequence[Word]) -> list[Word]:
    """Words end where the next one starts at the latest."""
    ends = [later.start_s for _, later in pairwise(words)]
    return [
        replace(word, end_s=max(word.start_s, min(word.end_s, end_s)))
        for word, end_s in zip(words, [*ends, np.inf], strict=True)
    ]


def _spread(text: str, speech: Sequence[Span], number: int) -> list[Word]:
    """Words without times, over the speech that they were heard in, in proportion to letters."""
    words: list[Word] = []
    for part in _UNKNOWN.sub("", text).split():
        _add(words, part, Span(0.0, 0.0), None, number)
    if not words:
        return []
    spoken_s = [0.0, *accumulate(span.duration_s for span in speech)]
    letters = [0, *accumulate(1 + len(word.text) for word in words)]
    marks_s = [spoken_s[-1] * count / letters[-1] for count in letters]
    starts = [_at(mark_s, spoken_s, speech, last=False) for mark_s in marks_s[:-1]]
    ends = [_at(mark_s, spoken_s, speech, last=True) for mark_s in marks_s[1:]]
    return [
        replace(word, start_s=start_s, end_s=max(start_s, end_s))
        for word, start_s, end_s in zip(words, starts, ends, strict=True)
    ]


def _at(mark_s: float, spoken_s: Sequence[float], speech: Sequence[Span], *, last: bool) -> float:
    """Time at which so many seconds of speech have passed; at a pause its start or its end."""
    find = bisect_left if last else bisect_right
    index = min(max(find(spoken_s, mark_s) - 1, 0), len(speech) - 1)
    return min(speech[index].start_s + mark_s - spoken_s[index], speech[index].end_s)
