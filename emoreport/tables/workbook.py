"""report.xlsx: a summary sheet first, charts, every table, matrices, a dictionary sheet last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from emoreport import messages as words
from emoreport.tables.cells import ShownTable
from emoreport.tables.dictionary import dictionary, header, sheet_name
from emoreport.tables.schema import Table
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.tables.summary_sheet import Line, summary_lines
from emoreport.tables.workbook_charts import add_charts
from emoreport.tables.workbook_matrices import add_matrices
from emoreport.tables.workbook_sheets import MAX_ROWS, Sheets, written
from emoreport.tables.workbook_styles import NUMBER_FORMATS, print_across, set_height, write_text

_WIDTHS: Final = (40, 92, 46)
"""Widths of the columns of the summary sheet, in characters of the standard font."""


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
        Descriptions of the Parquet files beside the workbook, for the dictionary.
    """

    def fill(sheets: Sheets) -> None:
        book, styles = sheets.book, sheets.styles
        _add_summary(sheets, _summary_lines(tables, facts, lang))
        add_numbers = add_charts(book, styles, tables, lang)
        for name, content in tables.items():
            if name != "summary":  # the summary sheet holds that one row in a readable form
                sheets.table(sheet_name(name, lang), content, partial(header, lang=lang))
        add_matrices(book, styles, tables, lang)
        add_numbers()
        described = [*(content.table for content in tables.values()), *readings]
        sheets.dictionary(dictionary(described, lang))

    longest = max(content.rows for content in tables.values())
    return written(fill, lang, facts.bridge, rows=longest)


def _summary_lines(tables: Mapping[str, ShownTable], facts: SummaryFacts, lang: str) -> list[Line]:
    too_long = [
        words.text("tables.summary.too_long", lang, sheet=sheet_name(name, lang), rows=MAX_ROWS - 1)
        for name, content in tables.items()
        if content.rows >= MAX_ROWS
    ]
    return summary_lines(tables, facts, too_long, lang)


def _add_summary(sheets: Sheets, lines: Sequence[Line]) -> None:
    """Write labels, values and the values' names in summary.csv; the first two on one page."""
    sheet = sheets.book.add_worksheet(sheet_name("summary", sheets.lang))
    styles = sheets.styles
    sheet.hide_gridlines(2)
    for index, width in enumerate(_WIDTHS):
        sheet.set_column(index, index, width)
    print_across(sheet, high=1)
    sheet.set_portrait()
    sheet.print_area(0, 0, sum(line.printed for line in lines) - 1, 1)
    for row, line in enumerate(lines):
        if line.heading:
            style = styles.title if row == 0 else styles.section
            write_text(sheet, row, 0, line.label, style)
            for index in (1, 2) if row else ():
                sheet.write_blank(row, index, None, styles.section)
            continue
        write_text(sheet, row, 0, line.label, styles.wrapped)
        set_height(sheet, row, (line.label, str(line.value or "")), _WIDTHS)
        if isinstance(line.value, str):
            write_text(sheet, row, 1, line.value, styles.wrapped)
        elif line.value is not None:
            sheet.write_number(row, 1, line.value, _answer(sheets.book, line))
        write_text(sheet, row, 2, line.note, styles.faint)


def _answer(book: Any, line: Line) -> Any:  # noqa: ANN401 - XlsxWriter has no types
    """Look of a number on the summary sheet: the words beside it are part of its format."""
    code = NUMBER_FORMATS[line.kind]
    if line.beside:
        code += '"  ({})"'.format(line.beside.replace('"', "'"))
    return book.add_format({"num_format": code, "align": "left", "valign": "top"})
