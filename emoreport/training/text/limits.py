"""Measure where a text model is in too much doubt, and its F1 as other models' cards give it.

Run as ``python -m emoreport.training.text.limits --data ../shared/data --out docs/models``. It
takes the compact model of the package, or that of ``--model FILE``, and sentences that nothing of
it was fitted on. One half of them chooses the limits, the other half says what these do.

A label is right if it is an emotion that holds. The labels beyond a limit are together right too
rarely: for *normal*, no more often than if the most frequent emotion were always named; for
*strict*, in no more than half of cases.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

import emoreport
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.scores import binary_f1
from emoreport.analysis.rows.evidence import normalised_entropy
from emoreport.models.families.text_compact import METADATA_FILE, CompactTextModel
from emoreport.records import DoubleArray, FloatArray
from emoreport.training.selective import ranked
from emoreport.training.text.data import CEDR, LABELS, Sentences, held_out

MEASURED_FILE: Final = "compact-text.measured.json"
HALF: Final = 0.5
STEPS: Final = 100
"""Limits are multiples of one over this."""
WORDS: Final = (1, 2, 3, 4, 6, 8)
"""Lengths of the fragments that are judged; their sentences have at least the last of them."""
EVIDENCE: Final = {"entropy": 1.0, "margin": -1.0}
"""What tells doubt: 1 where more of it is more doubt, -1 where less is."""

Predict = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers to sentences of one collection, without those of which the collection tells nothing.

    Attributes
    ----------
    right
        bool (N,), whether the label holds.
    evidence
        By name of `EVIDENCE`, float64 (N,).
    most_frequent
        Share of the sentences in which the most frequent emotion holds.
    """

    right: BoolArray
    evidence: Mapping[str, DoubleArray]
    most_frequent: float

    @classmethod
    def of(cls, predict: Predict, part: Sentences) -> Self:
        """What a model says of sentences."""
        table = predict(part.texts).astype(np.float64)
        holds = part.truth[np.arange(len(part)), table.argmax(axis=1)]
        told, ordered = ~np.isnan(holds), np.sort(table, axis=1)
        evidence = {
            "entropy": normalised_entropy(table)[told],
            "margin": (ordered[:, -1] - ordered[:, -2])[told],
        }
        frequent = np.nan_to_num(part.truth[told]).sum(axis=0).max() / max(told.sum(), 1)
        return cls(holds[told] > HALF, evidence, float(frequent))

    def __len__(self) -> int:
        """Number of answers."""
        return len(self.right)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=None, help="metadata of another model")
    parser.add_argument("--out", type=Path, default=None, help="folder of the figures")
    options = parser.parse_args(arguments)
    model = CompactTextModel(options.model)
    held = held_out(options.data / "text")
    own = Path(emoreport.__file__).parent / "weights" / METADATA_FILE
    figures = json.loads((options.model or own).read_text(encoding="utf-8"))["figures"]
    found = measure(model.predict, held) | {
        "f1_both_ways": {
            name: f1_both_ways(model.scores(part.texts), figures[name]["thresholds"], part)
            for name, part in held.items()
        }
    }
    content = json.dumps({"files": dict(model.record.files), **found}, ensure_ascii=False, indent=1)
    print(content)
    if options.out is not None:
        (options.out / MEASURED_FILE).write_text(content + "\n", encoding="utf-8")


def measure(predict: Predict, held: Mapping[str, Sentences]) -> dict[str, Any]:
    """Choose the limits on one half of every collection, and say what they do on the other.

    Parameters
    ----------
    predict
        Texts to probabilities of `data.LABELS`, float32 (N, K).
    held
        Sentences that nothing was fitted on, by collection.
    """
    halves = {name: _halves(part) for name, part in held.items()}
    chosen_on = [Judged.of(predict, first) for first, _ in halves.values()]
    limits = choose(chosen_on)
    return {
        "chosen_on": dict(zip(held, map(len, chosen_on), strict=True)),
        "limits": limits,
        "stated": {
            name: stated(Judged.of(predict, second), limits) for name, (_, second) in halves.items()
        },
        "fragments": {name: fragments(predict, second) for name, (_, second) in halves.items()},
    }


def f1_both_ways(
    scores: FloatArray, thresholds: Mapping[str, float], part: Sentences
) -> dict[str, float]:
    """F1 of each emotion as the mean of that for "holds" and that for "does not".

    The cards of rubert-tiny2 give it so. It is kinder than F1 of "holds" alone, for most emotions
    do not hold in most sentences.

    Parameters
    ----------
    scores
        float32 (N, K), 0–1, by `data.LABELS`.
    thresholds
        By emotion: the score from which it counts as named.
    part
        The N sentences.

    Returns
    -------
    By emotion, and as ``shared`` their mean over the six classes that both collections have.
    """
    found = {}
    for label, threshold in thresholds.items():
        column = LABELS.index(label)
        named, holds = scores[:, column] >= threshold, part.truth[:, column] > HALF
        found[label] = 0.5 * (binary_f1(named, holds) + binary_f1(~named, ~holds))
    shared = float(np.mean([found[label] for label in ("neutral", *CEDR)]))
    return {name: round(value, 4) for name, value in (found | {"shared": shared}).items()}


def choose(collections: Sequence[Judged]) -> dict[str, dict[str, float | None]]:
    """Limits of both levels, by evidence; None where even the most doubtful label is good enough.

    Every collection counts alike.
    """
    weight = np.concatenate([np.full(len(each), 1.0 / len(each)) for each in collections])
    right = np.concatenate([each.right for each in collections])
    bounds = {
        "normal": float(np.mean([each.most_frequent for each in collections])),
        "strict": HALF,
    }
    limits: dict[str, dict[str, float | None]] = {}
    for name, sign in EVIDENCE.items():
        doubt = sign * np.concatenate([each.evidence[name] for each in collections])
        found = {level: _limit(doubt, right, weight, bound) for level, bound in bounds.items()}
        # A margin below 0 there is none: a limit there is no limit.
        limits[name] = {level: sign * limit if limit else None for level, limit in found.items()}
    return limits


def _limit(doubt: DoubleArray, right: BoolArray, weight: DoubleArray, bound: float) -> float | None:
    """The doubt beyond which so few are right, in hundredths; None without any such."""
    order = np.argsort(-doubt, kind="stable")
    share = np.cumsum((weight * right)[order]) / np.cumsum(weight[order])
    level = np.append(np.diff(doubt[order]) == 0, np.zeros(1, np.bool_))  # as the next one
    rare = np.flatnonzero((share <= bound) & ~level)
    return float(np.ceil(STEPS * doubt[order[rare[-1]]]) / STEPS) if len(rare) else None


def stated(judged: Judged, limits: Mapping[str, Mapping[str, float | None]]) -> dict[str, Any]:
    """Accuracy by coverage, and what lies beyond each limit."""
    found: dict[str, Any] = {
        "sentences": len(judged),
        "accuracy": round(float(judged.right.mean()), 3),
        "most_frequent": round(judged.most_frequent, 3),
    }
    for name, sign in EVIDENCE.items():
        doubt = sign * judged.evidence[name]
        levels = {}
        for level, limit in limits[name].items():
            beyond = doubt > sign * limit if limit is not None else np.zeros(len(doubt), np.bool_)
            levels[level] = {
                "beyond": round(float(beyond.mean()), 3),
                "right_beyond": _share(judged.right[beyond]),
                "right_within": _share(judged.right[~beyond]),
            }
        found[name] = {**ranked(-doubt, judged.right), "levels": levels}
    return found


def fragments(predict: Predict, part: Sentences) -> dict[str, Any]:
    """How often a label is right for so many words in a row of long sentences, and for all.

    The emotion that holds is that of the sentence: what a fragment says by itself nobody told.
    """
    words = [text.split() for text in part.texts]
    long = part.where(np.array([len(each) >= WORDS[-1] for each in words]))
    rng = np.random.default_rng(0)
    found = {}
    for number in WORDS:
        texts = []
        for text in long.texts:
            own = text.split()
            start = int(rng.integers(0, len(own) - number + 1))
            texts.append(" ".join(own[start : start + number]))
        found[str(number)] = _share(Judged.of(predict, Sentences(tuple(texts), long.truth)).right)
    return {"sentences": len(long), "right": found, "whole": _share(Judged.of(predict, long).right)}


def _halves(part: Sentences) -> tuple[Sentences, Sentences]:
    """Two halves by the texts alone, so that every model is judged on the same."""
    first = np.array([zlib.crc32(text.encode()) % 2 == 0 for text in part.texts], np.bool_)
    return part.where(first), part.where(~first)


def _share(right: BoolArray) -> float | None:
    return round(float(right.mean()), 3) if len(right) else None


if __name__ == "__main__":
    main()
