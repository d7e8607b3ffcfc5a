"""Find the faces of a talk and hide them: covered, or drawn as a mesh."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.overlay.covering import FaceTracks, draw_mesh, hide
from emoreport.overlay.moments import Moments
from emoreport.overlay.recut import Draw
from emoreport.records import Box, FaceDetector, ProgressCallback, RgbImage
from emoreport.results import Findings
from emoreport.settings import Settings

BLUR: Final = "blur"
MESH: Final = "mesh"

STAGE: Final = "faces"

LEAST_SCORE: Final = 0.3
"""Detection score from which on a face is covered; a false alarm costs nothing here."""

SAME_FACE_IOU: Final = 0.3

CLOSE_LOOK_EVERY_S: Final = 0.5
"""How often a frame is searched part by part too; found faces are covered before and after."""

PART_SHARES: Final = (1.0, 0.6)
"""Sides of the parts, as shares of the frame's shorter side."""


@contextmanager
def hidden(
    mode: str | None,
    video: Path,
    findings: Findings,
    settings: Settings,
    announce: Callable[[str], None] | None = None,
    progress: ProgressCallback | None = None,
) -> Iterator[Draw | None]:
    """Give what is to be done to every picture before anything is drawn on it.

    Parameters
    ----------
    mode
        ``blur``: a coarse mosaic over every face that the detector finds, whoever it is, and over
        the whole picture where none is known near. The recording is searched once beforehand.
        ``mesh``: a plain background with the mesh of the speaker's face. None: nothing is done.
    video
        The recording.
    findings
        Of the recording: they say where the speaker is.
    settings
        Name the detector.
    announce
        Receives one line when a detector had to be chosen.
    progress
        Told how far the search is.

    Raises
    ------
    ModelError
        When there is no detector or no mesh; pictures are never left as they are instead.
    MediaError, FaceStageError
        When the recording cannot be read or MediaPipe fails.
    """
    if mode == BLUR:
        from emoreport.faces.select import open_detector

        # Thorough: small faces in the background count.
        searching = settings.replace(min_face_score=LEAST_SCORE, strict_single_face=True)
        with closing(open_detector(searching, announce or _say_nothing)) as detector:
            tracks = find_faces(video, detector, findings, progress)
        yield lambda rgb, time_s: hide(rgb, tracks.regions_at(time_s))
    elif mode == MESH:
        from emoreport.faces.mesh import FaceMesh

        moments = Moments(findings)
        with closing(FaceMesh()) as mesh:

            def draw(rgb: RgbImage, time_s: float) -> RgbImage:
                box = moments.at(time_s).box
                points = None if box is None else mesh.find(rgb, box)
                return draw_mesh((rgb.shape[1], rgb.shape[0]), points, mesh.edges)

            yield draw
    else:
        yield None


def find_faces(
    video: Path,
    detector: FaceDetector,
    findings: Findings,
    progress: ProgressCallback | None = None,
) -> FaceTracks:
    """Find all faces of a recording, and take those of the readings where it misses one.

    Raises
    ------
    MediaError, FaceStageError
        When the recording cannot be read or the detector fails.
    """
    from emoreport.media import open_video

    tracks = FaceTracks()
    moments = Moments(findings)
    next_s = 0.0
    with open_video(video) as source:
        for frame in source:
            placement = frame.placement
            boxes = [placement.box(face.box) for face in detector.detect(frame.rgb)]
            _add(boxes, [box for box in [moments.at(frame.time_s).box] if box is not None])
            if frame.time_s >= next_s:
                _add(boxes, [placement.box(box) for box in small_faces(frame.rgb, detector)])
                next_s = frame.time_s + CLOSE_LOOK_EVERY_S
            tracks.add(frame.time_s, boxes)
            if progress is not None:
                progress(STAGE, frame.time_s, source.info.duration_s)
    return tracks


def small_faces(rgb: RgbImage, detector: FaceDetector) -> list[Box]:
    """Faces found in overlapping square parts of a frame, RGB uint8 (H, W, 3), in its pixels.

    The networks see a part as large as the whole frame, so faces are found that are too small
    there, or that a larger face draws them away from.
    """
    height, width = rgb.shape[:2]
    faces: list[Box] = []
    for share in PART_SHARES:
        side = max(1, round(share * min(height, width)))
        for top in _starts(height, side):
            for left in _starts(width, side):
                part = np.ascontiguousarray(rgb[top : top + side, left : left + side])
                boxes = [face.box for face in detector.detect(part)]
                _add(faces, [Box(b.x + left, b.y + top, b.width, b.height) for b in boxes])
    return faces


def _starts(length: int, side: int) -> list[int]:
    """Where parts begin that overlap by half and cover a length."""
    count = 1 + math.ceil((length - side) / (0.5 * side))
    return [round(start) for start in np.linspace(0, length - side, count)]


def _add(boxes: list[Box], candidates: list[Box]) -> None:
    """Add the candidates whose face has no box yet."""
    for candidate in candidates:
        if all(box.iou(candidate) < SAME_FACE_IOU for box in boxes):
            boxes.append(candidate)


def _say_nothing(line: str) -> None:
    del line
