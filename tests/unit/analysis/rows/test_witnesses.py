"""What a second model says of the rows, and where the two contradict each other."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis import analyze_readings
from emoreport.analysis.rows.abstention import usable_windows
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.witnesses import firm_windows, witness_track
from emoreport.records import CodedLabels, FaceTrack, LabelledSpan, Span, WitnessReadings
from emoreport.settings import Settings
from emoreport.vocabulary import EMOTIONS, UNCERTAIN, is_emotion
from tests.fixtures.readings import (
    VOICE_LABELS,
    face_track,
    random_readings,
    recording,
    speech_track,
)

DUSHA = ("anger", "sadness", "neutral", "positive")
OFF = Settings().replace(abstention="off")


def sure(labels, name, share=0.9):
    """A distribution with `share` on one label and the rest spread evenly."""
    rest = (1.0 - share) / (len(labels) - 1)
    return [share if label == name else rest for label in labels]


def beside(track, names, labels=DUSHA, share=0.9):
    """The readings with a witness that names one label per reading."""
    rows = [sure(labels, name, share) for name in names]
    table = np.asarray(rows, dtype=np.float32).reshape(len(track), len(labels))
    table[np.isnan(track.probabilities).any(axis=1)] = np.nan
    return dataclasses.replace(track, witness=WitnessReadings(labels, table))


def analysed(faces, speech, duration_s, settings=None, bridge=DEFAULT_BRIDGE, **labels):
    return analyze_readings(
        faces, speech, recording(duration_s), settings or Settings(), bridge, CodedLabels(**labels)
    )


def talk(seconds=9.0):
    """A face of happiness, a voice of anger with windows every second."""
    return face_track(("happiness", seconds)), speech_track(["anger"] * int(seconds - 2))


def test_a_witness_that_agrees_leaves_everything_as_it_is_and_says_so():
    faces, speech = talk()
    alone = analysed(faces, speech, 9.0)
    both = analysed(faces, beside(speech, ["anger"] * len(speech)), 9.0)
    (row,) = both.audio_intervals
    assert row.emotion == row.witness.emotion == "anger"
    assert 0.8 < row.witness.agreement <= 1.0
    assert both.summary == alone.summary
    assert both.mismatch_statistics == alone.mismatch_statistics
    assert alone.audio_intervals[0].witness is None


@pytest.mark.parametrize("level", ["normal", "strict"])
def test_a_firm_contradiction_of_the_voice_makes_the_row_uncertain(level):
    faces, speech = talk()
    settings = Settings().replace(abstention=level)
    planted = beside(speech, ["neutral"] * len(speech))
    found = analysed(faces, planted, 9.0, settings)
    (row,) = found.audio_intervals
    assert row.emotion == UNCERTAIN
    assert row.reasons == ("witnesses_disagree",)
    assert row.witness.emotion == "neutral"
    assert 0.0 <= row.witness.agreement < 0.3
    assert (row.confidence, row.distribution, row.valence) == (None, None, None)
    assert not firm_windows(planted, level).any()
    assert found.summary.mismatch.compared_s == 0
    assert analysed(faces, planted, 9.0, OFF).audio_intervals[0].emotion == "anger"
    assert firm_windows(planted, "off").all()


def test_a_firm_contradiction_of_the_face_makes_the_row_uncertain_and_joins_it():
    faces = face_track(("happiness", 3.0), ("fear", 3.0), ("anger", 3.0))
    names = ["sadness" if time_s < 6.0 else "anger" for time_s in faces.time_s]
    found = analysed(beside(faces, names, EMOTIONS), speech_track([]), 9.0)
    first, last = found.video_intervals
    assert (first.emotion, first.reasons) == (UNCERTAIN, ("witnesses_disagree",))
    assert (first.span.start_s, first.span.end_s) == (0.0, pytest.approx(6.0, abs=0.05))
    assert first.witness is None  # two rows in one
    assert (last.emotion, last.witness.emotion) == ("anger", "anger")
    unjoined = analysed(beside(faces, names, EMOTIONS), speech_track([]), 9.0, OFF).video_intervals
    assert [row.witness.emotion for row in unjoined] == ["sadness", "sadness", "anger"]
    assert [row.emotion for row in unjoined] == ["happiness", "fear", "anger"]


@pytest.mark.parametrize("share", [0.26, 0.28])
def test_a_witness_that_is_not_firm_contradicts_nothing(share):
    faces, speech = talk()
    found = analysed(faces, beside(speech, ["neutral"] * len(speech), share=share), 9.0)
    (row,) = found.audio_intervals
    assert (row.emotion, row.witness.emotion, row.reasons) == ("anger", "neutral", ())


def test_a_witness_far_from_its_training_is_tempered_and_contradicts_nothing():
    faces, speech = talk()
    planted = beside(speech, ["neutral"] * len(speech))
    far = dataclasses.replace(planted, extra={"witness_distance": np.full(len(speech), 3.0, "f4")})
    (row,) = analysed(faces, far, 9.0).audio_intervals
    assert (row.emotion, row.witness.emotion, row.reasons) == ("anger", "neutral", ())
    assert firm_windows(far, "normal").all()
    nearer = analysed(faces, planted, 9.0, OFF).audio_intervals[0].witness.agreement
    assert row.witness.agreement > nearer + 0.05
    led = analysed(faces, witness_track(far), 9.0).audio_intervals[0]
    assert led.reasons == ("unlike_training",)
    limitless = Settings().replace(distance_limit=0)
    assert analysed(faces, far, 9.0, limitless).audio_intervals[0].reasons == (
        "witnesses_disagree",
    )


def test_intensity_is_measured_by_the_witness_where_the_first_model_does_not():
    faces, speech = talk()
    heard = {"witness_intensity": np.full(len(speech), 0.75, "f4")}
    beside_it = dataclasses.replace(beside(speech, ["anger"] * len(speech)), extra=heard)
    assert analysed(faces, beside_it, 9.0).audio_intervals[0].intensity == pytest.approx(0.75)
    heard["intensity"] = np.full(len(speech), 0.25, "f4")
    both = dataclasses.replace(beside_it, extra=heard)
    assert analysed(faces, both, 9.0).audio_intervals[0].intensity == pytest.approx(0.25)


def test_a_label_that_the_witness_cannot_give_contradicts_nothing():
    faces = face_track(("happiness", 9.0))
    speech = speech_track(["surprise"] * 7)
    found = analysed(faces, beside(speech, ["neutral"] * 7), 9.0)
    (row,) = found.audio_intervals
    assert (row.emotion, row.witness.emotion, row.reasons) == ("surprise", "neutral", ())
    assert firm_windows(beside(speech, ["neutral"] * 7), "normal").all()


def test_labels_are_compared_through_the_bridge():
    faces = face_track(("happiness", 9.0))
    joy = beside(speech_track(["happiness"] * 7), ["positive"] * 7)
    (row,) = analysed(faces, joy, 9.0).audio_intervals
    assert (row.emotion, row.witness.emotion, row.reasons) == ("happiness", "positive", ())
    other = Bridge.from_mapping({"positive": "anger"})
    (row,) = analysed(faces, joy, 9.0, bridge=other).audio_intervals
    assert (row.emotion, row.reasons) == ("happiness", ())
    anger = beside(speech_track(["sadness"] * 7), ["positive"] * 7)
    (row,) = analysed(faces, anger, 9.0, bridge=other).audio_intervals
    assert row.reasons == ("witnesses_disagree",)


def test_thin_evidence_is_named_alone_and_the_witness_says_nothing_about_it():
    faces, speech = talk()
    small = dataclasses.replace(faces, box=np.full_like(faces.box, 8.0))
    found = analysed(beside(small, ["anger"] * len(small), EMOTIONS), speech, 9.0)
    (row,) = found.video_intervals
    assert row.reasons == ("face_px",)
    assert row.witness is None


def test_rows_without_a_face_or_speech_have_no_witness():
    faces = face_track(("happiness", 4.0), (None, 4.0))
    speech = beside(speech_track([]), [])
    found = analysed(beside(faces, ["happiness"] * len(faces), EMOTIONS), speech, 8.0)
    assert [row.witness is None for row in found.video_intervals] == [False, True]
    assert all(row.witness is None for row in found.audio_intervals)


def test_labels_of_a_person_are_doubted_by_no_witness():
    faces, speech = talk()
    speech = beside(speech, ["neutral"] * len(speech))
    faces = beside(faces, ["anger"] * len(faces), EMOTIONS)
    coded = (LabelledSpan(Span(0.0, 9.0), "sadness"),)
    found = analysed(faces, speech, 9.0, face=coded, voice=coded)
    for row, said in ((found.video_intervals[0], "anger"), (found.audio_intervals[0], "neutral")):
        assert (row.emotion, row.reasons) == ("sadness", ())
        assert row.witness.emotion == said


def test_first_and_witness_change_places():
    faces, speech = random_readings(60.0, seed=3)
    planted = beside(speech, ["anger"] * len(speech))
    swapped = witness_track(planted)
    assert (swapped.labels, swapped.witness.labels) == (DUSHA, VOICE_LABELS)
    measured = dataclasses.replace(planted, extra={"distance": np.zeros(len(speech), "f4")})
    assert list(witness_track(measured).extra) == ["witness_distance"]
    assert list(witness_track(witness_track(measured)).extra) == ["distance"]
    back = witness_track(swapped)
    np.testing.assert_array_equal(back.probabilities, planted.probabilities)
    face = witness_track(beside(faces, ["anger"] * len(faces), EMOTIONS[:7]))
    assert isinstance(face, FaceTrack)
    assert (face.valence, face.arousal) == (None, None)
    assert np.array_equal(face.valid, faces.valid)
    assert witness_track(speech) is None


@given(st.integers(0, 10_000), st.sampled_from(["normal", "strict"]))
def test_a_witness_only_takes_labels_away_and_contradiction_is_mutual(seed, level):
    faces, speech = random_readings(60.0, seed=seed % 7)
    random = np.random.default_rng(seed)
    table = random.dirichlet(np.full(len(DUSHA), 0.3), len(speech)).astype(np.float32)
    table[np.isnan(speech.probabilities).any(axis=1)] = np.nan
    planted = dataclasses.replace(speech, witness=WitnessReadings(DUSHA, table))
    settings = Settings().replace(abstention=level)
    alone = analysed(faces, speech, 60.0, settings).audio_intervals
    for row, own in zip(
        analysed(faces, planted, 60.0, settings).audio_intervals, alone, strict=True
    ):
        if "witnesses_disagree" in row.reasons:
            assert row.reasons == (*own.reasons, "witnesses_disagree")
            assert row.emotion == UNCERTAIN
            if is_emotion(own.emotion):
                named = map(DEFAULT_BRIDGE.shared, (own.emotion, row.witness.emotion))
                assert len(set(named)) == 2
            assert row.witness.agreement < 1.0
        else:
            assert (row.emotion, row.confidence, row.reasons) == (
                own.emotion,
                own.confidence,
                own.reasons,
            )
    mine, theirs = firm_windows(planted, level), firm_windows(witness_track(planted), level)
    both = usable_windows(planted, level) & usable_windows(witness_track(planted), level)
    assert np.array_equal(mine & both, theirs & both)


def test_a_witness_below_a_trained_head_is_shown_and_not_heeded():
    faces, speech = talk()
    faces = beside(faces, ["sadness"] * len(faces), EMOTIONS)
    speech = beside(speech, ["neutral"] * len(speech))
    heeded = analysed(faces, speech, 9.0)
    assert {row.emotion for row in heeded.video_intervals} == {UNCERTAIN}
    shown = [
        dataclasses.replace(track, witness=dataclasses.replace(track.witness, is_heeded=False))
        for track in (faces, speech)
    ]
    found = analysed(*shown, 9.0)
    (row,) = found.video_intervals
    assert (row.emotion, row.reasons) == ("happiness", ())
    assert (row.witness.emotion, row.evidence.contradiction) == ("sadness", None)
    assert {row.emotion for row in found.audio_intervals} == {"anger"}
    assert firm_windows(shown[1], "normal").all()
    assert not firm_windows(speech, "normal").any()
    assert not witness_track(shown[0]).witness.is_heeded
