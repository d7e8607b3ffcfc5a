"""How a frame is searched for faces: a quick look, and harder ones where it is not sure.

The first look is at the whole frame; faces narrower than about a tenth of it are beyond the
short-range network. What the second look finds is looked at once more, enlarged, by that network,
so that boxes and scores mean the same whatever the size of the face. Where both see nothing, a last
look asks whether a face fills the frame. Why these thresholds:
docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import numpy as np

from emoreport.errors import FaceStageError
from emoreport.faces.close_up import face_filling
from emoreport.faces.geometry import (
    SAME_FACE_IOU,
    RawDetection,
    observation,
    square_tiles,
    surroundings,
    without_duplicates,
)
from emoreport.records import FaceObservation, Picture, RgbImage, RgbPicture

SURE_SCORE: Final = 0.8
"""Short-range score from which on no second look is taken."""

SECOND_LOOK_SCORE: Final = 0.7
"""Score that a face needs after the second look; false alarms end below it."""

MAX_ENLARGED: Final = 6
"""Candidates of a second look, best first, that are looked at enlarged."""

MIN_SURROUNDINGS_PX: Final = 16
Find = Callable[[RgbImage], list[RawDetection]]


class Looks(ABC):
    """What the detectors share: a first look, a second one where it was not sure, a last one."""

    steps = False

    def __init__(self, *, min_score: float, thorough: bool) -> None:
        self._min_score, self._thorough = min_score, thorough

    def detect(self, rgb: RgbImage) -> list[FaceObservation]:
        """Return all faces of an RGB uint8 (H, W, 3) frame, best score first; [] if none.

        Raises
        ------
        FaceStageError
            When `rgb` is no such array or the detector fails.
        """
        return self.look(RgbPicture(checked(rgb)))

    def look(self, picture: Picture) -> list[FaceObservation]:
        """What `detect` says of a picture, which is converted only where it is looked at."""
        sure = math.inf if self._thorough else max(SURE_SCORE, self._min_score)
        first = self.first(picture)
        if any(raw.score >= sure for raw in first):
            detections = without_duplicates(first)
        else:
            detections = looked_again(first, picture.rgb, self.near, self.far)
            detections = detections or face_filling(picture.rgb, self.near)
        return [observation(raw) for raw in detections if raw.score >= self._min_score]

    def first(self, picture: Picture) -> list[RawDetection]:
        """Look at the whole picture with the short-range network."""
        return self.near(picture.rgb)

    @abstractmethod
    def near(self, image: RgbImage) -> list[RawDetection]:
        """Look at the whole image with the short-range network."""

    @abstractmethod
    def far(self, image: RgbImage) -> list[RawDetection]:
        """Propose faces that the first look may have missed."""


def checked(rgb: RgbImage) -> RgbImage:
    """Refuse anything but an RGB uint8 image."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise FaceStageError("faces.frame", dtype=rgb.dtype, shape=rgb.shape)
    return rgb


def in_tiles(image: RgbImage, near: Find) -> list[RawDetection]:
    """Faces that `near` finds in overlapping square tiles of an image."""
    height, width = image.shape[:2]
    return [
        raw.moved(left, top)
        for left, top, side in square_tiles(width, height)
        for raw in near(image[top : top + side, left : left + side])
    ]


def looked_again(
    first: list[RawDetection], image: RgbImage, near: Find, far: Find
) -> list[RawDetection]:
    """Faces of a frame of which the first look was not sure."""
    sure_faces = [raw for raw in first if raw.score >= SURE_SCORE]
    doubtful = [raw for raw in first if raw.score < SURE_SCORE]
    new = [
        raw
        for raw in without_duplicates([*doubtful, *far(image)])
        if all(raw.box.iou(face.box) < SAME_FACE_IOU for face in sure_faces)
    ]
    enlarged = [_enlarged(image, raw, near) for raw in new[:MAX_ENLARGED]]
    seen = [raw for raw in [*enlarged, *new[MAX_ENLARGED:]] if raw.score >= SECOND_LOOK_SCORE]
    return without_duplicates([*sure_faces, *seen])


def _enlarged(image: RgbImage, candidate: RawDetection, near: Find) -> RawDetection:
    """Look at a candidate's surroundings with `near`; the candidate itself if that shows nothing.

    A candidate that fills the frame has no surroundings to be enlarged.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = surroundings(candidate.box, width, height)
    if min(right - left, bottom - top) < MIN_SURROUNDINGS_PX:
        return candidate
    seen = [raw.moved(left, top) for raw in near(image[top:bottom, left:right])]
    same = [raw for raw in seen if raw.box.iou(candidate.box) >= SAME_FACE_IOU]
    return max(same, key=lambda raw: raw.score, default=candidate)
