"""Build summary.xlsx: one row per video, the failures, and what the columns mean."""

from __future__ import annotations

from typing import Final

from emoreport.messages import Words
from emoreport.tables.cells import ShownTable
from emoreport.tables.columns import SUMMARY
from emoreport.tables.dictionary import (
    Definition,
    header,
    meaning,
    sheet_name,
    unit,
    value_definitions,
)
from emoreport.tables.schema import Column
from emoreport.tables.workbook_sheets import Sheets, written

_word: Final = Words("batch")
_KEPT_COLUMNS: Final = 1
"""The name of the video stays in sight."""


def summary_workbook(summary: ShownTable, failures: ShownTable, lang: str) -> bytes:
    """Content of summary.xlsx.

    Parameters
    ----------
    summary
        One row per video.
    failures
        One row per video that failed.
    lang
        Language; ``en`` keeps the machine names of columns, emotions and codes.
    """

    def title(column: Column) -> str:
        return column_title(column, lang)

    def failure_title(column: Column) -> str:
        return _word(f"failures.{column.word}", lang)

    def fill(sheets: Sheets) -> None:
        name = sheet_name(summary.table.name, lang)
        sheets.table(name, summary, title, _KEPT_COLUMNS)
        sheets.table(_word("sheet.failures", lang), failures, failure_title, _KEPT_COLUMNS)
        columns = summary.table.columns
        entries = [
            Definition(
                name,
                title(column),
                _meaning(column, lang),
                unit(column, lang),
                column.name,
                leading=True,
            )
            for column in columns
        ]
        sheets.dictionary(entries + value_definitions(columns, lang))

    return written(fill, lang)


def column_title(column: Column, lang: str) -> str:
    """What a column of the batch's summary is called for people."""
    if column in SUMMARY.columns:
        return header(column, lang)
    if column.about or lang == "en":
        return column.name
    return _word(f"title.{column.word}", lang)


def _meaning(column: Column, lang: str) -> str:
    if column in SUMMARY.columns:
        return meaning(column, lang)
    return _word(f"column.{column.word}", lang, about=column.about)
