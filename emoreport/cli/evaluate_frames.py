"""``emoreport evaluate expr|au|va``: score predictions for every frame against people's labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoreport.cli.console import print_table
from emoreport.cli.options import Json
from emoreport.errors import EXIT_OK
from emoreport.messages import Words, number, spoken

if TYPE_CHECKING:
    from emoreport.corpora.tasks import TaskName
    from emoreport.measure.frame_scores import FrameScores

_word = Words("cli.evaluate_frames")

LabelFiles = Annotated[
    Path,
    typer.Argument(metavar="LABELS", help="evaluate.frames.labels", show_default=False),
]
Predictions = Annotated[
    Path,
    typer.Option(
        "--predictions", metavar="PATH", help="evaluate.frames.predictions", show_default=False
    ),
]


def expr(*, labels: LabelFiles, predictions: Predictions, as_json: Json = False) -> int:
    """Score expressions of every frame: F1, recall, accuracy, calibration."""
    return _score("expr", labels, predictions, as_json=as_json)


def au(*, labels: LabelFiles, predictions: Predictions, as_json: Json = False) -> int:
    """Score action units of every frame: F1 at a half and at fitted thresholds."""
    return _score("au", labels, predictions, as_json=as_json)


def va(*, labels: LabelFiles, predictions: Predictions, as_json: Json = False) -> int:
    """Score valence and arousal of every frame: concordance correlation."""
    return _score("va", labels, predictions, as_json=as_json)


def _score(name: TaskName, folder: Path, predictions: Path, *, as_json: bool) -> int:
    from emoreport.corpora.abaw import read_abaw
    from emoreport.corpora.tasks import TASKS
    from emoreport.measure.frame_predictions import read_predictions
    from emoreport.measure.frame_scores import score_frames

    task = TASKS[name]
    labels = read_abaw(folder, task)
    scores = score_frames(task, labels, read_predictions(predictions, task, labels))
    if as_json:
        print(json.dumps(scores.document(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(scores, spoken())
    return EXIT_OK


def _print(scores: FrameScores, lang: str) -> None:
    counts = {"videos": scores.videos, "judged": scores.judged, "labelled": scores.labelled}
    print(_word("judged", lang, **counts))
    if scores.missing:
        print(_word("missing", lang, names=", ".join(scores.missing)))
    print_table(
        ["", _word("value", lang), _word("interval", lang)],
        [
            [
                _word(f"score.{name}", lang),
                _cell(estimate.value, lang),
                f"{_cell(estimate.low, lang)}–{_cell(estimate.high, lang)}",
            ]
            for name, estimate in scores.scores.items()
        ],
    )
    columns = list(next(iter(scores.by_column.values())))
    print()
    print_table(
        ["", *(_word(f"column.{name}", lang) for name in columns)],
        [
            [name, *(_cell(row[column], lang, column) for column in columns)]
            for name, row in scores.by_column.items()
        ],
    )
    if scores.confusion:
        classes = list(next(iter(scores.confusion.values())))
        print(f"\n{_word('confusion', lang)}")
        print_table(
            ["", *classes],
            [
                [name, *(str(count) for count in row.values())]
                for name, row in scores.confusion.items()
            ],
        )


def _cell(value: float, lang: str, column: str = "") -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return "—"
    return number(value, 0 if column == "frames" else 3, lang)
