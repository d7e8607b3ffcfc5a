"""The speaker's own baseline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.baseline import (
    NO_NEUTRAL,
    NO_VARIATION,
    TOO_SHORT,
    face_baseline,
    first_seconds,
    fit_baseline,
    voice_baseline,
)
from emoreport.records import Span, SpeechTrack
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import VOICE_LABELS, speech_track, track_of, video_rows

NEUTRAL, SADNESS = EMOTIONS.index("neutral"), EMOTIONS.index("sadness")


def wavering(frames, *, sadness=(0.1, 0.3), rate_hz=10.0):
    """A face that is neutral with a sadness that alternates between two values."""
    rows = np.zeros((frames, len(EMOTIONS)))
    rows[:, SADNESS] = np.resize(sadness, frames)
    rows[:, NEUTRAL] = 1.0 - rows[:, SADNESS]
    return track_of([frame / rate_hz for frame in range(frames)], rows)


def test_a_case_worked_by_hand():
    faces = wavering(400)
    faces.probabilities[200:, SADNESS] = 0.5
    rows = video_rows(("neutral", 20), ("sadness", 20))
    found = face_baseline(faces, rows, 40.0, seconds=20.0)
    assert found.mean[SADNESS] == pytest.approx(0.2)
    # 200 readings 0.1 away from their mean, with n − 1.
    assert found.sd[SADNESS] == pytest.approx(0.1 * np.sqrt(200 / 199))
    assert found.seconds[SADNESS] == pytest.approx(20)


def test_only_the_first_neutral_seconds_count():
    faces = wavering(600)
    faces.probabilities[300:, SADNESS] += 0.4
    rows = video_rows(("neutral", 60))
    found = face_baseline(faces, rows, 60.0, seconds=30.0)
    assert found.mean[SADNESS] == pytest.approx(0.2, abs=1e-6)
    assert found.seconds[SADNESS] == pytest.approx(30)


def test_neutral_seconds_are_gathered_from_several_rows():
    rows = video_rows(("neutral", 8), ("anger", 10), ("neutral", 22))
    found = face_baseline(wavering(400), rows, 40.0, seconds=15.0)
    assert found.seconds[SADNESS] == pytest.approx(15)


def test_a_chosen_span_replaces_the_label():
    faces = wavering(400)
    faces.probabilities[200:, SADNESS] += 0.3
    rows = video_rows(("neutral", 20), ("sadness", 20))
    found = face_baseline(faces, rows, 40.0, seconds=5.0, chosen=Span(20.0, 40.0))
    assert found.mean[SADNESS] == pytest.approx(0.5, abs=1e-6)
    assert found.seconds[SADNESS] == pytest.approx(20)


def test_readings_count_by_the_time_they_hold():
    # 0.1 holds two seconds at a time and 0.4 one.
    time_s = np.cumsum(np.tile([2.0, 1.0], 10)) - 2.0
    rows = np.zeros((20, len(EMOTIONS)))
    rows[:, SADNESS] = np.tile([0.4, 0.1], 10)
    faces = track_of(time_s.tolist(), rows)
    hold_s = np.diff(time_s, append=time_s[-1] + 2.0)
    assert hold_s.tolist() == [1.0, 2.0] * 10
    found = face_baseline(faces, video_rows(("neutral", 30)), 30.0, seconds=60.0)
    assert found.mean[SADNESS] == pytest.approx(0.2)


def test_frames_without_a_face_have_no_say():
    faces = wavering(400)
    faces.probabilities[100:150] = np.nan
    found = face_baseline(faces, video_rows(("neutral", 40)), 40.0, seconds=40.0)
    assert found.seconds[SADNESS] == pytest.approx(35)
    assert found.mean[SADNESS] == pytest.approx(0.2)


def test_an_emotion_that_does_not_vary_has_no_scores_and_says_why():
    faces = wavering(400)
    rows = video_rows(("neutral", 40))
    found = face_baseline(faces, rows, 40.0, seconds=40.0)
    anger = EMOTIONS.index("anger")
    assert found.reasons[anger] == NO_VARIATION
    assert np.isnan(found.sd[anger])
    assert found.reasons[SADNESS] is None
    tiny = face_baseline(wavering(400, sadness=(0.1, 0.1005)), rows, 40.0, seconds=40.0)
    assert tiny.reasons[SADNESS] == NO_VARIATION


@pytest.mark.parametrize(
    ("rows", "chosen", "reason"),
    [
        (video_rows(("anger", 40)), None, NO_NEUTRAL),
        ((), None, NO_NEUTRAL),
        (video_rows(("neutral", 9), ("anger", 31)), None, TOO_SHORT),
        (video_rows(("neutral", 40)), Span(0.0, 9.0), TOO_SHORT),
        (video_rows(("neutral", 40)), Span(50.0, 90.0), TOO_SHORT),
    ],
)
def test_too_little_for_a_baseline_gives_no_scores_and_says_why(rows, chosen, reason):
    found = face_baseline(wavering(400), rows, 40.0, seconds=30.0, chosen=chosen)
    assert set(found.reasons) == {reason}
    assert np.isnan(found.mean).all()


def test_ten_seconds_are_enough_and_few_long_readings_are_not():
    rows = video_rows(("neutral", 10), ("anger", 30))
    assert face_baseline(wavering(400), rows, 40.0, seconds=30.0).reasons[SADNESS] is None
    few = fit_baseline(np.array([[0.0], [1.0]]), np.full(2, 9.0))
    assert few.reasons == (TOO_SHORT,)


def voice(labels_heard, peaks, **options):
    track = speech_track(labels_heard, **options)
    table = track.probabilities.copy()
    for window, (label, peak) in enumerate(zip(labels_heard, peaks, strict=True)):
        if label is not None:
            table[window] = (1 - peak) / (len(VOICE_LABELS) - 1)
            table[window, VOICE_LABELS.index(label)] = peak
    return SpeechTrack(
        track.labels, track.start_s, track.end_s, track.speech_s, table, track.speech
    )


def test_windows_of_the_voice_count_as_their_hop():
    heard = ["neutral", "neutral"] * 8 + ["anger"] * 4
    speech = voice(heard, [0.5, 0.7] * 10)
    found = voice_baseline(speech, seconds=12.0)
    place = VOICE_LABELS.index("neutral")
    assert found.seconds[place] == 12
    assert found.mean[place] == pytest.approx(0.6)
    assert found.sd[place] == pytest.approx(0.1 * np.sqrt(12 / 11), rel=1e-5)


def test_the_last_window_counts_as_a_hop_too():
    speech = voice(["neutral"] * 12, [0.5, 0.7] * 6)
    assert voice_baseline(speech, seconds=60.0).seconds[0] == 12


def test_windows_not_judged_are_no_baseline():
    speech = voice(["neutral", None] * 12, [0.5, 0.5, 0.7, 0.7] * 6)
    found = voice_baseline(speech, seconds=60.0)
    assert found.seconds[0] == 12


def test_a_chosen_span_takes_the_windows_with_their_centre_in_it():
    speech = voice(["anger"] * 30, [0.5, 0.7] * 15)
    assert set(voice_baseline(speech, seconds=20.0).reasons) == {NO_NEUTRAL}
    found = voice_baseline(speech, seconds=20.0, chosen=Span(5.5, 17.5))
    assert found.seconds[0] == 12
    assert found.reasons[VOICE_LABELS.index("anger")] is None


@pytest.mark.parametrize(
    "speech",
    [
        speech_track([]),
        speech_track(["neutral"]),
        SpeechTrack((), np.zeros(1), np.ones(1), np.ones(1), np.zeros((1, 0)), ()),
    ],
)
def test_a_voice_of_nothing_has_no_scores(speech):
    found = voice_baseline(speech, seconds=30.0)
    assert found.mean.shape == (speech.probabilities.shape[1],)
    assert np.isnan(found.mean).all()


def test_a_voice_model_without_neutral_has_no_neutral_baseline():
    speech = speech_track(["anger"] * 30, labels=("anger", "happiness"))
    assert set(voice_baseline(speech, seconds=20.0).reasons) == {NO_NEUTRAL}


def test_the_reading_that_crosses_the_limit_is_the_last_one():
    resting = np.array([True, False, True, True, True])
    taken = first_seconds(resting, np.full(5, 0.4), 1.0)
    assert taken.tolist() == [True, False, True, True, False]


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_scores_do_not_depend_on_scale_and_origin(seed, scale, origin):
    rng = np.random.default_rng(seed)
    table, weight_s = rng.normal(size=(50, 1)), rng.uniform(0.1, 2, 50)

    def scores(values):
        fitted = fit_baseline(values, weight_s)
        return (values - fitted.mean) / fitted.sd

    assert scores(scale * table + origin) == pytest.approx(scores(table), rel=1e-6, abs=1e-6)
