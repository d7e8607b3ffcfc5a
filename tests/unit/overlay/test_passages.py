from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.overlay.passages import (
    FACE,
    VOICE,
    clip_span,
    emotion_passages,
    in_passes,
    part_about,
    strongest_mismatches,
)
from emoreport.records import Span
from emoreport.results import Comparison
from tests.fixtures.results import analysis, long_analysis


def compared(*rows: tuple[float, float, bool | None, float | None]):
    """An analysis with these comparisons: start, end, match, severity."""
    return dataclasses.replace(
        analysis(),
        comparisons=tuple(
            Comparison(Span(start, end), "fear", "anger", match, severity)
            for start, end, match, severity in rows
        ),
    )


def test_the_strongest_come_first_and_of_equals_the_longest() -> None:
    result = compared((0, 1, False, 0.5), (1, 4, False, 0.5), (4, 5, False, 0.9))
    passages = strongest_mismatches(result, 10)
    assert [one.span.start_s for one in passages] == [4, 1, 0]
    assert [one.number for one in passages] == [1, 2, 3]


def test_only_so_many_are_taken() -> None:
    result = compared(*((at, at + 1, False, 0.1 * at) for at in range(8)))
    assert [one.span.start_s for one in strongest_mismatches(result, 3)] == [7, 6, 5]


def test_what_was_not_compared_or_agrees_is_no_mismatch() -> None:
    result = compared((0, 1, True, 0.9), (1, 2, None, 0.9), (2, 3, False, None))
    assert strongest_mismatches(result, 10) == ()


def test_every_row_of_an_emotion_is_found_in_order() -> None:
    result = long_analysis(40, 200.0)
    found = emotion_passages(result, "fear", FACE)
    rows = [row for row in result.video_intervals if row.emotion == "fear"]
    assert [one.span for one in found] == [row.span for row in rows]
    assert [one.confidence for one in found] == [row.confidence for row in rows]
    assert {one.video_emotion for one in found} == {"fear"}


def test_the_voice_has_rows_of_its_own() -> None:
    result = long_analysis(40, 200.0)
    found = emotion_passages(result, "sadness", VOICE)
    assert found
    assert {one.audio_emotion for one in found} == {"sadness"}
    assert {one.video_emotion for one in found} != {"sadness"}


def test_of_an_emotion_the_longest_rows_are_taken_and_stay_in_order() -> None:
    result = long_analysis(80, 200.0)
    everything = emotion_passages(result, "fear", FACE)
    chosen = emotion_passages(result, "fear", FACE, top=3)
    longest = sorted((one.span.duration_s for one in everything), reverse=True)[:3]
    assert sorted((one.span.duration_s for one in chosen), reverse=True) == longest
    starts = [one.span.start_s for one in chosen]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("span", "lead_in_s", "expected"),
    [
        (Span(5, 6), 1.0, Span(4, 6)),
        (Span(0.5, 2), 1.0, Span(0, 2)),
        (Span(5, 9.9), 0.0, Span(5, 9)),
    ],
)
def test_a_clip_stays_inside_the_recording(span: Span, lead_in_s: float, expected: Span) -> None:
    assert clip_span(span, lead_in_s, 9.0) == expected


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [(6.0, Span(5.0, 7.0)), (3.2, Span(3.0, 5.0)), (8.9, Span(7.0, 9.0))],
)
def test_a_part_is_about_its_moment_and_stays_inside(time_s: float, expected: Span) -> None:
    assert part_about(Span(3.0, 9.0), time_s, 2.0) == expected
    assert part_about(Span(3.0, 9.0), time_s, 6.0) == Span(3.0, 9.0)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 30)), max_size=40),
    st.integers(1, 5),
)
def test_no_more_than_so_many_overlap_in_a_pass(
    values: list[tuple[float, float]], at_once: int
) -> None:
    spans = [Span(start, start + length) for start, length in values]
    passes = in_passes(spans, at_once)
    assert sorted(place for group in passes for place in group) == list(range(len(spans)))
    for group in passes:
        for time_s in [spans[place].start_s for place in group]:
            open_now = [
                place for place in group if spans[place].start_s <= time_s < spans[place].end_s
            ]
            assert len(open_now) <= at_once
    assert np.all([len(group) for group in passes])
