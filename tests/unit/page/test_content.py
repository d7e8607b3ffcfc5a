import base64
import dataclasses
import json

import numpy as np
import pytest

from emoreport.page.content import interval_columns, packed_frames, page_document
from emoreport.vocabulary import COLOURS, EMOTIONS
from tests.fixtures.page import findings
from tests.fixtures.results import analysis, face_track, long_analysis, with_each


def unpacked(packed):
    time_s = np.frombuffer(base64.b64decode(packed["time"]), "<u4") / 10_000
    values = np.frombuffer(base64.b64decode(packed["probabilities"]), np.uint8)
    return time_s, values.reshape(len(EMOTIONS), packed["count"])


def test_frames_come_back_within_the_rounding():
    faces = face_track(50, gap=slice(7, 13))
    time_s, values = unpacked(packed_frames(faces, 2.5))
    assert time_s[:-1] == pytest.approx(faces.time_s, abs=0.5e-4)
    assert time_s[-1] == 2.5
    known = faces.valid
    assert values.T[known] / 254 == pytest.approx(faces.probabilities[known], abs=0.5 / 254)
    assert (values.T[~known] == 255).all()
    assert (values.T[known] < 255).all()


def test_a_last_frame_behind_the_end_is_kept():
    time_s, _ = unpacked(packed_frames(face_track(50), 1.0))
    assert time_s[-1] == pytest.approx(time_s[-2])


def test_no_frames_at_all_can_be_packed():
    time_s, values = unpacked(packed_frames(face_track(0, gap=slice(0)), 3.0))
    assert time_s.tolist() == [3.0]
    assert values.size == 0


def test_intervals_stand_side_by_side_and_unknown_is_none():
    columns = interval_columns(analysis())
    assert columns["face"] == ["happiness", "sadness", "no_face", "uncertain"]
    assert columns["match"] == [True, False, None, None]
    assert columns["severity"] == [0.05, 0.6, None, None]
    assert columns["face_confidence"] == [0.65, 0.65, None, None]
    assert columns["start"][1] == 1.0004
    assert columns["face_reasons"][3] == ["entropy", "margin"]
    assert columns["face_witness"] == [["happiness", 0.8125], ["happiness", 0.8125], None, None]
    assert columns["voice_witness"] == [["positive", None], ["positive", None], None, None]
    assert {len(column) for column in columns.values()} == {4}


def test_reasons_that_were_not_asked_for_are_empty():
    result = analysis()
    rows = with_each(result.video_intervals, reasons=((),) * 4)
    result = dataclasses.replace(result, video_intervals=rows)
    assert interval_columns(result)["face_reasons"] == [[], [], [], []]


def test_the_document_is_json_without_gaps_filled():
    document = page_document(findings())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["colours"] == COLOURS
    assert document["recording"]["width_px"] == 640
    assert document["recording"]["time_quality"] is None
    assert [model["role"] for model in document["models"]] == ["face", "speech", "face_detector"]
    assert document["models"][2]["files"] == []
    assert document["unmapped"] == [["unmapped_face_label", "contempt"]]


def test_an_hour_of_lively_intervals_stays_small():
    text = json.dumps(interval_columns(long_analysis(7200)))
    assert len(text) < 1_500_000
