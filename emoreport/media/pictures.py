"""Decoded pictures that are turned into RGB only where, and as far as, they are looked at.

A face detector looks at a few points of a picture and a face model at a small part; to convert all
of it costs more than either. What is given equals the same part of the whole picture in RGB.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np
from av.video.frame import VideoFrame

from emoreport.media.pixels import (
    SQUARE,
    Orientation,
    RgbConverter,
    check_size,
    pixels,
    square_size,
)
from emoreport.records import FloatArray, Grid, RgbImage, RgbPicture, sampled_plane

PLANAR: Final = frozenset({"yuv420p", "yuvj420p"})
"""Luma in full, two planes of chroma in half the width and height, 8 bits: nearly all recordings.
Pictures of other formats are converted whole."""

FULL_RANGE: Final = 2
"""`AVCOL_RANGE_JPEG` (libavutil/pixfmt.h): 0–255 instead of 16–235."""

LUMA_WEIGHTS: Final = {
    1: (0.2126, 0.0722),  # BT.709
    2: (0.299, 0.114),  # not named: BT.601, as for the whole picture
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    9: (0.2627, 0.0593),  # BT.2020
}
"""Weights of red and blue in luma by matrix coefficients (ITU-T H.273, table 4)."""

NO_COLOUR: Final = 128
LIMITED_BLACK: Final = 16
LIMITED_LUMA: Final = 219
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
        self._is_planar = (
            frame.format.name in PLANAR
            and aspect == SQUARE
            and int(frame.colorspace) in LUMA_WEIGHTS
            and all(plane.line_size >= plane.width for plane in frame.planes)
        )

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
        points = self._orientation.stored_points(grid.to_picture, self.size_px)
        is_full = self._frame.color_range == FULL_RANGE or self._frame.format.name == "yuvj420p"
        black = 0 if is_full else LIMITED_BLACK
        # A pixel of chroma covers two of luma and is not blended with its neighbours, as in `rgb`.
        of_chroma = 0.5 * points - np.array([[0.0, 0.0, 0.25]])
        values = np.empty((3, grid.size * grid.size), np.float32)
        luma, *chroma = map(pixels, self._frame.planes)
        values[0] = sampled_plane(luma, points, grid.size, outside=black).ravel()
        for row, plane in zip(values[1:], chroma, strict=True):
            row[:] = sampled_plane(
                plane, of_chroma, grid.size, outside=NO_COLOUR, linear=False
            ).ravel()
        factors, summands = _to_rgb(int(self._frame.colorspace), is_full=is_full)
        colours = factors @ values
        colours += summands
        np.clip(colours, 0.0, 255.0, out=colours)
        return colours.reshape(3, grid.size, grid.size)

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
