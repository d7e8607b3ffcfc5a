"""``emoreport people RUN``: who was seen; put names to them, join two that are one, part one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, print_table
from emoreport.cli.options import Config, Quiet, StatsDir, language, with_settings
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import Words, label_name, number

if TYPE_CHECKING:
    from emoreport.run.report import Report

_word = Words("cli.people")

Merge = Annotated[
    list[str] | None,
    typer.Option("--merge", help="people.merge", metavar="B=A", show_default=False),
]
Rename = Annotated[
    list[str] | None,
    typer.Option("--rename", help="people.rename", metavar="A=NAME", show_default=False),
]
Split = Annotated[
    list[str] | None,
    typer.Option("--split", help="people.split", metavar="A", show_default=False),
]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="retable.out", metavar="DIR"),
]


@with_settings(("lang",))
def people(
    *,
    stats_dir: StatsDir,
    merge: Merge = None,
    rename: Rename = None,
    split: Split = None,
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """List the people of a recording; name them, merge or split them, without decoding it."""
    from emoreport.analysis.people.corrections import Corrections
    from emoreport.run.read import read_report

    corrections = Corrections(
        split=tuple(split or ()),
        merge=tuple(_pair(each, "--merge") for each in merge or ()),
        rename=tuple(_pair(each, "--rename") for each in rename or ()),
    )
    report = read_report(stats_dir, language(options, config))
    lang = report.settings.output.lang
    if corrections != Corrections():
        report = report.with_corrections(corrections)
        with ProgressDisplay(report.run.input.name, lang=lang, quiet=quiet) as bars:
            report.write(out or stats_dir, progress=bars)
    if not quiet:
        _print(report, lang)
    return EXIT_OK


def _pair(text: str, flag: str) -> tuple[str, str]:
    first, equals, second = text.partition("=")
    if not equals or not first.strip() or (flag == "--merge" and not second.strip()):
        raise SettingsError("people.pair", flag=flag, value=text)
    return first.strip(), second.strip()


def _print(report: Report, lang: str) -> None:
    """The people as people.csv has them; an arrow is at the one whom the tables are about."""
    rows = report.analysis.people
    if not rows:
        print(_word("nobody", lang))
        return
    columns = ("person", "seconds", "share", "speaking", "emotion", "first_seen")
    print_table(
        ["", *(_word(f"column.{name}", lang) for name in columns)],
        [
            [
                "→" if row.key == report.run.person else "",
                row.person if row.person == row.key else f"{row.person} ({row.key})",
                number(row.seconds, 1, lang),
                "" if row.share is None else f"{number(100 * row.share, 0, lang)} %",
                "" if row.speaking_s is None else number(row.speaking_s, 1, lang),
                "" if row.dominant_emotion is None else label_name(row.dominant_emotion, lang),
                "" if row.first_seen_s is None else number(row.first_seen_s, 1, lang),
            ]
            for row in rows
        ],
    )
