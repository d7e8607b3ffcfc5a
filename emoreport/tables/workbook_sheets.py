"""Sheets of an Excel workbook, whichever file it becomes: tables, and a dictionary of columns.

Texts are written as texts: nothing in a workbook can be a formula or a link.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Any, Final

from emoreport.messages import Words
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.codes import cell_names
from emoreport.tables.dictionary import Definition, sheet_name
from emoreport.tables.schema import Column, Kind
from emoreport.tables.workbook_styles import (
    Styles,
    label_name,
    print_across,
    set_height,
    write_text,
)

_word: Final = Words("tables.dictionary")

MAX_ROWS: Final = 1_048_576
"""Limit of the format (ECMA-376 as Excel applies it)."""
_CREATED: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
"""The same tables give the same file, byte for byte: the zip entries bear this date too."""
LONG_ROWS: Final = 2000
"""Rows of a table that is written by way of a file: in memory a cell takes 200 bytes."""
_OPTIONS: Final = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MIN_WIDTH: Final = 9
_MAX_WIDTH: Final = 48
_WRAPPED_WIDTH: Final = 80
"""Of longer texts that are printed: these are written on several lines."""
_FILTER_ARROW: Final = 3
"""Characters that the arrow of the filter covers in a header."""
_TEXT_MARGIN: Final = 3
_DICTIONARY_WIDTHS: Final = (25, 34, 110, 24, 32)
"""Widths of columns, in characters of the standard font."""
_PAGE_WIDTH: Final = 250
"""Characters on a line of a printed page that can still be read."""


def written(
    fill: Callable[[Sheets], None],
    lang: str,
    bridge: Mapping[str, str] | None = None,
    *,
    rows: int = 0,
) -> bytes:
    """Content of a workbook to which `fill` adds the sheets.

    Parameters
    ----------
    fill
        Called once, with what adds them.
    lang
        Language of everything but the data; ``en`` keeps the machine names of columns, emotions
        and codes, other languages translate them.
    rows
        Rows of the longest table; beyond `LONG_ROWS` the workbook is written by way of files
        in the folder for temporary ones.

    Raises
    ------
    OSError
        When such a file cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    buffer = io.BytesIO()
    with TemporaryDirectory(prefix="emoreport") if rows > LONG_ROWS else nullcontext() as folder:
        options = {**_OPTIONS, "in_memory": folder is None, "tmpdir": folder}
        try:
            with xlsxwriter.Workbook(buffer, options) as book:
                book.set_properties({"created": _CREATED.replace(tzinfo=None)})
                fill(Sheets(book, lang, bridge))
        except FileCreateError as error:
            raise error.args[0] from error
    return buffer.getvalue()


class Sheets:
    """Adds sheets to one XlsxWriter workbook.

    Attributes
    ----------
    book
        The workbook.
    styles
        Its formats.
    lang
        Language of the words.
    """

    def __init__(
        self,
        book: Any,  # noqa: ANN401 - XlsxWriter has no types
        lang: str,
        bridge: Mapping[str, str] | None = None,
    ) -> None:
        self.book = book
        self.styles = Styles(book, bridge)
        self.lang = lang

    def table(
        self, title: str, content: ShownTable, header: Callable[[Column], str], kept: int = 3
    ) -> None:
        """Add one table: frozen bold header, filter, typed cells.

        Parameters
        ----------
        title
            Name of the sheet.
        content
            The table.
        header
            What a column is called.
        kept
            Columns of a wide table that stay in sight, and are printed on every page where the
            table has no columns that lead: what and when.
        """
        columns = content.table.columns
        rows = min(content.rows, MAX_ROWS - 1)
        lead = content.table.lead
        # Of a sheet that goes to a file each row is written out when the next one begins.
        self.book.constant_memory = rows > LONG_ROWS and not self.book.in_memory
        sheet = self.book.add_worksheet(title)
        self.book.constant_memory = False
        total = 0
        wrapped: list[int] = []
        for index, (column, cells) in enumerate(zip(columns, content.columns, strict=True)):
            head = header(column)
            write_text(sheet, 0, index, head, self.styles.header)
            width = self._width(column, islice(cells, rows))
            if width > _MAX_WIDTH and column.kind is Kind.TEXT and (lead is None or index < lead):
                wrapped.append(index)
            most = _WRAPPED_WIDTH if index in wrapped else _MAX_WIDTH
            width = min(max(width, len(head) + _FILTER_ARROW, _MIN_WIDTH), most)
            sheet.set_column(index, index, width)
            total += width
        for row, line in enumerate(islice(zip(*content.columns, strict=True), rows), start=1):
            if wrapped:
                texts = [str(line[index]) for index in wrapped]
                set_height(sheet, row, texts, [_WRAPPED_WIDTH] * len(wrapped))
            for index, cell in enumerate(line):
                look = self.styles.spoken if index in wrapped else self.styles.text
                self._write_cell(sheet, (row, index), columns[index], cell, look)
        sheet.autofilter(0, 0, rows, len(columns) - 1)
        pages = math.ceil(total / _PAGE_WIDTH)
        sheet.freeze_panes(1, kept if pages > 1 else 0)
        sheet.repeat_rows(0)
        if lead is not None:
            sheet.print_area(0, 0, rows, lead - 1)
            pages = 1
        elif pages > 1:
            sheet.repeat_columns(0, kept - 1)
        print_across(sheet, pages)

    def dictionary(self, definitions: Iterable[Definition]) -> None:
        """Add the meaning of every column of every file.

        What most readers need comes first, and is printed.
        """
        sheet = self.book.add_worksheet(sheet_name("dictionary", self.lang))
        sheet.freeze_panes(1, 0)
        print_across(sheet)
        sheet.repeat_rows(0)
        fields = ["source", "column", "meaning", "unit", "machine"]
        titles = ["sheet", "column", "meaning", "unit", "machine"]
        for index, (title, width) in enumerate(zip(titles, _DICTIONARY_WIDTHS, strict=True)):
            write_text(sheet, 0, index, _word(title, self.lang), self.styles.header)
            sheet.set_column(index, index, width)
        ordered = sorted(definitions, key=lambda definition: not definition.leading)
        for row, definition in enumerate(ordered, start=1):
            texts = [getattr(definition, name) for name in fields]
            set_height(sheet, row, texts, _DICTIONARY_WIDTHS)
            for index, text in enumerate(texts):
                write_text(sheet, row, index, text, self.styles.wrapped)
        sheet.autofilter(0, 0, len(ordered), len(fields) - 1)
        printed = sum(definition.leading for definition in ordered)
        sheet.print_area(0, 0, printed or len(ordered), len(fields) - 2)

    def _width(self, column: Column, cells: Iterable[Cell]) -> int:
        """The width that the texts of a column ask for; 0 without any."""
        texts = (self._named(column, cell) for cell in cells if isinstance(cell, str))
        return max((len(text) + _TEXT_MARGIN for text in texts), default=0)

    def _write_cell(
        self,
        sheet: Any,  # noqa: ANN401 - XlsxWriter has no types
        place: tuple[int, int],
        column: Column,
        cell: Cell,
        look: Any,  # noqa: ANN401 - XlsxWriter has no types
    ) -> None:
        """Write one cell; `look` is that of texts without a colour."""
        if cell is None:
            return
        if isinstance(cell, bool):
            sheet.write_boolean(*place, cell)
        elif isinstance(cell, str):
            looks = self.styles.labels if column.kind is Kind.LABEL else {}
            write_text(sheet, *place, self._named(column, cell), looks.get(cell, look))
        else:
            sheet.write_number(*place, cell, self.styles.numbers.get(column.kind))

    def _named(self, column: Column, text: str) -> str:
        if column.kind is Kind.LABEL:
            return label_name(text, self.lang)
        if column.kind is Kind.CODE and self.lang != "en":
            return cell_names(column.codes, text, self.lang)
        return text
