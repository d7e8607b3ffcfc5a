"""Shots that give way to each other little by little: fades through black, and dissolves.

A dissolve is told by its middle: a picture that is a mixture of one from before and one from after,
and both of these have little in common. Nothing that moves looks like that. The cut is put where
the new picture stands alone, so that what is mixed belongs to the old shot.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from emoreport.media.pixels import Thumbnail, mean_change, mean_level

BLACK_LEVEL: Final = 24.0
BLACK_SPREAD: Final = 2.0
"""Mean and standard deviation, levels of 255, up to which a picture shows nothing."""

SAMPLED_S: Final = 0.1
"""Pictures are compared at this distance."""
LENGTHS: Final = (4, 6, 8, 12)
"""Lengths of dissolves that are tried, in these distances: a cut of a few frames to 1.2 s."""

LEAST_CHANGE: Final = 12.0
"""Mean difference of the two pictures, levels of 255."""
LITTLE_IN_COMMON: Final = 0.5
"""Largest correlation of the two."""
MIXED: Final = (0.25, 0.75)
"""Share of the old picture in the middle."""
UNEXPLAINED: Final = 0.15
"""Share of the difference that the mixture may leave unexplained."""
SETTLED: Final = 0.1
"""Share of the difference by which the new picture may still change from sample to sample."""

EVERYWHERE: Final = 255


class GradualFinder:
    """Says before which pictures a gradual change has come to its end."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Thumbnail]] = deque(maxlen=LENGTHS[-1] + 1)
        self._was_black = True

    def change_before(self, time_s: float, grey: Thumbnail) -> Thumbnail | None:
        """How each part of the picture has changed if a shot begins with this one, else None.

        Pictures come in order of time; parameters and result are those of `CutFinder.feed`.
        """
        is_black = mean_level(grey) <= BLACK_LEVEL and grey.std() <= BLACK_SPREAD
        fades, self._was_black = is_black and not self._was_black, is_black
        if fades:
            self.restart()
            return np.full(grey.shape, EVERYWHERE, np.int16)
        if self._samples and time_s - self._samples[-1][0] < SAMPLED_S - 1e-6:
            return None
        self._samples.append((time_s, grey))
        for length in LENGTHS:
            if length < len(self._samples) and self._is_dissolve(length):
                change: Thumbnail = np.abs(grey - self._samples[-1 - length][1])
                self.restart()
                return change
        return None

    def restart(self) -> None:
        """Forget what was seen: a shot begins."""
        self._samples.clear()

    def _is_dissolve(self, length: int) -> bool:
        new, before = self._samples[-1][1], self._samples[-2][1]
        old, middle = self._samples[-1 - length][1], self._samples[-1 - length // 2][1]
        change = mean_change(old, new)
        if change < LEAST_CHANGE or mean_change(new, before) > SETTLED * change:
            return False
        if old.std() < BLACK_SPREAD or new.std() < BLACK_SPREAD:
            return False
        if np.corrcoef(old.ravel(), new.ravel())[0, 1] > LITTLE_IN_COMMON:
            return False
        difference = (old - new).astype(np.float64)
        share = float(((middle - new) * difference).sum() / (difference**2).sum())
        left = np.abs(middle - new - share * difference).mean()
        return MIXED[0] <= share <= MIXED[1] and left <= UNEXPLAINED * change
