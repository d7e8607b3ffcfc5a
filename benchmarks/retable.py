"""How long `emoreport retable` takes for a talk of one hour, beside analysing the sample again.

    python benchmarks/retable.py

The hour is the readings of samples/talk.mp4 repeated in time, so that the number of intervals is
that of a lively talk.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from emoreport import Report, analyze
from emoreport.records import FaceTrack, SoundContour, Span, SpeechTrack

SAMPLE = Path("samples/talk.mp4")
HOUR_S = 3600.0


def repeated_faces(track: FaceTrack, copies: int, length_s: float) -> FaceTrack:
    """The same readings `copies` times in a row."""
    offsets = np.repeat(np.arange(copies), len(track))

    def tile(values: Any) -> Any:  # noqa: ANN401 - arrays of several types
        return None if values is None else np.concatenate([values] * copies)

    return dataclasses.replace(
        track,
        time_s=tile(track.time_s) + offsets * length_s,
        frame=np.arange(copies * len(track)),
        faces=tile(track.faces),
        box=tile(track.box),
        detection_score=tile(track.detection_score),
        probabilities=tile(track.probabilities),
        extra={name: tile(values) for name, values in track.extra.items()},
        shot=None if track.shot is None else tile(track.shot) + offsets * int(track.shot.max()),
    )


def repeated_speech(track: SpeechTrack, copies: int, length_s: float) -> SpeechTrack:
    """The same windows and spans `copies` times in a row."""
    offsets = np.repeat(np.arange(copies), len(track)) * length_s
    return dataclasses.replace(
        track,
        start_s=np.tile(track.start_s, copies) + offsets,
        end_s=np.tile(track.end_s, copies) + offsets,
        speech_s=np.tile(track.speech_s, copies),
        probabilities=np.tile(track.probabilities, (copies, 1)),
        speech=tuple(
            Span(span.start_s + number * length_s, span.end_s + number * length_s)
            for number in range(copies)
            for span in track.speech
        ),
        extra={name: np.tile(values, copies) for name, values in track.extra.items()},
        contour=None if track.contour is None else _repeated(track.contour, copies, length_s),
    )


def _repeated(contour: SoundContour, copies: int, length_s: float) -> SoundContour:
    offsets = np.repeat(np.arange(copies), len(contour)) * length_s
    return SoundContour(
        np.tile(contour.time_s, copies) + offsets,
        np.tile(contour.f0_hz, copies),
        np.tile(contour.level_db, copies),
    )


def repeated(report: Report, copies: int) -> Report:
    """The same talk `copies` times in a row."""
    length_s = report.run.media.duration_s
    media = dataclasses.replace(report.run.media, duration_s=copies * length_s)
    return dataclasses.replace(
        report,
        faces=repeated_faces(report.faces, copies, length_s),
        speech=repeated_speech(report.speech, copies, length_s),
        run=dataclasses.replace(report.run, media=media),
    )


def seconds(compiled: Path, *arguments: str) -> float:
    """Wall time of one call of the command, a process of its own.

    The modules are compiled once, into `compiled`, as they are by an installation, also where the
    environment says that Python shall write no such files.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    command = [sys.executable, "-m", "emoreport", *arguments, "--quiet"]
    subprocess.run(command, check=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Make the hour, time both commands."""
    report = analyze(SAMPLE)
    length_s = report.run.media.duration_s
    copies = round(HOUR_S / length_s)
    with tempfile.TemporaryDirectory() as folder:
        hour = repeated(report, copies)
        hour.write(folder)
        compiled = Path(folder) / "compiled"
        times = [seconds(compiled, "retable", folder, "--smoothing", "0.5") for _ in range(5)]
        rows = (Path(folder) / "video_intervals.csv").read_text(encoding="utf-8").count("\n") - 1
        again = seconds(compiled, "analyze", str(SAMPLE), "--out", str(Path(folder) / "again"))
    print(f"hour               {len(hour.faces)} frames, {rows} intervals")
    print(f"retable            {min(times):.2f} s (best of {len(times)}, start of Python included)")
    print(f"analyse the sample {again:.2f} s for {length_s:.0f} s of video")
    print(f"ratio              {again * copies / min(times):.0f} x faster than analysing the hour")


if __name__ == "__main__":
    main()
