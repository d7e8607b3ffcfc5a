"""What the words say: in each row of the face, and clause by clause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.abstention import Level, Rule
from emoreport.analysis.rows.evidence import normalised_entropy
from emoreport.analysis.rows.words import row_of_words
from emoreport.records import DoubleArray, IntArray, Span, TextReadings, Transcript, Word
from emoreport.results import Comparison, TextEvidence, TextInterval, VideoInterval
from emoreport.vocabulary import UNCERTAIN

TEXT_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "judged_words",
        "below",
        4,
        4,
        "Fewer words say too little, and are no clause that a text model learned from: it judges "
        "none of fewer than four.",
        code="few_words",
    ),
    Rule(
        "entropy",
        "above",
        0.92,
        0.89,
        "Labels of the compact model that are beyond it are together right no more often than the "
        "most frequent emotion would be (strict: than in half of cases).",
    ),
)
"""Limits for what words say, in the order in which reasons are named.

The margin has none: of two emotions that are nearly level one mostly holds. Measured by
`training.text.limits`.
"""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """What the words of a talk say.

    Attributes
    ----------
    labels
        Those of the text model; empty where none read the words.
    rows, clauses
        Row by row of the face, and clause by clause.
    """

    labels: tuple[str, ...] = ()
    rows: tuple[TextInterval, ...] = ()
    clauses: tuple[TextInterval, ...] = ()

    def beside(self, comparisons: tuple[Comparison, ...]) -> tuple[Comparison, ...]:
        """Comparisons over the rows of the face, each with what the words say in it."""
        if not self.labels:
            return comparisons
        return tuple(
            replace(comparison, text_emotion=row.emotion)
            for comparison, row in zip(comparisons, self.rows, strict=True)
        )

    def firm(self, text: TextReadings | None) -> TextReadings | None:
        """The readings without those of clauses that rest on too little: what figures rest on."""
        if text is None:
            return None
        doubtful = np.array([row.emotion == UNCERTAIN for row in self.clauses], np.bool_)
        probabilities = np.where(doubtful[:, None], np.float32(np.nan), text.probabilities)
        return replace(text, probabilities=probabilities)

    @classmethod
    def of(
        cls,
        transcript: Transcript | None,
        text: TextReadings | None,
        rows: Sequence[VideoInterval],
        level: Level,
    ) -> Self:
        """Judge the words in rows of the face and in their clauses; nothing without readings.

        A row takes the mean of its clauses' distributions, weighted by how many of their words lie
        in it. A row without a word has no label at all: nothing was said that could be judged.

        Parameters
        ----------
        transcript, text
            The words, and what a model read in their clauses.
        rows
            Rows of the face, in order of time.
        level
            How much evidence a label needs.
        """
        if transcript is None or text is None:
            return cls()
        words = transcript.words
        table = np.asarray(text.probabilities, dtype=np.float64)
        clause_of = np.repeat(np.arange(len(text.first)), text.last - text.first)
        spans = [Span(start_s, end_s) for start_s, end_s in _times(text)]
        judge = _Judge(text.labels, level, words, table, clause_of)
        return cls(
            tuple(text.labels),
            judge.intervals([row.span for row in rows], row_of_words(transcript, rows)),
            judge.intervals(spans, clause_of),
        )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges stretches by the words in them.

    Attributes
    ----------
    labels, level
        Of the text model, and how much evidence a label needs.
    words
        The words of the transcript (N).
    probabilities
        float64 (C, K) of clauses; NaN rows where none were judged.
    clause_of
        int64 (N,), the clause of each word.
    """

    labels: tuple[str, ...]
    level: Level
    words: Sequence[Word]
    probabilities: DoubleArray
    clause_of: IntArray

    def intervals(self, spans: Sequence[Span], place: IntArray) -> tuple[TextInterval, ...]:
        """One row per span; `place` int64 (N,) is the span of each word, -1 for none."""
        inside = place >= 0
        of_word = self.probabilities[self.clause_of]
        judged = inside & ~np.isnan(of_word).any(axis=1)
        total = np.zeros((len(spans), len(self.labels)))
        np.add.at(total, place[judged], of_word[judged])
        count = np.bincount(place[inside], minlength=len(spans))
        known = np.bincount(place[judged], minlength=len(spans))
        with np.errstate(invalid="ignore"):
            mean = total / known[:, None]
        doubt, ranked = normalised_entropy(mean), np.sort(mean, axis=1)
        lead = ranked[:, -1] - ranked[:, -2] if len(self.labels) > 1 else np.full(len(mean), np.nan)
        texts = self._texts(place, len(spans))
        return tuple(
            self._interval(
                span,
                int(count[row]),
                texts[row],
                mean[row],
                TextEvidence(int(known[row]), none_if_nan(doubt[row]), none_if_nan(lead[row])),
            )
            for row, span in enumerate(spans)
        )

    def _texts(self, place: IntArray, spans: int) -> list[str | None]:
        texts: list[list[str]] = [[] for _ in range(spans)]
        for word, row in zip(self.words, place.tolist(), strict=True):
            if row >= 0 and word.text:
                texts[row].append(word.text + word.after)
        return [" ".join(text) or None for text in texts]

    def _interval(
        self, span: Span, words: int, text: str | None, mean: DoubleArray, evidence: TextEvidence
    ) -> TextInterval:
        if not words:
            return TextInterval(span, None, None, 0)
        reasons = tuple(rule.reason for rule in TEXT_RULES if rule.hits(evidence, self.level))
        if not evidence.judged_words:
            reasons = reasons or (TEXT_RULES[0].reason,)
        if reasons:
            return TextInterval(
                span, UNCERTAIN, None, words, text, evidence=evidence, reasons=reasons
            )
        distribution = tuple(mean.tolist())
        confidence = max(distribution)
        emotion = self.labels[distribution.index(confidence)]
        return TextInterval(span, emotion, confidence, words, text, distribution, evidence)


def _times(text: TextReadings) -> list[tuple[float, float]]:
    return list(zip(text.start_s.tolist(), text.end_s.tolist(), strict=True))
