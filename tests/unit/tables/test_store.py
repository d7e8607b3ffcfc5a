import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from emoreport.errors import OutputError
from emoreport.results import Analysis
from emoreport.tables import store
from emoreport.tables.columns import TABLE_NAMES
from emoreport.tables.frames import shown_tables
from emoreport.tables.readings import read_frames, read_speech
from emoreport.tables.store import Readings, write_all
from emoreport.tables.summary_facts import SummaryFacts
from tests.fixtures.results import analysis, face_track, speech_track, summary, with_options

CSV_FILES = [f"{name}.csv" for name in TABLE_NAMES]
ALL = ("csv", "xlsx", "parquet", "json")
FACTS = SummaryFacts()


def tables(result=None):
    return shown_tables(result or analysis(), face_track(), speech_track())


def everything(folder, run=None, formats=ALL, result=None, **values):
    return write_all(
        folder,
        lambda: tables(result or analysis(**values)),
        Readings(face_track(), speech_track()),
        {"version": 1} if run is None else run,
        formats=formats,
        lang="en",
        facts=FACTS,
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_everything_is_written_and_run_json_last(tmp_path):
    written = everything(tmp_path / "talk")
    assert sorted(path.name for path in written) == sorted(contents(tmp_path / "talk"))
    assert sorted(contents(tmp_path / "talk")) == sorted(
        [*CSV_FILES, "report.xlsx", "report.json", "frames.parquet", "speech.parquet", "run.json"]
    )
    assert written[-1].name == "run.json"


@pytest.mark.parametrize(
    ("formats", "names"),
    [
        (("csv",), CSV_FILES),
        (("xlsx",), ["report.xlsx"]),
        (("json",), ["report.json"]),
        (("parquet",), ["frames.parquet", "speech.parquet"]),
    ],
)
def test_only_the_formats_chosen_are_written(tmp_path, formats, names):
    everything(tmp_path, formats=formats)
    assert sorted(contents(tmp_path)) == sorted([*names, "run.json"])


def test_files_of_an_earlier_run_in_other_formats_go(tmp_path):
    everything(tmp_path)
    (tmp_path / "notes.txt").write_text("the user's own")
    everything(tmp_path, formats=("csv",))
    assert sorted(contents(tmp_path)) == sorted([*CSV_FILES, "notes.txt", "run.json"])


def test_compounds_of_an_earlier_run_go_when_they_are_not_asked_for(tmp_path):
    everything(tmp_path, result=with_options(analysis()))
    assert "compound_emotions.csv" in contents(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert len(report["compound_emotions"]) == 4
    assert report["compound_emotions"][0]["leading"] == "sadly_fearful"
    everything(tmp_path)
    assert "compound_emotions.csv" not in contents(tmp_path)
    assert "compound_emotions" not in json.loads((tmp_path / "report.json").read_text("utf-8"))


def test_a_kill_between_two_renames_leaves_no_finished_run(tmp_path, monkeypatch):
    everything(tmp_path)

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        everything(tmp_path)
    assert not (tmp_path / "run.json").exists()


def test_the_same_results_give_the_same_bytes(tmp_path):
    everything(tmp_path / "a")
    everything(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_every_table_is_written_whole(tmp_path):
    everything(tmp_path, formats=("csv",))
    for name in TABLE_NAMES:
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) == tables()[name].rows


def test_readings_come_back(tmp_path):
    everything(tmp_path, formats=("parquet",))
    assert len(read_frames(tmp_path / "frames.parquet")) == len(face_track())
    assert read_speech(tmp_path / "speech.parquet").speech == speech_track().speech


def as_csv(value):
    """What the CSV file says for a value of report.json, numbers as numbers."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def as_json(text):
    """A CSV cell, as a number where it is one."""
    try:
        return float(text)
    except ValueError:
        return text


def test_report_json_holds_the_values_of_the_csv_files(tmp_path):
    everything(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert tuple(report) == TABLE_NAMES
    for name in TABLE_NAMES:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [list(record) for record in report[name]] == [list(row) for row in rows]
        for record, row in zip(report[name], rows, strict=True):
            assert {key: as_csv(value) for key, value in record.items()} == {
                key: as_json(cell) for key, cell in row.items()
            }
    assert report["modality_duration"][2]["match"] is None
    assert report["video_intervals"][2]["confidence"] is None
    assert report["mismatch_statistics"][0]["p_value"] == 0.0005
    assert report["transition_statistics"][2]["note"] == "too_short"


def test_report_json_without_rows(tmp_path):
    empty = tables(Analysis((), (), (), (), summary()))
    write_all(
        tmp_path,
        lambda: empty,
        Readings(face_track(), speech_track()),
        {},
        formats=("json",),
        lang="en",
        facts=FACTS,
    )
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert {name: len(report[name]) for name in TABLE_NAMES if report[name]} == {"summary": 1}


@pytest.mark.parametrize("name", ["=1.mp4", 'a"b.mp4', "отчёт.mp4", "a\udcff.mp4", "a\nb.mp4"])
def test_json_keeps_file_names_as_they_are(tmp_path, name):
    everything(tmp_path, run={"video": name}, video=name)
    run = json.loads((tmp_path / "run.json").read_text("utf-8"))
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert run == {"video": name}
    assert report["summary"][0]["video"] == name


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_document_that_is_no_json_changes_nothing(tmp_path, value):
    everything(tmp_path)
    before = contents(tmp_path)
    with pytest.raises((ValueError, TypeError)):
        everything(tmp_path, run={"version": value})
    assert contents(tmp_path) == before


LIMITED = """
import resource, sys
from pathlib import Path
from emoreport.errors import OutputError
from emoreport.tables import store
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.tables.frames import shown_tables
from tests.fixtures.results import analysis, face_track, speech_track

folder, limit, formats = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
faces, speech = face_track(3000), speech_track()
tables = shown_tables(analysis(), faces, speech)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    store.write_all(
        folder, lambda: tables, store.Readings(faces, speech), {"version": 2},
        formats=formats, lang="ru", facts=SummaryFacts(),
    )
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
@pytest.mark.parametrize(
    ("limit", "formats", "file"),
    [
        (0, "csv", "video_intervals.csv"),
        (100, "csv", "video_intervals.csv"),
        (1000, "csv,xlsx", "report.xlsx"),
        (1000, "parquet,csv", "frames.parquet"),
        (1000, "json", "report.json"),
    ],
)
def test_no_room_left_keeps_the_tables_of_the_earlier_run(tmp_path, limit, formats, file):
    everything(tmp_path)
    before = contents(tmp_path)
    # -B: the limit would cut short what Python keeps of compiled modules.
    command = [sys.executable, "-B", "-c", LIMITED, str(tmp_path), str(limit), formats]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith(f"{tmp_path / file}: output: the disk is full")
    assert "--out" in done.stdout
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="where a file should be"):
        everything(tmp_path / "file" / "talk")
    assert contents(tmp_path) == {"file": b"x"}


def test_an_interruption_while_writing_leaves_the_earlier_run(tmp_path, monkeypatch):
    everything(tmp_path)
    before = contents(tmp_path)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "workbook_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        everything(tmp_path, video="other.mp4")
    assert contents(tmp_path) == before


def test_importing_the_room_loads_nothing_heavy():
    code = (
        "import sys; import emoreport.tables.store, emoreport.tables.readings;"
        "print(sorted({'pandas', 'pyarrow', 'xlsxwriter', 'cv2', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
