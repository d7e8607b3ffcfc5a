from __future__ import annotations

import numpy as np
import pytest

from emoreport.overlay.covering import HOLD_S, FaceTracks, draw_mesh, head_region, hide
from emoreport.records import Box

FACE = Box(300, 200, 120, 120)


def noise(height: int = 480, width: int = 640, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def tracks(*sightings: tuple[float, list[Box]]) -> FaceTracks:
    found = FaceTracks()
    for time_s, boxes in sightings:
        found.add(time_s, boxes)
    return found


def moved(box: Box, x: float, y: float = 0.0) -> Box:
    return Box(box.x + x, box.y + y, box.width, box.height)


def holds(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.x + outer.width >= inner.x + inner.width
        and outer.y + outer.height >= inner.y + inner.height
    )


def inside(box: Box) -> tuple[slice, slice]:
    return (
        slice(max(0, int(box.y)), int(box.y + box.height)),
        slice(max(0, int(box.x)), int(box.x + box.width)),
    )


# --------------------------------------------------------------------------- which regions


def test_a_face_is_covered_with_hair_chin_and_ears() -> None:
    (region,) = tracks((0.0, [FACE])).regions_at(0.0)
    assert holds(region, Box(260, 150, 200, 200))


def test_a_face_is_covered_before_it_is_found_and_after_it_is_lost() -> None:
    found = tracks((3.0, []), (5.0, [FACE]), (5.04, []), (9.0, []))
    for time_s in (5.0 - 0.9 * HOLD_S, 4.9, 5.1, 5.0 + 0.9 * HOLD_S):
        regions = found.regions_at(time_s)
        assert regions is not None
        assert holds(regions[0], head_region(FACE))


def test_a_held_region_grows_with_the_time_since_the_face_was_seen() -> None:
    found = tracks((5.0, [FACE]))
    widths = [found.regions_at(5.0 + away_s)[0].width for away_s in (0.0, 0.5, 1.0, 1.5)]
    assert widths == sorted(set(widths))
    assert widths[2] == pytest.approx(widths[0] + 2 * FACE.width)


@pytest.mark.parametrize("time_s", [0.0, 2.9, 7.1, 100.0])
def test_where_no_face_is_known_near_everything_is_hidden(time_s: float) -> None:
    assert tracks((0.0, []), (5.0, [FACE]), (7.0, [])).regions_at(time_s) is None


def test_a_recording_in_which_no_face_is_found_is_hidden_throughout() -> None:
    found = tracks(*((0.04 * number, []) for number in range(100)))
    assert all(found.regions_at(0.04 * number) is None for number in range(100))


def test_in_a_gap_both_ends_are_covered() -> None:
    later = moved(FACE, 100)
    found = tracks((1.0, [FACE]), (1.4, []), (1.8, [later]))
    regions = found.regions_at(1.4)
    assert [holds(region, box) for region, box in zip(regions, (FACE, later), strict=True)] == [
        True,
        True,
    ]


def test_everybody_is_covered() -> None:
    other = Box(20, 30, 60, 60)
    regions = tracks((0.0, [FACE, other])).regions_at(0.0)
    assert len(regions) == 2
    assert any(holds(region, other) for region in regions)


def test_a_face_lost_beside_another_one_stays_covered() -> None:
    other = moved(FACE, 110)  # so near that one could be taken for the other
    found = tracks((0.0, [FACE, other]), (0.04, [other]), (0.08, [other]))
    regions = found.regions_at(0.08)
    assert any(holds(region, FACE) for region in regions)
    assert any(holds(region, other) for region in regions)


def test_a_face_that_moves_is_one_track_and_covered_once() -> None:
    found = tracks(*((0.04 * number, [moved(FACE, 10 * number)]) for number in range(30)))
    for number in range(30):
        (region,) = found.regions_at(0.04 * number)
        assert holds(region, moved(FACE, 10 * number))


# --------------------------------------------------------------------------- what is left of it


def test_of_a_hidden_face_a_few_flat_cells_are_left() -> None:
    hidden = hide(noise(), [head_region(FACE)])
    rows, columns = inside(FACE)
    colours = np.unique(hidden[rows, columns].reshape(-1, 3), axis=0)
    assert 1 <= len(colours) <= 16


def test_the_cells_hold_eight_levels_of_each_colour() -> None:
    picture = np.full((480, 640, 3), 90, np.uint8)
    other = picture + 5  # the same step
    regions = [head_region(FACE)]
    rows, columns = inside(FACE)
    np.testing.assert_array_equal(
        hide(picture, regions)[rows, columns], hide(other, regions)[rows, columns]
    )


def test_two_faces_of_equal_means_look_the_same() -> None:
    # Fine detail, whatever it is, leaves no trace.
    checks = (np.indices((480, 640)).sum(axis=0) % 2 * 200)[..., np.newaxis].astype(np.uint8)
    stripes = (np.indices((480, 640))[1] % 2 * 200)[..., np.newaxis].astype(np.uint8)
    pictures = [np.repeat(one, 3, axis=2) for one in (checks, stripes)]
    rows, columns = inside(head_region(FACE))
    hidden = [hide(picture, [head_region(FACE)])[rows, columns] for picture in pictures]
    np.testing.assert_array_equal(*hidden)


def test_what_is_no_face_stays_as_it_is() -> None:
    picture = noise()
    region = head_region(FACE)
    hidden = hide(picture, [region])
    outside = np.ones(picture.shape[:2], bool)
    outside[inside(Box(region.x, region.y, region.width + 1, region.height + 1))] = False
    np.testing.assert_array_equal(hidden[outside], picture[outside])


def test_the_picture_given_is_not_changed() -> None:
    picture = noise()
    before = picture.copy()
    hide(picture, [head_region(FACE)])
    hide(picture, None)
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("size", [(480, 640), (121, 161), (720, 1280), (1280, 720)])
def test_of_a_picture_hidden_as_a_whole_next_to_nothing_is_left(size: tuple[int, int]) -> None:
    hidden = hide(noise(*size), None)
    assert hidden.shape == (*size, 3)
    changes = (np.diff(hidden.astype(int), axis=1) != 0).any(axis=(0, 2)).sum()
    assert changes <= 8  # columns where the picture changes at all
    assert len(np.unique(hidden.reshape(-1, 3), axis=0)) <= 64


@pytest.mark.parametrize(
    "box", [Box(-80, -60, 120, 120), Box(600, 440, 200, 200), Box(-900, 0, 50, 50), Box(0, 0, 1, 1)]
)
def test_faces_at_the_edge_are_hidden_as_far_as_they_are_seen(box: Box) -> None:
    hidden = hide(noise(), [head_region(box)])
    assert hidden.shape == (480, 640, 3)
    rows, columns = inside(box)
    part = hidden[rows, columns]
    if part.size > 300:
        assert len(np.unique(part.reshape(-1, 3), axis=0)) <= 16


# --------------------------------------------------------------------------- mesh


def test_a_mesh_is_drawn_where_the_points_are() -> None:
    points = np.array([[10, 10], [90, 10], [50, 80]], np.float32)
    drawn = draw_mesh((120, 100), points, np.array([[0, 1], [1, 2], [0, 2]]))
    plain = draw_mesh((120, 100), None, np.zeros((0, 2), np.int64))
    rows, columns = np.nonzero((drawn != plain).any(axis=2))
    assert (columns.min(), columns.max()) == pytest.approx((10, 90), abs=2)
    assert (rows.min(), rows.max()) == pytest.approx((10, 80), abs=2)


def test_without_a_face_the_ground_is_plain() -> None:
    drawn = draw_mesh((160, 120), None, np.zeros((0, 2), np.int64))
    assert drawn.shape == (120, 160, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 1
