"""What a label rests on, worked by hand."""

import dataclasses

import numpy as np
import pytest

from emoreport.analysis.rows.evidence import FrameEvidence, normalised_entropy, voice_evidence
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.voice import audio_intervals
from emoreport.records import Span, SpeechTrack
from emoreport.settings import AnalysisSettings, SpeechSettings
from tests.fixtures.readings import (
    audio_rows,
    face_track,
    peaked,
    random_readings,
    speech_track,
    track_of,
)

NAN = float("nan")
SETTINGS = AnalysisSettings(smoothing_s=0.0)


def with_extra(track, **columns):
    extra = {name: np.asarray(values, np.float32) for name, values in columns.items()}
    return dataclasses.replace(track, extra=extra)


def uneven_track():
    """Two rows of 1 s; the frames of the first one hold 0.75 and 0.25 s."""
    track = track_of(
        [0.0, 0.75, 1.0, 1.5],
        [peaked("fear"), peaked("fear", peak=0.5), peaked("anger"), peaked(None)],
    )
    track.detection_score[:] = [0.9, 0.5, 0.8, NAN]
    track.box[:, 2:] = [[40, 90], [20, 20], [30, 30], [NAN, NAN]]
    return with_extra(
        track,
        yaw_deg=[-20, 40, NAN, NAN],
        pitch_deg=[NAN] * 4,
        sharpness=[100, 300, 50, NAN],
    )


def test_the_face_by_hand():
    track = uneven_track()
    rows = segment_faces(track, 2.0, SETTINGS)
    fear, anger = FrameEvidence(track, 2.0).of(rows)
    assert (fear.face_coverage, anger.face_coverage) == (1.0, 0.5)
    assert fear.mean_score == pytest.approx(0.75 * 0.9 + 0.25 * 0.5)
    assert (fear.worst_score, fear.face_px) == (0.5, 40.0)
    assert fear.yaw_deg == pytest.approx(25.0)
    assert (fear.pitch_deg, anger.yaw_deg) == (None, None)
    assert (fear.sharpness, fear.relative_sharpness) == (200.0, 2.0)
    assert (anger.sharpness, anger.relative_sharpness) == (50.0, 0.5)
    # fear: a certain frame for 0.75 s, and one with 1/2 and seven times 1/14.
    second = (0.5 * np.log(2) + 0.5 * np.log(14)) / np.log(8)
    assert fear.frame_entropy == pytest.approx(0.25 * second, abs=1e-6)
    assert fear.margin == pytest.approx(0.875 - 0.125 / 7, abs=1e-6)
    assert (anger.entropy, anger.margin) == (0.0, 1.0)


def test_a_row_without_a_face_knows_nothing():
    track = face_track(("fear", 1), (None, 2))
    nothing = FrameEvidence(track, 3.0).of(segment_faces(track, 3.0, SETTINGS))[1]
    known = {name for name, value in dataclasses.asdict(nothing).items() if value is not None}
    assert known == {"face_coverage"}


def test_readings_without_extra_columns():
    track = face_track(("fear", 1))
    (found,) = FrameEvidence(track, 1.0).of(segment_faces(track, 1.0, SETTINGS))
    assert (found.yaw_deg, found.sharpness, found.relative_sharpness) == (None, None, None)
    assert (found.mean_score, found.face_px) == (pytest.approx(0.95), 120.0)
    assert FrameEvidence(track, 1.0).of(()) == ()


def test_a_label_that_does_not_lead_has_a_negative_margin():
    track = track_of(np.arange(4) / 4, [peaked("fear", peak=0.6)] * 3 + [peaked("anger")])
    (row,) = segment_faces(track, 1.0, AnalysisSettings(smoothing_s=0.0, min_interval_s=5.0))
    (found,) = FrameEvidence(track, 1.0).of([dataclasses.replace(row, emotion="anger")])
    share = np.mean([peaked("fear", peak=0.6)] * 3 + [peaked("anger")], axis=0)
    assert found.margin == pytest.approx(share[0] - share[3], abs=1e-6)
    (uncertain,) = FrameEvidence(track, 1.0).of([dataclasses.replace(row, emotion="uncertain")])
    assert uncertain.margin == pytest.approx(share[3] - share[0], abs=1e-6)


def test_doubt_between_frames_and_within_them():
    track = track_of(np.arange(4) / 4, [peaked("fear"), peaked("anger")] * 2)
    (row,) = segment_faces(track, 1.0, AnalysisSettings(smoothing_s=0.0, min_interval_s=5.0))
    (found,) = FrameEvidence(track, 1.0).of([row])
    assert found.frame_entropy == pytest.approx(0.0)
    assert found.entropy == pytest.approx(np.log(2) / np.log(8))


def test_every_frame_counts_in_the_row_that_shows_it():
    faces, _ = random_readings(30.0, seed=4)
    rows = segment_faces(faces, 30.0, SETTINGS)
    found = FrameEvidence(faces, 30.0).of(rows)
    for row, one in zip(rows, found, strict=True):
        inside = (faces.time_s >= row.span.start_s) & (faces.time_s < row.span.end_s) & faces.valid
        if inside.any():
            assert one.worst_score == pytest.approx(faces.detection_score[inside].min())
            assert 0.0 <= one.frame_entropy <= one.entropy + 1e-6 <= 1.0 + 1e-6


def test_entropy_by_hand():
    table = np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75], [NAN, NAN]])
    found = normalised_entropy(table)
    assert found[:3] == pytest.approx([0.0, 1.0, 0.25 * 2 + 0.75 * np.log2(4 / 3)])
    assert np.isnan(found[3])
    assert normalised_entropy(np.ones((2, 1))).tolist() == [0.0, 0.0]


def test_the_voice_by_hand():
    speech = speech_track(["fear", "anger", "anger"], peak=0.4, speech=[(0.0, 2.0), (4.0, 5.0)])
    spans = [Span(0.0, 4.0), Span(4.0, 4.5), Span(4.5, 5.0)]
    rows = audio_intervals(speech, spans, SpeechSettings())
    snr_db = np.array([10.0, NAN, 22.0], np.float32)
    clipping = np.array([0.0, 0.5, 0.2], np.float32)
    first, second, third = voice_evidence(speech, rows, snr_db=snr_db, clipping=clipping)
    assert (first.speech_s, first.window_speech_s) == (2.0, 2.0)
    # Speech shared with the row of 4 s by the windows [0, 3), [1, 4), [2, 5): 2, 1 and 0 s.
    assert first.snr_db == pytest.approx(10.0)
    assert first.clipping == pytest.approx((2 * 0.0 + 1 * 0.5) / 3)
    # The second row is widened to [2.75, 5.75): it holds the 1 s of speech of the last window.
    assert (second.speech_s, second.window_speech_s) == (0.5, 1.0)
    assert (second.snr_db, second.clipping) == (pytest.approx(22.0), pytest.approx(0.2))
    assert third.window_speech_s == 1.0
    share = np.sort(np.array(rows[0].distribution))
    assert first.margin == pytest.approx(share[-1] - share[-2])
    assert first.entropy == pytest.approx(float(normalised_entropy(share[np.newaxis])[0]))


def test_what_was_not_measured_is_unknown():
    speech = speech_track(["fear", None])
    (found,) = voice_evidence(speech, audio_rows(("no_speech", 2)))
    assert (found.snr_db, found.clipping, found.entropy, found.margin) == (None,) * 4
    assert voice_evidence(speech, ()) == ()


def test_a_talk_without_sound():
    nothing = np.zeros(0)
    speech = SpeechTrack((), nothing, nothing, nothing, np.zeros((0, 0), np.float32), ())
    rows = audio_intervals(speech, [Span(0, 1), Span(1, 2)], SpeechSettings())
    found = voice_evidence(speech, rows, snr_db=np.zeros(0, np.float32))
    assert [(one.speech_s, one.window_speech_s, one.snr_db) for one in found] == [(0, 0, None)] * 2
