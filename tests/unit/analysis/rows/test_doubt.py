"""What a distance to the training data does to readings and to the rows that rest on them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emoreport.analysis import analyze_readings
from emoreport.analysis.rows.abstention import usable_windows
from emoreport.analysis.rows.doubt import doubted, tempered
from emoreport.analysis.rows.witnesses import witness_track
from emoreport.records import WitnessReadings
from emoreport.settings import Settings
from emoreport.vocabulary import UNCERTAIN
from tests.fixtures.readings import face_track, recording, speech_track

WINDOWS = 7
DURATION_S = WINDOWS + 2.0


def talk(distance, peak=0.8):
    """A voice of anger, each window at its distance."""
    track = speech_track(["anger"] * WINDOWS, peak=peak)
    values = np.broadcast_to(np.asarray(distance, np.float32), (WINDOWS,)).copy()
    return dataclasses.replace(track, extra={"distance": values})


def row_of(speech, **settings):
    faces = face_track(("happiness", DURATION_S))
    chosen = Settings().replace(**settings)
    (row,) = analyze_readings(faces, speech, recording(DURATION_S), chosen).audio_intervals
    return row


def test_the_temperature_is_multiplied_by_the_distance():
    logits = np.array([[2.0, 0.5, -1.0]])
    shares = np.exp(logits) / np.exp(logits).sum()
    wanted = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum()
    np.testing.assert_allclose(tempered(shares, np.array([2.5])), wanted, atol=1e-6)


@given(
    arrays.arrays(np.float32, (6, 4), elements=st.floats(0.0, 1.0, width=16)),
    arrays.arrays(np.float32, 6, elements=st.floats(0.0, 50.0, width=16)),
)
def test_tempering_keeps_the_order_and_never_makes_surer(weights, distance):
    weights = weights.astype(np.float64) + 1e-6
    shares = np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
    found = tempered(shares, distance)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(found[distance <= 1], shares[distance <= 1])
    assert (found.max(axis=1) <= shares.max(axis=1) + 1e-6).all()
    for before, after in zip(shares, found, strict=True):
        assert after[before.argmax()] >= after.max() - 1e-6


def test_readings_without_a_distance_and_unjudged_ones_stay_as_they_are():
    track = speech_track(["anger", None, "fear"])
    assert doubted(track, 1.0) is track
    far = dataclasses.replace(track, extra={"distance": np.array([np.nan, 9.0, 0.5], "f4")})
    np.testing.assert_array_equal(doubted(far, 1.0).probabilities, track.probabilities)


def test_a_face_can_be_doubted_by_the_same_rule():
    faces = face_track(("happiness", 2.0))
    away = np.full(len(faces), 3.0, np.float32)
    far = doubted(dataclasses.replace(faces, extra={"distance": away}), 1.0)
    np.testing.assert_allclose(far.probabilities, tempered(faces.probabilities, away))


def test_beyond_the_limit_a_row_is_uncertain_and_says_why():
    near, far = row_of(talk(0.95)), row_of(talk(1.05))
    assert (near.emotion, near.reasons) == ("anger", ())
    assert near.evidence.distance == pytest.approx(0.95)
    assert (far.emotion, far.reasons) == (UNCERTAIN, ("unlike_training",))
    assert far.evidence.distance == pytest.approx(1.05)
    assert row_of(talk(0.95), abstention="strict").reasons == ("unlike_training",)


def test_a_row_is_as_far_as_its_windows_are_on_average():
    assert row_of(talk([0.5] * 6 + [3.0])).emotion == "anger"
    assert row_of(talk([0.5] * 2 + [3.0] * 5)).emotion == UNCERTAIN


def test_without_abstention_the_label_stays_but_is_less_sure():
    plain, far = row_of(talk(0.5), abstention="off"), row_of(talk(2.0), abstention="off")
    assert plain.emotion == far.emotion == "anger"
    assert far.confidence < plain.confidence


def test_the_setting_scales_the_limit_and_switches_it_off():
    far = talk(3.0)
    wide = row_of(far, distance_limit=4.0)
    assert (wide.emotion, wide.confidence) == ("anger", row_of(talk(0.5)).confidence)
    assert wide.evidence.distance == pytest.approx(0.75)
    off = row_of(far, distance_limit=0.0)
    assert (off.emotion, off.confidence) == (wide.emotion, wide.confidence)
    assert off.evidence.distance is None
    assert row_of(talk(0.5), distance_limit=0.4).reasons == ("unlike_training",)


def test_windows_beyond_the_limit_are_not_used():
    track = talk([0.5] * 4 + [2.0] * 3)
    assert usable_windows(track, "normal").tolist() == [True] * 4 + [False] * 3
    assert usable_windows(track, "off").all()


def test_a_distance_belongs_to_the_model_that_measured_it():
    track = talk(5.0)
    track = dataclasses.replace(track, witness=WitnessReadings(track.labels, track.probabilities))
    assert "distance" not in witness_track(track).extra


def face_row(extra, **settings):
    faces = face_track(("happiness", DURATION_S), peak=0.8)
    values = {
        name: np.broadcast_to(np.asarray(value, np.float32), len(faces)).copy()
        for name, value in extra.items()
    }
    faces = dataclasses.replace(faces, extra={**faces.extra, **values})
    chosen = Settings().replace(**settings)
    silence = speech_track([None] * WINDOWS)
    (row,) = analyze_readings(faces, silence, recording(DURATION_S), chosen).video_intervals
    return row


@pytest.mark.parametrize(
    ("column", "reason"), [("head_turn", "head_turned"), ("distance", "unlike_training")]
)
def test_a_face_beyond_a_limit_is_uncertain_and_says_why(column, reason):
    near, far = face_row({column: 0.95}), face_row({column: 1.05})
    assert (near.emotion, near.reasons) == ("happiness", ())
    assert getattr(near.evidence, column) == pytest.approx(0.95)
    assert (far.emotion, far.reasons) == (UNCERTAIN, (reason,))
    assert face_row({column: 0.95}, abstention="strict").reasons == (reason,)
    plain, tempered_one = (face_row({column: by}, abstention="off") for by in (0.5, 2.0))
    assert tempered_one.confidence < plain.confidence
    off = face_row({column: 2.0}, distance_limit=0.0)
    assert (off.confidence, getattr(off.evidence, column)) == (plain.confidence, None)


def test_of_distance_and_turn_the_larger_counts():
    far = {"head_turn": 1.3, "distance": 1.1}
    both = face_row(far, abstention="off")
    assert both.confidence == face_row({"head_turn": 1.3}, abstention="off").confidence
    assert face_row(far).reasons == ("head_turned", "unlike_training")


def test_what_is_drawn_is_as_sure_as_the_rows_are():
    faces = face_track(("happiness", 2.0), peak=0.8)
    turn = np.full(len(faces), 2.0, np.float32)
    turned = dataclasses.replace(faces, extra={"head_turn": turn})
    drawn = analyze_readings(turned, speech_track([None]), recording(2.0), Settings()).seen_faces
    np.testing.assert_allclose(drawn.probabilities, tempered(faces.probabilities, turn))


def test_readings_stored_without_turns_get_them_from_their_angles():
    nan = np.float32("nan")
    row = face_row({"yaw_deg": -66.0, "pitch_deg": nan})
    assert row.reasons == ("head_turned",)
    assert row.evidence.head_turn == pytest.approx(1.1)
    assert face_row({"yaw_deg": 20.0, "pitch_deg": 54.0}).evidence.head_turn == pytest.approx(1.2)
    assert face_row({"yaw_deg": nan, "pitch_deg": nan}).evidence.head_turn is None


def test_a_face_witness_is_tempered_by_its_own_distance_and_by_the_turn():
    faces = face_track(("happiness", 2.0), peak=0.8)
    witness = WitnessReadings(faces.labels, faces.probabilities)

    def told(**extra):
        values = {name: np.full(len(faces), value, np.float32) for name, value in extra.items()}
        return doubted(dataclasses.replace(faces, witness=witness, extra=values), 1.0)

    own = told(distance=2.0, witness_distance=3.0)
    for found, units in ((own.probabilities, 2.0), (own.witness.probabilities, 3.0)):
        np.testing.assert_allclose(found, tempered(faces.probabilities, np.full(len(faces), units)))
    turned = told(head_turn=4.0, witness_distance=3.0)
    for found in (turned.probabilities, turned.witness.probabilities):
        np.testing.assert_allclose(found, tempered(faces.probabilities, np.full(len(faces), 4.0)))
    swapped = witness_track(own)
    assert swapped.extra["distance"][0] == 3.0
    assert swapped.extra["witness_distance"][0] == 2.0
