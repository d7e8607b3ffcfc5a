"""Which models ran, and what the analysis must know of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoreport.records.arrays import Columns, FloatArray, class_columns
from emoreport.vocabulary import WITNESS_PREFIX


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
    """

    labels: tuple[str, ...]
    probabilities: FloatArray


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
