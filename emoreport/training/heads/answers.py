"""Answers of networks for whole recordings, and the scores that training chooses by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch

from emoreport.analysis.numeric.scores import (
    best_threshold,
    binary_f1,
    concordance,
    confusion_matrix,
    f1_scores,
    mean_over_classes,
    recalls,
)
from emoreport.heads.grid import Grid, GridChunk
from emoreport.heads.head import smoothed
from emoreport.heads.metadata import CLASS_TASKS, Smoothing
from emoreport.heads.window_scores import WindowScores
from emoreport.records import DoubleArray, FloatArray, HeadTask
from emoreport.training.heads.data import Recording
from emoreport.training.heads.networks import AnsweringHead
from emoreport.training.heads.recipe import HALF_WIDTHS_S, Recipe

HALF: Final = 0.5

Answers = Mapping[str, DoubleArray]
"""Scores (T, K) by recording; NaN rows where nothing is seen or heard."""


def answers_of(
    head: AnsweringHead, recordings: Sequence[Recording], recipe: Recipe, outputs: int
) -> dict[str, DoubleArray]:
    """Answers of a head for whole recordings, in windows as it will be run."""
    head.eval()

    def answer(feeds: Mapping[str, FloatArray]) -> FloatArray:
        with torch.inference_mode():
            told: FloatArray = head(*(torch.from_numpy(feed) for feed in feeds.values())).numpy()
            return told

    found = {}
    for recording in recordings:
        values = {name: recording.features[name].astype(np.float32) for name in recipe.modalities}
        windows = WindowScores(
            answer,
            {name: own.shape[1] for name, own in values.items()},
            outputs,
            window_steps=recipe.window_steps,
            hop_steps=recipe.hop_steps,
        )
        time_s = Grid(recipe.rate_hz).middle_s(0, len(recording))
        windows.add(GridChunk(time_s, values.get("face"), values.get("voice")))
        found[recording.name] = windows.finish()
    return found


def smoothed_answers(
    answers: Answers, smoothing: Smoothing, task: HeadTask, rate_hz: float
) -> dict[str, DoubleArray]:
    """Answers smoothed as the finished head smooths them."""
    grid = Grid(rate_hz)
    return {
        name: smoothed(
            scores, grid.middle_s(0, len(scores)), smoothing, classes=task in CLASS_TASKS
        )
        for name, scores in answers.items()
    }


def judged(
    task: HeadTask, answers: Answers, recordings: Sequence[Recording]
) -> tuple[DoubleArray, DoubleArray]:
    """Labels (M, width) and answers (M, K) of all steps, or clips, that have both."""
    truths, told = [np.zeros((0, 1))] * 0, [np.zeros((0, 1))] * 0
    for recording in recordings:
        scores = answers[recording.name]
        known = ~np.isnan(scores).any(axis=1) & ~np.isnan(recording.labels).any(axis=1)
        if not known.any():
            continue
        truth, own = recording.labels[known], scores[known]
        if task == "clips":
            truth, own = truth[:1], own.mean(axis=0, keepdims=True)
        truths.append(truth)
        told.append(own)
    if not truths:
        return np.zeros((0, 1)), np.zeros((0, 1))
    return np.concatenate(truths), np.concatenate(told)


def choosing_score(task: HeadTask, truth: DoubleArray, answers: DoubleArray) -> float:
    """What is maximised on validation data: the higher the better; NaN counts as the worst.

    Macro-F1 of expressions, unweighted average recall of clips, mean F1 of units at a half, mean
    concordance of valence and arousal.
    """
    if len(truth) == 0:
        return -1.0
    if task == "va":
        columns = zip(answers.T, truth.T, strict=True)
        return float(np.mean([np.nan_to_num(concordance(own, true)) for own, true in columns]))
    if task == "au":
        pairs = zip(answers.T >= HALF, truth.T > HALF, strict=True)
        return mean_over_classes(np.array([binary_f1(own, true) for own, true in pairs]))
    table = confusion_matrix(truth[:, 0].astype(np.int64), answers.argmax(axis=1), answers.shape[1])
    return mean_over_classes(recalls(table) if task == "clips" else f1_scores(table))


def choose_smoothing(
    answers: Answers, recordings: Sequence[Recording], task: HeadTask, rate_hz: float
) -> tuple[Smoothing, dict[str, float]]:
    """The smoothing with the best score on validation data; of equals the weakest.

    Returns
    -------
    The smoothing, and the score of each that was tried by its name, such as ``mean 2.0 s``.
    """
    tried: dict[str, float] = {}
    best, best_score = Smoothing(), -np.inf
    kinds = [Smoothing()]
    if task != "clips":
        kinds += [Smoothing(kind, width) for width in HALF_WIDTHS_S for kind in ("mean", "median")]
    for smoothing in kinds:
        made = smoothed_answers(answers, smoothing, task, rate_hz)
        score = choosing_score(task, *judged(task, made, recordings))
        tried[_named(smoothing)] = score
        if score > best_score + 1e-9:
            best, best_score = smoothing, score
    return best, tried


def _named(smoothing: Smoothing) -> str:
    width = f" {smoothing.half_width_s:g} s" if smoothing.kind != "none" else ""
    return f"{smoothing.kind}{width}"


def fitted_thresholds(truth: DoubleArray, answers: DoubleArray) -> tuple[float, ...]:
    """Threshold of each unit with the best F1 on validation data; a half where it never occurs."""
    pairs = zip(answers.T, truth.T > HALF, strict=True)
    return tuple(best_threshold(own, true) if true.any() else HALF for own, true in pairs)


def chosen_weight(
    make: Callable[[float], AnsweringHead],
    weights: Sequence[float],
    score: Callable[[AnsweringHead], float],
) -> tuple[float, dict[str, float]]:
    """Share of the face with the best score on validation data; of equals the one nearest a half.

    Returns
    -------
    The share, and the score of each that was tried.
    """
    tried: dict[Any, float] = {weight: score(make(weight)) for weight in weights}
    best = max(tried.values())
    equals = [weight for weight, own in tried.items() if own >= best - 1e-9]
    chosen = min(equals, key=lambda weight: abs(weight - HALF))
    return chosen, {f"{weight:g}": own for weight, own in tried.items()}
