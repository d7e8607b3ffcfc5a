"""Which models ran, and what the analysis must know of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from emoreport.records.arrays import Columns, FloatArray, class_columns
from emoreport.vocabulary import WITNESS_PREFIX


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How far a head may turn to either side before a face model is not to be believed.

    The defaults are for models of which nothing was measured: from there on one eye and half of the
    mouth are out of sight, or foreshortening moves brows and mouth corners as an expression would.
    """

    yaw_deg: float = 60.0
    pitch_deg: float = 45.0

    def head_turn(self, yaw_deg: FloatArray, pitch_deg: FloatArray) -> FloatArray:
        """The larger of both angles in units of its limit, float32 (N,); NaN where none is known.

        Parameters
        ----------
        yaw_deg, pitch_deg
            float32 (N,), NaN where unknown.
        """
        turns = np.fmax(np.abs(yaw_deg) / self.yaw_deg, np.abs(pitch_deg) / self.pitch_deg)
        return np.asarray(turns, np.float32)


@dataclass(frozen=True, slots=True)
class LookRule:
    """When the label of a frame that is not looked at is sure enough; see `faces.label_risk`.

    Attributes
    ----------
    weights
        Of the terms of the risk, by name; a logistic regression.
    limit
        Highest probability of another label, 0–1, at which a frame is not looked at.
    """

    weights: Mapping[str, float]
    limit: float


@dataclass(frozen=True, slots=True)
class Precision:
    """How often a model is right when it names a class, on items that it was not trained on.

    Attributes
    ----------
    data
        Names of the collections, every one counting alike.
    right
        0–1, by class; without classes that it never named.
    said
        How often it named them.
    """

    data: tuple[str, ...]
    right: Mapping[str, float]
    said: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Which model really ran: goes into run.json and the summary.

    A detector has a name only; so has ``none`` in the place of a model that was not asked for.

    Attributes
    ----------
    name
        As the options name it.
    kind
        ``face`` or ``voice``.
    version
        Of the model.
    labels
        Class names, in the order of its probabilities.
    files
        SHA-256 by name of file.
    runtime
        What ran it: library, version, a precision other than the graph's; empty if nothing did.
    device
        Where it ran.
    licence
        Of its weights.
    reason
        Why this one was chosen.
    head_limits
        Of a face model; None where nothing was measured, and the defaults hold.
    precision
        None where it was not measured.
    look_rule
        Of a face model; None where none was fitted, and a cautious one holds.
    """

    name: str
    kind: str = ""
    version: str = ""
    labels: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    runtime: str = ""
    device: str = ""
    licence: str = ""
    reason: str = ""
    head_limits: HeadLimits | None = None
    precision: Precision | None = None
    look_rule: LookRule | None = None

    @property
    def has_emotions(self) -> bool:
        """Whether it makes sense to say how often it is right when it names an emotion."""
        return bool(self.labels)


@dataclass(frozen=True, slots=True)
class WitnessReadings:
    """What a second model, the witness, read from the same crops or windows as the first.

    Attributes
    ----------
    labels
        Its class names (K).
    probabilities
        float32 (N, K), row by row beside the readings of the first model; NaN rows where those
        are NaN.
    is_heeded
        Whether its contradiction makes a row uncertain. The model below a trained head is shown
        only: the head was trained because it knows better.
    """

    labels: tuple[str, ...]
    probabilities: FloatArray
    is_heeded: bool = True


def witness_columns(witness: WitnessReadings | None) -> Columns:
    """Columns of a witness in a table of readings; none without one."""
    if witness is None:
        return {}
    return class_columns(WITNESS_PREFIX, witness.labels, witness.probabilities)


@dataclass(frozen=True, slots=True)
class Recording:
    """What the analysis must know of a video besides its readings."""

    name: str
    duration_s: float
    frame_rate_hz: float | None
    face_model: str
    speech_model: str


@runtime_checkable
class Releasable(Protocol):
    """A model that need not keep its memory between two recordings."""

    def release(self) -> None:
        """Give the memory back; what it needs is loaded again when it is asked."""
        ...
