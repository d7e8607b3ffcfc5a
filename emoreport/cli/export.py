"""``emoreport export STATS_DIR``: write files for annotation programs and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.console import warning_line
from emoreport.cli.options import Config, Quiet, StatsDir, Video, configured, with_settings
from emoreport.errors import EXIT_OK
from emoreport.exchange.writers import CODED, FORMATS
from emoreport.messages import number, spoken, text

Formats = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="LIST",
        help="export.to",
    ),
]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="export.out", metavar="DIR"),
]
BlankFiles = Annotated[
    bool,
    typer.Option(
        "--blank",
        help="export.blank",
    ),
]


@with_settings(("lang",))
def export(
    *,
    stats_dir: StatsDir,
    to: Formats = None,
    out: Target = None,
    video: Video = None,
    blank: BlankFiles = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Write the results in other formats."""
    from emoreport.exchange.export import export as write_exports
    from emoreport.exchange.export import parse_formats

    settings_in_force = configured(config) | options
    lang = settings_in_force.get("lang")
    every = CODED if blank else tuple(FORMATS)
    formats = every if to is None else parse_formats(to)
    done = write_exports(stats_dir, formats, out=out, video=video, lang=lang, blank=blank)
    shown = str(lang or spoken())
    if not done.video_found:
        warning_line(text("export.line.no_video", shown, name=done.video))
    elif done.same_size is False:
        warning_line(text("export.line.other_video", shown, name=done.video))
    if abs(done.player_start_s) >= 0.001:
        seconds = number(done.player_start_s, 3, shown)
        warning_line(text("export.line.player_start", shown, name=done.video, seconds=seconds))
    if not quiet:
        for file in done.files:
            print(text("export.line.written", shown, file=file))
    return EXIT_OK
