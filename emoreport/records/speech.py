"""Speech in sound, the models that read it, and what they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from emoreport.records.arrays import Columns, DoubleArray, FloatArray, class_columns
from emoreport.records.media import AudioTrack, Span
from emoreport.records.models import ModelRecord, WitnessReadings, witness_columns
from emoreport.vocabulary import PROBABILITY_PREFIX

if TYPE_CHECKING:
    import pandas as pd


@runtime_checkable
class VoiceActivityDetector(Protocol):
    """Finds speech in 16 kHz mono audio."""

    name: str

    def detect(self, track: AudioTrack) -> tuple[Span, ...]:
        """Sorted, disjoint speech spans on the video's time line."""
        ...


@runtime_checkable
class VoiceEmotionModel(Protocol):
    """Turns stretches of speech into emotion probabilities."""

    record: ModelRecord
    labels: tuple[str, ...]
    sample_rate_hz: int
    min_window_s: float
    max_window_s: float

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """N mono clips, float32 (n_i,), [-1, 1] → float32 (N, K); rows sum to 1."""
        ...


VOICE_MEASURES: Final = ("intensity", "distance")
"""What a voice model may measure of a clip beside the emotions.

``intensity``: how aroused the voice sounds, 0–1. ``distance``: how far the clip is
from the sounds that the model was trained on, ≥ 0; beyond 1 it is unlike them.
"""
WITNESS_MEASURE: Final = {name: f"witness_{name}" for name in VOICE_MEASURES}
"""What the same is called where a witness measured it."""


@dataclass(frozen=True, slots=True)
class VoiceScores:
    """What a voice-emotion model says of N clips.

    Attributes
    ----------
    probabilities
        float32 (N, K); rows sum to 1; columns follow the model's `labels`.
    measures
        float32 (N,) by name, of `VOICE_MEASURES` those that the model has.
    """

    probabilities: FloatArray
    measures: Mapping[str, FloatArray] = field(default_factory=dict)


@runtime_checkable
class MeasuringVoiceModel(VoiceEmotionModel, Protocol):
    """A voice-emotion model that may also give some of `VOICE_MEASURES`."""

    def measure(self, clips: Sequence[FloatArray]) -> VoiceScores:
        """N clips as for `predict` → what `predict` says, and the measures."""
        ...


CONTOUR_STEP_S: Final = 0.01
"""Distance between two frames of a contour."""


@dataclass(frozen=True, slots=True)
class SoundContour:
    """Pitch and level of the detected speech of a recording, one value every `CONTOUR_STEP_S`.

    Attributes
    ----------
    time_s
        float64 (F,), rising; middle of each frame. Only frames inside detected speech are there.
    f0_hz
        float32 (F,); NaN where the frame is not voiced.
    level_db
        float32 (F,), decibels; 0 is the mean square of full scale.
    """

    time_s: DoubleArray
    f0_hz: FloatArray
    level_db: FloatArray

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.time_s)


@runtime_checkable
class SettlingVoiceModel(VoiceEmotionModel, Protocol):
    """A voice-emotion model that can hold windows against the recording that they come from."""

    def settle(
        self, probabilities: FloatArray, weight_s: DoubleArray, speech_s: float
    ) -> FloatArray:
        """Readings of all windows of one recording → the same, held against each other.

        Parameters
        ----------
        probabilities
            float32 (M, K), each window judged alone; NaN rows where it was not judged.
        weight_s
            float64 (M,), seconds of speech in each window.
        speech_s
            Seconds of speech in the recording.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpeechTrack:
    """Voice readings of one video: windows on a fixed grid, independent of any interval.

    Attributes
    ----------
    labels
        Class names of the probability columns (K).
    start_s, end_s
        float64 (M,), window bounds; the windows together cover the whole sound.
    speech_s
        float64 (M,), seconds of detected speech inside each window.
    probabilities
        float32 (M, K); NaN rows where the window holds too little speech.
    speech
        Sorted, disjoint spans of detected speech.
    extra
        Further float32 (M,) columns by name (evidence such as ``snr_db``, and `VOICE_MEASURES`),
        NaN where unknown.
    witness
        Readings of a second model; None without one.
    contour
        Pitch and level of the speech; None where they were not measured.
    """

    labels: tuple[str, ...]
    start_s: DoubleArray
    end_s: DoubleArray
    speech_s: DoubleArray
    probabilities: FloatArray
    speech: tuple[Span, ...]
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
    witness: WitnessReadings | None = None
    contour: SoundContour | None = None

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.start_s)

    def usual(self, name: str) -> float | None:
        """Median of a further column over the windows that know it; None where none does."""
        values = self.extra.get(name)
        known = None if values is None else values[~np.isnan(values)].astype(np.float64)
        return None if known is None or not len(known) else float(np.median(known))

    @property
    def clipped_spans(self) -> NDArray[np.object_]:
        """Arrays (M,): start, end, start, end … of the speech inside each window."""
        starts = np.array([span.start_s for span in self.speech])
        ends = np.array([span.end_s for span in self.speech])
        first = np.searchsorted(ends, self.start_s, side="right")
        last = np.searchsorted(starts, self.end_s, side="left")
        windows = np.empty(len(self), dtype=object)
        for window, (low, high) in enumerate(zip(first, last, strict=True)):
            windows[window] = np.column_stack(
                (
                    np.maximum(starts[low:high], self.start_s[window]),
                    np.minimum(ends[low:high], self.end_s[window]),
                )
            ).ravel()
        return windows

    @property
    def columns(self) -> Columns:
        """Arrays (M,) by column of speech.parquet, in its order."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "speech_seconds": self.speech_s,
            **class_columns(PROBABILITY_PREFIX, self.labels, self.probabilities),
            "speech_spans": self.clipped_spans,
            **self.extra,
            **witness_columns(self.witness),
        }

    def to_frame(self) -> pd.DataFrame:
        """The readings as a DataFrame: one row per window, columns of speech.parquet."""
        import pandas as pd

        return pd.DataFrame(self.columns)
