"""``emoreport summary-sheet RUN``: one picture of the longest or strongest expressions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, note_line
from emoreport.cli.options import (
    Config,
    Quiet,
    Video,
    declared,
    language,
    settings_from,
    with_settings,
)
from emoreport.cli.render import (
    BlurFace,
    Force,
    MeshOnly,
    Overwrite,
    Positional,
    chosen_video,
    hiding_mode,
    warn,
)
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
    positional: Positional = None,
    video: Video = None,
    out: Target = None,
    per_emotion: PerEmotion = None,
    by: By = None,
    clip: WithClip = False,
    clip_length: ClipLength = None,
    blur_face: BlurFace = False,
    mesh_only: MeshOnly = False,
    overwrite: Overwrite = False,
    force: Force = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Write one picture of what the face showed: stills of the longest runs of each emotion."""
    hiding = hiding_mode(blur_face=blur_face, mesh_only=mesh_only)
    most, order = chosen(PER_EMOTION, per_emotion), chosen(SHEET_ORDER, by)
    length_s = chosen(CLIP_LENGTH, clip_length)
    from emoreport.overlay.expression_sheet import FILE, write_expression_sheet
    from emoreport.run.read import read_report

    stats_dir = run
    if run.is_file():
        if positional is not None:
            raise SettingsError("cli.video_twice")
        stats_dir, positional = _results(run, config), run
    report = read_report(stats_dir, language(options, config))
    video = chosen_video(report, positional, video)
    lang = report.settings.output.lang
    with ProgressDisplay(video.name, lang=lang, quiet=quiet) as bars:
        done = write_expression_sheet(
            report,
            video,
            out or stats_dir / FILE,
            per_emotion=most,
            by=order,
            clip_s=length_s if clip else None,
            hiding=hiding,
            lang=lang,
            overwrite=overwrite,
            force=force,
            announce=None if quiet else note_line,
            progress=bars,
        )
    warn(video.name, done.decode_failures, lang, same=done.is_analysed_video)
    if not quiet:
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
