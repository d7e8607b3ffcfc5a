"""`emoreport export` on the sample: every file is there, and other readers take it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pympi
import pytest

import emoreport as package
from emoreport.cli.app import app
from emoreport.cli.wording import worded_command
from emoreport.exchange.export import parse_formats
from emoreport.exchange.writers import FORMATS
from emoreport.exchange.writers.findings_json import SCHEMA_FILE
from tests.fixtures.results_on_disk import run_json
from tests.integration.conftest import ROOT, Emoreport

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"
SUFFIXES = set(re.findall(r"`talk([._][\w.]+)`", DOCS.read_text("utf-8").partition("\n- ")[0]))
"""What follows the name of the video in the files that the documentation lists."""


@pytest.fixture(scope="module")
def analysed(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the first seconds of the sample; nobody changes them."""
    settings = package.Settings.from_values({"speech": "compact", "face": "compact"})
    out = tmp_path_factory.mktemp("results")
    package.analyze(clip, settings).write(out / "clip")
    return out / "clip"


@pytest.fixture
def stored(analysed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(analysed, tmp_path / "results" / "clip"))


def test_all_formats_are_written_beside_the_results(stored: Path, emoreport: Emoreport) -> None:
    before = {path.name for path in stored.iterdir()}
    outcome = emoreport("export", stored)
    assert outcome.code == 0
    assert not outcome.warnings
    written = {path.name for path in (stored / "export").iterdir()}
    assert written == {f"clip{suffix}" for suffix in SUFFIXES}
    assert {path.name for path in stored.iterdir()} == {*before, "export"}
    assert len(outcome.out.splitlines()) == len(SUFFIXES)
    document = json.loads((stored / "export" / "clip_findings.json").read_text())
    schema = json.loads((ROOT / "docs" / "schema" / SCHEMA_FILE).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["run"]["input"] == run_json(stored)["input"]


def test_blank_files_are_those_that_people_code_in(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("export", stored, "--blank").code == 0
    assert {path.name for path in (stored / "export").iterdir()} == {
        *("clip_blank.eaf", "clip_blank.TextGrid", "clip_blank.boris", "clip_blank_coding.csv")
    }
    refused = emoreport("export", stored, "--blank", "--to", "elan,vtt")
    assert refused.code == 2
    assert "vtt" in refused.err


def test_the_same_results_give_the_same_bytes(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("export", stored, "--out", "one").code == 0
    assert emoreport("export", stored, "--out", "two").code == 0
    for path in Path("one").iterdir():
        assert path.read_bytes() == (Path("two") / path.name).read_bytes()


def test_the_video_is_linked_by_a_relative_path(
    stored: Path, clip: Path, emoreport: Emoreport
) -> None:
    assert emoreport("export", stored, "--to", "elan,boris", "--out", "deep/er").code == 0
    (media,) = pympi.Eaf("deep/er/clip.eaf").get_linked_files()
    assert (Path("deep/er") / media["RELATIVE_MEDIA_URL"]).resolve() == clip.resolve()
    assert str(clip.parent) not in media["MEDIA_URL"]
    (observation,) = json.loads(Path("deep/er/clip.boris").read_text())["observations"].values()
    assert (Path("deep/er") / observation["file"]["1"][0]).resolve() == clip.resolve()


def test_a_video_that_has_moved_is_said_and_can_be_named(
    stored: Path, clip: Path, emoreport: Emoreport
) -> None:
    run = run_json(stored)
    run["input"].update(path="gone/clip.mp4", from_folder="gone/clip.mp4")
    (stored / "run.json").write_text(json.dumps(run))
    outcome = emoreport("export", stored, "--to", "elan")
    assert outcome.code == 0
    (line,) = outcome.warnings
    assert "--video" in line
    shutil.copy(clip, "moved.mp4")
    outcome = emoreport("export", stored, "--to", "elan", "--video", "moved.mp4", "--out", ".")
    assert outcome.code == 0
    assert not outcome.warnings
    assert pympi.Eaf("clip.eaf").get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./moved.mp4"
    Path("moved.mp4").write_bytes(b"another")
    outcome = emoreport("export", stored, "--to", "elan", "--video", "moved.mp4", "--out", ".")
    assert "same recording" in outcome.warnings[0]


def test_a_video_that_does_not_begin_at_zero_is_said(stored: Path, emoreport: Emoreport) -> None:
    run = run_json(stored)
    run["input"]["player_start_s"] = 1.4
    (stored / "run.json").write_text(json.dumps(run))
    outcome = emoreport("export", stored, "--to", "vtt")
    assert outcome.code == 0
    assert "1.400 s" in outcome.warnings[0]


def test_a_hostile_name_stays_a_name(stored: Path, emoreport: Emoreport) -> None:
    run = run_json(stored)
    name = "../<script>alert('1')</script>=1+1.mp4"
    run["input"].update(name=name, path=name)
    (stored / "run.json").write_text(json.dumps(run))
    outcome = emoreport("export", stored, "--out", "inside")
    assert outcome.code == 0
    assert len(list(Path("inside").iterdir())) == len(SUFFIXES)
    assert len(list(Path().iterdir())) == 1
    for path in Path("inside").glob("*.eaf"):
        assert "<script>" not in path.read_text()


def test_a_very_long_name_is_cut(stored: Path, emoreport: Emoreport) -> None:
    run = run_json(stored)
    run["input"].update(name="я" * 125 + ".mp4")
    (stored / "run.json").write_text(json.dumps(run))
    assert emoreport("export", stored, "--out", "inside").code == 0
    assert all(len(path.name.encode()) <= 255 for path in Path("inside").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--to", "elan,word"), 2),
        (("--to", ","), 2),
        (("--video", "nowhere.mp4"), 2),
        (("--lang", "tlh"), 2),
        (("--out", "file"), 1),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], code: int, stored: Path, emoreport: Emoreport
) -> None:
    Path("file").write_text("here")
    outcome = emoreport("export", stored, *arguments)
    assert outcome.code == code
    assert len(outcome.errors) == 1
    assert not (stored / "export").exists()


def test_a_folder_without_results_is_refused(emoreport: Emoreport) -> None:
    assert emoreport("export", "none").code == 2
    Path("empty").mkdir()
    assert emoreport("export", "empty").code == 1


def test_labels_come_in_the_language_asked_for(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("export", stored, "--to", "elan,vtt", "--lang", "ru", "--quiet").code == 0
    assert "лицо:" in (stored / "export" / "clip.vtt").read_text()
    assert emoreport("agree", stored, stored / "export" / "clip.eaf", "--quiet").code == 0


def test_names_of_formats() -> None:
    command = worded_command(app).commands["export"]
    (option,) = [entry for entry in command.params if entry.name == "to"]
    assert f": {', '.join(FORMATS)};" in option.help
    assert parse_formats(" ELAN, vtt,elan ") == ("elan", "vtt")
