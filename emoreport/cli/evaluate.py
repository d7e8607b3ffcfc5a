"""``emoreport evaluate face|voice``: measure accuracy, calibration and speed on labelled data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import error_line, note_line, print_table, warning_line
from emoreport.cli.options import Config, Encoding, Json, settings_from, with_settings
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, SettingsError
from emoreport.messages import text
from emoreport.vocabulary import is_calm

if TYPE_CHECKING:
    from emoreport.measure.evaluate import Evaluation

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
)

FRAME_TABLES = (".csv", ".tsv")
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
    from emoreport.faces.select import open_detector, open_face_model
    from emoreport.measure.evaluate import evaluate_faces
    from emoreport.measure.labelled_faces import read_labelled_faces
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
        raise SettingsError("--speech none names no model", remedy="name a model")
    evaluation = evaluate_voices(model, folder, encoding=encoding)
    if evaluation.guessed_encoding:
        values = {"file": folder / "labels.csv", "encoding": evaluation.guessed_encoding}
        warning_line(text("agree.caveat.guessed_encoding", settings.output.lang, **values))
    for name, cause in evaluation.unreadable.items():
        error_line(f"{folder / name}: decode: {cause}")
    _print(evaluation, as_json=as_json, lang=settings.output.lang)
    return EXIT_VIDEO_FAILED if evaluation.unreadable else EXIT_OK


def _print(evaluation: Evaluation, *, as_json: bool, lang: str) -> None:
    document = evaluation.document()
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
        return
    print(f"model             {evaluation.model}")
    print(f"items             {evaluation.items}")
    for reason, count in evaluation.left_out.items():
        print(f"left out          {count} {reason}")
    for line in _naming_lines(evaluation, lang):
        print(line)
    print(f"accuracy          {evaluation.accuracy:.4f}")
    print(f"macro recall      {evaluation.macro_recall:.4f}")
    print(f"calibration error {evaluation.calibration_error:.4f}")
    for name, value in evaluation.speed.items():
        print(f"{name.replace('_', ' ')}: {value:.2f}")
    for group, figures in evaluation.groups.items():
        print(
            f"{group}: {figures['items']:.0f} items, accuracy {figures['accuracy']:.4f}, "
            f"macro recall {figures['macro_recall']:.4f}"
        )
    labels = list(next(iter(evaluation.confusion.values())))
    print("\nrecall and confusion (rows: true, columns: predicted)")
    print_table(
        ["", "recall", *labels],
        [
            [label, f"{evaluation.recall[label]:.3f}", *(str(row[name]) for name in labels)]
            for label, row in evaluation.confusion.items()
        ],
    )
    if evaluation.conditions:
        print("\nthe same faces under other conditions")
        print_table(
            ["", "accuracy", "macro recall", "calibration error"],
            [
                [
                    name.replace("_", " "),
                    *(
                        f"{row[key]:.3f}"
                        for key in ("accuracy", "macro_recall", "calibration_error")
                    ),
                ]
                for name, row in evaluation.conditions.items()
            ],
        )
    if evaluation.mistakes:
        print("\nframes judged otherwise than labelled")
        print_table(
            ["video", "time", "label", "answer", "confidence"],
            [
                [
                    wrong.video,
                    f"{wrong.time_s:.3f}",
                    wrong.emotion,
                    wrong.answer,
                    f"{wrong.confidence:.2f}",
                ]
                for wrong in evaluation.mistakes
            ],
        )


def _naming_lines(evaluation: Evaluation, lang: str) -> Iterator[str]:
    """What names in the data were taken for, and why a calm face or voice was not."""
    for name, (label, items) in evaluation.mapped.items():
        reason = "calm_is_neutral" if is_calm(name) else "mapped"
        yield text(f"cli.evaluate.{reason}", lang, name=name, label=label, items=items)
    if any(is_calm(reason) for reason in evaluation.left_out):
        yield text("cli.evaluate.calm_apart", lang)
