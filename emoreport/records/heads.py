"""Trained heads: which one ran on which features, and what it says of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from emoreport.records.arrays import Columns, DoubleArray, FloatArray
from emoreport.records.features import FeatureSource, Modality
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

    @property
    def has_emotions(self) -> bool:
        """Only where it was measured: its outputs may be action units, or classes of any kind."""
        return self.precision is not None

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What it needs features of."""
        return tuple(source.modality for source in self.features)

    @property
    def leads(self) -> Modality | None:
        """Whose emotions it names in the place of the model; None where it has a table of its own.

        Expressions that were learnt from face and voice together belong to neither.
        """
        alone = self.task == "expr" and len(self.features) == 1
        return self.features[0].modality if alone else None

    @property
    def gives_affect(self) -> bool:
        """Whether valence and arousal of the face are its own."""
        return self.task == "va" and "face" in self.modalities

    @property
    def has_table(self) -> bool:
        """Whether what it says is in a table of its own."""
        return self.leads is None and not self.gives_affect

    def over(self, model: ModelRecord) -> ModelRecord:
        """What counts as the model of the modality that it leads; `model` made its features."""
        return ModelRecord(
            name=f"{model.name} + head {self.name}",
            kind=model.kind,
            version=self.version,
            labels=self.labels,
            files={**model.files, **{f"head/{name}": sha for name, sha in self.files.items()}},
            runtime=self.runtime,
            device=self.device,
            licence=self.licence,
            reason=self.reason,
            head_limits=model.head_limits,
            precision=self.precision,
        )


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
    thresholds: tuple[float, ...] = ()

    @property
    def columns(self) -> Columns:
        """Arrays (T,) by column of head.parquet, in its order."""
        return {"time_s": self.time_s, **dict(zip(self.labels, self.scores.T, strict=True))}

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.time_s)
