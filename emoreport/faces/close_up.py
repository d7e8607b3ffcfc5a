"""A face that fills the picture, its head cut at the chin or forehead.

The detectors were trained on faces with something around them: of close portraits they miss a
third. With a border around the picture, and in a small copy of it, they see nearly all, since the
network looks at 128 × 128 pixels anyway. Figures: docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from emoreport.faces.geometry import SAME_FACE_IOU, RawDetection
from emoreport.records import Box, RgbImage

COPY_PX: Final = 128
"""Longer side of the small copy."""

BORDER_PX: Final = COPY_PX // 4
BORDER_GREYS: Final = (128, 0, 255)
"""Grey, black and white: a face is one in front of any of them, what only looks like one owes
something to the border."""

Find = Callable[[RgbImage], list[RawDetection]]

LEAST_SHARE: Final = 0.4
MOST_SHARE: Final = 1.6
"""Side of a face that fills the picture, in shorter sides of the picture."""

CLOSE_UP_SCORE: Final = 0.63
"""Mean score that a face needs over all borders."""


def face_filling(image: RgbImage, near: Find) -> list[RawDetection]:
    """The face that fills a picture, if there is one.

    Parameters
    ----------
    image
        RGB uint8 (H, W, 3).
    near
        The short-range network.

    Returns
    -------
    One detection or none. Its box is that of the network, clipped to the picture; its score the
    mean over the borders.
    """
    copy, scale = _small(image)
    height, width = image.shape[:2]
    best: RawDetection | None = None
    scores: list[float] = []
    for grey in BORDER_GREYS:
        seen = _seen(copy, grey, near, best)
        if seen is None:
            return []
        best = best or seen
        scores.append(seen.score)
        if sum(scores) < CLOSE_UP_SCORE * len(scores):
            return []
    assert best is not None
    box = best.box
    left, right = np.clip(np.array([box.x, box.x + box.width]) / scale, 0, width)
    top, bottom = np.clip(np.array([box.y, box.y + box.height]) / scale, 0, height)
    clipped = Box(float(left), float(top), float(right - left), float(bottom - top))
    return [RawDetection(clipped, sum(scores) / len(scores), best.points / scale)]


def _small(image: RgbImage) -> tuple[RgbImage, float]:
    """Small copy, and pixels of it per pixel of the picture."""
    import cv2

    height, width = image.shape[:2]
    scale = COPY_PX / max(height, width)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), dtype=np.uint8), scale


def _seen(copy: RgbImage, grey: int, near: Find, known: RawDetection | None) -> RawDetection | None:
    """Best face of the right size in a copy with a border; only the known one if there is one."""
    import cv2

    sides = (BORDER_PX,) * 4
    bordered = cv2.copyMakeBorder(
        copy, *sides, borderType=cv2.BORDER_CONSTANT, value=(float(grey),) * 3
    )
    shorter_px = min(copy.shape[:2])
    faces = [
        raw.moved(-BORDER_PX, -BORDER_PX)
        for raw in near(np.asarray(bordered, dtype=np.uint8))
        if LEAST_SHARE * shorter_px <= raw.box.width <= MOST_SHARE * shorter_px
    ]
    if known is not None:
        faces = [raw for raw in faces if raw.box.iou(known.box) >= SAME_FACE_IOU]
    return max(faces, key=lambda raw: raw.score, default=None)
