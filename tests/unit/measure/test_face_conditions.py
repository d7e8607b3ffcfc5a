from __future__ import annotations

import numpy as np
import pytest

from emoreport.measure.face_conditions import CONDITIONS, UNCHANGED
from emoreport.messages import keys


def picture(side_px: int = 48) -> np.ndarray:
    """A bright disc with a dark nose in the middle, on grey; brighter to the right."""
    down, across = np.mgrid[0:side_px, 0:side_px] / side_px - 0.5
    levels = np.full((side_px, side_px), 90.0)
    levels[down**2 + across**2 < 0.16] = 180
    levels[(down**2 + across**2) < 0.004] = 20
    return np.repeat((levels + 60 * across)[:, :, np.newaxis], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_give_a_picture_of_the_same_size_again_and_again(name: str) -> None:
    change = CONDITIONS[name]
    for side_px in (48, 224):
        before = picture(side_px)
        kept = before.copy()
        after = change(before, 3)
        assert after.shape == before.shape
        assert after.dtype == np.uint8
        assert np.array_equal(before, kept)
        assert np.array_equal(after, change(before, 3))
        assert np.array_equal(after, before) == (name == UNCHANGED)


def nose(image: np.ndarray) -> tuple[float, float]:
    """Centre (x, y) of the dark spot, shares of the side."""
    y, x = np.nonzero(image[:, :, 0] < 60)
    return float(x.mean() + 0.5) / image.shape[1], float(y.mean() + 0.5) / image.shape[0]


def test_a_moved_box_moves_the_face_the_other_way() -> None:
    x, y = nose(CONDITIONS["box_15_percent_right"](picture(), 0))
    assert (x, y) == pytest.approx((0.35, 0.5), abs=0.02)
    x, y = nose(CONDITIONS["box_15_percent_higher"](picture(), 0))
    assert (x, y) == pytest.approx((0.5, 0.65), abs=0.02)


def test_tighter_crops_show_a_larger_face() -> None:
    def size(name: str) -> int:
        return int((CONDITIONS[name](picture(), 0)[:, :, 0] < 60).sum())

    sizes = [size(f"crop_{name}") for name in ("25_percent_tighter", "30_percent_looser")]
    assert sizes[0] > size(UNCHANGED) > sizes[1]


def test_a_turned_head_shows_its_nose_nearer_to_its_far_side() -> None:
    for index, sign in ((0, 1), (1, -1)):
        few = nose(CONDITIONS["yaw_20_deg"](picture(), index))[0] - 0.5
        much = nose(CONDITIONS["yaw_45_deg"](picture(), index))[0] - 0.5
        assert 0.02 < sign * few < sign * much
        down = nose(CONDITIONS["pitch_20_deg"](picture(), index))
        assert sign * (down[1] - 0.5) > 0.02
        assert down[0] == pytest.approx(0.5, abs=0.02)


def test_low_light_is_dark_and_its_noise_differs_from_face_to_face() -> None:
    dark = CONDITIONS["low_light"]
    assert dark(picture(), 0).mean() == pytest.approx(0.2 * picture().mean(), abs=2)
    assert not np.array_equal(dark(picture(), 0), dark(picture(), 1))


def test_a_speaking_mouth_is_dark_inside_and_leaves_the_eyes() -> None:
    still = picture(96)
    spoken = CONDITIONS["mouth_open"](still, 0)
    assert spoken[74, 48, 0] < still[74, 48, 0] / 2
    assert np.array_equal(spoken[:58], still[:58])


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_condition_has_words(lang: str) -> None:
    assert {f"cli.evaluate.condition.{name}" for name in CONDITIONS} <= set(keys(lang))
