"""The compact models that the package carries, and local ones of the same interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Unpack

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families import Running
from emoreport.models.families.face_crops import check_crops
from emoreport.models.families.recording_level import RecordingLevel
from emoreport.models.families.voice_clips import (
    SHORTEST_CLIP_S,
    checked_clip,
    judged_by_length,
    repeated,
)
from emoreport.models.runtimes.classifiers import OnnxNetwork
from emoreport.models.runtimes.graphs import GraphSession
from emoreport.models.runtimes.quantised_pools import with_fast_pools
from emoreport.models.store.model_metadata import (
    Kind,
    ModelMetadata,
    folder_metadata,
    shipped_metadata,
)
from emoreport.models.store.registry import PulledModel
from emoreport.records import (
    FACE_MEASURES,
    SAMPLE_RATE_HZ,
    VOICE_MEASURES,
    DoubleArray,
    FaceScores,
    FloatArray,
    RgbImage,
    VoiceScores,
)

THREADS: Final = 1
"""Decoding, detection, face and voice run side by side: one thread is best for a small model."""
LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def open_face(model: PulledModel, **running: Unpack[Running]) -> CompactFaceModel:
    """Open the face model of the package, or of a local folder; see `Opener`."""
    return CompactFaceModel(_metadata("face", model), **running)


def open_voice(model: PulledModel, **running: Unpack[Running]) -> CompactVoiceModel:
    """Open the voice model of the package, or of a local folder; see `Opener`."""
    return CompactVoiceModel(_metadata("voice", model), **running)


def _metadata(kind: Kind, model: PulledModel) -> ModelMetadata:
    return (
        folder_metadata(model.folder, kind) if model.registered is None else shipped_metadata(kind)
    )


class CompactFaceModel(OnnxNetwork):
    """Face-emotion network with the input ``float32 (N, 1, size, size)``, grey 0–255.

    The graph may have further outputs, float32 (N,), of the names in `FACE_MEASURES`.

    Parameters
    ----------
    metadata
        Description of the model file.
    threads
        Threads inside one run; 0 takes `THREADS`.
    options
        ``runtime``, ``device`` and ``reason``, as for `OnnxNetwork`.

    Raises
    ------
    ModelError
        When the file cannot be loaded or does not fit its description, or runtime or device
        is not available.
    """

    def __init__(self, metadata: ModelMetadata, *, threads: int = 0, **options: str) -> None:
        if metadata.crop is None:
            raise ModelError("models.no_crop", file=metadata.path)
        super().__init__(metadata, threads=threads or THREADS, **options)
        self.crop = metadata.crop
        self._measures = tuple(name for name in FACE_MEASURES if name in self.outputs)

    def _opened(self, graph: Path | bytes) -> GraphSession:
        runtime, *_ = self._running
        if runtime != "openvino":
            graph = with_fast_pools(graph, file=self.metadata.path)
        return super()._opened(graph)

    def predict(self, faces: Sequence[RgbImage]) -> FaceScores:
        """N face crops, RGB uint8 (size, size, 3) → scores; an empty sequence gives none.

        Raises
        ------
        FaceStageError
            When a crop has another shape or type.
        ModelError
            When inference fails.
        """
        table = np.zeros((0, len(self.labels) + len(self._measures)), np.float32)
        if faces:
            table = self.probabilities(grey_batch(faces, self.crop.size_px), self._measures)
        return self._scores(table)

    def embed(self, faces: Sequence[RgbImage]) -> tuple[FaceScores, FloatArray]:
        """What `predict` says, and the mean of the last maps: what the last layer sees.

        Raises
        ------
        FaceStageError, ModelError
            As for `predict`; also when the graph does not end in one linear layer.
        """
        if not faces:
            return self.predict(faces), np.zeros((0, self.feature_width), np.float32)
        table, features = self.embedded(grey_batch(faces, self.crop.size_px), self._measures)
        return self._scores(table), features

    def _scores(self, table: FloatArray) -> FaceScores:
        width = len(self.labels)
        return FaceScores(
            table[:, :width], extra=dict(zip(self._measures, table[:, width:].T, strict=True))
        )


def grey_batch(faces: Sequence[RgbImage], size_px: int) -> FloatArray:
    """RGB uint8 crops → float32 (N, 1, size, size), luma 0–255.

    Raises
    ------
    FaceStageError
        When a crop is not RGB uint8 (size, size, 3).
    """
    check_crops(faces, size_px)
    grey = np.stack(faces).astype(np.float32) @ np.array(LUMA, np.float32)
    return np.ascontiguousarray(grey[:, None])


class CompactVoiceModel(OnnxNetwork):
    """A voice-emotion model in one ONNX graph: ``audio`` float32 (N, T) → logits (N, K).

    The graph may have further outputs, float32 (N,), of the names in `VOICE_MEASURES`.

    Parameters
    ----------
    metadata
        Which file, which labels, which windows.
    threads
        Threads inside one run; 0 takes `THREADS`.
    options
        ``runtime``, ``device`` and ``reason``, as for `OnnxNetwork`.

    Raises
    ------
    ModelError
        When the graph cannot be loaded, does not fit its description, or wants something other
        than 16 kHz and a usable range of windows.
    """

    def __init__(self, metadata: ModelMetadata, *, threads: int = 0, **options: str) -> None:
        if metadata.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ModelError(
                "models.rate",
                wanted_hz=metadata.sample_rate_hz,
                given_hz=SAMPLE_RATE_HZ,
                file=metadata.path,
            )
        if not 0 < metadata.min_window_s <= metadata.max_window_s < float("inf"):
            raise ModelError(
                "models.windows",
                min_window_s=metadata.min_window_s,
                max_window_s=metadata.max_window_s,
                file=metadata.path,
            )
        super().__init__(metadata, threads=threads or THREADS, **options)
        self.sample_rate_hz = metadata.sample_rate_hz
        self.min_window_s = metadata.min_window_s
        self.max_window_s = metadata.max_window_s
        self._measures = tuple(name for name in VOICE_MEASURES if name in self.outputs)
        self._level = _recording_level(metadata)

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """Emotion probabilities of N clips, each judged on its own.

        Clips of one length run together. A clip below `SHORTEST_CLIP_S` is repeated end to end
        up to that length: the graph judges the spectrum against the clip's own level, which
        repetition keeps and added zeros would shift.

        Parameters
        ----------
        clips
            N mono clips at 16 kHz, float32 (n_i,), [-1, 1], n_i ≥ 1.

        Returns
        -------
        float32 (N, K); rows sum to 1; columns follow `labels`.

        Raises
        ------
        SpeechStageError
            When a clip is empty, not mono or not finite.
        ModelError
            When inference fails.
        """
        return self.measure(clips).probabilities

    def measure(self, clips: Sequence[FloatArray]) -> VoiceScores:
        """Emotion probabilities of N clips and what else the graph gives; see `predict`."""
        width = len(self.labels) + len(self._measures)
        return self._scores(judged_by_length(_ready(clips), width, self._judged))

    def embed(self, clips: Sequence[FloatArray]) -> tuple[VoiceScores, FloatArray]:
        """What `measure` says, and all that the last layer hears.

        Of the shipped model these are 1593 numbers of a whole clip: mean and standard deviation
        over time of two layers of the encoder, and statistics of its pitch, level and spectrum.

        Raises
        ------
        SpeechStageError, ModelError
            As for `predict`; also when the graph does not end in one linear layer.
        """
        width = len(self.labels) + len(self._measures)
        table = judged_by_length(
            _ready(clips),
            width + self.feature_width,
            lambda batch: np.hstack(self.embedded(batch, self._measures)),
        )
        return self._scores(table[:, :width]), table[:, width:]

    def _scores(self, table: FloatArray) -> VoiceScores:
        width = len(self.labels)
        measures = dict(zip(self._measures, table[:, width:].T, strict=True))
        return VoiceScores(table[:, :width], measures)

    def settle(
        self, probabilities: FloatArray, weight_s: DoubleArray, speech_s: float
    ) -> FloatArray:
        """Hold the windows of one recording against each other, where the metadata say how."""
        if self._level is None:
            return probabilities
        return self._level.settle(probabilities, weight_s, speech_s)

    def _judged(self, batch: FloatArray) -> FloatArray:
        return self.probabilities(batch, self._measures)


def _ready(clips: Sequence[FloatArray]) -> list[FloatArray]:
    shortest = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
    return [repeated(checked_clip(clip), shortest) for clip in clips]


def _recording_level(metadata: ModelMetadata) -> RecordingLevel | None:
    if metadata.recording is None:
        return None
    try:
        return RecordingLevel.from_document(metadata.recording, metadata.labels)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError("models.recording_level", error=error, file=metadata.path) from error
