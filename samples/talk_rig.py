"""A face rig: where each mesh vertex of the portrait goes for a wanted expression.

The vertices are the 468 points of MediaPipe FaceMesh on the photograph. The photograph smiles,
so the rig first brings the mouth to rest and then adds the movements of the Facial Action
Coding System (Ekman & Friesen 1978) that an :class:`Expression` asks for. Lips, lids, brows,
chin and cheeks are placed explicitly; all other vertices follow by radial basis functions.
Lengths are in percent of the distance between the eyes, so they do not depend on the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RIGHT_IRIS: Final = 468
LEFT_IRIS: Final = 473
VERTEX_COUNT: Final = 468

# Rows run from the inner edge of the lip to the outer one, columns from the right corner of
# the mouth (the left one in the picture) to the left corner.
UPPER_LIP: Final = (
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
)
LOWER_LIP: Final = (
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
)
# Each eye from the right corner to the left one, as the picture shows it.
UPPER_LIDS: Final = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
# Each brow from its outer end to its inner end: upper edge, lower edge.
BROWS: Final = (
    ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)),
)
BETWEEN_BROWS: Final = (9, 8)
CHIN: Final = ((152, 1.0), (148, 1.0), (377, 1.0), (176, 0.95), (400, 0.95), (149, 0.85))
JAW: Final = (
    *CHIN,
    (378, 0.85),
    (150, 0.7),
    (379, 0.7),
    (136, 0.5),
    (365, 0.5),
    (172, 0.3),
    (397, 0.3),
    (58, 0.12),
    (288, 0.12),
    (175, 1.0),
    (199, 1.0),
)
CHEEKS: Final = ((50, 0.6), (280, 0.6), (205, 1.0), (425, 1.0), (207, 0.8), (427, 0.8))
NOSE_WINGS: Final = (129, 358)
STILL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361),
    *(109, 67, 103, 54, 21, 162, 127, 234, 93, 132),
    *(168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 111, 340, 117, 346),
)


@dataclass(frozen=True, slots=True)
class Expression:
    """Strengths of the movements; all 0 is a face at rest, 1 is strong.

    Attributes
    ----------
    smile
        Lip corners pulled up and out, cheeks raised (action units 6 and 12); 1 is the
        smile of the photograph.
    frown
        Lip corners pulled down (15).
    jaw
        Jaw dropped, lips parted (25 to 27).
    stretch, pucker
        Mouth widened (20), mouth narrowed and rounded (18).
    press
        Lips pressed and thinned (23, 24).
    sneer
        Upper lip raised, nose wrinkled (9, 10).
    brow_inner, brow_outer, brow_knit
        Inner ends up (1), outer ends up (2), both down and together (4).
    lid_raise, lid_tighten, lid_droop
        Eyes widened (5), narrowed from below (7), upper lid lowered (43).
    blink
        1 closes the eyes.
    """

    smile: float = 0.0
    frown: float = 0.0
    jaw: float = 0.0
    stretch: float = 0.0
    pucker: float = 0.0
    press: float = 0.0
    sneer: float = 0.0
    brow_inner: float = 0.0
    brow_outer: float = 0.0
    brow_knit: float = 0.0
    lid_raise: float = 0.0
    lid_tighten: float = 0.0
    lid_droop: float = 0.0
    blink: float = 0.0

    def mixed(self, other: Expression, share: float) -> Expression:
        """Return the expression ``share`` (0-1) of the way to ``other``."""
        return Expression(
            **{
                field.name: (1.0 - share) * getattr(self, field.name)
                + share * getattr(other, field.name)
                for field in fields(Expression)
            }
        )


class Rig:
    """Moves the vertices of one photographed face.

    Parameters
    ----------
    landmarks
        float (478, 3), pixels: FaceMesh with irises; z as MediaPipe gives it, scaled like x.
    """

    def __init__(self, landmarks: FloatArray) -> None:
        self.rest = landmarks[:VERTEX_COUNT, :2].copy()
        self.depth = landmarks[:VERTEX_COUNT, 2].copy()
        eyes = landmarks[LEFT_IRIS, :2] - landmarks[RIGHT_IRIS, :2]
        self.unit_px = float(np.hypot(*eyes)) / 100.0
        across = eyes / np.hypot(*eyes)
        self.axes = np.stack([across, [-across[1], across[0]]])
        self.origin = landmarks[[13, 14], :2].mean(axis=0)
        self._local = (self.rest - self.origin) @ self.axes.T / self.unit_px
        moved = self._anchors(Expression())
        self._anchor_ids = np.array(sorted(moved))
        self._spread = self._spreading_matrix()

    def vertices(self, expression: Expression, yaw_rad: float = 0.0) -> FloatArray:
        """Return the (468, 2) vertex positions in pixels for an expression and a turn."""
        anchors = self._anchors(expression)
        shift = np.stack([anchors[index] - self._local[index] for index in self._anchor_ids])
        local = self._local + self._spread @ shift
        # Lips and lids are placed, not interpolated: rounding must not open a closed mouth.
        local[self._anchor_ids] = self._local[self._anchor_ids] + shift
        points: FloatArray = self.origin + local @ self.axes * self.unit_px
        points[:, 0] -= (self.depth - self._outline_depth()) * np.sin(yaw_rad)
        return points

    def _outline_depth(self) -> float:
        return float(self.depth[[234, 454, 10, 152]].mean())

    def _spreading_matrix(self) -> FloatArray:
        from scipy.interpolate import RBFInterpolator

        anchors = self._local[self._anchor_ids]
        follow = RBFInterpolator(anchors, np.eye(len(anchors)), kernel="linear", degree=0)
        matrix: FloatArray = follow(self._local)
        return matrix

    def _anchors(self, expression: Expression) -> dict[int, FloatArray]:
        placed = {index: self._local[index] for index in STILL}
        for step in (self._place_jaw, self._place_cheeks, self._place_brows, self._place_lids):
            placed.update(step(expression))
        placed.update(self._place_lips(expression))
        return placed

    def _moved(self, index: int, right: float, down: float) -> FloatArray:
        return self._local[index] + np.array([right, down])

    def _place_jaw(self, e: Expression) -> dict[int, FloatArray]:
        drop = 24.0 * e.jaw - 2.0 * e.press
        return {index: self._moved(index, 0.0, weight * drop) for index, weight in JAW}

    def _place_cheeks(self, e: Expression) -> dict[int, FloatArray]:
        placed = {}
        sag = 5.0 * (1.0 - e.smile) - 2.0 * e.sneer
        for index, weight in CHEEKS:
            inward = -np.sign(self._local[index][0]) * 2.5 * (1.0 - e.smile)
            placed[index] = self._moved(index, weight * inward, weight * sag)
        for index in NOSE_WINGS:
            inward = -np.sign(self._local[index][0]) * 1.2 * (1.0 - e.smile)
            placed[index] = self._moved(index, inward, 0.5 * (1.0 - e.smile) - 4.0 * e.sneer)
        return placed

    def _place_brows(self, e: Expression) -> dict[int, FloatArray]:
        placed = {}
        inner_up = 13.0 * e.brow_inner - 14.0 * e.brow_knit
        outer_up = 12.0 * e.brow_outer - 6.5 * e.brow_knit
        together = 7.0 * e.brow_knit + 2.0 * e.brow_inner
        for brow in BROWS:
            for row in brow:
                for share, index in zip(np.linspace(0.0, 1.0, 5), row, strict=True):
                    arch = 4.0 * e.brow_outer * np.sin(np.pi * share)
                    up = share * inner_up + (1.0 - share) * outer_up + arch
                    inward = -np.sign(self._local[index][0]) * share**2 * together
                    placed[index] = self._moved(index, inward, -up)
        for index in BETWEEN_BROWS:
            placed[index] = self._moved(index, 0.0, -0.7 * inner_up)
        return placed

    def _place_lids(self, e: Expression) -> dict[int, FloatArray]:
        placed = {}
        for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            for column, (above, below) in enumerate(zip(upper, lower, strict=True)):
                if above == below:
                    placed[above] = self._local[above]
                    continue
                bulge = np.sin(np.pi * column / (len(upper) - 1))
                lowering = 1.2 - 6.5 * e.lid_raise + 5.5 * e.lid_droop + 2.0 * e.lid_tighten
                sinking = 1.2 + 1.5 * e.lid_raise - 3.5 * e.lid_tighten - 1.2 * e.smile
                open_lid = self._moved(above, 0.0, bulge * lowering)
                floor = self._moved(below, 0.0, bulge * sinking)
                placed[above] = open_lid + e.blink * (floor - open_lid)
                placed[below] = floor
        return placed

    def _place_lips(self, e: Expression) -> dict[int, FloatArray]:
        placed: dict[int, FloatArray] = {}
        for rows, side in ((UPPER_LIP, -1.0), (LOWER_LIP, 1.0)):
            for row, depth in zip(rows, np.linspace(0.0, 1.0, len(rows)), strict=True):
                for index in row:
                    rested = self._rested_lip(index, side, float(depth), e)
                    mixed = rested + e.smile * (self._local[index] - rested)
                    placed[index] = mixed + self._parting(index, side, e)
        return placed

    def _lip_column(self, index: int, corner: int) -> float:
        return float(np.clip(self._local[index][0] / abs(self._local[corner][0]), -1.0, 1.0))

    def _rested_lip(self, index: int, side: float, depth: float, e: Expression) -> FloatArray:
        column = self._lip_column(index, 291 if self._local[index][0] > 0 else 61)
        spread = abs(column)
        half_width = 37.0 * (1.0 + 0.16 * e.stretch - 0.22 * e.pucker - 0.05 * e.press)
        half_width *= 1.0 - 0.22 * e.jaw
        if side < 0:
            bow = 1.0 - 0.16 * np.exp(-((spread / 0.14) ** 2))
            thickness = 8.0 * bow * (1.0 - spread**1.8)
        else:
            thickness = 10.5 * (1.0 - spread**2.2)
        thickness *= (1.0 - 0.45 * e.press) * (1.0 + 0.15 * e.pucker)
        corner_down = 2.5 + 9.0 * e.frown + 1.5 * e.stretch
        line = 1.5 - 1.5 * e.press + corner_down * spread**1.7 - 2.0 * e.frown
        line -= 5.0 * e.sneer * (1.0 - spread) if side < 0 else 0.0
        return np.array([column * half_width, line + side * depth * thickness])

    def _parting(self, index: int, side: float, e: Expression) -> FloatArray:
        column = self._lip_column(index, 308 if self._local[index][0] > 0 else 78)
        arch = float(np.sqrt(max(0.0, 1.0 - column**2)))
        down = 26.0 * e.jaw
        if side < 0:
            return np.array([0.0, -arch * 3.0 * e.jaw + 0.42 * (1.0 - arch) * down])
        return np.array([0.0, (0.42 + 0.58 * arch) * down])
