"""Tables made again from stored readings equal those of a fresh analysis."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import emoreport as package
from emoreport.errors import SettingsError
from emoreport.tables import readings
from tests.fixtures.results_on_disk import COLUMNS, assert_complete, run_json
from tests.integration.conftest import Emoreport

CHANGES = [
    ("--smoothing", "0"),
    ("--smoothing", "0.4", "--smoothing-method", "median"),
    ("--min-interval", "2"),
    ("--min-interval", "0", "--hysteresis", "0"),
    ("--gap-limit", "0.1", "--min-interval", "0.1"),
    ("--min-speech", "0.1"),
    ("--distance-limit", "0.3"),
    ("--distance-limit", "0"),
    ("--lang", "ru"),
]


@pytest.fixture
def stored(clip: Path, emoreport: Emoreport) -> Path:
    assert emoreport("analyze", clip, "--quiet").code == 0
    return Path("statistics/clip").resolve()


def cells(path: Path) -> list[object]:
    book = openpyxl.load_workbook(path)
    return [
        (sheet.title, cell.coordinate, cell.value, cell.number_format)
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
    ]


@pytest.mark.parametrize("changes", CHANGES, ids=" ".join)
def test_retable_equals_a_fresh_analysis(
    changes: tuple[str, ...], clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    assert emoreport("analyze", clip, *changes, "--out", "fresh").code == 0
    assert emoreport("retable", stored, *changes).code == 0
    fresh = Path("fresh/clip")
    for name in (*(f"{table}.csv" for table in COLUMNS), "report.json"):
        assert (stored / name).read_bytes() == (fresh / name).read_bytes(), name
    for name in ("frames.parquet", "speech.parquet", "sound.parquet"):
        assert (stored / name).read_bytes() == (fresh / name).read_bytes(), name
    again, new = run_json(stored), run_json(fresh)
    assert {**again["settings"], "out": ""} == {**new["settings"], "out": ""}
    written = [line for line in cells(stored / "report.xlsx") if line[2] != "statistics"]
    expected = [line for line in cells(fresh / "report.xlsx") if line[2] != "fresh"]
    assert written == expected


def test_retable_into_another_folder_leaves_the_first(stored: Path, emoreport: Emoreport) -> None:
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    assert emoreport("retable", stored, "--min-interval", "3", "--out", "other").code == 0
    assert_complete(Path("other"), min_interval_s=3)
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


def test_the_readings_stay_for_another_retable(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("retable", stored, "--formats", "csv").code == 0
    assert {path.suffix for path in stored.iterdir()} == {".csv", ".json", ".parquet"}
    assert emoreport("retable", stored, "--formats", "csv,xlsx", "--out", "other").code == 0
    assert not list(Path("other").glob("*.parquet"))


def test_what_was_made_from_the_earlier_tables_is_named(stored: Path, emoreport: Emoreport) -> None:
    assert emoreport("multiverse", stored, "--quiet").code == 0
    assert emoreport("plot", stored, "--kind", "shares", "--format", "svg").code == 0
    again = emoreport("retable", stored, "--smoothing", "0.5", "--quiet")
    assert any("multiverse/, plots/" in line for line in again.warnings)
    assert emoreport("multiverse", stored, "--quiet").code == 0
    assert "made before" not in emoreport("retable", stored, "--out", "elsewhere").err


def test_retable_needs_no_video_and_no_models(
    stored: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("av", "cv2", "mediapipe", "onnxruntime"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert emoreport("retable", stored, "--smoothing", "2").code == 0


def test_retable_with_another_bridge(stored: Path, emoreport: Emoreport) -> None:
    Path("bridge.toml").write_text("[bridge]\nfear = 'surprise'\n")
    assert emoreport("retable", stored, "--bridge", "bridge.toml").code == 0
    assert run_json(stored)["bridge"] == {"fear": "surprise"}


NEEDED = ("frames.parquet", "speech.parquet", "run.json")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *((file, damage) for file in NEEDED for damage in ("missing", "empty", "cut")),
        # A run without acoustics has no such file.
        *(("sound.parquet", damage) for damage in ("empty", "cut")),
    ],
)
def test_damaged_readings_are_one_line(
    file: str, damage: str, stored: Path, emoreport: Emoreport
) -> None:
    hurt = Path("hurt")
    shutil.copytree(stored, hurt)
    content = (hurt / file).read_bytes()
    (hurt / file).unlink()
    if damage != "missing":
        (hurt / file).write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    before = {path.name: path.read_bytes() for path in hurt.iterdir()}
    outcome = emoreport("retable", hurt)
    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "Traceback" not in outcome.err
    assert {path.name: path.read_bytes() for path in hurt.iterdir()} == before


def test_a_run_from_before_acoustics_is_retabled_without_them(
    stored: Path, emoreport: Emoreport
) -> None:
    before = (stored / "audio_intervals.csv").read_bytes()
    speech = readings.read_speech(stored / "speech.parquet")
    old = {name: speech.extra[name] for name in ("snr_db", "clipping", "distance", "intensity")}
    with (stored / "speech.parquet").open("wb") as stream:
        readings.write_speech(stream, replace(speech, extra=old))
    (stored / "sound.parquet").unlink()
    document = run_json(stored)
    del document["settings"]["acoustics"]
    (stored / "run.json").write_text(json.dumps(document))
    assert emoreport("retable", stored).code == 0
    assert (stored / "audio_intervals.csv").read_bytes() == before
    assert not (stored / "acoustics.csv").exists()
    assert "acoustics" not in openpyxl.load_workbook(stored / "report.xlsx").sheetnames


def test_without_acoustics_nothing_of_them_is_left(
    clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    assert (stored / "acoustics.csv").exists()
    assert emoreport("analyze", clip, "--no-acoustics", "--overwrite").code == 0
    assert not {"acoustics.csv", "sound.parquet"} & {path.name for path in stored.iterdir()}
    assert "jitter" not in readings.read_speech(stored / "speech.parquet").extra


def test_a_folder_that_does_not_exist(emoreport: Emoreport) -> None:
    assert emoreport("retable", "none").code == 2


def test_reports_are_read_from_python(stored: Path) -> None:
    report = package.read_report(stored, {"min_interval": 1.0})
    assert report.settings.analysis.min_interval_s == 1.0
    assert report.video_intervals["duration"].min() >= 1.0
    with pytest.raises(SettingsError, match="--face"):
        package.read_report(stored, {"face": "compact"})
