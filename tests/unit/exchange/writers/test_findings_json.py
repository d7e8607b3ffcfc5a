"""Everything as JSON, held to its schema by another program."""

from __future__ import annotations

import copy
import dataclasses
import json
import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings

from emoreport.analysis.rows.compounds import COMPOUND_NAMES as ANALYSED_NAMES
from emoreport.exchange.writers.findings_json import (
    COMPOUND_NAMES,
    SCHEMA_FILE,
    findings_files,
)
from emoreport.records import Span
from emoreport.results import (
    AcousticInterval,
    Analysis,
    AudioInterval,
    ModalityStatistic,
    SpeechRate,
    SpokenWord,
    VideoInterval,
)
from tests.fixtures import results
from tests.fixtures.findings import MEDIA, any_findings, findings
from tests.fixtures.readings import with_acoustics

ROOT = Path(__file__).parents[4]
SCHEMA = json.loads((ROOT / "docs" / "schema" / SCHEMA_FILE).read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document(found):
    return json.loads(findings_files(found, MEDIA, "en")["_findings.json"])


def test_the_schema_is_one_and_a_wheel_carries_it():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert wheel["docs/schema"] == "emoreport/schema"


def test_a_document_follows_the_schema():
    found = findings()
    VALIDATOR.validate(document(found))
    with_all = dataclasses.replace(found, analysis=results.with_options(found.analysis))
    VALIDATOR.validate(document(with_all))


def test_a_witness_is_in_the_rows_and_in_the_readings():
    found = findings()
    assert document(found)["readings"]["voice"]["witness"] is None
    beside = dataclasses.replace(found, speech=results.with_witness(found.speech))
    whole = document(beside)
    VALIDATOR.validate(whole)
    assert whole["face"][0]["witness"] == {"emotion": "happiness", "agreement": 0.8125}
    assert whole["face"][2]["witness"] is None
    readings = whole["readings"]["voice"]
    assert readings["witness"]["labels"] == ["anger", "sadness", "neutral", "positive"]
    assert len(readings["witness"]["probabilities"]) == len(readings["probabilities"])


def test_how_the_voice_sounds_is_in_its_rows_and_in_the_readings():
    found = findings()
    without = document(found)
    assert without["acoustics"] == []
    assert without["readings"]["voice"]["contour"] is None
    whole = document(with_acoustics(found))
    VALIDATOR.validate(whole)
    assert [row["start_s"] for row in whole["acoustics"]] == [
        row["start_s"] for row in whole["voice"]
    ]
    assert whole["acoustics"][0]["pause_s"] == 0.25
    assert whole["acoustics"][0]["jitter_vs_own"] is None
    contour = whole["readings"]["voice"]["contour"]
    assert len(contour["time_s"]) == len(contour["f0_hz"]) == len(contour["level_db"]) > 0
    assert None in contour["f0_hz"]


@settings(max_examples=20)
@given(any_findings())
def test_any_document_follows_the_schema(found):
    VALIDATOR.validate(document(found))


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole.pop("readings"),
        lambda whole: whole.update(version=2),
        lambda whole: whole["face"][0].update(confidence=1.5),
        lambda whole: whole["face"][0].pop("emotion"),
        lambda whole: whole["voice"][0].update(start_s=-1),
        lambda whole: whole["voice_intervals"][0].update(intensity=2),
        lambda whole: whole["face_voice"][0].pop("severity"),
        lambda whole: whole["comparisons"][0].update(match="yes"),
        lambda whole: whole["transition_statistics"][0].update(unit="furlongs"),
        lambda whole: whole["readings"]["face"]["box_px"][0].append(1),
        lambda whole: whole["summary"].pop("kappa"),
        lambda whole: whole["run"]["input"].update(sha256="?"),
    ],
)
def test_the_schema_refuses_what_is_wrong(damage):
    whole = document(findings())
    damaged = copy.deepcopy(whole)
    damage(damaged)
    assert VALIDATOR.is_valid(whole)
    assert not VALIDATOR.is_valid(damaged)


def test_how_the_voice_sounds_is_in_rows_of_its_own():
    made = findings()
    values = {field.name: None for field in dataclasses.fields(AcousticInterval)}
    values |= {"span": Span(0.0, 1.0004), "speech_s": 0.875, "pauses": 1, "pause_s": 0.125}
    row = AcousticInterval(**values | {"f0_median_hz": 123.4567891, "voiced_share": 0.5})
    made = dataclasses.replace(made, analysis=dataclasses.replace(made.analysis, acoustics=(row,)))
    whole = document(made)
    assert VALIDATOR.is_valid(whole)
    (shown,) = whole["acoustics"]
    assert (shown["end_s"], shown["f0_median_hz"], shown["jitter"]) == (1.0004, 123.456789, None)
    shown["voiced_share"] = 1.5
    assert not VALIDATOR.is_valid(whole)


def test_words_and_rates_are_in_rows_of_their_own():
    made = findings()
    word = SpokenWord(Span(0.1, 0.5), "Да", ",", None, 1, "given", 1)
    rate = SpeechRate(Span(0.0, 8.0), None, 1, 4.0, 7.5, None, 0, 0.0, None)
    analysed = dataclasses.replace(made.analysis, words=(word,), speech_rates=(rate,))
    whole = document(dataclasses.replace(made, analysis=analysed))
    assert VALIDATOR.is_valid(whole)
    (shown,), (talk,) = whole["words"], whole["speech_rates"]
    assert (shown["word"], shown["end_s"], shown["confidence"]) == ("Да", 0.5, None)
    assert (talk["interval"], talk["words_per_minute"]) == (None, 7.5)
    shown["placed"] = "guessed"
    assert not VALIDATOR.is_valid(whole)


def test_what_the_words_say_is_in_rows_of_their_own():
    made = findings()
    made = dataclasses.replace(made, analysis=results.with_options(made.analysis))
    whole = document(made)
    assert VALIDATOR.is_valid(whole)
    named, doubtful, silent, _ = whole["text_intervals"]
    assert named["probabilities"] == {"happiness": 0.75, "neutral": 0.25}
    assert (doubtful["emotion"], doubtful["uncertain_because"]) == ("uncertain", ["few_words"])
    assert (silent["emotion"], silent["words"], silent["text"]) == (None, 0, None)
    assert [row["text"] for row in whole["text_clauses"]] == ["Да,"]
    silent["words"] = -1
    assert not VALIDATOR.is_valid(whole)


def test_face_voice_and_words_against_each_other_are_in_rows_of_their_own():
    made = findings()
    row = ModalityStatistic("departs", "voice", "share", 0.5, expected=0.25, seconds=40.0, rows=3)
    analysed = dataclasses.replace(made.analysis, modality_statistics=(row,))
    whole = document(dataclasses.replace(made, analysis=analysed))
    assert VALIDATOR.is_valid(whole)
    (shown,) = whole["modality_statistics"]
    assert (shown["modalities"], shown["value"], shown["low"], shown["rows"]) == (
        "voice",
        0.5,
        None,
        3,
    )
    shown["modalities"] = "smell"
    assert not VALIDATOR.is_valid(whole)


def test_nothing_that_the_analysis_knows_is_left_out():
    whole = document(findings())
    parts = {
        "video_intervals": "face",
        "audio_intervals": "voice",
        "voice_intervals": "voice_intervals",
        "comparisons": "comparisons",
        "face_voice": "face_voice",
        "acoustics": "acoustics",
        "head_intervals": "head_intervals",
        "words": "words",
        "speech_rates": "speech_rates",
        "text_labels": "text_labels",
        "text_intervals": "text_intervals",
        "text_clauses": "text_clauses",
        "modality_statistics": "modality_statistics",
        "action_intervals": "action_intervals",
        "action_events": "action_events",
        "action_summary": "action_summary",
        "speaking": "speaking",
        "transitions": "transitions",
        "summary": "summary",
        "transition_statistics": "transition_statistics",
        "mismatch_statistics": "mismatch_statistics",
        "people": "people",
        "person": "person",
    }
    inside = {
        "distribution": "probabilities",
        "reasons": "uncertain_because",
    }
    # Which window speaks when follows from the readings, which the document holds.
    known = {field.name for field in dataclasses.fields(Analysis)} - {"heard_windows", "seen_faces"}
    assert set(parts) == known
    assert set(parts.values()) < set(whole)
    for member, kind in (
        ("face", VideoInterval),
        ("voice", AudioInterval),
        ("voice_intervals", AudioInterval),
    ):
        known = {field.name for field in dataclasses.fields(kind)} - {
            "span",
            "speaking",
            "of_shortest",
        }
        names = {inside.get(name, name) for name in known} | {"start_s", "end_s"}
        assert names == set(whole[member][0])


def test_unknown_is_null_and_numbers_are_those_of_the_readings():
    found = findings()
    whole = document(found)
    gap = whole["face"][2]
    assert gap["emotion"] == "no_face"
    assert gap["confidence"] is gap["probabilities"] is gap["valence"] is None
    readings = whole["readings"]["face"]
    assert readings["probabilities"][2] == [None] * 8
    assert readings["probabilities"][0] == pytest.approx(
        found.faces.probabilities[0].tolist(), abs=1e-6
    )
    assert readings["time_s"] == pytest.approx(found.faces.time_s.tolist())
    assert np.isnan(found.faces.extra["yaw_deg"][2])
    assert readings["extra"]["yaw_deg"][2] is None
    assert whole["face"][0]["probabilities"]["happiness"] == 0.65


def test_compound_scores_carry_their_names():
    assert COMPOUND_NAMES == ANALYSED_NAMES
