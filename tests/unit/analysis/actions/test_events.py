from __future__ import annotations

import numpy as np
import pytest

from emoreport.analysis.actions.events import find_events
from emoreport.analysis.actions.rows import found_actions
from emoreport.records import MEASURES, POSE, ActionTrack, EyeTrack, Span
from emoreport.results import VideoInterval


def track(count: int = 100, eyes: EyeTrack | None = None, **measured: np.ndarray) -> ActionTrack:
    """Looks at 10 Hz at a face that does nothing, but for what is given."""
    values = {name: np.zeros(count, np.float32) for name in (*POSE, *MEASURES)}
    given = {name: np.asarray(column, np.float32) for name, column in measured.items()}
    return ActionTrack(np.arange(count) / 10, values | given, eyes)


def raised(first: int, end: int, level: float, count: int = 100) -> np.ndarray:
    values = np.zeros(count)
    values[first:end] = level
    return values


def test_a_smile_lasts_from_its_first_look_to_when_the_next_is_due() -> None:
    (smile,) = find_events(track(AU12_like=raised(20, 40, 0.8)))
    assert (smile.action, smile.span) == ("smile", Span(2.0, 4.0))
    assert smile.peak == pytest.approx(0.8)


def test_a_smile_goes_on_while_it_weakens_a_little_and_must_last() -> None:
    weak = raised(20, 40, 0.8) + raised(40, 50, 0.4)
    (smile,) = find_events(track(AU12_like=weak))
    assert smile.span == Span(2.0, 5.0)
    assert find_events(track(AU12_like=raised(20, 24, 0.9))) == ()
    assert find_events(track(AU12_like=raised(20, 60, 0.45))) == ()


@pytest.mark.parametrize(("narrowing", "told"), [(0.3, True), (0.02, False)])
def test_eyes_that_narrow_more_than_usual_make_a_smile_with_the_eyes(
    narrowing: float, told: bool
) -> None:
    narrow = 0.6 + raised(20, 40, narrowing)
    (smile,) = find_events(track(AU12_like=raised(20, 40, 0.8), eye_narrowing=narrow))
    assert smile.with_eyes is told


def test_who_always_smiles_has_no_usual_eyes() -> None:
    (smile,) = find_events(track(AU12_like=np.full(100, 0.8)))
    assert smile.with_eyes is None


def test_a_face_out_of_sight_ends_a_smile_but_a_missed_look_does_not() -> None:
    smiling = np.full(100, 0.8)
    smiling[30] = smiling[50:70] = np.nan
    first, second = find_events(track(AU12_like=smiling))
    assert first.span == Span(0.0, 5.0)
    assert second.span.start_s == 7.0


def test_no_smile_goes_on_over_a_cut() -> None:
    first, second = find_events(track(AU12_like=raised(20, 60, 0.8)), [3.95])
    assert (first.span, second.span) == (Span(2.0, 4.0), Span(4.0, 6.0))


def test_an_open_mouth() -> None:
    (opened,) = find_events(track(mouth_opening=raised(10, 20, 0.6)))
    assert (opened.action, opened.with_eyes) == ("mouth_open", None)
    assert opened.peak == pytest.approx(0.6)


def test_rows_hold_means_of_the_looks_in_them() -> None:
    yaw = np.arange(100.0)
    yaw[5] = np.nan
    unseen = {name: np.where(np.isnan(yaw), np.nan, 0.0) for name in (*POSE, *MEASURES)}
    rows = [
        VideoInterval(Span(0, 1), "neutral", 0.5, 1.0, 10),
        VideoInterval(Span(1, 10), "anger", 0.5, 1.0, 90),
    ]
    found = found_actions(track(**{**unseen, "yaw_deg": yaw}), rows)
    first, second = found.intervals
    assert (first.looks, second.looks) == (9, 90)
    assert first.means["yaw_deg"] == pytest.approx((45 - 5) / 9)
    assert (first.emotion, first.blinks) == ("neutral", None)
    assert found.summary is not None
    assert (found.summary.blinks, found.summary.blinks_per_minute) == (None, None)
    assert found.summary.smiles_with_eyes == 0


def test_blinks_are_counted_in_the_row_of_their_deepest_point() -> None:
    time_s = np.arange(0, 10, 0.04)
    opening = np.full(len(time_s), 0.3)
    opening[[24, 25, 26, 100, 101]] = 0.05  # at 1 s, and at 4 s
    rows = [
        VideoInterval(Span(0, 1.02), "neutral", 0.5, 1.0, 10),
        VideoInterval(Span(1.02, 10), "anger", 0.5, 1.0, 90),
    ]
    found = found_actions(track(eyes=EyeTrack(time_s, opening.astype(np.float32))), rows)
    assert [row.blinks for row in found.intervals] == [1, 1]
    assert found.summary is not None
    assert found.summary.blinks == 2
    assert found.summary.blinks_per_minute == pytest.approx(12.0)


def test_without_actions_there_is_nothing() -> None:
    found = found_actions(None, [])
    assert (found.intervals, found.events, found.summary) == ((), (), None)
