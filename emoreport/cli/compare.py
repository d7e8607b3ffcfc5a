"""``emoreport compare A B``: compare two talks, two groups, or the same people twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.console import print_table, warning_line
from emoreport.cli.options import Config, Json, Quiet, checked_language, configured, with_settings
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import Words, label_name, number, spoken

if TYPE_CHECKING:
    from emoreport.analysis.talks.groups import GroupDifference
    from emoreport.analysis.talks.pairs import PairedDifference
    from emoreport.analysis.talks.two import Difference
    from emoreport.studies.compare import GroupsCompared, PairsCompared, TalksCompared

    Result = TalksCompared | GroupsCompared | PairsCompared
    Row = Difference | GroupDifference | PairedDifference

_word: Final = Words("compare")

CHANGEABLE = (
    "smoothing",
    "smoothing_method",
    "min_interval",
    "gap_limit",
    "hysteresis",
    "abstention",
    "distance_limit",
    "bridge",
    "min_speech",
)

Folders = Annotated[
    list[Path],
    typer.Argument(
        metavar="A B...",
        help="compare.folders",
        show_default=False,
    ),
]
Groups = Annotated[
    bool,
    typer.Option("--groups", help="compare.groups"),
]
Paired = Annotated[
    bool,
    typer.Option(
        "--paired",
        help="compare.paired",
    ),
]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="compare.out", metavar="FILE"),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="compare.force",
    ),
]


@with_settings((*CHANGEABLE, "lang"))
def compare(
    *,
    folders: Folders,
    groups: Groups = False,
    paired: Paired = False,
    out: Target = None,
    as_json: Json = False,
    force: Force = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Compare talks with the first one, two groups of talks, or the same people before and after.

    Shares of the emotions, transitions per minute, mismatch share and mean valence, second less
    first. Between two talks the 95 % intervals respect that neighbouring moments resemble each
    other; they say nothing about another day or other people. Between groups (--groups) the talk
    is the unit: intervals and p-values are about people like these, if each gave one talk. With
    --paired the person is the unit, and each is compared with themselves.

    Talks that were made with other models or settings are refused: their figures are not
    comparable. Settings of the analysis can be changed for all of them here; --force compares
    nevertheless, and says so.
    """
    from emoreport.atomic import write_file

    settings_in_force = configured(config) | options
    changes = {name: value for name, value in settings_in_force.items() if name in CHANGEABLE}
    lang = checked_language(settings_in_force)
    result = _compared(folders, changes, groups=groups, paired=paired, force=force)
    for caveat in result.caveats:
        warning_line(_word(f"caveat.{caveat.key}", lang, **caveat.values))
    if out is not None:
        write_file(out, result.csv())
    if as_json:
        print(json.dumps(result.document(), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        _show(result, lang)
    return EXIT_OK


def _compared(
    folders: list[Path], changes: dict[str, Any], *, groups: bool, paired: bool, force: bool
) -> Result:
    from emoreport.studies.compare import (
        compare_folders,
        compare_paired_folders,
        compare_talk_folders,
    )

    if groups and paired:
        raise SettingsError("compare.groups_or_paired")
    if not groups and not paired:
        return compare_talk_folders(folders, changes, force=force)
    if len(folders) != 2:
        raise SettingsError("compare.two_folders", option="--groups" if groups else "--paired")
    compare = compare_folders if groups else compare_paired_folders
    return compare(folders[0], folders[1], changes, force=force)


def _show(result: Result, lang: str) -> None:
    from emoreport.studies.compare import GroupsCompared, PairsCompared

    if isinstance(result, GroupsCompared):
        _show_groups(result, lang)
    elif isinstance(result, PairsCompared):
        _show_pairs(result, lang)
    else:
        _show_talks(result, lang)


def _show_talks(result: TalksCompared, lang: str) -> None:
    heads = ("figure", "first", "second", "difference", "interval", "note")
    for comparison in result.comparisons:
        notes = _Notes(lang)
        print(_word("line.title", lang, first=comparison.first, second=comparison.second))
        print_table(
            [_word(f"column.{name}", lang) for name in heads],
            [[*_cells(row, lang), notes.mark(row.reason)] for row in comparison.differences],
        )
        notes.show()
    print(_word("line.talks", lang))


def _show_groups(result: GroupsCompared, lang: str) -> None:
    heads = ("figure", "first", "second", "difference", "interval", "talks", "p", "p_holm", "note")
    notes = _Notes(lang)
    print(_word("line.title", lang, first=result.first, second=result.second))
    print_table(
        [_word(f"column.{name}", lang) for name in heads],
        [
            [
                *_cells(row, lang),
                f"{row.first_talks}, {row.second_talks}",
                _number(row.p_value, 4),
                _number(row.p_holm, 4),
                notes.mark(row.reason),
            ]
            for row in result.differences
        ],
    )
    notes.show()
    print(_word("line.groups", lang))


def _show_pairs(result: PairsCompared, lang: str) -> None:
    heads = ("figure", "before", "after", "change", "interval", "people", "turns", "p", "p_holm")
    notes = _Notes(lang)
    print(_word("line.title", lang, first=result.first, second=result.second))
    print_table(
        [_word(f"column.{name}", lang) for name in (*heads, "note")],
        [
            [
                *_cells(row, lang),
                str(row.pairs),
                f"{row.rose}, {row.fell}, {row.stayed}",
                _number(row.p_value, 4),
                _number(row.p_holm, 4),
                notes.mark(row.reason),
            ]
            for row in result.differences
        ],
    )
    notes.show()
    print(_word("line.pairs", lang))


def _cells(row: Row, lang: str) -> list[str]:
    interval = "–"
    if row.low is not None and row.high is not None:
        interval = f"{_number(row.low)} … {_number(row.high)}"
    return [
        _figure(row, lang),
        _number(row.first),
        _number(row.second),
        _number(row.difference),
        interval,
    ]


def _figure(row: Row, lang: str) -> str:
    name = _word(f"measure.{row.measure}", lang)
    return name if row.emotion is None else f"{name}: {label_name(row.emotion, lang)}"


def _number(value: float | None, decimals: int = 3) -> str:
    return "–" if value is None else number(value + 0.0, decimals, spoken())


class _Notes:
    """Why figures of a table lack an interval: each reason once below it, by number in the rows."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._numbers: dict[str, int] = {}

    def mark(self, reason: str | None) -> str:
        """What a row shows; empty without a reason."""
        if reason is None:
            return ""
        return str(self._numbers.setdefault(reason, len(self._numbers) + 1))

    def show(self) -> None:
        """Print the reasons."""
        for reason, mark in self._numbers.items():
            print(f"{mark}: {_word(f'reason.{reason}', self._lang)}")
