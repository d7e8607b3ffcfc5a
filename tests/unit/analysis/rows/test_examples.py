from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.examples import (
    LENGTH,
    STRENGTH,
    ranked_rows,
    strongest_expressions,
)
from emoreport.records import Span
from emoreport.results import VideoInterval
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import peaked, track_of


def row(start: float, end: float, emotion: str, confidence: float | None = 0.5) -> VideoInterval:
    return VideoInterval(Span(start, end), emotion, confidence, 1.0, 10)


ROWS = (
    row(0.0, 2.0, "fear", 0.6),
    row(2.0, 5.0, "neutral", 0.9),
    row(5.0, 6.0, "fear", 0.9),
    row(6.0, 7.0, "uncertain", None),
    row(7.0, 8.0, "no_face", None),
    row(8.0, 10.0, "fear", 0.8),
    row(10.0, 12.0, "anger", 0.7),
)
TIMES_S = [at / 10 for at in range(120)]


def faces(peaks: dict[int, float]):
    """Readings that name each row's emotion with 0.5, and with `peaks` in some frames."""
    labels = [next(one.emotion for one in ROWS if at < one.span.end_s) for at in TIMES_S]
    rows = [
        peaked(label if label in EMOTIONS else None, peak=peaks.get(number, 0.5))
        for number, label in enumerate(labels)
    ]
    return track_of(TIMES_S, rows)


def spans(chosen) -> dict[str, list[tuple[float, float]]]:
    return {
        emotion: [(one.row.span.start_s, one.row.span.end_s) for one in expressions]
        for emotion, expressions in chosen.items()
    }


def test_the_longest_come_first_and_of_equals_the_earliest() -> None:
    chosen = strongest_expressions(ROWS, faces({}), 3)
    assert spans(chosen)["fear"] == [(0.0, 2.0), (8.0, 10.0), (5.0, 6.0)]
    assert [one.row_index for one in chosen["fear"]] == [0, 5, 2]


def test_the_strongest_come_first_where_that_is_asked_for() -> None:
    chosen = strongest_expressions(ROWS, faces({}), 2, STRENGTH)
    assert spans(chosen)["fear"] == [(5.0, 6.0), (8.0, 10.0)]


def test_only_emotions_are_taken_and_neutral_comes_last() -> None:
    assert list(strongest_expressions(ROWS, faces({}), 1)) == ["anger", "fear", "neutral"]


def test_the_frame_is_that_of_the_highest_probability_inside_the_row() -> None:
    # A higher one just past the end of the row is not its own.
    chosen = strongest_expressions(ROWS, faces({13: 0.8, 21: 0.99, 80: 0.95, 99: 0.9}), 3)
    assert [one.time_s for one in chosen["fear"]] == [1.3, 8.0, 5.0]
    assert [one.probability for one in chosen["fear"]] == pytest.approx([0.8, 0.95, 0.5])


def test_a_frame_that_nobody_looked_at_or_without_a_face_is_no_still() -> None:
    track = faces({13: 0.8, 14: 0.7, 15: 0.6})
    skipped = np.zeros(len(track), np.bool_)
    skipped[13] = True
    track.probabilities[14] = np.nan
    chosen = strongest_expressions(ROWS, dataclasses.replace(track, skipped=skipped), 1)
    assert chosen["fear"][0].time_s == 1.5


def test_a_row_without_a_usable_frame_gives_its_place_to_the_next() -> None:
    track = faces({})
    track.probabilities[:20] = np.nan
    assert spans(strongest_expressions(ROWS, track, 1))["fear"] == [(8.0, 10.0)]
    track.probabilities[:] = np.nan
    assert strongest_expressions(ROWS, track, 3) == {}


def test_an_emotion_that_the_model_does_not_know_is_shown_by_the_middle_of_its_row() -> None:
    coded = (row(0.0, 2.0, "enthusiasm", None),)
    (one,) = strongest_expressions(coded, faces({}), 3)["enthusiasm"]
    assert (one.time_s, one.probability) == (1.0, None)


def test_no_more_than_so_many_are_taken() -> None:
    assert len(strongest_expressions(ROWS, faces({}), 2)["fear"]) == 2


@given(
    st.lists(
        st.tuples(st.sampled_from(EMOTIONS), st.floats(0.1, 30), st.floats(0, 1)), max_size=20
    ),
    st.sampled_from((LENGTH, STRENGTH)),
)
def test_a_ranking_holds_every_row_of_the_emotion_once_best_first(values, by: str) -> None:
    rows = [row(at, at + length, label, score) for at, (label, length, score) in enumerate(values)]
    ranked = ranked_rows(rows, "fear", by)
    assert sorted(ranked) == [at for at, one in enumerate(rows) if one.emotion == "fear"]
    key = [rows[at].span.duration_s if by == LENGTH else rows[at].confidence for at in ranked]
    assert key == sorted(key, reverse=True)
