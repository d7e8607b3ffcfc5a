"""Face and voice on time axes of their own."""

import numpy as np
import pytest

from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.sequences import (
    MISSING,
    face_sequence,
    in_space,
    join,
    text_sequence,
    voice_sequence,
)
from emoreport.records import SpeechTrack, TextReadings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import VOICE_LABELS, speech_track, video_rows
from tests.fixtures.sequences import sequence

ANGER, HAPPINESS = VOICE_LABELS.index("anger"), VOICE_LABELS.index("happiness")


def test_rows_of_the_face_become_codes_of_the_shared_labels():
    rows = video_rows(("anger", 1), ("no_face", 2), ("happiness", 3), ("uncertain", 1))
    face = face_sequence(rows, EMOTIONS, VOICE_LABELS)
    assert face.edges_s.tolist() == [0, 1, 3, 6, 7]
    assert face.label.tolist() == [ANGER, MISSING, HAPPINESS, MISSING]
    assert face.distribution[0, ANGER] == 1.0
    assert np.isnan(face.distribution[1]).all()


def test_a_label_that_the_voice_cannot_give_is_missing():
    face = face_sequence(video_rows(("contempt", 1)), EMOTIONS, VOICE_LABELS)
    assert face.label.tolist() == [MISSING]
    assert np.isnan(face.distribution).all()


def test_the_bridge_moves_labels_and_their_mass():
    bridge = Bridge.from_mapping({"contempt": "anger"})
    face = face_sequence(video_rows(("contempt", 1)), EMOTIONS, VOICE_LABELS, bridge)
    assert face.label.tolist() == [ANGER]
    assert face.distribution[0, ANGER] == 1.0


def test_distributions_are_renormalised_over_the_shared_labels():
    speech = SpeechTrack(
        labels=("anger", "enthusiasm", "boredom"),
        start_s=np.array([0.0]),
        end_s=np.array([3.0]),
        speech_s=np.array([3.0]),
        probabilities=np.array([[0.2, 0.6, 0.2]], dtype=np.float32),
        speech=speech_track(["anger"]).speech,
    )
    voice = voice_sequence(speech, 3.0, EMOTIONS)
    assert voice.labels == 2
    assert voice.distribution[0] == pytest.approx([0.25, 0.75])
    assert voice.label.tolist() == [1]


def test_the_window_with_the_nearest_centre_speaks():
    # Windows of 3 s from 0, 1 and 2 s: centres at 1.5, 2.5 and 3.5 s.
    voice = voice_sequence(speech_track(["anger", "fear", "happiness"]), 5.0, EMOTIONS)
    assert voice.edges_s.tolist() == [0, 2, 3, 5]
    assert voice.label.tolist() == [ANGER, VOICE_LABELS.index("fear"), HAPPINESS]


def test_outside_of_speech_and_in_windows_not_judged_the_voice_is_missing():
    speech = speech_track(["anger", None, "anger"], speech=[(0.5, 1.0), (1.5, 4.0)])
    voice = voice_sequence(speech, 6.0, EMOTIONS)
    assert voice.edges_s.tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6]
    known = [MISSING, ANGER, MISSING, ANGER, MISSING, ANGER, MISSING, MISSING]
    assert voice.label.tolist() == known
    assert np.isnan(voice.distribution[:, ANGER]).tolist() == [code == MISSING for code in known]


def test_windows_without_enough_evidence_can_be_left_out():
    speech = speech_track(["anger", "anger"])
    voice = voice_sequence(speech, 4.0, EMOTIONS, usable=np.array([True, False]))
    assert voice.label.tolist() == [ANGER, MISSING]


def test_speech_of_a_recording_that_ends_earlier_is_cut():
    voice = voice_sequence(speech_track(["anger", "anger"]), 2.5, EMOTIONS)
    assert voice.edges_s[-1] == 2.5


def test_no_voice_model_and_no_rows_give_nothing_to_compare():
    silent = speech_track([], speech=[(0.0, 2.0)])
    voice = voice_sequence(silent, 2.0, EMOTIONS)
    assert (voice.label == MISSING).all()
    deaf = SpeechTrack((), *(np.zeros(1),) * 3, np.zeros((1, 0), dtype=np.float32), ())
    assert voice_sequence(deaf, 2.0, EMOTIONS).labels == 0
    joint = join(face_sequence((), EMOTIONS, VOICE_LABELS), voice_sequence(silent, 0.0, EMOTIONS))
    assert len(joint.face_piece) == 0
    assert joint.duration_s == 0


def test_the_common_refinement_holds_both_sets_of_bounds():
    joint = join(sequence((0, 2), (1, 2)), sequence((2, 1), (None, 2), (0, 2)))
    assert joint.edges_s.tolist() == [0, 1, 2, 3, 4, 5]
    assert joint.face_label.tolist() == [0, 0, 1, 1, MISSING]
    assert joint.voice_label.tolist() == [2, MISSING, MISSING, 0, 0]
    assert joint.compared.tolist() == [True, False, False, True, False]


def test_sequences_over_different_labels_are_refused():
    with pytest.raises(ValueError, match="3 labels of the face, 4 of the voice"):
        join(sequence((0, 1)), sequence((0, 1), labels=4))


def readings(spans, probabilities, labels=("anger", "enthusiasm", "neutral")):
    """Clauses; their words do not matter here."""
    start_s, end_s = np.array(spans, dtype=np.float64).reshape(-1, 2).T
    index = np.arange(len(start_s))
    table = np.array(probabilities, dtype=np.float32).reshape(-1, len(labels))
    return TextReadings(labels, start_s, end_s, index, index + 1, table)


def test_clauses_speak_for_their_own_time_and_the_gaps_between_are_missing():
    nothing = [np.nan] * 3
    found = text_sequence(
        readings([(1, 3), (3, 4), (6, 8)], [[1, 0, 0], nothing, [0, 0.9, 0.1]]), 10.0
    )
    assert found.edges_s.tolist() == [0, 1, 3, 4, 6, 8, 10]
    # Space of the model itself: anger, happiness (enthusiasm), neutral.
    assert found.label.tolist() == [MISSING, 0, MISSING, MISSING, 1, MISSING]
    assert found.distribution[4] == pytest.approx([0, 0.9, 0.1])
    assert np.isnan(found.distribution[[0, 2, 3, 5]]).all()


def test_a_clause_from_the_start_to_beyond_the_end_and_one_inside_another():
    found = text_sequence(readings([(0, 6), (2, 4), (5, 30)], np.eye(3)), 10.0)
    assert found.edges_s.tolist() == [0, 6, 10]
    assert found.label.tolist() == [0, 2]


def test_without_clauses_the_text_is_missing_throughout():
    found = text_sequence(readings([], []), 10.0)
    assert (found.edges_s.tolist(), found.label.tolist()) == ([0, 10], [MISSING])
    assert len(text_sequence(readings([], []), 0.0).label) == 0


def test_fewer_labels_lose_the_others_and_share_out_the_rest():
    own = text_sequence(readings([(0, 5), (5, 10)], [[0.6, 0.2, 0.2], [0.1, 0.2, 0.7]]), 10.0)
    found = in_space(own, ("anger", "happiness", "neutral"), ("happiness", "neutral"))
    assert found.label.tolist() == [MISSING, 1]
    assert found.distribution == pytest.approx(np.array([[0.5, 0.5], [2 / 9, 7 / 9]]))
