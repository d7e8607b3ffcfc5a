"""Decoded pictures that are turned into RGB only where, and as far as, they are looked at.

A face detector looks at a few points of a picture and a face model at a small part; to convert all
of it costs more than either. What is given equals the same part of the whole picture in RGB.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np
from av.video.frame import VideoFrame

from emoreport.media.pixels import (
    LIMITED_BLACK,
    LIMITED_LUMA,
    SQUARE,
    Orientation,
    RgbConverter,
    check_size,
    has_full_range,
    is_planar,
    pixels,
    square_size,
)
from emoreport.records import FloatArray, Grid, RgbImage, RgbPicture, sampled_plane

LUMA_WEIGHTS: Final = {
    1: (0.2126, 0.0722),  # BT.709
    2: (0.299, 0.114),  # not named: BT.601, as for the whole picture
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    9: (0.2627, 0.0593),  # BT.2020
}
"""Weights of red and blue in luma by matrix coefficients (ITU-T H.273, table 4)."""

UPRIGHT: Final = Orientation()
NO_COLOUR: Final = 128
LIMITED_CHROMA: Final = 224
ALIGNED_PX: Final = 16
"""Parts begin and end at multiples of this: the converter treats odd sizes in another way."""


def picture_of(
    frame: VideoFrame, converter: RgbConverter, aspect: Fraction = SQUARE
) -> DecodedPicture:
    """Return the picture of a frame that was just decoded, upright and with square pixels.

    Raises
    ------
    MediaError
        When it is larger than 16384 px in one direction or than 100 megapixels.
    """
    orientation = converter.orientation(frame)
    if aspect != SQUARE:
        check_size(*square_size(frame.width, frame.height, aspect))
    return DecodedPicture(frame, converter, orientation, aspect)


class DecodedPicture:
    """One decoded picture, upright and with square pixels; see `emoreport.records.Picture`.

    Parameters
    ----------
    frame
        As it was decoded; it is kept.
    converter
        Turns it into RGB.
    orientation
        How it becomes upright.
    aspect
        Width ÷ height of one of its pixels.
    """

    def __init__(
        self,
        frame: VideoFrame,
        converter: RgbConverter,
        orientation: Orientation,
        aspect: Fraction = SQUARE,
    ) -> None:
        self._frame, self._converter = frame, converter
        self._orientation, self._aspect = orientation, aspect
        self._whole: RgbPicture | None = None
        size = square_size(frame.width, frame.height, aspect)
        self.size_px = size[::-1] if orientation.transpose else size
        self._matrix = int(frame.colorspace)
        self._is_planar = aspect == SQUARE and self._matrix in LUMA_WEIGHTS and is_planar(frame)

    @property
    def held_bytes(self) -> int:
        """Bytes of its planes."""
        return sum(plane.buffer_size for plane in self._frame.planes)

    @property
    def rgb(self) -> RgbImage:
        """All of it, RGB uint8 (height, width, 3); made once."""
        return self._in_rgb().rgb

    def part(self, left: int, top: int, right: int, bottom: int) -> RgbImage:
        """Pixels of `rgb` within limits; a copy, if not all of it was made before."""
        if self._whole is not None or not self._is_planar:
            return self._in_rgb().part(left, top, right, bottom)
        stored = self._orientation.stored_part((left, top, right, bottom), self.size_px)
        width, height = self._frame.width, self._frame.height
        x0, y0 = (limit // ALIGNED_PX * ALIGNED_PX for limit in stored[:2])
        x1, y1 = (
            min(-(-limit // ALIGNED_PX) * ALIGNED_PX, most)
            for limit, most in zip(stored[2:], (width, height), strict=True)
        )
        cut = VideoFrame(x1 - x0, y1 - y0, self._frame.format.name)
        for number, (whole, piece) in enumerate(zip(self._frame.planes, cut.planes, strict=True)):
            share = 2 if number else 1
            pixels(piece)[:] = pixels(whole)[
                y0 // share : -(-y1 // share), x0 // share : -(-x1 // share)
            ]
        cut.colorspace, cut.color_range = self._frame.colorspace, self._frame.color_range
        rgb = self._converter.converted(cut)
        rgb = rgb[stored[1] - y0 : stored[3] - y0, stored[0] - x0 : stored[2] - x0]
        return self._orientation.apply(rgb)

    def sampled(self, grid: Grid) -> FloatArray:
        """Colours at the points of a grid; see `emoreport.records.Picture`."""
        if not self._is_planar:
            return self._in_rgb().sampled(grid)
        is_full = has_full_range(self._frame)
        picked = self._picked(grid)
        if picked is None:
            return _coloured(self._laid(grid, is_full=is_full), self._matrix, is_full=is_full)
        rows, columns, values = picked
        colours = np.zeros((3, grid.size, grid.size), np.float32)
        colours[:, rows, columns] = _coloured(values, self._matrix, is_full=is_full)
        return colours

    def _laid(self, grid: Grid, *, is_full: bool) -> FloatArray:
        """Luma and chroma at any points, float32 (3, size, size)."""
        points = self._orientation.stored_points(grid.to_picture, self.size_px)
        # A pixel of chroma covers two of luma and is not blended with its neighbours, as in `rgb`.
        of_chroma = 0.5 * points - np.array([[0.0, 0.0, 0.25]])
        luma, *chroma = map(pixels, self._frame.planes)
        black = 0 if is_full else LIMITED_BLACK
        values = np.empty((3, grid.size, grid.size), np.float32)
        values[0] = sampled_plane(luma, points, grid.size, outside=black)
        for plane_values, plane in zip(values[1:], chroma, strict=True):
            plane_values[:] = sampled_plane(
                plane, of_chroma, grid.size, outside=NO_COLOUR, linear=False
            )
        return values

    def _picked(self, grid: Grid) -> tuple[slice, slice, FloatArray] | None:
        """Luma and chroma at points that are pixels: rows and columns of the grid, and values.

        None where points lie between pixels, and where the picture is stored in another way.
        """
        numbers = (grid.left, grid.top, grid.step_px)
        if self._orientation != UPRIGHT or any(number % 1 for number in numbers):
            return None
        step = round(grid.step_px)
        inside, places = [], []
        for first, length in zip((grid.left, grid.top), self.size_px, strict=True):
            start = max(0, math.ceil(-first / step))
            stop = min(grid.size, math.ceil((length - first) / step))
            inside.append(slice(start, max(start, stop)))
            places.append(np.arange(start, max(start, stop)) * step + round(first))
        (across, down), (x, y) = inside, places
        values = np.empty((3, len(y), len(x)), np.float32)
        if values.size:
            luma, *chroma = map(pixels, self._frame.planes)
            values[0] = luma[y[0] : y[-1] + 1 : step, x[0] : x[-1] + 1 : step]
            for plane_values, plane in zip(values[1:], chroma, strict=True):
                plane_values[:] = plane[y // 2][:, x // 2]
        return down, across, values

    def grey(self, grid: Grid) -> FloatArray:
        """Luma at the points of a grid; see `emoreport.records.Picture`."""
        if not self._is_planar:
            return self._in_rgb().grey(grid)
        points = self._orientation.stored_points(grid.to_picture, self.size_px)
        luma = pixels(self._frame.planes[0])
        return sampled_plane(luma, points, grid.size).astype(np.float32)

    def _in_rgb(self) -> RgbPicture:
        if self._whole is None:
            stored = self._converter.converted(self._frame, self._aspect)
            self._whole = RgbPicture(np.ascontiguousarray(self._orientation.apply(stored)))
        return self._whole


def _coloured(values: FloatArray, matrix: int, *, is_full: bool) -> FloatArray:
    """Red, green and blue, 0–255, for luma and chroma, float32 (3, rows, columns)."""
    factors, summands = _to_rgb(matrix, is_full=is_full)
    colours = factors @ values.reshape(3, -1)
    colours += summands
    np.clip(colours, 0.0, 255.0, out=colours)
    return colours.reshape(values.shape)


@cache
def _to_rgb(matrix: int, *, is_full: bool) -> tuple[FloatArray, FloatArray]:
    """Factors (3, 3) and summands (3, 1) from luma and chroma, 8 bits, to red, green and blue."""
    red, blue = LUMA_WEIGHTS[matrix]
    green = 1.0 - red - blue
    from_blue, from_red = 2.0 * (1.0 - blue), 2.0 * (1.0 - red)
    luma, chroma = (1.0, 1.0) if is_full else (255.0 / LIMITED_LUMA, 255.0 / LIMITED_CHROMA)
    factors = np.array(
        [
            [luma, 0.0, chroma * from_red],
            [luma, -chroma * from_blue * blue / green, -chroma * from_red * red / green],
            [luma, chroma * from_blue, 0.0],
        ]
    )
    black = np.array([0 if is_full else LIMITED_BLACK, NO_COLOUR, NO_COLOUR])
    return factors.astype(np.float32), -(factors @ black).astype(np.float32)[:, None]
