"""Compound expressions: means of two probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.compounds import (
    COMPOUND_NAMES,
    COMPOUNDS,
    compound_scores,
    with_compounds,
)
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.settings import AnalysisSettings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import track_of, video_rows

# Pairs of columns of the eight emotions in alphabetical order, as published.
PAIRS = [(3, 7), (4, 7), (6, 7), (2, 7), (0, 7), (6, 3), (6, 0)]


def test_the_seven_pairs_in_their_order():
    assert [(EMOTIONS.index(one), EMOTIONS.index(other)) for _, one, other in COMPOUNDS] == PAIRS


def test_scores_by_hand():
    row = np.array([[0.1, 0.0, 0.0, 0.3, 0.2, 0.0, 0.0, 0.4]])
    np.testing.assert_allclose(
        compound_scores(row, EMOTIONS), [[0.35, 0.3, 0.2, 0.2, 0.25, 0.15, 0.05]]
    )


def test_a_frame_without_a_face_has_no_scores():
    assert np.isnan(compound_scores(np.full((1, 8), np.nan), EMOTIONS)).all()


def test_a_model_without_surprise_has_two_pairs():
    scores = compound_scores(np.array([[0.5, 0.25, 0.25]]), ("anger", "fear", "sadness"))
    assert np.isnan(scores[0]).tolist() == [True] * 5 + [False] * 2
    assert scores[0, 5:].tolist() == [0.25, 0.375]


def test_rows_have_scores_where_they_have_a_distribution():
    rows = video_rows(("surprise", 1), ("no_face", 1))
    surprised, nobody = (row.compounds for row in with_compounds(rows, EMOTIONS))
    assert surprised.leading == "fearfully_surprised"
    assert surprised.scores == (0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0)
    assert (nobody.scores, nobody.leading) == ((None,) * 7, None)
    assert with_compounds((), EMOTIONS) == ()


def test_what_a_model_does_not_give_is_none():
    (row,) = segment_faces(
        track_of([0.0], [[0.2, 0.3, 0.5]], ("anger", "fear", "sadness")), 0.1, AnalysisSettings()
    )
    one = with_compounds([row], ("anger", "fear", "sadness"))[0].compounds
    assert one.leading == "sadly_fearful"
    assert one.scores[:5] == (None,) * 5
    assert one.scores[5:] == pytest.approx((0.4, 0.35), abs=1e-6)
    nothing = with_compounds([row], ("contempt", "disgust", "neutral"))[0].compounds
    assert (nothing.scores, nothing.leading) == ((None,) * 7, None)


@given(st.lists(st.lists(st.integers(1, 9), min_size=8, max_size=8), min_size=1, max_size=6))
def test_the_scores_of_a_row_are_the_means_of_its_frames(weights):
    table = np.array(weights, dtype=float)
    table /= table.sum(axis=1, keepdims=True)
    track = track_of(np.arange(len(table)) / 8, table)
    settings = AnalysisSettings(smoothing_s=0.0, min_interval_s=60.0)
    (row,) = segment_faces(track, len(table) / 8, settings)
    one = with_compounds([row], EMOTIONS)[0].compounds
    expected = compound_scores(track.probabilities, EMOTIONS).mean(axis=0)
    np.testing.assert_allclose(one.scores, expected, atol=1e-6)
    assert one.leading == COMPOUND_NAMES[int(np.argmax(one.scores))]
