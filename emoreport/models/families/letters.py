"""The letter model of the package: which letters of Russian speech are heard, frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.log_mel import log_mel
from emoreport.models.families.shipped import ShippedFacts, ShippedModel, read_shipped
from emoreport.models.families.voice_clips import checked_clip
from emoreport.models.store.model_metadata import REINSTALL
from emoreport.records import FloatArray

METADATA_FILE: Final = "letters_ru.json"
KIND: Final = "letters"
INPUT, OUTPUT = "log_mel", "log_posteriors"


class LetterModel(ShippedModel):
    """Log posteriors of letters; class 0 is the blank (pause, noise, whatever is no letter).

    Parameters
    ----------
    metadata
        The JSON file; None for that of the package.

    Raises
    ------
    ModelError
        When the files are missing, are not those described, or do not fit together.
    """

    def __init__(self, metadata: Path | None = None) -> None:
        facts = read_shipped(metadata, METADATA_FILE, KIND)
        super().__init__(facts, {INPUT}, OUTPUT)
        self.letters, self.frame_s, self.blanks_between = _described(facts)

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
        SpeechStageError
            When the clip is empty, not mono or not finite.
        ModelError
            When inference fails.
        """
        levels = log_mel(checked_clip(samples))[None]
        table = np.asarray(self._session.run({INPUT: levels}, [OUTPUT])[OUTPUT], np.float32)
        if table.ndim != 3 or table.shape[2] != 1 + len(self.letters) or np.isnan(table).any():
            raise ModelError("models.output", shape=table.shape, file=self._facts.path)
        posteriors: FloatArray = table[0]
        return posteriors


def _described(facts: ShippedFacts) -> tuple[str, float, bool]:
    """Letters, seconds per frame, and whether blanks come between letters."""
    try:
        letters = str(facts.document["letters"])
        frame_s = float(facts.document["frame_s"])
        between = bool(facts.document["blanks_between"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            "models.description", error=error, remedy=REINSTALL, file=facts.path
        ) from error
    if not letters or len(set(letters)) != len(letters) or not 0 < frame_s < 1:
        wrong = f"{letters!r}, {frame_s} s"
        raise ModelError("models.description", error=wrong, remedy=REINSTALL, file=facts.path)
    return letters, frame_s, between
