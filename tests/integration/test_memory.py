"""Memory: frames are let go once they are read, and readings are worked through in pieces."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.page.content import packed_frames
from emoreport.records import FaceTrack
from emoreport.settings import Settings
from emoreport.tables.readings import write_frames
from emoreport.vocabulary import EMOTIONS

MEASURED = """
import json, resource, sys
from emoreport.cli.app import main
try:
    main(json.loads(sys.argv[1]))
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""
MOST_MB = 150
"""A hundred and sixty frames of 640 x 480 that are not let go would take as much."""


@pytest.mark.skipif(os.name != "posix", reason="the resource module is POSIX")
def test_every_frame_needs_no_more_memory_than_a_few(talk, tmp_path):
    peaks = {}
    for fps in ("2", "every"):
        arguments = ["analyze", str(talk), "--fps", fps, "--offline", "--quiet"]
        arguments += ["--out", str(tmp_path / fps), "--formats", "csv", "--no-video"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, json.dumps(arguments)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[fps] = int(done.stderr.split()[-1])
    assert peaks["every"] - peaks["2"] < MOST_MB


FRAMES = 200_000
STEP_S = 0.04


def long_talk() -> FaceTrack:
    """More than two hours of a face that shows another emotion every two seconds."""
    leading = np.repeat(np.random.default_rng(0).integers(0, len(EMOTIONS), FRAMES // 50), 50)
    probabilities = np.full((FRAMES, len(EMOTIONS)), 0.05, np.float32)
    probabilities[np.arange(FRAMES), leading] = 0.65
    return FaceTrack(
        labels=EMOTIONS,
        time_s=np.arange(FRAMES) * STEP_S,
        frame=np.arange(FRAMES),
        faces=np.ones(FRAMES, np.int64),
        box=np.tile(np.array([9, 9, 90, 90], np.float32), (FRAMES, 1)),
        detection_score=np.full(FRAMES, 0.9, np.float32),
        probabilities=probabilities,
    )


@pytest.mark.parametrize(
    ("work", "most_bytes"),
    [
        # With smoothed probabilities of all frames at once, 64 bytes more.
        (lambda faces: segment_faces(faces, FRAMES * STEP_S, Settings().analysis), 175),
        # With copies of the probabilities, 35 more.
        (lambda faces: packed_frames(faces, FRAMES * STEP_S), 70),
        # With all columns in Arrow's memory at once, 100 more.
        (lambda faces: write_frames(io.BytesIO(), faces), 80),
    ],
    ids=["rows", "page", "parquet"],
)
def test_a_frame_of_a_long_talk_takes_little_memory(
    work: Callable[[FaceTrack], object], most_bytes
):
    faces = long_talk()
    tracemalloc.start()
    try:
        work(faces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / FRAMES < most_bytes
