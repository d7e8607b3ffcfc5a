"""Pitch, loudness and steadiness of the voice, from the samples that the voice model reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from emoreport.analysis.rows.acoustics import span_acoustics
from emoreport.records import (
    CONTOUR_STEP_S,
    SAMPLE_RATE_HZ,
    AudioTrack,
    FloatArray,
    IntArray,
    SoundContour,
    Span,
    SpeechTrack,
)
from emoreport.speech.perturbation import has_praat, jitter_and_shimmer
from emoreport.speech.pitch import HALF_SAMPLES, HOP_SAMPLES, pitch_and_level

PIECE_S: Final = 20.0
"""Sound is read in pieces of about this length, so that memory stays small."""
LEAST_VOICED_S: Final = 1.0
"""Jitter and shimmer of a window need so much voiced sound."""


def with_sound(readings: SpeechTrack, track: AudioTrack | None) -> SpeechTrack:
    """Add pitch and loudness to voice readings.

    Parameters
    ----------
    readings
        Windows and spans of speech.
    track
        The sound they are of, at 16 kHz; None for a recording without any.

    Returns
    -------
    The readings with a `contour`, and with the acoustics of each window in `extra`: the measures
    of `span_acoustics`, and ``jitter`` and ``shimmer``, NaN where Praat is not installed or the
    window holds less than `LEAST_VOICED_S` of voiced sound.
    """
    contour = measure_contour(track, readings.speech)
    measures = span_acoustics(contour, readings.speech, readings.start_s, readings.end_s)
    jitter, shimmer = _steadiness(track, readings, contour)
    extra = {name: values.astype(np.float32) for name, values in measures.items()}
    extra |= {"jitter": jitter, "shimmer": shimmer}
    return replace(readings, extra={**readings.extra, **extra}, contour=contour)


def measure_contour(track: AudioTrack | None, speech: Sequence[Span]) -> SoundContour:
    """Pitch and level of the speech of a recording, read piece by piece.

    Frames lie at whole multiples of 10 ms from the start of the video.
    """
    frames: list[IntArray] = [np.zeros(0, np.int64)]
    f0_hz, level_db = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for first, stop in _pieces(speech):
        assert track is not None  # where there is speech there is sound
        around = Span(
            (first * HOP_SAMPLES - HALF_SAMPLES) / SAMPLE_RATE_HZ,
            ((stop - 1) * HOP_SAMPLES + HALF_SAMPLES) / SAMPLE_RATE_HZ,
        )
        pitch, level = pitch_and_level(track.read(around))
        frames.append(np.arange(first, stop))
        f0_hz.append(pitch)
        level_db.append(level)
    return SoundContour(
        np.concatenate(frames) * CONTOUR_STEP_S, np.concatenate(f0_hz), np.concatenate(level_db)
    )


def _pieces(speech: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """First frame, and the one after the last, of each piece of the spans of speech."""
    size = round(PIECE_S / CONTOUR_STEP_S)
    for span in speech:
        first, stop = (
            int(np.ceil(round(at_s / CONTOUR_STEP_S, 6))) for at_s in (span.start_s, span.end_s)
        )
        for at in range(first, stop, size):
            yield at, min(at + size, stop)


def _steadiness(
    track: AudioTrack | None, readings: SpeechTrack, contour: SoundContour
) -> tuple[FloatArray, FloatArray]:
    """Jitter and shimmer of each window, float32 (M,)."""
    found = np.full((2, len(readings)), np.nan, dtype=np.float32)
    voiced_s = np.append(0.0, np.cumsum(~np.isnan(contour.f0_hz))) * CONTOUR_STEP_S
    first, stop = (
        np.searchsorted(contour.time_s, bounds) for bounds in (readings.start_s, readings.end_s)
    )
    enough = np.flatnonzero(voiced_s[stop] - voiced_s[first] >= LEAST_VOICED_S)
    if track is None or not len(enough) or not has_praat():
        return found[0], found[1]
    piece = (readings.start_s[enough] / PIECE_S).astype(np.int64)
    for windows in np.split(enough, np.flatnonzero(np.diff(piece)) + 1):
        start_s = float(readings.start_s[windows[0]])
        samples = track.read(Span(start_s, float(readings.end_s[windows[-1]])))
        stretches = [
            (float(readings.start_s[window]) - start_s, float(readings.end_s[window]) - start_s)
            for window in windows
        ]
        found[:, windows] = np.transpose(jitter_and_shimmer(samples, stretches))
    return found[0], found[1]
