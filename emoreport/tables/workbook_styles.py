"""The looks of the workbook's cells, and the safe ways to fill them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from emoreport import messages as words
from emoreport.tables.schema import Kind
from emoreport.vocabulary import ALL_LABELS, COLOURS, like, text_on

MAX_TEXT: Final = 32_767
"""Longest text of a cell: a limit of the format (ECMA-376 as Excel applies it)."""
NUMBER_FORMATS: Final[Mapping[Kind, str]] = {
    Kind.SECONDS: "0.000",
    Kind.SHARE: "0.0%",
    Kind.DISTANCE: "0.000",
    Kind.SIGNED: "0.000",
    Kind.COUNT: "0",
    Kind.PER_SECOND: "0.000",
    Kind.PER_MINUTE: "0.00",
    Kind.NUMBER: "0.000",
    Kind.DEVIATIONS: "0.00",
    Kind.P_VALUE: '[<0.0001]"< 0.0001";0.0000',
    Kind.PIXELS: "0",
    Kind.DEGREES: "0.0",
    Kind.DECIBELS: "0.0",
    Kind.HERTZ: "0.0",
    Kind.SEMITONES: "0.00",
}
INK: Final = "#2F4B6E"
"""Colour of headings and of what is no emotion in a chart."""
MAX_HEIGHT: Final = 409.0
"""Of a row, in points: a limit of Excel."""
_LINE_HEIGHT: Final = 15.0
"""Height of one line of the standard font, in points."""
_FILL: Final = 0.95
"""Share of a line that text fills before it wraps, at worst: words are not split, and a
replacement font may be wider than the standard one."""


class Styles:
    """Formats of one XlsxWriter workbook, each made once.

    Parameters
    ----------
    book
        The workbook.
    bridge
        Which label of a model counts as which: a label has the colour of its partner.
    """

    def __init__(
        self,
        book: Any,  # noqa: ANN401 - XlsxWriter has no types
        bridge: Mapping[str, str] | None = None,
    ) -> None:
        self.bridge = bridge
        self.header = book.add_format(
            {"bold": True, "bottom": 1, "valign": "top", "bg_color": "#EDEFF2"}
        )
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        # Without the indent a text touches the number on its left.
        self.text = book.add_format({"indent": 1, "align": "left", "valign": "top"})
        self.spoken = book.add_format(
            {"indent": 1, "align": "left", "valign": "top", "text_wrap": True}
        )
        self.faint = book.add_format({"valign": "top", "font_color": "#6A6F78"})
        self.explanation = book.add_format(
            {"text_wrap": True, "valign": "top", "font_color": "#6A6F78"}
        )
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.section = book.add_format({"bold": True, "bottom": 1, "font_color": INK})
        self.numbers = {
            kind: book.add_format({"num_format": code, "valign": "top"})
            for kind, code in NUMBER_FORMATS.items()
        }
        self.labels = {
            label: book.add_format(
                {
                    "indent": 1,
                    "align": "left",
                    "valign": "top",
                    "bg_color": COLOURS[look],
                    "font_color": text_on(look),
                }
            )
            for label in ALL_LABELS
            for look in (like(label, bridge),)
        }

    def name(self, label: str, lang: str) -> str:
        """Name of an emotion beside a chart or a matrix, with its partner in the bridge."""
        partner = like(label, self.bridge)
        name = label_name(label, lang)
        return name if partner == label else f"{name} (= {label_name(partner, lang)})"


def label_name(label: str, lang: str) -> str:
    """Name of an emotion in the workbook: English keeps the machine names."""
    return label if lang == "en" else words.label_name(label, lang)


def write_text(sheet: Any, row: int, column: int, text: str, style: Any) -> None:  # noqa: ANN401 - XlsxWriter has no types
    """Write a text that stays a text: never a formula, a link or a number."""
    # A file name may hold bytes that are no text; they are spelt out instead of refused.
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_TEXT]
    if printable:
        sheet.write_string(row, column, printable, style)


def print_across(sheet: Any, pages: int = 1, high: int = 0) -> None:  # noqa: ANN401 - XlsxWriter has no types
    """Print on A4, landscape, as many `pages` wide and `high`, or as many high as it takes (0)."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.6)
    sheet.set_footer("&L&8&A&R&8&P / &N")
    sheet.fit_to_pages(pages, high)


def set_height(sheet: Any, row: int, texts: Iterable[str], widths: Iterable[int]) -> None:  # noqa: ANN401 - XlsxWriter has no types
    """Make room for wrapped texts: not every program fits the height of a row by itself."""
    lines = max(
        math.ceil(len(text) / (width * _FILL)) for text, width in zip(texts, widths, strict=False)
    )
    if lines > 1:
        sheet.set_row(row, min(_LINE_HEIGHT * lines, MAX_HEIGHT))
