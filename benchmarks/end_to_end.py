"""Speed and memory of `emoreport analyze`, beside the ancestor's way, in one run.

    python benchmarks/end_to_end.py                # 10 minutes of 720p25, compact models
    python benchmarks/end_to_end.py --memory       # peak memory for 3 and for 30 minutes

The recording is a short talk repeated; it is written to benchmarks/work (ignored by git).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ancestor import frames_per_second
from media import default_source, repeat

WORK = Path(__file__).parent / "work"
BASELINE_FRAMES = 60


@dataclass(frozen=True)
class Run:
    """What one analysis took."""

    wall_s: float
    peak_mb: float
    frames: int
    duration_s: float
    stages_s: dict[str, float]


def analyze(video: Path) -> Run:
    """Run the command line on `video` in a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "emoreport", "analyze", str(video), "--out", out]
        command += ["--face", "compact", "--speech", "compact", "--quiet", "--fps", "every"]
        start = time.perf_counter()
        child = subprocess.Popen(command)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"analyze failed with exit code {child.returncode}")
        run = json.loads((Path(out) / video.stem / "run.json").read_text(encoding="utf-8"))
    return Run(
        wall_s=wall_s,
        peak_mb=usage.ru_maxrss / 1024,
        frames=run["media"]["frames"],
        duration_s=run["media"]["duration_s"],
        stages_s=run["wall_time_s"],
    )


def speed(source: Path, minutes: float) -> None:
    """Print the speed beside the baseline's."""
    video = repeat(source, WORK / f"talk_{minutes:g}min.mp4", minutes)
    baseline = frames_per_second(video, BASELINE_FRAMES)
    run = analyze(video)
    rate = run.frames / run.wall_s
    print(f"recording          {run.duration_s:.1f} s, {run.frames} frames ({source.name})")
    print(f"emoreport          {run.wall_s:.1f} s, {rate:.0f} frames/s")
    print(f"  stages           {run.stages_s}")
    print(f"  peak memory      {run.peak_mb:.0f} MB")
    print(f"ancestor's way     {baseline:.1f} frames/s (over {BASELINE_FRAMES} frames)")
    print(f"against real time  {run.duration_s / run.wall_s:.1f} x")
    print(f"against ancestor   {rate / baseline:.1f} x")


def memory(source: Path) -> None:
    """Print peak memory for a short and for a long recording."""
    peaks = {}
    for minutes in (3, 30):
        run = analyze(repeat(source, WORK / f"talk_{minutes}min.mp4", minutes))
        peaks[minutes] = run.peak_mb
        print(f"{minutes:>3} minutes: {run.peak_mb:.0f} MB, {run.frames / run.wall_s:.0f} frames/s")
    print(f"30 against 3 minutes: {100 * (peaks[30] / peaks[3] - 1):+.1f} %")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=default_source())
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.memory:
        memory(arguments.source)
    else:
        speed(arguments.source, arguments.minutes)


if __name__ == "__main__":
    main()
