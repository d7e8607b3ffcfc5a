"""The voice on rows of its own."""

import dataclasses
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis import analyze_readings
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE
from emoreport.analysis.rows.judging import judge_rows, judge_voice
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.voice_segmentation import segment_voice
from emoreport.records import CodedLabels, LabelledSpan, Span, WitnessReadings
from emoreport.settings import Settings
from tests.fixtures.readings import (
    VOICE_LABELS,
    face_track,
    recording,
    speech_track,
    track_of,
)

SETTINGS = Settings()
NOT_MORE_S = 1e-6


def cut(track, duration_s, settings=SETTINGS):
    rows = segment_voice(track, duration_s, settings)
    return [(row.emotion, row.span.start_s, row.span.end_s) for row in rows]


def own_rows(track, duration_s, settings=SETTINGS, labels=None):
    coded = CodedLabels(voice=labels)
    return judge_voice(track, duration_s, settings, DEFAULT_BRIDGE, coded)


def measured(track, **columns):
    extra = {name: np.asarray(values, dtype=np.float32) for name, values in columns.items()}
    return dataclasses.replace(track, extra=extra)


def test_a_planted_change_is_found_half_way_between_two_windows():
    track = speech_track(["anger"] * 5 + ["fear"] * 5, peak=0.6)
    assert cut(track, 12.0) == [("anger", 0.0, 6.0), ("fear", 6.0, 12.0)]


def test_a_pause_is_no_speech_and_has_the_bounds_of_the_speech():
    track = speech_track(["anger"] * 10, speech=[(0.5, 4.25), (5.125, 12.0)])
    assert cut(track, 12.0) == [
        ("anger", 0.0, 4.25),  # half a second before it is within the gap limit
        ("no_speech", 4.25, 5.125),
        ("anger", 5.125, 12.0),
    ]


def test_pauses_within_the_gap_limit_are_bridged():
    track = speech_track(["anger"] * 10, speech=[(0, 4.0), (4.5, 12.0)])
    assert cut(track, 12.0) == [("anger", 0.0, 12.0)]
    longer = Settings.from_values({"gap_limit": 0.4})
    assert len(cut(track, 12.0, longer)) == 3


def test_an_utterance_too_short_for_a_row_joins_the_silence():
    track = speech_track(["anger"] * 10, speech=[(0, 2.0), (5.0, 5.4), (8.0, 12.0)])
    assert [label for label, *_ in cut(track, 12.0)] == ["anger", "no_speech", "anger"]


def test_a_row_with_less_speech_than_one_needs_is_no_speech():
    track = speech_track(["anger"] * 10, speech=[(0, 2.0), (5.0, 5.1), (5.6, 5.7), (9.0, 12.0)])
    rows = own_rows(track, 12.0)
    assert [row.emotion for row in rows] == ["anger", "no_speech", "anger"]
    assert rows[1].speech_s == pytest.approx(0.2)
    less = Settings.from_values({"min_speech": 0.1, "abstention": "off"})
    assert [row.emotion for row in own_rows(track, 12.0, less)] == ["anger", "no_speech"] * 2 + [
        "anger"
    ]


def test_speech_without_a_judged_window_is_uncertain():
    track = speech_track(["anger", None, None, None, None, None, "fear"])
    assert cut(track, 9.0) == [
        ("anger", 0.0, 3.0),
        ("uncertain", 3.0, 6.0),
        ("fear", 6.0, 9.0),
    ]
    mute = speech_track([None] * 4, labels=(), speech=[(0, 2)])
    assert cut(mute, 6.0) == [("uncertain", 0.0, 2.0), ("no_speech", 2.0, 6.0)]


def test_without_sound_or_length_there_is_nothing_to_cut():
    assert cut(speech_track([]), 5.0) == [("no_speech", 0.0, 5.0)]
    assert own_rows(speech_track(["anger"]), 0.0) == ()


def test_means_are_weighted_by_the_speech_that_each_window_holds():
    track = speech_track(["anger", "anger", "fear"], speech=[(0, 1.0), (1.4, 5.0)], peak=0.6)
    short = Settings.from_values({"abstention": "off", "min_interval": 5})
    (row,) = own_rows(track, 5.0, short)
    # The first window holds [0, 2) with 1.6 s of speech, the second 1 s, the third 2 s.
    assert row.speech_s == pytest.approx(4.6)
    anger = (2.6 * 0.6 + 2.0 * 0.4 / 6) / 4.6
    assert row.distribution[VOICE_LABELS.index("anger")] == pytest.approx(anger)
    assert row.evidence.leading_share == pytest.approx(2.6 / 4.6)
    assert row.evidence.firm_leading_share == pytest.approx(2.6 / 4.6)
    assert row.confidence == max(row.distribution)


def test_intensity_is_the_mean_of_the_windows_that_know_it():
    track = speech_track(["anger"] * 3, speech=[(0, 2.0), (2.5, 5.0)])
    (row,) = own_rows(measured(track, intensity=[0.2, np.nan, 0.8]), 5.0)
    assert row.intensity == pytest.approx((2.0 * 0.2 + 2.0 * 0.8) / 4.0)
    (unknown,) = own_rows(track, 5.0)
    assert unknown.intensity is None


def test_uncertain_neighbours_become_one_row_with_all_their_reasons():
    track = speech_track(["anger"] * 6 + ["fear"] * 6, peak=0.6)
    noise = measured(track, snr_db=[0.0] * 6 + [30.0] * 6, clipping=[0.0] * 6 + [0.5] * 6)
    (row,) = own_rows(noise, 14.0)
    assert (row.emotion, row.reasons) == ("uncertain", ("snr_db", "clipping"))
    assert row.speech_s == pytest.approx(14.0)
    assert row.evidence.speech_s == pytest.approx(14.0)
    assert row.distribution is row.confidence is None


def test_what_is_shown_over_time_is_what_the_rows_are_made_from():
    track = speech_track(["anger"] * 6, speech=[(0, 3.5), (5.0, 8.0)], peak=0.9)
    faces = face_track(("neutral", 8.0))
    plain, far = (
        analyze_readings(faces, measured(track, distance=[away] * 6), recording(8.0), SETTINGS)
        for away in (0.5, 3.0)
    )
    assert [piece.span for piece in plain.heard_windows] == [
        *(Span(0, 2), Span(2, 3), Span(3, 3.5), Span(5, 6), Span(6, 8)),
    ]
    anger = VOICE_LABELS.index("anger")
    assert {piece.distribution[anger] for piece in plain.heard_windows} == {
        plain.voice_intervals[0].confidence
    }
    assert all(piece.distribution[anger] < 0.7 for piece in far.heard_windows)


def test_a_witness_hears_the_voice_s_own_rows_and_may_contradict_them():
    track = speech_track(["anger"] * 5 + ["fear"] * 5, peak=0.6)
    agrees = WitnessReadings(VOICE_LABELS, track.probabilities)
    first, second = own_rows(dataclasses.replace(track, witness=agrees), 12.0)
    assert (first.witness.emotion, second.witness.emotion) == ("anger", "fear")
    assert first.witness.agreement == pytest.approx(1.0)
    other = speech_track(["anger"] * 10, peak=0.6).probabilities
    doubted = dataclasses.replace(track, witness=WitnessReadings(VOICE_LABELS, other))
    first, second = own_rows(doubted, 12.0)
    assert (first.emotion, first.witness.emotion) == ("anger", "anger")
    assert (second.emotion, second.reasons) == ("uncertain", ("witnesses_disagree",))


def test_a_person_s_coding_has_the_person_s_bounds():
    track = speech_track(["anger"] * 10, speech=[(0, 8.0)], peak=0.6)
    coded = (
        LabelledSpan(Span(1.25, 3.0), "sadness"),
        LabelledSpan(Span(3.0, 6.5), "enthusiasm"),
    )
    rows = own_rows(track, 12.0, labels=coded)
    assert [(row.emotion, row.span.start_s, row.span.end_s) for row in rows] == [
        ("uncertain", 0.0, 1.25),
        ("sadness", 1.25, 3.0),
        ("enthusiasm", 3.0, 6.5),
        ("uncertain", 6.5, 12.0),
    ]
    sadness, unknown = rows[1], rows[2]
    assert sadness.confidence == pytest.approx(0.4 / 6)
    assert (unknown.confidence, unknown.distribution) == (None, sadness.distribution)


def test_time_that_was_neither_coded_nor_spoken_is_no_speech():
    track = speech_track(["anger"] * 10, speech=[(0, 8.0)])
    rows = own_rows(track, 12.0, labels=(LabelledSpan(Span(0, 8), "anger"),))
    assert [row.emotion for row in rows] == ["anger", "no_speech"]


LABELS = st.lists(st.sampled_from([None, *VOICE_LABELS[:4]]), min_size=1, max_size=14)
SPEECH = st.lists(st.tuples(st.integers(1, 25), st.integers(3, 30)), max_size=8).map(
    lambda steps: [
        (low / 10, high / 10)
        for low, high in np.cumsum(np.asarray(steps, dtype=int).ravel()).reshape(-1, 2)
    ]
)
CHOICES = st.fixed_dictionaries(
    {
        "min_interval": st.sampled_from([0.0, 0.5, 2.0]),
        "gap_limit": st.sampled_from([0.0, 0.5, 1.5]),
        "hysteresis": st.sampled_from([0.0, 0.05, 0.3]),
        "abstention": st.sampled_from(["off", "normal", "strict"]),
        "min_speech": st.sampled_from([0.0, 0.3, 1.0]),
    }
)


@given(LABELS, SPEECH, CHOICES, st.integers(5, 200))
def test_rows_tile_the_recording_and_neighbours_differ(windows, speech, choices, tenths):
    duration_s, settings = tenths / 10, Settings.from_values(choices)
    track = speech_track(windows, speech=speech, peak=0.6)
    rows = own_rows(track, duration_s, settings)
    assert rows[0].span.start_s == 0.0
    assert rows[-1].span.end_s == duration_s
    for one, other in pairwise(rows):
        assert one.span.end_s == other.span.start_s
        assert one.emotion != other.emotion
    shortest_s = min(settings.analysis.min_interval_s, duration_s) - NOT_MORE_S
    assert all(row.span.duration_s >= shortest_s for row in rows)
    heard_s = sum(Span(*bounds).overlap_s(Span(0.0, duration_s)) for bounds in speech)
    assert sum(row.speech_s for row in rows) == pytest.approx(heard_s, abs=1e-9)
    for row in rows:
        assert (row.confidence is None) == (row.emotion in {"no_speech", "uncertain"})
        assert row.emotion == "no_speech" or row.speech_s >= settings.speech.min_speech_s - 1e-5
        if row.distribution is not None:
            assert sum(row.distribution) == pytest.approx(1.0, abs=1e-5)


@given(
    st.lists(st.sampled_from(VOICE_LABELS[:3]), min_size=2, max_size=20),
    st.sampled_from([0.0, 0.5, 2.5]),
    st.sampled_from([0.0, 0.05, 0.3]),
)
def test_the_face_is_cut_in_the_same_way(windows, min_interval, hysteresis):
    settings = Settings.from_values(
        {"min_interval": min_interval, "hysteresis": hysteresis, "smoothing": 0}
    )
    track = speech_track(windows, peak=0.6)
    held_s = [0.0, *(2.0 + np.arange(len(windows) - 1))]
    frames = track_of(held_s, track.probabilities, VOICE_LABELS)
    duration_s = held_s[-1] + 1.0  # a last frame may not hold as long as the last window does
    seen = segment_faces(frames, duration_s, settings.analysis)
    heard = segment_voice(track, duration_s, settings)
    assert [(row.span, row.emotion) for row in heard] == [(row.span, row.emotion) for row in seen]


def leaders(table):
    """Who leads at each window where a change needs a lead, however small."""
    led = [int(np.argmax(table[0]))]
    for row in table[1:]:
        led.append(int(np.argmax(row)) if row.max() > row[led[-1]] + NOT_MORE_S else led[-1])
    return led


@given(
    st.lists(
        st.lists(st.integers(1, 9), min_size=3, max_size=3).map(lambda w: np.asarray(w) / sum(w)),
        min_size=1,
        max_size=7,
    ),
    st.sampled_from([1.0, 2.0, 3.5]),
)
def test_no_other_labelling_with_rows_so_long_gains_more(table, min_interval):
    labels, windows = VOICE_LABELS[:3], range(len(table))
    settings = Settings.from_values({"min_interval": min_interval, "hysteresis": 0})
    track = dataclasses.replace(
        speech_track(["anger"] * len(table), labels=labels),
        probabilities=np.asarray(table, dtype=np.float32),
    )
    duration_s = float(track.end_s[-1])
    edges_s = [0.0, *(2.0 + np.arange(len(table) - 1)), duration_s]
    held_s, led = np.diff(edges_s), leaders(table)

    def gain(chosen):
        return sum(held_s[at] * float(table[at][chosen[at]]) for at in windows)

    def allowed(chosen):
        cuts = [at for at in windows if at and chosen[at] != chosen[at - 1]]
        bounds_s = [0.0, *(edges_s[at] for at in cuts), duration_s]
        long_enough = min(np.diff(bounds_s)) >= min(min_interval, duration_s) - NOT_MORE_S
        return long_enough and all(led[at] != led[at - 1] for at in cuts)

    rows = segment_voice(track, duration_s, settings)
    middles = [0.5 * (edges_s[at] + edges_s[at + 1]) for at in windows]
    own = [next(labels.index(row.emotion) for row in rows if row.span.end_s > at) for at in middles]
    assert allowed(own)
    best = max(gain(chosen) for chosen in product(range(3), repeat=len(table)) if allowed(chosen))
    assert gain(own) == pytest.approx(best, abs=1e-6)


def heard_over(seconds, windows, *, level="normal", peak=0.6):
    """The rows of the voice over one row of the face, and the voice's own."""
    track = speech_track(windows, peak=peak)
    faces = face_track(("neutral", seconds))
    settings = Settings.from_values({"abstention": level})
    (row,) = judge_rows(faces, track, seconds, settings, DEFAULT_BRIDGE).audio
    return row, own_rows(track, seconds, settings)


def test_an_average_over_five_labels_is_no_label():
    windows = [name for name in ("anger", "fear", "happiness", "sadness") for _ in range(3)]
    windows += ["neutral"] * 6
    row, own = heard_over(20.0, windows)
    assert row.emotion == "uncertain"
    assert "voice_changes_within" in row.reasons
    assert row.evidence.leading_share == pytest.approx(6 / 18)
    assert [piece.emotion for piece in own] == [
        *("anger", "fear", "happiness", "sadness", "neutral"),
    ]
    assert heard_over(20.0, windows, level="off")[0].emotion == "neutral"


def test_a_label_that_most_of_the_firm_speech_bears_stays():
    windows = ["neutral"] * 11 + ["anger"] * 7
    row, _ = heard_over(20.0, windows)
    assert (row.emotion, row.evidence.leading_share) == ("neutral", pytest.approx(11 / 18))
    strict, _ = heard_over(20.0, windows, level="strict")
    assert strict.emotion == "uncertain"
    assert "voice_changes_within" in strict.reasons


def test_windows_that_are_not_firm_contradict_nothing():
    weak = speech_track(["anger"] * 6 + ["fear"] * 6, peak=0.6)
    table = weak.probabilities.copy()
    table[4:] = table[:1] * 0.0 + 1.0 / 7
    table[4:, VOICE_LABELS.index("fear")] += 0.02
    table[4:] /= table[4:].sum(axis=1, keepdims=True)
    track = dataclasses.replace(weak, probabilities=table)
    faces = face_track(("neutral", 14.0))
    (row,) = judge_rows(faces, track, 14.0, SETTINGS, DEFAULT_BRIDGE).audio
    assert row.evidence.leading_share == pytest.approx(4 / 12)
    assert row.evidence.firm_leading_share is None
    assert "voice_changes_within" not in row.reasons
