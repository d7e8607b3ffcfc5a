"""The voice-emotion model that the package carries, and local ones of the same interface."""

from __future__ import annotations

from collections.abc import Sequence

from emoreport.errors import ModelError
from emoreport.models.families.voice_clips import (
    SHORTEST_CLIP_S,
    checked_clip,
    judged_by_length,
    repeated,
)
from emoreport.models.runtimes.classifiers import OnnxNetwork
from emoreport.models.store.metadata import ModelMetadata
from emoreport.records import SAMPLE_RATE_HZ, FloatArray


class CompactVoiceModel(OnnxNetwork):
    """A voice-emotion model in one ONNX graph: ``audio`` float32 (N, T) → logits (N, K).

    Parameters
    ----------
    metadata
        Which file, which labels, which windows.
    threads
        Threads inside one run; 0 lets ONNX Runtime choose.
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
                f"wants {metadata.sample_rate_hz} Hz, sound is given at {SAMPLE_RATE_HZ} Hz",
                remedy="use a model for 16 kHz",
                file=metadata.path,
            )
        if not 0 < metadata.min_window_s <= metadata.max_window_s < float("inf"):
            raise ModelError(
                f"wants windows of {metadata.min_window_s}–{metadata.max_window_s} s",
                remedy="mend the description of the model",
                file=metadata.path,
            )
        super().__init__(metadata, threads=threads, **options)
        self.sample_rate_hz = metadata.sample_rate_hz
        self.min_window_s = metadata.min_window_s
        self.max_window_s = metadata.max_window_s

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
        shortest = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
        ready = [repeated(checked_clip(clip), shortest) for clip in clips]
        return judged_by_length(ready, len(self.labels), self.probabilities)
