"""A place where hostile files meet `emoreport batch`, with everything around them watched."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from emoreport.cli.console import shown
from tests.hostile.corpus import Case, make_corpus

WATCH_EVERY_S: Final = 0.2
LARGE_BYTES: Final = 1 << 26
"""Files above this are sparse ones: their size says enough of them."""


@dataclass(frozen=True)
class Run:
    """What a batch over hostile files did.

    Attributes
    ----------
    code
        Exit code.
    lines
        What it printed on stderr, line by line.
    out
        Its output folder.
    wall_s, parent_mb
        Seconds that it took; most resident memory of its first process, megabytes.
    changed
        Paths outside the output folder that came, went or are not what they were.
    orphans
        Processes that outlived it.
    """

    code: int
    lines: tuple[str, ...]
    out: Path
    wall_s: float
    parent_mb: float
    changed: tuple[str, ...]
    orphans: tuple[str, ...]

    def lines_about(self, case: Case) -> list[str]:
        """Lines that say what became of a case; warnings about a finished one do not count."""
        name = re.escape(" ".join(shown(case.name).split()))
        verdict = re.compile(
            rf"error: corpus/{name}: \w+: .+"
            rf"|warning: {name}: cannot be looked at .+"
            rf"|{re.escape(shown(case.name))}: (?:done in|no video:? ).+"
        )
        return [line for line in self.lines if verdict.fullmatch(line)]

    def slowest(self, count: int) -> list[str]:
        """Lines of the finished cases that took longest."""

        def seconds(line: str) -> float:
            found = re.search(r": done in ([\d.]+) s ", line)
            return float(found[1]) if found else -1.0

        return sorted(self.lines, key=seconds, reverse=True)[:count]


def run_batch(
    folder: Path,
    cases: Sequence[Case],
    *,
    time_limit_s: float,
    memory_limit_mb: float,
    deadline_s: float,
) -> Run:
    """Make the cases below `folder` and run the batch over them, as a user would.

    Raises
    ------
    TimeoutError
        When it does not end in `deadline_s`; its processes are ended first.
    """
    around = folder / "around"
    for name in ("home", "temporary"):
        (around / name).mkdir(parents=True)
    (around / "bystander.txt").write_text("mine", encoding="utf-8")
    make_corpus(around / "corpus", cases)
    out = folder / "out"
    command = [sys.executable, "-m", "emoreport", "batch", "corpus", "--out", str(out)]
    command += ["--offline", "--face", "compact", "--speech", "compact", "--jobs", "2"]
    command += ["--time-limit", str(time_limit_s), "--memory-limit", str(memory_limit_mb)]
    surroundings = {
        "HOME": str(around / "home"),
        "XDG_CACHE_HOME": str(around / "home"),
        "TMPDIR": str(around / "temporary"),
        "EMOREPORT_MODEL_DIR": str(around / "home" / "models"),
        # MediaPipe imports matplotlib, which keeps a list of the machine's fonts.
        "MPLCONFIGDIR": str(folder / "fonts"),
    }
    before = snapshot(around)
    started = time.monotonic()
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **surroundings},
        )
        parent_mb, children = _watch(process, started + deadline_s)
    lines = (folder / "stderr").read_text(encoding="utf-8", errors="replace").split("\n")
    after = snapshot(around)
    return Run(
        code=process.returncode,
        lines=tuple(lines),
        out=out,
        wall_s=time.monotonic() - started,
        parent_mb=parent_mb,
        changed=tuple(sorted(path for path, _ in before.items() ^ after.items())),
        orphans=tuple(_alive(children)),
    )


def _watch(
    process: subprocess.Popen[bytes], deadline: float
) -> tuple[float, Mapping[int, psutil.Process]]:
    watched = psutil.Process(process.pid)
    most, children = 0.0, {}
    while process.poll() is None:
        try:
            most = max(most, watched.memory_info().rss / 1e6)
            children |= {child.pid: child for child in watched.children(recursive=True)}
        except psutil.Error:
            pass
        if time.monotonic() > deadline:
            for one in (*children.values(), watched):
                if one.is_running():
                    one.kill()
            process.wait()
            raise TimeoutError("the batch did not end")
        time.sleep(WATCH_EVERY_S)
    return most, children


def _alive(children: Mapping[int, psutil.Process]) -> list[str]:
    # The kernel may need a moment to clear a killed one away.
    _, alive = psutil.wait_procs(children.values(), timeout=5)
    return [str(one) for one in alive]


def snapshot(folder: Path) -> dict[str, str]:
    """What every entry below a folder is, by its path: kind, size, mode, time, content."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            facts = path.lstat()
            mode = facts.st_mode
            known = stat.filemode(mode)
            if not stat.S_ISDIR(mode):
                known += f" {facts.st_size} {facts.st_mtime_ns}"
            if stat.S_ISLNK(mode):
                known += f" {path.readlink()}"
            elif stat.S_ISREG(mode) and facts.st_size < LARGE_BYTES and os.access(path, os.R_OK):
                known += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
            found[str(path.relative_to(folder))] = known
    return found
