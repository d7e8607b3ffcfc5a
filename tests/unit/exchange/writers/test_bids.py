"""Events as BIDS keeps them, read by pandas."""

from __future__ import annotations

import dataclasses
import io
import json

import pandas as pd
import pytest
from hypothesis import given

from emoreport.exchange.writers.bids import COLUMNS, events_bytes, sidecar_bytes
from emoreport.exchange.writers.tiers import tiers_of
from emoreport.records import Span
from emoreport.results import SpokenWord
from tests.fixtures.findings import any_findings, findings, made_findings
from tests.fixtures.readings import with_acoustics


def table(found):
    return pd.read_csv(
        io.BytesIO(events_bytes(found)), sep="\t", keep_default_na=False, na_values=["n/a"]
    )


@given(any_findings())
def test_every_row_is_an_event_in_order_of_time(found):
    events = table(found)
    assert tuple(events.columns) == COLUMNS
    assert events["onset"].is_monotonic_increasing
    assert (events["duration"] > 0).all()
    assert len(events) == sum(len(tier.cells) for tier in tiers_of(found))
    described = json.loads(sidecar_bytes(found, "en"))
    for column in ("trial_type", "modality", "emotion"):
        assert set(events[column].dropna()) <= set(described[column]["Levels"])


def test_what_is_not_known_is_not_available():
    text = events_bytes(findings()).decode()
    assert "\t\t" not in text
    assert "nan" not in text.lower()
    events = table(findings())
    mismatch = events[events["trial_type"] == "mismatch"].iloc[0]
    assert (mismatch["face_emotion"], mismatch["voice_emotion"]) == ("sadness", "happiness")
    assert mismatch["severity"] == pytest.approx(0.6)
    assert pd.isna(mismatch["confidence"])
    assert pd.isna(mismatch["modality"])


def test_events_of_the_voice_carry_how_it_sounds():
    events = table(with_acoustics(findings()))
    heard = events["modality"] == "voice"
    assert (events.loc[heard, "f0_median_hz"] == 0.5).all()
    assert events.loc[heard, "f0_median_vs_own_st"].isna().all()
    assert events.loc[~heard, "f0_median_hz"].isna().all()


def test_words_are_events_of_their_own():
    made = findings()
    words = (
        SpokenWord(Span(0.1, 0.5), "Да", ",", 0.25, 1, "recognised", 1),
        SpokenWord(Span(0.5, 0.9), "a\tb", ".", None, 1, "given", 1),
    )
    spoken = dataclasses.replace(made, analysis=dataclasses.replace(made.analysis, words=words))
    events = table(spoken)
    assert tuple(events.columns) == (*COLUMNS, "word")
    said = events[events["trial_type"] == "word"]
    assert said["word"].tolist() == ["Да,", "a b."]
    assert said["onset"].tolist() == [0.1, 0.5]
    assert said["confidence"].tolist()[0] == pytest.approx(0.25)
    assert said[["confidence", "emotion", "modality"]].iloc[1].isna().all()
    assert events.loc[events["trial_type"] != "word", "word"].isna().all()
    described = json.loads(sidecar_bytes(spoken, "en"))
    assert described["word"]["Description"]
    assert "word" in described["trial_type"]["Levels"]
    assert "word" not in json.loads(sidecar_bytes(made, "en"))["trial_type"]["Levels"]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_sidecar_describes_every_column(lang):
    described = json.loads(sidecar_bytes(findings(), lang))
    assert set(described) == {*COLUMNS, "GeneratedBy"}
    assert all(described[column]["Description"] for column in COLUMNS)
    assert described["onset"]["Units"] == described["duration"]["Units"] == "s"
    assert described["GeneratedBy"]["FaceModel"] == "compact"


def test_tabs_in_a_label_do_not_shift_columns():
    found = made_findings([0.0, 1.0], ["a\tb\nc"], ["no_speech"])
    assert table(found)["trial_type"].tolist()[0] == "face_a b c"
