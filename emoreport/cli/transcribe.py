"""``emoreport transcribe VIDEO``: what is said, word by word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, dim_line, note_line, shown, warning_line
from emoreport.cli.options import Config, Quiet, settings_from, with_settings
from emoreport.errors import EXIT_OK, EmoreportError, OutputError, SettingsError
from emoreport.messages import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emoreport.exchange.spoken_text import Writer
    from emoreport.settings import Settings

Recording = Annotated[
    Path, typer.Argument(metavar="VIDEO", help="transcribe.video", show_default=False)
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="transcribe.model")]
Formats = Annotated[str | None, typer.Option("--to", metavar="LIST", help="transcribe.to")]
Target = Annotated[Path | None, typer.Option("--out", metavar="FILE|DIR", help="transcribe.out")]


@with_settings(("offline", "threads", "device", "speech_threshold", "lang", "overwrite"))
def transcribe(
    *,
    video: Recording,
    model: Model = "auto",
    to: Formats = None,
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Write down what is said."""
    from emoreport.atomic import write_file
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.exchange.spoken_text import as_text
    from emoreport.exchange.transcripts import put_heard_words, words_heard_in
    from emoreport.media import probe
    from emoreport.words.select import open_recogniser

    settings = settings_from({**options, "transcript": model}, config)
    lang = settings.output.lang
    files = _files(video, to, out, settings)
    # Before a model is fetched: what is not there is told at once.
    duration_s = probe(video).duration_s or 0.0
    folder = None if files else _results(video, out, settings)

    def announce(line: str) -> None:
        if not quiet:
            dim_line(line)

    with PullDisplay(lang=lang, quiet=quiet) as pulls:
        recogniser = open_recogniser(model, settings, announce, pulls)
    warnings: tuple[str, ...] = ()
    try:
        with ProgressDisplay(video.name, lang=lang, quiet=quiet) as bars:
            if folder is None:
                found = words_heard_in(video, recogniser, settings, bars)
            else:
                found, warnings = put_heard_words(
                    folder, video, recogniser, settings, announce, bars
                )
    except EmoreportError as error:
        raise error.with_file(video) from error.__cause__
    for warning in warnings:
        warning_line(f"{video.name}: {warning}")
    for file, write in files.items():
        write_file(file, write(found, duration_s).encode("utf-8", "backslashreplace"))
    is_printed = not files and out is None
    if is_printed:
        print(as_text(found, duration_s), end="")
    if not quiet:
        count = len(found.words)
        for written in files or filter(None, [folder]):
            line = text(
                "cli.transcribe.written", lang, count=count, model=found.source, file=written
            )
            (note_line if is_printed else print)(shown(line))
    return EXIT_OK


def _files(
    video: Path, to: str | None, out: Path | None, settings: Settings
) -> Mapping[Path, Writer]:
    """What writes which files; none where the words are printed, or put into results."""
    from emoreport.exchange.export import parse_formats
    from emoreport.exchange.spoken_text import ENDINGS, WRITERS, writer_for
    from emoreport.exchange.writers import SPOKEN
    from emoreport.run.folder import safe_stem

    if to is not None:
        names = parse_formats(to, SPOKEN)
        if out is not None and not out.is_dir() and out.suffix.casefold() in ENDINGS:
            raise SettingsError("transcript.to_one_file", file=out)
        folder = out or Path()
        stem = safe_stem(video)
        files = {folder / f"{stem}{SPOKEN[name]}": WRITERS[name] for name in names}
    elif out is not None and not out.is_dir():
        files = {out: writer_for(out)}
    else:
        files = {}
    for file in files:
        if file.exists() and not settings.output.overwrite:
            raise OutputError("store.exists", file=file)
    return files


def _results(video: Path, out: Path | None, settings: Settings) -> Path | None:
    """The results that get the words; None where there are none, or where they have others."""
    from emoreport.run.folder import results_of
    from emoreport.run.run_json import read_run
    from emoreport.words.choosing import RECOGNISED

    folder = results_of(video, out or Path(settings.output.out))
    if folder is None:
        if out is not None:
            raise SettingsError("transcript.no_results", file=out, name=video.name)
        return None
    own = read_run(folder).transcript
    if own is None or own.source == RECOGNISED or settings.output.overwrite:
        return folder
    error = SettingsError("transcript.words_of_file", file=folder, name=own.file)
    if out is not None:
        raise error
    note_line(str(error))
    return None
