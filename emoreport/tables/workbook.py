"""The Excel workbook: a summary sheet first, every table, a dictionary sheet last.

Texts are written as texts: nothing in the workbook can be a formula or a link.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from emoreport import messages as words
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.codes import cell_names
from emoreport.tables.dictionary import dictionary, header, sheet_name
from emoreport.tables.facts import SummaryFacts
from emoreport.tables.kinds import Column, Kind, Table
from emoreport.tables.summary_sheet import Line, summary_lines
from emoreport.tables.workbook_charts import add_charts
from emoreport.tables.workbook_matrices import add_matrices
from emoreport.tables.workbook_styles import (
    NUMBER_FORMATS,
    Styles,
    label_name,
    print_across,
    set_height,
    write_text,
)

MAX_ROWS: Final = 1_048_576
"""Limit of the format (ECMA-376 as Excel applies it)."""
_CREATED: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
"""The same tables give the same file, byte for byte: the zip entries bear this date too."""
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MIN_WIDTH: Final = 9
_MAX_WIDTH: Final = 48
_FILTER_ARROW: Final = 3
"""Characters that the arrow of the filter covers in a header."""
_TEXT_MARGIN: Final = 3
_SUMMARY_WIDTHS: Final = (40, 92, 46)
_DICTIONARY_WIDTHS: Final = (25, 34, 90, 24, 32)
"""Widths of columns, in characters of the standard font."""
_PAGE_WIDTH: Final = 250
"""Characters on a line of a printed page that can still be read."""
_KEPT_COLUMNS: Final = 3
"""Columns of a wide table that stay in sight and are printed on every page: what and when."""


def workbook_bytes(
    tables: Mapping[str, ShownTable],
    *,
    lang: str,
    facts: SummaryFacts,
    readings: Sequence[Table] = (),
) -> bytes:
    """Content of report.xlsx.

    Parameters
    ----------
    tables
        The tables as `show_all` gives them.
    lang
        Language of everything but the data; ``en`` keeps the machine names of columns, emotions
        and codes, other languages translate them.
    facts
        What the summary sheet tells besides.
    readings
        Descriptions of the Parquet files that lie beside the workbook, for the dictionary.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"created": _CREATED.replace(tzinfo=None)})
        styles = Styles(book)
        writer = _Writer(book, styles, lang)
        writer.summary(_summary_lines(tables, facts, lang))
        add_numbers = add_charts(book, styles, tables, lang)
        for name, content in tables.items():
            if name != "summary":  # the summary sheet holds that one row in a readable form
                writer.table(content)
        add_matrices(book, styles, tables, lang)
        add_numbers()
        writer.dictionary([*(content.table for content in tables.values()), *readings])
    return buffer.getvalue()


def _summary_lines(tables: Mapping[str, ShownTable], facts: SummaryFacts, lang: str) -> list[Line]:
    too_long = [
        words.text("tables.summary.too_long", lang, sheet=sheet_name(name, lang), rows=MAX_ROWS - 1)
        for name, content in tables.items()
        if content.rows >= MAX_ROWS
    ]
    return summary_lines(tables, facts, too_long, lang)


class _Writer:
    """Writes sheets into one XlsxWriter workbook."""

    def __init__(self, book: Any, styles: Styles, lang: str) -> None:  # noqa: ANN401 - XlsxWriter has no types
        self._book = book
        self._styles = styles
        self._lang = lang

    def summary(self, lines: Iterable[Line]) -> None:
        """Write labels, values and the values' names in summary.csv."""
        sheet = self._book.add_worksheet(sheet_name("summary", self._lang))
        sheet.hide_gridlines(2)
        for index, width in enumerate(_SUMMARY_WIDTHS):
            sheet.set_column(index, index, width)
        print_across(sheet)
        for row, line in enumerate(lines):
            if line.heading:
                style = self._styles.title if row == 0 else self._styles.section
                write_text(sheet, row, 0, line.label, style)
                for index in (1, 2) if row else ():
                    sheet.write_blank(row, index, None, self._styles.section)
                continue
            write_text(sheet, row, 0, line.label, self._styles.wrapped)
            set_height(sheet, row, (line.label, str(line.value or "")), _SUMMARY_WIDTHS)
            if isinstance(line.value, str):
                write_text(sheet, row, 1, line.value, self._styles.wrapped)
            elif line.value is not None:
                sheet.write_number(row, 1, line.value, self._answer(line))
            write_text(sheet, row, 2, line.note, self._styles.faint)

    def table(self, content: ShownTable) -> None:
        """Write one table: frozen bold header, filter, typed cells."""
        table = content.table
        sheet = self._book.add_worksheet(sheet_name(table.name, self._lang))
        rows = min(content.rows, MAX_ROWS - 1)
        total = 0
        for index, (column, cells) in enumerate(zip(table.columns, content.columns, strict=True)):
            title = header(column, self._lang)
            write_text(sheet, 0, index, title, self._styles.header)
            width = self._write_column(sheet, index, column, cells[:rows])
            width = min(max(width, len(title) + _FILTER_ARROW, _MIN_WIDTH), _MAX_WIDTH)
            sheet.set_column(index, index, width)
            total += width
        sheet.autofilter(0, 0, rows, len(table.columns) - 1)
        pages = math.ceil(total / _PAGE_WIDTH)
        print_across(sheet, pages)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, _KEPT_COLUMNS if pages > 1 else 0)
        if pages > 1:
            sheet.repeat_columns(0, _KEPT_COLUMNS - 1)

    def dictionary(self, tables: Iterable[Table]) -> None:
        """Write the meaning of every column of every file."""
        sheet = self._book.add_worksheet(sheet_name("dictionary", self._lang))
        sheet.freeze_panes(1, 0)
        print_across(sheet)
        sheet.repeat_rows(0)
        fields = ["place", "column", "meaning", "unit", "machine"]
        titles = ["sheet", "column", "meaning", "unit", "machine"]
        for index, (title, width) in enumerate(zip(titles, _DICTIONARY_WIDTHS, strict=True)):
            text = words.text(f"tables.dictionary.{title}", self._lang)
            write_text(sheet, 0, index, text, self._styles.header)
            sheet.set_column(index, index, width)
        row = 0
        for row, entry in enumerate(dictionary(tables, self._lang), start=1):
            texts = [getattr(entry, name) for name in fields]
            set_height(sheet, row, texts, _DICTIONARY_WIDTHS)
            for index, text in enumerate(texts):
                write_text(sheet, row, index, text, self._styles.wrapped)
        sheet.autofilter(0, 0, row, len(fields) - 1)

    def _write_column(self, sheet: Any, index: int, column: Column, cells: list[Cell]) -> int:  # noqa: ANN401 - XlsxWriter has no types
        """Write the cells below the header; return the width that texts ask for."""
        width = 0
        style = self._styles.numbers.get(column.kind)
        looks = self._styles.labels if column.kind is Kind.LABEL else {}
        for row, cell in enumerate(cells, start=1):
            if cell is None:
                continue
            if isinstance(cell, bool):
                sheet.write_boolean(row, index, cell)
            elif isinstance(cell, str):
                text = self._named(column, cell)
                width = max(width, len(text) + _TEXT_MARGIN)
                write_text(sheet, row, index, text, looks.get(cell, self._styles.text))
            else:
                sheet.write_number(row, index, cell, style)
        return width

    def _answer(self, line: Line) -> Any:  # noqa: ANN401 - XlsxWriter has no types
        """Look of a number on the summary sheet: the words beside it are part of its format."""
        code = NUMBER_FORMATS[line.kind]
        if line.beside:
            code += '"  ({})"'.format(line.beside.replace('"', "'"))
        return self._book.add_format({"num_format": code, "align": "left", "valign": "top"})

    def _named(self, column: Column, text: str) -> str:
        if column.kind is Kind.LABEL:
            return label_name(text, self._lang)
        if column.kind is Kind.CODE and self._lang != "en":
            return cell_names(column.codes, text, self._lang)
        return text
