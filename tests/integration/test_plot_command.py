"""`emoreport plot` on stored readings: files, captions, languages, and what goes wrong."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.fixtures.stored import store, wandering_talk
from tests.integration.conftest import Emoreport

DURATION_S = 130.0
ALL = {
    f"{kind}.{form}"
    for kind in ("timeline", "shares", "transitions", "matrix")
    for form in ("png", "svg")
}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    faces, speech = wandering_talk(DURATION_S)
    return store(tmp_path / "talk", faces, speech, DURATION_S)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_plot_is_written_beside_the_tables_with_its_caption(
    talk: Path, emoreport: Emoreport
) -> None:
    before = {path.name: path.read_bytes() for path in talk.iterdir()}
    outcome = emoreport("plot", talk)
    assert (outcome.code, outcome.err) == (0, "")
    folder = talk / "plots"
    assert names(folder) == {*ALL, "captions.txt"}
    assert str(folder) in outcome.out
    assert {path.name: path.read_bytes() for path in talk.iterdir() if path.is_file()} == before
    captions = (folder / "captions.txt").read_text(encoding="utf-8")
    for number, kind in enumerate(("timeline", "shares", "transitions", "matrix"), start=1):
        assert f"{kind}\nFigure {number}. " in captions
    assert "chance alone would give" in captions


def test_only_the_plots_and_formats_asked_for_are_written(talk: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("plot", talk, "--kind", "shares, matrix", "--format", "svg", "--out", "out")
    assert outcome.code == 0
    assert names(Path("out")) == {"shares.svg", "matrix.svg", "captions.txt"}


def test_plots_speak_the_language_asked_for(talk: Path, emoreport: Emoreport) -> None:
    options = ("--kind", "timeline", "--format", "svg", "--quiet")
    outcome = emoreport("plot", talk, *options, "--lang", "ru", "--out", "ru")
    assert (outcome.code, outcome.out) == (0, "")
    shown = " ".join(ET.parse("ru/timeline.svg").getroot().itertext())
    assert "выраженность" in shown
    assert "severity" not in shown
    assert "Рисунок 1. " in Path("ru/captions.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--kind", "pie"), ("--kind", ","), ("--format", "gif"), ("--format", "png,eps")],
)
def test_unknown_plots_and_formats_are_refused(
    talk: Path, emoreport: Emoreport, option: str, value: str
) -> None:
    outcome = emoreport("plot", talk, option, value)
    assert outcome.code == 2
    (line,) = outcome.errors
    assert option in line
    assert "default: " in line
    assert not (talk / "plots").exists()


def test_a_folder_without_results_is_refused(tmp_path: Path, emoreport: Emoreport) -> None:
    assert emoreport("plot", tmp_path).code != 0
    assert emoreport("plot", tmp_path / "missing").code == 2
    assert names(tmp_path) == {"working"}


def test_a_folder_that_cannot_be_made_is_one_line(talk: Path, emoreport: Emoreport) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    outcome = emoreport("plot", talk, "--kind", "matrix", "--out", "taken")
    assert outcome.code != 0
    assert len(outcome.errors) == 1
    assert Path("taken").read_text(encoding="utf-8") == "a file"
