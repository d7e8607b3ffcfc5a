"""Frames per second of `emoreport batch` beside `emoreport analyze`, on the same files.

    python benchmarks/batch.py                          # 8 talks of 36 s, the machine's own choice
    python benchmarks/batch.py --shares 1x0 2x1 2x2 3x1 # jobs x threads, each beside the others

Two ways of doing without a batch are measured: one `analyze` per video, one after the other, as a
loop in a shell does it; and one `analyze` that is given all videos. The files are copies of the
sample that differ in a box which players skip; they go to benchmarks/work (ignored by git).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import psutil
from media import default_source

WORK = Path(__file__).parent / "work" / "batch"
MODELS = ("--face", "compact", "--speech", "compact", "--offline", "--quiet")
BAR = 1.5


def make_videos(source: Path, count: int) -> list[Path]:
    """Write copies of `source` with different digests."""
    folder = WORK / "videos"
    shutil.rmtree(WORK, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = [folder / f"talk{number:02}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(source.read_bytes() + struct.pack(">I4sQ", 16, b"free", number))
    return paths


def timed(name: str, *commands: list[str]) -> float:
    """Frames per second of commands that run one after the other into one output folder."""
    out = WORK / name
    start, spent, machine = time.perf_counter(), processor_s(), machine_s()
    for command in commands:
        subprocess.run([sys.executable, "-m", "emoreport", *command, "--out", str(out)], check=True)
    wall_s = time.perf_counter() - start
    frames = sum(
        json.loads(path.read_text(encoding="utf-8"))["media"]["frames"]
        for path in out.glob("*/run.json")
    )
    own_s = processor_s() - spent
    others_s = machine_s() - machine - own_s
    print(
        f"{name:22} {wall_s:6.1f} s {frames / wall_s:7.1f} frames/s, "
        f"{own_s / wall_s:.2f} processors busy with it, {others_s / wall_s:.2f} with other things",
        flush=True,
    )
    return frames / wall_s


def processor_s() -> float:
    """Processor seconds of all processes that have ended below this one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine_s() -> float:
    """Processor seconds that the machine has spent on anything."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=default_source())
    parser.add_argument("--videos", type=int, default=8)
    parser.add_argument("--shares", nargs="*", default=[], metavar="JOBSxTHREADS")
    given = parser.parse_args()
    videos = make_videos(given.source, given.videos)
    print(f"{len(videos)} videos, {os.cpu_count()} processors")
    folder = str(WORK / "videos")
    loop = timed("analyze, one by one", *(["analyze", str(one), *MODELS] for one in videos))
    once = timed("analyze, all at once", ["analyze", *map(str, videos), *MODELS])
    rates = [timed("batch", ["batch", folder, *MODELS])]
    for share in given.shares:
        jobs, threads = share.split("x")
        further = ["--jobs", jobs, *(["--threads", threads] if threads != "0" else [])]
        rates.append(timed(f"batch {share}", ["batch", folder, *MODELS, *further]))
    best = max(rates)
    print(f"batch / one by one    {rates[0] / loop:.2f} (bar {BAR}), best {best / loop:.2f}")
    print(f"batch / all at once   {rates[0] / once:.2f}, best {best / once:.2f}")


if __name__ == "__main__":
    main()
