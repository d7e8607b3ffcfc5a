"""``emoreport summary-sheet RUN``: one picture of the longest or strongest expressions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, note_line
from emoreport.cli.options import declared, language, settings_from, with_settings
from emoreport.cli.render import RecordingOptions, warn
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import text
from emoreport.settings.commands import CLIP_LENGTH, PER_EMOTION, SHEET_ORDER, chosen

Run = Annotated[
    Path,
    typer.Argument(metavar="STATS_DIR|VIDEO", help="summary-sheet.run", show_default=False),
]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="summary-sheet.out", metavar="FILE"),
]
PerEmotion = Annotated[str | None, declared(PER_EMOTION, "N")]
By = Annotated[str | None, declared(SHEET_ORDER, "WHAT")]
WithClip = Annotated[bool, typer.Option("--clip", help="summary-sheet.clip")]
ClipLength = Annotated[str | None, declared(CLIP_LENGTH)]


@with_settings(("lang",))
def summary_sheet(
    *,
    run: Run,
    out: Target = None,
    per_emotion: PerEmotion = None,
    by: By = None,
    clip: WithClip = False,
    clip_length: ClipLength = None,
    common: RecordingOptions,
    options: dict[str, Any],
) -> int:
    """Write one picture of what the face showed: stills of the longest runs of each emotion."""
    hiding = common.hiding
    most, order = chosen(PER_EMOTION, per_emotion), chosen(SHEET_ORDER, by)
    length_s = chosen(CLIP_LENGTH, clip_length)
    from emoreport.overlay.expression_sheet import FILE, write_expression_sheet
    from emoreport.run.read import read_report

    stats_dir = run
    if run.is_file():
        if common.positional is not None:
            raise SettingsError("cli.video_twice")
        stats_dir, common = _results(run, common.config), replace(common, positional=run)
    report = read_report(stats_dir, language(options, common.config))
    video = common.recording(report)
    lang = report.settings.output.lang
    with ProgressDisplay(video.name, lang=lang, quiet=common.quiet) as bars:
        done = write_expression_sheet(
            report,
            video,
            out or stats_dir / FILE,
            per_emotion=most,
            by=order,
            clip_s=length_s if clip else None,
            hiding=hiding,
            lang=lang,
            overwrite=common.overwrite,
            force=common.force,
            announce=None if common.quiet else note_line,
            progress=bars,
        )
    warn(video.name, done.decode_failures, lang, same=done.is_analysed_video)
    if not common.quiet:
        if hiding is not None:
            # A video has a voice too, which nothing hides.
            note_line(text(f"{'sheet' if done.clip is None else 'render'}.line.{hiding}", lang))
        count = len(done.expressions)
        print(text("sheet.line.written", lang, file=done.path, count=count))
        if done.clip is not None:
            print(text("sheet.line.clip", lang, file=done.clip, count=count))
    return EXIT_OK


def _results(video: Path, config: Path | None) -> Path:
    """The results of a recording in the usual folder for results.

    Raises
    ------
    SettingsError
        When there are none.
    """
    from emoreport.run.folder import results_of

    place = Path(settings_from({}, config).output.out)
    folder = results_of(video, place)
    if folder is None:
        raise SettingsError("sheet.no_results", folder=place, file=video)
    return folder
