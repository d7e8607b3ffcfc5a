"""Speed and memory of `emoreport render`, beside plain re-encoding of the same video in one run.

    python benchmarks/render.py                # one minute of 720p25, twice each in turn
    python benchmarks/render.py --memory       # peak memory for one and for three minutes

Plain re-encoding decodes and encodes with the same settings and draws nothing, as
``ffmpeg -c:v libx264`` does. The recording is a short talk repeated; it and its results lie in
benchmarks/work (ignored by git).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import av
from media import default_source, repeat

WORK = Path(__file__).parent / "work"
MODES = {"render": [], "render --blur-face": ["--blur-face"], "render --mesh-only": ["--mesh-only"]}


def timed(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory (MB) of a process."""
    start = time.perf_counter()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"failed: {' '.join(command)}")
    busy_s = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, busy_s, usage.ru_maxrss / 1024


def plain(video: Path, target: Path) -> None:
    """Decode and encode again, pictures and sound, with the settings of `render`."""
    with av.open(str(video)) as source, av.open(str(target), "w") as output:
        old = source.streams.video[0]
        old.thread_type = "AUTO"
        options = {"crf": "20", "preset": "veryfast", "bf": "0", "g": "50"}
        new = output.add_stream("libx264", rate=old.average_rate, options=options)
        new.width, new.height, new.pix_fmt = old.width, old.height, "yuv420p"
        new.codec_context.time_base = old.time_base
        sounds = source.streams.audio[:1]
        voices = [output.add_stream("aac", rate=sound.rate, layout="mono") for sound in sounds]
        for packet in source.demux(old, *sounds):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    frame.pict_type = 0
                    output.mux(new.encode(frame))
                else:
                    frame.pts = None
                    output.mux(voices[0].encode(frame))
        for stream in (new, *voices):
            output.mux(stream.encode(None))


def prepared(minutes: float) -> tuple[Path, Path, int]:
    """A recording of so many minutes, its results, and its number of frames."""
    video = WORK / f"talk_{minutes:g}min.mp4"
    if not video.is_file():
        repeat(default_source(), video, minutes)
    out = WORK / "statistics"
    command = [sys.executable, "-m", "emoreport", "analyze", str(video), "--out", str(out)]
    timed([*command, "--offline", "--quiet", "--fps", "5", "--overwrite"])
    with av.open(str(video)) as container:
        return video, out / video.stem, container.streams.video[0].frames


def render_command(folder: Path, video: Path, options: list[str]) -> list[str]:
    """Command line of one call of `render`."""
    target = str(WORK / "rendered.mp4")
    command = [sys.executable, "-m", "emoreport", "render", str(folder), str(video)]
    return [*command, "--out", target, "--overwrite", "--quiet", *options]


def speed(minutes: float, rounds: int) -> None:
    """Print frames a second of each way; rounds alternate, the best one of each counts."""
    video, folder, frames = prepared(minutes)
    commands = {"plain re-encoding": [sys.executable, __file__, "--plain", str(video)]}
    commands |= {name: render_command(folder, video, more) for name, more in MODES.items()}
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            wall_s, busy_s, _ = timed(command)
            last = best.get(name, (wall_s, busy_s))
            best[name] = (min(last[0], wall_s), min(last[1], busy_s))
    base = best["plain re-encoding"]
    print(f"{frames} frames of 720p25, start of the process included")
    for name, (wall_s, busy_s) in best.items():
        print(
            f"{name:20} {wall_s:6.1f} s ({wall_s / base[0]:.2f} × plain), {frames / wall_s:5.1f}"
            f" frames/s; processor {busy_s:6.1f} s ({busy_s / base[1]:.2f} × plain)"
        )


def memory() -> None:
    """Print the peak memory of rendering one and three minutes."""
    for minutes in (1.0, 3.0):
        video, folder, frames = prepared(minutes)
        wall_s, _, peak_mb = timed(render_command(folder, video, []))
        print(f"{minutes:g} min: {frames} frames, {wall_s:.1f} s, peak {peak_mb:.0f} MB")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    if given.plain is not None:
        plain(given.plain, WORK / "plain.mp4")
    elif given.memory:
        memory()
    else:
        speed(given.minutes, given.rounds)


if __name__ == "__main__":
    main()
