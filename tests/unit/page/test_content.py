import base64
import dataclasses
import json

import numpy as np
import pytest

from emoreport.page.content import (
    action_columns,
    face_columns,
    looks,
    models,
    packed_frames,
    packed_windows,
    page_document,
    piece_columns,
    speaker_columns,
    voice_columns,
)
from emoreport.records import SpeakingSpan
from emoreport.vocabulary import COLOURS, EMOTIONS
from tests.fixtures.page import findings
from tests.fixtures.results import (
    VOICE_LABELS,
    acted,
    analysis,
    face_track,
    heard_windows,
    long_analysis,
)


def unpacked(packed, labels=EMOTIONS):
    time_s = np.frombuffer(base64.b64decode(packed["time"]), "<u4") / 10_000
    values = np.frombuffer(base64.b64decode(packed["probabilities"]), np.uint8)
    return time_s, values.reshape(len(labels), packed["count"])


def test_frames_come_back_within_the_rounding():
    faces = face_track(50, gap=slice(7, 13))
    time_s, values = unpacked(packed_frames(faces, 2.5))
    assert time_s[:-1] == pytest.approx(faces.time_s, abs=0.5e-4)
    assert time_s[-1] == 2.5
    known = faces.valid
    assert values.T[known] / 254 == pytest.approx(faces.probabilities[known], abs=0.5 / 254)
    assert (values.T[~known] == 255).all()
    assert (values.T[known] < 255).all()


def test_cuts_are_where_shots_begin():
    found = findings()
    assert page_document(found)["cuts"] == []
    shot = np.repeat([1, 2], [3, len(found.faces) - 3]).astype(np.int64)
    cut = dataclasses.replace(found, faces=dataclasses.replace(found.faces, shot=shot))
    assert page_document(cut)["cuts"] == [pytest.approx(found.faces.time_s[3], abs=1e-4)]


def test_a_last_frame_behind_the_end_is_kept():
    time_s, _ = unpacked(packed_frames(face_track(50), 1.0))
    assert time_s[-1] == pytest.approx(time_s[-2])


def test_no_frames_at_all_can_be_packed():
    time_s, values = unpacked(packed_frames(face_track(0, gap=slice(0)), 3.0))
    assert time_s.tolist() == [3.0]
    assert values.size == 0


def test_windows_are_packed_like_frames_and_silence_is_missing():
    heard = heard_windows((0.5, 1.0), (1.0, 1.25), (2.0, 2.5))
    packed = packed_windows(heard, len(VOICE_LABELS))
    time_s, values = unpacked(packed, VOICE_LABELS)
    assert time_s.tolist() == [0.5, 1.0, 1.25, 2.0, 2.5]
    assert (values.T[2] == 255).all()
    for place, piece in zip((0, 1, 3), heard, strict=True):
        assert values.T[place] / 254 == pytest.approx(piece.distribution, abs=0.5 / 254)


def test_no_speech_at_all_can_be_packed():
    time_s, values = unpacked(packed_windows((), len(VOICE_LABELS)), VOICE_LABELS)
    assert time_s.tolist() == [0.0]
    assert values.size == 0


def test_rows_are_columns_and_unknown_is_none():
    face = face_columns(analysis())
    assert face["label"] == ["happiness", "sadness", "no_face", "uncertain"]
    assert face["confidence"] == [0.65, 0.65, None, None]
    assert face["start"][1] == 1.0004
    assert face["reasons"][3] == ["entropy", "margin"]
    assert face["witness"] == [["happiness", 0.8125], ["happiness", 0.8125], None, None]
    assert face["valence"] == [-0.25, -0.25, None, None]
    assert face["voice"] == ["happiness", "happiness", "no_speech", "no_speech"]
    assert face["match"] == [True, False, None, None]
    assert face["severity"] == [0.05, 0.6, None, None]
    assert face.pop("dimensions") == ["derived"]
    assert {len(column) for column in face.values()} == {4}
    voice = voice_columns(analysis().voice_intervals)
    assert voice["label"] == ["happiness", "no_speech"]
    assert voice["witness"] == [["positive", None], None]
    assert (voice["end"], voice["intensity"]) == ([1.5004, 3.3333], [0.5625, None])


def test_a_label_that_the_bridge_equates_looks_like_its_partner():
    shown = looks({"positive": "happiness", "neutral": "neutral", "boredom": "calm"})
    assert shown["partners"] == {"positive": "happiness"}
    assert shown["colours"]["positive"] == COLOURS["happiness"] == shown["colours"]["happiness"]
    assert shown["icons"]["positive"] == shown["icons"]["happiness"]
    assert looks({})["colours"] == COLOURS


def test_pieces_name_their_rows():
    pieces = piece_columns(analysis())
    assert pieces["start"] == [0.0, 1.0004, 1.5004, 2.0008, 2.3333]
    assert pieces["face_row"] == [0, 1, 1, 2, 3]
    assert pieces["voice_row"] == [0, 0, 1, 1, 1]
    assert pieces["match"] == [True, False, None, None, None]
    assert pieces["severity"] == [0.05, 0.6, None, None, None]
    assert {len(column) for column in pieces.values()} == {5}


def test_the_document_is_json_without_gaps_filled():
    document = page_document(findings())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["colours"] == COLOURS
    assert document["recording"]["width_px"] == 640
    assert document["recording"]["time_quality"] is None
    assert [model["role"] for model in document["models"]] == ["face", "speech", "face_detector"]
    assert document["models"][2]["files"] == []
    assert document["unmapped"] == [["unmapped_face_label", "contempt"]]


def test_events_of_the_face_are_there_where_they_were_measured():
    assert page_document(findings())["actions"] is None
    acting = dataclasses.replace(analysis(), **acted())
    assert action_columns(acting) == {
        "blink": {"start": [0.9], "end": [1.1]},
        "smile": {"start": [1.0], "end": [2.5]},
        "mouth_open": {"start": [3.0], "end": [3.5]},
    }


def test_speakers_are_shown_where_more_than_one_speaks():
    alone = (SpeakingSpan(0.5, 1.0, "A"), SpeakingSpan(1.5, 2.0, "unknown"))
    both = (*alone, SpeakingSpan(2.0, 3.0, "off_screen"))
    assert speaker_columns(dataclasses.replace(analysis(), speaking=alone)) is None
    assert speaker_columns(dataclasses.replace(analysis(), speaking=both)) == {
        "start": [0.5, 1.5, 2.0],
        "end": [1.0, 2.0, 3.0],
        "speaker": ["A", "unknown", "off_screen"],
    }


def test_an_hour_of_lively_intervals_stays_small():
    result = long_analysis(7200)
    whole = [
        face_columns(result),
        voice_columns(result.voice_intervals),
        piece_columns(result),
    ]
    assert len(result.face_voice) >= 7200
    assert len(json.dumps(whole)) < 2_500_000


def test_why_a_model_ran_is_told_in_both_languages():
    model = dataclasses.replace(findings().run.models["face"], reason="best model in the store")
    run = findings().run
    run = dataclasses.replace(run, models={**run.models, "face": model})
    told, *_ = models(run)
    assert told["reason"] == {
        "en": "best model in the store",
        "ru": "лучшая модель в хранилище",
    }
