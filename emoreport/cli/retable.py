"""``emoreport retable STATS_DIR``: make the tables again from stored readings."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from emoreport.cli.agree import CodingOptions, Modality, show_caveats
from emoreport.cli.console import ProgressDisplay, dim_line
from emoreport.cli.options import (
    Config,
    Quiet,
    StatsDir,
    Video,
    configured,
    with_settings,
)
from emoreport.cli.show import OpenPage, open_page, show_report

OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000

RETABLED = (
    "smoothing",
    "smoothing_method",
    "min_interval",
    "gap_limit",
    "hysteresis",
    "abstention",
    "distance_limit",
    "baseline",
    "compounds",
    "correct_articulation",
    "speaker",
    "transitions_across_cuts",
    "person",
    "people",
    "bridge",
    "min_speech",
    "formats",
    "lang",
    "excel_locale",
    "page_video",
    "text_output",
)

Target = Annotated[
    Path | None,
    typer.Option("--out", help="retable.out", metavar="DIR"),
]

Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="retable.labels",
    ),
]

NewTranscript = Annotated[
    str | None,
    typer.Option("--transcript", metavar="FILE", help="retable.transcript", show_default=False),
]
Tier = Annotated[
    str | None,
    typer.Option("--transcript-tier", metavar="NAME", help="retable.tier", show_default=False),
]
Aligner = Annotated[
    str | None,
    typer.Option("--aligner", metavar="NAME", help="retable.aligner", show_default=False),
]
NewText = Annotated[
    str | None,
    typer.Option("--text", metavar="NAME", help="retable.text", show_default=False),
]


@with_settings(RETABLED)
def retable(
    *,
    stats_dir: StatsDir,
    out: Target = None,
    labels: Labels = None,
    coding: CodingOptions,
    modality: Modality = None,
    transcript: NewTranscript = None,
    transcript_tier: Tier = None,
    aligner: Aligner = None,
    text: NewText = None,
    video: Video = None,
    show_page: OpenPage = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Make the tables of a video again with other settings, without decoding it.

    Settings that are not given stay as they were in the run that made the readings.

    With --labels the tables rest on what a person coded: spans and labels of the face, labels of
    the voice. Evidence and probabilities are measured again over these spans, confidence is what
    the model gave to the person's label, and run.json, the summary and a warning say whose labels
    they are.

    With --transcript the words of the talk are those of another file, or none; with --text another
    model reads what they say.
    """
    from emoreport.annotators.relabel import parse_labels
    from emoreport.exchange.transcripts import words_for
    from emoreport.overlay.recut import check_video
    from emoreport.run.read import read_report

    configuration = configured(config)
    changes = {name: value for name, value in configuration.items() if name in RETABLED} | options
    coded, caveats = parse_labels(stats_dir, labels, modality=modality, **coding.arguments())
    with _rare_collections():
        words = None
        if transcript is not None or text is not None:
            words = words_for(
                stats_dir,
                transcript,
                tier=transcript_tier,
                encoding=coding.encoding,
                text=text,
                aligner=aligner,
                announce=lambda line: None if quiet else dim_line(line),
            )
        report = read_report(stats_dir, changes, labels=coded, words=words)
        show_caveats(caveats, report.settings.output.lang)
        if video is not None:
            check_video(report, video, force=False)
        with ProgressDisplay(
            report.run.input.name, lang=report.settings.output.lang, quiet=quiet
        ) as bars:
            folder = report.write(out or stats_dir, video=video, progress=bars)
    show_report(report, folder, quiet=quiet)
    if show_page:
        open_page(folder, report.settings.output.lang)
    return 0


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for dead cycles less often.

    Tables are many small objects that all stay: looking every 700 of them takes a tenth of the
    time and finds none.
    """
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
