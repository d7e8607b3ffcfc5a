"""``emoreport multiverse STATS_DIR``: test which conclusions on a talk survive other settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.console import note_line, print_table, warning_line
from emoreport.cli.options import Config, Quiet, StatsDir, declared, language, with_settings
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED
from emoreport.messages import Words, number
from emoreport.settings.commands import ABSTENTION_GRID, MIN_INTERVAL_GRID, SMOOTHING_GRID

if TYPE_CHECKING:
    from emoreport.analysis.talks.conclusions import Conclusion
    from emoreport.studies.multiverse import MultiverseResult

_word: Final = Words("multiverse")

Target = Annotated[
    Path | None,
    typer.Option("--out", help="multiverse.out", metavar="DIR"),
]
Smoothing = Annotated[str | None, declared(SMOOTHING_GRID, "LIST")]
MinInterval = Annotated[str | None, declared(MIN_INTERVAL_GRID, "LIST")]
Abstention = Annotated[str | None, declared(ABSTENTION_GRID, "LIST")]
Bridges = Annotated[
    list[str] | None,
    typer.Option(
        "--bridge",
        metavar="FILE",
        help="multiverse.bridge",
        show_default=False,
    ),
]


@with_settings(("lang",))
def multiverse(
    *,
    stats_dir: StatsDir,
    smoothing: Smoothing = None,
    min_interval: MinInterval = None,
    abstention: Abstention = None,
    bridge: Bridges = None,
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Say in what share of settings the conclusions about a talk hold, without decoding it.

    Every combination of smoothing, shortest interval, abstention, label bridge and, where a witness
    ran, which of the two models leads, is tried on the stored readings; all else stays as in the
    run. Writes multiverse.csv (one row per setting),
    multiverse_summary.csv (one row per conclusion) and the specification curve multiverse.png and
    multiverse.svg. The exit code is 1 when a setting failed; the others are complete.
    """
    from emoreport.plots.specification_curve import drawn
    from emoreport.run.read import read_machine_report
    from emoreport.studies.multiverse import FOLDER, explore, parse_grid

    grid = parse_grid(smoothing, min_interval, abstention, bridge or ())
    talk = read_machine_report(stats_dir, language(options, config))
    lang = talk.settings.output.lang
    result = explore(talk, grid)
    folder = result.write(out or stats_dir / FOLDER, lang, drawn)
    if not quiet:
        _show(result, folder, lang)
    return _judge(result, folder, lang)


def _show(result: MultiverseResult, folder: Path, lang: str) -> None:
    from emoreport.studies.multiverse_files import conclusion_name, share_name, value_name

    heads = [_word(f"column.{name}", lang) for name in ("conclusion", "run", "share")]
    heads += [_word(f"column.{name}", lang) for name in ("range", "typical")]
    print(_word("line.title", lang, name=result.name, count=len(result.universes)))
    print_table(
        heads,
        [
            [
                conclusion_name(conclusion, lang),
                value_name(conclusion.conclusion, conclusion.value, lang),
                share_name(conclusion, lang),
                _range(conclusion, lang),
                _typical(conclusion, lang),
            ]
            for conclusion in result.conclusions
        ],
    )
    print(_word("line.reading", lang))
    if not result.has_words:
        print(_word("line.no_words", lang))
    print(_word("line.folder", lang, folder=folder))
    for name, twin in result.same_bridges.items():
        note_line(_word("line.same_bridge", lang, name=name, other=twin))


def _judge(result: MultiverseResult, folder: Path, lang: str) -> int:
    """Warn of what a reader must know; return the exit code."""
    from emoreport.studies.multiverse_files import TABLE_FILE

    if result.own not in result.universes:
        warning_line(_word("line.outside", lang))
    failed = len(result.failures)
    if failed:
        warning_line(_word("line.failed", lang, count=failed, file=folder / TABLE_FILE))
    return EXIT_VIDEO_FAILED if failed else EXIT_OK


def _range(conclusion: Conclusion, lang: str) -> str:
    numbers = {"low": conclusion.low, "median": conclusion.median, "high": conclusion.high}
    shown = {name: number(value, 2, lang) for name, value in numbers.items() if value is not None}
    if len(shown) < len(numbers):
        return _word("line.none", lang)
    return _word("line.range", lang, **shown)


def _typical(conclusion: Conclusion, lang: str) -> str:
    if conclusion.typical is None:
        return _word("line.none", lang)
    return _word("line.yes" if conclusion.typical else "line.no", lang)
