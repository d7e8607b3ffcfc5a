"""Labels of a person in the place of the machine's."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis import DEFAULT_BRIDGE, analyze_readings
from emoreport.analysis.rows.relabelling import coded_sequence, mixed_seconds, tiled
from emoreport.analysis.rows.sequences import MISSING, LabelSequence
from emoreport.records import CodedLabels, FaceTrack, LabelledSpan, Recording, Span, SpeechTrack
from emoreport.settings import Settings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures import results

DURATION_S = 8.0
LABELS = (*EMOTIONS, "no_face", "uncertain", None)


def coding(*entries):
    return tuple(LabelledSpan(Span(start, end), label) for start, end, label in entries)


def readings(frames=200, windows=8):
    return results.face_track(frames, gap=slice(50, 75)), results.speech_track(windows)


def analysed(labels, faces=None, speech=None, duration_s=DURATION_S, **changes):
    made = readings()
    recording = Recording("talk.mp4", duration_s, 25.0, "compact", "compact")
    return analyze_readings(
        made[0] if faces is None else faces,
        made[1] if speech is None else speech,
        recording,
        Settings.from_values(changes),
        DEFAULT_BRIDGE,
        labels,
    )


@st.composite
def codings(draw, end_ms=9000):
    bounds = sorted(draw(st.sets(st.integers(0, end_ms), max_size=10)))
    spans = []
    for start, end in pairwise(bounds):
        label = draw(st.sampled_from(LABELS))
        if label is not None:
            spans.append(LabelledSpan(Span(start / 1000, end / 1000), label))
    return tuple(spans)


def test_the_rows_of_the_face_are_those_of_the_person():
    spans = coding((0, 1.01, "anger"), (1.01, 3.3, "no_face"), (4, 6, "fear"), (6, 6.2, "anger"))
    found = analysed(CodedLabels(face=spans), min_interval="2", abstention="strict")
    rows = [(row.span.start_s, row.span.end_s, row.emotion) for row in found.video_intervals]
    assert rows == [
        (0.0, 1.01, "anger"),
        (1.01, 3.3, "no_face"),
        (3.3, 4.0, "uncertain"),
        (4.0, 6.0, "fear"),
        (6.0, 6.2, "anger"),
        (6.2, 8.0, "uncertain"),
    ]
    assert [row.reasons for row in found.video_intervals] == [()] * 6
    assert [row.span for row in found.audio_intervals] == [
        row.span for row in found.video_intervals
    ]
    assert found.summary.intervals == 6
    assert found.summary.emotion_s == pytest.approx(3.21)


def test_confidence_is_what_the_model_gave_to_the_label():
    faces, _ = readings()
    spans = coding((0, 1.0, "anger"), (1.0, 1.98, "contempt"), (4, 8, "fear"))
    found = analysed(CodedLabels(face=spans)).video_intervals
    anger = EMOTIONS.index("anger")
    mean = faces.probabilities[:25].astype(float).mean(axis=0)
    assert found[0].confidence == pytest.approx(mean[anger])
    assert found[0].distribution == pytest.approx(tuple(mean))
    assert found[0].frames == 25
    assert found[0].face_coverage == 1.0
    # The bound lies inside a frame of 40 ms, which counts for the half that is inside.
    weights = np.append(np.ones(24), 0.5)[:, np.newaxis]
    part = (faces.probabilities[25:50] * weights).sum(axis=0) / weights.sum()
    assert found[1].confidence == pytest.approx(part[EMOTIONS.index("contempt")])
    uncertain = found[2]
    assert uncertain.confidence is uncertain.distribution is uncertain.valence is None


def test_a_label_where_no_face_was_seen_has_no_confidence():
    found = analysed(CodedLabels(face=coding((2.0, 3.0, "anger")))).video_intervals
    row = next(row for row in found if row.emotion == "anger")
    assert row.confidence is row.distribution is None
    assert row.face_coverage == 0.0


def test_a_label_that_the_model_does_not_know_has_no_confidence():
    faces, _ = readings()
    table = faces.probabilities[:, :7] / faces.probabilities[:, :7].sum(axis=1, keepdims=True)
    faces = dataclasses.replace(faces, labels=EMOTIONS[:7], probabilities=table)
    found = analysed(CodedLabels(face=coding((0, 8, "surprise"))), faces=faces)
    (row,) = found.video_intervals
    assert row.emotion == "surprise"
    assert row.confidence is None
    assert row.distribution is not None


def test_coding_what_the_machine_found_changes_nothing():
    own = analysed(CodedLabels())
    face = tuple(LabelledSpan(row.span, row.emotion) for row in own.video_intervals)
    again = analysed(CodedLabels(face=face), abstention="off")
    assert [row.emotion for row in again.video_intervals] == [
        row.emotion for row in own.video_intervals
    ]
    for one, other in zip(own.video_intervals, again.video_intervals, strict=True):
        assert one.span == other.span
        assert one.frames == other.frames
        if one.confidence is not None:
            assert other.confidence == pytest.approx(one.confidence)
            assert other.distribution == pytest.approx(one.distribution)
    assert again.transitions == own.transitions
    assert again.audio_intervals == own.audio_intervals


def test_settings_of_the_machine_have_no_counts_for_rows_of_a_person():
    found = analysed(CodedLabels(face=coding((0, 8, "anger")))).transition_statistics
    assert not any(row.setting and "min_interval" in row.setting for row in found)
    own = analysed(CodedLabels()).transition_statistics
    assert any(row.setting and "min_interval" in row.setting for row in own)


def test_shares_while_speaking_are_those_of_the_person():
    found = analysed(CodedLabels(face=coding((0, 8, "contempt"))))
    shares = {
        (row.scope, row.emotion): row.value
        for row in found.transition_statistics
        if row.statistic == "time_share"
    }
    assert shares
    assert {emotion for _, emotion in shares} == {"contempt"}
    assert set(shares.values()) == {1.0}


# --------------------------------------------------------------------------- the voice


def test_a_row_of_the_voice_gets_the_label_with_most_of_it():
    face = coding((0, 4, "anger"), (4, 8, "fear"))
    voice = coding((0, 1, "neutral"), (1, 3.5, "sadness"), (3.5, 4.5, "fear"), (6, 8, "anger"))
    labels = CodedLabels(face=face, voice=voice)
    found = analysed(labels)
    assert [row.emotion for row in found.audio_intervals] == ["sadness", "anger"]
    heard = analysed(CodedLabels(face=face)).audio_intervals
    for row, before in zip(found.audio_intervals, heard, strict=True):
        assert row.distribution == before.distribution
        labels_of_model = results.VOICE_LABELS
        expected = before.distribution and before.distribution[labels_of_model.index(row.emotion)]
        assert row.confidence == expected
    assert mixed_seconds(voice, found.audio_intervals) == pytest.approx(1 + 0.5 + 0.5)


def test_a_row_that_is_mostly_not_coded_is_uncertain_unless_it_is_silent():
    face = coding((0, 3, "anger"), (3, 6, "fear"), (6, 8, "anger"))
    _, speech = readings()
    silent = dataclasses.replace(speech, speech=(Span(0.0, 5.0),))
    found = analysed(CodedLabels(face, coding((0, 1, "fear"), (7.5, 8, "fear"))), speech=silent)
    assert [row.emotion for row in found.audio_intervals] == [
        "uncertain",
        "uncertain",
        "no_speech",
    ]


def test_the_statistics_of_the_mismatch_follow_the_person():
    face = coding((0, 6, "anger"), (6, 12, "fear"), (12, 24, "anger"))
    voice = coding((0, 6, "anger"), (6, 15, "fear"), (15, 18, "anger"), (18, 24, "no_speech"))
    faces, speech = readings(600, 24)
    found = analysed(CodedLabels(face, voice), faces, speech, duration_s=24.0)
    by_scope = {
        row.scope: row.value
        for row in found.mismatch_statistics
        if row.statistic == "window_mismatch_share"
    }
    seconds = {
        row.scope: row.value
        for row in found.mismatch_statistics
        if row.statistic == "window_seconds"
    }
    # 3 s of 18 differ; anger lasts 12 s in the face and 9 s in the voice: chance agrees by half.
    assert by_scope["all"] == pytest.approx(3 / 18)
    assert seconds["all"] == pytest.approx(18.0)
    assert found.summary.kappa == pytest.approx((15 / 18 - 0.5) / 0.5)
    assert seconds["speaking"] + seconds["pausing"] == pytest.approx(18.0)


def test_a_coded_voice_keeps_the_distributions_of_the_model():
    machine = LabelSequence(
        np.array([0.0, 2.0, 4.0]),
        np.array([0, MISSING]),
        np.array([[0.75, 0.25], [np.nan, np.nan]]),
    )
    coded = coding((1, 3, "fear"), (3, 4, "no_speech"))
    found = coded_sequence(machine, coded, ("anger", "fear"), DEFAULT_BRIDGE)
    assert found.edges_s.tolist() == [0, 1, 2, 3, 4]
    assert found.label.tolist() == [MISSING, 1, 1, MISSING]
    assert np.isnan(found.distribution[:, 0]).tolist() == [True, False, True, True]
    assert found.distribution[1].tolist() == [0.75, 0.25]


# --------------------------------------------------------------------------- any coding


@given(codings())
def test_any_coding_becomes_rows_that_tile(spans):
    rows = tiled(spans, DURATION_S)
    assert rows[0].span.start_s == 0.0
    assert rows[-1].span.end_s == DURATION_S
    assert all(one.span.end_s == other.span.start_s for one, other in pairwise(rows))
    assert all(one.emotion != other.emotion for one, other in pairwise(rows))
    for entry in spans:
        shared = sum(entry.span.overlap_s(row.span) for row in rows if row.emotion == entry.emotion)
        assert shared == pytest.approx(entry.span.overlap_s(Span(0.0, DURATION_S)), abs=0.001)


@settings(max_examples=20)
@given(codings(), codings(), st.booleans())
def test_any_coding_can_be_analysed(face, voice, empty):
    labels = CodedLabels(face=face, voice=voice)
    found = analysed(labels)
    if empty:
        none = np.zeros(0)
        nothing = FaceTrack(
            EMOTIONS,
            none,
            none.astype(np.int64),
            none.astype(np.int64),
            np.zeros((0, 4), np.float32),
            none.astype(np.float32),
            np.zeros((0, 8), np.float32),
        )
        silence = SpeechTrack((), none, none, none, np.zeros((0, 0), np.float32), ())
        found = analysed(labels, faces=nothing, speech=silence)
    assert sum(row.span.duration_s for row in found.video_intervals) == pytest.approx(DURATION_S)
    for row in found.video_intervals:
        assert row.confidence is None or 0.0 <= row.confidence <= 1.0
        assert 0.0 <= row.face_coverage <= 1.0
    assert sum(row.frames for row in found.video_intervals) == (0 if empty else 200)
