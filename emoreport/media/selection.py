"""Select the decoded frames to analyse: every one, a rate in Hz, or those that changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from emoreport.media.pixels import Thumbnail
from emoreport.media.timeline import Moment
from emoreport.settings import parse_fps

ADAPTIVE_CHANGE: Final = 2.0
"""Mean absolute luma difference (of 255) that makes a frame worth analysing."""

ADAPTIVE_LONGEST_S: Final = 0.2
"""Even a still picture is analysed this often."""

_TICK_TOLERANCE: Final = 1e-6


class Selector(Protocol):
    """Decides frame by frame, in order of time, which ones are analysed."""

    def wants(self, moment: Moment, thumbnail: Callable[[], Thumbnail]) -> bool:
        """Whether the frame is analysed; `thumbnail` is called only where it is needed."""
        ...


class EveryFrame:
    """Takes all frames."""

    def wants(self, moment: Moment, thumbnail: Callable[[], Thumbnail]) -> bool:  # noqa: ARG002
        """Take the frame."""
        return True


class RateSelector:
    """Takes one frame per tick k ÷ rate of presentation time, never one twice.

    A frame serves the tick that lies within half a frame (at most half a tick) of it, so stamps
    rounded to milliseconds lose no tick. A rate above the source's takes every frame.

    Parameters
    ----------
    rate_hz
        Ticks per second.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._next_tick = 0

    def wants(self, moment: Moment, thumbnail: Callable[[], Thumbnail]) -> bool:  # noqa: ARG002
        """Take the frame if a tick has come due since the last one taken."""
        reach_s = 0.5 * min(moment.step_s, 1.0 / self._rate_hz)
        tick = math.floor((moment.time_s + reach_s) * self._rate_hz + _TICK_TOLERANCE)
        if tick < self._next_tick:
            return False
        self._next_tick = tick + 1
        return True


class ChangeSelector:
    """Takes a frame that differs from the last one taken, or when 0.2 s have passed."""

    def __init__(self) -> None:
        self._last_s = -math.inf
        self._last: Thumbnail | None = None

    def wants(self, moment: Moment, thumbnail: Callable[[], Thumbnail]) -> bool:
        """Take the frame if it changed by more than `ADAPTIVE_CHANGE` or time is up."""
        current = thumbnail()
        due = moment.time_s - self._last_s >= ADAPTIVE_LONGEST_S - _TICK_TOLERANCE
        if not due and self._last is not None and _change(current, self._last) <= ADAPTIVE_CHANGE:
            return False
        self._last = current
        self._last_s = moment.time_s
        return True


def _change(thumbnail: Thumbnail, previous: Thumbnail) -> float:
    return float(np.abs(thumbnail - previous).mean())


def selector(fps: str) -> Selector:
    """Selector for a value of ``--fps``.

    Raises
    ------
    SettingsError
        When `fps` is neither ``every`` nor ``adaptive`` nor a rate in (0, 1000].
    """
    rate_hz = parse_fps(fps)
    if rate_hz is not None:
        return RateSelector(rate_hz)
    return ChangeSelector() if fps == "adaptive" else EveryFrame()
