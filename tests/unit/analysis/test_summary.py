"""The row that sums a video up."""

import pytest

from emoreport.analysis.mismatch.agreement import Agreement
from emoreport.analysis.mismatch.bootstrap import Intervals
from emoreport.analysis.mismatch.comparison import compare_intervals
from emoreport.analysis.mismatch.shift_test import MismatchStatistics, ShiftTest
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE
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
        DEFAULT_BRIDGE,
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
    mismatch = row.mismatch
    assert (mismatch.mismatch_s, mismatch.compared_s) == (3.0, 5.0)
    assert mismatch.share == pytest.approx(0.6)
    # Face: anger 4 of 5 s, fear 1; voice: anger 3, fear 2; together by chance 4 · 3 + 1 · 2 of 25.
    assert mismatch.expected == pytest.approx(1 - 14 / 25)
    assert (row.dominant_video_emotion, row.dominant_audio_emotion) == ("anger", "anger")
    assert (row.face_model, row.speech_model) == ("compact", "compact")


def test_shares_of_nothing_are_not_known():
    row = summed([("no_face", 4)], [("no_speech", 4)], 4.0)
    assert (row.mismatch.share, row.mismatch.expected) == (None, None)
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


def windows_say(code, excess):
    """What the voice windows say, as if they had been enough."""
    return MismatchStatistics(
        agreement=Agreement(90.0, 3, disagreement=0.5, expected_disagreement=0.6, kappa=1 / 6),
        label_test=ShiftTest(shifts=100, excess=excess, p_value=0.04),
        severity_test=ShiftTest(),
        intervals=Intervals(reason="too_short"),
        verdict=code,
        severity_verdict="not_enough_data",
    )


@pytest.mark.parametrize(
    ("voice", "windows", "verdict", "note"),
    [
        ("anger", windows_say("less", -0.1), "less", None),
        ("fear", windows_say("more", 0.1), "more", None),
        # The rows agree throughout, which bears no verdict of more mismatch than chance gives.
        ("anger", windows_say("more", 0.1), "not_enough_data", "rows_and_windows_differ"),
        ("anger", NOT_MEASURED, "not_enough_data", None),
    ],
)
def test_the_test_on_windows_judges_the_share_of_the_rows(voice, windows, verdict, note):
    other = "anger" if voice == "fear" else "fear"
    row = summed([("anger", 2), ("fear", 2)], [(voice, 2), (other, 2)], 4.0, agreement=windows)
    assert row.mismatch.share == (1.0 if voice == "fear" else 0.0)
    assert row.mismatch.expected == 0.5
    assert (row.mismatch.verdict, row.mismatch.note) == (verdict, note)
    assert row.mismatch.p_value == windows.label_test.p_value
    assert row.kappa == windows.agreement.kappa
