"""Windows of recordings as a network learns from them, and the loss over labelled steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from emoreport.heads.window_scores import as_inputs
from emoreport.records import DoubleArray, FloatArray, HeadTask, Modality
from emoreport.training.heads.data import Recording
from emoreport.training.heads.recipe import Recipe

HEAVIEST: Final = 20.0
"""Most that a rare class or a rare state of a unit weighs, in units of an average label."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one recording; none reaches over the end of it.

    Attributes
    ----------
    recording, start, end
        Where it is, in steps.
    labels
        float64 (end − start, width), NaN where nothing can be learned: no label or no features.
    """

    recording: Recording
    start: int
    end: int
    labels: DoubleArray


def windows_of(recordings: Sequence[Recording], recipe: Recipe) -> list[Window]:
    """Windows with at least one step that has a label and features.

    They start every `recipe.hop_steps`; the last one of a recording ends with it, and a recording
    that is shorter than a window is one window.
    """
    found = []
    for recording in recordings:
        usable = usable_steps(recording, recipe.modalities)
        labels = np.where(usable[:, np.newaxis], recording.labels, np.nan)
        last = max(0, len(recording) - recipe.window_steps)
        for start in sorted({*range(0, last + 1, recipe.hop_steps), last}):
            end = min(start + recipe.window_steps, len(recording))
            if usable[start:end].any():
                found.append(Window(recording, start, end, labels[start:end]))
    return found


def usable_steps(recording: Recording, modalities: Sequence[Modality]) -> NDArray[np.bool_]:
    """Which steps have a label and something seen or heard, bool (T,)."""
    there = np.zeros(len(recording), np.bool_)
    for name in modalities:
        there |= ~np.isnan(recording.features[name]).any(axis=1)
    labelled: NDArray[np.bool_] = ~np.isnan(recording.labels).any(axis=1)
    return there & labelled


def batch_of(windows: Sequence[Window], recipe: Recipe) -> tuple[list[Tensor], Tensor]:
    """Inputs of a network and labels (N, T, width), filled up with NaN to the longest window."""
    steps = max(window.end - window.start for window in windows)
    features: dict[Modality, FloatArray] = {}
    for name in recipe.modalities:
        width = windows[0].recording.features[name].shape[1]
        features[name] = np.full((len(windows), steps, width), np.nan, np.float32)
    labels = np.full((len(windows), steps, windows[0].recording.labels.shape[1]), np.nan)
    for row, window in enumerate(windows):
        part, length = slice(window.start, window.end), window.end - window.start
        for name, values in features.items():
            values[row, :length] = window.recording.features[name][part]
        labels[row, :length] = window.labels
    inputs = [torch.from_numpy(array) for array in as_inputs(features).values()]
    return inputs, torch.from_numpy(labels.astype(np.float32))


def labels_of_windows(task: HeadTask, labels: Tensor, classes: int) -> Tensor:
    """One label for each window, (N, 1, width): the most frequent class, or the mean."""
    known = ~labels.isnan().any(dim=-1)
    if task in {"expr", "clips"}:
        shown = functional.one_hot(labels[..., 0].nan_to_num().long(), classes)
        votes = (shown * known.unsqueeze(-1)).sum(dim=1)
        return votes.argmax(dim=-1).float()[:, None, None]
    means = (labels.nan_to_num() * known.unsqueeze(-1)).sum(dim=1)
    means = means / known.sum(dim=1, keepdim=True)
    return (means > 0.5).float()[:, None] if task == "au" else means[:, None]


def label_weights(task: HeadTask, windows: Sequence[Window], classes: int) -> Tensor:
    """What labels weigh in the loss, by their frequency in the windows.

    Returns
    -------
    Classes: (K,), 1 / frequency, such that an average label weighs 1; 0 for one that does not
    occur. Units: (2, K), of the inactive and the active state. Values: empty.
    """
    if task == "va":
        return torch.zeros(0)
    labels = np.concatenate([window.labels for window in windows])
    labels = labels[~np.isnan(labels).any(axis=1)]
    if task == "au":
        active = labels.mean(axis=0)
        shares = np.stack([1 - active, active])
        weights = np.minimum(0.5 / np.maximum(shares, 1e-9), HEAVIEST)
    else:
        counts = np.bincount(labels[:, 0].astype(np.int64), minlength=classes)
        occurs = counts > 0
        weights = np.where(occurs, len(labels) / (occurs.sum() * np.maximum(counts, 1)), 0.0)
        weights = np.minimum(weights, HEAVIEST)
    return torch.from_numpy(weights.astype(np.float32))


def loss_of(task: HeadTask, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Loss over the labelled steps of a batch.

    Classes: cross-entropy of the logits (not of probabilities: a second softmax would hold the
    gradients down), weighted. Units: weighted binary cross-entropy of the logits. Values: 1 − the
    concordance correlation of tanh(logits), mean over the dimensions.

    Parameters
    ----------
    logits, labels
        (N, T, K) and (N, T, width); NaN where there is no label, which costs nothing.
    """
    known = ~labels.isnan().any(dim=-1)
    logits, labels = logits[known], labels[known]
    if task == "va":
        return 1 - concordance(torch.tanh(logits), labels).mean()
    if task == "au":
        weight = torch.where(labels > 0.5, weights[1], weights[0])
        return functional.binary_cross_entropy_with_logits(logits, labels, weight)
    return functional.cross_entropy(logits, labels[:, 0].long(), weights)


def concordance(predicted: Tensor, truth: Tensor) -> Tensor:
    """Lin's concordance correlation of each column, (M, K) → (K,)."""
    apart = predicted.mean(dim=0) - truth.mean(dim=0)
    spread = predicted.var(dim=0, unbiased=False) + truth.var(dim=0, unbiased=False) + apart**2
    centred = (predicted - predicted.mean(dim=0)) * (truth - truth.mean(dim=0))
    return 2 * centred.mean(dim=0) / (spread + 1e-8)
