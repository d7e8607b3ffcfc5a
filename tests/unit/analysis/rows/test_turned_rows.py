from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE
from emoreport.analysis.rows.judging import judge_rows
from emoreport.records import FaceTrack
from emoreport.settings import Settings
from emoreport.vocabulary import UNCERTAIN
from tests.fixtures.readings import peaked, speech_track, track_of

RATE_HZ = 10.0


def faces(turns: list[float], *, measured: bool = True, emotion: str = "sadness") -> FaceTrack:
    """Ten frames a second of one emotion, the head turned as given, in units of the limit."""
    track = track_of(
        [k / RATE_HZ for k in range(len(turns))], np.array([peaked(emotion)] * len(turns))
    )
    turn = np.array(turns, np.float32)
    extra = {**track.extra, "head_turn": turn, "yaw_deg": 60 * turn, "pitch_deg": 0 * turn}
    return replace(track, extra=extra | ({"roll_deg": 0 * turn} if measured else {}))


def rows(track: FaceTrack, **settings: object) -> list[tuple[str, float, float, tuple[str, ...]]]:
    duration_s = len(track) / RATE_HZ
    judged = judge_rows(
        track, speech_track(["neutral"]), duration_s, Settings(**settings), DEFAULT_BRIDGE
    )
    return [
        (row.emotion, round(row.span.start_s, 3), round(row.span.end_s, 3), row.reasons)
        for row in judged.video
    ]


TURNED = [0.2] * 30 + [1.4] * 20 + [0.2] * 50


def test_a_turned_stretch_is_uncertain_and_the_rest_keeps_its_label() -> None:
    assert rows(faces(TURNED)) == [
        ("sadness", 0.0, 3.0, ()),
        (UNCERTAIN, 3.0, 5.0, ("head_turned",)),
        ("sadness", 5.0, 10.0, ()),
    ]


def test_a_turn_that_six_points_tell_is_judged_over_the_row() -> None:
    assert rows(faces(TURNED, measured=False)) == [("sadness", 0.0, 10.0, ())]


def test_a_turn_of_a_moment_changes_nothing() -> None:
    assert rows(faces([0.2] * 30 + [1.4] * 2 + [0.2] * 50)) == [("sadness", 0.0, 8.2, ())]


def test_the_level_decides_what_is_too_far() -> None:
    slightly = faces([0.2] * 30 + [0.9] * 20 + [0.2] * 50)
    assert len(rows(slightly)) == 1
    assert rows(slightly, abstention="strict")[1][:3] == (UNCERTAIN, 3.0, 5.0)
    assert rows(faces(TURNED), abstention="off") == [("sadness", 0.0, 10.0, ())]


def test_a_head_that_shakes_is_judged_by_its_mean() -> None:
    shaking = faces([0.2, 1.2] * 50)
    assert rows(shaking) == [("sadness", 0.0, 10.0, ())]


@given(
    st.lists(st.floats(0, 2), min_size=10, max_size=80),
    st.sampled_from([0.0, 0.5, 1.5]),
    st.sampled_from(["normal", "strict"]),
)
def test_rows_tile_differ_and_are_long_enough(
    turns: list[float], min_interval: float, abstention: str
) -> None:
    found = rows(faces(turns), min_interval=min_interval, abstention=abstention)
    duration_s = len(turns) / RATE_HZ
    assert found[0][1] == 0
    assert found[-1][2] == pytest.approx(duration_s)
    for before, after in itertools.pairwise(found):
        assert before[2] == after[1]
        assert before[0] != after[0]
    if len(found) > 1:
        assert min(row[2] - row[1] for row in found) >= min_interval - 1e-6
