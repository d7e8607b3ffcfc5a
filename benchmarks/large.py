"""Large inputs: pictures of 4K60, talks of hours, and memory against the length.

    python -m benchmarks.large pictures          # frames a second and memory, 4K60 beside 720p25
    python -m benchmarks.large hours             # tables and page of 1, 2, 5 and 10 hours
    python -m benchmarks.large memory            # analysis of 1 and of 10 minutes

Every measurement is a process of its own; time is that of the processor, so that other work on the
machine matters little.

- pictures: the sample, scaled, without its sound, every frame analysed.
- hours: the readings of the sample again and again at 25 Hz, with two words a second: what follows
  from readings, without decoding. `retable` is the whole command on the folder.
- memory: the sample again and again, every frame analysed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

sys.path.insert(0, str(Path(__file__).parent))

from media import default_source, repeat
from retable import SAMPLE, repeated

HOURS = (1.0, 2.0, 5.0, 10.0)
SIZES = {"720p25": (1280, 720, 25), "2160p60": (3840, 2160, 60)}
CLIP_S = 6
START_S = 0.4
COMPACT = ("--face", "compact", "--speech", "compact")
WORD_S = 0.5
FORMATS = ("html", "csv", "xlsx", "json", "parquet")


def measured(*command: str) -> tuple[float, float]:
    """Seconds of processor time and peak memory in MB of a process of Python."""
    child = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def analyzed(video: Path, out: Path, *options: str) -> tuple[float, float, int]:
    """Processor time, peak memory and frames of `emoreport analyze`."""
    arguments = ["analyze", str(video), "--out", str(out), *COMPACT, "--quiet", *options]
    cpu_s, peak_mb = measured("-m", "emoreport", *arguments)
    run = json.loads((out / video.stem / "run.json").read_text(encoding="utf-8"))
    return cpu_s, peak_mb, run["media"]["frames"]


def scaled(source: Path, target: Path, width: int, height: int, rate: int, length_s: float) -> Path:
    """The first seconds of a recording in another size and rate, without sound."""
    with av.open(str(source)) as recording, av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        number = 0
        for frame in recording.decode(video=0):
            while number < rate * length_s and number / rate <= frame.time:
                picture = frame.reformat(width, height, "yuv420p")
                picture.pts, picture.time_base = number, Fraction(1, rate)
                output.mux(stream.encode(picture))
                number += 1
        output.mux(stream.encode())
    return target


def pictures(work: Path, source: Path) -> None:
    """Print speed and memory for two sizes of picture; start and tables are taken off."""
    costs_ms = {}
    for name, (width, height, rate) in SIZES.items():
        start = scaled(source, work / "start.mp4", width, height, rate, START_S)
        start_s, _, few = analyzed(start, work / "few", "--fps", "every")
        video = scaled(source, work / f"{name}.mp4", width, height, rate, CLIP_S)
        cpu_s, peak_mb, frames = analyzed(video, work / "all", "--fps", "every")
        costs_ms[name] = 1000 * (cpu_s - start_s) / (frames - few)
        print(
            f"{name:>8}: {frames} frames, {costs_ms[name]:.1f} ms of processor time a frame,"
            f" {1000 / costs_ms[name]:.0f} frames a second and processor, {peak_mb:.0f} MB",
            flush=True,
        )
    small, large = costs_ms.values()
    print(f"a frame of 4K takes {large / small:.1f} times that of 720p; its pixels are 9 times")


def write_hours(folder: Path, hours: float, out: Path) -> dict[str, float]:
    """Write all files of a talk of `hours`; return processor time by step, and the peak."""
    from emoreport import read
    from emoreport.records import Transcript, Word

    base = read(folder)
    talk = repeated(base, round(hours * 3600 / base.run.media.duration_s))
    count = int(talk.run.media.duration_s / WORD_S)
    words = tuple(
        Word(f"word{at % 97}", at * WORD_S, (at + 0.8) * WORD_S, after="." * (at % 9 == 8))
        for at in range(count)
    )
    talk = dataclasses.replace(talk, transcript=Transcript(words, source="srt", language="en"))
    steps = {"statistics": lambda: talk.analysis}
    for kind in FORMATS:
        output = dataclasses.replace(talk.settings.output, formats=(kind,))
        part = dataclasses.replace(talk, settings=dataclasses.replace(talk.settings, output=output))
        steps[kind] = lambda part=part, kind=kind: _with_results(part, talk).write(out / kind)
    taken_s = {}
    for name, step in steps.items():
        start_s = time.process_time()
        step()
        taken_s[name] = time.process_time() - start_s
    return taken_s


def _with_results(part, talk):  # noqa: ANN001, ANN202 - reports
    """A report that need not work out again what another one has."""
    part.__dict__["analysis"] = talk.analysis
    return part


def hours(work: Path, lengths: tuple[float, ...]) -> None:
    """Print time an hour and memory for talks of several lengths."""
    analyzed(SAMPLE, work, "--fps", "every")
    for length in lengths:
        out = work / f"{length:g}"
        child = [__file__, "written", str(work / SAMPLE.stem), str(length), str(out)]
        _, peak_mb = measured(*child)
        taken_s = json.loads((out / "taken.json").read_text(encoding="utf-8"))
        retabled_s, retable_mb = measured(
            "-m", "emoreport", "retable", str(out / "parquet"), "--smoothing", "0.5", "--quiet"
        )
        each = "  ".join(f"{name} {spent / length:.2f}" for name, spent in taken_s.items())
        page_mb = (out / "html" / "report.html").stat().st_size / 1e6
        print(
            f"{length:4g} h, s an hour:  {each}  retable {retabled_s / length:.2f};"
            f"  peak {peak_mb:.0f}, retable {retable_mb:.0f} MB;  page {page_mb / length:.1f} MB/h",
            flush=True,
        )


def memory(work: Path, source: Path, minutes: tuple[float, ...], fps: str) -> None:
    """Print the peak of the analysis for several lengths."""
    for length in minutes:
        video = repeat(source, work / f"{length:g}min.mp4", length)
        cpu_s, peak_mb, frames = analyzed(video, work / "out", "--fps", fps)
        print(
            f"{length:4g} min, {frames} frames: {peak_mb:.0f} MB, {cpu_s:.0f} s of the processor",
            flush=True,
        )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("pictures", "hours", "memory", "written"))
    parser.add_argument("values", nargs="*", help="hours, or minutes")
    parser.add_argument("--source", type=Path, default=default_source())
    parser.add_argument("--fps", default="every")
    arguments = parser.parse_args()
    if arguments.what == "written":
        folder, length, out = arguments.values
        taken_s = write_hours(Path(folder), float(length), Path(out))
        (Path(out) / "taken.json").write_text(json.dumps(taken_s), encoding="utf-8")
        return
    lengths = tuple(float(value) for value in arguments.values)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "pictures":
            pictures(Path(folder), arguments.source)
        elif arguments.what == "hours":
            hours(Path(folder), lengths or HOURS)
        else:
            memory(Path(folder), arguments.source, lengths or (1.0, 10.0), arguments.fps)


if __name__ == "__main__":
    main()
