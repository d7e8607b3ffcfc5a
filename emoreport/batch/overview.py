"""Build batch.html: every video of a batch in one sortable page that opens no connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from emoreport.batch import names
from emoreport.finding import mismatch_sentence
from emoreport.messages import Words, label_name, number
from emoreport.page.document import policy_source
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.columns import SUMMARY
from emoreport.tables.dictionary import label, meaning
from emoreport.tables.mismatch import mismatch_in
from emoreport.tables.schema import DECIMALS, Kind
from emoreport.vocabulary import COLOURS, ICONS, text_on

if TYPE_CHECKING:
    from jinja2 import Template

    from emoreport.batch.manifest import Talk

_word: Final = Words("batch")

TEMPLATE: Final = "batch.html.jinja"
FIGURES: Final = (
    "duration",
    "face_coverage",
    "speech_seconds",
    "dominant_video_emotion",
    "dominant_audio_emotion",
    "transitions_per_minute",
)
"""Columns of the summary that the page shows as they are; summary.csv has them all."""
MISMATCH: Final = "mismatch_share"
"""The column after them, which the page shows with what chance would give and the verdict."""
PAGES: Final = ("report.html", "report.xlsx", "summary.csv", "run.json")
"""What the name of a video leads to: the first of these in its folder."""
STATES: Final = ("finished", "failed", "copy", "no_video", "waiting")
_SHARES: Final = frozenset({Kind.SHARE, Kind.DISTANCE})


@dataclass(frozen=True, slots=True)
class PageCell:
    """One cell: its text, what it is sorted by, and the emotion whose colours it bears.

    A `number` is sorted as one; a `sentence` is broken into lines.
    """

    text: str
    key: str
    number: bool = False
    emotion: str = ""
    sentence: bool = False


@dataclass(frozen=True, slots=True)
class PageRow:
    """One video: its link, or why there is none."""

    name: str
    link: str
    state: str
    state_name: str
    notes: tuple[str, ...]
    cells: tuple[PageCell, ...]


def overview_page(
    out: Path, talks: Sequence[Talk], shown: ShownTable, groups: Sequence[str], lang: str
) -> bytes:
    """Content of batch.html.

    Parameters
    ----------
    out
        The output folder, to see which files the page can lead to.
    talks
        All videos, in the order of their names.
    shown
        The summary as files show it: one row per counted video, in the same order.
    groups
        The user's own columns.
    lang
        Language of the page.
    """
    row_of_path = {row["path"]: row for row in shown.records()}
    figures = [SUMMARY[name] for name in FIGURES]
    heads = [
        (label(column, lang), meaning(column, lang)) for column in (*figures, SUMMARY[MISMATCH])
    ]
    rows = []
    for talk in talks:
        row = row_of_path.get(talk.name, {})
        cells = tuple(_cell(column.kind, row.get(column.name), lang) for column in figures)
        cells += (_mismatch_cell(row, lang),)
        cells += tuple(_cell(Kind.TEXT, row.get(name), lang) for name in groups)
        rows.append(_row(out, talk, cells, lang))
    counts = Counter(talk.state for talk in talks)
    script, style = _asset("batch.js"), _asset("batch.css")
    page = _template().render(
        lang=lang,
        policy=_policy(script, style),
        script=script,
        style=style,
        words={key: _word(f"page.{key}", lang) for key in _PAGE_WORDS},
        emotions={name: (COLOURS[name], text_on(name), ICONS[name]) for name in COLOURS},
        heads=[*heads, *((name, "") for name in groups)],
        rows=rows,
        counts=[
            (state, counts[state], _word(f"state.{state}", lang))
            for state in STATES
            if counts[state]
        ],
        files=names.TABLES,
    )
    return page.encode("utf-8", "backslashreplace")


_PAGE_WORDS: Final = ("title", "video", "state", "note", "filter", "sort", "files", "shown")


def _row(out: Path, talk: Talk, cells: tuple[PageCell, ...], lang: str) -> PageRow:
    link = ""
    notes: tuple[str, ...] = ()
    record = talk.record
    if talk.counted and record is not None:
        page = next(
            (page_file for page_file in PAGES if (out / record.folder / page_file).is_file()), ""
        )
        # A name may hold bytes that are no text: as bytes it always makes an address.
        link = quote(f"{record.folder}/{page}".encode("utf-8", "surrogateescape"))
        notes = record.warnings
    elif talk.copy_of:
        notes = (_word("line.copy_of", lang, name=talk.copy_of),)
    if talk.state == "failed" and record is not None:
        failure = (f"{record.stage}: {record.cause}", record.remedy)
        notes = ("; ".join(part for part in failure if part),)
    elif talk.state == "no_video" and record is not None:
        notes = (record.cause,)
    return PageRow(
        name=talk.name,
        link=link,
        state=talk.state,
        state_name=_word(f"state.{talk.state}", lang),
        notes=notes,
        cells=cells,
    )


def _cell(kind: Kind, value: Cell, lang: str) -> PageCell:
    if value is None:
        return PageCell("", "", number=kind not in {Kind.LABEL, Kind.TEXT})
    if kind is Kind.LABEL:
        name = str(value)
        return PageCell(label_name(name, lang), name, emotion=name if name in COLOURS else "")
    if isinstance(value, str):
        return PageCell(value, value)
    if kind in _SHARES:
        return PageCell(f"{100 * value:.0f} %", repr(value), number=True)
    decimals = min(DECIMALS.get(kind, 0), 1)
    text = number(value, decimals, lang)
    if kind is Kind.SECONDS:
        text = _word("page.seconds", lang, value=text)
    return PageCell(text, repr(value), number=True)


def _mismatch_cell(row: Mapping[str, Cell], lang: str) -> PageCell:
    figure = mismatch_in(row)
    key = "" if figure.share is None else repr(figure.share)
    return PageCell(mismatch_sentence(figure, lang) if row else "", key, True, sentence=True)


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {policy_source(script)}; "
        f"style-src {policy_source(style)}; base-uri 'none'; form-action 'none'"
    )


@cache
def _asset(name: str) -> str:
    text = (resources.files("emoreport.batch") / "assets" / name).read_text(encoding="utf-8")
    # As a browser reads it, so that its hash fits.
    text = text.replace("\r\n", "\n")
    if name.endswith(".css"):
        text += "".join(
            f".emotion-{label}{{background:{COLOURS[label]};color:{text_on(label)}}}\n"
            for label in COLOURS
        )
    return text


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emoreport.batch", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(TEMPLATE)
