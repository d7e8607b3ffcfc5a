"""Faces of frames that lie between two looks of the detector.

Detection is the dearest part of a frame, and between two looks a sixth of a second apart a face
that is at nearly one place both times has no other way than that between them. There its box and
points are laid evenly in time; everywhere else the frames between are looked at as well, the middle
one first. So is every frame whose picture is not the one that both looks show: a hand before the
face, a flash. No way goes across a cut. Figures: docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.records import Box, FaceObservation, FloatArray, Frame, Grid

LONGEST_STEP_S: Final = 0.165
"""Between two looks: four frames at 25 Hz, five at 30."""
MOST_WAITING: Final = 9
"""Frames that wait for the next look."""

SAME_PLACE_IOU: Final = 0.88
"""Overlap of a face's boxes in two looks from which on its way between them is a line."""
SURE: Final = 0.8
"""Score that a face needs in both looks."""

PATCH: Final = 24
"""Points along one side of the patch by which pictures of a face are compared."""
PATCH_SIDES: Final = 1.3
"""Its side, in sides of the box."""
ALIKE: Final = 0.9
"""Least correlation of a patch with the mean of those of both looks."""

Find = Callable[[Frame], list[FaceObservation]]


@dataclass(frozen=True, slots=True)
class Look:
    """A frame and all faces in it, best score first."""

    frame: Frame
    faces: list[FaceObservation]


def faces_of(frames: Iterable[Frame], find: Find) -> Iterator[Look]:
    """All frames in their order with their faces, of which `find` is asked for as few as can be.

    Parameters
    ----------
    frames
        In order of time.
    find
        Gives all faces of a frame, whatever came before.
    """
    last: Look | None = None
    waiting: list[Frame] = []
    for frame in frames:
        is_cut = frame.change is not None
        if last is None or is_cut or frame.time_s - last.frame.time_s > LONGEST_STEP_S:
            if waiting:
                last = yield from _step(last, waiting, find)
            if last is None or is_cut or frame.time_s - last.frame.time_s > LONGEST_STEP_S:
                last = Look(frame, find(frame))
                yield last
                continue
        waiting.append(frame)
        if len(waiting) >= MOST_WAITING:
            last = yield from _step(last, waiting, find)
    if waiting:
        yield from _step(last, waiting, find)


def _step(last: Look | None, waiting: list[Frame], find: Find) -> Generator[Look, None, Look]:
    """Look at the last frame that waits, give all that wait, and empty the list."""
    assert last is not None
    *between, frame = waiting
    waiting.clear()
    look = Look(frame, find(frame))
    yield from _between(last, between, look, find)
    yield look
    return look


def _between(start: Look, frames: list[Frame], end: Look, find: Find) -> Iterator[Look]:
    """Faces of the frames between two looks."""
    if not frames:
        return
    ways = _ways(start, end)
    if not ways:
        middle = len(frames) // 2
        look = Look(frames[middle], find(frames[middle]))
        yield from _between(start, frames[:middle], look, find)
        yield look
        yield from _between(look, frames[middle + 1 :], end, find)
        return
    patches = [(_patch(start.frame, first), _patch(end.frame, second)) for first, second in ways]
    for frame in frames:
        share = (frame.time_s - start.frame.time_s) / (end.frame.time_s - start.frame.time_s)
        faces = [on_the_way(first, second, share) for first, second in ways]
        if all(
            _alike(_patch(frame, face), (1.0 - share) * first + share * second)
            for face, (first, second) in zip(faces, patches, strict=True)
        ):
            yield Look(frame, sorted(faces, key=lambda face: face.score, reverse=True))
        else:
            yield Look(frame, find(frame))


def _ways(start: Look, end: Look) -> list[tuple[FaceObservation, FaceObservation]]:
    """Each face of one look with the same one of the other; none unless all are at one place."""
    if len(start.faces) != len(end.faces) or (
        start.frame.picture.size_px != end.frame.picture.size_px
    ):
        return []
    left, ways = list(end.faces), []
    for face in start.faces:
        same = max(left, key=lambda other: face.box.iou(other.box))
        if face.box.iou(same.box) < SAME_PLACE_IOU or min(face.score, same.score) < SURE:
            return []
        left.remove(same)
        ways.append((face, same))
    return ways


def on_the_way(start: FaceObservation, end: FaceObservation, share: float) -> FaceObservation:
    """A face at a share of the way from one place to another; unknown where one of them is."""

    def laid(first: float, second: float) -> float:
        return first + share * (second - first)

    def points(
        first: tuple[tuple[float, float], ...] | None,
        second: tuple[tuple[float, float], ...] | None,
    ) -> tuple[tuple[float, float], ...] | None:
        if first is None or second is None:
            return None
        return tuple(
            (laid(a[0], b[0]), laid(a[1], b[1])) for a, b in zip(first, second, strict=True)
        )

    one, other = start.box, end.box
    eyes = points(start.eyes, end.eyes)
    return FaceObservation(
        Box(
            laid(one.x, other.x),
            laid(one.y, other.y),
            laid(one.width, other.width),
            laid(one.height, other.height),
        ),
        laid(start.score, end.score),
        None if eyes is None else (eyes[0], eyes[1]),
        laid(start.yaw_deg, end.yaw_deg),
        laid(start.pitch_deg, end.pitch_deg),
        points(start.points, end.points),
    )


def _patch(frame: Frame, face: FaceObservation) -> FloatArray:
    """Grey values in and about a face, float32 (points,), mean 0 and length 1."""
    box = face.box
    x, y = box.centre
    side = PATCH_SIDES * max(box.width, box.height)
    step = side / PATCH
    corner = 0.5 * (side - step)
    grey = frame.picture.grey(Grid(x - corner, y - corner, step, PATCH)).ravel()
    grey -= grey.mean()
    return grey / max(float(np.linalg.norm(grey)), 1e-6)


def _alike(patch: FloatArray, wanted: FloatArray) -> bool:
    length = float(np.linalg.norm(wanted))
    return float(patch @ wanted) >= ALIKE * length
