"""Score predictions for whole clips against their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.estimates import Scores, score_classes
from emoreport.corpora.label_names import Renamed, renamed, said_as
from emoreport.measure.clip_predictions import ClipPredictions
from emoreport.records import IntArray
from emoreport.vocabulary import EMOTIONS

NO_PREDICTION: Final = "without prediction"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScores(Scores):
    """What predictions for clips score.

    Attributes
    ----------
    clips, judged
        Labelled clips, and those of them that are scored.
    people
        People in the scored clips; None where the data do not name them: then an interval draws
        clips, and is too narrow where one person speaks in many.
    left_out
        Clips that are not scored, by the label that the predictions do not know, or
        `NO_PREDICTION`.
    mapped
        Label that a name in the data was taken for, and clips, by the name as it is written.
    """

    clips: int
    judged: int
    people: int | None
    left_out: Mapping[str, int] = field(default_factory=dict)
    mapped: Renamed = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "task": "clips",
            "clips": self.clips,
            "judged": self.judged,
            "people": self.people,
            "left_out": dict(self.left_out),
            "mapped": {
                name: {"label": label, "clips": clips}
                for name, (label, clips) in self.mapped.items()
            },
            **self.score_document(),
        }


def score_clips(clips: Sequence[LabelledClip], predictions: ClipPredictions) -> ClipScores:
    """Score predictions against labels; an answer is the class of the highest mean probability.

    Clips with labels that the predictions do not know are left out and counted: a model cannot find
    what it has no name for. Mere answers know every emotion.

    Raises
    ------
    CorpusError
        When no clip is left.
    """
    labels = predictions.labels
    if predictions.mere_answers:
        told = {clip.label for clip in clips}
        labels += tuple(one for one in EMOTIONS if one in told and one not in labels)
    emotions = [said_as(clip.label, labels) for clip in clips]
    left_out: Counter[str] = Counter()
    judged, rows = [], []
    for index, (clip, emotion) in enumerate(zip(clips, emotions, strict=True)):
        readings = predictions.readings.get(clip.file)
        mean = None if readings is None else readings.mean()
        if emotion not in labels:
            left_out[emotion] += 1
        elif mean is None or np.isnan(mean).any():
            left_out[NO_PREDICTION] += 1
        else:
            judged.append(index)
            rows.append(np.pad(mean, (0, len(labels) - len(mean))))
    if not judged:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise CorpusError("evaluate.nothing_left", reasons=reasons or "nothing")
    scored = score_classes(
        labels,
        np.array([labels.index(emotions[index]) for index in judged]),
        np.array(rows),
        person_numbers([clips[index] for index in judged]),
        "clips",
    )
    people = {clips[index].person for index in judged}
    return ClipScores(
        clips=len(clips),
        judged=len(judged),
        people=None if "" in people else len(people),
        left_out=left_out,
        mapped=renamed([clip.written for clip in clips], emotions),
        **{one.name: getattr(scored, one.name) for one in fields(scored)},
    )


def person_numbers(clips: Sequence[LabelledClip]) -> IntArray:
    """Number of the person of every clip, (N,); a clip without one is its own."""
    persons = [clip.person or f"\0{clip.file}" for clip in clips]
    numbers = {person: number for number, person in enumerate(dict.fromkeys(persons))}
    return np.array([numbers[person] for person in persons], np.int64)
