"""Pictures of a recording, of which only what is looked at is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from emoreport.records.arrays import DoubleArray, FloatArray, RgbImage


@dataclass(frozen=True, slots=True)
class Grid:
    """A square of points on a picture, evenly spaced.

    Attributes
    ----------
    left, top
        The first point, in pixels; the centre of the picture's first pixel is (0, 0).
    step_px
        Distance of neighbouring points along either axis, pixels of the picture.
    size
        Points along one side.
    """

    left: float
    top: float
    step_px: float
    size: int

    @property
    def to_picture(self) -> DoubleArray:
        """float64 (2, 3): affine map from column and row of a point to the picture."""
        return np.array([[self.step_px, 0.0, self.left], [0.0, self.step_px, self.top]])


@runtime_checkable
class Picture(Protocol):
    """One upright picture with square pixels, converted as far as somebody asks for it."""

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        ...

    @property
    def held_bytes(self) -> int:
        """Memory that it takes while it waits."""
        ...

    @property
    def rgb(self) -> RgbImage:
        """All of it, RGB uint8 (height, width, 3), C-contiguous."""
        ...

    def part(self, left: int, top: int, right: int, bottom: int) -> RgbImage:
        """The pixels of `rgb` from `left` and `top` on and before `right` and `bottom`.

        Limits lie inside the picture, `right` and `bottom` behind the others.
        """
        ...

    def sampled(self, grid: Grid) -> FloatArray:
        """Colours at the points of a grid, linear between pixels, black outside.

        Returns
        -------
        float32 (3, size, size): red, green and blue, 0–255.
        """
        ...

    def grey(self, grid: Grid) -> FloatArray:
        """Brightness at the points of a grid, float32 (size, size), in whatever unit it has."""
        ...


class RgbPicture:
    """A picture that is an array already.

    Parameters
    ----------
    rgb
        RGB uint8 (height, width, 3).
    """

    def __init__(self, rgb: RgbImage) -> None:
        self.rgb = rgb

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.rgb.shape[:2]
        return width, height

    @property
    def held_bytes(self) -> int:
        """Bytes of the array."""
        return int(self.rgb.nbytes)

    def part(self, left: int, top: int, right: int, bottom: int) -> RgbImage:
        """A view of the pixels."""
        return self.rgb[top:bottom, left:right]

    def sampled(self, grid: Grid) -> FloatArray:
        """Colours at the points of a grid; see `Picture`."""
        points = sampled_plane(self.rgb, grid.to_picture, grid.size)
        return np.ascontiguousarray(points.transpose(2, 0, 1), dtype=np.float32)

    def grey(self, grid: Grid) -> FloatArray:
        """Green at the points of a grid, which is most of the brightness."""
        return sampled_plane(self.rgb, grid.to_picture, grid.size)[..., 1].astype(np.float32)


def sampled_plane(
    plane: RgbImage, to_plane: DoubleArray, size: int, *, outside: int = 0, linear: bool = True
) -> RgbImage:
    """Values of an 8-bit picture at points.

    Parameters
    ----------
    plane
        uint8 (height, width) or (height, width, channels).
    to_plane
        float64 (2, 3): affine map from column and row of a point to the picture.
    size
        Points along one side.
    outside
        What is beyond the picture.
    linear
        Whether values between pixels are in proportion, or those of the nearest pixel.
    """
    import cv2

    values = cv2.warpAffine(
        plane,
        to_plane,
        (size, size),
        flags=(cv2.INTER_LINEAR if linear else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )
    return np.asarray(values, dtype=np.uint8)
