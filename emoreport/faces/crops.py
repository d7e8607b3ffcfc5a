"""Cut a face out of a frame the way a face-emotion model wants it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from emoreport.errors import FaceStageError
from emoreport.records import Box, CropSpec, DoubleArray, FaceObservation, Picture, RgbImage

TEMPLATE_PX: Final = 112
TEMPLATE: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where the centres of right eye, left eye, nose tip, right and left corner of the mouth are in a
picture of `TEMPLATE_PX`: the alignment of ArcFace (Deng et al. 2019, arXiv:1801.07698), which most
recognisers of faces and the aligned pictures of Aff-Wild2 go by."""

HALVE_ABOVE: Final = 4.0
"""Frame pixels per crop pixel from which on the picture is halved before it is sampled."""


def crop_face(rgb: RgbImage, face: FaceObservation, spec: CropSpec) -> RgbImage:
    """Cut one face out of a frame.

    A square of side ``scale × sqrt(width × height)`` of the face's box, its centre moved by
    (`shift_x`, `shift_y`) × box side; with `align_roll` it is turned about the box centre, shift
    included, so that the eyes are level. Pixels are averaged over the area that they cover, so
    that a large face gives no aliasing; outside the frame its border is continued. With
    `tight_box` the plain box is cut at whole pixels and stretched to the square instead: averaged
    by area along an axis that shrinks, interpolated linearly along one that grows. With
    `align_points` the picture is turned, scaled and moved, but not distorted, so that the points of
    the face come as near as they can to `TEMPLATE`, scaled to the size.

    Parameters
    ----------
    rgb
        RGB uint8 (H, W, 3).
    face
        The face; `eyes` are needed only for `align_roll` (without them the crop stays upright).
    spec
        What the model wants.

    Returns
    -------
    RGB uint8 (size_px, size_px, 3).

    Raises
    ------
    ValueError
        When the box is empty or, with `tight_box`, is outside the frame.
    FaceStageError
        With `align_points`, when the points are unknown or all one.
    """
    if not face.box.area > 0:
        raise ValueError(f"the face box is empty: {face.box}")
    if spec.tight_box and not spec.align_points:
        return _tight(rgb, face.box, spec.size_px)
    to_frame, step_px = _map_and_step(face, spec)
    return _sampled(rgb, to_frame, spec.size_px, step_px)


def crop_from(picture: Picture, face: FaceObservation, spec: CropSpec) -> RgbImage:
    """Cut one face out of a picture of which only the surroundings of the face are converted.

    The crop is that of `crop_face` in the whole picture, and so are the errors.
    """
    part = _reach(face, spec, picture.size_px)
    if part is None:
        return crop_face(picture.rgb, face, spec)
    left, top = part[:2]
    return crop_face(picture.part(*part), _moved(face, -left, -top), spec)


def _reach(
    face: FaceObservation, spec: CropSpec, size_px: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The part of a picture that a crop needs: left, top, right, bottom; None if there is none."""
    box, unit = face.box, 1
    if not box.area > 0:
        return None
    if spec.tight_box and not spec.align_points:
        low, high = [box.x, box.y], [box.x + box.width, box.y + box.height]
    else:
        to_frame, step_px = _map_and_step(face, spec)
        # Halved pictures are made of whole squares, and one more on each side.
        unit = 2 ** _halvings(step_px)
        limits = _limits(to_frame, spec.size_px)
        low, high = (
            [lowest - 2 * unit for lowest, _ in limits],
            [highest + 2 * unit for _, highest in limits],
        )
    left, top = (max(math.floor(limit / unit) * unit, 0) for limit in low)
    right, bottom = (
        min(math.ceil(limit / unit) * unit, most) for limit, most in zip(high, size_px, strict=True)
    )
    return (left, top, right, bottom) if left < right and top < bottom else None


def _limits(to_frame: DoubleArray, size_px: int) -> list[tuple[float, float]]:
    """Lowest and highest x, and y, of a crop in the frame."""
    return [
        (
            start + size_px * (min(along, 0.0) + min(down, 0.0)),
            start + size_px * (max(along, 0.0) + max(down, 0.0)),
        )
        for along, down, start in to_frame.tolist()
    ]


def _moved(face: FaceObservation, x_px: int, y_px: int) -> FaceObservation:
    box = face.box
    right, left = face.eyes or ((0.0, 0.0), (0.0, 0.0))
    return FaceObservation(
        Box(box.x + x_px, box.y + y_px, box.width, box.height),
        face.score,
        face.eyes and ((right[0] + x_px, right[1] + y_px), (left[0] + x_px, left[1] + y_px)),
        face.yaw_deg,
        face.pitch_deg,
        face.points and tuple((x + x_px, y + y_px) for x, y in face.points),
    )


def roll_rad(face: FaceObservation) -> float:
    """Angle of the line from the person's right to the left eye against the horizontal.

    Radians, positive when the face leans clockwise in the picture; 0 where the eyes are unknown.
    """
    if face.eyes is None:
        return 0.0
    (right_x, right_y), (left_x, left_y) = face.eyes
    return math.atan2(left_y - right_y, left_x - right_x)


def template_to_frame(face: FaceObservation, size_px: int) -> DoubleArray:
    """Affine map (2, 3) from an aligned crop to the frame, corners of pixels counted as 0.

    Of all turns, scales and moves it is the one that brings the points of the face nearest to the
    template, in least squares (Umeyama 1991, without reflection). In the plane that is a line
    fitted to complex numbers: template = factor × point + offset.

    Raises
    ------
    FaceStageError
        When the points are unknown or all one.
    """
    points = np.array(face.points or (), np.float64).reshape(-1, 2)
    wanted = np.array(TEMPLATE, np.float64)
    if len(points) == len(TEMPLATE) - 1:
        wanted = np.vstack([wanted[:3], wanted[3:].mean(axis=0)])
    if len(points) != len(wanted):
        raise FaceStageError("faces.no_points")
    seen, target = (table @ np.array([1.0, 1.0j]) for table in (points, wanted))
    # The template counts from the centre of the first pixel, frames from its corner.
    target = target * (size_px / TEMPLATE_PX) + (0.5 + 0.5j)
    from_mean = seen - seen.mean()
    factor = np.vdot(from_mean, target - target.mean())
    if not abs(factor) > 0:
        raise FaceStageError("faces.no_points")
    step = np.vdot(from_mean, from_mean) / factor
    corner = seen.mean() - step * target.mean()
    return np.array([[step.real, -step.imag, corner.real], [step.imag, step.real, corner.imag]])


def _map_and_step(face: FaceObservation, spec: CropSpec) -> tuple[DoubleArray, float]:
    """Affine map from the crop to the frame, and the width of a crop pixel in frame pixels."""
    if spec.align_points:
        to_frame = template_to_frame(face, spec.size_px)
        return to_frame, float(np.hypot(*to_frame[:, 0]))
    step_px = spec.scale * math.sqrt(face.box.area) / spec.size_px
    return _crop_to_frame(face, spec, step_px), step_px


def _halvings(step_px: float) -> int:
    """How often a picture is halved before a crop is sampled."""
    return max(int(math.log2(step_px / HALVE_ABOVE)) + 1, 0) if step_px >= HALVE_ABOVE else 0


def _crop_to_frame(face: FaceObservation, spec: CropSpec, step_px: float) -> DoubleArray:
    """Affine map (2, 3) from crop coordinates to frame coordinates, corners counted as 0.

    `step_px` is the width of one crop pixel in frame pixels.
    """
    angle = roll_rad(face) if spec.align_roll else 0.0
    cosine, sine = math.cos(angle), math.sin(angle)
    box_side, half_px = math.sqrt(face.box.area), 0.5 * spec.size_px * step_px
    rows = []
    for along, down, centre in zip((cosine, sine), (-sine, cosine), face.box.centre, strict=True):
        moved = centre + box_side * (spec.shift_x * along + spec.shift_y * down)
        rows.append([step_px * along, step_px * down, moved - half_px * (along + down)])
    return np.array(rows)


def _sampled(rgb: RgbImage, to_frame: DoubleArray, size_px: int, step_px: float) -> RgbImage:
    """Sample the frame through `to_frame`, averaging over the area of each crop pixel."""
    import cv2

    halvings = _halvings(step_px)
    matrix = to_frame
    if halvings:
        rgb, matrix = _halved(rgb, matrix, size_px, halvings)
    samples = max(math.ceil(step_px / 2**halvings), 1)
    matrix = matrix / [samples, samples, 1.0]
    # Corners count as 0 here, centres of pixels in OpenCV.
    matrix[:, 2] += 0.5 * (matrix[:, 0] + matrix[:, 1]) - 0.5
    fine = cv2.warpAffine(
        rgb,
        matrix,
        (size_px * samples, size_px * samples),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if samples > 1:
        fine = cv2.resize(fine, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(fine)


def _halved(
    rgb: RgbImage, to_frame: DoubleArray, size_px: int, halvings: int
) -> tuple[RgbImage, DoubleArray]:
    """Halve the part of the frame that the crop covers `halvings` times, by area.

    Gives the small picture and the map from crop coordinates to it. Halving is the one ratio
    that OpenCV averages fast.
    """
    import cv2

    unit = 2**halvings
    limits = [length // unit for length in rgb.shape[1::-1]]
    if min(limits) < 1:
        return rgb, to_frame
    parts = []
    for (lowest, highest), most in zip(_limits(to_frame, size_px), limits, strict=True):
        low = min(max(math.floor(lowest / unit) - 1, 0), most - 1)
        high = min(max(math.ceil(highest / unit) + 1, low + 1), most)
        parts.append(slice(low * unit, high * unit))
    across, down = parts
    small = rgb[down, across]
    for _ in range(halvings):
        height, width = small.shape[:2]
        small = cv2.resize(small, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    moved = to_frame.copy()
    moved[:, 2] -= [across.start, down.start]
    return small, moved / unit


def _tight(rgb: RgbImage, box: Box, size_px: int) -> RgbImage:
    """Cut the box at whole pixels and stretch it, each axis in the way that suits it.

    An axis that shrinks is averaged by area, one that grows is interpolated linearly. OpenCV does
    neither to a picture that shrinks along one axis only: INTER_AREA skips pixels there.
    """
    import cv2

    height, width = rgb.shape[:2]
    left, top = max(int(box.x), 0), max(int(box.y), 0)
    right, bottom = min(int(box.x + box.width), width), min(int(box.y + box.height), height)
    part = rgb[top:bottom, left:right]
    if part.size == 0:
        raise ValueError(f"the face box is outside the frame: {box}")
    shrunk = (min(part.shape[1], size_px), min(part.shape[0], size_px))
    part = cv2.resize(part, shrunk, interpolation=cv2.INTER_AREA)
    part = cv2.resize(part, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(part)
