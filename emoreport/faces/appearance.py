"""What each track looks like: the colours of face, hair and clothes, and the picture round it.

By colours one person is known again inside one recording, where clothes and light stay the same.
They tell nothing about who it is. A face recogniser, where the user has pulled one, knows a face
again in other clothes and light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from emoreport.faces.crops import crop_from
from emoreport.records import (
    Box,
    FaceObservation,
    FaceRecogniser,
    FloatArray,
    Frame,
    Grid,
    Picture,
    TrackAppearance,
)

FIRST_S: Final = 0.2
"""A track is looked at when it begins, so long after that, and each time it is twice as old."""

POINTS: Final = 30
"""Points along one side of the square in which colours are taken."""
SQUARE_SIDES: Final = 3.0
"""Its side, in sides of the face's box: hair above, shoulders below."""
LOWER_SIDES: Final = 0.35
"""How far its middle is below that of the face."""
LIGHT_BINS, HUE_BINS = 4, 8
"""Of the histograms: brightness, and each of two axes of colour."""
HUE_REACH: Final = 0.5
"""Largest colour along an axis that has a bin of its own; grey is 0, pure red 1."""

SET_UP_PX: Final = (16, 12)
"""Width and height of the small picture by which a camera is known again."""


@dataclass(slots=True)
class _Looks:
    """Sum of the descriptors of one track."""

    set_up: FloatArray
    began_s: float
    due_s: float = -math.inf
    total: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))


class AppearanceCollector:
    """Takes a few looks at each track, more rarely the longer it goes on.

    Parameters
    ----------
    recogniser
        What tells faces apart; None for the colours.
    """

    def __init__(self, recogniser: FaceRecogniser | None = None) -> None:
        self._recogniser = recogniser
        self._tracks: dict[int, _Looks] = {}

    def is_due(self, track: int, time_s: float) -> bool:
        """Whether a track is to be looked at; times of one track increase."""
        looks = self._tracks.get(track)
        return looks is None or time_s >= looks.due_s

    def see(self, frame: Frame, face: FaceObservation, track: int) -> None:
        """Look at a face.

        Parameters
        ----------
        frame
            The frame.
        face
            The face in pixels of the frame.
        track
            Number of its track.
        """
        looks = self._tracks.get(track)
        if looks is None:
            looks = self._tracks[track] = _Looks(set_up(frame.picture), frame.time_s)
        looks.due_s = frame.time_s + max(FIRST_S, frame.time_s - looks.began_s)
        seen = self._described(frame.picture, face)
        if seen is None:
            return
        looks.total = looks.total + seen if len(looks.total) else seen

    def build(self) -> TrackAppearance:
        """What all tracks look like so far."""
        tracks = sorted(self._tracks)
        looks = [self._tracks[track] for track in tracks]
        return TrackAppearance(
            recogniser="" if self._recogniser is None else self._recogniser.record.name,
            track=np.array(tracks, np.int64),
            descriptor=_rows([each.total for each in looks]),
            set_up=_rows([each.set_up for each in looks]),
        )

    def _described(self, picture: Picture, face: FaceObservation) -> FloatArray | None:
        """Descriptor of one look; None where the recogniser needs points that are not known."""
        if self._recogniser is None:
            return colours(picture, face.box)
        if face.points is None:
            return None
        descriptor: FloatArray = self._recogniser.embed(
            [crop_from(picture, face, self._recogniser.crop)]
        )[0]
        return descriptor


def colours(picture: Picture, box: Box) -> FloatArray:
    """Colours of hair, face and shoulders in the light of the face, float32 (3 × bins,), length 1.

    Square roots of three histograms, so that the cosine of two is how much they overlap (the
    coefficient of Bhattacharyya).

    Parameters
    ----------
    picture
        The frame.
    box
        The face in its pixels.
    """
    side = math.sqrt(box.area)
    x, y = box.centre
    step = SQUARE_SIDES * side / POINTS
    corner = 0.5 * (SQUARE_SIDES * side - step)
    grid = Grid(x - corner, y + LOWER_SIDES * side - corner, step, POINTS)
    levels = picture.sampled(grid).reshape(3, -1) / 255.0
    width, height = picture.size_px
    across = grid.left + step * np.arange(POINTS)
    down = grid.top + step * np.arange(POINTS)
    inside = ((down >= 0) & (down < height))[:, None] & ((across >= 0) & (across < width))[None, :]
    sides_x, sides_y = np.abs(across - x) / side, (down - y) / side
    head = (sides_x < 0.55)[None, :]
    parts = (
        head & ((sides_y > -1.0) & (sides_y < -0.45))[:, None],
        head & ((sides_y > -0.35) & (sides_y < 0.5))[:, None],
        (sides_x < 1.4)[None, :] & (sides_y > 0.9)[:, None],
    )
    # Another camera shows the same in another light: all is measured by the face.
    face = levels[:, (parts[1] & inside).ravel()]
    levels = levels * (0.5 / max(float(face.mean()) if face.size else 0.5, 0.05))
    return _length_one(
        np.concatenate([_histogram(levels[:, (part & inside).ravel()]) for part in parts])
    )


def set_up(picture: Picture) -> FloatArray:
    """A small picture of a whole frame, float32 (16 × 12 × 3,), mean 0 and length 1."""
    import cv2

    small = cv2.resize(picture.rgb, SET_UP_PX, interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32).ravel()
    return _length_one(values - values.mean())


def _histogram(levels: FloatArray) -> FloatArray:
    """Square roots of the shares of colours, float32 (bins,); `levels` are (3, points), 0–1."""
    red, green, blue = levels
    light = levels.mean(axis=0)
    points = np.stack([light, red - green, 0.5 * (red + green) - blue], axis=1)
    limits = [(0.0, 1.0), (-HUE_REACH, HUE_REACH), (-HUE_REACH, HUE_REACH)]
    lows, highs = np.array(limits).T
    counts, _ = np.histogramdd(
        np.clip(points, lows, highs), bins=(LIGHT_BINS, HUE_BINS, HUE_BINS), range=limits
    )
    for axis in range(3):  # a little more light must not move everything into other bins
        counts = 0.5 * counts + 0.25 * (_moved(counts, 1, axis) + _moved(counts, -1, axis))
    return np.asarray(np.sqrt(counts.ravel() / max(counts.sum(), 1.0)), np.float32)


def _moved(counts: FloatArray, by: int, axis: int) -> FloatArray:
    """Counts moved along an axis; those at the edge stay there."""
    edge = np.moveaxis(counts, axis, 0)
    moved = np.concatenate([edge[:1], edge[:-1]] if by > 0 else [edge[1:], edge[-1:]])
    return np.moveaxis(moved, 0, axis)


def _rows(values: list[FloatArray]) -> FloatArray:
    width = max(map(len, values), default=0)
    nothing = np.zeros(width, np.float32)
    rows = [_length_one(each) if len(each) else nothing for each in values]
    return np.array(rows, np.float32).reshape(len(rows), width)


def _length_one(values: FloatArray) -> FloatArray:
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-12), np.float32)
