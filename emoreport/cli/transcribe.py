"""``emoreport transcribe VIDEO``: what is said, word by word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, dim_line, note_line, shown, warning_line
from emoreport.cli.options import Config, Quiet, settings_from, with_settings
from emoreport.errors import EXIT_OK, EmoreportError, SettingsError
from emoreport.messages import text

if TYPE_CHECKING:
    from emoreport.settings import Settings

Recording = Annotated[
    Path, typer.Argument(metavar="VIDEO", help="transcribe.video", show_default=False)
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="transcribe.model")]
Target = Annotated[Path | None, typer.Option("--out", metavar="FILE|DIR", help="transcribe.out")]


@with_settings(("offline", "threads", "device", "speech_threshold", "lang", "overwrite"))
def transcribe(
    *,
    video: Recording,
    model: Model = "auto",
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Write down what is said."""
    from emoreport.atomic import write_file
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.exchange.spoken_text import FORMATS, as_text, writer_for
    from emoreport.exchange.transcripts import put_heard_words, words_heard_in
    from emoreport.media import probe
    from emoreport.words.select import open_recogniser

    settings = settings_from({**options, "transcript": model}, config)
    lang = settings.output.lang
    file = None if out is None or out.is_dir() else out
    write = as_text if file is None else writer_for(file)
    if write is None:
        raise SettingsError("transcript.other_ending", file=file, endings=", ".join(FORMATS))
    probe(video)  # before a model is fetched: what is not there is told at once
    folder = None if file is not None else _results(video, out, settings)

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
    if out is None:
        print(write(found), end="")
    elif file is not None:
        write_file(file, write(found).encode("utf-8", "backslashreplace"))
    written = folder or file
    if written is not None and not quiet:
        count = len(found.words)
        line = text("cli.transcribe.written", lang, count=count, model=found.source, file=written)
        (note_line if out is None else print)(shown(line))
    return EXIT_OK


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
