"""``emoreport evaluate clips``: score predictions for whole clips or for coded moments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emoreport.cli.console import print_table, warning_line
from emoreport.cli.evaluate_head import Features, HeadFolder, HeadQuestion, WithKnown
from emoreport.cli.options import Encoding, Json
from emoreport.cli.score_tables import estimate_cells, left_out_lines, print_json, print_scores
from emoreport.errors import EXIT_OK
from emoreport.messages import Words, spoken, text

if TYPE_CHECKING:
    from emoreport.corpora.clips import LabelledClip
    from emoreport.measure.clip_predictions import ClipPredictions
    from emoreport.measure.clip_scores import ClipScores
    from emoreport.measure.head_predictions import Chosen
    from emoreport.measure.vote_scores import VoteScores

_word = Words("cli.evaluate_clips")
VOTE_COLUMNS = ("coders", "moments", "uar", "interval", "accuracy", "interval")

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
People = Annotated[
    Path | None,
    typer.Option("--people", metavar="FILE", help="evaluate.clips.people", show_default=False),
]


def clips(
    *,
    labels: Labels,
    predictions: Predictions = None,
    head: HeadFolder = None,
    features: Features = None,
    with_known: WithKnown = False,
    modality: Modality = "face",
    people: People = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> int:
    """Score predictions for whole clips against their labels, or against several coders."""
    from emoreport.corpora.people import read_people
    from emoreport.corpora.ramas import is_ramas, read_ramas
    from emoreport.measure.clip_scores import score_clips
    from emoreport.measure.vote_scores import score_votes

    known = read_people(people) if people else {}
    question = HeadQuestion(head, features, with_known)
    if is_ramas(labels):
        votes = [recording.of_person(known) for recording in read_ramas(labels)]
        clips_of = [recording.as_clip() for recording in votes]
        kept, found, beside = _predicted(clips_of, predictions, question, modality)
        files = {clip.file for clip in kept}
        voted = score_votes([one for one in votes if one.file in files], found)
        if as_json:
            print_json(voted.document() | beside)
        else:
            _print_votes(voted, spoken())
        return EXIT_OK
    labelled = [clip.of_person(known) for clip in _labelled(labels, encoding)]
    kept, found, beside = _predicted(labelled, predictions, question, modality)
    scores = score_clips(kept, found)
    if as_json:
        print_json(scores.document() | beside)
    else:
        _print(scores, spoken())
    return EXIT_OK


def _labelled(labels: Path, encoding: str | None) -> list[LabelledClip]:
    """Labelled clips; an encoding that had to be guessed is told as a warning."""
    from emoreport.corpora.layouts import read_labelled_clips

    labelled, guessed = read_labelled_clips(labels, encoding)
    if guessed:
        values = {"file": labels, "encoding": guessed}
        warning_line(text("agree.caveat.guessed_encoding", spoken(), **values))
    return labelled


def _predicted(
    clips: Sequence[LabelledClip],
    predictions: Path | None,
    question: HeadQuestion,
    modality: Literal["face", "voice"],
) -> tuple[Sequence[LabelledClip], ClipPredictions, dict[str, object]]:
    """Clips that are scored, predictions for them, and what belongs beside the scores."""
    from emoreport.measure.clip_predictions import names_of, read_clip_predictions
    from emoreport.measure.head_predictions import predict_clips

    if not question.is_asked(predictions):
        assert predictions is not None
        files = [clip.file for clip in clips]
        places: dict[str, list[str]] = {file: [] for file in files}
        for place, file in names_of(files).items():
            places[file].append(place)
        chosen = question.chosen_runs(predictions, places)
        found = read_clip_predictions(predictions, files, modality)
        return _kept(clips, chosen), found, chosen.document() if chosen.known else {}
    head = question.opened()
    chosen = question.chosen(head, {clip.file: clip.person for clip in clips})
    kept = _kept(clips, chosen)
    return kept, predict_clips(head, question.folder, kept), chosen.document()


def _kept(clips: Sequence[LabelledClip], chosen: Chosen) -> list[LabelledClip]:
    names = set(chosen.names)
    return [clip for clip in clips if clip.file in names]


def _print(scores: ClipScores, lang: str) -> None:
    print(_word("judged", lang, judged=scores.judged, clips=scores.clips))
    known = scores.people is not None
    print(_word("people", lang, people=scores.people) if known else _word("no_people", lang))
    for line in left_out_lines(scores.left_out, scores.mapped, lang):
        print(line)
    print()
    print_scores(scores, lang, "people" if known else "clips")


def _print_votes(scores: VoteScores, lang: str) -> None:
    counts = {"recordings": scores.recordings, "judged": scores.judged, "moments": scores.moments}
    print(_word("voted", lang, **counts))
    print(_word("people", lang, people=scores.people))
    for key, names in (("missing", scores.missing), ("unknown", scores.unknown)):
        if names:
            print(_word(key, lang, names=", ".join(names)))
    print()
    print_table(
        [_word(f"column.{name}", lang) for name in VOTE_COLUMNS],
        [
            [
                _word("at_least", lang, coders=row.annotators),
                str(row.moments),
                *estimate_cells(row.uar, lang),
                *estimate_cells(row.accuracy, lang),
            ]
            for row in scores.by_agreement
        ],
    )
