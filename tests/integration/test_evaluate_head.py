"""`emoreport evaluate … --head`: a trained head on stored features; what it knows is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoreport.corpora.abaw import write_abaw
from emoreport.corpora.tasks import AU, EXPR, VA
from tests.fixtures.heads import head_metadata, write_features, write_head
from tests.fixtures.stored import store, wandering_talk
from tests.integration.conftest import Emoreport

FRAMES = 50
TIME_S = np.arange(FRAMES) / 25
VIDEOS = ("known1", "known2", "fresh1", "fresh2_left")
SPLIT = {"train": ["known1"], "validation": ["ann"], "test": ["fresh1"]}


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """A happy face in the second half of each recording; two layouts of folders."""
    values = np.stack([np.where(TIME_S < 1, -1.0, 1.0), np.zeros(FRAMES)], axis=1)
    for number, name in enumerate(VIDEOS):
        path = f"{name}/features.parquet" if number % 2 else f"{name}.parquet"
        write_features(tmp_path / "features" / path, face=(TIME_S, values))
    return tmp_path / "features"


def score(emoreport: Emoreport, *arguments: Any) -> tuple[dict[str, Any], str]:
    outcome = emoreport("evaluate", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out), outcome.err


def expression_labels(folder: Path) -> Path:
    neutral, happy = EXPR.columns.index("Neutral"), EXPR.columns.index("Happiness")
    values = np.where(TIME_S < 1, float(neutral), float(happy))[:, np.newaxis]
    write_abaw(folder, EXPR, dict.fromkeys(VIDEOS, values))
    return folder


def test_recordings_and_people_that_a_head_was_trained_on_are_left_out_and_named(
    features: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    labels = expression_labels(tmp_path / "labels")
    (tmp_path / "people.csv").write_text("file,person\nknown2,ann\nfresh1,eve\n")
    head = write_head(tmp_path / "head", head_metadata(data={"split": SPLIT}))
    asked = ("expr", labels, "--head", head, "--features", features)
    found, told = score(emoreport, *asked, "--people", tmp_path / "people.csv")
    assert (found["videos"], found["scores"]["accuracy"]["value"]) == (2, 1.0)
    assert found["trained_on"] == ["known1", "known2"]
    assert found["scored_though_trained_on"] == []
    assert "known1, known2" in told
    found, told = score(emoreport, *asked, "--with-known")
    assert found["videos"] == 4
    assert found["scored_though_trained_on"] == ["known1"]
    assert "TOO GOOD" in told


def test_runs_that_a_head_led_over_what_it_knows_are_left_out_too(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    faces, speech = wandering_talk(8.0)
    run = store(tmp_path / "runs" / "known", faces, speech, 8.0) / "run.json"
    content = json.loads(run.read_text(encoding="utf-8"))
    content["warnings"].append({"key": "head_knows", "values": {"head": "mine"}})
    run.write_text(json.dumps(content), encoding="utf-8")
    store(tmp_path / "runs" / "fresh", faces, speech, 8.0)
    values = np.zeros((int(faces.frame.max()) + 1, 1))
    write_abaw(tmp_path / "labels", EXPR, {"known": values, "fresh_left": values})
    asked = ("expr", tmp_path / "labels", "--predictions", tmp_path / "runs")
    found, told = score(emoreport, *asked)
    assert (found["videos"], found["trained_on"]) == (1, ["known"])
    assert "the head mine was trained or tuned on them: known" in told
    found, told = score(emoreport, *asked, "--with-known")
    assert (found["videos"], found["scored_though_trained_on"]) == (2, ["known"])
    assert "TOO GOOD" in told
    rows = ["file,emotion", "known.mp4,happy", "fresh.mp4,happy", ""]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    asked = ("clips", tmp_path / "labels.csv", "--predictions", tmp_path / "runs")
    found, told = score(emoreport, *asked)
    assert (found["judged"], found["trained_on"]) == (1, ["known.mp4"])


def test_a_head_that_knows_everything_is_not_scored(
    features: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    labels = expression_labels(tmp_path / "labels")
    head = write_head(tmp_path / "head", head_metadata(data={"split": {"train": list(VIDEOS)}}))
    asked = ("evaluate", "expr", labels, "--head", head, "--features", features)
    outcome = emoreport(*asked)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--with-known" in outcome.err
    secretive = write_head(tmp_path / "secretive")
    _, told = score(emoreport, "expr", labels, "--head", secretive, "--features", features)
    assert "does not say what it was trained on" in told


def test_action_units_and_affect(features: Path, tmp_path: Path, emoreport: Emoreport) -> None:
    # The tiny head answers with its second output only; the order of units is its own.
    units = tuple(reversed(AU.columns))
    active = np.zeros((FRAMES, len(units)))
    active[TIME_S >= 1, AU.columns.index(units[1])] = 1
    write_abaw(tmp_path / "au", AU, dict.fromkeys(VIDEOS, active))
    fitted = tuple(0.99 if unit == units[1] else 0.1 for unit in units)
    own = head_metadata(task="au", labels=units, thresholds=fitted)
    head = write_head(tmp_path / "units", own)
    found, _ = score(emoreport, "au", tmp_path / "au", "--head", head, "--features", features)
    assert found["by_column"][units[1]]["f1_at_half"] == 1.0
    assert found["by_column"][units[1]]["f1_at_fitted"] < 1.0  # its own: sigmoid(4) is 0.98
    outcome = emoreport("evaluate", "au", tmp_path / "au", "--head", head, "--features", features)
    assert "thresholds from validation" in outcome.out
    affect = np.stack([np.zeros(FRAMES), np.where(TIME_S < 1, -1.0, 1.0)], axis=1)
    write_abaw(tmp_path / "va", VA, dict.fromkeys(VIDEOS, affect))
    own = head_metadata(task="va", labels=("valence", "arousal"))
    head = write_head(tmp_path / "affect", own)
    found, _ = score(emoreport, "va", tmp_path / "va", "--head", head, "--features", features)
    assert found["scores"]["ccc_arousal_pooled"]["value"] > 0.99


def test_clips(features: Path, tmp_path: Path, emoreport: Emoreport) -> None:
    rows = [f"{name}.mp4,{'happy' if 'fresh' in name else 'sad'}," for name in VIDEOS]
    (tmp_path / "labels.csv").write_text("\n".join(["file,emotion,speaker", *rows, ""]))
    own = head_metadata(task="clips", labels=("sad", "happy"), unit="window", data={"split": SPLIT})
    head = write_head(tmp_path / "head", own)
    asked = ("clips", tmp_path / "labels.csv", "--head", head, "--features", features)
    found, told = score(emoreport, *asked)
    assert (found["judged"], found["trained_on"]) == (3, ["known1.mp4"])
    assert "known1.mp4" in told


@pytest.mark.parametrize(
    ("changes", "arguments", "told"),
    [
        ({"task": "clips"}, (), "trained for clips"),
        ({"labels": ("neutral", "boredom")}, (), "boredom"),
        ({}, ("--predictions", "somewhere"), "--predictions"),
        ({}, ("--with-known",), ""),
    ],
)
def test_what_cannot_be_scored_is_refused(
    features: Path,
    tmp_path: Path,
    emoreport: Emoreport,
    changes: dict[str, Any],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    labels = expression_labels(tmp_path / "labels")
    head = write_head(tmp_path / "head", head_metadata(**changes))
    asked = ("evaluate", "expr", labels, "--head", head, "--features", features, *arguments)
    outcome = emoreport(*asked)
    assert outcome.code == (2 if told else 0)
    assert told in outcome.err
    assert emoreport("evaluate", "expr", labels, "--head", head).code == 2
    assert emoreport("evaluate", "expr", labels).code == 2
