"""The sheet of matrices: transitions as a heat map beside chance, and face by voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emoreport.messages import Words, number, text
from emoreport.tables.cells import ShownTable
from emoreport.tables.codes import NOTE, code_name
from emoreport.tables.dictionary import sheet_name
from emoreport.tables.schema import Kind
from emoreport.tables.workbook_data import (
    Matrix,
    expected_counts,
    face_by_voice,
    rows,
    transition_counts,
)
from emoreport.tables.workbook_styles import Styles, print_across, write_text

_word: Final = Words("tables.matrices")

HEAT: Final = ("#FFFFFF", "#8FB8DE")
"""Colours of the smallest and the largest number: black text stays readable on both."""
_WIDTH: Final = 15


def add_matrices(
    book: Any,  # noqa: ANN401 - XlsxWriter has no types
    styles: Styles,
    tables: Mapping[str, ShownTable],
    lang: str,
) -> None:
    """Add the sheet of matrices."""
    sheet = book.add_worksheet(sheet_name("matrices", lang))
    sheet.hide_gridlines(2)
    print_across(sheet)
    sheet.set_column(0, 13, _WIDTH)
    writer = _Matrices(sheet, styles, lang)
    counts = transition_counts(tables)
    writer.matrix("transitions", counts, Kind.COUNT)
    writer.note(_order(tables["transition_statistics"], lang))
    expected = expected_counts(tables, counts.rows)
    if expected is not None:
        writer.matrix("expected", expected, Kind.PER_MINUTE)
    writer.matrix("face_by_voice", face_by_voice(tables["face_voice"]), Kind.SECONDS)


class _Matrices:
    """Writes matrices one under the other."""

    def __init__(self, sheet: Any, styles: Styles, lang: str) -> None:  # noqa: ANN401
        self._sheet = sheet
        self._styles = styles
        self._lang = lang
        self._row = 0

    def matrix(self, key: str, matrix: Matrix, kind: Kind) -> None:
        """Write one matrix with its title, and shade its numbers."""
        sheet, styles = self._sheet, self._styles
        self._row += 1 if self._row else 0
        write_text(sheet, self._row, 0, _word(f"{key}_title", self._lang), styles.title)
        self._row += 1
        self.note(_word(f"{key}_reading", self._lang))
        if not matrix.rows or not matrix.columns:
            self.note(_word("nothing", self._lang))
            return
        head = self._row
        write_text(sheet, head, 0, _word(f"{key}_corner", self._lang), styles.header)
        for column_index, label in enumerate(matrix.columns, start=1):
            write_text(
                sheet, head, column_index, styles.name(label, self._lang), styles.labels[label]
            )
        for row, (label, cells) in enumerate(zip(matrix.rows, matrix.cells, strict=True), head + 1):
            write_text(sheet, row, 0, styles.name(label, self._lang), styles.labels[label])
            for column_index, cell in enumerate(cells, start=1):
                if cell is not None:
                    sheet.write_number(row, column_index, cell, styles.numbers[kind])
        last = head + len(matrix.rows)
        sheet.conditional_format(
            *(head + 1, 1, last, len(matrix.columns)),
            {"type": "2_color_scale", "min_color": HEAT[0], "max_color": HEAT[1]},
        )
        self._row = last + 1

    def note(self, text: str) -> None:
        """Write a line of explanation."""
        write_text(self._sheet, self._row, 0, text, self._styles.faint)
        self._row += 1


def _order(statistics: ShownTable, lang: str) -> str:
    """Say whether the order of the emotions differs from chance, or why that is not known."""
    for statistic, p_value, note in rows(statistics, "statistic", "p_value", "note"):
        if statistic != "order":
            continue
        if isinstance(p_value, float):
            return _word("order", lang, p_value=number(p_value, 4, lang))
        if note is not None:
            return _word("order_unknown", lang, reason=code_name(NOTE, str(note), lang))
    return _word("order_unknown", lang, reason=text("tables.summary.unknown", lang))
