"""``emoreport evaluate clips``: score predictions for whole clips against their labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emoreport.cli.console import warning_line
from emoreport.cli.evaluate_head import Features, HeadFolder, HeadQuestion, WithKnown
from emoreport.cli.options import Encoding, Json
from emoreport.cli.score_tables import left_out_lines, print_json, print_scores
from emoreport.errors import EXIT_OK
from emoreport.messages import Words, spoken, text

if TYPE_CHECKING:
    from emoreport.measure.clip_scores import ClipScores

_word = Words("cli.evaluate_clips")

Labels = Annotated[
    Path, typer.Argument(metavar="LABELS", help="evaluate.clips.labels", show_default=False)
]
Predictions = Annotated[
    Path | None,
    typer.Option(
        "--predictions", metavar="PATH", help="evaluate.clips.predictions", show_default=False
    ),
]
Modality = Annotated[
    Literal["face", "voice"],
    typer.Option("--modality", help="evaluate.clips.modality", metavar="face|voice"),
]


def clips(
    *,
    labels: Labels,
    predictions: Predictions = None,
    head: HeadFolder = None,
    features: Features = None,
    with_known: WithKnown = False,
    modality: Modality = "face",
    encoding: Encoding = None,
    as_json: Json = False,
) -> int:
    """Score predictions for whole clips against their labels."""
    from emoreport.corpora.layouts import read_labelled_clips
    from emoreport.measure.clip_predictions import read_clip_predictions
    from emoreport.measure.clip_scores import score_clips
    from emoreport.measure.head_predictions import predict_clips

    labelled, guessed = read_labelled_clips(labels, encoding)
    if guessed:
        values = {"file": labels, "encoding": guessed}
        warning_line(text("agree.caveat.guessed_encoding", spoken(), **values))
    asked = HeadQuestion(head, features, with_known)
    document: dict[str, object] = {}
    if asked.is_asked(predictions):
        opened = asked.opened()
        chosen = asked.chosen(opened, {clip.file: clip.person for clip in labelled})
        kept = set(chosen.names)
        labelled = [clip for clip in labelled if clip.file in kept]
        found = predict_clips(opened, asked.folder, labelled)
        document = chosen.document()
    else:
        assert predictions is not None
        found = read_clip_predictions(predictions, [clip.file for clip in labelled], modality)
    scores = score_clips(labelled, found)
    if as_json:
        print_json(scores.document() | document)
    else:
        _print(scores, spoken())
    return EXIT_OK


def _print(scores: ClipScores, lang: str) -> None:
    print(_word("judged", lang, judged=scores.judged, clips=scores.clips))
    known = scores.people is not None
    print(_word("people", lang, people=scores.people) if known else _word("no_people", lang))
    for line in left_out_lines(scores.left_out, scores.mapped, lang):
        print(line)
    print()
    print_scores(scores, lang, "people" if known else "clips")
