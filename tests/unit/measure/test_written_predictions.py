"""Predictions are written for every frame of a label file, gaps filled the right way round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.corpora.abaw import read_abaw, write_abaw
from emoreport.corpora.frame_scores import score_frames
from emoreport.corpora.tasks import AU, EXPR, VA
from emoreport.measure.frame_predictions import read_predictions
from emoreport.measure.written_predictions import fill_frames, write_predictions

NAN = np.nan


def at_half(unit, video):
    return 0.5


def test_a_gap_is_interpolated_and_the_ends_are_held():
    values = np.array([[NAN], [0.0], [NAN], [NAN], [NAN], [1.0], [NAN]])
    filled = fill_frames(values, 9)[:, 0].tolist()
    # A quarter into the gap the frame before it counts three quarters.
    assert filled == [0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1]


def test_nothing_known_stays_unknown_and_longer_predictions_are_cut():
    assert np.isnan(fill_frames(np.full((3, 2), NAN), 5)).all()
    assert fill_frames(np.arange(6.0)[:, np.newaxis], 3)[:, 0].tolist() == [0, 1, 2]


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1, width=16)), min_size=1, max_size=12))
def test_known_frames_keep_their_values(cells):
    values = np.array([[NAN if cell is None else cell] for cell in cells])
    filled = fill_frames(values, len(cells))
    known = ~np.isnan(values)
    np.testing.assert_array_equal(filled[known], values[known])
    assert np.isnan(filled).any() == (not known.any())


def test_expressions_are_written_for_every_frame_of_the_label_file(tmp_path):
    labels = {"a": np.zeros((6, 1)), "b": np.zeros((2, 1)), "c": np.zeros((2, 1))}
    rows = np.full((4, 8), NAN)
    rows[0], rows[3] = np.eye(8)[1], np.eye(8)[4]
    found = {"a": rows, "c": np.full((2, 8), NAN)}
    assert write_predictions(tmp_path, EXPR, labels, found, at_half) == ["a"]
    written = read_abaw(tmp_path, EXPR)
    assert list(written) == ["a"]
    assert written["a"][:, 0].tolist() == [1, 1, 4, 4, 4, 4]
    again = read_predictions(tmp_path, EXPR, labels)
    assert write_predictions(tmp_path / "more", EXPR, labels, again, at_half) == ["a"]
    assert (tmp_path / "more" / "a.txt").read_bytes() == (tmp_path / "a.txt").read_bytes()


def test_valence_and_arousal_stay_in_their_range(tmp_path):
    found = {"a": np.array([[0.25, -2.0], [NAN, NAN], [0.75, 0.0]])}
    write_predictions(tmp_path, VA, {"a": np.zeros((3, 2))}, found, at_half)
    expected = [[0.25, -1], [0.5, -1], [0.75, 0]]
    np.testing.assert_allclose(read_abaw(tmp_path, VA)["a"], expected)


def test_action_units_are_cut_at_thresholds_of_other_people(tmp_path):
    truth = np.zeros((8, 12))
    truth[4:] = 1
    labels = dict.fromkeys("ab", truth)
    low = np.where(truth > 0, 0.2, 0.05)
    found = {"a": low, "b": low}
    scores = score_frames(AU, labels, found)
    write_predictions(tmp_path, AU, labels, found, scores.threshold)
    np.testing.assert_array_equal(read_abaw(tmp_path, AU)["a"], truth)
    again = score_frames(AU, labels, read_predictions(tmp_path, AU, labels))
    fitted = scores.scores["mean_f1_at_fitted"].value
    assert again.scores["mean_f1_at_half"].value == pytest.approx(fitted) == 1
    write_predictions(tmp_path / "half", AU, labels, found, at_half)
    assert not read_abaw(tmp_path / "half", AU)["a"].any()


def test_labels_written_and_read_again_are_the_same(tmp_path):
    values = np.array([[0.1234, -1.0], [NAN, NAN]])
    write_abaw(tmp_path, VA, {"video5_left": values})
    np.testing.assert_array_equal(read_abaw(tmp_path, VA)["video5_left"], values)
