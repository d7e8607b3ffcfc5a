"""Labels of a person in a run: how run.json keeps them, and what the tables say of them.

run.json holds the labels themselves, so that the tables can be made again without the file they
came from; beside them stand its name and its SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emoreport.analysis.rows.relabelling import mixed_seconds
from emoreport.errors import StoredReadingsError
from emoreport.records import RunRecord, RunWarning, Span
from emoreport.results import UNCODED, AudioInterval, CodedLabels, LabelledSpan

WARNINGS: Final = ("coded_face", "coded_voice", "coded_voice_mixed")
"""Keys of what the tables say of them."""


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Labels of a person, and the file they came from.

    Attributes
    ----------
    labels
        By modality.
    file, sha256
        Name and digest of the file; empty for the machine's own labels.
    coder
        Who made them.
    """

    labels: CodedLabels
    file: str
    sha256: str
    coder: str

    def source(self, modality: str, model: str) -> str:
        """What summary.csv names as the source of the labels of one modality."""
        if getattr(self.labels, modality) is None:
            return model
        return f"{model}; labels: {self.file}"

    def document(self) -> dict[str, Any] | None:
        """JSON values; None for the machine's own labels."""
        if self == MACHINE:
            return None
        return {
            "file": self.file,
            "sha256": self.sha256,
            "coder": self.coder,
            "face": _rows(self.labels.face),
            "voice": _rows(self.labels.voice),
        }

    def warnings(
        self, known: Iterable[RunWarning], heard: Sequence[AudioInterval]
    ) -> tuple[RunWarning, ...]:
        """Warnings of a run, with those about these labels at the end; `heard` are its rows."""
        kept = [warning for warning in known if warning.key not in WARNINGS]
        kept += [
            RunWarning(f"coded_{modality}", {"file": self.file})
            for modality in ("face", "voice")
            if getattr(self.labels, modality) is not None
        ]
        if self.labels.voice is not None:
            mixed_s = mixed_seconds(self.labels.voice, heard)
            if mixed_s >= 0.0005:
                kept.append(RunWarning("coded_voice_mixed", {"seconds": f"{mixed_s:.3f}"}))
        return tuple(kept)


MACHINE: Final = LabelSource(UNCODED, "", "", "")
"""The machine's own labels."""


def stored_labels(run: RunRecord) -> LabelSource:
    """The labels that a run holds; `MACHINE` if it holds none.

    Raises
    ------
    StoredReadingsError
        When they are damaged.
    """
    document = run.labels
    if document is None:
        return MACHINE
    try:
        return LabelSource(
            labels=CodedLabels(_spans(document["face"]), _spans(document["voice"])),
            file=str(document["file"]),
            sha256=str(document["sha256"]),
            coder=str(document["coder"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoredReadingsError(
            f"run.json holds labels that cannot be used ({error!r})",
            remedy="put the machine's back with `emoreport retable --labels none`",
        ) from error


def _rows(spans: Sequence[LabelledSpan] | None) -> list[dict[str, Any]] | None:
    if spans is None:
        return None
    return [
        {"start": entry.span.start_s, "end": entry.span.end_s, "emotion": entry.emotion}
        for entry in spans
    ]


def _spans(rows: Sequence[Mapping[str, Any]] | None) -> tuple[LabelledSpan, ...] | None:
    if rows is None:
        return None
    return tuple(
        LabelledSpan(Span(float(row["start"]), float(row["end"])), str(row["emotion"]))
        for row in rows
    )
