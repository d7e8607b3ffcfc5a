"""The sheet of charts and the sheet of the numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emoreport.finding import mismatch_sentence
from emoreport.messages import Words, decimal
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.dictionary import sheet_name
from emoreport.tables.mismatch import mismatch_in
from emoreport.tables.schema import Kind
from emoreport.tables.workbook_data import (
    WIDTHS_S,
    Stretches,
    column,
    label_seconds,
    never_compared,
    severity_over_time,
    shares_over_time,
    stretches,
)
from emoreport.tables.workbook_styles import (
    INK,
    Styles,
    print_across,
    set_height,
    write_text,
)
from emoreport.vocabulary import ALL_LABELS, COLOURS, NO_FACE, like

_word: Final = Words("tables.charts")

WIDTH_PX: Final = 960
SHARES_PX: Final = 340
TIMELINE_PX: Final = 300
SEVERITY_PX: Final = 260
ROW_PX: Final = 20
COLUMNS: Final = 15
"""Columns of the usual width that the charts cover."""
LINE: Final = 120
"""Characters on a line of that width, at worst."""
NUMBERS_WIDTH: Final = 27
PLOT: Final = {"x": 0.08, "y": 0.15, "width": 0.72, "height": 0.58}
"""Where charts over time draw, as shares of their size: the same, so that times are in line."""
TICKS: Final = 12
"""About as many numbers as fit along an axis."""
GAP: Final = COLOURS[NO_FACE]
MODALITIES: Final = {"face": "video_intervals", "voice": "voice_intervals"}
_GRID: Final = {"visible": True, "line": {"color": "#E1E4E8", "width": 0.75}}
_FONT: Final = {"size": 9, "bold": False}
_TITLE: Final = {"size": 11, "bold": True}


@dataclass(frozen=True, slots=True)
class Block:
    """Where a piece of the numbers is: first and last row, first column, labels in order."""

    first: int
    last: int
    column: int
    labels: tuple[str, ...]


def add_charts(
    book: Any,  # noqa: ANN401 - XlsxWriter has no types
    styles: Styles,
    tables: Mapping[str, ShownTable],
    lang: str,
) -> Any:  # noqa: ANN401 - same
    """Add the sheet of charts; return a function that adds the sheet of their numbers.

    The numbers come near the end of the workbook, but charts name the sheet they are on.
    """
    sheet = book.add_worksheet(sheet_name("charts", lang))
    sheet.hide_gridlines(2)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    return _Charts(book, styles, tables, lang, sheet).add_numbers


class _Charts:
    """Draws the charts once their numbers have a place."""

    def __init__(
        self,
        book: Any,  # noqa: ANN401 - XlsxWriter has no types
        styles: Styles,
        tables: Mapping[str, ShownTable],
        lang: str,
        sheet: Any,  # noqa: ANN401 - same
    ) -> None:
        self._book = book
        self._styles = styles
        self._tables = tables
        self._lang = lang
        self._sheet = sheet
        self._source = sheet_name("chart_data", lang)
        self._row = 0
        write_text(sheet, 0, 0, _word("title", self._lang), styles.title)
        self._note(_word("reading", self._lang))

    def add_numbers(self) -> None:
        """Add the sheet of numbers and put the charts of them on the sheet of charts."""
        (duration,) = column(self._tables["summary"], "duration")
        if not self._tables["video_intervals"].rows or not isinstance(duration, float):
            self._note(_word("nothing", self._lang))
            return
        numbers = self._book.add_worksheet(self._source)
        numbers.set_column(0, 2 * len(ALL_LABELS) + 2, NUMBERS_WIDTH)
        print_across(numbers, high=1)
        write_text(numbers, 0, 0, _word("numbers", self._lang), self._styles.faint)
        shares = [
            self._write_shares(numbers, column_index, modality, duration)
            for column_index, modality in zip((0, 4), MODALITIES, strict=True)
        ]
        charts = zip(MODALITIES, shares, strict=True)
        self._insert([self._shares_chart(modality, block) for modality, block in charts], SHARES_PX)
        self._over_time(numbers, stretches(duration), max(block.last for block in shares) + 3)

    def _over_time(self, numbers: Any, cut: Stretches, first: int) -> None:  # noqa: ANN401
        times = [round(start, 3) for start in cut.starts_s]
        self._write_column(numbers, first, 0, _word("start", self._lang), times, Kind.SECONDS)
        column_index = 1
        for modality, name in MODALITIES.items():
            shares = shares_over_time(self._tables[name], cut)
            block = Block(first + 1, first + len(times), column_index, tuple(shares))
            for label, values in shares.items():
                title = f"{_word(modality, self._lang)}: {self._styles.name(label, self._lang)}"
                self._write_column(numbers, first, column_index, title, values, Kind.SHARE)
                column_index += 1
            self._insert((self._timeline_chart(modality, block, cut),), TIMELINE_PX)
        severity = severity_over_time(self._tables["face_voice"], cut)
        nothing = never_compared(self._tables["face_voice"], cut)
        block = Block(first + 1, first + len(times), column_index, ())
        gaps = [1.0 if never else None for never in nothing]
        severity_name, gap_name = (_word(key, self._lang) for key in ("severity", "not_compared"))
        self._write_column(numbers, first, column_index, severity_name, severity, Kind.DISTANCE)
        self._write_column(numbers, first, column_index + 1, gap_name, gaps, Kind.COUNT)
        numbers.freeze_panes(0, 1)
        self._insert((self._severity_chart(block, cut),), SEVERITY_PX)
        self._note(_word("stretch", self._lang, width=decimal(f"{cut.width_s:g}", self._lang)))
        self._note(self._evidence())

    # ------------------------------------------------------------------ numbers

    def _write_shares(
        self,
        numbers: Any,  # noqa: ANN401 - XlsxWriter has no types
        column_index: int,
        modality: str,
        duration: float,
    ) -> Block:
        seconds = label_seconds(self._tables[MODALITIES[modality]])
        write_text(numbers, 2, column_index, _word("emotion", self._lang), self._styles.header)
        for row, label in enumerate(seconds, start=3):
            name = self._styles.name(label, self._lang)
            write_text(numbers, row, column_index, name, self._styles.labels[label])
        times = list(seconds.values())
        shares = [time / duration for time in times]
        title = _word(f"{modality}_share", self._lang)
        self._write_column(numbers, 2, column_index + 1, title, shares, Kind.SHARE)
        title = _word(f"{modality}_seconds", self._lang)
        self._write_column(numbers, 2, column_index + 2, title, times, Kind.SECONDS)
        return Block(3, 2 + len(times), column_index, tuple(seconds))

    def _write_column(
        self,
        numbers: Any,  # noqa: ANN401 - XlsxWriter has no types
        row: int,
        column_index: int,
        title: str,
        cells: Sequence[Cell],
        kind: Kind,
    ) -> None:
        write_text(numbers, row, column_index, title, self._styles.header)
        style = self._styles.numbers[kind]
        for offset, cell in enumerate(cells, start=1):
            if cell is not None:
                numbers.write_number(row + offset, column_index, cell, style)

    # ------------------------------------------------------------------ charts

    def _shares_chart(self, modality: str, shares: Block) -> Any:  # noqa: ANN401
        chart = self._book.add_chart({"type": "bar"})
        names, values = shares.column, shares.column + 1
        chart.add_series(
            {
                "name": _word(f"{modality}_share", self._lang),
                "categories": [self._source, shares.first, names, shares.last, names],
                "values": [self._source, shares.first, values, shares.last, values],
                "points": [
                    _filled(COLOURS[like(label, self._styles.bridge)]) for label in shares.labels
                ],
                "gap": 30,
                "data_labels": {"value": True, "num_format": "0%", "font": _FONT},
            }
        )
        self._name(chart, f"{modality}_share")
        chart.set_legend({"none": True})
        # From above in the order of the vocabulary: bars are counted from below.
        chart.set_y_axis({"reverse": True, "num_font": _FONT, "line": {"none": True}})
        chart.set_x_axis(
            {
                **self._axis("share_axis", "0%"),
                "min": 0,
                "max": 1,
                "major_unit": 0.25,
                "major_gridlines": _GRID,
                "label_position": "high",
            }
        )
        return chart

    def _timeline_chart(self, modality: str, block: Block, cut: Stretches) -> Any:  # noqa: ANN401
        chart = self._book.add_chart({"type": "column", "subtype": "stacked"})
        for index, label in enumerate(block.labels):
            column_index = block.column + index
            chart.add_series(
                {
                    "name": self._styles.name(label, self._lang),
                    "categories": [self._source, block.first, 0, block.last, 0],
                    "values": [self._source, block.first, column_index, block.last, column_index],
                    **_filled(COLOURS[like(label, self._styles.bridge)]),
                    "gap": 0,
                }
            )
        self._name(chart, f"{modality}_timeline")
        self._over_time_axes(chart, cut, "stretch_axis", "0%")
        return chart

    def _severity_chart(self, block: Block, cut: Stretches) -> Any:  # noqa: ANN401
        chart = self._book.add_chart({"type": "column"})
        for index, (name, colour) in enumerate((("severity", INK), ("not_compared", GAP))):
            column_index = block.column + index
            chart.add_series(
                {
                    "name": _word(name, self._lang),
                    "categories": [self._source, block.first, 0, block.last, 0],
                    "values": [self._source, block.first, column_index, block.last, column_index],
                    **_filled(colour),
                    "gap": 0,
                    "overlap": 100,
                }
            )
        self._name(chart, "severity_timeline")
        self._over_time_axes(chart, cut, "severity_axis", "0.0")
        return chart

    def _over_time_axes(self, chart: Any, cut: Stretches, key: str, form: str) -> None:  # noqa: ANN401
        chart.set_legend({"position": "right", "font": _FONT})
        chart.set_y_axis(
            {
                **self._axis(key, form),
                "min": 0,
                "max": 1,
                "major_unit": 0.2,
                "major_gridlines": _GRID,
            }
        )
        steps = (round(step / cut.width_s) for step in WIDTHS_S if step >= cut.width_s)
        enough = -(-len(cut.starts_s) // TICKS)
        every = next((step for step in steps if step >= enough), enough)
        chart.set_plotarea({"layout": PLOT})
        chart.set_x_axis(
            {
                **self._axis("time_axis", "General"),
                "interval_unit": every,
                "interval_tick": every,
                "text_axis": True,
            }
        )

    def _axis(self, key: str, form: str) -> dict[str, Any]:
        name = {"name": _word(key, self._lang), "name_font": _FONT}
        return {**name, "num_font": _FONT, "num_format": form}

    def _name(self, chart: Any, key: str) -> None:  # noqa: ANN401 - XlsxWriter has no types
        chart.set_title({"name": _word(key, self._lang), "name_font": _TITLE, "overlay": False})

    def _insert(self, charts: Sequence[Any], height: int) -> None:
        """Put charts side by side under what is there."""
        width = WIDTH_PX // len(charts)
        for index, chart in enumerate(charts):
            chart.set_size({"width": width - 4, "height": height})
            title = chart.title.name
            options = {"x_offset": index * width, "object_position": 1, "description": title}
            self._sheet.insert_chart(self._row, 0, chart, options)
        self._row += -(-height // ROW_PX) + 1

    # ------------------------------------------------------------------ words

    def _note(self, text: str) -> None:
        """Write lines of explanation as wide as the charts."""
        self._row += 1
        self._sheet.merge_range(self._row, 0, self._row, COLUMNS - 1, "", self._styles.explanation)
        write_text(self._sheet, self._row, 0, text, self._styles.explanation)
        set_height(self._sheet, self._row, (text,), (LINE,))
        self._row += 1

    def _evidence(self) -> str:
        """What the talk as a whole says of the mismatches: never a chart without it."""
        (row,) = self._tables["summary"].records()
        return _word(
            "evidence", self._lang, sentence=mismatch_sentence(mismatch_in(row), self._lang)
        )


def _filled(colour: str) -> dict[str, Any]:
    return {"fill": {"color": colour}, "border": {"none": True}}
