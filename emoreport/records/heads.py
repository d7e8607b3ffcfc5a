"""Trained heads: which one ran on which features, and what it says of one recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from emoreport.records.arrays import DoubleArray, FloatArray
from emoreport.records.features import FeatureSource
from emoreport.records.models import ModelRecord

HeadTask = Literal["expr", "au", "va", "clips", "engagement"]
HEAD_TASKS: Final[tuple[HeadTask, ...]] = get_args(HeadTask)
"""What heads are trained for: expressions, action units, valence and arousal, classes of whole
clips, engagement."""


@dataclass(frozen=True, slots=True)
class HeadRecord(ModelRecord):
    """Which head really ran: goes into run.json beside the models that made its features.

    Attributes
    ----------
    task
        What it was trained for.
    features
        What makes the features that it needs, one source for each modality.
    """

    task: HeadTask = "expr"
    features: tuple[FeatureSource, ...] = ()


@dataclass(frozen=True, slots=True)
class HeadTrack:
    """What a head says of one recording, step by step.

    Attributes
    ----------
    task
        What it was trained for.
    labels
        Names of the outputs (K): classes, action units, or dimensions.
    time_s
        float64 (T,), strictly increasing: the middle of each step.
    step_s
        Length of a step, seconds.
    scores
        float32 (T, K): probabilities of classes or of units, or values from −1 to 1; NaN rows
        where nothing was seen or heard.
    thresholds
        Probability from which on each unit counts as active (K); empty for other tasks.
    """

    task: HeadTask
    labels: tuple[str, ...]
    time_s: DoubleArray
    step_s: float
    scores: FloatArray
    thresholds: tuple[float, ...] = field(default=())

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.time_s)
