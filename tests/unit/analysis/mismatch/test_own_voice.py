"""A face that listens is compared with no voice, neither row by row nor over the whole talk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.analysis.mismatch.own_voice import (
    own_labels,
    own_speech,
    own_text,
    speech_of_others,
    turns,
    with_speakers,
)
from emoreport.records import (
    MOUTH_MOTION,
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    LabelledSpan,
    Person,
    SeenFaces,
    Span,
    SpeakingSpan,
    TextReadings,
)
from emoreport.settings import Settings
from tests.fixtures.readings import audio_rows, face_track, recording, speech_track

TURNS = (
    SpeakingSpan(0.0, 4.0, "A"),
    SpeakingSpan(4.0, 8.0, OFF_SCREEN),
    SpeakingSpan(8.5, 9.5, UNKNOWN_SPEAKER),
    SpeakingSpan(9.5, 12.0, "B"),
)
OTHERS = (Span(4.0, 8.0), Span(9.5, 12.0))


def listening(until_s: float = 30.0, seconds: float = 60.0, **settings):
    """A talk in which the mouth moves until some time and the face differs from the voice."""
    faces = face_track(("happiness", seconds))
    moves = np.where(faces.time_s < until_s, 0.2, 0.004).astype(np.float32)
    faces = replace(faces, extra={MOUTH_MOTION: moves})
    voice = speech_track(["anger"] * round(seconds - 2))
    return analyze_readings(faces, voice, recording(seconds), Settings(**settings))


def statistic(found, name: str, scope: str = "all"):
    rows = [row for row in found.mismatch_statistics if (row.statistic, row.scope) == (name, scope)]
    return rows[0].value if rows else None


def test_rows_name_who_speaks_longest_in_them():
    rows = audio_rows(("anger", 3), ("anger", 4), ("anger", 1), ("no_speech", 0.4))
    assert [row.speaker for row in with_speakers(rows, TURNS)] == [
        "A",
        OFF_SCREEN,
        OFF_SCREEN,
        None,
    ]
    named = with_speakers(rows, TURNS, [Person("A", (1,), "Anna")])
    assert named[0].speaker == "Anna"
    assert [row.speaker for row in with_speakers(rows, ())] == [None] * 4


def test_a_turn_has_its_pauses_in_it():
    spoken = [(0.0, 2.0, "A"), (2.6, 4.0, "A"), (4.0, 5.0, "B"), (6.5, 7.0, "B"), (7.2, 8.0, "A")]
    joined = turns([SpeakingSpan(*each) for each in spoken])
    assert [(each.start_s, each.end_s, each.speaker) for each in joined] == [
        (0.0, 4.0, "A"),
        *spoken[2:],
    ]


def test_speech_of_others_is_all_but_ones_own_and_what_is_unknown():
    assert speech_of_others(TURNS, "A") == OTHERS
    assert speech_of_others(TURNS, "B") == (Span(0.0, 4.0), Span(4.0, 8.0))


def test_windows_are_judged_where_at_least_half_of_their_speech_is_ones_own():
    track = speech_track(["anger"] * 10, speech=[(0, 8), (8.5, 12)])
    own = own_speech(track, OTHERS)
    assert own.speech == (Span(0, 4), Span(8.5, 9.5))
    judged = ~np.isnan(own.probabilities).any(axis=1)
    assert judged.tolist() == [True] * 3 + [False] * 6 + [False]
    assert own.speech_s.tolist() == [3, 3, 2, 1, 0, 0, 0.5, 1, 1, 0.5]
    assert own_speech(track, ()) is track


def test_clauses_and_coded_labels_of_others_are_left_out():
    count = np.arange(3)
    clauses = TextReadings(
        ("anger",), count * 3.0, count * 3.0 + 2.5, count, count + 1, np.ones((3, 1), np.float32)
    )
    own = own_text(clauses, OTHERS)
    assert np.isnan(own.probabilities).ravel().tolist() == [False, True, True]
    coded = [LabelledSpan(Span(1.0, 5.0), "anger"), LabelledSpan(Span(5.0, 10.0), "fear")]
    assert own_labels(coded, OTHERS) == (
        LabelledSpan(Span(1.0, 4.0), "anger"),
        LabelledSpan(Span(8.0, 9.5), "fear"),
    )
    assert own_labels(None, OTHERS) is None


def test_no_mismatch_is_made_with_a_face_that_listens():
    found = listening(until_s=0.0)
    assert found.mismatches == ()
    assert {row.not_compared for row in found.comparisons} == {"off_screen_speaks"}
    assert {row.speaker for row in found.audio_intervals} == {OFF_SCREEN}
    assert {row.emotion for row in found.audio_intervals} == {"anger"}
    assert found.summary.mismatch.compared_s == 0.0
    assert statistic(found, "others_speech_seconds") == pytest.approx(60.0)


def test_the_whole_talk_is_judged_on_ones_own_speech():
    half, all_of_it = listening(), listening(speaker="off")
    assert statistic(all_of_it, "window_seconds") == pytest.approx(60.0, abs=1.0)
    assert statistic(half, "window_seconds") == pytest.approx(30.0, abs=1.5)
    left_out = statistic(half, "others_speech_seconds")
    assert left_out == pytest.approx(30.0, abs=1.0)
    assert statistic(all_of_it, "others_speech_seconds") is None
    assert statistic(half, "window_seconds", "speaking") == pytest.approx(30.0, abs=1.5)
    compared = sum(row.span.duration_s for row in half.face_voice if row.match is not None)
    assert compared == pytest.approx(60.0 - left_out, abs=0.01)
    assert half.face_voice[-1].span.end_s == 60.0


def test_switched_off_nobody_is_said_to_speak():
    found = listening(until_s=0.0, speaker="off")
    assert found.speaking == ()
    assert {row.speaker for row in (*found.audio_intervals, *found.voice_intervals)} == {None}
    assert {row.not_compared for row in (*found.comparisons, *found.face_voice)} == {None}
    assert len(found.mismatches) > 0


def test_a_person_is_compared_with_their_own_voice_only():
    faces = face_track(("happiness", 20))
    moves = np.full(len(faces), 0.2, np.float32)
    faces = replace(faces, extra={MOUTH_MOTION: moves})
    voice = speech_track(["anger"] * 18)
    people = (Person("B", (1,)),)
    for person, wanted in (("A", {"another_speaks"}), ("B", {None})):
        found = analyze_readings(
            faces,
            voice,
            recording(20.0),
            Settings(),
            seen=_alone(faces),
            people=people,
            person=person,
        )
        assert {row.not_compared for row in found.comparisons} == wanted


def test_how_long_a_person_speaks_is_empty_where_nothing_is_known_of_it():
    faces = face_track(("happiness", 10))
    for motion, wanted in ((0.2, 10.0), (np.nan, None)):
        moves = np.full(len(faces), motion, np.float32)
        found = analyze_readings(
            replace(faces, extra={MOUTH_MOTION: moves}),
            speech_track(["anger"] * 8),
            recording(10.0),
            Settings(),
            people=(Person("A", (1,)),),
            person="A",
        )
        assert [row.speaking_s for row in found.people] == [wanted]


def _alone(faces):
    return SeenFaces(
        labels=faces.labels,
        time_s=faces.time_s,
        frame=faces.frame,
        track=np.ones(len(faces), np.int64),
        leads=np.ones(len(faces), np.bool_),
        box=faces.box,
        detection_score=faces.detection_score,
        probabilities=faces.probabilities,
        mouth_motion=faces.extra[MOUTH_MOTION],
    )
