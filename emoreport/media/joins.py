"""Find where the clock of a recording breaks off, once for all of its streams.

A transport stream that lost a segment, or two recordings in one file, break picture and sound at
one moment. Repaired stream by stream, each would be closed up by its own amount and the two would
part. So the steps of all streams are looked at together here: a step that one stream makes alone
is a gap of that stream, a step that all make is one of the recording.

Pure arithmetic: no container is opened here. The rules and their reasons are in
docs/decisions/0001-time-base.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter
from statistics import median
from typing import Final

from emoreport.media.timeline import DISCONTINUITY_S, REMEMBERED_STEPS, RESTART_S

BACK_S: Final = 0.1
"""A step back of the decoding stamps by more than this begins a new run."""

GAP_S: Final = 1.0
GAP_STEPS: Final = 8.0
"""A step forward longer than both begins a new run, and is a gap worth a word."""

LAG_S: Final = 3.0
LAG_PACKETS: Final = 64
"""So much of what came before a break may lie behind the first packet that comes after it."""

STRAY_PACKETS: Final = 2
"""So few packets whose neighbours follow each other have broken stamps."""

MOST_RUNS: Final = 20_000
"""A stream in more pieces has no clock that could be followed."""


@dataclass(slots=True)
class Run:
    """Packets of one stream that follow each other, in seconds of the container's clock.

    Attributes
    ----------
    packet
        Number of the first one in its stream.
    order, last_order
        Numbers of the first and the last one among the packets of all streams.
    first_s, last_s
        Decoding stamps of the first and the last one.
    start_s, end_s
        What is presented.
    forced
        Whether another stream broke here, not this one.
    seamless
        Whether it follows its predecessor at the usual step.
    packets
        How many.
    """

    packet: int
    order: int
    last_order: int
    first_s: float
    last_s: float
    start_s: float
    end_s: float
    forced: bool = False
    seamless: bool = False
    packets: int = 1


@dataclass(slots=True)
class StreamRuns:
    """Collects the runs of one stream, packet by packet."""

    runs: list[Run] = field(default_factory=list)
    packets: int = 0
    _steps_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_STEPS))
    _lags_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_STEPS))
    _decode_s: float = 0.0
    _forced: bool = False

    def add(self, order: int, decode_s: float, shown_s: float, duration_s: float) -> bool:
        """Take the next packet that has stamps; True where it goes back in time."""
        number, self.packets = self.packets, self.packets + 1
        went_back = bool(self.runs) and decode_s < self._decode_s - BACK_S
        in_step_s = decode_s - self._decode_s
        self._decode_s = decode_s
        stamp_s = self._in_step(decode_s, shown_s)
        step_s = stamp_s - self.runs[-1].last_s if self.runs else 0.0
        too_far = step_s > GAP_S and step_s > self._longest_step_s
        end_s = shown_s + (duration_s or self.usual_step_s)
        if not self.runs or went_back or too_far or self._forced:
            forced = self._forced and not (went_back or too_far)
            seamless = forced and abs(in_step_s - self.usual_step_s) <= BACK_S
            self.runs.append(
                Run(number, order, order, stamp_s, stamp_s, shown_s, end_s, forced, seamless)
            )
            self._forced = False
            return went_back
        if in_step_s > 0:
            self._steps_s.append(in_step_s)
        run = self.runs[-1]
        run.packets += 1
        run.last_order, run.last_s = order, max(run.last_s, stamp_s)
        run.start_s = min(run.start_s, shown_s)
        run.end_s = max(run.end_s, end_s)
        return False

    def _in_step(self, decode_s: float, shown_s: float) -> float:
        """Decoding stamp in step with what is shown.

        Encoders make decoding stamps of the times of earlier pictures: behind a gap they come
        into step with the pictures some packets later.
        """
        lag_s = shown_s - decode_s
        if lag_s > GAP_S and self._lags_s:
            usual_s = median(self._lags_s)
            if lag_s > usual_s + self._longest_step_s:
                return shown_s - usual_s
        self._lags_s.append(lag_s)
        return decode_s

    @property
    def _longest_step_s(self) -> float:
        return max(GAP_S, GAP_STEPS * self.usual_step_s)

    def skip(self) -> None:
        """Count a packet without stamps."""
        self.packets += 1

    def split(self) -> None:
        """Begin a new run with the next packet, since another stream breaks here."""
        self._forced = bool(self.runs)

    @property
    def usual_step_s(self) -> float:
        """Median of the last steps, seconds; 0 before the second packet."""
        return median(self._steps_s) if self._steps_s else 0.0

    def settled(self) -> list[Run]:
        """Runs without single stray packets, and without splits that belong to what was before."""
        kept: list[Run] = []
        for run, later in zip_longest(self.runs, self.runs[1:]):
            breaks_next = later is not None and not later.forced
            if run.forced and kept and breaks_next:
                if run.seamless or run.end_s - run.start_s <= LAG_S:
                    _extend(kept[-1], run)
                    continue
            elif later is not None and run.packets <= STRAY_PACKETS < later.packets:
                step_s = later.first_s - kept[-1].last_s if kept else 0.0
                if -BACK_S <= step_s <= GAP_S:
                    continue
            kept.append(run)
        return kept


def _extend(run: Run, rest: Run) -> None:
    run.packets += rest.packets
    run.last_order, run.last_s = rest.last_order, rest.last_s
    run.end_s = max(run.end_s, rest.end_s)


@dataclass(frozen=True, slots=True)
class Break:
    """The clock of the recording breaks off and goes on.

    Attributes
    ----------
    time_s
        Where on the video's time line.
    jump_s
        By how much the container's clock leaps: negative where it starts again.
    """

    time_s: float
    jump_s: float


@dataclass(frozen=True, slots=True)
class Joins:
    """One clock for all streams of a recording.

    Attributes
    ----------
    zero_s
        Time of the container's clock that is time zero.
    shifts
        Per stream: from which of its packets on how many seconds are added to its stamps.
    breaks
        Where the clock was restarted or a gap was closed.
    gaps
        Per stream: stretches of the time line between two runs, seconds.
    ends_s
        Per stream: where its last packet ends on the time line.
    packets
        Per stream: how many it has.
    """

    zero_s: float
    shifts: Mapping[int, Sequence[tuple[int, float]]]
    breaks: tuple[Break, ...]
    gaps: Mapping[int, tuple[tuple[float, float], ...]]
    ends_s: Mapping[int, float]
    packets: Mapping[int, int]

    def shift_of(self, stream: int) -> Callable[[int], float] | None:
        """Seconds that are added to the stamps of packet n of a stream; None where none are."""
        own = self.shifts.get(stream, ())
        if not any(seconds for _, seconds in own):
            return None
        return lambda packet: own[max(0, bisect_right(own, packet, key=itemgetter(0)) - 1)][1]


class _Part:
    """Runs of all streams under one clock."""

    def __init__(self, run: Run, shift_s: float) -> None:
        self.first_s = run.start_s
        self.reach_s = run.end_s
        self.shift_s = shift_s
        self.last_s: dict[int, float] = {}

    def take(self, stream: int, run: Run) -> None:
        self.first_s = min(self.first_s, run.start_s)
        self.reach_s = max(self.reach_s, run.end_s)
        self.last_s[stream] = run.last_s

    def fits(self, stream: int, run: Run, is_too_far: Callable[[float, float], bool]) -> bool:
        """Whether a run may be under this clock: not back, not too far ahead of everything."""
        last_s = self.last_s.get(stream)
        if last_s is None:
            if run.start_s < self.first_s - DISCONTINUITY_S:
                return False
        elif run.first_s < last_s - RESTART_S:
            return False
        return not is_too_far(run.start_s - self.reach_s, run.start_s)


def join(
    streams: Mapping[int, StreamRuns], zero_s: float, is_too_far: Callable[[float, float], bool]
) -> Joins:
    """Lay the runs of all streams on one time line.

    Parameters
    ----------
    streams
        Runs by the index of the stream.
    zero_s
        Time of the container's clock that is time zero of the video.
    is_too_far
        Asked with a step ahead of all that came before and the stamp it leads to, seconds of the
        container's clock; whether such a step is no gap but a clock that was reset.
    """
    runs = {index: stream.settled() for index, stream in streams.items()}
    parts: list[_Part] = []
    of_run: dict[tuple[int, int], _Part] = {}
    breaks: list[Break] = []
    for index, run_index in _in_order(runs):
        run = runs[index][run_index]
        if not parts:
            parts.append(_Part(run, -zero_s))
        elif not parts[-1].fits(index, run, is_too_far):
            if run.forced or _goes_alone(index, run, runs, parts[-1], is_too_far):
                of_run[index, run_index] = of_run.get((index, run_index - 1), parts[-1])
                continue
            head_s = max(part.reach_s + part.shift_s for part in parts)
            breaks.append(Break(head_s, run.start_s - parts[-1].reach_s))
            parts.append(_Part(run, head_s - run.start_s))
        part = parts[-1]
        before_s = part.first_s
        part.take(index, run)
        if len(parts) > 1:  # the part begins where its first stream does
            part.shift_s += before_s - part.first_s
        of_run[index, run_index] = part
    packets = {index: stream.packets for index, stream in streams.items()}
    return _laid_out(runs, of_run, breaks, zero_s, packets)


def _in_order(runs: Mapping[int, Sequence[Run]]) -> list[tuple[int, int]]:
    """Stream and index of all runs, in the order of their first packets.

    A stream that begins late joins the part that begins with it, not the one that ends there.
    """
    events = []
    for index, own in runs.items():
        order = 0
        for run_index, run in enumerate(own):
            late = LAG_PACKETS if run_index == 0 and run.order > LAG_PACKETS else 0
            order = max(order, run.order + late)
            events.append((order, index, run_index))
    return [(index, run_index) for _, index, run_index in sorted(events)]


def _goes_alone(
    index: int,
    run: Run,
    runs: Mapping[int, Sequence[Run]],
    part: _Part,
    is_too_far: Callable[[float, float], bool],
) -> bool:
    """Whether another stream goes on under the old clock where this one leaves it."""
    for sibling, own in runs.items():
        if sibling == index or sibling not in part.last_s:
            continue
        later = [each for each in own if each.order > run.order]
        follows = any(
            not (each.seamless or (not each.forced and part.fits(sibling, each, is_too_far)))
            and abs(each.start_s - run.start_s) <= DISCONTINUITY_S
            for each in later[:2]
        )
        if not follows and own[-1].last_order > run.order + LAG_PACKETS:
            return True
    return False


def _laid_out(
    runs: Mapping[int, Sequence[Run]],
    of_run: Mapping[tuple[int, int], _Part],
    breaks: Sequence[Break],
    zero_s: float,
    packets: Mapping[int, int],
) -> Joins:
    shifts: dict[int, list[tuple[int, float]]] = {}
    gaps: dict[int, tuple[tuple[float, float], ...]] = {}
    ends_s: dict[int, float] = {}
    for index, own in runs.items():
        shifts[index], stream_gaps = [], []
        end_s: float | None = None
        for run_index, run in enumerate(own):
            shift_s = of_run[index, run_index].shift_s
            if not shifts[index] or shifts[index][-1][1] != shift_s + zero_s:
                shifts[index].append((run.packet, shift_s + zero_s))
            start_s = run.start_s + shift_s
            if end_s is not None and start_s - end_s > GAP_S:
                stream_gaps.append((end_s, start_s))
            end_s = max(run.end_s + shift_s, end_s or 0.0)
        gaps[index] = tuple(stream_gaps)
        if end_s is not None:
            ends_s[index] = end_s
    return Joins(zero_s, shifts, tuple(breaks), gaps, ends_s, packets)


Remark = tuple[str, Mapping[str, str]]
"""Key of a warning and what it names."""

Gaps = Sequence[tuple[float, float]]


def remarks(joins: Joins, video: int, audio: int, *, steady: bool) -> list[Remark]:
    """What a reader of the tables must know of the recording's clock, in seconds.

    Parameters
    ----------
    joins
        The clock.
    video, audio
        Index of the stream of each kind that is used; any other number where there is none.
    steady
        Whether pictures come at a steady rate, so that a long step is a loss and no still picture.
    """
    back = [each for each in joins.breaks if each.jump_s < 0]
    ahead = [each for each in joins.breaks if each.jump_s >= 0]
    said: list[Remark] = []
    if back:
        said.append(("clock_restarted", {"count": str(len(back)), "at": _at(back[0].time_s)}))
    if ahead:
        seconds = sum(each.jump_s for each in ahead)
        values = {"count": str(len(ahead)), "at": _at(ahead[0].time_s), "seconds": f"{seconds:.1f}"}
        said.append(("gap_closed", values))
    pictures = joins.gaps.get(video, ()) if steady else ()
    sounds = joins.gaps.get(audio, ())
    both = _common(pictures, sounds)
    for key, own in (
        ("stretch_missing", both),
        ("picture_missing", _without(pictures, both)),
        ("sound_missing", _without(sounds, both)),
    ):
        if own:
            seconds = sum(end_s - start_s for start_s, end_s in own)
            said.append((key, {"seconds": f"{seconds:.1f}", "at": _at(own[0][0])}))
    return said


def _at(time_s: float) -> str:
    return f"{time_s:.1f}"


def _common(first: Gaps, second: Gaps) -> list[tuple[float, float]]:
    pairs = [(max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second]
    return [(start_s, end_s) for start_s, end_s in pairs if end_s - start_s > GAP_S]


def _without(gaps: Gaps, shared: Gaps) -> list[tuple[float, float]]:
    return [gap for gap in gaps if not _common([gap], shared)]
