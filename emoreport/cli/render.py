"""``emoreport render STATS_DIR``: draw the results on the video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, note_line, warning_line
from emoreport.cli.options import Config, Quiet, StatsDir, Video, language, with_settings
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import number, text

if TYPE_CHECKING:
    from emoreport.run.report import Report

Positional = Annotated[
    Path | None,
    typer.Argument(metavar="[VIDEO]", help="render.video", show_default=False),
]
Target = Annotated[
    Path | None,
    typer.Option("--out", help="render.out", metavar="FILE"),
]
BlurFace = Annotated[
    bool,
    typer.Option(
        "--blur-face",
        help="render.blur_face",
    ),
]
MeshOnly = Annotated[
    bool,
    typer.Option("--mesh-only", help="render.mesh_only"),
]
Words = Annotated[bool, typer.Option("--words", help="render.words")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="render.overwrite")]
Force = Annotated[bool, typer.Option("--force", help="render.force")]


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """Options of every command that draws on the recording of a run."""

    positional: Positional = None
    video: Video = None
    blur_face: BlurFace = False
    mesh_only: MeshOnly = False
    overwrite: Overwrite = False
    force: Force = False
    config: Config = None
    quiet: Quiet = False

    @property
    def hiding(self) -> str | None:
        """How people are hidden: ``blur``, ``mesh`` or None.

        Raises
        ------
        SettingsError
            When both are asked for.
        """
        if self.blur_face and self.mesh_only:
            raise SettingsError("cli.blur_or_mesh")
        if self.blur_face:
            return "blur"
        return "mesh" if self.mesh_only else None

    def recording(self, report: Report) -> Path:
        """The recording of a run: the one that is named, else where the run found it.

        Raises
        ------
        SettingsError
            When it is named in both ways.
        InputNotFoundError
            When it is not named and not where it was.
        """
        from emoreport.run.page_video import require_video

        if self.positional is not None and self.video is not None:
            raise SettingsError("cli.video_twice")
        return require_video(report.run.input, report.folder, self.video or self.positional)


@with_settings(("lang",))
def render(
    *,
    stats_dir: StatsDir,
    out: Target = None,
    words: Words = False,
    common: RecordingOptions,
    options: dict[str, Any],
) -> int:
    """Write the video with face box, emotion bars, both modalities, mismatches and time on it.

    H.264 and AAC in MP4; presentation times and sound stay as they are in the recording.
    """
    hiding = common.hiding
    from emoreport.overlay.render import FILE
    from emoreport.overlay.render import render as write
    from emoreport.run.read import read_report

    report = read_report(stats_dir, language(options, common.config))
    video = common.recording(report)
    lang = report.settings.output.lang
    with ProgressDisplay(video.name, lang=lang, quiet=common.quiet) as bars:
        done = write(
            report,
            video,
            out or stats_dir / FILE,
            hiding=hiding,
            words=words,
            lang=lang,
            overwrite=common.overwrite,
            force=common.force,
            announce=None if common.quiet else note_line,
            progress=bars,
        )
    warn(video.name, done.outcome.decode_failures, lang, same=done.is_analysed_video)
    if not done.plays_everywhere:
        warning_line(text("render.line.encoder", lang, encoder=done.encoder))
    if not common.quiet:
        if hiding is not None:
            note_line(text(f"render.line.{hiding}", lang))
        print(
            text(
                "render.line.written",
                lang,
                file=done.path,
                frames=done.outcome.frames,
                seconds=number(done.outcome.duration_s, 2, lang),
            )
        )
    return EXIT_OK


def warn(name: str, decode_failures: int, lang: str, *, same: bool) -> None:
    """Warn of damage, and of a recording that was taken by force."""
    if not same:
        warning_line(f"{name}: {text('render.line.forced', lang)}")
    if decode_failures:
        damage = text("cli.warning.video_damaged", lang, count=decode_failures)
        warning_line(f"{name}: {damage}")
