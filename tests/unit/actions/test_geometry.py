from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.actions.calibration import RIGID, SCORES
from emoreport.actions.geometry import POINTS, angles_deg, distances, measures, posed_face
from emoreport.records import DoubleArray

AHEAD = np.array([1.0, -1.0, -1.0])
ANGLE = st.floats(-70, 70)


def turned(yaw_deg: float, pitch_deg: float, roll_deg: float) -> DoubleArray:
    """Lean, then tilt, then turn; axes x right, y up, z to the camera."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    about_z = np.array(
        [[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    )
    return about_y @ about_x @ about_z


def mesh(rotation: DoubleArray, size_px: float = 90.0) -> DoubleArray:
    """A mesh with the mean face in it, its other points on an ellipsoid; in pixels of a picture."""
    chance = np.random.default_rng(4)
    points = chance.normal(size=(POINTS, 3)) * (0.4, 0.5, 0.2)
    points[list(RIGID)] = list(RIGID.values())
    return size_px * (points @ rotation.T) * AHEAD + (320.0, 200.0, 5.0)


@given(ANGLE, ANGLE, ANGLE)
def test_the_pose_of_a_turned_face_is_found(yaw: float, pitch: float, roll: float) -> None:
    face = posed_face(mesh(turned(yaw, pitch, roll)))
    assert face.pose_deg == pytest.approx((yaw, pitch, roll), abs=1e-4)


@given(ANGLE, ANGLE, ANGLE)
def test_measures_do_not_depend_on_the_pose_or_the_size(
    yaw: float, pitch: float, roll: float
) -> None:
    ahead = measures(posed_face(mesh(np.eye(3))).frontal)
    turned_face = measures(posed_face(mesh(turned(yaw, pitch, roll), 31.0)).frontal)
    assert turned_face == pytest.approx(ahead, abs=1e-6, nan_ok=True)


def test_signs_are_those_of_the_frames() -> None:
    assert angles_deg(turned(20, 0, 0)) == pytest.approx((20, 0, 0), abs=1e-9)
    right = turned(20, 0, 0)[:, 2]
    down = turned(0, 20, 0)[:, 2]
    leaning = turned(0, 0, 20)[:, 1]
    assert right[0] > 0  # the nose points to the right edge of the picture
    assert down[1] < 0
    assert leaning[0] > 0  # the top of the head goes to the right edge


def test_a_face_of_one_point_is_no_error() -> None:
    face = posed_face(np.zeros((POINTS, 3)))
    assert np.isfinite(face.rotation).all()


@pytest.mark.parametrize(
    ("points", "move", "rising"),
    [
        ((160, 159, 158, 385, 386, 387), (0, 0.05, 0), "eye_opening"),
        ((14,), (0, -0.1, 0), "mouth_opening"),
        ((55, 107, 285, 336), (0, 0.05, 0), "AU1_like"),
        ((70, 63, 105, 300, 293, 334), (0, 0.05, 0), "AU2_like"),
        ((70, 63, 105, 300, 293, 334), (0, -0.05, 0), "AU4_like"),
        ((61, 291), (0, 0.05, 0), "AU12_like"),
        ((17,), (0, -0.1, 0), "AU26_like"),
        ((160, 159, 158, 385, 386, 387), (0, -0.05, 0), "AU43_like"),
        ((144, 145, 153, 380, 374, 373), (0, 0.02, 0), "eye_narrowing"),
        ((468, 473), (0.02, 0, 0), "gaze_right"),
        ((468, 473), (0, -0.02, 0), "gaze_down"),
    ],
)
def test_a_measure_rises_with_what_it_is_named_after(
    points: tuple[int, ...], move: tuple[float, float, float], rising: str
) -> None:
    still = face()
    moved = still.copy()
    moved[list(points)] += move
    assert measures(moved)[rising] > measures(still)[rising]


def face() -> DoubleArray:
    """A plain face straight ahead: eyes half open, lips closed, brows above the eyes."""
    points = np.zeros((POINTS, 3))
    points[list(RIGID)] = list(RIGID.values())
    for corner, side in ((-0.5, 1), (0.5, -1)):
        xs = corner + side * np.array([0.1, 0.15, 0.2])
        upper, lower = (
            ((160, 159, 158), (144, 145, 153))
            if side == 1
            else (
                (387, 386, 385),
                (373, 374, 380),
            )
        )
        points[list(upper)] = [(x, -0.04, 0.05) for x in xs]
        points[list(lower)] = [(x, -0.11, 0.05) for x in xs]
        points[468 if side == 1 else 473] = (corner + side * 0.15, -0.08, 0.05)
    points[[55, 107, 285, 336]] = [(x, 0.16, 0.2) for x in (-0.1, -0.1, 0.1, 0.1)]
    points[[70, 63, 105, 300, 293, 334]] = [
        (x, 0.19, 0.1) for x in (-0.5, -0.4, -0.3, 0.5, 0.4, 0.3)
    ]
    points[[61, 291]] = [(-0.25, -0.75, 0.2), (0.25, -0.75, 0.2)]
    points[[13, 14, 17]] = [(0, -0.74, 0.3), (0, -0.76, 0.3), (0, -0.95, 0.25)]
    return points


def test_scores_stay_between_0_and_1() -> None:
    values = measures(face())
    assert all(0.0 <= values[name] <= 1.0 for name in SCORES)
    assert distances(face())["mouth_width"] == pytest.approx(0.5)


def test_closed_eyes_look_nowhere() -> None:
    closed = face()
    closed[[160, 159, 158]] = closed[[144, 145, 153]]
    closed[[385, 386, 387]] = closed[[380, 374, 373]]
    assert np.isnan(measures(closed)["gaze_right"])
    assert measures(closed)["eye_opening"] == pytest.approx(0.0)
