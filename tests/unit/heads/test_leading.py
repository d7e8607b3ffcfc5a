"""What a head says is put in its place: what it leads, what stays below, what is its own."""

import dataclasses

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.heads.head import open_head
from emoreport.heads.leading import measured_precision, named_record, with_head
from emoreport.records import HeadTrack, Precision, WitnessReadings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.heads import FACE, VOICE, head_metadata, write_head
from tests.fixtures.readings import face_track, speech_track

CONFUSION = {"Neutral": {"Neutral": 6, "Other": 2}, "Other": {"Neutral": 2, "Other": 0}}


def record(folder, **changes):
    return named_record(open_head(write_head(folder, head_metadata(**changes))))


def track(scores, task="expr", labels=("Neutral", "Other"), step_s=0.5):
    table = np.asarray(scores, np.float32)
    return HeadTrack(task, labels, (np.arange(len(table)) + 0.5) * step_s, step_s, table)


def test_a_frame_takes_the_step_that_holds_it_and_nothing_where_no_face_is(tmp_path):
    faces = face_track(("happiness", 1.0), (None, 1.0), ("happiness", 1.0))
    nothing = (np.nan, np.nan)
    said = track([(1, 0), (0.25, 0.75), (0, 1), (0, 1), (0.5, 0.5), nothing])
    speech = speech_track(["anger"])
    led = with_head(said, record(tmp_path, labels=("Neutral", "Other")), faces, speech)
    assert (led.speech, led.table) == (speech, None)
    assert led.faces.labels == ("neutral", "other")
    for time_s, expected in ((0.2, 1.0), (0.52, 0.25), (1.2, np.nan), (2.2, 0.5), (2.6, np.nan)):
        at = np.searchsorted(faces.time_s, time_s)
        np.testing.assert_array_equal(led.faces.probabilities[at, 0], np.float32(expected))
    witness = led.faces.witness
    assert (witness.labels, witness.is_heeded) == (EMOTIONS, False)
    np.testing.assert_array_equal(
        np.isnan(witness.probabilities[:, 0]), np.isnan(led.faces.probabilities[:, 0])
    )
    kept = led.faces.valid
    np.testing.assert_array_equal(witness.probabilities[kept], faces.probabilities[kept])


def test_what_the_model_below_measured_is_its_own(tmp_path):
    faces = face_track(("happiness", 1.0))
    measured = np.full(len(faces), 0.5, np.float32)
    faces = dataclasses.replace(faces, extra={"distance": measured, "yaw_deg": measured})
    said, own = track([(1, 0), (1, 0)]), record(tmp_path, labels=("Neutral", "Other"))
    led = with_head(said, own, faces, speech_track([])).faces
    assert set(led.extra) == {"witness_distance", "yaw_deg"}
    other = WitnessReadings(("anger",), np.ones((len(faces), 1), np.float32))
    extra = {"distance": measured, "witness_distance": 2 * measured}
    named = dataclasses.replace(faces, witness=other, extra=extra)
    led = with_head(said, own, named, speech_track([])).faces
    assert led.witness == other
    np.testing.assert_array_equal(led.extra["witness_distance"], 2 * measured)
    assert "distance" not in led.extra


def test_a_window_takes_the_step_that_holds_its_middle(tmp_path):
    speech = speech_track(["anger", None, "anger"])
    middle_s = 0.5 * (speech.start_s + speech.end_s)
    scores = np.stack([np.linspace(0, 1, 40), np.linspace(1, 0, 40)], axis=1)
    own = record(tmp_path, labels=("anger", "neutral"), features={"voice": VOICE})
    faces = face_track(("happiness", 1.0))
    led = with_head(track(scores, labels=("anger", "neutral"), step_s=0.1), own, faces, speech)
    assert led.faces == faces
    heard = led.speech.probabilities[:, 0]
    assert np.isnan(heard[1])
    for window in (0, 2):
        assert heard[window] == np.float32(scores[int(middle_s[window] * 10), 0])


def test_valence_and_arousal_take_the_place_of_the_models(tmp_path):
    faces = face_track(("happiness", 1.0), (None, 1.0))
    faces = dataclasses.replace(faces, extra={"valence_raw": np.zeros(len(faces), np.float32)})
    labels = ("arousal", "valence")
    own = record(tmp_path, task="va", labels=labels)
    led = with_head(track([(0.5, -0.5)] * 4, "va", labels), own, faces, speech_track([])).faces
    assert set(led.valence[led.valid]) == {np.float32(-0.5)}
    assert set(led.arousal[led.valid]) == {np.float32(0.5)}
    assert np.isnan(led.valence[~led.valid]).all()
    assert (led.labels, led.extra, led.witness) == (faces.labels, {}, None)


def test_what_belongs_to_neither_is_a_table_with_names_of_the_vocabulary(tmp_path):
    own = record(tmp_path, labels=("Happy", "Other"), features={"face": FACE, "voice": VOICE})
    faces, speech = face_track(("happiness", 1.0)), speech_track([])
    led = with_head(track([(1, 0)], labels=("Happy", "Other")), own, faces, speech)
    assert (led.faces, led.speech) == (faces, speech)
    assert led.table.labels == ("happiness", "other")


@pytest.mark.parametrize("labels", [("neutral", "boredom"), ("happy", "joy"), ("no_face", "fear")])
def test_expressions_that_are_no_emotions_here_are_refused(tmp_path, labels):
    with pytest.raises(ModelError, match="tiny"):
        record(tmp_path, labels=labels)
    assert record(tmp_path / "clips", task="clips", labels=labels).labels == labels


def test_how_often_a_head_is_right_comes_from_its_own_test():
    tested = head_metadata(metrics={"test": {"confusion": CONFUSION}})
    assert measured_precision(tested) == Precision(
        ("tiny: test",), {"neutral": 0.75, "other": 0.0}, {"neutral": 8, "other": 2}
    )
    for metrics in ({}, {"test": {"scores": {}}}, {"test": {"confusion": {}}}, {"test": 0.5}):
        assert measured_precision(head_metadata(metrics=metrics)) is None
