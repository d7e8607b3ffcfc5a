"""Tables as CSV: UTF-8, comma, point, line feed, header always, empty cell for unknown.

A text that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP's page on
CSV injection advises; nothing else is changed, so that the text stays recognisable. Excel,
Parquet and JSON files hold it unchanged. In practice this concerns the video's file name only.

For spreadsheets set to another language there is a second form of the same content: semicolon,
decimal comma, byte order mark. It is written beside the first one and never replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.schema import DECIMALS

_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠]|[\t\r\n])")
"""Where a formula could start: at the start of a cell, or after what some regions' spreadsheets
take for the end of one (they separate cells by semicolons)."""
_QUOTED: Final = re.compile(r'[",;\t\r\n]|^\s|\s$')


@dataclass(frozen=True, slots=True)
class Form:
    """How a CSV file is written: separator of cells, decimal mark, words for true and false."""

    separator: str = ","
    decimal: str = "."
    true: str = "true"
    false: str = "false"
    mark: str = ""


PLAIN: Final = Form()
"""The form that scripts read."""
LOCALES: Final[Mapping[str, Form]] = {
    "ru": Form(separator=";", decimal=",", true="ИСТИНА", false="ЛОЖЬ", mark="\ufeff"),
}
"""Forms that a spreadsheet set to a language opens by a double click, numbers as numbers."""


def csv_bytes(content: ShownTable, form: Form = PLAIN) -> bytes:
    """One table as the content of a CSV file.

    Parameters
    ----------
    content
        The table.
    form
        How it is written; the cells are the same in every form.

    Returns
    -------
    UTF-8, without byte order mark in the plain form. Seconds and rates have 3 decimals, shares,
    probabilities, severity and mixed numbers 4, p-values 6, pixels, degrees and decibels 1, counts
    none; truth values are ``true`` and ``false``.
    """
    columns = [
        [csv_field(cell, DECIMALS.get(column.kind, 0), form) for cell in cells]
        for column, cells in zip(content.table.columns, content.columns, strict=True)
    ]
    return csv_lines(content.table.names, zip(*columns, strict=True), form)


def csv_lines(names: Iterable[str], rows: Iterable[Iterable[str]], form: Form = PLAIN) -> bytes:
    """Return the content of a CSV file.

    Parameters
    ----------
    names
        Of the columns: texts like any other, some are a user's own.
    rows
        Fields as `csv_field` writes them.
    form
        That of the fields.
    """
    lines = [form.separator.join(fields) for fields in (map(text_field, names), *rows)]
    # A name that the file system holds in no known encoding is spelt out instead of refused.
    return (form.mark + "\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def csv_field(cell: Cell, decimals: int = 4, form: Form = PLAIN) -> str:
    """One cell of any type as a field: empty for None, a fraction with so many decimals."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return text_field(cell)
    if isinstance(cell, bool):
        return form.true if cell else form.false
    if isinstance(cell, int):
        return str(cell)
    # A negative number gets no apostrophe; a negative zero is none.
    return f"{cell + 0.0:.{decimals}f}".replace(PLAIN.decimal, form.decimal)


def localised_name(table: str, locale: str) -> str:
    """Name of the file that holds `table` in the form of a locale."""
    return f"{table}.{locale}.csv"


def text_field(text: str) -> str:
    """One text as a CSV field: safe from being taken for a formula, quoted where needed."""
    safe = _FORMULA.sub(r"\1'", text)
    if _QUOTED.search(safe):
        return '"' + safe.replace('"', '""') + '"'
    return safe
