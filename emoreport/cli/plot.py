"""``emoreport plot STATS_DIR``: draw plots for a paper from stored results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.options import Config, Quiet, StatsDir, declared, language, with_settings
from emoreport.messages import text
from emoreport.settings.commands import PLOT_FORMATS, PLOT_KINDS, chosen

Target = Annotated[
    Path | None,
    typer.Option("--out", help="plot.out", metavar="DIR"),
]
Kinds = Annotated[str | None, declared(PLOT_KINDS, "LIST")]
Formats = Annotated[str | None, declared(PLOT_FORMATS, "LIST")]


@with_settings(("lang",))
def plot(
    *,
    stats_dir: StatsDir,
    kind: Kinds = None,
    format: Formats = None,  # noqa: A002 - the option's name
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Draw a talk for a paper, without decoding it: pictures in column width, with captions.

    timeline: face, voice, speech and severity over time; shares: how the time with an emotion is
    shared out; transitions: which emotion of the face followed which; matrix: face by voice.
    captions.txt says under each what it shows and what chance has to do with it.
    """
    from emoreport.plots.picture_files import FOLDER, write_plots
    from emoreport.run.read import read_report

    kinds, formats = chosen(PLOT_KINDS, kind), chosen(PLOT_FORMATS, format)
    report = read_report(stats_dir, language(options, config))
    lang = report.settings.output.lang
    folder = out or stats_dir / FOLDER
    files = write_plots(report, folder, kinds, formats, lang)
    if not quiet:
        print(text("plots.line.folder", lang, folder=folder))
        for file in files:
            print(f"  {file.name}")
    return 0
