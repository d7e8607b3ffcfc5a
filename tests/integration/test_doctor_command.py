"""``emoreport doctor`` from the command line to its exit code."""

from __future__ import annotations

import json
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest

from emoreport.models.store.model_metadata import SHIPPED
from tests.integration.conftest import Emoreport

PARTS = (
    "decoding",
    "face_detector",
    "face_model",
    "speech_detector",
    "voice_model",
    "aligner",
    "text_model",
)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "store"
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(root))
    return root


def test_it_tells_in_plain_lines_what_runs_and_what_is_missing(
    emoreport: Emoreport, store: Path
) -> None:
    outcome = emoreport("doctor", "--threads", 1)
    assert outcome.code == 0
    assert outcome.err == ""
    lines = outcome.out.splitlines()
    assert lines[0].startswith("emoreport ")
    assert lines[-1] == "Analyses can run."
    assert any(str(store) in line for line in lines)
    parts = ("reading recordings", "face detector", "face model", "voice model")
    for part in (*parts, "aligner of words", "text model"):
        (line,) = [line for line in lines if line.startswith(part)]
        assert line.endswith(" ms")
    (missing,) = [line for line in lines if "auto prefers hsemotion" in line]
    assert missing.startswith("note")
    assert missing.endswith("emoreport models pull hsemotion/enet_b0_8_va_mtl")


def test_it_speaks_russian(emoreport: Emoreport) -> None:
    outcome = emoreport("doctor", "--lang", "ru")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "Анализ возможен."
    assert "модель голоса" in outcome.out


def test_on_a_terminal_the_tables_are_framed(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    outcome = emoreport("doctor")
    assert outcome.code == 0
    assert "│ face model" in outcome.out


def test_json_is_all_that_is_printed(emoreport: Emoreport) -> None:
    outcome = emoreport("doctor", "--json", "--offline", "--threads", 1)
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert document["ok"] is True
    assert [trial["part"] for trial in document["trials"]] == list(PARTS)
    assert all(trial["ran"] and trial["run_ms"] > 0 for trial in document["trials"])
    assert document["store"]["offline"] is True
    assert document["environment"]["settings"] == {"offline": True, "threads": 1}
    assert {"level", "code", "text", "remedy"} == set(document["findings"][0])


def test_what_the_environment_and_the_file_set_is_in_force(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("emoreport.toml").write_text("smoothing = 2\n", encoding="utf-8")
    monkeypatch.setenv("EMOREPORT_MIN_INTERVAL", "3")
    environment = json.loads(emoreport("doctor", "--json").out)["environment"]
    assert environment["settings"] == {"smoothing": 2.0, "min_interval": 3.0}
    assert environment["config_file"] == str(Path("emoreport.toml").absolute())
    assert environment["variables"]["EMOREPORT_MIN_INTERVAL"] == "3"


@pytest.mark.parametrize(
    ("file", "variable", "said"),
    [
        ("smoothing = [", "", "is not valid TOML"),
        ("", "EMOREPORT_SMOTHING", "EMOREPORT_SMOTHING names no setting"),
    ],
    ids=["a broken file", "a mistyped variable"],
)
def test_settings_that_cannot_be_used_are_told_and_the_rest_is_still_looked_at(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch, file: str, variable: str, said: str
) -> None:
    if file:
        Path("emoreport.toml").write_text(file, encoding="utf-8")
    if variable:
        monkeypatch.setenv(variable, "1")
    outcome = emoreport("doctor", "--json")
    document = json.loads(outcome.out)
    assert (outcome.code, document["ok"]) == (1, False)
    (problem,) = [entry for entry in document["findings"] if entry["level"] == "problem"]
    assert problem["code"] == "settings_unusable"
    assert said in problem["text"]
    assert problem["remedy"]
    assert all(trial["ran"] for trial in document["trials"])


def test_a_flag_that_cannot_be_is_wrong_usage(emoreport: Emoreport) -> None:
    outcome = emoreport("doctor", "--threads", "many")
    assert outcome.code == 2
    assert "--threads" in outcome.err
    assert outcome.out == ""


def test_a_damaged_shipped_model_ends_in_1_and_says_what_to_do(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(str(resources.files("emoreport"))) / "weights", package / "weights")
    with (package / "weights" / SHIPPED["face"]).with_suffix(".onnx").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\0\1\2\3")
    real = resources.files
    monkeypatch.setattr(
        resources, "files", lambda name: package if name == "emoreport" else real(name)
    )
    outcome = emoreport("doctor")
    assert outcome.code == 1
    assert outcome.out.splitlines()[-1].startswith("Something is broken")
    problems = [line for line in outcome.out.splitlines() if line.startswith("problem")]
    assert any("compact-face in the store is damaged" in line for line in problems)
    assert any("face model compact: does not run" in line for line in problems)
    assert all("install emoreport again" in line for line in problems)
