"""The files that `emoreport multiverse` writes: two tables and a specification curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from emoreport.analysis.talks.multiverse import (
    DOMINANT_EMOTION,
    KAPPA_SIGN,
    MISMATCH_VERDICT,
    TRANSITION_RATE,
    Conclusion,
    Setting,
    Universe,
)
from emoreport.atomic import Staging
from emoreport.messages import label_name, text
from emoreport.results import Choice, Curve, Mark, Panel
from emoreport.tables.cells import Cell
from emoreport.tables.csv_files import csv_field, csv_lines
from emoreport.vocabulary import ABSTENTION_LEVELS, ALL_LABELS, COLOURS, VERDICTS

TABLE_FILE: Final = "multiverse.csv"
SUMMARY_FILE: Final = "multiverse_summary.csv"
PNG_FILE: Final = "multiverse.png"
SVG_FILE: Final = "multiverse.svg"

Column = Callable[[Universe], Cell]

COLUMNS: Final[dict[str, Column]] = {
    "smoothing": lambda one: f"{one.setting.smoothing_s:g}",
    "min_interval": lambda one: f"{one.setting.min_interval_s:g}",
    "abstention": lambda one: one.setting.abstention,
    "bridge": lambda one: one.setting.bridge,
    "dominant_emotion": lambda one: one.dominant_emotion,
    "dominant_share": lambda one: one.dominant_share,
    "emotion_seconds": lambda one: one.emotion_s,
    "transitions": lambda one: one.transitions,
    "transitions_per_emotion_minute": lambda one: one.transitions_per_minute,
    "rate_low": lambda one: one.rate_low,
    "rate_high": lambda one: one.rate_high,
    "compared_seconds": lambda one: one.compared_s,
    "disagreement": lambda one: one.disagreement,
    "expected_disagreement": lambda one: one.expected_disagreement,
    "kappa": lambda one: one.kappa,
    "kappa_sign": lambda one: one.kappa_sign,
    "p_value": lambda one: one.p_value,
    "mismatch_against_chance": lambda one: one.verdict,
    "failure": lambda one: one.failure,
}
"""Columns of the table after `own` and `in_grid`."""

SUMMARY_COLUMNS: Final[dict[str, Callable[[Conclusion], Cell]]] = {
    "conclusion": lambda one: one.conclusion,
    "run_value": lambda one: one.value,
    "settings": lambda one: one.settings,
    "agreeing": lambda one: one.agreeing,
    "unknown": lambda one: one.unknown,
    "share": lambda one: one.share,
    "low": lambda one: one.low,
    "median": lambda one: one.median,
    "high": lambda one: one.high,
    "typical": lambda one: one.typical,
    "values": lambda one: " ".join(f"{value}={count}" for value, count in one.counts) or None,
}

Draw = Callable[[Curve, str], bytes]
"""``(curve, kind)`` → content of a picture of that kind, ``png`` or ``svg``."""

VERDICT_COLOURS: Final[Mapping[str, str]] = dict(
    zip(VERDICTS, ("#d55e00", "#009e73", "#0072b2", "#7f7f7f"), strict=True)
)
OTHER_COLOUR: Final = "#000000"


def write_files(
    folder: Path,
    name: str,
    own: Universe,
    universes: Sequence[Universe],
    summary: Sequence[Conclusion],
    lang: str,
    draw: Draw,
) -> None:
    """Write both tables and the figure, all or nothing.

    Parameters
    ----------
    folder
        Where to; made if it is not there.
    name
        Name of the recording.
    own, universes, summary
        The run's own setting, the settings of the grid, and how the conclusions fare.
    lang
        Language of the figure.
    draw
        Makes the content of a picture of the curve: `plots.specification_curve.drawn`.

    Raises
    ------
    OutputError
        When something cannot be written.
    """
    everything = tuple(dict.fromkeys((*universes, own)))
    in_grid = {universe.setting for universe in universes}
    rows = [
        (
            csv_field(universe.setting == own.setting),
            csv_field(universe.setting in in_grid),
            *(csv_field(cell(universe)) for cell in COLUMNS.values()),
        )
        for universe in everything
    ]
    short = [[csv_field(cell(entry)) for cell in SUMMARY_COLUMNS.values()] for entry in summary]
    curve = _curve(name, own, everything, summary, lang)
    with Staging(folder) as staging:
        staging.put(TABLE_FILE, csv_lines(("own", "in_grid", *COLUMNS), rows))
        staging.put(SUMMARY_FILE, csv_lines(SUMMARY_COLUMNS, short))
        for file in (PNG_FILE, SVG_FILE):
            staging.put(file, draw(curve, Path(file).suffix.removeprefix(".")))
        staging.commit()


# --------------------------------------------------------------------------- words


def conclusion_name(entry: Conclusion, lang: str) -> str:
    """What a conclusion is about, for people."""
    return text(f"multiverse.conclusion.{entry.conclusion}", lang)


def value_name(conclusion: str, value: str | float | None, lang: str) -> str:
    """What is concluded, for people."""
    if value is None:
        return text("multiverse.value.unknown", lang)
    if isinstance(value, float):
        return f"{value:.2f}"
    if conclusion == DOMINANT_EMOTION:
        return label_name(value, lang)
    return text(f"multiverse.value.{value}", lang)


def share_name(entry: Conclusion, lang: str) -> str:
    """In how many settings a conclusion holds, for people."""
    if entry.share is None:
        return text("multiverse.value.unknown", lang)
    return text(
        "multiverse.line.share",
        lang,
        percent=f"{100 * entry.share:.0f}",
        agreeing=entry.agreeing,
        settings=entry.settings,
    )


# --------------------------------------------------------------------------- figure


def _curve(
    name: str,
    own: Universe,
    everything: Sequence[Universe],
    summary: Sequence[Conclusion],
    lang: str,
) -> Curve:
    """The figure, from the smallest rate of transitions to the largest; unknown ones last."""
    ordered = sorted(
        everything,
        key=lambda one: (one.transitions_per_minute is None, one.transitions_per_minute or 0.0),
    )
    about = {entry.conclusion: entry for entry in summary}
    band = None
    if own.rate_low is not None and own.rate_high is not None:
        band = (own.rate_low, own.rate_high)
    rate = Panel(
        label=text("multiverse.figure.rate", lang),
        heading=_heading(about, (DOMINANT_EMOTION, TRANSITION_RATE), lang),
        legend=text("multiverse.figure.dominant", lang),
        values=tuple(one.transitions_per_minute for one in ordered),
        marks=_marks(DOMINANT_EMOTION, [one.dominant_emotion for one in ordered], lang),
        band=band,
        band_name=text("multiverse.figure.band", lang),
        line=about[TRANSITION_RATE].median,
        line_name=text("multiverse.figure.median", lang),
        from_zero=True,
    )
    kappa = Panel(
        label=text("multiverse.figure.kappa", lang),
        heading=_heading(about, (MISMATCH_VERDICT, KAPPA_SIGN), lang),
        legend=text("multiverse.figure.mismatch", lang),
        values=tuple(one.kappa for one in ordered),
        marks=_marks(MISMATCH_VERDICT, [one.verdict for one in ordered], lang),
        line=0.0,
        line_name=text("multiverse.figure.chance", lang),
    )
    return Curve(
        title=text("multiverse.figure.title", lang, name=name, count=len(everything)),
        panels=(rate, kappa),
        choices=_choices([one.setting for one in ordered], lang),
        own=ordered.index(own),
        own_name=text("multiverse.figure.own", lang),
        axis=text("multiverse.figure.axis", lang),
    )


def _heading(about: Mapping[str, Conclusion], chosen: Sequence[str], lang: str) -> str:
    """How conclusions fare, one line each."""
    parts = [
        text(
            "multiverse.figure.heading",
            lang,
            conclusion=conclusion_name(about[key], lang),
            value=value_name(key, about[key].value, lang),
            share=share_name(about[key], lang),
        )
        for key in chosen
    ]
    return "\n".join(parts)


def _marks(conclusion: str, values: Sequence[str | None], lang: str) -> tuple[Mark | None, ...]:
    colours = COLOURS if conclusion == DOMINANT_EMOTION else VERDICT_COLOURS
    order = [*colours, *(name for name in ALL_LABELS if name not in colours)]

    def mark(value: str | None) -> Mark | None:
        if value is None:
            return None
        return Mark(
            name=value_name(conclusion, value, lang),
            colour=colours.get(value, OTHER_COLOUR),
            rank=order.index(value),
        )

    return tuple(mark(value) for value in values)


def _choices(settings: Sequence[Setting], lang: str) -> tuple[Choice, ...]:
    """One group of rows per setting that may vary, with what each column of the figure chose."""
    smoothing = [f"{one.smoothing_s:g}" for one in settings]
    shortest = [f"{one.min_interval_s:g}" for one in settings]
    levels = [text(f"multiverse.level.{one.abstention}", lang) for one in settings]
    order = [text(f"multiverse.level.{level}", lang) for level in ABSTENTION_LEVELS]
    bridges = [one.bridge for one in settings]
    return (
        Choice(text("multiverse.setting.smoothing", lang), _sorted(smoothing, float), smoothing),
        Choice(text("multiverse.setting.min_interval", lang), _sorted(shortest, float), shortest),
        Choice(text("multiverse.setting.abstention", lang), _sorted(levels, order.index), levels),
        Choice(text("multiverse.setting.bridge", lang), tuple(dict.fromkeys(bridges)), bridges),
    )


def _sorted(values: Sequence[str], key: Callable[[str], float]) -> tuple[str, ...]:
    return tuple(sorted(set(values), key=key))
