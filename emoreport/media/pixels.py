"""Turn decoded pictures into upright RGB images, and into thumbnails that show change."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, TypeVar

import av.error
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from emoreport.errors import MediaError
from emoreport.media.container import MAX_PIXELS, MAX_SIDE_PX, NOT_A_VIDEO, reason
from emoreport.records import DoubleArray, RgbImage

LARGEST_KEPT_BYTES: Final = 31 << 20
"""Just below the 32 MiB up to which the GNU library adapts."""

Thumbnail = NDArray[np.int16]

Pixels = TypeVar("Pixels", RgbImage, Thumbnail)

THUMBNAIL_SIZE_PX: Final = (32, 18)

ROWS_A_CELL: Final = 4
"""Rows of a picture that make a row of its thumbnail; all of them say no more and take longer."""

PLANAR: Final = frozenset({"yuv420p", "yuvj420p"})
"""Luma, and two planes of chroma of half the width and height, 8 bits: nearly all recordings."""

FULL_RANGE: Final = 2
"""`AVCOL_RANGE_JPEG` (libavutil/pixfmt.h): 0–255 instead of 16–235."""
LIMITED_BLACK: Final = 16
LIMITED_LUMA: Final = 219

SQUARE: Final = Fraction(1)

LEAST_ASPECT: Final = Fraction(1, 4)
"""Pixels that are narrower, or wider than the inverse of this, are a damaged header."""

HIGH_RANGES: Final = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of high dynamic range (ITU-T H.273, table 3). Their pictures are shown
without tone mapping here, paler than on a screen that knows them."""

_SIDE_DATA: Final[Any] = SideDataContainer  # its stub leaves out what it is made of

CONVERSION_THREADS: Final = 1
"""The other processors are busy with detection and inference."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes upright: transposed first, then mirrored."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @classmethod
    def of(cls, picture: VideoFrame, usual: Orientation | None = None) -> Orientation:
        """Read the display matrix of a picture; `usual`, or upright, without one."""
        try:
            # `picture.side_data` would be kept by the picture, and keep it: a circle, so that
            # hundreds of decoded pictures wait for Python's collector.
            return cls.of_matrix(bytes(_SIDE_DATA(picture)["DISPLAYMATRIX"]))
        except (KeyError, IndexError, ValueError):
            # No matrix, or side data that this version of PyAV cannot name.
            turns = round(picture.rotation / 90) % 4
            if not turns and usual is not None:
                return usual
            turned = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))[turns]
        return cls._of_cells(*turned)

    @classmethod
    def of_matrix(cls, content: bytes) -> Orientation:
        """What a display matrix says: nine 32-bit numbers.

        It maps stored (p, q) to shown (a·p + c·q, b·p + d·q) (ISO/IEC 14496-12, 8.3.2;
        libavutil/display.h). Angles between quarter turns are taken to the nearest one.
        """
        matrix = np.frombuffer(content, dtype=np.int32)
        return cls._of_cells(*(int(matrix[cell]) for cell in (0, 1, 3, 4)))

    @classmethod
    def _of_cells(cls, a: int, b: int, c: int, d: int) -> Orientation:
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(mirror_x=a < 0, mirror_y=d < 0)
        return cls(transpose=True, mirror_x=c < 0, mirror_y=b < 0)

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn that makes the picture upright: 0, 90, 180 or 270."""
        if self.transpose:
            return 90 if self.mirror_x else 270
        return 180 if self.mirror_y else 0

    def apply(self, picture: Pixels) -> Pixels:
        """Upright copy of an image or thumbnail, or itself where it is upright."""
        if self == Orientation():
            return picture
        import cv2

        turned: Any = picture
        if self.transpose:
            turned = cv2.transpose(turned)
        if self.mirror_x or self.mirror_y:
            axis = -1 if self.mirror_x and self.mirror_y else int(self.mirror_x)
            turned = cv2.flip(turned, axis)
        return np.asarray(turned, dtype=picture.dtype)

    def stored_part(
        self, part: tuple[int, int, int, int], size_px: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """Where a part of the upright picture of a size is stored: left, top, right, bottom."""
        left, top, right, bottom = part
        width, height = size_px
        if self.mirror_x:
            left, right = width - right, width - left
        if self.mirror_y:
            top, bottom = height - bottom, height - top
        return (top, left, bottom, right) if self.transpose else (left, top, right, bottom)

    def stored_points(self, to_upright: DoubleArray, size_px: tuple[int, int]) -> DoubleArray:
        """An affine map (2, 3) to centres of upright pixels, as one to those that are stored."""
        points = to_upright.copy()
        for axis, is_mirrored in enumerate((self.mirror_x, self.mirror_y)):
            if is_mirrored:
                points[axis] = -points[axis]
                points[axis, 2] += size_px[axis] - 1
        return points[::-1] if self.transpose else points


@cache
def keep_freed_buffers() -> None:
    """Let the C library keep the buffers of freed pictures for the next ones.

    The GNU library returns large freed blocks to the system, and fetching them again costs a page
    fault per 4 KiB: 1 ms for each picture of 1280 × 720. It stops doing so for blocks up to the
    largest one freed before (dynamic mmap threshold, malloc/malloc.c), so one is freed here; it
    is never touched and so never takes memory. That is true once per process: a second block
    would come from the heap, be cleared and stay. Elsewhere this does nothing.
    """
    block = bytearray(LARGEST_KEPT_BYTES)
    del block


class RgbConverter:
    """Turns decoded pictures into upright RGB; one conversion context serves all of them.

    The matrix and range are those that the picture names; a picture that names none is taken as
    BT.601, limited range, as every reader built on FFmpeg does.
    """

    def __init__(self) -> None:
        keep_freed_buffers()
        self._colours = VideoReformatter()
        self._shrink = VideoReformatter()
        self._orientation = Orientation()
        # Pictures are decoded in one thread and converted in another.
        self._turn = threading.Lock()

    def orientation(self, picture: VideoFrame) -> Orientation:
        """How a picture becomes upright; pictures come in their order.

        Raises
        ------
        MediaError
            When the picture is larger than 16384 px in one direction or than 100 megapixels.
        """
        check_size(picture.width, picture.height)
        self._orientation = Orientation.of(picture, self._orientation)
        return self._orientation

    def converted(self, picture: VideoFrame, aspect: Fraction = SQUARE) -> RgbImage:
        """RGB uint8 (height, width, 3) as it is stored, with square pixels.

        Parameters
        ----------
        picture
            As it was decoded.
        aspect
            Width ÷ height of one of its pixels.

        Raises
        ------
        MediaError
            When the picture is larger than 16384 px in one direction or than 100 megapixels, or
            cannot be converted.
        """
        options: dict[str, Any] = {}
        if aspect != SQUARE:
            width, height = square_size(picture.width, picture.height, aspect)
            check_size(width, height)
            options = {"width": width, "height": height, "interpolation": "BICUBIC"}
        try:
            with self._turn:
                colours = self._colours.reformat(
                    picture, format="rgb24", threads=CONVERSION_THREADS, **options
                )
        except (av.error.FFmpegError, MemoryError) as error:
            raise MediaError(
                "media.decoding_stopped", error=reason(error), remedy=NOT_A_VIDEO
            ) from error
        return pixels(colours.planes[0], 3)

    def upright(self, thumbnail: Thumbnail) -> Thumbnail:
        """A thumbnail turned as the last picture that was converted."""
        return self._orientation.apply(thumbnail)

    def thumbnail(
        self, picture: VideoFrame, size_px: tuple[int, int] = THUMBNAIL_SIZE_PX
    ) -> Thumbnail:
        """Luma of the whole picture as it is stored, area-averaged, int16 (height, width)."""
        check_size(picture.width, picture.height)
        width, height = size_px
        if is_planar(picture) and picture.width >= width and picture.height >= height:
            return _shrunk(picture, size_px)
        small = self._shrink.reformat(
            picture,
            width=width,
            height=height,
            format="gray",
            interpolation="AREA",
            threads=CONVERSION_THREADS,
        )
        return pixels(small.planes[0]).astype(np.int16)


def is_planar(picture: VideoFrame) -> bool:
    """Whether the planes of a picture can be read as they are: 8 bits, chroma of half the size."""
    return picture.format.name in PLANAR and all(
        plane.line_size >= plane.width for plane in picture.planes
    )


def has_full_range(picture: VideoFrame) -> bool:
    """Whether the values of a picture take up all of 0–255."""
    return bool(picture.color_range == FULL_RANGE) or picture.format.name == "yuvj420p"


def _shrunk(picture: VideoFrame, size_px: tuple[int, int]) -> Thumbnail:
    """Thumbnail of a planar picture: a few rows of luma stand for those between them."""
    import cv2

    step = max(1, picture.height // (ROWS_A_CELL * size_px[1]))
    rows = pixels(picture.planes[0])[step // 2 :: step]
    small = cv2.resize(rows, size_px, interpolation=cv2.INTER_AREA)
    return np.asarray(_full_levels(is_full=has_full_range(picture))[small])


@cache
def _full_levels(*, is_full: bool) -> Thumbnail:
    """What 8-bit luma of either range is in 0–255, int16 (256,)."""
    levels = np.arange(256, dtype=np.float32)
    if not is_full:
        levels = np.clip((levels - LIMITED_BLACK) * (255.0 / LIMITED_LUMA), 0.0, 255.0)
    return np.rint(levels).astype(np.int16)


def mean_level(grey: Thumbnail) -> float:
    """Mean of a thumbnail, levels of 255."""
    import cv2

    return float(cv2.sumElems(grey)[0]) / grey.size


def mean_change(one: Thumbnail, other: Thumbnail) -> float:
    """Mean difference of two thumbnails, levels of 255."""
    import cv2

    return float(cv2.norm(one, other, cv2.NORM_L1)) / one.size


def pixels(plane: VideoPlane, channels: int = 1) -> RgbImage:
    """Pixels of a plane of 8 bits without its row padding, (height, width) or with channels.

    They are the plane's own memory.
    """
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8)[: plane.height * plane.line_size]
    used = rows.reshape(plane.height, plane.line_size)[:, : plane.width * channels]
    if channels == 1:
        return np.asarray(used)
    return np.asarray(used.reshape(plane.height, plane.width, channels))


def square_size(width_px: int, height_px: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height with square pixels; the side that is too short grows, so nothing is lost."""
    if aspect >= 1:
        return round(width_px * aspect), height_px
    return width_px, round(height_px / aspect)


class PixelAspect:
    """Width ÷ height of the stored pixels of a video stream, picture by picture; 1 if unknown.

    What the container says goes before what the pictures say, as in FFmpeg; broadcasts change the
    latter between programmes.

    Parameters
    ----------
    stream
        av's stream, before anything of it is decoded.
    """

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - av's stream
        self._context = stream.codec_context
        own = None if self._context is None else self._context.sample_aspect_ratio
        self._of_container = stream.sample_aspect_ratio or own
        self._fixed = self._of_container != own
        self._named = self._of_container
        self._last = _sound_aspect(self._named)

    def of(self, picture: VideoFrame) -> Fraction:
        """Of a picture that was just decoded."""
        context = self._context
        # The decoder may be ahead of the pictures that it gives out.
        if not self._fixed and (picture.width, picture.height) == (context.width, context.height):
            named = context.sample_aspect_ratio or self._of_container
            if named != self._named:
                self._named, self._last = named, _sound_aspect(named)
        return self._last


def _sound_aspect(ratio: Fraction | None) -> Fraction:
    if not ratio or not LEAST_ASPECT <= ratio <= 1 / LEAST_ASPECT:
        return SQUARE
    return Fraction(ratio)


def check_size(width_px: int, height_px: int) -> None:
    """Refuse pictures that would take more memory than any real recording needs."""
    if max(width_px, height_px) > MAX_SIDE_PX or width_px * height_px > MAX_PIXELS:
        raise MediaError(
            "media.too_large",
            width_px=width_px,
            height_px=height_px,
            side_px=MAX_SIDE_PX,
            megapixels=MAX_PIXELS // 10**6,
        )
