"""summary.xlsx as Excel would open it."""

from __future__ import annotations

import io

import openpyxl
import pytest

from emoreport.batch.together import FAILURES, SUMMARY_END
from emoreport.batch.workbook import summary_workbook
from emoreport.tables.cells import ShownTable
from emoreport.tables.columns import SUMMARY
from emoreport.tables.schema import Column, Kind, Table

CELLS = {
    "video": "a.mp4",
    "duration": 12.5,
    "frames": 300,
    "face_coverage": 0.975,
    "mismatches": 2,
    "kappa": -0.25,
    "dominant_video_emotion": "happiness",
    "mismatch_p_value": 0.03,
    "mismatch_verdict": "as_much",
    "path": "interviews/a.mp4",
    "sex": "=f",
}


def book(lang="en"):
    columns = (*SUMMARY.columns, *SUMMARY_END, Column("sex", Kind.TEXT, "group", "sex"))
    summary = ShownTable(
        Table("summary", columns), tuple([CELLS.get(column.name)] for column in columns)
    )
    failures = ShownTable(FAILURES, (["b.mp4"], ["decode"], ["is empty"], ["copy it again"]))
    return openpyxl.load_workbook(io.BytesIO(summary_workbook(summary, failures, lang)))


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("duration", 12.5, "0.000"),
        ("frames", 300, "0"),
        ("face_coverage", 0.975, "0.0%"),
        ("kappa", -0.25, "0.000"),
        ("mismatch_p_value", 0.03, '[<0.0001]"< 0.0001";0.0000'),
        ("sex", "=f", "General"),
        ("speech_seconds", None, "General"),
    ],
)
def test_numbers_look_as_in_the_workbook_of_one_video(name, value, form):
    sheet = book()["summary"]
    (column,) = [cell.column for cell in sheet[1] if cell.value == name]
    cell = sheet.cell(2, column)
    assert (cell.value, cell.number_format) == (value, form)
    assert cell.data_type in {"n", "s"}


def test_the_video_stays_in_sight_and_the_header_is_printed_on_every_page():
    sheet = book()["summary"]
    assert sheet.freeze_panes == "B2"
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$A")


def test_failures_have_a_sheet_of_their_own():
    rows = list(book()["failures"].iter_rows(values_only=True))
    assert rows == [
        ("video", "stage", "error", "remedy"),
        ("b.mp4", "decode", "is empty", "copy it again"),
    ]


def test_the_dictionary_explains_every_column_emotion_and_code():
    rows = list(book()["dictionary"].iter_rows(min_row=2, values_only=True))
    machine = [row[4] for row in rows]
    assert all(all(row) for row in rows)
    columns = [cell.value for cell in book()["summary"][1]]
    assert machine[: len(columns)] == columns
    assert {"happiness", "no_face", "as_much", "not_enough_data"} <= set(machine)


def test_russian_names_columns_emotions_and_codes():
    russian = book("ru")
    assert russian.sheetnames == ["Сводка", "Ошибки", "Словарь"]
    cells = [cell.value for cell in russian["Сводка"][2]]
    assert "радость" in cells
    assert "as_much" not in cells
