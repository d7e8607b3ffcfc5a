"""`emoreport train head`: two folders in, a head and a table of honest scores out."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from emoreport.cli.app import run
from emoreport.heads.head import open_head
from tests.fixtures.labelled_features import make_corpus

QUICK = ["--epochs", "3", "--width", "16", "--window", "2", "--learning-rate", "0.01"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), "au", people=6, seconds=8)


def train(corpus, out, *more, labels=None):
    folders = ["--features", str(corpus.features), "--out", str(out)]
    return run(["train", "head", "au", str(labels or corpus.labels), *folders, *QUICK, *more])


def test_a_head_is_trained_and_its_scores_are_printed(tmp_path, corpus, capfd):
    assert train(corpus, tmp_path / "head", "--threads", "1", "--name", "Ann") == 0
    shown = capfd.readouterr()
    for said in (
        "trained on: 4 recordings, 4 people",
        "tested on: 1 recordings, 1 people",
        "thresholds, fitted on validation: AU1 0.",
        "mean F1 at 0.5",
        "mean F1, thresholds from validation",
        "constant answer",
        "were neither learned from nor chosen on",
    ):
        assert said in shown.out
    assert "face + voice: epoch 3, loss" in shown.err
    head = open_head(tmp_path / "head")
    assert head.record.name == "Ann"
    assert json.loads((tmp_path / "head" / "model.json").read_text())["thresholds"]
    assert (tmp_path / "head" / "log" / "metrics.csv").is_file()
    assert list((tmp_path / "head" / "log").glob("events.out.tfevents.*"))


def test_errors_are_one_line(tmp_path, corpus, capfd):
    assert train(corpus, tmp_path / "head", labels=tmp_path / "missing") == 2
    assert capfd.readouterr().err.startswith("error: ")
    split = tmp_path / "split.csv"
    split.write_text("file,part\nvideo0,train\nvideo1,test\nvideo2,validation\n")
    people = tmp_path / "people.csv"
    people.write_text("file,person\nvideo0,Ann\nvideo1,Ann\n")
    tables = ["--split", str(split), "--people", str(people)]
    assert train(corpus, tmp_path / "head", *tables) == 2
    line = capfd.readouterr().err
    assert "Ann is in test / train" in line
    assert line.count("\n") == 1
    assert not (tmp_path / "head").exists()
