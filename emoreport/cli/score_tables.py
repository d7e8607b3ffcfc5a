"""Print scores of predictions: one table of scores with intervals, one by class, the confusion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from emoreport.cli.console import print_table
from emoreport.messages import Words, keys, number
from emoreport.vocabulary import is_calm

if TYPE_CHECKING:
    from emoreport.corpora.estimates import Estimate, Scores
    from emoreport.corpora.label_names import Renamed

_word = Words("cli.scores")
_naming = Words("cli.evaluate")
LABEL_WIDTH = 17
WHOLE = ("frames", "clips")
"""Columns that hold counts."""


def print_json(document: Mapping[str, Any]) -> None:
    """A document on the standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def score_name(name: str, lang: str, *, given: bool = False) -> str:
    """What a score is called; `given`: thresholds of action units come from a head's training."""
    own = given and name == "mean_f1_at_fitted"
    return _word(f"score.{'mean_f1_at_given' if own else name}", lang)


def print_scores(scores: Scores, lang: str, over: str, *, given: bool = False) -> None:
    """All tables of scores.

    Parameters
    ----------
    over
        What the intervals draw: ``people``, ``files`` or ``clips``.
    given
        As for `score_name`.
    """
    print_table(
        ["", _word("value", lang), _word(f"interval.{over}", lang)],
        [
            [score_name(name, lang, given=given), *estimate_cells(estimate, lang)]
            for name, estimate in scores.scores.items()
        ],
    )
    columns = list(next(iter(scores.by_column.values())))
    print()
    print_table(
        ["", *(_word(f"column.{name}", lang) for name in columns)],
        [
            [name, *(cell(row[column], lang, column) for column in columns)]
            for name, row in scores.by_column.items()
        ],
    )
    if scores.confusion:
        classes = list(next(iter(scores.confusion.values())))
        print(f"\n{_word('confusion', lang)}")
        print_table(
            ["", *classes],
            [
                [name, *(str(count) for count in row.values())]
                for name, row in scores.confusion.items()
            ],
        )


def estimate_cells(estimate: Estimate, lang: str) -> tuple[str, str]:
    """A score and its interval."""
    return (
        cell(estimate.value, lang),
        f"{cell(estimate.low, lang)}–{cell(estimate.high, lang)}",
    )


def cell(value: float, lang: str, column: str = "") -> str:
    """A score to three decimals, a count as a whole number; a dash where it is not known."""
    if value != value:  # noqa: PLR0124 - NaN
        return "—"
    return number(value, 0 if column in WHOLE else 3, lang)


def figure_line(key: str, value: str, lang: str) -> str:
    """A figure with its name, such as ``items             412``."""
    return f"{_naming(key, lang):<{LABEL_WIDTH}} {value}"


def left_out_lines(left_out: Mapping[str, int], mapped: Renamed, lang: str) -> Iterator[str]:
    """What is not scored, what names were taken for, and why a calm face or voice was not."""
    for reason, count in left_out.items():
        yield figure_line("left_out", f"{count} {reason_name(reason, lang)}", lang)
    for name, (label, items) in mapped.items():
        said = f"{name} → {label} ({items})"
        own = _naming("own_neutral", lang) if is_calm(name) else ""
        yield figure_line("mapped", said + own, lang)
    if any(is_calm(reason) for reason in left_out):
        yield _naming("calm_apart", lang)


def reason_name(reason: str, lang: str) -> str:
    """Why items were left out: words for the codes of `measure`; a label stays as it is."""
    key = reason.replace(" ", "_")
    known = f"cli.evaluate.reason.{key}" in keys(lang)
    return _naming(f"reason.{key}", lang) if known else reason
