"""summary.xlsx: one row per video, the failures, and what the columns mean.

Texts are written as texts: nothing in the workbook can be a formula or a link.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from emoreport.messages import Words, label_name, text
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.codes import cell_names
from emoreport.tables.columns import SUMMARY
from emoreport.tables.dictionary import dictionary, header
from emoreport.tables.kinds import DECIMALS, TEXT_KINDS, Column, Kind

_word: Final = Words("batch")

MAX_TEXT: Final = 32_767
"""Characters that a cell can hold (ECMA-376 as Excel applies it)."""
_CREATED: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
"""The same tables give the same file, byte for byte."""
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS: Final = (9, 48)
"""Least and greatest width of a column, characters."""
_ARROW: Final = 3
"""Characters that the arrow of the filter covers in a header."""
_DICTIONARY_WIDTHS: Final = (30, 90, 24, 30)


def summary_workbook(shown: ShownTable, failed: Iterable[Sequence[str]], lang: str) -> bytes:
    """Content of summary.xlsx.

    Parameters
    ----------
    shown
        One row per video.
    failed
        Rows of failures.csv.
    lang
        Language; ``en`` keeps the machine names of columns, emotions and codes.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"created": _CREATED.replace(tzinfo=None)})
        look = _Look(book, lang)
        look.table(
            "summary",
            [column_title(column, lang) for column in shown.table.columns],
            [
                [_named(column, cell, lang) for cell in cells]
                for column, cells in zip(shown.table.columns, shown.columns, strict=True)
            ],
            [column.kind for column in shown.table.columns],
        )
        heads = [_word(f"failures.{name}", lang) for name in ("video", "stage", "error", "remedy")]
        rows = [tuple(row) for row in failed]
        columns: list[list[Cell]] = [[row[index] for row in rows] for index in range(len(heads))]
        look.table("failures", heads, columns, [Kind.TEXT] * len(heads))
        look.dictionary(shown)
    return buffer.getvalue()


def column_title(column: Column, lang: str) -> str:
    """What a column of the batch's summary is called for people."""
    if column in SUMMARY.columns:
        return header(column, lang)
    if column.about or lang == "en":
        return column.name
    return _word(f"title.{column.word}", lang)


class _Look:
    def __init__(self, book: Any, lang: str) -> None:  # noqa: ANN401 - XlsxWriter has no types
        self._book = book
        self._lang = lang
        self._head = book.add_format(
            {"bold": True, "bottom": 1, "valign": "top", "bg_color": "#EDEFF2"}
        )
        self._text = book.add_format({"indent": 1})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._numbers = {
            kind: book.add_format({"num_format": _number_format(kind)})
            for kind in (*DECIMALS, Kind.COUNT)
        }

    def table(
        self,
        sheet: str,
        heads: Sequence[str],
        columns: Sequence[Sequence[Cell]],
        kinds: Sequence[Kind],
    ) -> None:
        """Write a sheet: frozen bold header, filter, typed cells."""
        page = self._book.add_worksheet(_word(f"sheet.{sheet}", self._lang))
        for index, (title, cells, kind) in enumerate(zip(heads, columns, kinds, strict=True)):
            _write_text(page, 0, index, title, self._head)
            longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
            width = max(longest + 2, len(title) + _ARROW, _WIDTHS[0])
            page.set_column(index, index, min(width, _WIDTHS[1]))
            for row, cell in enumerate(cells, start=1):
                if isinstance(cell, str):
                    _write_text(page, row, index, cell, self._text)
                elif cell is not None:
                    page.write_number(row, index, cell, self._numbers.get(kind))
        page.autofilter(0, 0, max(len(columns[0]), 1), len(heads) - 1)
        page.freeze_panes(1, 1)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.repeat_rows(0)

    def dictionary(self, shown: ShownTable) -> None:
        """Write the meaning of every column."""
        page = self._book.add_worksheet(_word("sheet.dictionary", self._lang))
        heads = [
            text(f"tables.dictionary.{name}", self._lang)
            for name in ("column", "meaning", "unit", "machine")
        ]
        entries = [
            (entry.column, entry.meaning, entry.unit, entry.machine)
            for entry in dictionary([SUMMARY], self._lang)
        ]
        entries += [
            (
                column_title(column, self._lang),
                _word(f"column.{column.word}", self._lang, about=column.about),
                "",
                column.name,
            )
            for column in shown.table.columns
            if column not in SUMMARY.columns
        ]
        for index, width in enumerate(_DICTIONARY_WIDTHS):
            page.set_column(index, index, width)
            _write_text(page, 0, index, heads[index], self._head)
            for row, entry in enumerate(entries, start=1):
                _write_text(page, row, index, entry[index], self._wrapped)
        page.freeze_panes(1, 0)


def _named(column: Column, cell: Cell, lang: str) -> Cell:
    """A cell in words of the language."""
    if not isinstance(cell, str) or column.kind not in TEXT_KINDS or lang == "en":
        return cell
    if column.kind is Kind.LABEL:
        return label_name(cell, lang)
    if column.kind is Kind.CODE:
        return cell_names(column.codes, cell, lang)
    return cell


def _number_format(kind: Kind) -> str:
    decimals = DECIMALS.get(kind, 0)
    return f"0.{'0' * decimals}" if decimals else "0"


def _write_text(page: Any, row: int, column: int, text: str, style: Any) -> None:  # noqa: ANN401 - XlsxWriter has no types
    # A file name may hold bytes that are no text; they are spelt out instead of refused.
    shown = text.encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_TEXT]
    if shown:
        page.write_string(row, column, shown, style)
