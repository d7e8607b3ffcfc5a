"""The voice inside the rows of the face."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.voice import audio_intervals, spoken_before
from emoreport.records import Span, SpeechTrack
from emoreport.settings import SpeechSettings
from tests.fixtures.readings import VOICE_LABELS, speech_track

SETTINGS = SpeechSettings()
ANGER, FEAR = VOICE_LABELS.index("anger"), VOICE_LABELS.index("fear")


def heard(track, *bounds, settings=SETTINGS):
    return audio_intervals(track, [Span(low, high) for low, high in bounds], settings)


def test_little_speech_is_no_speech():
    track = speech_track(["anger"] * 5, speech=[(0.0, 0.29), (2.0, 2.3)])
    silent, spoken = heard(track, (0, 1), (2, 3))
    assert (silent.emotion, silent.confidence, silent.distribution) == ("no_speech", None, None)
    assert silent.speech_s == pytest.approx(0.29)
    assert (spoken.emotion, spoken.confidence) == ("anger", 1.0)
    assert spoken.speech_s == pytest.approx(0.3)


def test_no_speech_at_all_is_no_speech_even_without_a_minimum():
    track = speech_track(["anger"] * 5, speech=[])
    (row,) = heard(track, (0, 1), settings=SpeechSettings(min_speech_s=0.0))
    assert row.emotion == "no_speech"


def test_a_short_row_lies_between_two_windows():
    track = speech_track(["anger", "fear", "fear"])
    (row,) = heard(track, (1.5, 2.0))
    assert row.distribution[ANGER] == pytest.approx(0.75)
    assert row.distribution[FEAR] == pytest.approx(0.25)
    assert (row.emotion, row.confidence) == ("anger", pytest.approx(0.75))


def test_a_short_row_at_the_centre_of_a_window_is_that_window():
    track = speech_track(["anger", "fear", "sadness"])
    (row,) = heard(track, (2.0, 3.0))
    assert (row.emotion, row.confidence) == ("fear", 1.0)


def test_a_short_row_before_the_first_centre_or_after_the_last_takes_that_window():
    track = speech_track(["anger", "fear"])
    first, last = heard(track, (0, 0.5), (3.5, 4.0))
    assert (first.emotion, first.confidence) == ("anger", 1.0)
    assert (last.emotion, last.confidence) == ("fear", 1.0)


def test_windows_without_a_judgement_are_passed_over():
    track = speech_track(["anger", None, "fear"])
    (row,) = heard(track, (2.0, 3.0))
    assert row.distribution[ANGER] == pytest.approx(0.5)
    assert row.distribution[FEAR] == pytest.approx(0.5)


def test_a_window_that_does_not_touch_the_widened_row_says_nothing_about_it():
    track = speech_track(["anger", *[None] * 9])
    near, far = heard(track, (4.0, 4.8), (7.0, 8.0))
    assert near.emotion == "anger"
    assert (far.emotion, far.confidence, far.speech_s) == ("uncertain", None, 1.0)


def test_a_long_row_averages_the_windows_inside_it_by_their_speech():
    track = speech_track(["anger", "fear", "sadness", "sadness"], speech=[(0, 3.0), (3.5, 4.0)])
    (row,) = heard(track, (0, 4))
    assert track.speech_s[:2].tolist() == [3.0, 2.5]
    assert row.distribution[ANGER] == pytest.approx(3.0 / 5.5)
    assert row.distribution[FEAR] == pytest.approx(2.5 / 5.5)
    assert row.emotion == "anger"


def test_a_long_row_without_a_window_inside_takes_the_most_overlapping():
    track = speech_track(["anger", "fear", "sadness"])
    row, tied = heard(track, (0.9, 3.91), (0.5, 3.5))
    assert (row.emotion, row.confidence) == ("fear", 1.0)
    assert tied.distribution[ANGER] == pytest.approx(0.5)
    assert tied.distribution[FEAR] == pytest.approx(0.5)


def test_a_long_row_whose_own_windows_were_not_judged_takes_the_most_overlapping():
    track = speech_track(["anger", None, None, None, "fear"])
    (row,) = heard(track, (1, 5))
    assert (row.emotion, row.confidence) == ("anger", 1.0)


def test_a_long_row_without_any_judged_window_is_uncertain():
    track = speech_track(["anger", *[None] * 9])
    (row,) = heard(track, (4, 10))
    assert (row.emotion, row.confidence, row.speech_s) == ("uncertain", None, 6.0)


def test_windows_that_hold_no_measured_speech_count_alike():
    track = speech_track(["anger", "fear"], speech=[(0, 0.5)])
    silent = SpeechTrack(
        track.labels, track.start_s, track.end_s, np.zeros(2), track.probabilities, track.speech
    )
    (row,) = heard(silent, (0, 4))
    assert row.distribution[ANGER] == pytest.approx(0.5)


def test_without_a_voice_model_speech_is_uncertain_and_kept():
    track = speech_track([None] * 4, labels=(), speech=[(0, 2)])
    spoken, silent = heard(track, (0, 1), (3, 4))
    assert (spoken.emotion, spoken.speech_s, spoken.distribution) == ("uncertain", 1.0, None)
    assert silent.emotion == "no_speech"


def test_without_sound_all_is_silent():
    assert [row.emotion for row in heard(speech_track([]), (0, 1), (1, 9))] == ["no_speech"] * 2
    assert heard(speech_track([])) == ()


def test_sound_that_ends_before_the_video():
    track = speech_track(["anger"] * 3)
    over, gone = heard(track, (4, 8), (8, 20))
    assert (over.emotion, over.speech_s) == ("anger", 1.0)
    assert (gone.emotion, gone.speech_s) == ("no_speech", 0.0)


def test_sound_shorter_than_a_window():
    track = speech_track(["fear"], window_s=0.8, start_s=2.0)
    inside, around = heard(track, (2.2, 2.6), (0, 10))
    assert (inside.emotion, inside.confidence) == ("fear", 1.0)
    assert (around.emotion, around.speech_s) == ("fear", pytest.approx(0.8))


spans = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=8).map(
    lambda steps: [
        (low / 10, high / 10)
        for low, high in np.cumsum(np.asarray(steps, dtype=int).ravel()).reshape(-1, 2)
    ]
)


@given(speech=spans, low=st.integers(0, 600), length=st.integers(0, 300))
def test_speech_seconds_are_the_overlap_with_the_spans(speech, low, length):
    row = Span(low / 10, (low + length) / 10)
    found = spoken_before([Span(*bounds) for bounds in speech], np.array([row.start_s, row.end_s]))
    expected = sum(row.overlap_s(Span(*bounds)) for bounds in speech)
    assert found[1] - found[0] == pytest.approx(expected, abs=1e-9)


@given(
    windows=st.lists(st.sampled_from([None, *VOICE_LABELS]), max_size=12),
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=8),
    speech=spans,
)
def test_every_row_has_a_voice_that_fits_its_label(windows, cuts, speech):
    track = speech_track(windows, speech=speech, peak=0.6)
    bounds = np.cumsum([0, *cuts]) / 10
    rows = heard(track, *pairwise(bounds))
    assert len(rows) == len(cuts)
    for row in rows:
        assert (row.confidence is None) == (row.emotion in {"no_speech", "uncertain"})
        assert (row.emotion == "no_speech") == (row.speech_s < 0.3 - 1e-6)
        if row.distribution is not None:
            assert sum(row.distribution) == pytest.approx(1.0, abs=1e-5)
            assert row.confidence == max(row.distribution)
            assert row.emotion == VOICE_LABELS[row.distribution.index(row.confidence)]
