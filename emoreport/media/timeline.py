"""Presentation times of one stream, repaired where the stamps are missing or impossible.

Pure arithmetic: no container is opened here. The rules and their reasons are in
docs/decisions/0001-time-base.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Final

ZERO_TOLERANCE_S: Final = 0.0005
"""Stamps this little before zero are zero: container start times are rounded to 1 µs, the
stamps of some containers to 1 ms."""

RESTART_S: Final = 0.5
"""A step back by more than this is a restarted clock; a smaller one is a misplaced frame."""

DISCONTINUITY_S: Final = 10.0
"""A step forward by more than this is suspicious (ffmpeg's own `-dts_delta_threshold`)."""

UNCLAIMED_GAP_S: Final = 3600.0
"""A step forward by more than this is a broken stamp where the container claims no length."""

LONGEST_S: Final = 24 * 3600.0
"""A longer recording is refused: its stamps are broken, and its sound would not be kept."""

SHORTEST_MEAN_STEP_S: Final = 1e-4
"""Frames that follow each other faster than this on average have broken stamps: cameras for
slow motion write files that play at a usual rate."""

STUCK_FRAMES: Final = 2
"""After so many frames in a row without progress the stamps are not used any more."""

SHORTEST_STEP_S: Final = 1e-5
"""A frame that says it is shorter than this does not know its length."""

REMEMBERED_STEPS: Final = 9
"""The median of so many last steps is the length of a frame that does not know its own: one long
still picture does not make the next one long."""

HOLE_S: Final = 0.2
HOLE_STEPS: Final = 4.0
"""Transport streams have a steady rate, and their reader passes over damage without a word: a step
longer than both is a stretch that was lost."""

RATE_TOLERANCE: Final = 0.1
"""A claimed rate holds if the mean rate, or most steps, are this near to it."""

FALLBACK_STEP_S: Final = 0.04
"""Distance of two frames where neither stamps, nor durations, nor the header give one."""


@dataclass(slots=True)
class Clock:
    """Places raw stamps on the video's time line and closes impossible jumps.

    Parameters
    ----------
    zero_s
        Time of the container's clock that is time zero of the video.
    claimed_end_s
        Length that the container announces, seconds from time zero; None if it announces none.
    discontinuous
        Whether the container format allows its clock to jump (transport streams).
    """

    zero_s: float = 0.0
    claimed_end_s: float | None = None
    discontinuous: bool = False
    jumps: int = field(default=0, init=False)
    _shift_s: float = field(default=0.0, init=False)

    def settle(
        self, stamp_s: float, expected_s: float | None, last_s: float | None = None
    ) -> float:
        """Seconds from time zero for a stamp; a jump continues at `expected_s` instead.

        Parameters
        ----------
        stamp_s
            Stamp on the container's clock, seconds.
        expected_s
            Where the predecessor ended, seconds from time zero; None before the first.
        last_s
            Where the predecessor started, if its length is not certain.
        """
        raw_s = stamp_s - self.zero_s
        time_s = raw_s + self._shift_s
        reached_s = expected_s if last_s is None else last_s
        went_back = reached_s is not None and time_s < reached_s - RESTART_S
        if went_back or self.is_too_far(time_s, expected_s or 0.0):
            time_s = expected_s or 0.0
            self._shift_s = time_s - raw_s
            self.jumps += 1
        return time_s

    def is_too_far(self, time_s: float, expected_s: float) -> bool:
        """Whether a step from `expected_s` is no gap but a clock that was reset."""
        step_s = time_s - expected_s
        if step_s <= DISCONTINUITY_S:
            return False
        if self.discontinuous:
            return True
        if self.claimed_end_s is None:
            return step_s > UNCLAIMED_GAP_S
        return time_s > self.claimed_end_s + DISCONTINUITY_S


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a frame stands: time and length of its presentation, seconds."""

    time_s: float
    step_s: float


@dataclass(slots=True)
class FrameTimes:
    """Gives frames strictly increasing presentation times ≥ 0.

    Parameters
    ----------
    clock
        The clock of the stream.
    nominal_step_s
        Distance of two frames by the header's frame rate; None if it names none.
    stamped
        False where the container format has no stamps and those seen are invented.
    steady
        Whether frames come at a steady rate, so that a long step is a stretch that was lost.
    """

    clock: Clock
    nominal_step_s: float | None = None
    stamped: bool = True
    steady: bool = False
    placed: int = field(default=0, init=False)
    missing: int = field(default=0, init=False)
    dropped: int = field(default=0, init=False)
    holes: int = field(default=0, init=False)
    end_s: float = field(default=0.0, init=False)
    _first_s: float = field(default=0.0, init=False)
    _nominal_steps: int = field(default=0, init=False)
    _held_s: float = field(default=0.0, init=False)
    _last_s: float | None = field(default=None, init=False)
    _expected_s: float | None = field(default=None, init=False)
    _deltas_s: deque[float] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED_STEPS), init=False
    )
    _decode_s: float | None = field(default=None, init=False)
    _stuck: int = field(default=0, init=False)

    def place(
        self, stamp_s: float | None, duration_s: float, decode_s: float | None = None
    ) -> Moment | None:
        """Moment of the next frame in order of output; None if it is not presented.

        Parameters
        ----------
        stamp_s
            Presentation stamp on the container's clock, seconds; None if it has none.
        duration_s
            Length of the frame by its own account, seconds; 0 if unknown.
        decode_s
            Decoding stamp, seconds; None if unknown. Where presentation stamps are missing, its
            steps are those of the frames (H.264 in AVI); its offset is the decoder's delay.
        """
        has_duration = duration_s >= SHORTEST_STEP_S
        step_s = duration_s if has_duration else self._usual_step_s()
        if stamp_s is None:
            self.missing += 1
            time_s = self._guess_s(decode_s)
        else:
            time_s = self.clock.settle(stamp_s, self._expected_s, self._last_s)
        self._decode_s = decode_s
        if time_s < -ZERO_TOLERANCE_S:
            self._expected_s = time_s + step_s
            return None
        time_s = max(time_s, 0.0)
        if self._last_s is not None and time_s <= self._last_s:
            self.dropped += 1
            self._stuck += 1
            if self._stuck <= STUCK_FRAMES:
                return None
            time_s = self._expected_s or 0.0
            if time_s <= self._last_s:  # a time before zero, of a frame that was not presented
                time_s = self._last_s + step_s
        else:
            self._stuck = 0
        return self._accept(time_s, step_s, has_duration=has_duration)

    def hold(self, step_s: float, until_s: float) -> Moment:
        """Moment `step_s` after the last one, at which the same picture is still shown."""
        time_s = (self._last_s or 0.0) + step_s
        self._last_s = time_s
        self._held_s = step_s
        self.end_s = min(time_s + step_s, until_s)
        self.placed += 1
        return Moment(time_s, step_s)

    def _guess_s(self, decode_s: float | None) -> float:
        if self._last_s is None:
            return 0.0
        if decode_s is not None and self._decode_s is not None:
            step_s = decode_s - self._decode_s
            if 0 < step_s <= DISCONTINUITY_S:
                return self._last_s + step_s
        return self._last_s + self._usual_step_s()

    def _accept(self, time_s: float, step_s: float, *, has_duration: bool) -> Moment:
        if self._last_s is not None:
            delta_s = time_s - self._last_s
            if self.steady and delta_s > max(HOLE_S, HOLE_STEPS * self._usual_step_s()):
                self.holes += 1
            self._deltas_s.append(delta_s)
            nominal_s = self.nominal_step_s or 0.0
            self._nominal_steps += abs(delta_s - nominal_s) <= RATE_TOLERANCE * nominal_s
        else:
            self._first_s = time_s
            step_s = step_s if has_duration else self._usual_step_s()
        claimed_s = self.clock.claimed_end_s
        absurd = step_s > DISCONTINUITY_S and (
            claimed_s is None or time_s + step_s > claimed_s + RESTART_S
        )
        if absurd:
            step_s = self._usual_step_s()
        self._last_s = time_s
        self._expected_s = time_s + step_s
        # An edit list may end the video within its last frame.
        cut = claimed_s is not None and time_s < claimed_s < self._expected_s
        self.end_s = claimed_s if cut and claimed_s is not None else self._expected_s
        self.placed += 1
        return Moment(time_s, step_s)

    def _usual_step_s(self) -> float:
        if self._deltas_s:
            return max(median(self._deltas_s), SHORTEST_STEP_S)
        return self.nominal_step_s or FALLBACK_STEP_S

    @property
    def contradicting_rate_hz(self) -> float | None:
        """Frame rate by the times; None where they do not contradict the header's."""
        steps = self.placed - 1
        if self._held_s:
            return 1.0 / self._held_s
        if steps < 1:
            return None
        mean_hz = steps / ((self._last_s or 0.0) - self._first_s)
        if not self.nominal_step_s:
            return mean_hz
        near = abs(mean_hz * self.nominal_step_s - 1.0) <= RATE_TOLERANCE
        return None if near or 2 * self._nominal_steps >= steps else mean_hz

    @property
    def impossible(self) -> tuple[str, dict[str, float]] | None:
        """Key and values of an error: what no true recording has; None where times may be true."""
        if self.end_s > LONGEST_S:
            return "media.too_long", {"hours": LONGEST_S / 3600}
        if self.placed > 1 and self.end_s < self.placed * SHORTEST_MEAN_STEP_S:
            return "media.too_dense", {"frames": self.placed, "end_s": self.end_s}
        return None

    @property
    def quality(self) -> str:
        """``exact``, ``repaired`` or ``estimated``, as `DecodeOutcome` defines them."""
        if not self.stamped or (self.placed and self.missing >= self.placed + self.dropped):
            return "estimated"
        if self.missing or self.dropped or self.clock.jumps:
            return "repaired"
        return "exact"

    def notes(self) -> tuple[str, ...]:
        """Plain sentences about what had to be repaired."""
        sentences = []
        if not self.stamped:
            sentences.append(
                "the container holds no presentation times; the frame rate was assumed"
            )
        elif self.missing:
            sentences.append(f"{self.missing} frames had no presentation time")
        if self.dropped:
            sentences.append(f"{self.dropped} frames had the time of an earlier frame")
        if self.holes:
            sentences.append(f"{self.holes} stretches of the video are missing")
        if self.clock.jumps:
            sentences.append(f"the clock of the video jumped {self.clock.jumps} times")
        return tuple(sentences)
