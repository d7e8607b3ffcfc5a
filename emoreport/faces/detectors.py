"""Face detectors behind one interface: a direct one, MediaPipe's legacy solutions and its Tasks.

All search as `emoreport.faces.searching` says, with BlazeFace short range first. Why these
detectors: docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.blazeface import BlazeFace, is_known
from emoreport.faces.geometry import (
    KEY_POINTS,
    RawDetection,
    full_to_short_range,
)
from emoreport.faces.quiet import native_noise_filtered
from emoreport.faces.searching import Looks, in_tiles
from emoreport.records import (
    Box,
    DoubleArray,
    Picture,
    RgbImage,
    RgbPicture,
)

BUNDLE_MEMBER: Final = "face_detector.tflite"
"""The detector inside a face-landmarker bundle."""

NEEDS_FILE: Final = "needs_detector"
NEEDS_LIBRARIES: Final = "needs_libraries"
NEEDS_MEDIAPIPE: Final = "reinstall"

SHORT_RANGE, FULL_RANGE = range(2)
"""MediaPipe's `model_selection`."""

DIRECT: Final = "blazeface short range 1 (onnxruntime) + "
"""First part of a `DirectDetector`'s name: the version is that of what surrounds the network."""

_WARM_UP_SIDE_PX: Final = 64


def own_short_range() -> Path | None:
    """The network inside mediapipe 0.10.21; None where this one has none, or another.

    Nothing is imported: the installed files give the answer.
    """
    for folder in _mediapipe_folders():
        path = folder / "modules" / "face_detection" / "face_detection_short_range.tflite"
        if path.is_file() and is_known(path.read_bytes()):
            return path
    return None


def _mediapipe_folders() -> list[Path]:
    spec = importlib.util.find_spec("mediapipe")
    return [] if spec is None else [Path(part) for part in spec.submodule_search_locations or []]


def has_solutions() -> bool:
    """Whether this mediapipe carries face models of its own (0.10.21 is the last that does).

    Nothing is imported: the installed files give the answer.
    """
    return any((folder / "python" / "solutions").is_dir() for folder in _mediapipe_folders())


class DirectDetector(Looks):
    """BlazeFace short range without MediaPipe, which is asked only where more is needed.

    The second look is that of `SolutionsDetector` with a file from inside mediapipe 0.10.21, that
    of `TasksDetector` with any other.

    Parameters
    ----------
    path
        A ``.tflite`` file of `emoreport.faces.blazeface.KNOWN_FILES`.
    min_score, thorough
        As for `SolutionsDetector`.

    Raises
    ------
    ModelError
        When the file cannot be read or run.
    """

    def __init__(self, path: Path, *, min_score: float = 0.5, thorough: bool = False) -> None:
        super().__init__(min_score=min_score, thorough=thorough)
        # A thorough search is to miss nobody, not for a frame.
        self.steps = not thorough
        self._has_full_range = path == own_short_range()
        self.name = DIRECT + ("full range" if self._has_full_range else "tiles")
        self._network: BlazeFace | None = BlazeFace(_detector_bytes(path), path)
        self._full: _SolutionsGraph | None = None

    def close(self) -> None:
        """Release network and graph; closing twice is harmless."""
        if self._full is not None:
            self._full.close()
        self._network = self._full = None

    def first(self, picture: Picture) -> list[RawDetection]:
        """Look at the points of the picture that the network wants to see."""
        if self._network is None:
            raise FaceStageError("faces.detector_closed")
        return self._network.find(picture)

    def near(self, image: RgbImage) -> list[RawDetection]:
        """Look at the image with the short-range network."""
        return self.first(RgbPicture(image))

    def far(self, image: RgbImage) -> list[RawDetection]:
        """Look at the image with the full-range network, or at tiles of it."""
        if not self._has_full_range:
            return in_tiles(image, self.near)
        if self._full is None:
            # Many recordings need it never, and MediaPipe takes long to load.
            self._full = _SolutionsGraph(FULL_RANGE, self._min_score)
        return [full_to_short_range(raw) for raw in self._full.find(image)]


class SolutionsDetector(Looks):
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
        self._short, self._full = (
            _SolutionsGraph(which, min_score) for which in (SHORT_RANGE, FULL_RANGE)
        )

    def close(self) -> None:
        """Release both graphs; closing twice is harmless."""
        self._short.close()
        self._full.close()

    def near(self, image: RgbImage) -> list[RawDetection]:
        """Look at the image with the short-range network."""
        return self._short.find(image)

    def far(self, image: RgbImage) -> list[RawDetection]:
        """Look at the image with the full-range network."""
        return [full_to_short_range(raw) for raw in self._full.find(image)]


class _SolutionsGraph:
    """One network of mediapipe's legacy solutions; ModelError where this mediapipe has none."""

    def __init__(self, which: int, min_score: float) -> None:
        with native_noise_filtered():
            create = _solutions_class()
            try:
                self._graph = create(min_detection_confidence=min_score, model_selection=which)
                self._graph.process(np.zeros((_WARM_UP_SIDE_PX, _WARM_UP_SIDE_PX, 3), np.uint8))
            except Exception as error:  # mediapipe's errors have no base of their own
                raise ModelError(
                    "faces.detector_fails", error=error, remedy=NEEDS_MEDIAPIPE
                ) from error

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
        self._graph = None

    def find(self, image: RgbImage) -> list[RawDetection]:
        """Faces in an RGB uint8 image."""
        graph = self._graph
        if graph is None:
            raise FaceStageError("faces.detector_closed")
        contiguous = np.ascontiguousarray(image)
        processed = guarded(lambda: graph.process(contiguous).detections)
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


class TasksDetector(Looks):
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

    def far(self, image: RgbImage) -> list[RawDetection]:
        """Look at tiles of the image."""
        return in_tiles(image, self.near)

    def _image(self, image: RgbImage) -> Any:  # noqa: ANN401 - mediapipe has no types
        return self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )

    def near(self, image: RgbImage) -> list[RawDetection]:
        """Look at the image with the short-range network."""
        task = self._task
        if task is None:
            raise FaceStageError("faces.detector_closed")
        answer = guarded(lambda: task.detect(self._image(image)).detections)
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


def guarded(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - mediapipe has no types
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
