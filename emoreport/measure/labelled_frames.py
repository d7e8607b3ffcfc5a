"""Read labelled frames: a CSV of recordings, times and emotions, and the recordings themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.face_pictures import LabelledFaces
from emoreport.corpora.label_names import renamed, standard_names
from emoreport.corpora.table_files import read_table
from emoreport.faces.crops import crop_face
from emoreport.media import open_video
from emoreport.records import CropSpec, DoubleArray, FaceDetector, FaceObservation, RgbImage
from emoreport.vocabulary import EMOTIONS

COLUMNS: Final = ("video", "time_s", "emotion", "x", "y")
TIME_TOLERANCE_S: Final = 0.0005
"""Times in the file have three decimals."""
NO_RECORDING: Final = "recording not found"
NO_FACE_THERE: Final = "no face found"


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One row: what a person saw in the face that is shown at `time_s`.

    `point` lies in that face, in shares of the width and height; None means the largest face.
    """

    video: str
    time_s: float
    emotion: str
    point: tuple[float, float] | None


def read_labelled_frames(
    path: Path, folders: Sequence[Path], detector: FaceDetector, crop: CropSpec
) -> LabelledFaces:
    """Cut the labelled faces out of their recordings, as the analysis cuts them.

    Parameters
    ----------
    path
        CSV with the columns video, time_s and emotion, and x and y where a frame shows several
        faces. Emotions are named as `standard_names` understands them.
    folders
        Where the recordings are; the folder of the file is searched last.
    detector, crop
        What finds the faces, and how the model wants them.

    Raises
    ------
    InputNotFoundError, CorpusError
        When the file is not there or not in this layout.
    MediaError
        When a recording cannot be read.
    """
    rows = _rows(path)
    written = [row.emotion for row in rows]
    labels = standard_names(written)
    left_out = Counter(label for label in labels if label not in EMOTIONS)
    wanted: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        if label in EMOTIONS:
            wanted.setdefault(rows[index].video, []).append(index)
    crops: dict[int, RgbImage] = {}
    for name, indices in wanted.items():
        video = next(
            (folder / name for folder in (*folders, path.parent) if _is(folder / name)), None
        )
        if video is None:
            left_out[NO_RECORDING] += len(indices)
            continue
        for index, image in _shown(video, [(rows[index].time_s, index) for index in indices]):
            face = _face_at(detector.detect(image), rows[index].point, image)
            if face is None:
                left_out[NO_FACE_THERE] += 1
            else:
                crops[index] = crop_face(image, face, crop)
    found = sorted(crops)
    return LabelledFaces(
        images=[crops[index] for index in found],
        labels=[labels[index] for index in found],
        left_out=left_out,
        mapped=renamed(written, labels),
        frames=tuple((rows[index].video, rows[index].time_s) for index in found),
    )


def _is(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # names that no file can have
        return False


def _rows(path: Path) -> list[LabelledFrame]:
    table = read_table(path, COLUMNS)
    if table.lacks("video", "time_s", "emotion"):
        raise CorpusError("evaluate.frame_columns", file=path)
    rows = []
    for (line, _), cells in zip(table.rows, table.cells(*COLUMNS), strict=True):
        video, time_s, emotion, x, y = cells
        if not any((video, time_s, emotion)):
            continue
        try:
            point = (float(x), float(y)) if x or y else None
            rows.append(LabelledFrame(video, float(time_s), emotion, point))
        except ValueError as error:
            raise CorpusError("evaluate.no_number", line=line, error=error, file=path) from error
    return rows


def _shown(video: Path, moments: list[tuple[float, int]]) -> Iterator[tuple[int, RgbImage]]:
    """Yield (number, picture) of each moment: the last frame that begins by then."""
    waiting = sorted(moments, reverse=True)
    shown: RgbImage | None = None
    with open_video(video) as source:
        for frame in source:
            while (
                waiting and shown is not None and waiting[-1][0] + TIME_TOLERANCE_S < frame.time_s
            ):
                yield waiting.pop()[1], shown
            if not waiting:
                return
            shown = frame.rgb
    while waiting and shown is not None:
        yield waiting.pop()[1], shown


def _face_at(
    faces: Sequence[FaceObservation], point: tuple[float, float] | None, image: RgbImage
) -> FaceObservation | None:
    """The face whose centre is nearest to the point and holds it; the largest without a point."""
    if point is None:
        return max(faces, key=lambda face: face.box.area, default=None)
    height, width = image.shape[:2]
    at = np.array((point[0] * width, point[1] * height), np.float64)
    near = min(faces, key=lambda face: _distance(face, at), default=None)
    return near if near is not None and _distance(near, at) <= np.sqrt(near.box.area) else None


def _distance(face: FaceObservation, at: DoubleArray) -> float:
    return float(np.hypot(*(np.array(face.box.centre) - at)))
