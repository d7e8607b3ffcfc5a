"""The letters that a recogniser hears, so that its posteriors align a text.

Only networks that tell a probability of every letter in every frame can do this: those trained with
CTC whose tokens are single letters. Transducers and Whisper tell what comes next, and with pieces
of words those of the text would have to be guessed.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.recognition import RecognitionModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray
from emoreport.words.sounding import RUSSIAN_LETTERS, heard_letters

LANGUAGE: Final = "ru"
LEAST: Final = np.float32(-30.0)
"""Log posteriors below this are this: a network may tell minus infinity."""


class RecogniserLetters:
    """Log posteriors of letters as a recogniser tells them; see `LetterModel` of `alignment`.

    ё counts as е. Marks between words, punctuation, ь and ъ are nothing that is heard and count as
    the blank. Tokens that are no Russian letter, such as digits, count for nothing.

    Parameters
    ----------
    model
        A recogniser with posteriors of single letters.

    Raises
    ------
    ModelError
        When its tokens or its language are others.
    """

    letters = RUSSIAN_LETTERS
    language = LANGUAGE
    blanks_between = True

    def __init__(self, model: RecognitionModel) -> None:
        tokens = model.tokens if model.has_posteriors else {}
        plain = {number: text.strip() for number, text in tokens.items() if number != model.blank}
        said = [text for text in plain.values() if not text.startswith("<")]
        if model.language != LANGUAGE or not said or max(map(len, said)) > 1:
            raise ModelError("models.cannot_align", model=model.record.name)
        self._model = model
        self.record = model.record
        self.frame_s = model.step_s
        heard = {number: heard_letters(text) for number, text in plain.items()}
        numbers: list[list[int]] = [[model.blank] + [n for n, text in heard.items() if not text]]
        numbers += [[n for n, text in heard.items() if text == letter] for letter in self.letters]
        self._numbers = numbers

    def log_posteriors(self, samples: FloatArray) -> FloatArray:
        """Log posteriors of every frame of a clip.

        Parameters
        ----------
        samples
            Mono, 16 kHz, float32 (n,), [-1, 1], n ≥ 1.

        Returns
        -------
        float32 (T, 1 + letters); frame t covers ``frame_s`` from ``t · frame_s`` on.

        Raises
        ------
        ModelError
            When inference fails.
        """
        (table,) = self._model.posteriors([samples])
        # A short clip is filled up with silence: what is beyond it is not of the recording.
        length = math.ceil(len(samples) / SAMPLE_RATE_HZ / self.frame_s)
        told = np.maximum(np.asarray(table[:length], np.float32), LEAST)
        absent = np.full(len(told), LEAST, np.float32)
        columns = [
            np.logaddexp.reduce(told[:, own], axis=1) if own else absent for own in self._numbers
        ]
        return np.asarray(np.stack(columns, axis=1), np.float32)
