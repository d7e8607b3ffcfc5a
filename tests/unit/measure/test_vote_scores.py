"""Scores against several annotators, by values worked by hand."""

import numpy as np
import pytest

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.ramas import LABELS, Votes
from emoreport.measure.clip_predictions import ClipPredictions, ClipReadings
from emoreport.measure.vote_scores import score_votes
from emoreport.vocabulary import EMOTIONS


def recording(file, person, *moments):
    votes = np.zeros((len(moments), 7), np.int64)
    for row, seen in zip(votes, moments, strict=True):
        for label, count in seen.items():
            row[LABELS.index(label)] = count
    start = np.arange(len(moments), dtype=float)
    return Votes(file, person, start, start + 1, votes)


def said(*answers, labels=EMOTIONS):
    """Frames at the quarter of every second; None is a second without a face."""
    at = np.array([second + 0.25 for second, one in enumerate(answers) if one], float)
    rows = np.array([[0.9 if label == one else 0.01 for label in labels] for one in answers if one])
    return ClipReadings.of(at, at, np.ones(len(at)), rows.reshape(-1, len(labels)))


def test_every_number_of_annotators_is_told():
    votes = [
        recording("a", "ann", {"anger": 5}, {"anger": 2, "sadness": 3}, {"fear": 1}, {}),
        recording("b", "bob", {"happiness": 4}, {"neutral": 5}, {"anger": 3}),
        recording("c", "eve", {"happiness": 4}),
    ]
    found = ClipPredictions(
        EMOTIONS,
        {
            "a": said("anger", "anger", "surprise", "neutral"),
            "b": said("happiness", "sadness", None),
        },
    )
    scores = score_votes(votes, found)
    assert (scores.recordings, scores.people, scores.moments, scores.judged) == (2, 2, 8, 6)
    assert (scores.missing, scores.unknown) == (("c",), ())
    rows = {row.annotators: row for row in scores.by_agreement}
    assert [row.moments for row in scores.by_agreement] == [5, 4, 4, 3, 2]
    assert rows[1].accuracy.value == pytest.approx(3 / 5)
    # anger 2 of 2, sadness 1 of 1 (its moment is hit by anger), fear 0, happiness 1, neutral 0.
    assert rows[1].uar.value == pytest.approx((1 + 1 + 0 + 1 + 0) / 5)
    assert rows[3].accuracy.value == pytest.approx(2 / 4)  # anger is no longer among two
    assert rows[3].recall["sadness"] == 0
    assert rows[5].uar.value == pytest.approx((1 + 0) / 2)
    assert (rows[5].accuracy.low, rows[5].accuracy.high) == (0.0, 1.0)
    document = scores.document()["by_agreement"]
    assert list(document) == ["1", "2", "3", "4", "5"]
    assert document["5"]["recall"] == {"anger": 1.0, "neutral": 0.0}


def test_contempt_is_no_answer_and_positive_is_happiness():
    labels = ("contempt", "neutral", "positive")
    found = ClipPredictions(labels, {"a": said("positive", labels=labels)})
    found.readings["a"].probabilities[0] = [0.5, 0.2, 0.3]
    scores = score_votes([recording("a", "ann", {"happiness": 2, "anger": 5})], found)
    assert scores.unknown == ("anger", "sadness", "disgust", "fear", "surprise")
    assert [row.annotators for row in scores.by_agreement] == [1, 2]
    assert scores.by_agreement[0].accuracy.value == 1
    assert np.isnan(scores.by_agreement[0].accuracy.low)


def test_nothing_in_common_is_an_error():
    votes = [recording("a", "ann", {"anger": 1})]
    for found in (
        ClipPredictions(EMOTIONS, {}),
        ClipPredictions(("contempt",), {"a": said("contempt", labels=("contempt",))}),
    ):
        with pytest.raises(CorpusError, match="no labelled frame has a prediction"):
            score_votes(votes, found)
