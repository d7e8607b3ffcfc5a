from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.overlay.stills import head_area, take_stills
from emoreport.records import Box
from tests.fixtures import media
from tests.fixtures.media import is_upright, read_number

UNEVEN_S = [0.0, 0.033, 0.05, 0.3, 0.301, 0.7, 1.1, 1.111, 1.9]


def numbers(video: Path, times_s: list[float]) -> list[int]:
    stills, _ = take_stills(video, times_s, lambda _, rgb: rgb)
    return [-1 if rgb is None else read_number(rgb) for rgb in stills]


@pytest.mark.parametrize("name", ["vfr.mkv", "vfr.mp4"])
def test_each_still_is_the_frame_of_its_very_time(tmp_path: Path, name: str) -> None:
    video = media.variable_rate(tmp_path / name, UNEVEN_S)
    # In any order, one of them twice, as stored: rounded to a millisecond.
    assert numbers(video, [1.9, 0.301, 0.033, 1.111, 0.301]) == [8, 4, 1, 7, 4]


def test_what_is_hidden_by_an_edit_list_does_not_count(tmp_path: Path) -> None:
    video = media.edit_list(tmp_path / "cut.mp4", start_s=0.42)
    assert numbers(video, [0.0, 0.4]) == [read_number_at(video, 0), read_number_at(video, 10)]


def read_number_at(video: Path, frame: int) -> int:
    from tests.fixtures.rendered import frames_of

    return read_number(frames_of(video)[frame])


def test_a_time_after_the_end_has_no_still(tmp_path: Path) -> None:
    video = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    assert numbers(video, [5.0, 0.2]) == [-1, 5]


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_a_still_is_upright(tmp_path: Path, clockwise_deg: int) -> None:
    video = media.rotated(tmp_path / "turned.mp4", clockwise_deg, seconds=0.2)
    (still,), _ = take_stills(video, [0.08], lambda _, rgb: rgb)
    assert still is not None
    assert is_upright(still)


def test_what_is_done_to_pictures_comes_before_they_are_cut(tmp_path: Path) -> None:
    video = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    seen = []

    def hide(rgb: np.ndarray, time_s: float) -> np.ndarray:
        seen.append(time_s)
        return np.zeros_like(rgb)

    stills, outcome = take_stills(video, [0.2, 0.08], lambda _, rgb: rgb[:10], prepare=hide)
    assert seen == pytest.approx([0.08, 0.2])
    assert all(not still.any() and len(still) == 10 for still in stills if still is not None)
    assert outcome.frames == 6  # nothing after the last of them is decoded


@pytest.mark.parametrize(
    "box",
    [Box(40, 30, 20, 20), Box(-8, -8, 40, 40), Box(140, 100, 40, 40), Box(0, 0, 400, 300)],
)
def test_the_square_about_a_head_stays_in_the_picture(box: Box) -> None:
    area = head_area(box, (160, 120))
    assert area.right - area.left == area.bottom - area.top
    assert 0 <= area.left < area.right <= 160
    assert 0 <= area.top < area.bottom <= 120


def test_the_square_holds_the_face_and_more() -> None:
    area = head_area(Box(100, 100, 50, 50), (640, 480))
    assert area.left < 90
    assert area.right > 160
    assert area.top < 80
    assert area.bottom > 160
