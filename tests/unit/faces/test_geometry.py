import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.faces.geometry import (
    FULL_RANGE_SCALE,
    RawDetection,
    full_to_short_range,
    observation,
    pitch_deg,
    square_tiles,
    without_duplicates,
    yaw_deg,
)
from emoreport.records import Box


def raw(x=100.0, y=100.0, side=100.0, *, score=0.9, nose=0.5, ears=(0.1, 0.9)):
    """A level face; `nose` and `ears` are places across the box, 0–1."""
    places = [(0.3, 0.35), (0.7, 0.35), (nose, 0.55), (0.5, 0.75), (ears[0], 0.45), (ears[1], 0.45)]
    points = np.array([x, y]) + side * np.array(places)
    return RawDetection(Box(x, y, side, side), score, points)


def test_a_face_seen_from_the_front_has_no_yaw():
    assert yaw_deg(raw().points) == pytest.approx(0.0)


@pytest.mark.parametrize(("nose", "sign"), [(0.3, -1), (0.7, 1)])
def test_yaw_is_positive_towards_the_right_edge(nose, sign):
    assert math.copysign(1, yaw_deg(raw(nose=nose).points)) == sign
    assert 10 < abs(yaw_deg(raw(nose=nose).points)) < 30


@given(st.floats(-180, 180), st.floats(0.2, 0.8))
def test_yaw_does_not_depend_on_roll(turn_deg, nose):
    points = raw(nose=nose).points
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    assert yaw_deg(points @ turn) == pytest.approx(
        65.0
        * float((points[2] - (points[4] + points[5]) / 2) @ (points[5] - points[4]))
        / float(np.sum((points[5] - points[4]) ** 2)),
        abs=1e-6,
    )


def test_yaw_stays_within_a_quarter_turn():
    assert yaw_deg(raw(nose=3.0, ears=(0.4, 0.6)).points) == 90.0


def test_yaw_is_unknown_where_the_ears_coincide():
    assert math.isnan(yaw_deg(raw(ears=(0.5, 0.5)).points))


def test_a_full_range_box_becomes_a_smaller_lower_one_about_the_ears():
    seen = raw(ears=(0.2, 0.92))
    short = full_to_short_range(seen)
    assert short.box.width == pytest.approx(FULL_RANGE_SCALE * seen.box.width)
    assert short.box.centre == pytest.approx((150 + 0.667 * 6, 155.5))
    assert short.score == seen.score
    assert np.array_equal(short.points, seen.points)


def with_nose(points, down):
    """The same points with the nose so much lower, in shares of a box of 100 px."""
    moved = points.copy()
    moved[2, 1] += 100.0 * down
    return moved


def test_a_bowed_head_has_its_nose_below_its_ears():
    level, up, down = (pitch_deg(with_nose(raw().points, by)) for by in (0.0, -0.1, 0.1))
    assert abs(level) < 10
    assert up < level - 8
    assert down > level + 8
    assert down - level == pytest.approx(level - up)


@given(st.floats(-180, 180), st.floats(-0.2, 0.2), st.floats(0.3, 4))
def test_pitch_depends_neither_on_roll_nor_on_size(turn_deg, down, scale):
    points = with_nose(raw().points, down)
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    assert pitch_deg(scale * points @ turn) == pytest.approx(pitch_deg(points), abs=1e-6)


def test_pitch_is_unknown_where_the_points_give_none():
    assert math.isnan(pitch_deg(raw(ears=(0.5, 0.5)).points))
    assert math.isnan(pitch_deg(raw(nose=1.5).points))
    upside_down = raw().points
    upside_down[3, 1] = 100.0
    assert math.isnan(pitch_deg(upside_down))


def test_an_observation_carries_eyes_and_angles():
    seen = observation(raw(score=0.8))
    assert seen.box == Box(100, 100, 100, 100)
    assert seen.score == 0.8
    assert seen.eyes == ((130.0, 135.0), (170.0, 135.0))
    assert seen.yaw_deg == pytest.approx(0.0)
    assert seen.pitch_deg == pitch_deg(raw().points)


def test_moving_takes_box_and_points_along():
    moved = raw().moved(30, -20)
    assert moved.box == Box(130, 80, 100, 100)
    assert np.allclose(moved.points - raw().points, [30, -20])


def test_of_two_boxes_on_one_face_the_better_stays():
    found = [raw(score=0.6), raw(110, 105, 95, score=0.9), raw(400, 100, score=0.7)]
    assert [one.score for one in without_duplicates(found)] == [0.9, 0.7]


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_tiles_cover_the_frame_and_overlap_by_half(width, height):
    tiles = square_tiles(width, height)
    side, length = min(width, height), max(width, height)
    if not tiles:
        assert length < 1.2 * side
        return
    assert all(tile_side == side for _, _, tile_side in tiles)
    along = [left if width >= height else top for left, top, _ in tiles]
    assert along[0] == 0
    assert along[-1] + side == length
    assert all(0 <= b - a <= side / 2 + 1 for a, b in itertools.pairwise(along))
