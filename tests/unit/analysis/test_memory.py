"""What the statistics of a long talk take: little more for each further frame."""

import tracemalloc

import numpy as np

from emoreport.analysis import analyze_readings
from emoreport.settings import Settings
from tests.fixtures.readings import recording, speech_track, track_of

RATE_HZ = 25
STRETCH_S = 60
"""Rows are long, so that it is the frames that count and not the rows."""
MOST_BYTES = 320
"""For each frame, its readings left out; one table of float64 over eight emotions has 64."""


def peak_bytes(minutes):
    frames = minutes * 60 * RATE_HZ
    rng = np.random.default_rng(0)
    table = rng.uniform(0.1, 0.2, (frames, 8))
    leading = np.arange(frames) // (STRETCH_S * RATE_HZ) % 8
    table[np.arange(frames), leading] += 1.0
    table /= table.sum(axis=1, keepdims=True)
    faces = track_of(np.arange(frames) / RATE_HZ, table)
    speech = speech_track(["anger", "neutral"] * (30 * minutes))
    tracemalloc.start()
    try:
        analyze_readings(faces, speech, recording(60.0 * minutes), Settings())
        return tracemalloc.get_traced_memory()[1], frames
    finally:
        tracemalloc.stop()


def test_memory_grows_by_a_few_numbers_a_frame():
    analyze_readings(track_of([], []), speech_track([]), recording(0.0), Settings())
    few_bytes, few = peak_bytes(30)
    many_bytes, many = peak_bytes(90)
    assert (many_bytes - few_bytes) / (many - few) < MOST_BYTES
