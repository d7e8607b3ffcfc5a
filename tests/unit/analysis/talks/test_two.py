"""Two talks compared: figures by hand, intervals, and when there is none."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis.talks.two import compare_talks
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    MEAN_VALENCE,
    MISMATCH_SHARE,
    TOO_FEW_INTERVALS,
    TOO_SHORT,
    TRANSITION_RATE,
    UNKNOWN,
    WORD_RATE,
    Talk,
    describe_talk,
)
from emoreport.records import Span
from emoreport.results import Comparison
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import video_rows

MATCH = {"same": True, "other": False, "unknown": None}


def compared(*stretches):
    rows, at_s = [], 0.0
    for name, seconds in stretches:
        rows.append(Comparison(Span(at_s, at_s + seconds), "", "", MATCH[name], None))
        at_s += seconds
    return tuple(rows)


def figures(talk, emotions=None):
    return {(one.measure, one.emotion): one for one in describe_talk(talk, emotions)}


def random_talk(seed, *, visits=150, happy=0.3, valence=0.0):
    rng = np.random.default_rng(seed)
    names = ["neutral", "happiness", "sadness"]
    share = [1.0 - happy - 0.1, happy, 0.1]
    label, stretches = "", []
    for _ in range(visits):
        left = [(name, part) for name, part in zip(names, share, strict=True) if name != label]
        weight = np.array([part for _, part in left])
        label = left[rng.choice(len(left), p=weight / weight.sum())][0]
        stretches.append((label, float(rng.gamma(2.0, 2.0))))
    rows = video_rows(*stretches)
    level = {"neutral": valence, "happiness": 0.8, "sadness": -0.5}
    rows = tuple(dataclasses.replace(row, valence=level[row.emotion]) for row in rows)
    match = [(str(rng.choice(["same", "other"])), row.span.duration_s) for row in rows]
    return Talk(f"talk {seed}", rows, compared(*match))


def test_figures_by_hand():
    rows = video_rows(("fear", 2), ("anger", 6), ("no_face", 2), ("fear", 2))
    rows = tuple(
        dataclasses.replace(row, valence=value)
        for row, value in zip(rows, (-0.5, -1.0, None, 0.5), strict=True)
    )
    found = figures(Talk("a", rows, compared(("same", 3), ("other", 1), ("unknown", 8))))
    assert found[EMOTION_SHARE, "anger"].value == pytest.approx(0.6)
    assert found[EMOTION_SHARE, "fear"].value == pytest.approx(0.4)
    assert found[TRANSITION_RATE, None].value == pytest.approx(6.0)
    assert found[MISMATCH_SHARE, None].value == pytest.approx(0.25)
    assert found[MEAN_VALENCE, None].value == pytest.approx((-1.0 - 6.0 + 1.0) / 10)
    assert {one.reason for one in found.values()} == {TOO_FEW_INTERVALS}
    assert {(one.low, one.high) for one in found.values()} == {(None, None)}


def test_words_are_compared_where_both_talks_have_them():
    rows = video_rows(("fear", 20), ("anger", 40))
    slow = Talk("a", rows, words_s=tuple(range(0, 60, 2)))
    quick = Talk("b", rows, words_s=tuple(range(60)))
    rate = compare_talks(slow, quick)[-1]
    assert (rate.measure, rate.first, rate.second, rate.difference) == (WORD_RATE, 30, 60, 30)
    for others in ((slow, Talk("c", rows)), (Talk("c", rows), quick)):
        assert WORD_RATE not in {row.measure for row in compare_talks(*others)}


def test_valence_may_come_from_elsewhere_and_uncertain_rows_have_none():
    rows = video_rows(("fear", 2), ("uncertain", 2), ("anger", 2))
    found = figures(Talk("a", rows, valence=(-0.5, 1.0, 0.5)))
    assert found[MEAN_VALENCE, None].value == pytest.approx(0.0)
    missing = figures(Talk("a", rows, valence=(None, None, None)))[MEAN_VALENCE, None]
    assert (missing.value, missing.reason) == (None, UNKNOWN)


def test_a_talk_without_a_face_has_no_figures():
    for rows in (video_rows(("no_face", 20)), ()):
        found = figures(Talk("a", rows), ["fear"])
        assert {one.reason for one in found.values()} == {UNKNOWN}
        assert {one.value for one in found.values()} == {None}


def test_intervals_hold_the_figure_and_stay_in_range():
    found = figures(random_talk(0))
    for one in found.values():
        assert one.reason is None
        assert one.low < one.value < one.high
    for (measure, _), one in found.items():
        if measure in {EMOTION_SHARE, MISMATCH_SHARE}:
            assert 0.0 <= one.low <= one.high <= 1.0
    assert found[TRANSITION_RATE, None].low > 0


def test_dependence_widens_the_interval():
    rng = np.random.default_rng(1)
    found = []
    for visits, mean_s in ((600, 2.0), (100, 12.0)):
        lengths = rng.gamma(2.0, mean_s / 2.0, visits)
        names = ["fear", "anger"] * (visits // 2)
        rows = video_rows(*zip(names, lengths.tolist(), strict=True))
        found.append(figures(Talk("a", rows))[EMOTION_SHARE, "fear"])
    widths = [one.high - one.low for one in found]
    assert widths[1] > 1.7 * widths[0]


def test_a_talk_that_resembles_itself_for_too_long_gives_no_interval():
    stretches = [("neutral", 25.0), ("fear", 3.0), ("anger", 25.0), ("fear", 2.0)]
    found = figures(Talk("a", video_rows(*stretches, *stretches[:2], *stretches)))
    assert found[TRANSITION_RATE, None].reason == TOO_SHORT
    assert found[TRANSITION_RATE, None].low is None


def test_differences_by_hand():
    first = Talk("a", video_rows(("fear", 6), ("anger", 4)))
    second = Talk("b", video_rows(("fear", 2), ("sadness", 8)))
    rows = {(one.measure, one.emotion): one for one in compare_talks(first, second)}
    differences = {
        emotion: round(row.difference, 6) for (_, emotion), row in rows.items() if emotion
    }
    assert differences == {"anger": -0.4, "fear": -0.4, "sadness": 0.8}
    assert rows[MISMATCH_SHARE, None].difference is None
    assert rows[MISMATCH_SHARE, None].reason == UNKNOWN
    assert rows[EMOTION_SHARE, "fear"].reason == TOO_FEW_INTERVALS


def test_the_interval_of_a_difference_is_put_together_from_both():
    first, second = random_talk(1), random_talk(2)
    before, after = figures(first), figures(second)
    for row in compare_talks(first, second):
        one, other = before[row.measure, row.emotion], after[row.measure, row.emotion]
        low = row.difference - np.hypot(other.value - other.low, one.high - one.value)
        high = row.difference + np.hypot(other.high - other.value, one.value - one.low)
        assert (row.low, row.high) == (pytest.approx(low), pytest.approx(high))


def test_a_difference_that_is_there_is_seen_and_none_where_there_is_none():
    rows = {
        (one.measure, one.emotion): one
        for one in compare_talks(
            random_talk(3, visits=400), random_talk(4, visits=400, happy=0.6, valence=0.3)
        )
    }
    assert rows[EMOTION_SHARE, "happiness"].low > 0
    assert rows[MEAN_VALENCE, None].low > 0
    same = compare_talks(random_talk(5, visits=400), random_talk(5, visits=400))
    assert all(one.low < 0 < one.high for one in same)


def test_the_other_way_round_is_the_mirror_image():
    first, second = random_talk(6), random_talk(7, happy=0.5)
    there, back = compare_talks(first, second), compare_talks(second, first)
    for one, other in zip(there, back, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 39), st.permutations(EMOTIONS))
def test_cutting_a_row_in_two_or_renaming_changes_nothing(seed, place, renamed):
    talk = random_talk(seed, visits=40)
    row = talk.video[place]
    middle_s = row.span.start_s + 0.3 * row.span.duration_s
    halves = (
        dataclasses.replace(row, span=Span(row.span.start_s, middle_s)),
        dataclasses.replace(row, span=Span(middle_s, row.span.end_s)),
    )
    cut = (*talk.video[:place], *halves, *talk.video[place + 1 :])
    new = dict(zip(EMOTIONS, renamed, strict=True))
    other = figures(
        dataclasses.replace(
            talk, video=tuple(dataclasses.replace(row, emotion=new[row.emotion]) for row in cut)
        )
    )
    for (measure, emotion), one in figures(talk).items():
        same = other[measure, new.get(emotion)]
        assert one.reason == same.reason
        for field in ("value", "low", "high"):
            value, again = getattr(one, field), getattr(same, field)
            assert (value is None) == (again is None)
            if value is not None:
                assert value == pytest.approx(again, rel=1e-6, abs=1e-9)
