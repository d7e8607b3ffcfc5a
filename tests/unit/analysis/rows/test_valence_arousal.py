import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.valence_arousal import COORDINATES, derived_dimensions
from emoreport.vocabulary import EMOTIONS

ANIEMORE = ("anger", "disgust", "enthusiasm", "fear", "happiness", "neutral", "sadness")


def one_hot(label, labels=EMOTIONS):
    return np.array([[float(name == label) for name in labels]])


@pytest.mark.parametrize("label", COORDINATES)
def test_a_certain_emotion_lies_at_its_coordinates(label):
    valence, arousal = derived_dimensions(one_hot(label), EMOTIONS)
    assert (valence[0], arousal[0]) == pytest.approx(COORDINATES[label])


def test_half_and_half_lies_in_the_middle():
    table = 0.5 * (one_hot("happiness") + one_hot("sadness"))
    valence, arousal = derived_dimensions(table, EMOTIONS)
    assert valence[0] == pytest.approx(0.5 * (0.81 - 0.63))
    assert arousal[0] == pytest.approx(0.5 * (0.51 - 0.27))


def test_a_label_without_coordinates_is_left_out_of_the_mean():
    table = 0.6 * one_hot("anger") + 0.4 * one_hot("contempt")
    valence, _ = derived_dimensions(table, EMOTIONS)
    assert valence[0] == pytest.approx(-0.51)


def test_mostly_unknown_labels_give_nothing():
    table = 0.4 * one_hot("anger") + 0.6 * one_hot("contempt")
    valence, arousal = derived_dimensions(table, EMOTIONS)
    assert np.isnan(valence[0])
    assert np.isnan(arousal[0])


def test_labels_go_through_the_bridge():
    valence, arousal = derived_dimensions(one_hot("enthusiasm", ANIEMORE), ANIEMORE)
    assert (valence[0], arousal[0]) == pytest.approx(COORDINATES["happiness"])


def test_unknown_rows_and_no_rows():
    table = np.vstack([np.full((1, 8), np.nan), one_hot("fear")])
    valence, _ = derived_dimensions(table, EMOTIONS)
    assert np.isnan(valence).tolist() == [True, False]
    valence, arousal = derived_dimensions(np.zeros((0, 8)), EMOTIONS)
    assert valence.shape == arousal.shape == (0,)


def test_a_model_without_labels_gives_nothing():
    valence, arousal = derived_dimensions(np.zeros((0, 0)), ())
    assert valence.shape == arousal.shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(lambda row: sum(row) > 0.1))
def test_they_stay_within_the_coordinates(row):
    table = np.array([row]) / sum(row)
    valence, arousal = derived_dimensions(table, EMOTIONS)
    if np.isfinite(valence[0]):
        assert -0.64 - 1e-9 <= valence[0] <= 0.81 + 1e-9
        assert -0.27 - 1e-9 <= arousal[0] <= 0.67 + 1e-9
