"""``emoreport retable STATS_DIR``: the tables again from stored readings, with other settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.options import Config, Quiet, with_settings
from emoreport.cli.show import show_report
from emoreport.settings import from_environment, from_file

RETABLED = (
    "smoothing",
    "smoothing_method",
    "min_interval",
    "gap_limit",
    "hysteresis",
    "abstention",
    "baseline",
    "compounds",
    "bridge",
    "min_speech",
    "formats",
    "lang",
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="STATS_DIR", help="A folder that `emoreport analyze` wrote.", show_default=False
    ),
]
Target = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder for the new tables; STATS_DIR itself if left out.", metavar="DIR"
    ),
]


@with_settings(RETABLED)
def retable(
    *,
    stats_dir: Folder,
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    given: dict[str, Any],
) -> int:
    """Make the tables of a video again with other settings, without decoding it.

    Settings that are not given stay as they were in the run that made the readings.
    """
    from emoreport.runs import read_report

    changes = from_file(config) if config is not None else {}
    changes |= from_environment(os.environ)
    changes = {name: value for name, value in changes.items() if name in RETABLED} | given
    report = read_report(stats_dir, changes)
    folder = report.write(out or stats_dir)
    show_report(report, folder, quiet=quiet)
    return 0
