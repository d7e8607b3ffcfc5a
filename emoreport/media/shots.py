"""Cuts: where the picture of one shot gives way to that of another, found while frames are decoded.

Small grey copies of all decoded pictures are compared. The first measure is FFmpeg's (its filters
`scdet` and `select`): how much a picture differs from the one before, less how much that differed
already. A candidate is held back for a moment, until the pictures after it have been seen. It is no
cut if

- the picture before comes back, as it does after a flash or a jolt of the camera;
- matching brightness and contrast makes up for the change: lights are switched, exposure changes;
- the pictures around it change as much: something moves, or the camera does.

Shots that give way to each other little by little are told by `gradual`. The limits are measured by
``python -m benchmarks.shots`` (docs/shots.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

from emoreport.media.gradual import GradualFinder
from emoreport.media.pixels import Thumbnail, mean_change

Item = TypeVar("Item")

SIZE_PX: Final = (64, 36)
"""Of the grey copies: noise and compression vanish, the head of a speaker does not."""

LEAST_SCORE: Final = 4.0
"""FFmpeg's score, levels of 255, that makes a candidate."""

LEAST_CHANGE: Final = 4.5
"""Mean change, levels of 255, that must remain once brightness and contrast are matched."""

COMES_BACK: Final = 0.5
"""A later picture has come back if it differs from the one before by less than this share."""

ABOVE_OTHERS: Final = 5.0
"""How many times the change must exceed the median of the pictures around it."""

ABOVE_ALL: Final = 2.0
"""… or the largest of them, where the pictures have nothing in common: a shot may begin in the
middle of a movement."""

ALIKE: Final = 0.3
"""Correlation below which two pictures have nothing in common."""

STILL: Final = 0.3
"""Pictures that differ by less than this many levels repeat each other; they are no measure."""

AROUND: Final = 8
"""So many pictures before a candidate are looked at: the last two of them that moved count."""

SETTLED_S: Final = 0.15
"""What is gone again within this time was a flash. Shots are no shorter."""

LEAST_AFTER: Final = 2
MOST_AFTER: Final = 10
"""Pictures that are waited for after a candidate, whatever their rate."""


@dataclass(frozen=True, slots=True)
class _Seen(Generic[Item]):
    """A picture that waits: what it is, its grey copy, and its mean change from the one before."""

    item: Item
    time_s: float
    grey: Thumbnail
    moved: float


class CutFinder(Generic[Item]):
    """Passes pictures on in their order and says before which of them there is a cut.

    A picture is passed on at once, unless it may be the first one of a shot: then it waits for
    `SETTLED_S`, for `LEAST_AFTER` pictures at least and `MOST_AFTER` at most.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Seen[Item]] = deque()
        self._newest: Thumbnail | None = None
        self._last: Thumbnail | None = None
        self._before: deque[float] = deque(maxlen=AROUND)
        self._quiet_until_s = -np.inf
        self._gradual = GradualFinder()

    def feed(
        self, item: Item, time_s: float, grey: Thumbnail
    ) -> Iterator[tuple[Item, Thumbnail | None]]:
        """Take the next picture and pass on those about which all is known.

        Parameters
        ----------
        item
            Whatever stands for the picture.
        time_s
            Its presentation time; calls come in order of time.
        grey
            int16 (36, 64), its luma, area-averaged.

        Yields
        ------
        Every picture once, in order; with it, where a cut is right before it, how much each part
        of the picture changed there (int16 (36, 64), levels of 255), else None.
        """
        moved = 0.0 if self._newest is None else mean_change(grey, self._newest)
        self._newest = grey
        self._waiting.append(_Seen(item, time_s, grey, moved))
        yield from self._settled(at_end=False)

    def close(self) -> Iterator[tuple[Item, Thumbnail | None]]:
        """Pass on what still waits, as `feed` does; no picture follows."""
        yield from self._settled(at_end=True)

    def _settled(self, *, at_end: bool) -> Iterator[tuple[Item, Thumbnail | None]]:
        while self._waiting:
            first, last = self._waiting[0], self._last
            change = None
            is_candidate = last is not None and self._is_candidate(first, last)
            if last is not None and is_candidate:
                if not at_end and not self._has_settled():
                    return
                if self._is_cut(first, last):
                    change = np.abs(first.grey - last)
                    self._gradual.restart()
            slow_change = self._gradual.change_before(first.time_s, first.grey)
            if not is_candidate:
                change = slow_change
            self._pass(first)
            yield first.item, change

    def _pass(self, seen: _Seen[Item]) -> None:
        self._waiting.popleft()
        self._last = seen.grey
        self._before.append(seen.moved)

    def _is_candidate(self, seen: _Seen[Item], last: Thumbnail) -> bool:
        if seen.time_s <= self._quiet_until_s:
            return False
        pace = _moving(self._before)[-1:]
        if min([seen.moved, *(abs(seen.moved - moved) for moved in pace)]) < LEAST_SCORE:
            return False
        return _remaining(last, seen.grey) >= LEAST_CHANGE

    def _has_settled(self) -> bool:
        after = len(self._waiting) - 1
        waited_s = self._waiting[-1].time_s - self._waiting[0].time_s
        return after >= MOST_AFTER or (after >= LEAST_AFTER and waited_s >= SETTLED_S)

    def _is_cut(self, first: _Seen[Item], last: Thumbnail) -> bool:
        """Judge a candidate that has settled; what it is decides until when nothing else is."""
        after = list(self._waiting)[1:]
        change = mean_change(first.grey, last)
        for place, seen in enumerate(after):
            if place and seen.time_s > first.time_s + SETTLED_S:
                break
            back = mean_change(seen.grey, last) < COMES_BACK * change
            if back or _remaining(last, seen.grey) < LEAST_CHANGE:
                self._quiet_until_s = seen.time_s
                return False
        around = _moving(self._before)[-2:] + _moving(seen.moved for seen in after)[:2]
        usual, most = (float(np.median(around)), max(around)) if around else (0.0, 0.0)
        unlike = first.moved >= ABOVE_ALL * most and _alike(last, first.grey) < ALIKE
        if not after or not (first.moved >= ABOVE_OTHERS * usual or unlike):
            return False
        self._quiet_until_s = first.time_s + SETTLED_S
        return True


def _moving(changes: Iterable[float]) -> list[float]:
    """The changes of those pictures that do not repeat the one before."""
    return [change for change in changes if change >= STILL]


def _alike(before: Thumbnail, after: Thumbnail) -> float:
    """Correlation of two pictures, -1 to 1; 0 where one of them is blank."""
    one, other = before - before.mean(), after - after.mean()
    spread = float(one.std()) * float(other.std())
    return float((one * other).mean()) / spread if spread > 0 else 0.0


def _remaining(before: Thumbnail, after: Thumbnail) -> float:
    """Mean change, levels of 255, that matching brightness and contrast leaves."""
    one, other = before - before.mean(), after - after.mean()
    spread, wanted = float(one.std()), float(other.std())
    if min(spread, wanted) < 1.0:  # one of both is blank
        return max(spread, wanted)
    return float(np.abs(other - (wanted / spread) * one).mean())
