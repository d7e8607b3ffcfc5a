"""Draws the portrait with another expression: mesh warp, eyes, inside of the mouth, head motion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from talk_paint import (
    GLINT,
    IRIS,
    LASHES,
    SCLERA,
    SEAM,
    SHIFT_BITS,
    TONGUE,
    FloatMap,
    RgbImage,
    Textures,
    Window,
    blend,
    ramp,
    soft_line,
    soft_polygon,
)
from talk_rig import (
    LEFT_IRIS,
    LOWER_LIDS,
    LOWER_LIP,
    RIGHT_IRIS,
    UPPER_LIDS,
    UPPER_LIP,
    VERTEX_COUNT,
    Expression,
    FloatArray,
    Rig,
)

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
MARGIN_PX: Final = 32
"""The portrait is drawn this much larger on every side, for the head to move in."""
ZOOM: Final = 2.3
LEFT_SOURCE_PX: Final = 86.0
TOP_SOURCE_PX: Final = 4.0
_RING_SCALE: Final = 1.38


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Place of the head in the frame, pixels and radians, and where the eyes look; 0 is the photo.

    `gaze` moves the irises right and down, in percent of the distance between the eyes.
    """

    right_px: float = 0.0
    down_px: float = 0.0
    roll_rad: float = 0.0
    yaw_rad: float = 0.0
    scale: float = 1.0
    gaze: tuple[float, float] = (0.0, 0.0)


def find_landmarks(photo: RgbImage) -> FloatArray:
    """Return the (478, 3) FaceMesh landmarks of a photograph, in pixels.

    Raises
    ------
    RuntimeError
        When no face is found.
    """
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=1) as mesh:
        found = mesh.process(np.ascontiguousarray(photo)).multi_face_landmarks
    if not found:
        raise RuntimeError("FaceMesh found no face in the photograph")
    height, width = photo.shape[:2]
    return np.array([[p.x * width, p.y * height, p.z * width] for p in found[0].landmark])


def mesh_triangles() -> npt.NDArray[np.int64]:
    """Return the (T, 3) vertex indices of FaceMesh's triangles; eyes and mouth are holes."""
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    neighbours: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    triangles = {
        tuple(sorted((a, b, c)))
        for a, b in FACEMESH_TESSELATION
        for c in neighbours[a] & neighbours[b]
    }
    users = Counter(edge for triangle in triangles for edge in combinations(triangle, 2))
    # Three edges around a nostril close a triangle that is no face of the mesh.
    kept = [t for t in triangles if any(users[edge] < 3 for edge in combinations(t, 2))]
    return np.array(sorted(kept))


def outline_order() -> list[int]:
    """Return the vertices of the face's outline in order around the face."""
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_FACE_OVAL

    following = dict(FACEMESH_FACE_OVAL)
    order = [10]
    while (after := following[order[-1]]) != order[0]:
        order.append(after)
    return order


class Portrait:
    """The photograph as a puppet.

    Parameters
    ----------
    photo
        uint8 (512, 512, 3) RGB.
    """

    def __init__(self, photo: RgbImage) -> None:
        corner = np.array([LEFT_SOURCE_PX, TOP_SOURCE_PX]) - MARGIN_PX / ZOOM
        size = (WIDTH_PX + 2 * MARGIN_PX, HEIGHT_PX + 2 * MARGIN_PX)
        landmarks = find_landmarks(photo)
        landmarks[:, :2] = (landmarks[:, :2] - corner) * ZOOM
        landmarks[:, 2] *= ZOOM
        matrix = np.array([[ZOOM, 0, -corner[0] * ZOOM], [0, ZOOM, -corner[1] * ZOOM]])
        texture = cv2.warpAffine(
            photo, matrix, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT
        )
        self.size = size
        self.rig = Rig(landmarks)
        self.irises = landmarks[[RIGHT_IRIS, LEFT_IRIS], :2]
        self._build_mesh(landmarks[:VERTEX_COUNT, :2])
        self.textures = Textures(texture, self.rig)
        self._grid = np.meshgrid(
            np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32)
        )
        self._head_weight = self._head_weights()

    def _build_mesh(self, points: FloatArray) -> None:
        outline = outline_order()
        centre = points[outline].mean(axis=0)
        self._ring = centre + _RING_SCALE * (points[outline] - centre)
        count = len(outline)
        strip = []
        for step in range(count):
            after = (step + 1) % count
            inner, inner_after = outline[step], outline[after]
            outer, outer_after = VERTEX_COUNT + step, VERTEX_COUNT + after
            strip += [(inner, inner_after, outer), (outer, inner_after, outer_after)]
        self._triangles = np.concatenate([np.array(strip), mesh_triangles()])
        source = points.copy()
        # The inner edge of the lips belongs to the lips, not to the teeth beside it.
        source[list(UPPER_LIP[0][1:-1])] -= [0.0, 1.5]
        source[list(LOWER_LIP[0][1:-1])] += [0.0, 1.5]
        self._source = np.concatenate([source, self._ring])

    def _head_weights(self) -> FloatMap:
        x, y = self._grid
        centre = self.rig.rest.mean(axis=0) - [0.0, 10.0 * self.rig.unit_px]
        radius = np.array([190.0, 215.0]) * self.rig.unit_px
        distance = np.hypot((x - centre[0]) / radius[0], (y - centre[1]) / radius[1])
        share = np.clip((1.75 - distance) / 0.75, 0.0, 1.0)
        weights: FloatMap = (share * share * (3 - 2 * share)).astype(np.float32)
        return weights

    def draw(self, expression: Expression, pose: HeadPose) -> RgbImage:
        """Return the (480, 640, 3) uint8 RGB frame of an expression in a pose."""
        vertices = self.rig.vertices(expression, pose.yaw_rad)
        turned = self.rig.vertices(expression) - vertices
        texture = self.textures.of(expression)
        map_x, map_y = self._face_map(np.concatenate([vertices, self._ring]))
        canvas = cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR).astype(np.float32)
        self._draw_eyes(canvas, vertices, turned, pose)
        self._draw_mouth(canvas, vertices, -turned[5], expression)
        canvas = self._move_head(canvas, pose)
        inner = canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
        return np.clip(inner + 0.5, 0, 255).astype(np.uint8)

    def _face_map(self, target: FloatArray) -> tuple[FloatMap, FloatMap]:
        """Backward map of the mesh: barycentric coordinates, triangle by triangle."""
        corners = target[self._triangles]
        homogeneous = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], axis=2)
        # A closed lid has triangles without area: their pseudo-inverse is harmless.
        flat = np.abs(np.linalg.det(homogeneous)) < 1e-3
        homogeneous[flat] += np.eye(3)
        inverse = np.linalg.inv(homogeneous)
        labels = np.zeros((self.size[1], self.size[0]), np.uint16)
        fixed = np.round(corners * (1 << SHIFT_BITS)).astype(np.int32)
        for number in np.nonzero(~flat)[0]:
            label = int(number) + 1
            cv2.fillConvexPoly(labels, fixed[number], label, cv2.LINE_8, SHIFT_BITS)
        map_x, map_y = self._grid[0].copy(), self._grid[1].copy()
        rows, columns = np.nonzero(labels)
        chosen = labels[rows, columns].astype(np.int64) - 1
        terms = inverse[chosen]
        weights = terms[:, 0] * columns[:, None] + terms[:, 1] * rows[:, None] + terms[:, 2]
        nearest = np.clip(weights, 0.0, 1.0)
        nearest /= nearest.sum(axis=1, keepdims=True)
        source = self._source[self._triangles][chosen]
        position = np.einsum("nk,nkd->nd", nearest, source)
        # Pixels on an edge lie a little outside of their triangle; in a thin one that goes far.
        beyond = np.einsum("nk,nkd->nd", weights - nearest, source)
        position += np.clip(beyond, -3.0, 3.0)
        map_x[rows, columns], map_y[rows, columns] = position[:, 0], position[:, 1]
        return map_x, map_y

    def _move_head(self, canvas: FloatMap, pose: HeadPose) -> FloatMap:
        x, y = self._grid
        pivot = self.rig.rest[152] + [0.0, 20.0 * self.rig.unit_px]
        cosine, sine = np.cos(pose.roll_rad) / pose.scale, np.sin(pose.roll_rad) / pose.scale
        away_x, away_y = x - pivot[0] - pose.right_px, y - pivot[1] - pose.down_px
        source_x = pivot[0] + cosine * away_x + sine * away_y
        source_y = pivot[1] - sine * away_x + cosine * away_y
        weight = self._head_weight
        map_x = (x + weight * (source_x - x)).astype(np.float32)
        map_y = (y + weight * (source_y - y)).astype(np.float32)
        moved: FloatMap = cv2.remap(
            canvas, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        return moved

    def _draw_eyes(
        self, canvas: FloatMap, vertices: FloatArray, turned: FloatArray, pose: HeadPose
    ) -> None:
        gaze_px = self.rig.unit_px * np.array(pose.gaze)
        for eye, (upper, lower) in enumerate(zip(UPPER_LIDS, LOWER_LIDS, strict=True)):
            polygon = np.concatenate([vertices[list(upper)], vertices[list(lower[-2:0:-1])]])
            window = Window.around(polygon, 12)
            view = window.of(canvas)
            centre = self.irises[eye] - turned[upper[4]] + gaze_px
            mask = soft_polygon(window.size, polygon - window.corner, 0.7)
            blend(view, self._eyeball(window, centre, polygon[:, 1].min()), mask)
            outer = upper[:-2] if eye == 0 else upper[2:]
            lashes = soft_line(window.size, vertices[list(outer)] - window.corner, 2, 0.6)
            blend(view, LASHES, 0.7 * lashes)

    def _eyeball(self, window: Window, centre: FloatArray, top: float) -> FloatMap:
        unit = self.rig.unit_px
        x, y = (window.of(axis) for axis in self._grid)
        radius = np.hypot(x - centre[0], y - centre[1]) / (8.4 * unit)
        shade = np.clip(0.6 + 0.4 * (y - top) / (9.0 * unit), 0.5, 1.0)
        shade *= 1.0 - 0.12 * np.clip(radius - 1.0, 0.0, 1.5)
        image = (SCLERA * shade[..., None]).astype(np.float32)
        for edge, width, colour in IRIS:
            blend(image, colour, ramp(edge - radius, width))
        glint = centre - [2.0 * unit, 2.8 * unit]
        spot = np.hypot(x - glint[0], y - glint[1]) / unit
        blend(image, GLINT, 0.85 * ramp(1.5 - spot, 0.9))
        return image

    def _draw_mouth(
        self, canvas: FloatMap, vertices: FloatArray, turn: FloatArray, expression: Expression
    ) -> None:
        upper, lower = vertices[list(UPPER_LIP[0])], vertices[list(LOWER_LIP[0])]
        window = Window.around(np.concatenate([upper, lower]), 8)
        view = window.of(canvas)
        unit = self.rig.unit_px
        gap = float((lower - upper)[5, 1]) / unit
        seam = soft_line(window.size, (upper + lower) / 2 - window.corner, 2, 0.8)
        blend(view, SEAM, 0.75 * float(np.clip(1.0 - gap / 3.0, 0.0, 1.0)) * seam)
        polygon = np.concatenate([upper, lower[-2:0:-1]]) - window.corner
        mask = soft_polygon(window.size, polygon, 0.8) * np.float32(np.clip(gap / 1.5, 0, 1))
        # A smile bares the teeth; at rest the lip hangs over them.
        hidden = np.array([0.0, 4.5 * unit * (1.0 - min(expression.smile + expression.sneer, 1.0))])
        place = np.column_stack([np.eye(2), turn - hidden - window.corner])
        inside = cv2.warpAffine(
            self.textures.inner_mouth, place, window.size, borderMode=cv2.BORDER_REPLICATE
        )
        x, y = (window.of(axis) for axis in self._grid)
        away_x = (x - lower[5, 0]) / (17.0 * unit)
        away_y = (y - lower[5, 1] + 2.0 * unit) / (7.0 * unit)
        tongue = ramp(1.0 - np.hypot(away_x, away_y), 0.5)
        blend(inside, TONGUE, tongue * np.float32(np.clip(2.0 * expression.jaw - 0.6, 0.0, 0.8)))
        # The upper lip shades what lies behind it.
        light = np.clip(0.75 + (y - upper[5, 1]) / (9.0 * unit), 0.65, 1.0)
        blend(view, (inside * light[..., None]).astype(np.float32), mask)
