"""The mesh of a face: 468 points by MediaPipe's face mesh (Kartynnik et al. 2019, 1907.06724)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.quiet import native_noise_filtered, quiet_until
from emoreport.records import Box, FloatArray, IntArray, Picture, RgbImage, RgbPicture

SURROUNDINGS: Final = 2.0
"""Side of what the mesh is looked for in, in sides of the face box."""

SMALLEST_PX: Final = 16
NEEDS_SOLUTIONS: Final = "needs_solutions"


class FaceMesh:
    """Finds the mesh of the face in a known place of a frame.

    Every frame is looked at by itself, so the mesh never stays on a face that is gone.

    Raises
    ------
    ModelError
        When this mediapipe carries no face mesh.

    Attributes
    ----------
    edges
        int64 (E, 2): pairs of points that lines join.
    """

    def __init__(self) -> None:
        try:
            with native_noise_filtered():
                from mediapipe.python.solutions import face_mesh, face_mesh_connections

                self._graph: Any = face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1)
                self._graph.process(np.zeros((64, 64, 3), np.uint8))
        except ImportError as error:
            raise ModelError("faces.no_mesh", error=error, remedy=NEEDS_SOLUTIONS) from error
        except Exception as error:  # mediapipe's errors have no base of their own
            raise ModelError("faces.mesh_fails", error=error, remedy=NEEDS_SOLUTIONS) from error
        self._has_seen = False
        pairs = {tuple(sorted(pair)) for pair in face_mesh_connections.FACEMESH_TESSELATION}
        self.edges: IntArray = np.array(sorted(pairs), dtype=np.int64)

    def find(self, rgb: RgbImage, box: Box) -> FloatArray | None:
        """Points of the face in and about a box, float32 (468, 2) pixels; None if there is none.

        Raises
        ------
        FaceStageError
            When MediaPipe fails or the mesh is closed.
        """
        if self._graph is None:
            raise FaceStageError("faces.mesh_closed")
        part, left, top = face_surroundings(RgbPicture(rgb), box)
        try:
            with quiet_until(self._has_seen):
                meshes = self._graph.process(part).multi_face_landmarks
        except Exception as error:  # mediapipe's errors have no base of their own
            raise FaceStageError("faces.mediapipe", error=error) from error
        if not meshes:
            return None
        self._has_seen = True
        points = np.array([(point.x, point.y) for point in meshes[0].landmark], np.float32)
        return np.asarray(points * len(part) + np.array([left, top], np.float32), dtype=np.float32)

    def close(self) -> None:
        """Release the graph; closing twice is harmless."""
        if self._graph is not None:
            self._graph.close()
        self._graph = None


def face_surroundings(picture: Picture, box: Box) -> tuple[RgbImage, int, int]:
    """Square part of a picture about a face, black where it leaves it; and its left and top edge.

    Nothing else of the picture is converted, and nothing of it is held.
    """
    side = max(SMALLEST_PX, round(SURROUNDINGS * max(box.width, box.height)))
    x, y = box.centre
    left, top = round(x - 0.5 * side), round(y - 0.5 * side)
    part = np.zeros((side, side, 3), np.uint8)
    width, height = picture.size_px
    x0, x1 = max(0, left), min(width, left + side)
    y0, y1 = max(0, top), min(height, top + side)
    if x1 > x0 and y1 > y0:
        part[y0 - top : y1 - top, x0 - left : x1 - left] = picture.part(x0, y0, x1, y1)
    return part, left, top
