"""Scan the packets of a recording for its clock, gaps and ends, before any is decoded."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer

from emoreport.media.container import (
    Failures,
    check_path,
    choose_stream,
    claimed_end_s,
    may_jump,
    open_container,
    packets_of,
    seconds,
    zero_s,
)
from emoreport.media.joins import GAP_S, MOST_RUNS, Joins, StreamRuns, join
from emoreport.media.timeline import Clock

KEPT: Final = 4
"""Recordings whose clocks are remembered: one is opened several times for one analysis."""

_lock = threading.Lock()


def joins_of(path: Path) -> Joins | None:
    """Clock of the recording's used streams; None where its stamps are beyond following.

    Raises
    ------
    InputNotFoundError, MediaError
        When the file cannot be opened.
    """
    absolute = check_path(path)
    facts = absolute.stat()
    with _lock:  # the readers of picture and sound ask at the same time
        return _scanned(absolute, (facts.st_ino, facts.st_size, facts.st_mtime_ns))


@lru_cache(maxsize=KEPT)
def _scanned(path: Path, state: tuple[int, int, int]) -> Joins | None:
    del state  # a file that changed is another one
    with open_container(path) as container:
        chosen = [
            stream
            for streams in (container.streams.video, container.streams.audio)
            if (stream := choose_stream(list(streams))) is not None
        ]
        if not chosen:
            return None
        runs = {stream.index: StreamRuns() for stream in chosen}
        longest_s = GAP_S if is_steady(container) else math.inf
        for order, packet in enumerate(packets_of(container, chosen, Failures())):
            if not _take(packet, order, runs, longest_s):
                return None
        return join(runs, zero_s(container), _judge(container))


def is_steady(container: InputContainer) -> bool:
    """Whether pictures come at a steady rate in this format, so that a long step is a loss."""
    return may_jump(container) or "flv" in container.format.name


def _take(
    packet: Any,  # noqa: ANN401 - av's packet
    order: int,
    runs: Mapping[int, StreamRuns],
    longest_s: float,
) -> bool:
    """Add a packet to the runs of its stream; False once there are too many of them.

    A packet that says that it lasts longer than `longest_s` is followed by a gap: FFmpeg makes up
    lengths from the next stamp.
    """
    own = runs.get(packet.stream.index)
    if own is None:  # the end of a stream that was found on the way
        return True
    base = packet.time_base
    decode_s, shown_s = seconds(packet.dts, base), seconds(packet.pts, base)
    decode_s = shown_s if decode_s is None else decode_s
    if decode_s is None or packet.is_discard:  # an edit list cut the latter away
        own.skip()
        return True
    shown_s = decode_s if shown_s is None else shown_s
    length_s = seconds(packet.duration, base) or 0.0
    if own.add(order, decode_s, shown_s, length_s if length_s <= longest_s else 0.0):
        for stream_runs in runs.values():
            if stream_runs is not own:
                stream_runs.split()
    return len(own.runs) <= MOST_RUNS


def _judge(container: InputContainer) -> Callable[[float, float], bool]:
    """Tell a gap from a clock that was reset: step ahead of everything, stamp it leads to."""
    clock = _header_clock(container, None)

    def is_too_far(step_s: float, stamp_s: float) -> bool:
        time_s = stamp_s - clock.zero_s
        return clock.is_too_far(time_s, time_s - step_s)

    return is_too_far


def announced_end_s(
    container: InputContainer,
    stream: Any,  # noqa: ANN401 - av's stream
    joins: Joins | None,
) -> float | None:
    """Where a stream should end, seconds from time zero; None if nothing says so.

    Header lengths are those of the first part only where there are several, and transport streams
    have none: there the packets themselves say how long the stream is.
    """
    if joins is not None and (joins.breaks or may_jump(container)):
        return joins.ends_s.get(stream.index)
    return claimed_end_s(container, stream)


def clock_of(container: InputContainer, stream: Any, joins: Joins | None) -> Clock:  # noqa: ANN401 - av's stream
    """Clock of a stream whose stamps have been shifted by `joins`."""
    end_s = announced_end_s(container, stream, joins)
    if joins is None:
        return _header_clock(container, end_s)
    if end_s is None and not joins.breaks:
        return replace(_header_clock(container, None), discontinuous=False)
    return Clock(zero_s=joins.zero_s, claimed_end_s=end_s)


def _header_clock(container: InputContainer, end_s: float | None) -> Clock:
    """Clock by what the header says; its length is that of the file where `end_s` is unknown."""
    if end_s is None and container.duration is not None:
        end_s = container.duration / av.time_base
    return Clock(
        zero_s=zero_s(container),
        claimed_end_s=end_s if end_s is not None and end_s > 0 else None,
        discontinuous=may_jump(container),
    )
