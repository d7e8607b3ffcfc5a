"""Faces that fill the picture, heads cut at the chin or forehead, and pictures without any."""

import cv2
import numpy as np
import pytest

from emoreport.faces.close_up import face_filling
from emoreport.faces.detectors import SolutionsDetector, TasksDetector
from emoreport.records import Box
from tests.fixtures.faces import SHARED, needs_shared, portrait
from tests.unit.faces.test_detectors import short_range_file


@pytest.fixture(scope="module", params=["solutions", "tasks"])
def detector(request):
    opened = (
        SolutionsDetector() if request.param == "solutions" else TasksDetector(short_range_file())
    )
    yield opened
    opened.close()


def close_up(detector, height_sides, width_sides, up_sides):
    """Part of a portrait in sides of its face, and where the face lies in it."""
    whole = cv2.resize(portrait(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    box = detector.detect(whole)[0].box
    x, y = box.centre
    y -= up_sides * box.height
    left, right = round(x - width_sides / 2 * box.width), round(x + width_sides / 2 * box.width)
    top, bottom = (round(y + sign * height_sides / 2 * box.height) for sign in (-1, 1))
    left, top = max(left, 0), max(top, 0)
    part = np.ascontiguousarray(whole[top:bottom, left:right])
    return part, clipped(Box(box.x - left, box.y - top, box.width, box.height), part)


@pytest.mark.parametrize("up_sides", [-0.2, 0.0, 0.2], ids=["forehead cut", "middle", "chin cut"])
@pytest.mark.parametrize(("height_sides", "width_sides"), [(1.1, 1.1), (1.0, 1.2), (0.95, 1.6)])
@pytest.mark.parametrize("side_px", [120, 350, 900])
def test_a_face_that_fills_the_picture_is_found(
    detector, height_sides, width_sides, up_sides, side_px
):
    part, expected = close_up(detector, height_sides, width_sides, up_sides)
    scale = side_px / max(part.shape)
    picture = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = detector.detect(np.ascontiguousarray(picture))
    box = clipped(face.box, picture)
    assert box.iou(Box(*(scale * value for value in vars_of(expected)))) > 0.75
    (right_x, right_y), (left_x, left_y) = face.eyes
    assert right_x < left_x
    assert abs(right_y - left_y) < 0.2 * box.height


def clipped(box, picture):
    height, width = picture.shape[:2]
    left, right = np.clip([box.x, box.x + box.width], 0, width)
    top, bottom = np.clip([box.y, box.y + box.height], 0, height)
    return Box(left, top, right - left, bottom - top)


def vars_of(box):
    return box.x, box.y, box.width, box.height


def test_boxes_of_the_last_look_stay_inside_the_picture(detector):
    found = 0
    for up_sides in np.linspace(-0.4, 0.4, 9):
        part, _ = close_up(detector, 0.9, 0.9, up_sides)
        for face in face_filling(part, detector.near):
            found += 1
            assert vars_of(face.box) == pytest.approx(vars_of(clipped(face.box, part)))
    assert found >= 6


def test_the_last_look_gives_boxes_of_the_same_convention(detector):
    part, _ = close_up(detector, 1.1, 1.1, 0.0)
    (alone,) = detector.detect(part)
    height, width = part.shape[:2]
    framed = np.full((2 * height, 2 * width, 3), 128, np.uint8)
    framed[height // 2 : height // 2 + height, width // 2 : width // 2 + width] = part
    (within,) = detector.detect(framed)
    box = within.box
    moved = Box(box.x - width // 2, box.y - height // 2, box.width, box.height)
    assert moved.iou(alone.box) > 0.85


def patterns():
    """Blots, blocks, ellipses, gradients and stripes."""
    random = np.random.default_rng(5)
    for number in range(120):
        cells = int(random.integers(2, 40))
        small = random.integers(0, 256, (cells, 16 * cells // 9, 3), dtype=np.uint8)
        way = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[number % 3]
        picture = cv2.resize(small, (640, 360), interpolation=way)
        if number % 4 == 0:
            picture[:] = random.integers(0, 256)
            for _ in range(int(random.integers(2, 12))):
                centre = int(random.integers(0, 640)), int(random.integers(0, 360))
                axes = int(random.integers(10, 250)), int(random.integers(10, 180))
                colour = tuple(int(value) for value in random.integers(0, 256, 3))
                cv2.ellipse(picture, centre, axes, int(random.integers(0, 180)), 0, 360, colour, -1)
        yield picture


def test_nothing_fills_pictures_without_a_face(detector):
    found = [face_filling(picture, detector.near) for picture in patterns()]
    assert [number for number, faces in enumerate(found) if faces] == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (16, 16), (2000, 20)])
def test_pictures_of_odd_shapes_are_no_error(detector, shape):
    assert detector.detect(np.full((*shape, 3), 77, np.uint8)) == []


@needs_shared
@pytest.mark.parametrize("rows", [slice(0, 48), slice(0, 40), slice(8, 48)])
def testnearly_all_close_portraits_of_many_people_are_found(detector, rows):
    images = np.load(SHARED / "fer" / "ferplus_valid.npz")["images"][::35]
    found = 0
    for image in images:
        grey = cv2.resize(image[rows], (350, 350 * (rows.stop - rows.start) // 48))
        found += bool(detector.detect(np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))))
    assert found >= 0.92 * len(images)
