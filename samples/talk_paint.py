"""Paint for the portrait: colours, soft shapes, and the skin with its folds and furrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from talk_rig import BROWS, LOWER_LIP, UPPER_LIP, Expression, FloatArray, Rig

RgbImage = npt.NDArray[np.uint8]
FloatMap = npt.NDArray[np.float32]

SHIFT_BITS: Final = 4
"""Fractional bits of the coordinates that OpenCV draws at."""

Lines = tuple[tuple[tuple[int, int, float], ...], ...]
"""Lines through points, each point a share of the way from one vertex to another."""


def _rgb(red: int, green: int, blue: int) -> FloatMap:
    return np.array([red, green, blue], np.float32)


SCLERA: Final = _rgb(188, 174, 166)
IRIS: Final = (
    (1.0, 0.18, _rgb(56, 35, 26)),
    (0.78, 0.2, _rgb(88, 56, 38)),
    (0.42, 0.14, _rgb(14, 10, 10)),
)
"""Rings of the iris: radius, softness (of the iris' radius), colour."""
GLINT: Final = _rgb(230, 230, 230)
LASHES: Final = _rgb(52, 34, 28)
BROW: Final = _rgb(112, 80, 56)
LIPS: Final = _rgb(160, 82, 80)
SEAM: Final = _rgb(92, 44, 42)
CAVITY: Final = _rgb(48, 20, 22)
TONGUE: Final = _rgb(142, 72, 72)

RUDDY: Final = np.array([0.75, 1.0, 1.08], np.float32)
"""How much of a furrow's shadow each channel takes: shadows of skin are reddish."""

HAIRS: Final = 90
"""Hairs of each brow."""
HAIR_LENGTH: Final = 7.5
HAIR_SEED: Final = 3
SMILE_FOLDS: Final[Lines] = tuple(
    tuple((vertex, vertex, 0.0) for vertex in fold)
    for fold in ((129, 203, 206, 216, 57), (358, 423, 426, 436, 287))
)
SMILE_CHEEKS: Final[Lines] = (
    ((50, 101, 0.4), (205, 36, 0.3)),
    ((280, 330, 0.4), (425, 266, 0.3)),
    ((57, 212, 0.6), (43, 202, 0.6)),
    ((287, 432, 0.6), (273, 422, 0.6)),
)
"""Where a smile lifts the cheeks into the light, and where it heaps them beside the mouth."""
SMILE_POUCHES: Final[Lines] = (
    ((226, 35, 0.6), (111, 31, 0.4), (117, 228, 0.4), (118, 229, 0.4), (119, 230, 0.4)),
    ((446, 265, 0.6), (340, 261, 0.4), (346, 448, 0.4), (347, 449, 0.4), (348, 450, 0.4)),
)
"""Where a smile gathers the skin below the eyes."""
FURROWS: Final[tuple[tuple[str, Lines, int, float, float], ...]] = (
    # Between the brows, and the shadow that lowered brows cast.
    ("brow_knit", (((55, 8, 0.5), (107, 9, 0.5)), ((285, 8, 0.5), (336, 9, 0.5))), 4, 2.8, 0.42),
    (
        "brow_knit",
        (((55, 221, 0.6), (52, 223, 0.6)), ((285, 441, 0.6), (282, 443, 0.6))),
        *(9, 3.5, 0.5),
    ),
    # Below the corners of the mouth, and beside the nose.
    ("frown", (((43, 43, 0.0), (204, 202, 0.4)), ((273, 273, 0.0), (424, 422, 0.4))), 7, 5.0, 0.22),
    (
        "sneer",
        (((203, 206, 0.0), (206, 216, 0.5)), ((423, 426, 0.0), (426, 436, 0.5))),
        5,
        3.0,
        0.22,
    ),
)
"""Movement that a furrow follows; lines; width and softness in pixels; darkness, 0-1."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the picture: what lies outside of it need not be computed."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, points: FloatArray, margin_px: int) -> Window:
        """Return the window that holds all points and a margin."""
        left, top = np.floor(points.min(axis=0)).astype(int) - margin_px
        right, bottom = np.ceil(points.max(axis=0)).astype(int) + margin_px
        return cls(int(left), int(top), int(right), int(bottom))

    @property
    def corner(self) -> FloatArray:
        """Upper left pixel, (x, y)."""
        return np.array([self.left, self.top], np.float64)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.right - self.left, self.bottom - self.top

    def of(self, image: FloatMap) -> FloatMap:
        """Return the view of an (H, W, ...) image."""
        return image[self.top : self.bottom, self.left : self.right]


class Textures:
    """The photograph's skin in source pixels, with the traces of each expression.

    The smile of the photograph has folds beside the nose; at rest they are retouched. The
    furrows of the other expressions are shading, as a make-up artist would draw them.
    """

    def __init__(self, texture: RgbImage, rig: Rig) -> None:
        self._size = (texture.shape[1], texture.shape[0])
        self._points = rig.rest
        self._unit_px = rig.unit_px
        blurred = cv2.GaussianBlur(texture, (0, 0), 1.6).astype(np.float32)
        sharp = np.clip(1.35 * texture.astype(np.float32) - 0.35 * blurred, 0, 255)
        self.inner_mouth = self._inner_mouth(sharp)
        self._smiling = sharp.copy()
        blend(self._smiling, BROW, self._brows())
        blend(self._smiling, LIPS, 0.4 * self._lips())
        self._resting = self._retouched(self._smiling)
        self._furrows = [
            (name, 1.0 - darkness * self._strokes(lines, width_px, sigma_px)[..., None] * RUDDY)
            for name, lines, width_px, sigma_px, darkness in FURROWS
        ]

    def of(self, expression: Expression) -> FloatMap:
        """Return the float32 (H, W, 3) texture, 0-255, for an expression."""
        smile = np.float32(np.clip(expression.smile, 0.0, 1.0))
        texture: FloatMap = self._resting + smile * (self._smiling - self._resting)
        for name, light in self._furrows:
            strength = np.float32(getattr(expression, name))
            if strength > 0:
                texture *= 1.0 + strength * (light - 1.0)
        return texture

    def _inner_mouth(self, texture: FloatMap) -> FloatMap:
        polygon = self._ring(UPPER_LIP[0], LOWER_LIP[0])
        inside = np.empty_like(texture)
        inside[:] = CAVITY
        blend(inside, texture, soft_polygon(self._size, polygon, 1.2))
        return inside

    def _retouched(self, texture: FloatMap) -> FloatMap:
        """Fill folds and lit cheeks with the skin around them, its grain kept."""
        mouth = soft_polygon(self._size, self._ring(UPPER_LIP[-1], LOWER_LIP[-1]), 3.0)
        traces = np.maximum.reduce(
            [
                self._strokes(SMILE_FOLDS, 22, 5.0),
                0.85 * self._strokes(SMILE_CHEEKS, 34, 7.0),
                0.7 * self._strokes(SMILE_POUCHES, 9, 3.0),
            ]
        )
        known = ((1.0 - traces) * (1.0 - mouth) + 1e-3)[..., None]
        spread = cv2.GaussianBlur(texture * known, (0, 0), 16.0)
        around = spread / cv2.GaussianBlur(known[..., 0], (0, 0), 16.0)[..., None]
        grain = 0.6 * (texture - cv2.GaussianBlur(texture, (0, 0), 1.0))
        retouched = texture.copy()
        blend(retouched, around + grain, traces * (1.0 - mouth))
        return retouched

    def _ring(self, upper: tuple[int, ...], lower: tuple[int, ...]) -> FloatArray:
        ring: FloatArray = self._points[[*upper, *lower[-2:0:-1]]]
        return ring

    def _lips(self) -> FloatMap:
        outer = soft_polygon(self._size, self._ring(UPPER_LIP[-1], LOWER_LIP[-1]), 1.2)
        inner = soft_polygon(self._size, self._ring(UPPER_LIP[0], LOWER_LIP[0]), 0.8)
        return outer * (1.0 - inner)

    def _brows(self) -> FloatMap:
        """Hair by hair: upright and fine at the inner end, lying along the brow at the outer."""
        chance = np.random.default_rng(HAIR_SEED)
        hairs = np.zeros(self._size[::-1], np.float32)
        for brow in BROWS:
            upper, lower = (self._points[list(row)] for row in brow)
            places = np.arange(len(upper))
            for share, height in chance.uniform(0.0, 1.0, (HAIRS, 2)):
                at = share * (len(upper) - 1)
                rows = np.stack([upper, lower])
                root = np.array(
                    [[np.interp(at, places, row[:, axis]) for axis in (0, 1)] for row in rows]
                )
                # Thin towards the outer end, where the rows begin.
                spread = (0.15 + 0.8 * min(share / 0.5, 1.0)) * (height - 0.5)
                start = root[0] + (0.38 + spread) * (root[1] - root[0])
                along = upper[0] - upper[-1]
                along /= np.hypot(*along)
                tip = along * (1.0 - 0.55 * share) + np.array([0.0, -0.75 * share])
                length = HAIR_LENGTH * self._unit_px * float(chance.uniform(0.6, 1.0))
                line = np.stack([start, start + length * tip])
                fade = 0.62 * min((1.0 - share) / 0.15 + 0.25, 1.0)
                hairs = np.maximum(hairs, fade * soft_line(self._size, line, 1, 0.6))
        return hairs

    def _strokes(self, lines: Lines, width_px: int, sigma_px: float) -> FloatMap:
        shade = np.zeros(self._size[::-1], np.float32)
        for line in lines:
            points = np.stack([self._between(*point) for point in line])
            shade = np.maximum(shade, soft_line(self._size, points, width_px, sigma_px))
        return shade

    def _between(self, first: int, second: int, share: float) -> FloatArray:
        between: FloatArray = (1.0 - share) * self._points[first] + share * self._points[second]
        return between


def ramp(value: FloatMap, width: float) -> FloatMap:
    """Return 0 below 0, 1 above ``width``, straight in between."""
    risen: FloatMap = np.clip(value / width, 0.0, 1.0).astype(np.float32)
    return risen


def blend(
    canvas: FloatMap,
    colour: FloatMap,
    share: FloatMap,
) -> None:
    """Mix an image or a colour into ``canvas`` in place by an (H, W) share, 0-1."""
    canvas += share[..., None] * (colour - canvas)


def soft_polygon(size: tuple[int, int], polygon: FloatArray, sigma_px: float) -> FloatMap:
    """Return an (H, W) mask, 0-1, of a polygon with soft edges."""
    mask = np.zeros(size[::-1], np.uint8)
    fixed = np.round(polygon * (1 << SHIFT_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SHIFT_BITS)
    soft: FloatMap = cv2.GaussianBlur(mask, (0, 0), sigma_px) / np.float32(255)
    return soft


def soft_line(size: tuple[int, int], line: FloatArray, width_px: int, sigma_px: float) -> FloatMap:
    """Return an (H, W) mask, 0-1, of an open line with soft edges."""
    mask = np.zeros(size[::-1], np.uint8)
    fixed = np.round(line * (1 << SHIFT_BITS)).astype(np.int32)
    cv2.polylines(mask, [fixed], False, 255, width_px, cv2.LINE_AA, SHIFT_BITS)
    soft: FloatMap = cv2.GaussianBlur(mask, (0, 0), sigma_px) / np.float32(255)
    return soft
