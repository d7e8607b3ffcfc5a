"""``emoreport transcribe VIDEO``: what is said, word by word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.console import ProgressDisplay, dim_line
from emoreport.cli.options import Config, Quiet, settings_from, with_settings
from emoreport.errors import EXIT_OK, EmoreportError, SettingsError
from emoreport.messages import text

Recording = Annotated[
    Path, typer.Argument(metavar="VIDEO", help="transcribe.video", show_default=False)
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="transcribe.model")]
Target = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="transcribe.out")]


@with_settings(("offline", "threads", "device", "speech_threshold", "lang"))
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
    from emoreport.exchange.transcribe import transcribe as hear
    from emoreport.media import probe
    from emoreport.words.select import open_recogniser

    settings = settings_from(options, config)
    lang = settings.output.lang
    write = as_text if out is None else writer_for(out)
    if write is None:
        raise SettingsError("transcript.other_ending", file=out, endings=", ".join(FORMATS))
    probe(video)  # before a model is fetched: what is not there is told at once
    with PullDisplay(lang=lang, quiet=quiet) as pulls:
        recogniser = open_recogniser(
            model, settings, lambda line: None if quiet else dim_line(line), pulls
        )
    try:
        with ProgressDisplay(video.name, lang=lang, quiet=quiet) as bars:
            found = hear(video, recogniser, settings, bars)
    except EmoreportError as error:
        raise error.with_file(video) from error.__cause__
    if out is None:
        print(write(found), end="")
    else:
        write_file(out, write(found).encode("utf-8", "backslashreplace"))
        if not quiet:
            count = len(found.words)
            print(text("cli.transcribe.written", lang, count=count, model=found.source, file=out))
    return EXIT_OK
