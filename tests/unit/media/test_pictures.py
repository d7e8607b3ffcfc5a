"""A picture that is converted in parts is the picture that is converted whole."""

import av
import numpy as np
import pytest

from emoreport.media import open_video
from emoreport.media.pictures import _coloured, picture_of
from emoreport.media.pixels import Orientation, RgbConverter
from emoreport.records import Grid, RgbPicture
from tests.fixtures.media import constant_rate

SIZE_PX = (210, 128)
PARTS = ((0, 0, 210, 128), (33, 17, 90, 71), (1, 0, 2, 1), (150, 90, 210, 128), (100, 3, 207, 60))
GRIDS = (Grid(0, 0, 1.0, 96), Grid(-40.0, -30.0, 2.5, 96), Grid(10.5, 20.25, 0.4, 96))
MATRIX = {"BT.601": 5, "BT.709": 1, "BT.2020": 9, "not named": 2}


def painted(format_name="yuv420p", matrix=5, is_full=False, size_px=SIZE_PX):
    """A frame of smooth colours with a few edges, as a decoder gives it."""
    width, height = size_px
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([40 + 170 * x, 60 + 120 * y, 200 - 150 * x * y], axis=2)
    rgb[30:60, 40:110] = (230, 180, 150)
    frame = av.VideoFrame.from_ndarray(rgb.astype(np.uint8), format="rgb24")
    frame = frame.reformat(format=format_name)
    frame.colorspace, frame.color_range = matrix, 2 if is_full else 1
    return frame


UPRIGHT = Orientation()


def shown(frame, orientation=UPRIGHT):
    converter = RgbConverter()
    converter._orientation = orientation
    return picture_of(frame, converter)


def orientations():
    signs = [(False, False), (True, False), (False, True), (True, True)]
    return [Orientation(turned, *mirrored) for turned in (False, True) for mirrored in signs]


@pytest.mark.parametrize("orientation", orientations())
def test_parts_are_those_of_the_whole_picture_however_it_is_turned(orientation):
    frame = painted()
    whole = shown(frame, orientation).rgb
    picture = shown(frame, orientation)
    assert picture.size_px == whole.shape[1::-1]
    width, height = picture.size_px
    for part in PARTS:
        left, top, right, bottom = part if width > height else (*part[1::-1], *part[:1:-1])
        np.testing.assert_array_equal(
            picture.part(left, top, right, bottom), whole[top:bottom, left:right]
        )


@pytest.mark.parametrize("format_name", ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le", "nv12"])
@pytest.mark.parametrize("matrix", MATRIX.values(), ids=MATRIX)
@pytest.mark.parametrize("is_full", [False, True])
def test_parts_and_points_have_the_colours_of_the_whole_picture(format_name, matrix, is_full):
    frame = painted(format_name, matrix, is_full or format_name == "yuvj420p")
    whole = shown(frame).rgb
    for left, top, right, bottom in PARTS:
        part = shown(frame).part(left, top, right, bottom)
        np.testing.assert_array_equal(part, whole[top:bottom, left:right])
    for grid in GRIDS:
        points, wanted = shown(frame).sampled(grid), RgbPicture(whole).sampled(grid)
        assert points.shape == (3, grid.size, grid.size)
        # Edges of chroma are laid between pixels in one way and not in the other.
        assert np.median(np.abs(points - wanted)) <= 1.5
        assert np.abs(points - wanted).mean() < 2.0


@pytest.mark.parametrize("orientation", orientations())
def test_points_are_found_however_the_picture_is_turned(orientation):
    frame = painted()
    whole = RgbPicture(shown(frame, orientation).rgb)
    for grid in GRIDS:
        points = shown(frame, orientation).sampled(grid)
        assert np.abs(points - whole.sampled(grid)).mean() < 2.0


@pytest.mark.parametrize("step", [1.0, 2.0, 3.0])
def test_points_that_are_pixels_are_picked_as_others_are_laid(step):
    picture = shown(painted())
    for grid in (Grid(0.0, -41.0, step, 96), Grid(-7.0, 3.0, step, 40), Grid(500.0, 0.0, step, 8)):
        laid = _coloured(picture._laid(grid, is_full=False), picture._matrix, is_full=False)
        np.testing.assert_allclose(picture.sampled(grid), laid, atol=0.01)


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("size_px", [(64, 36), (32, 18)])
def test_a_thumbnail_of_a_few_rows_is_that_of_all(is_full, size_px):
    frame = painted(is_full=is_full, size_px=(1280, 720))
    converter = RgbConverter()
    quick = converter.thumbnail(frame, size_px)
    whole = converter.thumbnail(frame.reformat(format="yuv444p"), size_px)
    assert quick.shape == whole.shape == size_px[::-1]
    assert np.abs(quick - whole).mean() < 1.0
    assert np.abs(quick - whole).max() <= 12  # where a row of cells has an edge between its rows


def test_outside_the_picture_it_is_black():
    grid = Grid(-400.0, -400.0, 4.0, 96)
    points = shown(painted()).sampled(grid)
    assert points[:, :90, :90].max() < 1e-3


def test_the_part_that_is_all_of_an_odd_picture_is_the_whole():
    frame = painted(size_px=(211, 127))
    np.testing.assert_array_equal(shown(frame).part(0, 0, 211, 127), shown(frame).rgb)


def test_frames_are_not_converted_before_they_are_looked_at(tmp_path):
    with open_video(constant_rate(tmp_path / "a.mp4", seconds=0.4)) as source:
        frames = list(source)
    for frame in frames:
        width, height = frame.picture.size_px
        assert frame.picture.held_bytes < width * height * 3
        assert frame.rgb is frame.rgb


def test_what_was_converted_before_does_not_matter():
    grid = Grid(3.0, 4.0, 1.7, 64)
    fresh, used = shown(painted()), shown(painted())
    assert used.rgb is used.rgb
    np.testing.assert_array_equal(fresh.sampled(grid), used.sampled(grid))
    np.testing.assert_array_equal(fresh.grey(grid), used.grey(grid))
    np.testing.assert_array_equal(fresh.part(3, 5, 90, 70), used.part(3, 5, 90, 70))
