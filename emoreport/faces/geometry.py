"""Geometry of detections: six key points, one box convention, duplicates, tiles.

MediaPipe's face detectors (BlazeFace: Bazarevsky et al. 2019, arXiv:1907.05047) give a square box
and six key points in the order right eye, left eye, nose tip, mouth centre, right ear tragion,
left ear tragion, right and left being the person's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.records import Box, DoubleArray, FaceObservation

KEY_POINTS: Final = 6
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR = range(KEY_POINTS)

# Full-range box → short-range box, in units of the full-range side. Fitted on 507 pairs of boxes
# from five recordings (docs/decisions/0002-face-detector.md); the ears carry the head's turn.
FULL_RANGE_SCALE: Final = 0.907
FULL_RANGE_SHIFT_Y: Final = 0.055
FULL_RANGE_EAR_PULL: Final = 0.667

# Degrees of yaw per (nose – middle of the ears) ÷ distance of the ears, fitted against the head
# pose of MediaPipe's face landmarker (same record); error about 5° RMS within ±40°.
YAW_DEG_PER_NOSE_OFFSET: Final = 65.0
MAX_DEG: Final = 90.0

# Degrees of pitch per (nose – middle of the ears) ÷ (mouth – middle of the eyes), both along the
# face, and pitch where that is 0: fitted on 1,756 people of FER2013 against the same landmarker and
# scaled to its spread. Error on 860 others 6.2° RMS, more where a head is tilted far (same record).
PITCH_DEG_PER_NOSE_OFFSET: Final = 46.0
PITCH_DEG_AT_EARS: Final = -8.5
FARTHEST_YAW_FOR_PITCH_DEG: Final = 60.0
"""Beyond it the ear that is out of sight is guessed too badly."""

SAME_FACE_IOU: Final = 0.3

SURROUNDINGS_SIDES: Final = 3.5
"""Side, in box sides, of the part of a frame in which a face is looked at enlarged."""


@dataclass(frozen=True, slots=True)
class RawDetection:
    """One detection as the network gives it, in pixels of the frame.

    Attributes
    ----------
    box
        The network's own box.
    score
        0–1.
    points
        float64 (6, 2): key points (x, y).
    """

    box: Box
    score: float
    points: DoubleArray

    def moved(self, x_px: float, y_px: float) -> RawDetection:
        """Return the same detection in a frame whose origin is (−x, −y) away."""
        box = Box(self.box.x + x_px, self.box.y + y_px, self.box.width, self.box.height)
        return RawDetection(box, self.score, self.points + np.array([x_px, y_px]))


def observation(raw: RawDetection) -> FaceObservation:
    """Turn a detection whose box is in the short-range convention into a record."""
    points = raw.points
    right, left, nose, mouth, *_ = ((x, y) for x, y in points.tolist())
    return FaceObservation(
        box=raw.box,
        score=raw.score,
        eyes=(right, left),
        yaw_deg=yaw_deg(points),
        pitch_deg=pitch_deg(points),
        points=(right, left, nose, mouth),
    )


def yaw_deg(points: DoubleArray) -> float:
    """Turn of the head about the vertical axis, from the six key points.

    Parameters
    ----------
    points
        float64 (6, 2), pixels.

    Returns
    -------
    Degrees in [−90, 90], positive when the person looks towards the right edge of the picture;
    NaN where the ears coincide.
    """
    across = points[LEFT_EAR] - points[RIGHT_EAR]
    width = float(np.hypot(across[0], across[1]))
    if not width > 0:
        return float("nan")
    offset = points[NOSE] - 0.5 * (points[LEFT_EAR] + points[RIGHT_EAR])
    turn = float(offset @ across) / width**2
    return float(np.clip(YAW_DEG_PER_NOSE_OFFSET * turn, -MAX_DEG, MAX_DEG))


def pitch_deg(points: DoubleArray) -> float:
    """Tilt of the head about the axis through the ears, from the six key points.

    The nose sinks below the ears when a head bows. How high a person carries the ears differs, so
    that two people who look straight ahead may differ by several degrees.

    Parameters
    ----------
    points
        float64 (6, 2), pixels.

    Returns
    -------
    Degrees in [−90, 90], positive when the person looks down; NaN where the points give none, and
    beyond a yaw of `FARTHEST_YAW_FOR_PITCH_DEG`.
    """
    if not abs(yaw_deg(points)) <= FARTHEST_YAW_FOR_PITCH_DEG:
        return math.nan
    # Points as complex numbers: much faster than arrays of two.
    right, left, nose, mouth, right_ear, left_ear = (complex(x, y) for x, y in points.tolist())
    ears, eyes = left_ear - right_ear, left - right
    if ears == 0 or eyes == 0:
        return math.nan
    level = (ears / abs(ears) + eyes / abs(eyes)).conjugate()
    face = ((mouth - 0.5 * (left + right)) * level).imag
    sunk = ((nose - 0.5 * (left_ear + right_ear)) * level).imag
    if not face > 0:
        return math.nan
    tilt = PITCH_DEG_PER_NOSE_OFFSET * sunk / face + PITCH_DEG_AT_EARS
    return min(max(tilt, -MAX_DEG), MAX_DEG)


def full_to_short_range(raw: RawDetection) -> RawDetection:
    """Express a box of the full-range detector in the convention of the short-range one.

    The short-range box is centred on the ears and a tenth smaller; the key points of both
    detectors agree and stay as they are.
    """
    box = raw.box
    centre_x, centre_y = box.centre
    side = float(np.sqrt(box.area))
    ears_x = 0.5 * float(raw.points[LEFT_EAR, 0] + raw.points[RIGHT_EAR, 0])
    centre_x += FULL_RANGE_EAR_PULL * (ears_x - centre_x)
    centre_y += FULL_RANGE_SHIFT_Y * side
    width, height = FULL_RANGE_SCALE * box.width, FULL_RANGE_SCALE * box.height
    short = Box(centre_x - 0.5 * width, centre_y - 0.5 * height, width, height)
    return RawDetection(short, raw.score, raw.points)


def without_duplicates(detections: Iterable[RawDetection]) -> list[RawDetection]:
    """Keep the best-scored detection of each face, best first."""
    kept: list[RawDetection] = []
    for raw in sorted(detections, key=lambda detection: detection.score, reverse=True):
        if all(raw.box.iou(better.box) < SAME_FACE_IOU for better in kept):
            kept.append(raw)
    return kept


def square_tiles(width_px: int, height_px: int) -> list[tuple[int, int, int]]:
    """Overlapping squares that cover a frame: (left, top, side) in pixels.

    The side is the frame's shorter side and neighbours overlap by at least half, so that a face
    up to half a side wide is whole in one of them. A nearly square frame gains nothing from
    tiles and gives none.
    """
    side, length = min(width_px, height_px), max(width_px, height_px)
    if side <= 0 or length < 1.2 * side:
        return []
    count = 1 + int(np.ceil((length - side) / (0.5 * side)))
    starts = np.linspace(0, length - side, count).round().astype(int)
    if width_px >= height_px:
        return [(int(start), 0, side) for start in starts]
    return [(0, int(start), side) for start in starts]


def surroundings(box: Box, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Part of a frame about a face: left, top, right, bottom in whole pixels, inside the frame."""
    centre_x, centre_y = box.centre
    reach = 0.5 * SURROUNDINGS_SIDES * float(np.sqrt(box.area))
    left, right = np.clip([centre_x - reach, centre_x + reach], 0, width_px).astype(int)
    top, bottom = np.clip([centre_y - reach, centre_y + reach], 0, height_px).astype(int)
    return int(left), int(top), int(right), int(bottom)
