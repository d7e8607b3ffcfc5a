"""`emoreport evaluate clips`: labelled clips against finished runs and tables of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.readings import peaked, speech_track, track_of
from tests.fixtures.stored import store
from tests.integration.conftest import Emoreport

RAVDESS = {
    "01-01-05-01-01-01-01": ("anger", "anger"),
    "01-01-03-01-01-01-01": ("happiness", "sadness"),
    "01-01-04-01-01-01-02": ("sadness", "sadness"),
    "01-01-05-01-01-01-02": ("neutral", "anger"),
    "01-01-02-01-01-01-02": ("neutral", "neutral"),
}
"""Clips of two actors, and what face and voice are read as."""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, (face, voice) in RAVDESS.items():
        rows = np.tile(0.9 * peaked(face) + 0.1 / 8, (5, 1))
        store(
            tmp_path / "runs" / name,
            track_of([place / 5 for place in range(5)], rows),
            speech_track([voice], peak=0.7),
            1.0,
        )
    return tmp_path / "runs"


def test_runs_named_as_clips_of_ravdess(runs: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("evaluate", "clips", runs, "--predictions", runs, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    face = json.loads(outcome.out)
    assert (face["clips"], face["judged"], face["people"]) == (5, 4, 2)
    assert face["left_out"] == {"calm": 1}
    assert face["scores"]["accuracy"] == {"value": 0.75, "low": 0.5, "high": 1.0}
    assert face["scores"]["uar"]["value"] == pytest.approx(5 / 6, abs=1e-4)
    assert face["confusion"]["anger"]["neutral"] == 1
    outcome = emoreport(
        *("evaluate", "clips", runs, "--predictions", runs, "--modality", "voice", "--json")
    )
    voice = json.loads(outcome.out)
    assert voice["by_column"]["happiness"] == {"f1": 0.0, "recall": 0.0, "clips": 1.0}


def test_a_table_against_labels_in_words(tmp_path: Path, emoreport: Emoreport) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,emotion,speaker\na.wav,злость,1\nb.wav,грусть,2\n", encoding="utf-8"
    )
    found = tmp_path / "found.csv"
    found.write_text("file,label\na.wav,anger\nb.wav,anger\n", encoding="utf-8")
    outcome = emoreport("evaluate", "clips", tmp_path, "--predictions", found)
    assert outcome.code == 0
    assert "2 of 2 labelled clips" in outcome.out
    assert "people: 2" in outcome.out
    assert "злость → anger (1)" in outcome.out
    assert "95 % interval over people" in outcome.out
    russian = emoreport("evaluate", "clips", tmp_path, "--predictions", found, "--lang", "ru")
    assert "людей: 2" in russian.out
    assert "0,500" in russian.out


def test_clips_without_people_are_said_to_be_drawn(tmp_path: Path, emoreport: Emoreport) -> None:
    (tmp_path / "labels.csv").write_text("file,emotion\na.wav,fear\n", encoding="utf-8")
    found = tmp_path / "found.csv"
    found.write_text("file,fear\na.wav,0.9\n", encoding="utf-8")
    outcome = emoreport("evaluate", "clips", tmp_path, "--predictions", found)
    assert "the data name no people" in outcome.out
    assert "95 % interval over clips" in outcome.out


def test_what_is_no_labelled_data_is_named(tmp_path: Path, emoreport: Emoreport) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    outcome = emoreport("evaluate", "clips", empty, "--predictions", empty)
    assert outcome.code == 2
    assert "neither labels.csv" in outcome.errors[0]


def test_several_annotators_at_every_moment(
    runs: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    folder = tmp_path / "RAMAS" / "Annotations_by_files"
    folder.mkdir(parents=True)
    head = "Time,Angry,Sad,Disgusted,Happy,Scared,Surprised,Neutral,ID\n"
    for day, actor, run in (
        ("10dec", 1, "01-01-05-01-01-01-01"),
        ("14dec", 2, "01-01-05-01-01-01-02"),
    ):
        rows = [
            f"{at},{int(who < 3)},{int(who == 3)},0,0,0,0,0,{who}"
            for at in (0, 0.5)
            for who in range(4)
        ]
        name = f"{day}_O11_{actor}"
        (folder / f"{name}_ann.csv").write_text(head + "\n".join(rows), encoding="utf-8")
        (runs / run).rename(runs / name)
    outcome = emoreport("evaluate", "clips", tmp_path / "RAMAS", "--predictions", runs, "--json")
    scores = json.loads(outcome.out)
    assert (scores["recordings"], scores["people"], scores["judged"]) == (2, 2, 4)
    assert scores["by_agreement"]["1"]["uar"] == {"value": 0.5, "low": 0.0, "high": 1.0}
    assert scores["by_agreement"]["3"]["recall"] == {"anger": 0.5}
    assert list(scores["by_agreement"]) == ["1", "2", "3"]
    people = tmp_path / "people.csv"
    people.write_text("file,person\n10dec_O11_1,Ann\n14dec_O11_2,Ann\n", encoding="utf-8")
    call = ("evaluate", "clips", tmp_path / "RAMAS", "--predictions", runs)
    assert "people: 1" in emoreport(*call, "--people", people).out
    printed = emoreport(*call).out
    assert "2 recordings; 4 of 4 coded moments" in printed
    assert "3 or more" in printed
