"""Kills a batch again and again and looks at what is left of it: `make soak`.

Many short recordings, some of them broken, are analysed twice: once undisturbed, once with the
whole process tree, the parent alone or a worker killed at random moments and the same command given
again. In the end both must have the same tables, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from tests.fixtures.media import run_ffmpeg

ROOT = Path(__file__).parents[2]
SEEDS = 8
"""Different cuts; each recording is one of them with a mark of its own, so that digests differ."""
CUT_S = 1.0
GONE_WITHIN_S = 10.0
RUN_LIMIT_S = 3600.0
FLAT_MB = 15.0
"""What the parent may grow from the first video to three quarters of the way."""
OUT = "results"
"""Name of the output folder: the workbooks repeat it, so it is the same in both runs."""
COMPARED = ("*.csv", "*.parquet", "report.json", "report.xlsx")
"""Files of a video that hold results and no time of day."""
TOGETHER = ("summary.csv", "summary.parquet", "summary.xlsx", "intervals.parquet", "failures.csv")
WAYS = ("tree", "parent", "worker")


@dataclass
class Soak:
    """What came out."""

    videos: int
    bad: int
    kills: dict[str, int] = field(default_factory=dict)
    starts: int = 0
    orphans: list[int] = field(default_factory=list)
    undisturbed_s: float = 0.0
    disturbed_s: float = 0.0
    finished: int = 0
    failed: int = 0
    compared_files: int = 0
    differences: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    parent_mb: list[float] = field(default_factory=list)
    """Resident memory of the undisturbed parent at five moments from the first video to the end."""

    def problems(self) -> list[str]:
        """What is not as it must be."""
        found = [f"differs: {name}" for name in self.differences]
        found += [f"orphan: process {pid}" for pid in self.orphans]
        found += [f"left over: {name}" for name in self.leftovers]
        if self.finished != self.videos - self.bad or self.failed != self.bad:
            found.append(f"{self.finished} finished and {self.failed} failed of {self.videos}")
        if self.parent_mb and self.parent_mb[3] - self.parent_mb[0] > FLAT_MB:
            found.append(f"the parent grew: {self.parent_mb} MB")
        return found


def make_recordings(folder: Path, count: int, bad: int, seed: int = 0) -> None:
    """Make short recordings in several folders, many with the same name; `bad` of them broken."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    cuts = []
    for number in range(min(SEEDS, count)):
        path = folder / f".cut{number}.mp4"
        run_ffmpeg(
            *("-ss", f"{2.5 * number}", "-i", ROOT / "samples" / "talk.mp4", "-t", f"{CUT_S}"),
            *("-vf", "scale=320:-2", "-c:v", "libx264", "-preset", "veryfast", path),
        )
        cuts.append(path.read_bytes())
        path.unlink()
    broken = set(chance.sample(range(count), bad))
    for number in range(count):
        # A box that players skip (ISO/IEC 14496-12, "free"): same pictures, another digest.
        mark = struct.pack(">I4sQ", 16, b"free", number)
        content = cuts[number % len(cuts)] + mark
        if number in broken:
            content = broken_content(content, number, chance)
        place = folder / f"session{number // 10:03}"
        place.mkdir(exist_ok=True)
        (place / f"talk{number % 10}.mp4").write_bytes(content)


def broken_content(content: bytes, number: int, chance: random.Random) -> bytes:
    """Bytes that are no video, each in its own way."""
    ways = (
        b"",
        f"this is no video {number}\n".encode(),
        chance.randbytes(5000),
        content[: len(content) // 50] + struct.pack(">I", number),
    )
    return ways[number % len(ways)] if number % len(ways) else ways[1]


def command(videos: Path, jobs: int, *further: str) -> list[str]:
    """Command line of the batch."""
    return [
        *(sys.executable, "-m", "emoreport", "batch", str(videos), "--out", OUT),
        *("--jobs", str(jobs), "--offline", "--face", "compact", "--speech", "compact"),
        *further,
    ]


def start(place: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a batch in a process group of its own; its output folder lies in `place`."""
    place.mkdir(exist_ok=True)
    return subprocess.Popen(
        arguments,
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def undisturbed(videos: Path, place: Path, jobs: int, result: Soak) -> None:
    """Run the batch once and note the memory of its parent."""
    began = time.monotonic()
    process = start(place, command(videos, jobs))
    out, samples = place / OUT, []
    parent = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.Error):
            if (out / "manifest.jsonl").exists() and b'"kind": "video"' in last_lines(out):
                samples.append(parent.memory_info().rss / 1e6)
        time.sleep(0.2)
    result.undisturbed_s = round(time.monotonic() - began, 1)
    if samples:
        picked = [samples[round(n / 4 * (len(samples) - 1))] for n in range(5)]
        result.parent_mb = [round(sample, 1) for sample in picked]


def last_lines(out: Path) -> bytes:
    """The end of the manifest."""
    with (out / "manifest.jsonl").open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - 20_000))
        return stream.read()


def disturbed(
    videos: Path, place: Path, jobs: int, kills: int, result: Soak, seed: int, within_s: float
) -> None:
    """Run the batch, kill it `kills` times at random moments, then let it end."""
    chance = random.Random(seed)
    began = time.monotonic()
    ways = [WAYS[number % len(WAYS)] for number in range(kills)]
    chance.shuffle(ways)
    process = start(place, command(videos, jobs))
    result.starts += 1
    for way in ways:
        time.sleep(chance.uniform(0.3, within_s))
        if process.poll() is not None:  # done already: the rest of the kills hit start and end
            process = start(place, command(videos, jobs))
            result.starts += 1
            time.sleep(chance.uniform(0.3, 3.0))
        killed = strike(process, way, chance)
        result.kills[way] = result.kills.get(way, 0) + killed
        if way != "worker":
            process.wait()
            process = start(place, command(videos, jobs))
            result.starts += 1
    process.wait(timeout=RUN_LIMIT_S)
    # A video that lost its worker twice counts as failed until it is tried again.
    final = start(place, command(videos, jobs, "--retry-failed"))
    result.starts += 1
    final.wait(timeout=RUN_LIMIT_S)
    result.orphans += [one.pid for one in survivors(orphans())]
    result.disturbed_s = round(time.monotonic() - began, 1)


def strike(process: subprocess.Popen[bytes], way: str, chance: random.Random) -> int:
    """Kill a process tree, its parent alone or one of its workers; return how many kills hit.

    Raises
    ------
    AssertionError
        When workers outlive their parent.
    """
    children: list[psutil.Process] = []
    deadline = time.monotonic() + GONE_WITHIN_S
    while way == "worker" and not children and time.monotonic() < deadline:
        time.sleep(0.05)
        children = workers(process.pid)
    children = children or workers(process.pid)
    if way == "worker":
        if not children:
            return 0
        with suppress(psutil.NoSuchProcess):
            chance.choice(children).kill()
        return 1
    if way == "tree":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    left = survivors(children)
    assert not left, f"outlived their parent: {left}"
    return 1


def workers(parent: int) -> list[psutil.Process]:
    """Processes that a parent has started."""
    try:
        return psutil.Process(parent).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def survivors(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after a moment."""
    return psutil.wait_procs(processes, timeout=GONE_WITHIN_S)[1]


def orphans() -> list[psutil.Process]:
    """Workers on this machine whose parent, which their command line names, is gone."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        line = one.info["cmdline"] or []
        ours = any("emoreport.batch.engines.worker" in part for part in line) and line[-1].isdigit()
        if ours and not psutil.pid_exists(int(line[-1])):
            found.append(one)
    return found


def compare(one: Path, other: Path, result: Soak) -> None:
    """Note where two output folders differ, and what a killed run has left in the second."""
    for pattern in ("*/", "*"):
        names = [{path.name for path in out.glob(pattern)} for out in (one, other)]
        result.differences += sorted(names[0] ^ names[1])
    for folder in sorted(path for path in one.iterdir() if path.is_dir()):
        if folder.name.startswith("."):
            continue
        for name in tables(folder) | tables(other / folder.name):
            result.compared_files += 1
            if not same(folder / name, other / folder.name / name):
                result.differences.append(f"{folder.name}/{name}")
    for name in TOGETHER:
        result.compared_files += 1
        if not same(one / name, other / name):
            result.differences.append(name)
    result.leftovers += [str(path) for path in other.rglob(".*.tmp-*")]
    result.leftovers += [
        str(path) for path in other.iterdir() if path.is_dir() and not any(path.iterdir())
    ]
    with (other / "summary.csv").open(encoding="utf-8") as stream:
        result.finished = sum(1 for _ in stream) - 1
    with (other / "failures.csv").open(encoding="utf-8") as stream:
        result.failed = sum(1 for _ in stream) - 1


def tables(folder: Path) -> set[str]:
    """Names of the files with results in a folder."""
    return {path.name for pattern in COMPARED for path in folder.glob(pattern)}


def same(one: Path, other: Path) -> bool:
    """Whether two files have the same content."""
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def soak(
    work: Path,
    *,
    videos: int,
    bad: int,
    kills: int,
    jobs: int = 2,
    seed: int = 0,
    within_s: float = 12.0,
) -> Soak:
    """Run everything in an empty folder; return what came out."""
    result = Soak(videos=videos, bad=bad)
    make_recordings(work / "videos", videos, bad, seed)
    undisturbed(work / "videos", work / "undisturbed", jobs, result)
    disturbed(work / "videos", work / "disturbed", jobs, kills, result, seed, within_s)
    compare(work / "undisturbed" / OUT, work / "disturbed" / OUT, result)
    return result


def main() -> None:
    """Run from the command line and leave with 1 if something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--bad", type=int, default=30)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--within", type=float, default=12.0, help="a kill comes in so many seconds"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "soak")
    given = parser.parse_args()
    shutil.rmtree(given.work, ignore_errors=True)
    result = soak(
        given.work,
        videos=given.videos,
        bad=given.bad,
        kills=given.kills,
        jobs=given.jobs,
        seed=given.seed,
        within_s=given.within,
    )
    sys.stdout.write(json.dumps(asdict(result), indent=2) + "\n")
    for problem in result.problems():
        sys.stderr.write(f"PROBLEM: {problem}\n")
    sys.exit(1 if result.problems() else 0)


if __name__ == "__main__":
    main()
