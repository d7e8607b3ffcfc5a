"""Whole corpora left out: how a head does on languages, rooms and microphones it never heard.

For every corpus a head is trained on all the others and judged on it, whatever the classes: the
prediction is the largest of all seven outputs, recall is averaged over the classes that the corpus
has. The temperature of each corpus is the one that fits the other left-out corpora best, so that
its calibration error is that of sound from elsewhere, too.

``python -m emoreport.training.voice.leave_out --data DIR --model FOLDER`` puts the same questions
to a finished model; corpora it was trained on have to be told from the others by its card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from emoreport.analysis.numeric.scores import calibration_error
from emoreport.analysis.numeric.softmax import softmax
from emoreport.models.families.voice_clips import SHORTEST_CLIP_S, repeated
from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.answers import FloatArray, IntArray, corpus_weights
from emoreport.training.voice import metrics
from emoreport.training.voice.data import Clip, read_corpora
from emoreport.training.voice.head import HeadRecipe, Statistics, train_head
from emoreport.training.voice.labels import CLIP_LABELS, LABELS
from emoreport.training.voice.metrics import LeftOut
from emoreport.training.voice.stamps import read_stamps

NEUTRAL = LABELS.index("neutral")
COVERAGES = (0.25, 0.5, 0.75, 1.0)
FIRED = tuple(LABELS.index(name) for name in ("anger", "fear", "happiness", "surprise"))
"""Emotions of high arousal."""


def leave_corpora_out(statistics: Statistics, recipe: HeadRecipe, variant: int = 0) -> LeftOut:
    """What heads say about the clips of the one corpus that each of them never heard.

    Clips of all labels are among them, also those of levels of arousal (labels from 8 on).

    Parameters
    ----------
    statistics, recipe
        What to learn from, and how.
    variant
        Which copy of the clips they are asked about: 0 as recorded, then ``recipe.changes``.
    """
    corpora = np.array(statistics.corpora)
    logits = np.zeros((len(corpora), len(LABELS)))
    for number, corpus in enumerate(np.unique(corpora)):
        own = corpora == corpus
        others = torch.from_numpy(np.flatnonzero(~own))
        head = train_head(statistics, others, replace(recipe, seed=recipe.seed + number))
        logits[own] = _said(head, statistics.values[variant, torch.from_numpy(np.flatnonzero(own))])
    return _left_out(statistics, logits)


def _said(head: nn.Linear, values: torch.Tensor) -> FloatArray:
    with torch.no_grad():
        return np.asarray(head(values)[:, : len(LABELS)].double().numpy())


def _left_out(statistics: Statistics, logits: FloatArray) -> LeftOut:
    return LeftOut(
        logits=logits,
        labels=statistics.labels.numpy(),
        speakers=np.array(statistics.speakers),
        corpora=np.array(statistics.corpora),
        folds=np.unique(np.array(statistics.corpora), return_inverse=True)[1],
    )


def said_by_model(folder: Path, clips: Sequence[Clip]) -> LeftOut:
    """What a finished graph says about every clip, its own temperature applied."""
    import onnxruntime

    metadata = json.loads((folder / "voice_compact.json").read_text(encoding="utf-8"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / metadata["file"]), options, providers=["CPUExecutionProvider"]
    )
    shortest = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
    rows = []
    for clip in clips:
        samples = (clip.samples / 32768.0).astype(np.float32)
        audio = repeated(samples, shortest)[None]
        rows.append(session.run(["logits"], {"audio": audio})[0][0])
    corpora = np.array([clip.corpus for clip in clips])
    return LeftOut(
        logits=np.array(rows, np.float64) / metadata["temperature"],
        labels=np.array([clip.label for clip in clips]),
        speakers=np.array([clip.speaker for clip in clips]),
        corpora=corpora,
        folds=np.unique(corpora, return_inverse=True)[1],
    )


def temperatures(said: LeftOut) -> dict[str, float]:
    """Corpus → the temperature fitted on the other corpora's clips, each corpus counting alike."""
    judged = said.select(said.labels < len(LABELS))
    fitted = {}
    for corpus in np.unique(said.corpora):
        others = judged.select(judged.corpora != corpus)
        weights = corpus_weights(others.corpora)
        fitted[str(corpus)] = metrics.fit_temperature(others.labels, others.logits, weights)
    return fitted


def temperature_of_all(said: LeftOut) -> float:
    """The temperature fitted on all left-out corpora, each counting alike: the one shipped."""
    judged = said.select(said.labels < len(LABELS))
    weights = corpus_weights(judged.corpora)
    return metrics.fit_temperature(judged.labels, judged.logits, weights)


def figures(said: LeftOut, fitted: Mapping[str, float] | None = None) -> dict[str, dict[str, Any]]:
    """Corpus → macro and class recalls, calibration error, accuracy of the surest clips.

    A corpus of levels of arousal gets the chance that a clip of the top level seems more aroused
    than one of the lowest.
    """
    table: dict[str, dict[str, Any]] = {}
    for corpus in np.unique(said.corpora):
        own = said.select(said.corpora == corpus)
        shares = softmax(own.logits, 1.0 if fitted is None else fitted[str(corpus)])
        judged = own.labels < len(LABELS)
        if not judged.any():
            table[str(corpus)] = {"arousal_auc": round(_arousal_auc(own.labels, shares), 3)}
            continue
        labels, shares = own.labels[judged], shares[judged]
        recalls = metrics.class_recalls(labels, shares.argmax(axis=1))
        surest = np.argsort(-shares.max(axis=1), kind="stable")
        right = (shares.argmax(axis=1) == labels)[surest]
        table[str(corpus)] = {
            "clips": len(labels),
            "macro_recall": round(float(np.mean(list(recalls.values()))), 3),
            "recall_per_class": {name: round(value, 3) for name, value in recalls.items()},
            "calibration_error": round(calibration_error(shares, labels), 3),
            "accuracy_of_surest": {
                f"{share:g}": round(float(right[: max(1, round(share * len(right)))].mean()), 3)
                for share in COVERAGES
            },
        }
    return table


def _arousal_auc(labels: IntArray, shares: FloatArray) -> float:
    aroused = shares[:, list(FIRED)].sum(axis=1)
    high = aroused[labels == CLIP_LABELS.index("level2")]
    low = aroused[labels == CLIP_LABELS.index("level0")]
    wins = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    return float(wins)


def markdown(table: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as rows of a table."""
    head = ["corpus", "clips", "macro recall", "neutral", "least other", "ECE", "surest half"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for corpus, row in table.items():
        if "arousal_auc" in row:
            lines.append(f"| {corpus} | arousal: AUC {row['arousal_auc']:.2f} | | | | | |")
            continue
        recalls = dict(row["recall_per_class"])
        neutral = recalls.pop("neutral", None)
        cells = [
            corpus,
            f"{row['clips']:,}",
            f"{row['macro_recall']:.2f}",
            "–" if neutral is None else f"{neutral:.2f}",
            f"{min(recalls.values()):.2f}" if recalls else "–",
            f"{row['calibration_error']:.2f}",
            f"{row['accuracy_of_surest']['0.5']:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a finished model; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoreport.training.voice.leave_out", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with labels.csv, corpora")
    parser.add_argument("--stamps", type=Path, help="unpacked tuxpaint-stamps-default of Debian")
    parser.add_argument("--model", type=Path, required=True, help="folder with voice_compact.json")
    parser.add_argument("--cache", type=Path, help="file that keeps the decoded clips between runs")
    options = parser.parse_args(arguments)
    clips = read_corpora(options.data, options.cache)
    clips += read_stamps(options.stamps) if options.stamps else []
    print(markdown(figures(said_by_model(options.model, clips))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
