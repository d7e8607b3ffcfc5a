"""The row that sums a video up."""

import pytest

from emoreport.analysis.mismatch.agreement import Agreement
from emoreport.analysis.mismatch.bootstrap import Intervals
from emoreport.analysis.mismatch.comparison import compare_intervals
from emoreport.analysis.mismatch.shift_test import MismatchStatistics, ShiftTest
from emoreport.analysis.summary import summarize
from emoreport.analysis.transitions.counting import count_transitions
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import (
    VOICE_LABELS,
    audio_rows,
    face_track,
    recording,
    speech_track,
    video_rows,
)

NOT_MEASURED = MismatchStatistics(
    agreement=Agreement(0.0, 0),
    label_test=ShiftTest(),
    severity_test=ShiftTest(),
    intervals=Intervals(),
    verdict="not_enough_data",
    severity_verdict="not_enough_data",
)


def summed(video, audio, duration_s, faces=None, speech=None, agreement=NOT_MEASURED):
    video, audio = video_rows(*video), audio_rows(*audio)
    return summarize(
        recording(duration_s),
        face_track() if faces is None else faces,
        speech_track([]) if speech is None else speech,
        video,
        audio,
        compare_intervals(video, audio, EMOTIONS, VOICE_LABELS),
        count_transitions(video),
        agreement,
    )


def test_a_talk_worked_by_hand():
    row = summed(
        [("anger", 2), ("fear", 1), ("no_face", 3), ("neutral", 2), ("anger", 2)],
        [("anger", 2), ("anger", 1), ("anger", 3), ("no_speech", 2), ("fear", 2)],
        10.0,
        face_track(("anger", 3), (None, 3), ("neutral", 4)),
        speech_track(["anger"] * 3, speech=[(0, 4), (8, 30)]),
    )
    assert (row.video, row.duration_s, row.frames, row.frame_rate_hz) == (
        "talk.mp4",
        10.0,
        250,
        25.0,
    )
    assert row.face_coverage == pytest.approx(0.7)
    assert row.speech_s == pytest.approx(6.0)
    assert (row.intervals, row.transitions, row.mismatches) == (5, 2, 2)
    assert row.transitions_per_minute == pytest.approx(12.0)
    assert row.emotion_s == 7.0
    assert row.transitions_per_emotion_minute == pytest.approx(120 / 7)
    assert (row.mismatch_s, row.compared_s, row.mismatch_share) == (3.0, 5.0, pytest.approx(0.6))
    assert (row.dominant_video_emotion, row.dominant_audio_emotion) == ("anger", "anger")
    assert (row.face_model, row.speech_model) == ("compact", "compact")


def test_shares_of_nothing_are_not_known():
    row = summed([("no_face", 4)], [("no_speech", 4)], 4.0)
    assert row.mismatch_share is None
    assert row.transitions_per_emotion_minute is None
    assert (row.dominant_video_emotion, row.dominant_audio_emotion) == (None, None)
    assert (row.face_coverage, row.speech_s, row.transitions) == (0.0, 0.0, 0)
    assert row.transitions_per_minute == 0.0


def test_a_recording_without_length():
    row = summed([], [], 0.0)
    assert (row.transitions_per_minute, row.face_coverage, row.intervals) == (None, 0.0, 0)


def test_of_equally_long_emotions_the_first_in_order_dominates():
    lengths_s = (0.1, 0.1, 0.2, 0.3, 0.3, 0.2)
    video = list(zip(("surprise", "anger") * 3, lengths_s, strict=True))
    audio = list(zip(("sadness", "fear") * 3, lengths_s, strict=True))
    row = summed(video, audio, 1.2)
    assert (row.dominant_video_emotion, row.dominant_audio_emotion) == ("anger", "fear")


def test_how_much_of_the_talk_was_judged_on():
    row = summed(
        [("anger", 2), ("uncertain", 1), ("no_face", 3), ("neutral", 1)],
        [("anger", 2), ("anger", 1), ("anger", 3), ("anger", 1)],
        7.0,
    )
    assert row.uncertain_s == 1.0
    assert row.judged_share == pytest.approx(3 / 4)


def test_agreement_is_passed_on():
    agreement = MismatchStatistics(
        agreement=Agreement(30.0, 3, disagreement=0.5, expected_disagreement=0.6, kappa=1 / 6),
        label_test=ShiftTest(shifts=100, p_value=0.04),
        severity_test=ShiftTest(),
        intervals=Intervals(),
        verdict="less",
        severity_verdict="not_enough_data",
    )
    row = summed([("anger", 2)], [("anger", 2)], 2.0, agreement=agreement)
    assert row.kappa == pytest.approx(1 / 6)
    assert row.expected_mismatch_share == 0.6
    assert (row.mismatch_p_value, row.mismatch_verdict) == (0.04, "less")
