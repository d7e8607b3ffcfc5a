"""Cuts between shots: what is one, what only looks like one, and what the frames say of it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.media import open_video
from emoreport.media.shots import MOST_AFTER, SIZE_PX, CutFinder
from tests.fixtures.media import constant_rate

RATE_HZ = 25.0


def scene(seed: int) -> np.ndarray:
    """Grey picture with a few large shapes, unlike that of another seed."""
    rng = np.random.default_rng(seed)
    width, height = SIZE_PX
    coarse = rng.integers(0, 255, (4, 6))
    return np.kron(coarse, np.ones((height // 4, width // 6 + 1)))[:, :width]


def film(*parts: np.ndarray) -> list[np.ndarray]:
    """The pictures with the noise of a camera."""
    rng = np.random.default_rng(7)
    return [
        np.clip(np.rint(part + rng.normal(0, 0.2, part.shape)), 0, 255).astype(np.int16)
        for part in parts
    ]


def cuts(pictures: list[np.ndarray], rate_hz: float = RATE_HZ) -> list[int]:
    """Numbers of the pictures right before which there is a cut."""
    finder: CutFinder[int] = CutFinder()
    passed = []
    for number, picture in enumerate(pictures):
        passed += finder.feed(number, number / rate_hz, picture)
        assert number - len(passed) < MOST_AFTER + 1
    passed += finder.close()
    assert [number for number, _ in passed] == list(range(len(pictures)))
    return [number for number, change in passed if change is not None]


@pytest.mark.parametrize("rate_hz", [1.0, 10.0, 25.0, 60.0, 240.0])
def test_a_cut_is_found_at_its_picture_at_any_rate(rate_hz):
    pictures = film(*[scene(1)] * 50, *[scene(2)] * 50, *[scene(3)] * 50)
    assert cuts(pictures, rate_hz) == [50, 100]


def test_what_changed_is_told():
    finder: CutFinder[int] = CutFinder()
    other = scene(1)
    other[:, :32] = scene(2)[:, :32]
    pictures = film(*[scene(1)] * 10, *[other] * 10)
    told = [
        change
        for number, picture in enumerate(pictures)
        for _, change in finder.feed(number, number / RATE_HZ, picture)
        if change is not None
    ]
    (change,) = told
    assert change.shape == (36, 64)
    assert change[:, :30].mean() > 40
    assert change[:, 34:].mean() < 5


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length):
    bright = np.clip(scene(1) * 1.5 + 120, 0, 255)
    assert cuts(film(*[scene(1)] * 20, *[bright] * length, *[scene(1)] * 20)) == []


def test_light_that_is_switched_off_is_no_cut():
    assert cuts(film(*[scene(1)] * 20, *[0.5 * scene(1) + 10] * 20)) == []


def test_a_camera_that_shakes_and_one_that_pans_make_no_cut():
    wide = np.hstack([scene(1), scene(2), scene(3)])
    rng = np.random.default_rng(0)
    shaking = [
        np.roll(scene(1), int(shift), axis=1) if 10 <= number < 30 else scene(1)
        for number, shift in enumerate(rng.integers(-2, 3, 40))
    ]
    panning = [wide[:, start : start + 64] for start in range(0, 128, 4)]
    assert cuts(film(*shaking)) == []
    assert cuts(film(*panning)) == []


def test_a_jump_within_one_scene_is_a_cut():
    moved = scene(1)
    moved[8:30, 20:44] = np.roll(moved[8:30, 20:44], 9, axis=1)
    assert cuts(film(*[scene(1)] * 20, *[moved] * 20)) == [20]


def faded(start, end, count):
    """Pictures on the way from one to the other, both left out."""
    shares = np.arange(1, count + 1) / (count + 1)
    return [(1 - share) * start + share * end for share in shares]


@pytest.mark.parametrize("length", [8, 12, 20])
def test_a_dissolve_is_a_cut_at_its_end(length):
    one, other = scene(1), scene(2)
    pictures = film(*[one] * 40, *faded(one, other, length), *[other] * 40)
    (found,) = cuts(pictures)
    assert 40 + length <= found <= 40 + length + 5


def test_a_fade_is_a_cut_where_nothing_is_to_be_seen():
    black = np.zeros_like(scene(1))
    down, up = faded(scene(1), black, 10), faded(black, scene(2), 10)
    assert cuts(film(*[scene(1)] * 30, *down, *[black] * 3, *up, *[scene(2)] * 30)) == [40]


def test_pictures_that_are_black_for_a_moment_are_no_shot():
    black = np.zeros_like(scene(1))
    assert cuts(film(*[scene(1)] * 20, black, *[scene(1)] * 20)) == []
    assert cuts(film(*[scene(1)] * 20, black)) == []
    assert cuts(film(*[black] * 20, *[scene(1)] * 20)) == [20]


def test_light_that_rises_slowly_is_no_dissolve():
    bright = 0.4 * scene(1)
    assert cuts(film(*[bright] * 30, *faded(bright, scene(1), 15), *[scene(1)] * 30)) == []


def test_repeated_pictures_do_not_make_cuts_of_the_movement_between_them():
    wide = np.hstack([scene(1), scene(2)])
    panning = [wide[:, start : start + 64] for start in range(0, 48, 2)]
    repeated = [picture for picture in panning for _ in range(2)]
    assert cuts(film(*panning)) == cuts(film(*repeated)) == []


def test_a_single_picture_at_the_end_is_no_shot():
    assert cuts(film(*[scene(1)] * 20, scene(2))) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12)), min_size=1, max_size=8))
def test_every_picture_comes_out_once_and_only_pictures_that_changed_begin_a_shot(parts):
    pictures = film(*(scene(seed) for seed, length in parts for _ in range(length)))
    seeds = [seed for seed, length in parts for _ in range(length)]
    changes = {number for number, (left, right) in enumerate(pairwise(seeds), 1) if left != right}
    assert set(cuts(pictures)) <= changes


def test_the_first_frame_of_a_shot_is_given_at_any_rate(tmp_path):
    path = constant_rate(tmp_path / "two.mp4", seconds=2.0, numbers=[0] * 25 + [1023] * 25)
    for fps in ("every", "2"):
        with open_video(path, fps=fps, shots=True) as source:
            frames = list(source)
        assert [frame.time_s for frame in frames if frame.change is not None] == [1.0]
        assert [frame.time_s for frame in frames] == sorted({f.time_s for f in frames})
    with open_video(path, fps="2") as source:
        assert all(frame.change is None for frame in source)
