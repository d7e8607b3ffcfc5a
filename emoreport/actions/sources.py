"""Two sources of face actions: the mesh inside mediapipe 0.10.21, and the face landmarker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.actions.geometry import angles_deg, measures, posed_face
from emoreport.errors import ModelError
from emoreport.faces.detectors import NEEDS_MEDIAPIPE, guarded
from emoreport.faces.quiet import native_noise_filtered, quiet_until
from emoreport.records import DoubleArray, FaceActions, FloatArray, ModelRecord, RgbImage

NEEDS_LANDMARKER: Final = "needs_landmarker"

LEAST_PRESENCE: Final = 0.3
"""A detector has seen the face already: what the mesh's own detector doubts is looked at too."""

BLENDSHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "AU43_like": ("eyeBlinkLeft", "eyeBlinkRight"),
    "eye_narrowing": ("eyeSquintLeft", "eyeSquintRight"),
    "AU1_like": ("browInnerUp",),
    "AU2_like": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4_like": ("browDownLeft", "browDownRight"),
    "AU12_like": ("mouthSmileLeft", "mouthSmileRight"),
    "AU26_like": ("jawOpen",),
}
"""Whose mean a score is. ``cheekSquint``, which would be AU6, is 0 on every face and left out."""

FACE_PX: Final = 128
"""Side of the grey picture that a new graph is tried on."""


class MeshActions:
    """Actions by the geometry of the face mesh that mediapipe 0.10.21 carries.

    Every part is looked at by itself: nothing is carried over from the frame before.

    Parameters
    ----------
    record
        What run.json tells.

    Raises
    ------
    ModelError
        When this mediapipe carries no face mesh.
    """

    def __init__(self, record: ModelRecord) -> None:
        self.record = record
        self._has_seen = False
        with native_noise_filtered():
            try:
                from mediapipe.python.solutions.face_mesh import FaceMesh

                self._graph: Any = FaceMesh(
                    static_image_mode=True,
                    max_num_faces=1,
                    refine_landmarks=True,
                    min_detection_confidence=LEAST_PRESENCE,
                )
                self._graph.process(np.zeros((FACE_PX, FACE_PX, 3), np.uint8))
            except ImportError as error:
                raise ModelError("faces.no_mesh", error=error, remedy=NEEDS_LANDMARKER) from error
            except Exception as error:  # mediapipe's errors have no base of their own
                raise ModelError(
                    "faces.mesh_fails", error=error, remedy=NEEDS_LANDMARKER
                ) from error

    def look(self, part: RgbImage) -> FaceActions | None:
        """See `ActionSource`."""
        points = self.points(part)
        if points is None:
            return None
        face = posed_face(points)
        return FaceActions(face.pose_deg, measures(face.frontal))

    def points(self, part: RgbImage) -> FloatArray | None:
        """Points of the mesh, float32 (478, 3), pixels of the part; None without a face."""
        with quiet_until(self._has_seen):
            meshes = guarded(lambda: self._graph.process(part).multi_face_landmarks)
        self._has_seen = self._has_seen or bool(meshes)
        return _pixels(meshes[0].landmark, len(part)) if meshes else None

    def close(self) -> None:
        """Release the graph."""
        self._graph.close()


class LandmarkerActions:
    """Actions by MediaPipe's face landmarker: its blendshapes and its pose.

    Gaze and openings are taken from its points, as `MeshActions` takes them.

    Parameters
    ----------
    path
        ``face_landmarker.task``.
    record
        What run.json tells.

    Raises
    ------
    ModelError
        When the file is no face landmarker, or mediapipe cannot be imported.
    """

    def __init__(self, path: Path, record: ModelRecord) -> None:
        self.record = record
        self._has_seen = False
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
                options = vision.FaceLandmarkerOptions(
                    base_options=tasks.BaseOptions(model_asset_buffer=path.read_bytes()),
                    output_face_blendshapes=True,
                    output_facial_transformation_matrixes=True,
                    min_face_detection_confidence=LEAST_PRESENCE,
                    min_face_presence_confidence=LEAST_PRESENCE,
                )
                self._task: Any = vision.FaceLandmarker.create_from_options(options)
                self.detect(np.zeros((FACE_PX, FACE_PX, 3), np.uint8))
            except Exception as error:  # mediapipe's errors have no base of their own
                raise ModelError(
                    "faces.not_a_landmarker", error=error, remedy=NEEDS_LANDMARKER, file=path
                ) from error

    def look(self, part: RgbImage) -> FaceActions | None:
        """See `ActionSource`."""
        seen = self.detect(part)
        if not seen.face_landmarks:
            return None
        face = posed_face(_pixels(seen.face_landmarks[0], len(part)))
        values = measures(face.frontal) | scores_of(seen.face_blendshapes[0])
        return FaceActions(angles_deg(rotation_of(seen)), values)

    def detect(self, part: RgbImage) -> Any:  # noqa: ANN401 - mediapipe has no types
        """What MediaPipe says of a part."""
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(part)
        )
        with quiet_until(self._has_seen):
            seen = guarded(lambda: self._task.detect(image))
        self._has_seen = self._has_seen or bool(seen.face_landmarks)
        return seen

    def close(self) -> None:
        """Release the task."""
        with native_noise_filtered():
            self._task.close()


def scores_of(blendshapes: Iterable[Any]) -> dict[str, float]:
    """The scores of `BLENDSHAPES` from what the landmarker names and measures."""
    by_name = {each.category_name: float(each.score) for each in blendshapes}
    return {
        name: sum(by_name[part] for part in parts) / len(parts)
        for name, parts in BLENDSHAPES.items()
    }


def rotation_of(seen: Any) -> DoubleArray:  # noqa: ANN401 - mediapipe has no types
    """Turn of the first face, float64 (3, 3): its matrix without size and place."""
    matrix = np.asarray(seen.facial_transformation_matrixes[0], np.float64)[:3, :3]
    return np.asarray(matrix / np.linalg.norm(matrix, axis=0))


def _pixels(points: Iterable[Any], side_px: int) -> FloatArray:
    shares = np.array([(point.x, point.y, point.z) for point in points], np.float32)
    return np.asarray(shares * side_px, np.float32)
