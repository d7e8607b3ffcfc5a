"""`emoreport personalize`: a gain is found where there is one, and refused where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emoreport.heads.head import open_head
from emoreport.tables.feature_files import FEATURES_FILE
from tests.fixtures.personal_talk import SHOWN, SOURCE, VOICE_SOURCE, WINDOW_S, coded_talk
from tests.integration.conftest import Emoreport

SECONDS = 150.0


def test_a_person_whom_the_model_mistakes_gets_a_head_with_its_proof(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    talk, head = tmp_path / "talk", tmp_path / "anna"
    coding = coded_talk(talk, SECONDS, shifted=True)
    outcome = emoreport("personalize", talk, "--labels", coding, "--out", head, "--json")
    assert outcome.code == 0, outcome.err
    proof = json.loads(outcome.out)["proof"]
    assert proof["reason"] is None
    assert proof["accuracy_gain"]["low"] > 0 < proof["recall_gain"]["low"]
    assert proof["personal_accuracy"] > proof["universal_accuracy"] + 0.3
    stored = json.loads((head / "model.json").read_text(encoding="utf-8"))
    assert stored["metrics"]["held_out_passages"]["accuracy_gain"] == proof["accuracy_gain"]
    assert stored["data"]["labels"][0]["file"] == coding.name
    assert stored["labels"] == sorted(SHOWN)


def test_the_head_runs_on_another_talk_of_the_person(tmp_path: Path, emoreport: Emoreport) -> None:
    talk, head = tmp_path / "talk", tmp_path / "anna"
    coding = coded_talk(talk, SECONDS, shifted=True)
    assert emoreport("personalize", talk, "--labels", coding, "--out", head, "--quiet").code == 0
    coded = coded_talk(tmp_path / "another", 60.0, shifted=True, seed=1)
    track = open_head(head).run(tmp_path / "another" / FEATURES_FILE)
    rows = [line.split(",") for line in coded.read_text(encoding="utf-8").splitlines()[1:]]
    starts = np.array([float(row[0]) for row in rows])
    said = np.array([row[2] for row in rows])[np.searchsorted(starts, track.time_s, "right") - 1]
    given = np.array(track.labels)[track.scores.argmax(axis=1)]
    assert np.mean(said == given) > 0.7
    assert open_head(head).metadata.features["face"] == SOURCE


def test_a_head_may_learn_from_the_voice(tmp_path: Path, emoreport: Emoreport) -> None:
    talk, head = tmp_path / "talk", tmp_path / "anna"
    coding = coded_talk(talk, 300.0, shifted=True)
    arguments = ("--labels", coding, "--modality", "voice", "--out", head, "--json")
    outcome = emoreport("personalize", talk, *arguments)
    assert outcome.code == 0, outcome.err
    proof = json.loads(outcome.out)["proof"]
    assert proof["gap_s"] == WINDOW_S
    assert proof["personal_accuracy"] > proof["universal_accuracy"] + 0.2
    assert dict(open_head(head).metadata.features) == {"voice": VOICE_SOURCE}


def test_where_the_model_is_right_already_nothing_is_written(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    talk, head = tmp_path / "talk", tmp_path / "anna"
    coding = coded_talk(talk, SECONDS, shifted=False)
    outcome = emoreport("personalize", talk, "--labels", coding, "--out", head)
    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "refused, nothing was written" in outcome.errors[0]
    assert "universal model" in outcome.out
    assert not head.exists()


def test_a_refusal_leaves_an_earlier_head_as_it_is(tmp_path: Path, emoreport: Emoreport) -> None:
    shifted, plain, head = tmp_path / "shifted", tmp_path / "plain", tmp_path / "anna"
    coding = coded_talk(shifted, SECONDS, shifted=True)
    assert emoreport("personalize", shifted, "--labels", coding, "--out", head, "-q").code == 0
    before = {path.name: path.read_bytes() for path in head.iterdir()}
    coding = coded_talk(plain, SECONDS, shifted=False)
    assert emoreport("personalize", plain, "--labels", coding, "--out", head, "-q").code == 1
    assert {path.name: path.read_bytes() for path in head.iterdir()} == before


def test_two_recordings_are_learned_from_together_and_labels_may_be_in_the_folders(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    talks = [tmp_path / "first", tmp_path / "second"]
    for seed, talk in enumerate(talks):
        coding = coded_talk(talk, 80.0, shifted=True, seed=seed)
        assert emoreport("retable", talk, "--labels", coding, "--modality", "face", "-q").code == 0
    outcome = emoreport("personalize", *talks, "--out", tmp_path / "anna", "--lang", "ru")
    assert outcome.code == 0, outcome.err
    assert "Надстройка записана" in outcome.out
    stored = json.loads((tmp_path / "anna" / "model.json").read_text(encoding="utf-8"))
    assert stored["data"]["recordings"] == ["first", "second"]


@pytest.mark.parametrize("fault", ["short", "no_features", "no_labels", "pairs", "occupied"])
def test_what_cannot_be_learned_from_is_said(
    fault: str, tmp_path: Path, emoreport: Emoreport
) -> None:
    talk, out = tmp_path / "talk", tmp_path / "anna"
    coding = coded_talk(talk, 40.0, shifted=True)
    labels = ["--labels", coding]
    said = {
        "short": "at least 100 s are needed",
        "no_features": "emoreport features",
        "no_labels": "no labels of a person",
        "pairs": "1 folders and 2 codings",
        "occupied": "holds no head",
    }[fault]
    if fault == "no_features":
        (talk / FEATURES_FILE).unlink()
    elif fault == "no_labels":
        labels = []
    elif fault == "pairs":
        labels *= 2
    elif fault == "occupied":
        out.mkdir()
        (out / "letters.txt").write_text("mine", encoding="utf-8")
    outcome = emoreport("personalize", talk, *labels, "--out", out)
    assert outcome.code == (1 if fault == "short" else 2)
    assert said in outcome.errors[0]
    assert not (out / "model.json").exists()
