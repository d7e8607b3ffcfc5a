"""eGeMAPS, 88 measures of a voice, by openSMILE where the extra `opensmile` is installed.

Eyben et al. (2016), doi:10.1109/TAFFC.2015.2457417: a small set of pitch, loudness, formants and
spectrum that studies of voices share. openSMILE may be used for research only, not in products.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.voice_clips import checked_clip
from emoreport.records import (
    DoubleArray,
    FeatureSource,
    FloatArray,
    MeasuringVoiceModel,
    SettlingVoiceModel,
    VoiceEmotionModel,
    VoiceScores,
)
from emoreport.settings import EGEMAPS_FEATURES

PREFIX: Final = "egemaps_"
INSTALL: Final = "install_opensmile"


class EgemapsVoice:
    """A voice-emotion model whose features are eGeMAPSv02 of each clip.

    What it says of emotions is what the model below says.

    Parameters
    ----------
    model
        The model below.

    Attributes
    ----------
    feature_source
        What makes the features: openSMILE and its version, the names of the measures.

    Raises
    ------
    ModelError
        When openSMILE is not installed or does not start.
    """

    def __init__(self, model: VoiceEmotionModel) -> None:
        try:
            import opensmile
        except ImportError as error:
            raise ModelError("speech.needs_opensmile", error=error, remedy=INSTALL) from error
        self._model = model
        self.record, self.labels = model.record, model.labels
        self.sample_rate_hz = model.sample_rate_hz
        self.min_window_s, self.max_window_s = model.min_window_s, model.max_window_s
        self._smile: Any = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02,
            feature_level=opensmile.FeatureLevel.Functionals,
        )
        columns = tuple(PREFIX + name for name in self._smile.feature_names)
        self.feature_width = len(columns)
        self.feature_source = FeatureSource(
            "voice",
            "opensmile",
            len(columns),
            version=opensmile.__version__,
            layer=EGEMAPS_FEATURES,
            columns=columns,
        )

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """What the model below says; see there."""
        return self._model.predict(clips)

    def measure(self, clips: Sequence[FloatArray]) -> VoiceScores:
        """What the model below says and measures, if it measures."""
        if isinstance(self._model, MeasuringVoiceModel):
            return self._model.measure(clips)
        return VoiceScores(self._model.predict(clips))

    def settle(
        self, probabilities: FloatArray, weight_s: DoubleArray, speech_s: float
    ) -> FloatArray:
        """What the model below makes of a recording, if it does."""
        if isinstance(self._model, SettlingVoiceModel):
            return self._model.settle(probabilities, weight_s, speech_s)
        return probabilities

    def embed(self, clips: Sequence[FloatArray]) -> tuple[VoiceScores, FloatArray]:
        """What `measure` says, and float32 (N, 88); NaN where a clip is too short to measure.

        Raises
        ------
        SpeechStageError, ModelError
            As for the model below, and when openSMILE fails.
        """
        rows = [self._functionals(checked_clip(clip)) for clip in clips]
        return self.measure(clips), np.array(rows, np.float32).reshape(-1, self.feature_width)

    def _functionals(self, clip: FloatArray) -> FloatArray:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of clips that are too short: they come as NaN
                found = self._smile.process_signal(clip, self.sample_rate_hz)
        except Exception as error:  # openSMILE's errors have no base of their own
            raise ModelError("speech.opensmile_fails", error=error) from error
        return np.asarray(found.to_numpy()[0], np.float32)
