"""Make the compact text-emotion model: fit both parts, calibrate, measure, export.

Run as ``python -m emoreport.training.text --data ../shared/data --out emoreport/weights``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from emoreport.analysis.numeric.scores import binary_f1, calibration_gaps
from emoreport.models.families.text_compact import PIECES
from emoreport.records import DoubleArray, FloatArray
from emoreport.training.text.data import (
    CEDR,
    LABELS,
    SEED,
    Sentences,
    held_out,
    read_cedr,
    read_izard,
    tested,
)
from emoreport.training.text.linear import (
    STRENGTH,
    counted,
    fitted,
    of_collections,
    rarity,
    scaled,
    side_by_side,
)
from emoreport.training.text.network import Recipe, TextNet, logits_of, train
from emoreport.training.voice.pack import pack_graph

MODEL_FILE: Final = "text_compact.onnx"
METADATA_FILE: Final = "text_compact.json"
VERSION: Final = "1.0.0"
FOLDS: Final = 4
"""Calibration and thresholds are fitted on answers to sentences that a fold left out."""
STEPS: Final = 127.0
SHARED: Final = ("neutral", *CEDR)
CUTS, EVENED = 140, 7


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, calibrate, measure, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--limit", type=int, default=None, help="sentences of each, for a trial")
    options = parser.parse_args(arguments)
    texts = options.data / "text"
    izard, cedr = read_izard(texts / "ru_izard_train.csv"), read_cedr(texts / "cedr_main_train.csv")
    rng = np.random.default_rng(SEED)
    left = tested(len(cedr), rng)
    judged = held_out(texts)
    seen = {text for each in judged.values() for text in each.texts}
    taught = []
    for each in (izard, cedr.where(~left)):
        fresh = each.where(np.array([text not in seen for text in each.texts]))
        taught.append(fresh.where(rng.permutation(len(fresh))[: options.limit]))
    recipe = Recipe(epochs=options.epochs)
    left_out = cross_fitted(taught, recipe)
    net = fit(taught, recipe)
    calibrate(net, left_out, taught)
    figures = measure(net, left_out, taught, judged)
    print(json.dumps(figures, indent=1))
    options.out.mkdir(parents=True, exist_ok=True)
    write(net, options.out, recipe, [len(each) for each in taught], figures)


def cross_fitted(collections: Sequence[Sentences], recipe: Recipe) -> list[FloatArray]:
    """Logits of every sentence by a model that was fitted without it, for each collection."""
    left_out = [np.zeros((len(each), len(LABELS)), np.float32) for each in collections]
    for fold in range(FOLDS):
        print(f"fold {fold}", flush=True)
        own = [np.arange(len(each)) % FOLDS == fold for each in collections]
        pairs = list(zip(collections, own, strict=True))
        net = fit([each.where(~rows) for each, rows in pairs], recipe)
        for table, (each, rows) in zip(left_out, pairs, strict=True):
            table[rows] = logits_of(net, each.where(rows).texts)
    return left_out


def fit(collections: Sequence[Sentences], recipe: Recipe) -> TextNet:
    """All parts, their weights rounded to 8 bits."""
    tables = [counted(each.texts) for each in collections]
    rare = rarity(sparse.vstack(tables).tocsr())
    lengths = [scaled(table, rare) for table in tables]
    rows = side_by_side(lengths)
    truth = np.concatenate([each.truth for each in collections]).astype(np.float64)
    columns = np.zeros((PIECES + 1, len(collections), len(LABELS)))
    for number, label in enumerate(LABELS):
        known = ~np.isnan(truth[:, number])
        found = fitted(rows[known], truth[known, number])
        columns[:, :, number] = of_collections(found, len(collections)).T
        print(f"linear: {label}", flush=True)
    is_second = np.repeat([0.0, 1.0], [len(each) for each in collections])
    gate = fitted(sparse.vstack(lengths).tocsr(), is_second)
    linear = np.concatenate([columns.reshape(PIECES + 1, -1), gate[:, None]], axis=1)
    linear[0] = 0.0
    seeds = range(recipe.seed, recipe.seed + recipe.nets)
    nets = [train(collections, replace(recipe, seed=seed)) for seed in seeds]
    net = TextNet(linear, rare, nets)
    net.eval()
    with torch.no_grad():
        for table in (net.linear.weight, *(each.pieces.weight for each in nets)):
            step = table.abs().amax(dim=0, keepdim=True).clamp_min(1e-12) / STEPS
            table.copy_(torch.round(table / step) * step)
    return net


def calibrate(net: TextNet, left_out: Sequence[FloatArray], taught: Sequence[Sentences]) -> None:
    """Fit slope and constant of each emotion (Platt 1999) where both collections count alike."""
    logits = np.concatenate(left_out).astype(np.float64)
    truth = np.concatenate([each.truth for each in taught])
    share = np.concatenate([np.full(len(each), 1.0 / len(each)) for each in taught])
    with torch.no_grad():
        for number in range(len(LABELS)):
            known = ~np.isnan(truth[:, number])
            slope, bias = platt(logits[known, number], truth[known, number], share[known])
            net.slope[number], net.bias[number] = slope, bias


def platt(logits: DoubleArray, truth: FloatArray, weight: DoubleArray) -> tuple[float, float]:
    """Slope and constant that make the sigmoid of logits most likely."""
    signs = 2.0 * truth.astype(np.float64) - 1.0

    def loss(pair: DoubleArray) -> float:
        margin = signs * (pair[0] * logits + pair[1])
        return float((weight * np.logaddexp(0.0, -margin)).sum() / weight.sum())

    slope, bias = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(bias)


def measure(
    net: TextNet,
    left_out: Sequence[FloatArray],
    taught: Sequence[Sentences],
    judged: dict[str, Sentences],
) -> dict[str, Any]:
    """F1 of each emotion at thresholds fitted on the training sentences, and calibration."""
    figures: dict[str, Any] = {}
    rows = zip(left_out, taught, judged.items(), strict=True)
    for logits, fitted_on, (name, part) in rows:
        chosen, scores = calibrated(net, logits), calibrated(net, logits_of(net, part.texts))
        f1, thresholds, errors = {}, {}, {}
        for number, label in enumerate(LABELS):
            if np.isnan(part.truth[:, number]).all():
                continue
            told = fitted_on.truth[:, number] > 0.5
            threshold = threshold_of(chosen[:, number], told)
            found, right = scores[:, number], part.truth[:, number] > 0.5
            f1[label] = round(binary_f1(found >= threshold, right), 4)
            thresholds[label] = round(float(threshold), 3)
            errors[label] = round(
                float(np.abs(calibration_gaps(found, right, bins=10)).sum() / len(found)), 4
            )
        figures[name] = {
            "sentences": len(part),
            "macro_f1_shared": round(float(np.mean([f1[label] for label in SHARED])), 4),
            "macro_f1_all": round(float(np.mean(list(f1.values()))), 4),
            "f1": f1,
            "thresholds": thresholds,
            "calibration_error": errors,
            "accuracy_of_largest": round(largest_right(scores, part), 4),
        }
    return figures


def threshold_of(scores: FloatArray, told: NDArray[np.bool_]) -> float:
    """The score from which an emotion counts as named: highest F1, evened out over neighbours."""
    cuts = np.quantile(scores, np.linspace(0.3, 0.995, CUTS))
    f1 = np.array([binary_f1(scores >= cut, told) for cut in cuts])
    even = np.convolve(np.nan_to_num(f1), np.full(EVENED, 1.0 / EVENED), mode="same")
    return float(cuts[even.argmax()])


def calibrated(net: TextNet, logits: FloatArray) -> FloatArray:
    """Scores, float32 (N, K)."""
    with torch.no_grad():
        scores: FloatArray = torch.sigmoid(net.slope * torch.from_numpy(logits) + net.bias).numpy()
    return scores


def largest_right(scores: FloatArray, part: Sentences) -> float:
    """How often the emotion with the highest score is one that holds, of those with any."""
    truth = np.nan_to_num(part.truth)
    some = truth.any(axis=1)
    known = ~np.isnan(part.truth).all(axis=0)
    best = np.where(known, scores, -1.0)[some].argmax(axis=1)
    return float(truth[some][np.arange(len(best)), best].mean())


def write(
    net: TextNet, out: Path, recipe: Recipe, taught: Sequence[int], figures: dict[str, Any]
) -> None:
    """Graph and metadata."""
    path = out / MODEL_FILE
    example = (
        torch.ones(2, 5, dtype=torch.int64),
        torch.ones(2, 5),
        torch.ones(2, 4, 24, dtype=torch.int64),
    )
    torch.onnx.export(
        net,
        example,
        str(path),
        input_names=["pieces", "weights", "words"],
        output_names=["scores"],
        dynamic_axes={
            "pieces": {0: "texts", 1: "pieces"},
            "weights": {0: "texts", 1: "pieces"},
            "words": {0: "texts", 1: "words"},
            "scores": {0: "texts"},
        },
        dynamo=False,
    )
    pack_graph(path)
    metadata = {
        "name": "compact",
        "kind": "text",
        "version": VERSION,
        "licence": (
            "Apache-2.0; trained on ru-izard-emotions (Djacon/russian-emotion-detection, MIT) "
            "and CEDR (Apache-2.0)"
        ),
        "file": MODEL_FILE,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "language": "ru",
        "labels": list(LABELS),
        "training": {
            "sentences": dict(zip(("ru_izard_train", "cedr_main_train"), taught, strict=True)),
            "recipe": asdict(recipe),
            "strength": STRENGTH,
        },
        "figures": figures,
    }
    content = json.dumps(metadata, ensure_ascii=False, indent=1)
    (out / METADATA_FILE).write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
