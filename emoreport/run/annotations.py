"""Put a person's labels in the place of the machine's, and the warnings that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from emoreport.analysis.rows.relabelling import mixed_seconds
from emoreport.errors import StoredReadingsError
from emoreport.records import MACHINE, LabelSource, RunRecord, RunWarning
from emoreport.results import AudioInterval

WARNINGS: Final = ("coded_face", "coded_voice", "coded_voice_mixed")
"""Keys of what the tables say of them."""


def stored_labels(run: RunRecord) -> LabelSource:
    """The labels that a run holds; `MACHINE` if it holds none.

    Raises
    ------
    StoredReadingsError
        When they are damaged.
    """
    labels = run.labels or MACHINE
    if labels.damage:
        raise StoredReadingsError("run.labels", error=labels.damage)
    return labels


def warnings_with(
    labels: LabelSource, recorded: Iterable[RunWarning], heard: Sequence[AudioInterval]
) -> tuple[RunWarning, ...]:
    """Warnings of a run, with those about labels of a person at the end.

    Parameters
    ----------
    labels
        Whose labels the tables rest on.
    recorded
        The warnings of the run.
    heard
        Rows of the voice; they are looked at where a person coded the voice.
    """
    kept = [warning for warning in recorded if warning.key not in WARNINGS]
    kept += [
        RunWarning(f"coded_{modality}", {"file": labels.file})
        for modality in ("face", "voice")
        if getattr(labels.labels, modality) is not None
    ]
    if labels.labels.voice is not None:
        mixed_s = mixed_seconds(labels.labels.voice, heard)
        if mixed_s >= 0.0005:
            kept.append(RunWarning("coded_voice_mixed", {"seconds": f"{mixed_s:.3f}"}))
    return tuple(kept)
