"""A mouth that moves is told from a head that does, from light and from noise."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from emoreport.faces.mouth import LONGEST_STEP_S, MouthWatch
from emoreport.records import Box, FaceObservation
from emoreport.records.pictures import RgbPicture

FACE = FaceObservation(Box(180, 80, 160, 160), 0.9)
TALKS = 0.4
"""Change of a mouth that opens by a fiftieth of the face: of a dark one on a light face much."""


def face(opened: float = 0.0) -> np.ndarray:
    """A face of blurred blots with a dark mouth, open by a share of the face's height."""
    rng = np.random.default_rng(3)
    blots = cv2.GaussianBlur(rng.normal(0, 1, (360, 480)), (0, 0), 9)
    grey = (130 + 30 * blots / blots.std()).astype(np.float32)
    centre, axes = (260, 208), (34, 4 + round(160 * opened))
    cv2.ellipse(grey, centre, axes, 0, 0, 360, 40, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(grey, (0, 0), 1.5)


def moved(grey: np.ndarray, right: float, down: float, turn_deg: float, scale: float) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((260, 160), turn_deg, scale)
    matrix[:, 2] += right, down
    return cv2.warpAffine(grey, matrix, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def shown(grey: np.ndarray) -> RgbPicture:
    levels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return RgbPicture(np.repeat(levels[..., np.newaxis], 3, axis=2))


def change(before: np.ndarray, now: np.ndarray, step_s: float = 0.1) -> float:
    watch = MouthWatch()
    assert math.isnan(watch.motion(shown(before), FACE, 1.0))
    return watch.motion(shown(now), FACE, 1.0 + step_s)


def test_a_mouth_that_opens_moves_and_the_more_the_wider() -> None:
    little, much = change(face(), face(0.02)), change(face(), face(0.08))
    assert TALKS < little < much


@pytest.mark.parametrize(
    ("right", "down", "turn_deg", "scale"),
    [(4, 0, 0, 1), (0, 5, 0, 1), (0, 0, 3, 1), (0, 0, 0, 1.04), (-3, 3, -2, 0.97)],
)
def test_a_head_that_moves_as_a_whole_does_not_talk(
    right: float, down: float, turn_deg: float, scale: float
) -> None:
    before = face(0.05)
    assert change(before, moved(before, right, down, turn_deg, scale)) < 0.35 * TALKS


def test_a_mouth_that_opens_while_the_head_nods_moves() -> None:
    assert change(face(), moved(face(0.08), 2, 4, 1, 1)) > TALKS


def test_a_still_face_does_not_talk_in_another_light_or_through_noise() -> None:
    still = face(0.05)
    noise = np.random.default_rng(0).normal(0, 4, (2, *still.shape))
    assert change(still, still) < 0.001
    assert change(still, 0.7 * still + 20) < 0.2 * TALKS
    assert change(still + noise[0], still + noise[1]) < 0.5 * TALKS


def test_size_and_contrast_of_the_picture_do_not_matter() -> None:
    usual = change(face(), face(0.08))
    assert change(0.5 * face(), 0.5 * face(0.08)) == pytest.approx(usual, rel=0.05)
    halved = FaceObservation(Box(90, 40, 80, 80), 0.9)
    watch = MouthWatch()
    small = [cv2.resize(each, None, fx=0.5, fy=0.5) for each in (face(), face(0.08))]
    watch.motion(shown(small[0]), halved, 0.0)
    assert watch.motion(shown(small[1]), halved, 0.1) == pytest.approx(usual, rel=0.1)


@pytest.mark.parametrize("rate_hz", [10, 25, 30, 50, 60])
def test_looks_are_compared_over_about_a_tenth_of_a_second(rate_hz: int) -> None:
    watch = MouthWatch()
    values = [watch.motion(shown(face(0.01 * k)), FACE, k / rate_hz) for k in range(rate_hz // 5)]
    unknown = [math.isnan(value) for value in values]
    first = next(k for k in range(rate_hz) if k / rate_hz > 0.078)
    assert unknown == [k < first for k in range(len(values))]


def test_nothing_is_known_of_looks_far_apart() -> None:
    assert math.isnan(change(face(), face(0.1), LONGEST_STEP_S + 0.01))
