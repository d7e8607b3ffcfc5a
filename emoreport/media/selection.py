"""Select the decoded frames that are given out: every one, or a rate in Hz.

Under ``adaptive`` every one is: who looks at them decides which.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from emoreport.media.timeline import Moment
from emoreport.settings import parse_fps

_TICK_TOLERANCE: Final = 1e-6


class Selector(Protocol):
    """Decides frame by frame, in order of time, which ones are given out."""

    def wants(self, moment: Moment) -> bool:
        """Whether the frame is given out."""
        ...


class EveryFrame:
    """Takes all frames."""

    def wants(self, moment: Moment) -> bool:  # noqa: ARG002
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

    def wants(self, moment: Moment) -> bool:
        """Take the frame if a tick has come due since the last one taken."""
        reach_s = 0.5 * min(moment.step_s, 1.0 / self._rate_hz)
        tick = math.floor((moment.time_s + reach_s) * self._rate_hz + _TICK_TOLERANCE)
        if tick < self._next_tick:
            return False
        self._next_tick = tick + 1
        return True


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
    return EveryFrame()
