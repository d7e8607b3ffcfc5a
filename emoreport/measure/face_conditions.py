"""What video does to a picture of a face, one thing at a time: the rows of a table of conditions.

Each condition takes one RGB crop and gives another of the same size. They are approximations:
where a face really turns, speaks or sits in the dark, more changes than they show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import numpy as np

from emoreport.faces.turning import turned
from emoreport.records import FloatArray, RgbImage

Condition = Callable[[RgbImage, int], RgbImage]
"""A crop and its number, which seeds what is random, to a crop of the same size."""

MOUTH_CENTRE: Final = (0.50, 0.77)
"""Median place of the mouth in FER pictures, fractions of the side."""
MOUTH_HALF_WIDTH: Final = 0.13
NOSE_BASE: Final = 0.62
"""Above it, a speaking mouth moves nothing."""
DARK_SHARE: Final = 0.2
"""Light that is left in low light: a bit over two stops under."""
DARK_NOISE_LEVELS: Final = 5.0
COARSE_PX: Final = 24
COVER_LEVEL: Final = 127
JPEG_SIDE_PX: Final = 96
"""Smaller crops are enlarged before JPEG: a codec's blocks cover little of a face in a video."""
_SEED: Final = 7


def _blurred(share: float) -> Condition:
    """Gaussian blur, sigma as a share of the side."""

    def change(image: RgbImage, _: int) -> RgbImage:
        import cv2

        return np.asarray(cv2.GaussianBlur(image, (0, 0), share * image.shape[1]), np.uint8)

    return change


def _coarse(image: RgbImage, _: int) -> RgbImage:
    """A face that is `COARSE_PX` wide in its frame, enlarged."""
    return _resized(_resized(image, COARSE_PX, COARSE_PX), *image.shape[1::-1])


def _compressed(quality: int) -> Condition:
    def change(image: RgbImage, _: int) -> RgbImage:
        import cv2

        height, width = image.shape[:2]
        large = _resized(image, max(width, JPEG_SIDE_PX), max(height, JPEG_SIDE_PX))
        _, code = cv2.imencode(".jpg", large[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return _resized(np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[:, :, ::-1]), width, height)

    return change


def _dark(image: RgbImage, index: int) -> RgbImage:
    """Little light and the noise of a sensor in it, the same in all three colours."""
    noise = np.random.default_rng((_SEED, index)).normal(0, DARK_NOISE_LEVELS, image.shape[:2])
    levels = DARK_SHARE * image.astype(np.float64) + noise[:, :, np.newaxis]
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _box(*, scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> Condition:
    """The crop of a box that is `scale` as large and moved by shares of the side."""

    def change(image: RgbImage, _: int) -> RgbImage:
        import cv2

        height, width = image.shape[:2]
        left = width * (0.5 + x - 0.5 * scale) + 0.5 * scale - 0.5
        top = height * (0.5 + y - 0.5 * scale) + 0.5 * scale - 0.5
        matrix = np.array([[scale, 0, left], [0, scale, top]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(
            image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8)

    return change


def _tilted(roll_deg: float) -> Condition:
    """The head tilted to one side and the other by turns, or its eyes wrongly levelled."""

    def change(image: RgbImage, index: int) -> RgbImage:
        import cv2

        height, width = image.shape[:2]
        signed = roll_deg if index % 2 == 0 else -roll_deg
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), signed, 1.0)
        tilted = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(tilted, np.uint8)

    return change


def _covered(left: float, top: float, right: float, bottom: float) -> Condition:
    """A grey rectangle over a part of the face, edges in shares of the side."""

    def change(image: RgbImage, _: int) -> RgbImage:
        height, width = image.shape[:2]
        covered = image.copy()
        rows = slice(round(top * height), round(bottom * height))
        covered[rows, round(left * width) : round(right * width)] = COVER_LEVEL
        return covered

    return change


def _turned(*, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> Condition:
    """The head turned about one of its axes, to one side and the other by turns."""

    def change(image: RgbImage, index: int) -> RgbImage:
        sign = 1 if index % 2 == 0 else -1
        return turned(image, yaw_deg=sign * yaw_deg, pitch_deg=sign * pitch_deg)

    return change


def _speaking(opening: float) -> Condition:
    """The lips parted by `opening` of the side: chin and upper lip give way, the gap is dark."""

    def change(image: RgbImage, _: int) -> RgbImage:
        map_x, map_y, gap = _mouth_maps(image.shape[0], image.shape[1], opening)
        parted = _sampled(image, map_x, map_y).astype(np.float32)
        return np.rint(parted * (1 - 0.75 * gap[:, :, np.newaxis])).astype(np.uint8)

    return change


@cache
def _mouth_maps(
    height: int, width: int, opening: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Source of each pixel, and how far it is inside the open mouth (0–1)."""
    across = (np.arange(width) + 0.5) / width
    down = ((np.arange(height) + 0.5) / height)[:, np.newaxis]
    centre_x, lips = MOUTH_CENTRE
    part = opening * np.sqrt(np.clip(1 - ((across - centre_x) / MOUTH_HALF_WIDTH) ** 2, 0, None))
    upper, lower = lips - part / 3, lips + 2 * part / 3
    above = NOSE_BASE + (down - NOSE_BASE) * (lips - NOSE_BASE) / (upper - NOSE_BASE)
    below = 1 - (1 - down) * (1 - lips) / (1 - lower)
    inside = np.where(down < lips, np.where(down > NOSE_BASE, above, down), below)
    source = np.where((down > upper) & (down < lower), lips, inside)
    edge = np.minimum(down - upper, lower - down) * height
    gap = np.clip(edge + 0.5, 0, 1) * (part > 0)
    map_x = np.repeat(np.arange(width, dtype=np.float32)[np.newaxis], height, axis=0)
    return map_x, (source * height - 0.5).astype(np.float32), gap.astype(np.float32)


def _sampled(image: RgbImage, map_x: FloatArray, map_y: FloatArray) -> RgbImage:
    import cv2

    sampled = cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8)


def _resized(image: RgbImage, width: int, height: int) -> RgbImage:
    import cv2

    way = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


UNCHANGED: Final = "as_it_is"
CONDITIONS: Final[Mapping[str, Condition]] = {
    UNCHANGED: lambda image, _: image,
    "blur_2_percent": _blurred(0.02),
    "blur_4_percent": _blurred(0.04),
    "face_of_24_px": _coarse,
    "jpeg_quality_30": _compressed(30),
    "jpeg_quality_10": _compressed(10),
    "low_light": _dark,
    "box_15_percent_left": _box(x=-0.15),
    "box_15_percent_right": _box(x=0.15),
    "box_15_percent_higher": _box(y=-0.15),
    "box_15_percent_lower": _box(y=0.15),
    "crop_25_percent_tighter": _box(scale=0.75),
    "crop_15_percent_tighter": _box(scale=0.85),
    "crop_15_percent_looser": _box(scale=1.15),
    "crop_30_percent_looser": _box(scale=1.30),
    "roll_20_deg": _tilted(20.0),
    "yaw_20_deg": _turned(yaw_deg=20.0),
    "yaw_30_deg": _turned(yaw_deg=30.0),
    "yaw_45_deg": _turned(yaw_deg=45.0),
    "yaw_60_deg": _turned(yaw_deg=60.0),
    "pitch_20_deg": _turned(pitch_deg=20.0),
    "pitch_35_deg": _turned(pitch_deg=35.0),
    "mouth_half_open": _speaking(0.05),
    "mouth_open": _speaking(0.10),
    "eyes_covered": _covered(0.15, 0.30, 0.85, 0.48),
    "mouth_covered": _covered(0.25, 0.66, 0.75, 0.92),
    "left_half_covered": _covered(0.0, 0.0, 0.5, 1.0),
}
"""What is done to every picture, by the name of the row."""
