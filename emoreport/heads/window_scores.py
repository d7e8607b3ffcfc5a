"""Scores of a recording from a network that sees a window at a time; memory holds one window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from emoreport.heads.grid import GridChunk
from emoreport.records import DoubleArray, FloatArray, Modality

MASKS: Final[Mapping[Modality, str]] = {"face": "face_seen", "voice": "voice_heard"}
"""Name of the input that says which steps have features, by that of the features."""
WINDOWS_AT_ONCE: Final = 16

Answer = Callable[[Mapping[str, FloatArray]], FloatArray]
"""A network: inputs of N windows of T steps by name → (N, T, K), or (N, K) for whole windows."""


def as_inputs(values: Mapping[Modality, FloatArray]) -> dict[str, FloatArray]:
    """Inputs of a network: features (…, T, D) with 0 for NaN rows, and masks (…, T) of 0 and 1."""
    inputs: dict[str, FloatArray] = {}
    for name, own in values.items():
        there = ~np.isnan(own).any(axis=-1)
        inputs[name] = np.where(there[..., np.newaxis], own, np.float32(0.0))
        inputs[MASKS[name]] = there.astype(np.float32)
    return inputs


class WindowScores:
    """Collects the scores of one recording from windows that overlap.

    Windows start every `hop_steps`; the last one is moved back to end with the recording, and a
    recording shorter than a window is one shorter window. Where windows overlap their scores are
    averaged. Windows in which nothing is seen or heard are not shown to the network.

    Parameters
    ----------
    answer
        The network; what it says once for a window counts for all steps of it.
    widths
        Numbers per step of each modality that the network wants.
    outputs
        K.
    window_steps, hop_steps
        Length of a window, and from the start of one to the start of the next.
    needs_all
        A step counts as seen only where every modality is there.
    whole_only
        A recording shorter than a window has no scores.
    """

    def __init__(
        self,
        answer: Answer,
        widths: Mapping[Modality, int],
        outputs: int,
        *,
        window_steps: int,
        hop_steps: int,
        needs_all: bool = False,
        whole_only: bool = False,
    ) -> None:
        self._answer = answer
        self._needs_all, self._whole_only = needs_all, whole_only
        self._window, self._hop = window_steps, hop_steps
        self._held: dict[Modality, FloatArray] = {
            name: np.zeros((0, width), np.float32) for name, width in widths.items()
        }
        self._held_from = self._next = self._steps = 0
        self._waiting: list[tuple[int, dict[str, FloatArray]]] = []
        self._sums = np.zeros((0, outputs))
        self._counts = np.zeros(0, np.int64)
        self._seen = np.zeros(0, np.bool_)

    def add(self, chunk: GridChunk) -> None:
        """Take the next steps of the recording."""
        steps = len(chunk.time_s)
        given: dict[Modality, FloatArray | None] = {"face": chunk.face, "voice": chunk.voice}
        there = []
        for name, held in self._held.items():
            values = given[name]
            if values is None:
                values = np.full((steps, held.shape[1]), np.nan, np.float32)
            self._held[name] = np.concatenate([held, values])
            there.append(~np.isnan(values).any(axis=1))
        seen = (np.all if self._needs_all else np.any)(there, axis=0)
        self._seen = np.concatenate([self._seen, seen])
        self._sums = np.concatenate([self._sums, np.zeros((steps, self._sums.shape[1]))])
        self._counts = np.concatenate([self._counts, np.zeros(steps, np.int64)])
        self._steps += steps
        while self._next + self._window <= self._steps:
            self._show(self._next)
            self._next += self._hop
        # The last window may have to start here.
        needed_from = max(0, min(self._next, self._steps - self._window))
        for name, held in self._held.items():
            self._held[name] = held[needed_from - self._held_from :]
        self._held_from = needed_from

    def finish(self) -> DoubleArray:
        """Scores of the steps (T, K); NaN rows where nothing is seen or heard."""
        covered = self._next - self._hop + self._window if self._next else 0
        too_short = self._steps < self._window
        if covered < self._steps and not (too_short and self._whole_only):
            self._show(max(0, self._steps - self._window))
        self._run()
        scores = np.full(self._sums.shape, np.nan)
        told = self._seen & (self._counts > 0)
        scores[told] = self._sums[told] / self._counts[told, np.newaxis]
        return scores

    def _show(self, start: int) -> None:
        part = slice(start - self._held_from, start - self._held_from + self._window)
        if not self._seen[start : start + self._window].any():
            return
        inputs = as_inputs({name: held[part] for name, held in self._held.items()})
        self._waiting.append((start, inputs))
        if len(self._waiting) == WINDOWS_AT_ONCE:
            self._run()

    def _run(self) -> None:
        if not self._waiting:
            return
        starts, inputs = zip(*self._waiting, strict=True)
        self._waiting = []
        answers = self._answer(
            {name: np.stack([own[name] for own in inputs]) for name in inputs[0]}
        )
        steps = min(self._window, self._steps)
        for start, answer in zip(starts, np.asarray(answers, np.float64), strict=True):
            part = slice(start, start + steps)
            self._sums[part] += answer
            self._counts[part] += 1
