"""`emoreport evaluate expr|au|va`: label files against predictions and against finished runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emoreport.corpora.abaw import write_abaw
from emoreport.corpora.tasks import AU, EXPR, VA
from tests.fixtures.stored import store, wandering_talk
from tests.integration.conftest import Emoreport

DURATION_S = 20.0


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    faces, speech = wandering_talk(DURATION_S)
    for name in ("video1", "video2"):
        store(tmp_path / "runs" / name, faces, speech, DURATION_S)
    return tmp_path / "runs"


def labels_of_the_run(folder: Path, shift: int = 0) -> dict[str, np.ndarray]:
    """What the run itself says, as labels: class numbers, moved on by `shift` classes."""
    faces, _ = wandering_talk(DURATION_S)
    named = {"contempt": "Other"}
    values = np.full((int(faces.frame.max()) + 1, 1), np.nan)
    for frame, emotion in zip(faces.frame, faces.emotion, strict=True):
        if emotion is not None:
            column = EXPR.columns.index(named.get(emotion, emotion.capitalize()))
            values[frame] = (column + shift) % len(EXPR.columns)
    labels = {"video1": values, "video2_left": values}
    write_abaw(folder, EXPR, labels)
    return labels


def test_a_run_scores_one_against_itself_and_nothing_against_others(
    runs: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    labels_of_the_run(tmp_path / "same")
    outcome = emoreport("evaluate", "expr", tmp_path / "same", "--predictions", runs, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    scores = json.loads(outcome.out)
    assert scores["videos"] == 2
    assert scores["judged"] == scores["labelled"] > 0
    assert scores["scores"]["accuracy"]["value"] == 1.0
    assert scores["scores"]["macro_f1"]["low"] == 1.0
    assert scores["scores"]["calibration_error"]["value"] > 0
    labels_of_the_run(tmp_path / "other", shift=1)
    outcome = emoreport("evaluate", "expr", tmp_path / "other", "--predictions", runs, "--json")
    assert json.loads(outcome.out)["scores"]["accuracy"]["value"] == 0.0


def test_two_labelled_people_need_a_run_each(
    runs: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    labels = labels_of_the_run(tmp_path / "labels")
    both = {"video2_left": labels["video1"], "video2_right": labels["video1"], **labels}
    write_abaw(tmp_path / "labels", EXPR, both)
    outcome = emoreport("evaluate", "expr", tmp_path / "labels", "--predictions", runs)
    assert outcome.code == 0
    assert "1 label files" in outcome.out
    assert "without predictions: video2_left, video2_right" in outcome.out


def test_files_of_predictions_in_russian(tmp_path: Path, emoreport: Emoreport) -> None:
    rng = np.random.default_rng(0)
    truth = {name: rng.uniform(-1, 1, (40, 2)).round(2) for name in "ab"}
    write_abaw(tmp_path / "labels", VA, truth)
    write_abaw(tmp_path / "found", VA, {name: values / 2 for name, values in truth.items()})
    outcome = emoreport(
        "evaluate", "va", tmp_path / "labels", "--predictions", tmp_path / "found", "--lang", "ru"
    )
    assert outcome.code == 0
    assert "CCC валентности, все кадры" in outcome.out
    assert "0,8" in outcome.out  # 2 · ½ over 1 + ¼


def test_action_units(tmp_path: Path, emoreport: Emoreport) -> None:
    truth = np.random.default_rng(0).integers(0, 2, (60, 12)).astype(float)
    write_abaw(tmp_path / "labels", AU, {"a": truth, "b": truth})
    outcome = emoreport(
        "evaluate", "au", tmp_path / "labels", "--predictions", tmp_path / "labels", "--json"
    )
    scores = json.loads(outcome.out)
    assert scores["scores"] == {"mean_f1_at_half": {"value": 1.0, "low": 1.0, "high": 1.0}}
    assert scores["thresholds"] == {}


@pytest.mark.parametrize(("task", "said"), [("au", "no action units"), ("va", "no valence")])
def test_what_a_run_cannot_give_is_said(
    runs: Path, tmp_path: Path, emoreport: Emoreport, task: str, said: str
) -> None:
    kind = {"au": AU, "va": VA}[task]
    write_abaw(tmp_path / "labels", kind, {"video1": np.zeros((50, kind.width))})
    outcome = emoreport("evaluate", task, tmp_path / "labels", "--predictions", runs)
    assert outcome.code == 2
    assert said in outcome.errors[0]


def test_a_folder_that_is_missing_is_named(tmp_path: Path, emoreport: Emoreport) -> None:
    write_abaw(tmp_path / "labels", VA, {"a": np.zeros((5, 2))})
    outcome = emoreport("evaluate", "va", tmp_path / "labels", "--predictions", tmp_path / "none")
    assert outcome.code == 2
    assert "none" in outcome.errors[0]


def test_people_in_several_files_are_drawn_whole(tmp_path: Path, emoreport: Emoreport) -> None:
    truth = {name: np.array([[0.0], [1.0]]) for name in "abc"}
    write_abaw(tmp_path / "labels", EXPR, truth)
    write_abaw(tmp_path / "found", EXPR, truth | {"c": np.array([[2.0], [2.0]])})
    people = tmp_path / "people.csv"
    people.write_text("file,person\na,Ann\nc,Ann\n", encoding="utf-8")
    call = ("evaluate", "expr", tmp_path / "labels", "--predictions", tmp_path / "found")
    outcome = emoreport(*call, "--people", people, "--json")
    scores = json.loads(outcome.out)
    assert (scores["videos"], scores["people"]) == (3, 2)
    assert scores["scores"]["accuracy"] == {"value": 0.6667, "low": 0.5, "high": 1.0}
    assert "over people" in emoreport(*call, "--people", people).out
    assert "over label files" in emoreport(*call).out
    people.write_text("who\nAnn\n", encoding="utf-8")
    outcome = emoreport(*call, "--people", people)
    assert outcome.code == 2
    assert "file and person" in outcome.errors[0]


def test_predictions_are_written_as_the_competitions_take_them(
    runs: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    labels = labels_of_the_run(tmp_path / "labels")
    out = tmp_path / "mine"
    call = ("evaluate", "expr", tmp_path / "labels", "--predictions")
    outcome = emoreport(*call, runs, "--write", out)
    assert outcome.code == 0
    assert "2 label files" in outcome.err
    written = (out / "video2_left.txt").read_text(encoding="utf-8").splitlines()
    assert written[0] == ",".join(EXPR.columns)
    assert len(written) == 1 + len(labels["video2_left"])
    again = json.loads(emoreport(*call, out, "--json").out)
    assert again["judged"] == again["labelled"]
    assert again["scores"]["accuracy"]["value"] == 1.0
    for folder in (tmp_path / "labels", out):
        outcome = emoreport(*call, out, "--write", folder)
        assert outcome.code == 2
        assert "another folder" in outcome.errors[0]
