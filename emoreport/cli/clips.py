"""``emoreport clips STATS_DIR``: cut the strongest mismatches, or an emotion, as clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from emoreport.cli.console import ProgressDisplay, note_line
from emoreport.cli.options import StatsDir, declared, language, with_settings
from emoreport.cli.render import RecordingOptions, warn
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import text
from emoreport.settings.commands import LEAD_IN, TOP, chosen

BY_MISMATCH: Final = "mismatch"
BY_EMOTION: Final = "emotion"

Target = Annotated[
    Path | None,
    typer.Option("--out", help="clips.out", metavar="DIR"),
]
Top = Annotated[str | None, declared(TOP, "N")]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="clips.by",
        metavar="WHAT",
        show_default=False,
    ),
]
EmotionName = Annotated[
    str | None,
    typer.Option(
        "--emotion",
        help="clips.emotion",
        metavar="EMOTION",
        show_default=False,
    ),
]
Modality = Annotated[
    str | None,
    typer.Option(
        "--modality",
        help="clips.modality",
        metavar="face|voice",
        show_default=False,
    ),
]
LeadIn = Annotated[str | None, declared(LEAD_IN)]
WithCaption = Annotated[bool, typer.Option("--caption/--no-caption", help="clips.caption")]


@with_settings(("lang",))
def clips(
    *,
    stats_dir: StatsDir,
    out: Target = None,
    top: Top = None,
    by: By = None,
    emotion: EmotionName = None,
    modality: Modality = None,
    lead_in: LeadIn = None,
    caption: WithCaption = True,
    common: RecordingOptions,
    options: dict[str, Any],
) -> int:
    """Write the strongest mismatches, or every interval of an emotion, as clips with an index.

    Each clip is a file of its own, exact to the frame; index.csv and index.html list them.
    """
    hiding = common.hiding
    _check(by, emotion)
    from emoreport.overlay.clips import FOLDER, choose_passages, write_clips
    from emoreport.run.read import read_report

    report = read_report(stats_dir, language(options, common.config))
    video = common.recording(report)
    lang = report.settings.output.lang
    most = None if top is None else chosen(TOP, top)
    passages = choose_passages(report, top=most, emotion=emotion, modality=modality)
    with ProgressDisplay(video.name, lang=lang, quiet=common.quiet) as bars:
        done = write_clips(
            report,
            video,
            out or stats_dir / FOLDER,
            passages,
            lead_in_s=chosen(LEAD_IN, lead_in),
            caption=caption,
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
            note_line(text(f"render.line.{hiding}", lang))
        line = "clips" if done.clips else "no_clips"
        print(text(f"render.line.{line}", lang, folder=done.folder, count=len(done.clips)))
    return EXIT_OK


def _check(by: str | None, emotion: str | None) -> None:
    if by not in {None, BY_MISMATCH, BY_EMOTION}:
        raise SettingsError("clips.by", mismatch=BY_MISMATCH, emotion=BY_EMOTION, by=by)
    if by == BY_EMOTION and emotion is None:
        raise SettingsError("clips.by_needs_emotion")
    if by == BY_MISMATCH and emotion is not None:
        raise SettingsError("clips.by_or_emotion")
