"""Make faces in a picture unrecognisable, on the safe side, and draw a mesh instead of a picture.

The faces of the whole recording are known before the first picture is hidden (`FaceTracks`), so a
face is covered before it was found as well as after it was lost. Where no face is known near a
moment, `regions_at` says so, and the whole picture is to be hidden.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from emoreport.records import Box, FloatArray, IntArray, RgbImage

HOLD_S: Final = 2.0
"""How long a face is covered before it was first and after it was last found."""

GROWTH_SIDES_PER_S: Final = 1.0
"""How far every edge of a held region moves out in a second, in sides of the face."""

HEAD_WIDTH: Final = 1.7
HEAD_HEIGHT: Final = 2.0
HEAD_UP: Final = 0.15
"""A head in sides of its tight face box: width, height, and how far its centre lies higher."""

SAME_TIME_S: Final = 0.0006
REACH_SIDES: Final = 0.6
REACH_SIDES_PER_S: Final = 2.0
"""How far a face may have moved to be the same one, in sides: at once, and per second."""

CELLS_PER_FACE: Final = 3.0
"""A cell of the mosaic is at least a third of the largest face's side."""

CELLS_PER_PICTURE: Final = 4.0
"""Cells along the shorter side where the whole picture is hidden: a face may fill it."""

KEPT_BITS: Final = 0b1110_0000
MIDDLE_OF_STEP: Final = 0b0001_0000
"""Eight levels per colour: what the cells of many pictures add up to stays little."""

BACKGROUND: Final = (24, 26, 30)
MESH_COLOUR: Final = (150, 200, 190)


class FaceTracks:
    """Where faces are in a whole recording: boxes linked over time, a few bytes per face."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._open: list[_Track] = []
        self._by_second: dict[int, list[_Track]] | None = None

    def add(self, time_s: float, boxes: Sequence[Box]) -> None:
        """Take the faces of the next frame; times increase."""
        self._by_second = None
        self._open = [track for track in self._open if time_s - track.times_s[-1] <= HOLD_S]
        free = list(self._open)
        pairs = sorted(
            (
                (track.distance(box), box_index, number)
                for number, track in enumerate(free)
                for box_index, box in enumerate(boxes)
                if track.reaches(time_s, box)
            ),
        )
        taken: set[int] = set()
        used: set[int] = set()
        for _, box_index, number in pairs:
            if box_index not in taken and number not in used:
                taken.add(box_index)
                used.add(number)
                free[number].add(time_s, boxes[box_index])
        for box_index, box in enumerate(boxes):
            if box_index not in taken:
                track = _Track()
                track.add(time_s, box)
                self._tracks.append(track)
                self._open.append(track)

    def regions_at(self, time_s: float) -> list[Box] | None:
        """Regions to hide at a time; None where no face is known near it: hide everything."""
        if self._by_second is None:
            self._by_second = self._sorted()
        regions = [
            region
            for track in self._by_second.get(math.floor(time_s), [])
            for region in track.regions_at(time_s)
        ]
        return regions or None

    def _sorted(self) -> dict[int, list[_Track]]:
        seconds: dict[int, list[_Track]] = {}
        for track in self._tracks:
            first = math.floor(track.times_s[0] - HOLD_S)
            for second in range(first, math.floor(track.times_s[-1] + HOLD_S) + 1):
                seconds.setdefault(second, []).append(track)
        return seconds


class _Track:
    """One face over time."""

    def __init__(self) -> None:
        self.times_s = array("d")
        self._boxes = array("f")

    def add(self, time_s: float, box: Box) -> None:
        self.times_s.append(time_s)
        self._boxes.extend((box.x, box.y, box.width, box.height))

    def _box(self, index: int) -> Box:
        return Box(*self._boxes[4 * index : 4 * index + 4])

    def distance(self, box: Box) -> float:
        """Distance of the centres in sides of the last box."""
        last = self._box(len(self.times_s) - 1)
        (last_x, last_y), (x, y) = last.centre, box.centre
        return math.hypot(x - last_x, y - last_y) / max(math.sqrt(last.area), 1.0)

    def reaches(self, time_s: float, box: Box) -> bool:
        unseen_s = time_s - self.times_s[-1]
        return self.distance(box) <= REACH_SIDES + REACH_SIDES_PER_S * unseen_s

    def regions_at(self, time_s: float) -> list[Box]:
        index = bisect_right(self.times_s, time_s + SAME_TIME_S) - 1
        if index >= 0 and abs(time_s - self.times_s[index]) <= SAME_TIME_S:
            return [head_region(self._box(index))]
        near = [at for at in (index, index + 1) if 0 <= at < len(self.times_s)]
        return [
            head_region(self._box(at), away_s)
            for at in near
            if (away_s := abs(time_s - self.times_s[at])) <= HOLD_S
        ]


def head_region(box: Box, away_s: float = 0.0) -> Box:
    """Region of the head about a tight face box, grown by the time since the face was found."""
    growth = 2 * GROWTH_SIDES_PER_S * away_s
    width = (HEAD_WIDTH + growth) * box.width
    height = (HEAD_HEIGHT + growth) * box.height
    x, y = box.centre
    y -= HEAD_UP * box.height
    return Box(x - 0.5 * width, y - 0.5 * height, width, height)


def hide(rgb: RgbImage, regions: Sequence[Box] | None) -> RgbImage:
    """Copy of a picture whose regions are a coarse mosaic.

    Parameters
    ----------
    rgb
        RGB uint8 (H, W, 3).
    regions
        What to hide, in pixels; None hides the whole picture.

    Returns
    -------
    RGB uint8 (H, W, 3). A cell is the mean colour of its pixels in eight levels; its side is a
    power of two, at least a third of the largest face of the picture, so that the grid hardly ever
    changes between pictures.
    """
    height, width = rgb.shape[:2]
    if regions is None:
        return _mosaic(rgb, min(height, width) / CELLS_PER_PICTURE)
    faces_px = [max(box.width / HEAD_WIDTH, box.height / HEAD_HEIGHT) for box in regions]
    coarse = _mosaic(rgb, max(faces_px) / CELLS_PER_FACE)
    hidden = rgb.copy()
    for box in regions:
        left, top = max(0, math.floor(box.x)), max(0, math.floor(box.y))
        right = max(left, math.ceil(box.x + box.width))
        bottom = max(top, math.ceil(box.y + box.height))
        hidden[top:bottom, left:right] = coarse[top:bottom, left:right]
    return hidden


def _mosaic(rgb: RgbImage, least_px: float) -> RgbImage:
    import cv2

    height, width = rgb.shape[:2]
    cell = 1 << math.ceil(math.log2(max(least_px, 2.0)))
    # Whole cells only: the last row and column continue the border.
    down, right = -height % cell, -width % cell
    whole = cv2.copyMakeBorder(rgb, 0, down, 0, right, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // cell, whole.shape[0] // cell)
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    small = (small & KEPT_BITS) | MIDDLE_OF_STEP
    big = cv2.resize(small, whole.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(big[:height, :width], dtype=np.uint8)


def draw_mesh(size_px: tuple[int, int], points: FloatArray | None, edges: IntArray) -> RgbImage:
    """Mesh of a face on a plain background; nothing of a picture enters.

    Parameters
    ----------
    size_px
        Width and height.
    points
        float32 (P, 2), pixels; None draws the background alone.
    edges
        int64 (E, 2), pairs of points.

    Returns
    -------
    RGB uint8 (height, width, 3).
    """
    import cv2

    width, height = size_px
    picture = np.full((height, width, 3), BACKGROUND, dtype=np.uint8)
    if points is not None:
        lines = np.round(points[edges]).astype(np.int32)
        cv2.polylines(
            picture,
            list(lines),
            isClosed=False,
            color=MESH_COLOUR,
            thickness=1,
            lineType=cv2.LINE_AA,
        )
    return picture
