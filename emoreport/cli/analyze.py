"""``emoreport analyze VIDEO...``: analyse one or more videos, one folder of tables each."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import (
    ProgressDisplay,
    dim_line,
    error_line,
    note_line,
    system_error_line,
)
from emoreport.cli.options import Config, Quiet, Verbose, settings_from, with_settings
from emoreport.cli.show import OpenPage, open_page, show_place, show_report
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, EmoreportError
from emoreport.messages import spoken, text

if TYPE_CHECKING:
    from emoreport.run.report import Report
    from emoreport.settings import Settings

    Tell = Callable[[Path, Report | None], None]

Videos = Annotated[
    list[Path],
    typer.Argument(metavar="VIDEO", help="analyze.videos", show_default=False),
]


@with_settings()
def analyze(
    *,
    videos: Videos,
    show_page: OpenPage = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Analyse videos: tables of face emotion, voice emotion and their mismatches.

    The tables of VIDEO go to the folder <out>/<name of the video without its suffix>.
    A name that begins with a dash comes after a double dash: emoreport analyze -- -talk.mp4
    """
    from emoreport.words.choosing import usual_transcript

    settings = settings_from(options, config, usual_transcript())
    return analyze_videos(videos, settings, show_page=show_page, quiet=quiet, verbose=verbose)


def analyze_videos(
    videos: Sequence[Path],
    settings: Settings,
    *,
    quiet: bool,
    verbose: bool,
    show_page: bool = False,
    tell: Tell | None = None,
) -> int:
    """Analyse videos one after the other; return the exit code.

    `tell` is called with each folder and report (None for results that were there) in the place of
    what this command prints.
    """
    # Before any model is fetched or opened: what is not there is told at once.
    _check_transcript(settings, videos)
    readable, worst = _readable(videos, verbose=verbose)
    if not readable:
        return worst
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.pipeline import Analyzer
    from emoreport.run.folder import ResultFolders

    folders = ResultFolders(Path(settings.output.out))
    display: list[ProgressDisplay] = []

    def progress(stage: str, done_s: float, total_s: float | None) -> None:
        for shown in display:
            shown(stage, done_s, total_s)

    def announce(line: str) -> None:
        if not quiet:
            dim_line(line)

    with PullDisplay(lang=settings.output.lang, quiet=quiet) as pulls:
        opened = Analyzer(settings, announce=announce, progress=progress, pull_progress=pulls)
    with opened as analyzer:
        for video in readable:
            try:
                with ProgressDisplay(video.name, lang=settings.output.lang, quiet=quiet) as bars:
                    display[:] = [bars]
                    folder, report = analyzer.analyze_into(folders, video, progress=bars)
                if tell is None:
                    _show(folder, report, settings.output.lang, quiet=quiet)
                else:
                    tell(folder, report)
                if show_page:
                    open_page(folder, settings.output.lang)
            except Exception as error:  # noqa: BLE001 - the edge: one bad video must not end the rest
                worst = max(worst, _tell(error, video, verbose=verbose))
    return worst


def _check_transcript(settings: Settings, videos: Sequence[Path]) -> None:
    from emoreport.words.choosing import find_transcript, refuse_one_file

    if len(videos) > 1:
        refuse_one_file(settings.words)
    for video in videos:
        find_transcript(settings.words, video.name)


def _readable(videos: Sequence[Path], *, verbose: bool) -> tuple[list[Path], int]:
    """The inputs that can be opened, and the exit code for the others, which are told of."""
    from emoreport.media import probe

    readable, worst = [], EXIT_OK
    for video in videos:
        try:
            probe(video)
        except Exception as error:  # noqa: BLE001 - the edge: one bad video must not end the rest
            worst = max(worst, _tell(error, video, verbose=verbose))
        else:
            readable.append(video)
    return readable, worst


def _tell(error: Exception, video: Path, *, verbose: bool) -> int:
    """Print one line about what went wrong with a video; return the exit code."""
    if verbose:
        traceback.print_exception(error)
    if isinstance(error, OSError):
        return system_error_line(error, video)
    if isinstance(error, EmoreportError):
        error.with_file(video)
        error_line(str(error))
        return error.exit_code
    error_line(f"{video}: {text('cli.line.internal', spoken(), error=error)}")
    return EXIT_VIDEO_FAILED


def _show(folder: Path, report: Report | None, lang: str, *, quiet: bool) -> None:
    if report is None:
        if not quiet:
            note_line(text("cli.line.up_to_date", lang, folder=folder))
            show_place(folder)
        return
    show_report(report, folder, quiet=quiet)
