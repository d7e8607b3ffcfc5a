"""The table of pitch, loudness, tempo and pauses in every file that shows tables."""

import csv
import io

import openpyxl
import pytest

from emoreport.analysis import analyze_readings
from emoreport.settings import Settings
from emoreport.tables.cells import show_rows
from emoreport.tables.columns import ACOUSTICS, table_of
from emoreport.tables.csv_files import csv_bytes
from emoreport.tables.frames import build_tables
from emoreport.tables.workbook_sheets import written
from tests.fixtures.readings import face_track, recording, speech_track, with_contour

FACES = face_track(("fear", 4), ("neutral", 6))


def tables_of(speech):
    result = analyze_readings(FACES, speech, recording(10.0), Settings())
    return result, build_tables(result, FACES, speech)


@pytest.fixture(scope="module")
def spoken():
    return with_contour(speech_track(["neutral"] * 8, speech=[(0.0, 3.0), (5.0, 9.5)]))


def test_every_row_with_speech_has_its_measures(spoken):
    result, tables = tables_of(spoken)
    table = tables["acoustics"]
    assert list(table.columns) == [*ACOUSTICS.names, "person"]
    assert table[["start", "end"]].to_numpy().tolist() == [
        [row.span.start_s, row.span.end_s] for row in result.audio_intervals if row.speech_s > 0.3
    ]
    assert table["pauses"].tolist() == [1, 0]
    assert table["pause_s"].tolist() == pytest.approx([1.0, 1.0], abs=0.05)
    assert not table.drop(columns="person").isna().to_numpy().any()


def test_csv_shows_hertz_and_decibels_with_one_digit_and_semitones_with_two(spoken):
    found, tables = tables_of(spoken)
    text = csv_bytes(show_rows(table_of("acoustics", tables["acoustics"].columns), found)).decode()
    row = next(csv.DictReader(io.StringIO(text)))
    for name, digits in {"f0_median_hz": 1, "f0_range_st": 2, "loudness_db": 1}.items():
        assert len(row[name].split(".")[1]) == digits, name


def test_the_workbook_has_a_sheet(spoken):
    found, tables = tables_of(spoken)
    shown = show_rows(table_of("acoustics", tables["acoustics"].columns), found)
    content = written(lambda sheets: sheets.table("a", shown, lambda column: column.name), "en")
    sheet = openpyxl.load_workbook(io.BytesIO(content))["a"]
    assert [cell.value for cell in sheet[1]] == [*ACOUSTICS.names, "person"]
    assert sheet.max_row == 3


def test_readings_of_an_older_run_have_no_such_table():
    _, tables = tables_of(speech_track(["neutral"] * 8))
    assert "acoustics" not in tables
