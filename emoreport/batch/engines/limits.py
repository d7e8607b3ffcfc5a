"""Limit the time and memory of one video, and the number of workers on a machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.batch.engine import Limits

BASE_TIME_S: Final = 300.0
"""Every video gets as much, however short: models warm up, disks are slow."""
TIMES_REAL_TIME: Final = 20.0
"""Seconds of wall time per second of recording: the slowest models on a small machine stay far
below it."""
LEAST_BYTES_PER_S: Final = 12_500.0
"""Data rate (100 kbit/s) below which no recording of a face is: what a header claims beyond the
file's size at this rate is not believed."""
MEMORY_SHARE: Final = 0.8
"""Share of the machine's memory that all workers together may take."""
WORKER_MB: Final = 1000.0
"""Memory that a worker needs with the small models, with room for long videos, megabytes."""
_CGROUP: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """How the machine is shared out.

    Attributes
    ----------
    jobs
        Workers at a time.
    threads
        Threads of each one's models.
    memory_mb
        Resident memory that one worker may take, megabytes.
    """

    jobs: int
    threads: int
    memory_mb: float


def share_out(jobs: int | None, threads: int, limits: Limits) -> Share:
    """Share the machine's processors and memory among workers.

    Parameters
    ----------
    jobs
        Workers asked for; None takes one per processor, as far as the memory goes.
    threads
        Threads per worker asked for; 0 shares the processors out.
    limits
        `memory_mb` overrides the share of the memory.
    """
    processors, memory_mb = usable_processors(), usable_memory_mb()
    if jobs is None:
        jobs = max(1, min(processors, int(MEMORY_SHARE * memory_mb / WORKER_MB)))
    return Share(
        jobs=jobs,
        threads=threads or max(1, processors // jobs),
        memory_mb=limits.memory_mb or MEMORY_SHARE * memory_mb / jobs,
    )


def time_limit_s(limits: Limits, size_bytes: int, claimed_s: float | None) -> float:
    """Seconds that a video may take.

    Parameters
    ----------
    limits
        `time_s` overrides everything.
    size_bytes
        Of the file.
    claimed_s
        Length that its container claims; None while that is unknown.
    """
    if limits.time_s is not None:
        return limits.time_s
    believed_s = size_bytes / LEAST_BYTES_PER_S
    if claimed_s is not None:
        believed_s = min(believed_s, claimed_s)
    return BASE_TIME_S + TIMES_REAL_TIME * believed_s


def usable_processors() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory_mb() -> float:
    """Memory that this process may use: the machine's, or its container's if that is less."""
    import psutil

    total = float(psutil.virtual_memory().total)
    for path in _CGROUP:
        try:
            total = min(total, float(path.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return total / 1e6


def resident_mb(process: int) -> float:
    """Resident memory of a process, megabytes; 0 if it is gone."""
    import psutil

    try:
        return float(psutil.Process(process).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
