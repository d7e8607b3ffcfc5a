"""Choose where on the pictures of a talk something may be drawn: over no face, and little detail.

Pure. Faces and detail are maps of the picture in `GRID` cells, made once for a talk, so that what
is drawn keeps its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

import numpy as np

from emoreport.overlay.areas import Area
from emoreport.records import DoubleArray, FloatArray, IntArray, RgbImage

GRID: Final = (36, 64)
"""Rows and columns of the maps."""
EDGE_LEVELS: Final = 12
"""Neighbouring pixels that differ by more are an edge: letters, not the noise of a camera."""
MOST_READINGS: Final = 2000
PLACES: Final = (7, 9)
"""Heights and widths that are tried."""

HIDDEN_FACE: Final = 10.0
DETAIL: Final = 4.0
BESIDE_FACE: Final = 0.1
INSET: Final = 0.1
LOW: Final = 0.05
TAKEN: Final = 100.0
"""What counts against a place: a share of the face, the share of edges below it, nearness to the
face across, distance from the sides and from the top, and that something else is there."""


def detail_map(pictures: Iterable[RgbImage]) -> DoubleArray | None:
    """Share of pixels on an edge in each cell, mean over the pictures; None without any.

    Parameters
    ----------
    pictures
        RGB uint8 (height, width, 3), of any sizes.

    Returns
    -------
    float64 of shape `GRID`, 0–1.
    """
    maps = [_edges(rgb) for rgb in pictures if min(rgb.shape[:2]) > max(GRID)]
    return np.mean(maps, axis=0) if maps else None


def _edges(rgb: RgbImage) -> DoubleArray:
    green = rgb[:, :, 1].astype(np.int16)
    edge = (np.abs(np.diff(green, axis=1))[:-1] > EDGE_LEVELS) | (
        np.abs(np.diff(green, axis=0))[:, :-1] > EDGE_LEVELS
    )
    sums: DoubleArray = edge.astype(np.float64)
    for axis, cells in enumerate(GRID):
        bounds = np.linspace(0, sums.shape[axis], cells, endpoint=False).astype(int)
        sizes = np.diff(np.append(bounds, sums.shape[axis]))
        sums = np.add.reduceat(sums, bounds, axis=axis) / np.expand_dims(sizes, 1 - axis)
    return sums


def face_map(boxes: FloatArray, size_px: tuple[int, int]) -> DoubleArray:
    """Share of the face that is in each cell over the talk; it adds up to 1, or to 0 without one.

    Parameters
    ----------
    boxes
        float32 (N, 4): x, y, width, height in pixels; NaN rows where no face is.
    size_px
        Width and height of the pictures.
    """
    found = boxes[~np.isnan(boxes).any(axis=1)]
    found = found[:: 1 + len(found) // MOST_READINGS].astype(np.float64)
    steps = np.zeros((GRID[0] + 1, GRID[1] + 1))
    low = _cells(found[:, 1], size_px[1], 0), _cells(found[:, 0], size_px[0], 1)
    high = (
        _cells(found[:, 1] + found[:, 3], size_px[1], 0, up=True),
        _cells(found[:, 0] + found[:, 2], size_px[0], 1, up=True),
    )
    for rows, columns, sign in (
        (low[0], low[1], 1),
        (high[0], low[1], -1),
        (low[0], high[1], -1),
        (high[0], high[1], 1),
    ):
        np.add.at(steps, (rows, columns), sign)
    covered: DoubleArray = steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
    covered /= max(float(covered.sum()), 1.0)
    return covered


def _cells(at_px: DoubleArray, side_px: int, axis: int, *, up: bool = False) -> IntArray:
    cells = at_px / side_px * GRID[axis]
    whole: IntArray = (np.ceil(cells) if up else np.floor(cells)).astype(np.int64)
    return whole.clip(0, GRID[axis])


def place(
    panel_px: tuple[int, int],
    room: Area,
    size_px: tuple[int, int],
    faces: DoubleArray,
    detail: DoubleArray | None = None,
    taken: Sequence[Area] = (),
) -> Area:
    """Where a panel covers least.

    Parameters
    ----------
    panel_px
        Its width and height.
    room
        Where it may be.
    size_px
        Width and height of the pictures.
    faces, detail
        Maps of shape `GRID`: `face_map`, and `detail_map` or None where it is not known.
    taken
        What it must not cover if that can be.

    Returns
    -------
    The place. Among like ones it is at the top, at the side away from the face.
    """
    width, height = panel_px
    down, across = PLACES
    lefts = np.linspace(room.left, max(room.left, room.right - width), across).round()
    tops = np.linspace(room.top, max(room.top, room.bottom - height), down).round()
    columns = faces.sum(axis=0)
    weight = columns.sum()
    middle = float(columns @ (np.arange(GRID[1]) + 0.5)) / weight / GRID[1] if weight else 0.5

    def cost(area: Area) -> float:
        cells = _below(area, size_px)
        to_side = min(area.left - room.left, room.right - area.right)
        return (
            HIDDEN_FACE * float(faces[cells].sum())
            + DETAIL * (0.0 if detail is None else float(detail[cells].mean()))
            + BESIDE_FACE * (1 - abs((area.left + area.right) / 2 / size_px[0] - middle))
            + INSET * max(to_side, 0) / size_px[0]
            + LOW * (area.top - room.top) / size_px[1]
            + TAKEN * any(area.meets(other) for other in taken)
        )

    candidates = (
        Area(int(left), int(top), int(left) + width, int(top) + height)
        for top, left in product(tops, lefts)
    )
    return min(candidates, key=cost)


def _below(area: Area, size_px: tuple[int, int]) -> tuple[slice, slice]:
    """Cells that an area touches, at least one."""
    bounds = []
    for axis, (low, high) in enumerate(((area.top, area.bottom), (area.left, area.right))):
        side, cells = size_px[1 - axis], GRID[axis]
        first = min(max(0, int(low / side * cells)), cells - 1)
        bounds.append(slice(first, max(first + 1, int(np.ceil(high / side * cells)))))
    return bounds[0], bounds[1]
