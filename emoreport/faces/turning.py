"""A picture of a face as it would look from the side, above or below: an ellipsoid that turns.

An approximation: hidden cheeks vanish, but nothing new comes into sight.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import DoubleArray, FloatArray

HEAD_HALF_AXES: Final = (0.75, 1.0, 0.75)
"""Width, height and depth of the ellipsoid that a head is taken for, in half sides of the crop."""


def turned(
    image: NDArray[np.uint8], *, yaw_deg: float = 0.0, pitch_deg: float = 0.0
) -> NDArray[np.uint8]:
    """Turn the head of a crop about its vertical axis, or about its horizontal one.

    Parameters
    ----------
    image
        uint8 (H, W) or (H, W, 3).
    yaw_deg
        Positive: the nose moves to the right.
    pitch_deg
        Positive: the nose moves down. One of both angles is 0.

    Returns
    -------
    A picture of the same shape. The crop follows the face, as a detector's box does.
    """
    import cv2

    height, width = image.shape[:2]
    wide, high, deep = HEAD_HALF_AXES
    if pitch_deg:
        down, across = _maps(width, height, pitch_deg, (high, wide, deep))
        map_x, map_y = np.ascontiguousarray(across.T), np.ascontiguousarray(down.T)
    else:
        map_x, map_y = _maps(height, width, yaw_deg, (wide, high, deep))
    sampled = cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8)


@cache
def _maps(
    height: int, width: int, turn_deg: float, half_axes: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Where each pixel of a turned head was: the surface of an ellipsoid, seen from afar.

    What the nose hides is skipped, what was out of sight before is stretched skin.
    """
    angle = np.radians(abs(turn_deg))
    fine = np.linspace(-2.0, 2.0, 1601)
    columns = (np.arange(width) + 0.5) / width * 2 - 1
    middle = _turned_across(fine, 0.0, angle, half_axes)[np.abs(fine) <= half_axes[0]]
    centre = (middle.min() + middle.max()) / 2
    rows = (np.arange(height) + 0.5) / height * 2 - 1
    seen = np.empty((height, width))
    for index, row in enumerate(rows):
        moved = np.maximum.accumulate(_turned_across(fine, row, angle, half_axes))
        seen[index] = np.interp(columns + centre, moved, fine)
    if turn_deg < 0:
        seen = -seen[:, ::-1]
    map_x = (seen + 1) / 2 * width - 0.5
    map_y = np.repeat(np.arange(height, dtype=np.float64)[:, np.newaxis], width, axis=1)
    return map_x.astype(np.float32), map_y.astype(np.float32)


def _turned_across(
    across: DoubleArray, row: float, angle_rad: float, half_axes: tuple[float, float, float]
) -> DoubleArray:
    """Where points of one row of the ellipsoid are seen after the turn, in half sides."""
    half_width, half_height, depth = half_axes
    inside = 1 - (across / half_width) ** 2 - (row / half_height) ** 2
    height = depth * np.sqrt(np.clip(inside, 0, None))
    return np.asarray(across * np.cos(angle_rad) + height * np.sin(angle_rad))
