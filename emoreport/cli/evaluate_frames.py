"""``emoreport evaluate expr|au|va``: score predictions for every frame against people's labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoreport.cli.console import note_line
from emoreport.cli.evaluate_head import Features, HeadFolder, HeadQuestion, WithKnown
from emoreport.cli.options import Json
from emoreport.cli.score_tables import print_json, print_scores
from emoreport.errors import EXIT_OK, SettingsError
from emoreport.messages import Words, spoken

if TYPE_CHECKING:
    from emoreport.corpora.frame_scores import FrameScores
    from emoreport.corpora.tasks import TaskName

_word = Words("cli.evaluate_frames")

LabelFiles = Annotated[
    Path,
    typer.Argument(metavar="LABELS", help="evaluate.frames.labels", show_default=False),
]
Predictions = Annotated[
    Path | None,
    typer.Option(
        "--predictions", metavar="PATH", help="evaluate.frames.predictions", show_default=False
    ),
]
People = Annotated[
    Path | None,
    typer.Option("--people", metavar="FILE", help="evaluate.frames.people", show_default=False),
]
Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="FOLDER", help="evaluate.frames.write", show_default=False),
]


def command_of(name: TaskName) -> Callable[..., int]:
    """The command that scores the frames of a task."""

    def command(
        *,
        labels: LabelFiles,
        predictions: Predictions = None,
        head: HeadFolder = None,
        features: Features = None,
        with_known: WithKnown = False,
        people: People = None,
        write: Write = None,
        as_json: Json = False,
    ) -> int:
        """Score predictions for every frame against people's labels."""
        asked = HeadQuestion(head, features, with_known)
        return _score(name, labels, predictions, asked, people, write, as_json=as_json)

    command.__name__ = name
    return command


def _score(
    name: TaskName,
    folder: Path,
    predictions: Path | None,
    asked: HeadQuestion,
    people: Path | None,
    write: Path | None,
    *,
    as_json: bool,
) -> int:
    from emoreport.corpora.abaw import read_abaw
    from emoreport.corpora.frame_scores import score_frames
    from emoreport.corpora.people import read_people
    from emoreport.corpora.tasks import TASKS
    from emoreport.measure.frame_predictions import places_of, read_predictions
    from emoreport.measure.head_predictions import predict_frames, thresholds_of
    from emoreport.measure.written_predictions import write_predictions

    task = TASKS[name]
    labels = read_abaw(folder, task)
    persons = read_people(people) if people else None
    document: dict[str, object] = {}
    thresholds: tuple[float, ...] = ()
    if asked.is_asked(predictions):
        head = asked.opened()
        chosen = asked.chosen(head, {name: (persons or {}).get(name, "") for name in labels})
        labels = {name: labels[name] for name in chosen.names}
        found = predict_frames(head, asked.folder, task, labels)
        document, thresholds = chosen.document(), thresholds_of(head, task)
    else:
        assert predictions is not None
        chosen = asked.chosen_runs(predictions, dict(places_of(labels)))
        found = read_predictions(predictions, task, labels)
        labels = {name: labels[name] for name in chosen.names}
        document = chosen.document() if chosen.known else {}
    scores = score_frames(task, labels, found, persons, thresholds=thresholds)
    if write is not None:
        given = (folder, predictions, asked.features)
        if write.resolve() in {path.resolve() for path in given if path is not None}:
            raise SettingsError("evaluate.writes_over", file=write)
        written = write_predictions(write, task, labels, found, scores.threshold)
        note_line(_word("written", spoken(), files=len(written), folder=write))
    if as_json:
        print_json(scores.document() | document)
    else:
        _print(scores, spoken(), given=bool(thresholds))
    return EXIT_OK


def _print(scores: FrameScores, lang: str, *, given: bool) -> None:
    counts = {"videos": scores.videos, "judged": scores.judged, "labelled": scores.labelled}
    print(_word("judged", lang, **counts))
    if scores.missing:
        print(_word("missing", lang, names=", ".join(scores.missing)))
    print_scores(scores, lang, "people" if scores.people < scores.videos else "files", given=given)
