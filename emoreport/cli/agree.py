"""``emoreport agree STATS_DIR CODED``: compare codings with the machine and each other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.console import print_table, warning_line
from emoreport.cli.options import (
    Config,
    Encoding,
    Json,
    Quiet,
    StatsDir,
    checked_language,
    configured,
    declared,
    with_settings,
)
from emoreport.errors import EXIT_OK
from emoreport.messages import Words, decimal, figures, label_name, number, spoken
from emoreport.settings.commands import TOLERANCE, chosen

if TYPE_CHECKING:
    from emoreport.analysis.annotators.agreement import Alpha
    from emoreport.annotators.figures import Agreed, Caveat, Pair

_word: Final = Words("agree")

Codings = Annotated[
    list[Path],
    typer.Argument(
        metavar="CODED...",
        help="agree.coded",
        show_default=False,
    ),
]
TierFace = Annotated[
    str | None,
    typer.Option(
        "--tier-face",
        metavar="NAME",
        help="agree.tier_face",
    ),
]
TierVoice = Annotated[
    str | None,
    typer.Option(
        "--tier-voice",
        metavar="NAME",
        help="agree.tier_voice",
    ),
]
Modality = Annotated[
    str | None,
    typer.Option(
        "--modality",
        metavar="face|voice",
        help="agree.modality",
    ),
]
Observation = Annotated[
    str | None,
    typer.Option(
        "--observation",
        metavar="NAME",
        help="agree.observation",
    ),
]
Renamings = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="WRITTEN=LABEL",
        help="agree.map",
        show_default=False,
    ),
]
Tolerance = Annotated[str | None, declared(TOLERANCE)]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="agree.out", metavar="FILE"),
]

OVERVIEW = (
    "reference",
    "other",
    "compared",
    "agreement",
    "kappa",
    "iou",
    "found",
    "precise",
    "error",
    "shift",
    "note",
)
"""Columns of the first table of a modality."""


@dataclass(frozen=True)
class CodingOptions:
    """How files of codings are read."""

    tier_face: TierFace = None
    tier_voice: TierVoice = None
    observation: Observation = None
    encoding: Encoding = None
    renamings: Renamings = None

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of what reads them."""
        return {**vars(self), "renamings": self.renamings or ()}


@with_settings(("lang",))
def agree(
    *,
    stats_dir: StatsDir,
    coded: Codings,
    coding: CodingOptions,
    modality: Modality = None,
    tolerance: Tolerance = None,
    out: Target = None,
    as_json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Say how far people's codings agree with the machine's labels and with each other.

    For face and voice: Cohen's kappa weighted by time, F1 and overlap of every emotion, overlap of
    the intervals, share and error of the boundaries, the confusion matrix in seconds; with several
    coders also Krippendorff's alpha among them. Time without an emotion on either side is left out
    and reported. docs/exports.md explains every figure.
    """
    from emoreport.annotators.agree import agree as compare
    from emoreport.atomic import write_file

    lang = checked_language(configured(config) | options)
    result = compare(
        stats_dir,
        coded,
        **coding.arguments(),
        modality=modality,
        tolerance_s=chosen(TOLERANCE, tolerance),
    )
    show_caveats(result.caveats, lang)
    if out is not None:
        write_file(out, result.csv())
    if as_json:
        print(json.dumps(result.document(), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        _show(result, lang)
    return EXIT_OK


def show_caveats(caveats: Iterable[Caveat], lang: str) -> None:
    """Print what a reader of the figures or tables must know of the codings."""
    for caveat in caveats:
        warning_line(_word(f"caveat.{caveat.key}", lang, **figures(caveat.values, lang)))


def _show(result: Agreed, lang: str) -> None:
    for modality in dict.fromkeys(pair.modality for pair in result.pairs):
        pairs = [pair for pair in result.pairs if pair.modality == modality]
        print(_word(f"line.{modality}", lang, video=result.video))
        _show_overview(pairs, lang)
        for pair in pairs:
            if pair.other == "machine":
                _show_emotions(pair, lang)
                _show_confusion(pair, lang)
        if modality in result.alphas:
            print(_alpha_line(result.alphas[modality], lang))
        print()
    print(_word("line.reading", lang, tolerance=decimal(f"{result.tolerance_s:g}", lang)))


def _show_overview(pairs: list[Pair], lang: str) -> None:
    print_table(
        [_word(f"column.{name}", lang) for name in OVERVIEW],
        [
            [
                pair.reference,
                _who(pair.other, lang),
                _number(pair.figures.compared_s, 1),
                _number(pair.figures.agreement),
                _number(pair.figures.kappa),
                _number(pair.figures.interval_iou),
                _of(pair.figures.boundaries.found, pair.figures.boundaries.reference),
                _of(pair.figures.boundaries.precise, pair.figures.boundaries.other),
                _number(pair.figures.boundaries.mean_error_s),
                _number(pair.figures.boundaries.mean_shift_s),
                _note(pair.figures.reason, lang),
            ]
            for pair in pairs
        ],
    )


def _show_emotions(pair: Pair, lang: str) -> None:
    if not pair.figures.emotions:
        return
    print(_word("line.emotions", lang, coder=pair.reference))
    heads = ("emotion", "coder_s", "machine_s", "precision", "recall", "f1", "overlap")
    print_table(
        [_word(f"column.{name}", lang) for name in heads],
        [
            [
                label_name(row.emotion, lang),
                _number(row.reference_s, 1),
                _number(row.other_s, 1),
                _number(row.precision),
                _number(row.recall),
                _number(row.f1),
                _number(row.iou),
            ]
            for row in pair.figures.emotions
        ],
    )


def _show_confusion(pair: Pair, lang: str) -> None:
    from emoreport.analysis.annotators.agreement import label_order

    figures = pair.figures
    print(_word("line.confusion", lang, coder=pair.reference))
    columns = sorted({compared for _, compared, _ in figures.confusion}, key=label_order)
    rows = sorted({reference for reference, _, _ in figures.confusion}, key=label_order)
    seconds = {(reference, compared): length for reference, compared, length in figures.confusion}
    print_table(
        ["", *(_label(compared, lang) for compared in columns)],
        [
            [
                _label(reference, lang),
                *(_number(seconds.get((reference, compared), 0.0), 1) for compared in columns),
            ]
            for reference in rows
        ],
    )


def _alpha_line(alpha: Alpha, lang: str) -> str:
    if alpha.alpha is None:
        return _word("line.no_alpha", lang, reason=_note(alpha.reason, lang))
    return _word(
        "line.alpha",
        lang,
        alpha=_number(alpha.alpha),
        coders=alpha.coders,
        seconds=_number(alpha.paired_s, 1),
    )


def _who(name: str, lang: str) -> str:
    return _word("line.machine", lang) if name == "machine" else name


def _label(label: str, lang: str) -> str:
    return _word("line.not_coded", lang) if label == "not_coded" else label_name(label, lang)


def _of(share: float | None, count: int) -> str:
    return "–" if share is None else f"{_number(share)} ({count})"


def _number(value: float | None, decimals: int = 3) -> str:
    return "–" if value is None else number(value + 0.0, decimals, spoken())


def _note(reason: str | None, lang: str) -> str:
    return "" if reason is None else _word(f"reason.{reason}", lang)
