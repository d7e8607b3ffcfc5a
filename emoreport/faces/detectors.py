"""Face detectors behind one interface: MediaPipe's legacy solutions and its Tasks.

Both run BlazeFace short range on the whole frame first (2.4 ms) and look harder only where it
finds no face that it is sure of: faces narrower than about a tenth of the frame are beyond it.
What the second look finds is looked at once more, enlarged, by the short-range network, so that
boxes and scores mean the same whatever the size of the face. Where both see nothing, a last look
asks whether a face fills the frame. Why these detectors and these thresholds:
docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

import importlib.util
import math
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.close_up import face_filling
from emoreport.faces.geometry import (
    KEY_POINTS,
    SAME_FACE_IOU,
    RawDetection,
    full_to_short_range,
    observation,
    square_tiles,
    surroundings,
    without_duplicates,
)
from emoreport.faces.quiet import native_noise_filtered
from emoreport.records import Box, DoubleArray, FaceObservation, RgbImage

SURE_SCORE: Final = 0.8
"""Short-range score from which on no second look is taken."""

SECOND_LOOK_SCORE: Final = 0.7
"""Score that a face needs after the second look; false alarms end below it."""

MAX_ENLARGED: Final = 6
"""Candidates of a second look, best first, that are looked at enlarged."""

BUNDLE_MEMBER: Final = "face_detector.tflite"
"""The detector inside a face-landmarker bundle."""

NEEDS_FILE: Final = "needs_detector"
NEEDS_LIBRARIES: Final = "needs_libraries"
NEEDS_MEDIAPIPE: Final = "reinstall"

MIN_SURROUNDINGS_PX: Final = 16
_WARM_UP_SIDE_PX: Final = 64

Find = Callable[[RgbImage], list[RawDetection]]


def has_solutions() -> bool:
    """Whether this mediapipe carries face models of its own (0.10.21 is the last that does).

    Nothing is imported: the installed files give the answer.
    """
    spec = importlib.util.find_spec("mediapipe")
    folders = [] if spec is None else spec.submodule_search_locations or []
    return any((Path(folder) / "python" / "solutions").is_dir() for folder in folders)


class _Looks(ABC):
    """What both detectors share: a first look, a second one where it was not sure, a last one."""

    def __init__(self, *, min_score: float, thorough: bool) -> None:
        self._min_score, self._thorough = min_score, thorough

    def detect(self, rgb: RgbImage) -> list[FaceObservation]:
        """Return all faces of an RGB uint8 (H, W, 3) frame, best score first; [] if none.

        Raises
        ------
        FaceStageError
            When `rgb` is no such array or MediaPipe fails.
        """
        sure = math.inf if self._thorough else max(SURE_SCORE, self._min_score)
        detections = _find_faces(_checked(rgb), self._near, self._far, sure)
        detections = detections or face_filling(rgb, self._near)
        return [observation(raw) for raw in detections if raw.score >= self._min_score]

    @abstractmethod
    def _near(self, image: RgbImage) -> list[RawDetection]:
        """Look at the whole image with the short-range network."""

    @abstractmethod
    def _far(self, image: RgbImage) -> list[RawDetection]:
        """Propose faces that the first look may have missed."""


class SolutionsDetector(_Looks):
    """BlazeFace short and full range from inside mediapipe 0.10.21.

    Parameters
    ----------
    min_score
        Detections below this score are not reported, 0–1.
    thorough
        Run the full-range model on every frame, not only where the short-range one is unsure.

    Raises
    ------
    ModelError
        When this mediapipe carries no such models.
    """

    name = "mediapipe-solutions blazeface short+full range"

    def __init__(self, *, min_score: float = 0.5, thorough: bool = False) -> None:
        super().__init__(min_score=min_score, thorough=thorough)
        with native_noise_filtered():
            create = _solutions_class()
            try:
                self._short = create(min_detection_confidence=min_score, model_selection=0)
                self._full = create(min_detection_confidence=min_score, model_selection=1)
                warm_up = np.zeros((_WARM_UP_SIDE_PX, _WARM_UP_SIDE_PX, 3), np.uint8)
                for graph in (self._short, self._full):
                    graph.process(warm_up)
            except Exception as error:  # mediapipe's errors have no base of their own
                raise ModelError(
                    "faces.detector_fails", error=error, remedy=NEEDS_MEDIAPIPE
                ) from error

    def close(self) -> None:
        """Release both graphs; closing twice is harmless."""
        for graph in (self._short, self._full):
            if graph is not None:
                graph.close()
        self._short = self._full = None

    def _near(self, image: RgbImage) -> list[RawDetection]:
        return self._run(self._short, image)

    def _far(self, image: RgbImage) -> list[RawDetection]:
        return [full_to_short_range(raw) for raw in self._run(self._full, image)]

    @staticmethod
    def _run(graph: Any, image: RgbImage) -> list[RawDetection]:  # noqa: ANN401 - mediapipe has no types
        if graph is None:
            raise FaceStageError("faces.detector_closed")
        contiguous = np.ascontiguousarray(image)
        processed = _guarded(lambda: graph.process(contiguous).detections)
        height, width = image.shape[:2]
        size = np.array([width, height], np.float64)
        detections = []
        for detection in processed or []:
            location = detection.location_data
            box = location.relative_bounding_box
            points = _points(location.relative_keypoints) * size
            scaled = Box(
                box.xmin * width, box.ymin * height, box.width * width, box.height * height
            )
            detections.append(_raw(scaled, float(detection.score[0]), points))
        return detections


class TasksDetector(_Looks):
    """BlazeFace short range through MediaPipe Tasks, from a file.

    A ``.tflite`` file is taken as it is; of a ``.task`` bundle of the face landmarker, the
    detector inside. Where the whole frame shows no sure face, overlapping square tiles are
    searched, which reaches faces almost as small as the full-range model does.

    Parameters
    ----------
    path
        The file.
    min_score, thorough
        As for `SolutionsDetector`.

    Raises
    ------
    ModelError
        When the file is missing or is no face detector, or mediapipe cannot be imported.
    """

    def __init__(self, path: Path, *, min_score: float = 0.5, thorough: bool = False) -> None:
        model = _detector_bytes(path)
        self.name = f"mediapipe-tasks {path.name}"
        super().__init__(min_score=min_score, thorough=thorough)
        with native_noise_filtered():
            try:
                import mediapipe
                from mediapipe.tasks import python as tasks
                from mediapipe.tasks.python import vision
            except ImportError as error:
                raise ModelError(
                    "faces.no_mediapipe", error=error, remedy=NEEDS_MEDIAPIPE
                ) from error
            self._mediapipe = mediapipe
            try:
                options = vision.FaceDetectorOptions(
                    base_options=tasks.BaseOptions(model_asset_buffer=model),
                    min_detection_confidence=min_score,
                )
                self._task = vision.FaceDetector.create_from_options(options)
                self._task.detect(
                    self._image(np.zeros((_WARM_UP_SIDE_PX, _WARM_UP_SIDE_PX, 3), np.uint8))
                )
            except Exception as error:  # mediapipe's errors have no base of their own
                raise ModelError(
                    "faces.not_for_mediapipe", error=error, remedy=NEEDS_FILE, file=path
                ) from error

    def close(self) -> None:
        """Release the task; closing twice is harmless."""
        if self._task is not None:
            with native_noise_filtered():
                self._task.close()
        self._task = None

    def _far(self, image: RgbImage) -> list[RawDetection]:
        height, width = image.shape[:2]
        return [
            raw.moved(left, top)
            for left, top, side in square_tiles(width, height)
            for raw in self._near(image[top : top + side, left : left + side])
        ]

    def _image(self, image: RgbImage) -> Any:  # noqa: ANN401 - mediapipe has no types
        return self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )

    def _near(self, image: RgbImage) -> list[RawDetection]:
        task = self._task
        if task is None:
            raise FaceStageError("faces.detector_closed")
        answer = _guarded(lambda: task.detect(self._image(image)).detections)
        height, width = image.shape[:2]
        size = np.array([width, height], np.float64)
        detections = []
        for detection in answer or []:
            box = detection.bounding_box
            points = _points(detection.keypoints or []) * size
            scaled = Box(
                float(box.origin_x), float(box.origin_y), float(box.width), float(box.height)
            )
            detections.append(_raw(scaled, float(detection.categories[0].score), points))
        return detections


def _solutions_class() -> Callable[..., Any]:
    """Import the legacy solution; ModelError where this mediapipe has none."""
    try:
        from mediapipe.python.solutions import face_detection
    except ModuleNotFoundError as error:
        raise ModelError("faces.no_own_detector", error=error, remedy=NEEDS_FILE) from error
    except ImportError as error:
        raise ModelError(
            "faces.detector_not_loaded", error=error, remedy=NEEDS_LIBRARIES
        ) from error
    create: Callable[..., Any] = face_detection.FaceDetection
    return create


def _detector_bytes(path: Path) -> bytes:
    """Read a ``.tflite`` file, or the detector out of a ``.task`` bundle; ModelError if not."""
    try:
        if path.suffix.lower() != ".task":
            return path.read_bytes()
        with zipfile.ZipFile(path) as bundle:
            return bundle.read(BUNDLE_MEMBER)
    except OSError as error:
        raise ModelError("file.unreadable", error=error, remedy=NEEDS_FILE, file=path) from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(
            "faces.not_a_detector", error=error, remedy=NEEDS_FILE, file=path
        ) from error


def _checked(rgb: RgbImage) -> RgbImage:
    """Refuse anything but an RGB uint8 image."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise FaceStageError("faces.frame", dtype=rgb.dtype, shape=rgb.shape)
    return rgb


def _guarded(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - mediapipe has no types
    """Run `call`; whatever goes wrong inside MediaPipe is an error, never "no face"."""
    try:
        return call()
    except Exception as error:  # mediapipe's errors have no base of their own
        raise FaceStageError("faces.mediapipe_reported", error=error) from error


def _points(relative: Iterable[Any]) -> DoubleArray:
    return np.array([(point.x, point.y) for point in relative], np.float64).reshape(-1, 2)


def _raw(box: Box, score: float, points: DoubleArray) -> RawDetection:
    if points.shape != (KEY_POINTS, 2):
        raise FaceStageError("faces.key_points", count=len(points), expected=KEY_POINTS)
    return RawDetection(box, score, points)


def _find_faces(image: RgbImage, near: Find, far: Find, sure: float) -> list[RawDetection]:
    """Faces of a frame: a first look by `near`; if no score reaches `sure`, one by `far` too."""
    first = near(image)
    if any(raw.score >= sure for raw in first):
        return without_duplicates(first)
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
