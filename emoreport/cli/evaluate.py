"""``emoreport evaluate``: measure accuracy, calibration and speed on labelled data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli import evaluate_clips, evaluate_frames
from emoreport.cli.console import error_line, note_line, print_table, warning_line
from emoreport.cli.options import Config, Encoding, Json, settings_from, with_settings
from emoreport.cli.score_tables import figure_line, left_out_lines, print_json
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, MediaError, SettingsError
from emoreport.messages import Words, number, text

if TYPE_CHECKING:
    from emoreport.corpora.tasks import TaskName
    from emoreport.measure.evaluate import Evaluation

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
)

_word = Words("cli.evaluate")
FRAME_TABLES = (".csv", ".tsv")
FIGURES = ("accuracy", "macro_recall", "calibration_error")
MISTAKE = ("video", "time", "label", "answer", "confidence")
RUNTIME = ("offline", "threads", "runtime", "device")

Faces = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="evaluate.face.file",
        show_default=False,
    ),
]
Videos = Annotated[
    list[Path] | None,
    typer.Option(
        "--videos",
        metavar="FOLDER",
        help="evaluate.face.videos",
        show_default=False,
    ),
]
Conditions = Annotated[
    bool,
    typer.Option(
        "--conditions",
        help="evaluate.face.conditions",
    ),
]
Voices = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="evaluate.voice.folder",
        show_default=False,
    ),
]


@app.command("face")
@with_settings((*RUNTIME, "face", "face_detector"))
def face(
    *,
    file: Faces,
    videos: Videos = None,
    conditions: Conditions = False,
    as_json: Json = False,
    config: Config = None,
    options: dict[str, Any],
) -> int:
    """Score a face-emotion model on labelled face pictures, or on labelled frames of recordings."""
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.corpora.face_pictures import read_labelled_faces
    from emoreport.faces.select import open_detector, open_face_model
    from emoreport.measure.evaluate import evaluate_faces
    from emoreport.measure.labelled_frames import read_labelled_frames

    settings = settings_from(options, config)
    with PullDisplay(lang=settings.output.lang, quiet=False) as pulls:
        model = open_face_model(settings, note_line, pulls)
        if file.suffix.casefold() in FRAME_TABLES:
            with closing(open_detector(settings, note_line, pulls)) as detector:
                faces = read_labelled_frames(file, videos or (), detector, model.crop)
        else:
            faces = read_labelled_faces(file)
    evaluation = evaluate_faces(model, faces, conditions=conditions)
    _print(evaluation, as_json=as_json, lang=settings.output.lang)
    return EXIT_OK


@app.command("voice")
@with_settings((*RUNTIME, "speech", "speech_bias", "speech_runtime"))
def voice(
    *,
    folder: Voices,
    encoding: Encoding = None,
    as_json: Json = False,
    config: Config = None,
    options: dict[str, Any],
) -> int:
    """Score a voice-emotion model on labelled clips.

    Clips that cannot be decoded are named and left out; the exit code is then 1.
    """
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.measure.evaluate import evaluate_voices
    from emoreport.speech.select import open_voice_model

    settings = settings_from(options, config)
    with PullDisplay(lang=settings.output.lang, quiet=False) as pulls:
        model = open_voice_model(settings, note_line, pulls)
    if model is None:
        raise SettingsError("evaluate.no_model")
    evaluation = evaluate_voices(model, folder, encoding=encoding)
    if evaluation.guessed_encoding:
        values = {"file": folder / "labels.csv", "encoding": evaluation.guessed_encoding}
        warning_line(text("agree.caveat.guessed_encoding", settings.output.lang, **values))
    for name, cause in evaluation.unreadable.items():
        error_line(str(MediaError("file.said", text=cause, file=folder / name)))
    _print(evaluation, as_json=as_json, lang=settings.output.lang)
    return EXIT_VIDEO_FAILED if evaluation.unreadable else EXIT_OK


TASKS: tuple[TaskName, ...] = ("expr", "au", "va")
for name in TASKS:
    app.command(name)(evaluate_frames.command_of(name))
app.command("clips")(evaluate_clips.clips)


def _print(evaluation: Evaluation, *, as_json: bool, lang: str) -> None:
    document = evaluation.document()
    if as_json:
        print_json(document)
        return
    for line in _figure_lines(evaluation, lang):
        print(line)
    labels = list(next(iter(evaluation.confusion.values())))
    print(f"\n{_word('title.confusion', lang)}")
    print_table(
        ["", _word("recall", lang), *labels],
        [
            [label, _share(evaluation.recall[label], 3, lang), *(str(row[name]) for name in labels)]
            for label, row in evaluation.confusion.items()
        ],
    )
    if evaluation.conditions:
        print(f"\n{_word('title.conditions', lang)}")
        print_table(
            ["", *(_word(name, lang) for name in FIGURES)],
            [
                [_word(f"condition.{name}", lang), *(_share(row[key], 3, lang) for key in FIGURES)]
                for name, row in evaluation.conditions.items()
            ],
        )
    if evaluation.mistakes:
        print(f"\n{_word('title.mistakes', lang)}")
        print_table(
            [_word(f"mistake.{name}", lang) for name in MISTAKE],
            [
                [
                    wrong.video,
                    _share(wrong.time_s, 3, lang),
                    wrong.emotion,
                    wrong.answer,
                    _share(wrong.confidence, 2, lang),
                ]
                for wrong in evaluation.mistakes
            ],
        )


def _figure_lines(evaluation: Evaluation, lang: str) -> Iterator[str]:
    """The figures before the tables, one line each."""
    yield figure_line("model", evaluation.model, lang)
    yield figure_line("items", str(evaluation.items), lang)
    yield from left_out_lines(evaluation.left_out, evaluation.mapped, lang)
    for name in FIGURES:
        yield figure_line(name, _share(getattr(evaluation, name), 4, lang), lang)
    for name, value in evaluation.speed.items():
        yield f"{_word(f'speed.{name}', lang)}: {_share(value, 2, lang)}"
    for group, figures in evaluation.groups.items():
        values = {name: figures[name] for name in ("items", "accuracy", "macro_recall")}
        yield _word("group", lang, group=group, **values)


def _share(value: float, decimals: int, lang: str) -> str:
    return number(value, decimals, lang)
