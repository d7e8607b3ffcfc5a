"""Write the files of `emoreport multiverse`: two tables and a specification curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from emoreport.analysis.talks.conclusions import (
    DEPARTS,
    DOMINANT_EMOTION,
    JOINT_VERDICT,
    KAPPA_SIGN,
    MISMATCH_VERDICT,
    TRANSITION_RATE,
    Conclusion,
    Setting,
    Universe,
    has_words,
)
from emoreport.atomic import Staging
from emoreport.messages import label_name, number, text
from emoreport.results import Choice, Curve, Mark, Panel
from emoreport.tables.cells import Cell
from emoreport.tables.csv_files import csv_field, csv_lines
from emoreport.tables.schema import value_at
from emoreport.vocabulary import ABSTENTION_LEVELS, ALL_LABELS, COLOURS, VERDICTS

TABLE_FILE: Final = "multiverse.csv"
SUMMARY_FILE: Final = "multiverse_summary.csv"
PNG_FILE: Final = "multiverse.png"
SVG_FILE: Final = "multiverse.svg"

Column = Callable[[Universe], Cell]

COLUMNS: Final[dict[str, Column]] = {
    "smoothing": lambda universe: f"{universe.setting.smoothing_s:g}",
    "min_interval": lambda universe: f"{universe.setting.min_interval_s:g}",
    "abstention": lambda universe: universe.setting.abstention,
    "bridge": lambda universe: universe.setting.bridge,
    "dominant_emotion": lambda universe: universe.dominant_emotion,
    "dominant_share": lambda universe: universe.dominant_share,
    "emotion_seconds": lambda universe: universe.emotion_s,
    "transitions": lambda universe: universe.transitions,
    "transitions_per_emotion_minute": lambda universe: universe.transitions_per_minute,
    "rate_low": lambda universe: universe.rate_low,
    "rate_high": lambda universe: universe.rate_high,
    "compared_seconds": lambda universe: value_at(universe, "mismatch.compared_s"),
    "mismatch_share": lambda universe: value_at(universe, "mismatch.share"),
    "expected_mismatch_share": lambda universe: value_at(universe, "mismatch.expected"),
    "kappa": lambda universe: universe.kappa,
    "kappa_sign": lambda universe: universe.kappa_sign,
    "p_value": lambda universe: value_at(universe, "mismatch.p_value"),
    "mismatch_against_chance": lambda universe: universe.verdict,
    "failure": lambda universe: universe.failure,
    "face_model": lambda universe: universe.setting.face_model,
    "speech_model": lambda universe: universe.setting.speech_model,
}
"""Columns of the table after `own` and `in_grid`."""

WORD_COLUMNS: Final[dict[str, Column]] = {
    "kappa_face_text": lambda universe: value_at(universe, "words.kappa_face_text"),
    "kappa_face_text_sign": lambda universe: value_at(universe, "words.face_text_sign"),
    "kappa_voice_text": lambda universe: value_at(universe, "words.kappa_voice_text"),
    "kappa_voice_text_sign": lambda universe: value_at(universe, "words.voice_text_sign"),
    "joint_agreement": lambda universe: value_at(universe, "words.joint_share"),
    "expected_joint_agreement": lambda universe: value_at(universe, "words.joint_expected"),
    "fleiss_kappa": lambda universe: value_at(universe, "words.fleiss_kappa"),
    "joint_p_value": lambda universe: value_at(universe, "words.joint_p"),
    "joint_agreement_against_chance": lambda universe: value_at(universe, "words.verdict"),
    "departs": lambda universe: value_at(universe, "words.departs"),
}
"""Columns at the end where the words of the run say something."""

SUMMARY_COLUMNS: Final[dict[str, Callable[[Conclusion], Cell]]] = {
    "conclusion": lambda conclusion: conclusion.conclusion,
    "run_value": lambda conclusion: conclusion.value,
    "settings": lambda conclusion: conclusion.settings,
    "agreeing": lambda conclusion: conclusion.agreeing,
    "unknown": lambda conclusion: conclusion.unknown,
    "share": lambda conclusion: conclusion.share,
    "low": lambda conclusion: conclusion.low,
    "median": lambda conclusion: conclusion.median,
    "high": lambda conclusion: conclusion.high,
    "typical": lambda conclusion: conclusion.typical,
    "values": lambda conclusion: (
        " ".join(f"{value}={count}" for value, count in conclusion.counts) or None
    ),
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
    columns = COLUMNS | WORD_COLUMNS if has_words(everything) else COLUMNS
    in_grid = {universe.setting for universe in universes}
    rows = [
        (
            csv_field(universe.setting == own.setting),
            csv_field(universe.setting in in_grid),
            *(csv_field(cell(universe)) for cell in columns.values()),
        )
        for universe in everything
    ]
    short = [
        [csv_field(cell(conclusion)) for cell in SUMMARY_COLUMNS.values()] for conclusion in summary
    ]
    curve = _curve(name, own, everything, summary, lang)
    with Staging(folder) as staging:
        staging.put(TABLE_FILE, csv_lines(("own", "in_grid", *columns), rows))
        staging.put(SUMMARY_FILE, csv_lines(SUMMARY_COLUMNS, short))
        for file in (PNG_FILE, SVG_FILE):
            staging.put(file, draw(curve, Path(file).suffix.removeprefix(".")))
        staging.commit()


# --------------------------------------------------------------------------- words


def conclusion_name(conclusion: Conclusion, lang: str) -> str:
    """What a conclusion is about, for people."""
    return text(f"multiverse.conclusion.{conclusion.conclusion}", lang)


def value_name(conclusion: str, value: str | float | None, lang: str) -> str:
    """What is concluded, for people."""
    if value is None:
        return text("multiverse.value.unknown", lang)
    if isinstance(value, float):
        return number(value, 2, lang)
    if conclusion == DOMINANT_EMOTION:
        return label_name(value, lang)
    return text(f"multiverse.value.{value}", lang)


def share_name(conclusion: Conclusion, lang: str) -> str:
    """In how many settings a conclusion holds, for people."""
    if conclusion.share is None:
        return text("multiverse.value.unknown", lang)
    return text(
        "multiverse.line.share",
        lang,
        percent=f"{100 * conclusion.share:.0f}",
        agreeing=conclusion.agreeing,
        settings=conclusion.settings,
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
        key=lambda universe: (
            universe.transitions_per_minute is None,
            universe.transitions_per_minute or 0.0,
        ),
    )
    about = {conclusion.conclusion: conclusion for conclusion in summary}
    band = None
    if own.rate_low is not None and own.rate_high is not None:
        band = (own.rate_low, own.rate_high)
    rate = Panel(
        label=text("multiverse.figure.rate", lang),
        heading=_heading(about, (DOMINANT_EMOTION, TRANSITION_RATE), lang),
        legend=text("multiverse.figure.dominant", lang),
        values=tuple(universe.transitions_per_minute for universe in ordered),
        marks=_marks(DOMINANT_EMOTION, [universe.dominant_emotion for universe in ordered], lang),
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
        values=tuple(universe.kappa for universe in ordered),
        marks=_marks(MISMATCH_VERDICT, [universe.verdict for universe in ordered], lang),
        line=0.0,
        line_name=text("multiverse.figure.chance", lang),
    )
    words = (_words_panel(ordered, about, lang),) if DEPARTS in about else ()
    return Curve(
        title=text("multiverse.figure.title", lang, name=name, count=len(everything)),
        panels=(rate, kappa, *words),
        choices=_choices([universe.setting for universe in ordered], lang),
        own=ordered.index(own),
        own_name=text("multiverse.figure.own", lang),
        axis=text("multiverse.figure.axis", lang),
    )


def _words_panel(ordered: Sequence[Universe], about: Mapping[str, Conclusion], lang: str) -> Panel:
    """How far all three agree."""
    words = [universe.words for universe in ordered]
    who = () if about[DEPARTS].value is None else (DEPARTS,)
    return Panel(
        label=text("multiverse.figure.fleiss", lang),
        heading=_heading(about, (JOINT_VERDICT, *who), lang),
        legend=text("multiverse.figure.joint", lang),
        values=tuple(None if side is None else side.fleiss_kappa for side in words),
        marks=_marks(
            JOINT_VERDICT, [None if side is None else side.verdict for side in words], lang
        ),
        line=0.0,
        line_name=text("multiverse.figure.chance", lang),
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
    smoothing = [f"{setting.smoothing_s:g}" for setting in settings]
    shortest = [f"{setting.min_interval_s:g}" for setting in settings]
    levels = [text(f"multiverse.level.{setting.abstention}", lang) for setting in settings]
    order = [text(f"multiverse.level.{level}", lang) for level in ABSTENTION_LEVELS]
    bridges = [setting.bridge for setting in settings]
    leaders = {
        "face_model": [setting.face_model for setting in settings],
        "speech_model": [setting.speech_model for setting in settings],
    }
    return (
        Choice(text("multiverse.setting.smoothing", lang), _sorted(smoothing, float), smoothing),
        Choice(text("multiverse.setting.min_interval", lang), _sorted(shortest, float), shortest),
        Choice(text("multiverse.setting.abstention", lang), _sorted(levels, order.index), levels),
        Choice(text("multiverse.setting.bridge", lang), tuple(dict.fromkeys(bridges)), bridges),
        *(
            Choice(text(f"multiverse.setting.{name}", lang), tuple(sorted(set(models))), models)
            for name, models in leaders.items()
            if len(set(models)) > 1
        ),
    )


def _sorted(values: Sequence[str], key: Callable[[str], float]) -> tuple[str, ...]:
    return tuple(sorted(set(values), key=key))
