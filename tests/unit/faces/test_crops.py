import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.errors import FaceStageError
from emoreport.faces.crops import TEMPLATE, crop_face, roll_rad, template_to_frame
from emoreport.records import Box, CropSpec, FaceObservation
from tests.fixtures.faces import face_at


def ramp(width=400, height=300):
    """Red grows with x, green with y: a crop tells where it was taken."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.dstack([x * 0.5, y * 0.5, np.full_like(x, 77.0)]).round().astype(np.uint8)


def place(crop):
    """Centre of the crop in frame coordinates, corners counted as 0, read off the ramp."""
    middle = crop.astype(float).mean(axis=(0, 1))
    return middle[0] / 0.5 + 0.5, middle[1] / 0.5 + 0.5


@pytest.mark.parametrize("size", [24, 48, 112])
@pytest.mark.parametrize("side", [20.0, 48.0, 97.3, 180.0])
def test_the_crop_is_rgb_of_the_size_asked_for(size, side):
    crop = crop_face(ramp(), face_at(100, 80, side), CropSpec(size))
    assert crop.shape == (size, size, 3)
    assert crop.dtype == np.uint8
    assert crop.flags.c_contiguous
    assert np.abs(crop[:, :, 2].astype(int) - 77).max() <= 1


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("side", [20.0, 48.0, 97.3, 180.0])
def test_the_crop_is_centred_on_the_box(side, align):
    face = face_at(110.4, 60.8, side)
    crop = crop_face(ramp(), face, CropSpec(48, align_roll=align))
    assert place(crop) == pytest.approx(face.box.centre, abs=0.6)


def test_the_scale_widens_the_square():
    crop = crop_face(ramp(), face_at(150, 100, 80), CropSpec(48, scale=1.5))
    reds = crop[:, :, 0].mean(axis=0)
    assert (reds[-1] - reds[0]) / 0.5 == pytest.approx(80 * 1.5 * 47 / 48, abs=2.5)


def test_the_square_has_the_geometric_mean_of_the_box_sides():
    face = FaceObservation(Box(100, 100, 100, 64), 0.9)
    crop = crop_face(ramp(), face, CropSpec(40))
    reds, greens = crop[:, :, 0].mean(axis=0), crop[:, :, 1].mean(axis=1)
    for along in (reds, greens):
        assert (along[-1] - along[0]) / 0.5 == pytest.approx(80 * 39 / 40, abs=2.5)


def test_the_shift_counts_in_box_sides_and_not_in_crop_sides():
    face = face_at(150, 100, 80)
    crop = crop_face(ramp(), face, CropSpec(48, scale=1.4, shift_x=0.25, shift_y=-0.1))
    assert place(crop) == pytest.approx((190 + 20, 140 - 8), abs=0.6)


def test_a_leaning_face_is_levelled():
    image = np.zeros((300, 300, 3), np.uint8)
    face = face_at(100, 100, 100, roll_deg=25)
    for x, y in face.eyes:
        cv2.circle(image, (round(x), round(y)), 6, (255, 255, 255), -1)
    crop = crop_face(image, face, CropSpec(64, align_roll=True)).astype(float)[:, :, 0]
    rows, columns = np.nonzero(crop > 100)
    left, right = rows[columns < 32].mean(), rows[columns >= 32].mean()
    assert left == pytest.approx(right, abs=0.5)
    assert left == pytest.approx(31.5, abs=0.7)
    upright = crop_face(image, face, CropSpec(64))[:, :, 0]
    rows, columns = np.nonzero(upright > 100)
    assert rows[columns >= 32].mean() - rows[columns < 32].mean() > 5


def test_the_shift_leans_with_the_face():
    face = face_at(150, 100, 80, roll_deg=30)
    crop = crop_face(ramp(), face, CropSpec(48, shift_y=0.5, align_roll=True))
    down = (-math.sin(math.radians(30)), math.cos(math.radians(30)))
    expected = (190 + 40 * down[0], 140 + 40 * down[1])
    assert place(crop) == pytest.approx(expected, abs=0.6)


def test_unknown_eyes_leave_the_crop_upright():
    face = FaceObservation(Box(100, 80, 90, 90), 0.9)
    assert roll_rad(face) == 0.0
    aligned = crop_face(ramp(), face, CropSpec(48, align_roll=True))
    assert np.array_equal(aligned, crop_face(ramp(), face, CropSpec(48)))


@pytest.mark.parametrize("side", [200.0, 400.0, 900.0])
@pytest.mark.parametrize("roll_deg", [0, 20])
def test_fine_patterns_become_grey_and_not_moire(side, roll_deg):
    image = np.zeros((1000, 1000, 3), np.uint8)
    image[:, ::2] = 255
    face = face_at(50, 50, side, roll_deg=roll_deg)
    crop = crop_face(image, face, CropSpec(48, align_roll=True)).astype(float)
    assert crop.mean() == pytest.approx(127.5, abs=2)
    assert crop.std() < 12


@pytest.mark.parametrize("side", [60.0, 150.0, 230.0, 700.0])
def test_shrinking_agrees_with_exact_averaging(side):
    smooth = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 256, (800, 800, 3), dtype=np.uint8), (0, 0), 9
    )
    smooth = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
    size = int(side)
    exact = cv2.resize(
        smooth[40 : 40 + size, 30 : 30 + size], (48, 48), interpolation=cv2.INTER_AREA
    )
    crop = crop_face(smooth, face_at(30, 40, float(size)), CropSpec(48))
    assert np.abs(crop.astype(int) - exact).max() <= 4


@pytest.mark.parametrize("x", [-60.0, 340.0])
@pytest.mark.parametrize("y", [-60.0, 260.0])
def test_outside_the_frame_its_border_goes_on(x, y):
    crop = crop_face(ramp(), face_at(x, y, 100), CropSpec(48))
    outer = (0 if x < 0 else -1, 0 if y < 0 else -1)
    edge = (0 if x < 0 else 399 * 0.5, 0 if y < 0 else 299 * 0.5)
    assert crop[outer[1], outer[0], :2] == pytest.approx(edge, abs=1)
    assert np.abs(crop[:, :, 2].astype(int) - 77).max() <= 1


def test_a_tight_box_is_cut_at_whole_pixels():
    image = ramp()
    face = FaceObservation(Box(20.9, 30.2, 48.3, 48.9), 0.9)
    crop = crop_face(image, face, CropSpec(48, tight_box=True, scale=9.0))
    assert np.array_equal(crop[:, :], cv2.resize(image[30:79, 20:69], (48, 48), interpolation=3))


def test_a_tight_box_is_clipped_to_the_frame():
    image = ramp()
    face = FaceObservation(Box(-20.0, -30.0, 84.0, 94.0), 0.9)
    crop = crop_face(image, face, CropSpec(64, tight_box=True))
    assert np.array_equal(crop, image[:64, :64])


@pytest.mark.parametrize(
    ("size", "along"),
    [
        ((400, 40), "x"),
        ((40, 400), "y"),
        ((400, 48), "x"),
        ((400, 300), "both"),
        ((20, 30), "none"),
    ],
)
def test_a_tight_box_is_averaged_along_each_axis_that_shrinks_and_only_there(size, along):
    noise = np.random.default_rng(3).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    face = FaceObservation(Box(10, 20, *size), 0.9)
    crop = crop_face(noise, face, CropSpec(48, tight_box=True)).astype(float)
    part = noise[20 : 20 + size[1], 10 : 10 + size[0]].astype(float)
    shrunk = averaged(part, 48, axis=1) if along in {"x", "both"} else part
    shrunk = averaged(shrunk, 48, axis=0) if along in {"y", "both"} else shrunk
    wanted = cv2.resize(shrunk, (48, 48), interpolation=cv2.INTER_LINEAR)
    assert np.abs(crop - wanted).max() <= 1.5


def averaged(image, size, axis):
    """Mean of the picture over `size` equal stretches of an axis, shares of pixels included."""
    sums = np.insert(np.cumsum(image, axis=axis), 0, 0, axis=axis)
    edges = np.linspace(0, image.shape[axis], size + 1)
    low = np.minimum(edges.astype(int), image.shape[axis] - 1)
    share = np.expand_dims(edges - low, tuple(k for k in range(3) if k != axis))
    at = np.take(sums, low, axis) * (1 - share) + np.take(sums, low + 1, axis) * share
    return np.diff(at, axis=axis) * size / image.shape[axis]


def test_an_empty_box_is_refused():
    with pytest.raises(ValueError, match="empty"):
        crop_face(ramp(), FaceObservation(Box(10, 10, 0, 20), 0.9), CropSpec(48))


def test_a_tight_box_outside_the_frame_is_refused():
    with pytest.raises(ValueError, match="outside"):
        crop_face(ramp(), face_at(900, 900), CropSpec(48, tight_box=True))


def test_channels_keep_their_order():
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, :, 0] = 200
    crop = crop_face(image, face_at(50, 50), CropSpec(48))
    assert crop[24, 24].tolist() == [200, 0, 0]


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-300, 500),
    st.floats(-300, 400),
    st.floats(1, 900),
    st.floats(-180, 180),
    st.integers(1, 64),
    st.integers(1, 200),
    st.integers(1, 200),
)
def test_any_box_on_any_frame_gives_a_crop_of_its_colours(x, y, side, roll, size, width, height):
    image = np.full((height, width, 3), (10, 120, 250), np.uint8)
    face = face_at(x, y, side, roll_deg=roll)
    crop = crop_face(image, face, CropSpec(size, scale=1.2, align_roll=True))
    assert crop.shape == (size, size, 3)
    assert np.abs(crop.astype(int) - [10, 120, 250]).max() <= 1


# ------------------------------------------------------------------------- aligned by points

FIVE = np.array(TEMPLATE)
FOUR = np.vstack([FIVE[:3], FIVE[3:].mean(axis=0)])


def marked(points, size=(900, 700)):
    """A frame for each point: a soft blob about it, in frame coordinates, corners counted as 0."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    for at_x, at_y in points:
        blob = 255 * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * 6.0**2))
        yield np.repeat(blob[:, :, None], 3, axis=2).round().astype(np.uint8)


def centre_of(crop):
    """Centre of the blob, the centre of the first pixel counted as 0, as the template counts."""
    weight = crop[:, :, 0].astype(float)
    y, x = np.mgrid[: len(crop), : len(crop)]
    return (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()


def seen_face(points):
    low, high = points.min(axis=0), points.max(axis=0)
    return FaceObservation(Box(*low, *(high - low)), 0.9, points=tuple(map(tuple, points)))


@pytest.mark.parametrize("size", [112, 224])
@pytest.mark.parametrize("template", [FIVE, FOUR], ids=["five points", "mouth as one"])
@pytest.mark.parametrize(
    ("turn_deg", "scale", "middle"),
    [(0, 1.5, (400, 300)), (35, 2.0, (450, 330)), (-160, 4.0, (430, 350)), (8, 3.3, (300, 260))],
)
def test_points_of_a_turned_scaled_moved_face_are_where_the_template_has_them(
    size, template, turn_deg, scale, middle
):
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = (template - 56) @ turn.T * scale + np.array(middle)
    spec = CropSpec(size, scale=3.0, tight_box=True, align_points=True)
    for frame, wanted in zip(marked(points), template * size / 112, strict=True):
        crop = crop_face(frame, seen_face(points), spec)
        assert crop.shape == (size, size, 3)
        assert np.hypot(*(np.array(centre_of(crop)) - wanted)) < 1.0


def test_points_of_a_face_in_profile_are_brought_as_near_as_they_can():
    points = FIVE * [0.5, 1.0] + [100, 100]
    mapped = template_to_frame(seen_face(points), 112)
    back = (points - mapped[:, 2]) @ np.linalg.inv(mapped[:, :2]).T - 0.5
    error = ((back - FIVE) ** 2).sum()
    for change in (1.02, 0.98, 1 + 0.02j, 1 - 0.02j):
        turned = (back - back.mean(axis=0)) @ np.array([1, 1j]) * change
        moved = np.column_stack([turned.real, turned.imag]) + back.mean(axis=0)
        assert ((moved - FIVE) ** 2).sum() > error


@pytest.mark.parametrize("points", [None, (), ((1.0, 2.0),) * 3, ((5.0, 5.0),) * 5])
def test_a_face_without_points_is_refused(points):
    face = FaceObservation(Box(100, 100, 50, 50), 0.9, points=points)
    with pytest.raises(FaceStageError, match="no points to align the face by"):
        crop_face(ramp(), face, CropSpec(112, align_points=True))
