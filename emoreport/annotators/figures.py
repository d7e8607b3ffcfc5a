"""Results of comparing codings of one talk, as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from emoreport.analysis.annotators.agreement import Alpha, CoderAgreement
from emoreport.exchange.readers import Coding
from emoreport.tables.csv_files import csv_field, csv_lines

CSV_COLUMNS: Final = (
    "modality",
    "reference",
    "other",
    "statistic",
    "emotion",
    "other_emotion",
    "value",
    "unit",
)
UNIT_DECIMALS: Final = {"seconds": 3}
"""Decimals of units that are not shown with the usual four."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """What a reader of the figures must know; `key` is a key of the words ``agree.caveat``."""

    key: str
    values: Mapping[str, str]

    def document(self) -> dict[str, str]:
        """JSON values."""
        return {"key": self.key, **self.values}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two codings of one modality; the first is the reference."""

    modality: str
    reference: str
    other: str
    figures: CoderAgreement


@dataclass(frozen=True, slots=True)
class Agreed:
    """Everything about codings of one talk.

    Attributes
    ----------
    folder, video, duration_s
        The talk.
    tolerance_s
        Farthest distance of two boundaries that count as one.
    codings
        Who coded, from which file.
    pairs
        Every coder against the machine, then the coders against each other, by modality.
    alphas
        Krippendorff's alpha of the coders by modality, where more than one coded it.
    caveats
        What a reader must know.
    """

    folder: Path
    video: str
    duration_s: float
    tolerance_s: float
    codings: tuple[Coding, ...]
    pairs: tuple[Pair, ...]
    alphas: Mapping[str, Alpha]
    caveats: tuple[Caveat, ...]

    def document(self) -> dict[str, Any]:
        """JSON values; null for what is not defined."""
        return {
            "folder": str(self.folder),
            "video": self.video,
            "duration_s": self.duration_s,
            "tolerance_s": self.tolerance_s,
            "codings": [
                {"coder": coding.coder, "file": coding.file, "sha256": coding.sha256}
                for coding in self.codings
            ],
            "caveats": [caveat.document() for caveat in self.caveats],
            "pairs": [
                {
                    "modality": pair.modality,
                    "reference": pair.reference,
                    "other": pair.other,
                    **asdict(pair.figures),
                    "confusion": [
                        {"reference": first, "other": second, "seconds": seconds}
                        for first, second, seconds in pair.figures.confusion
                    ],
                }
                for pair in self.pairs
            ],
            "alpha": {modality: asdict(alpha) for modality, alpha in self.alphas.items()},
        }

    def csv(self) -> bytes:
        """One row per figure; empty for what is not defined."""
        rows = [
            (pair.modality, pair.reference, pair.other, *row)
            for pair in self.pairs
            for row in _pair_rows(pair.figures)
        ]
        for modality, alpha in self.alphas.items():
            rows += [
                (modality, "", "", *_row("alpha", "coefficient", alpha.alpha)),
                (modality, "", "", *_row("coders", "count", alpha.coders)),
                (modality, "", "", *_row("paired_seconds", "seconds", alpha.paired_s)),
            ]
        return csv_lines(
            CSV_COLUMNS,
            ([csv_field(cell, UNIT_DECIMALS.get(row[-1], 4)) for cell in row] for row in rows),
        )


def _pair_rows(figures: CoderAgreement) -> Iterator[tuple[str, str, str, float | None, str]]:
    boundaries = figures.boundaries
    yield _row("compared_seconds", "seconds", figures.compared_s)
    yield _row("reference_only_seconds", "seconds", figures.reference_only_s)
    yield _row("other_only_seconds", "seconds", figures.other_only_s)
    yield _row("neither_seconds", "seconds", figures.neither_s)
    yield _row("agreement", "share", figures.agreement)
    yield _row("expected_agreement", "share", figures.expected)
    yield _row("kappa", "coefficient", figures.kappa)
    yield _row("intervals", "count", figures.intervals)
    yield _row("interval_iou", "share", figures.interval_iou)
    yield _row("boundaries", "count", boundaries.reference)
    yield _row("other_boundaries", "count", boundaries.other)
    yield _row("boundaries_matched", "count", boundaries.matched)
    yield _row("boundaries_found", "share", boundaries.found)
    yield _row("boundaries_precise", "share", boundaries.precise)
    yield _row("boundary_error", "seconds", boundaries.mean_error_s)
    yield _row("boundary_shift", "seconds", boundaries.mean_shift_s)
    for row in figures.emotions:
        yield _row("reference_seconds", "seconds", row.reference_s, row.emotion)
        yield _row("other_seconds", "seconds", row.other_s, row.emotion)
        yield _row("precision", "share", row.precision, row.emotion)
        yield _row("recall", "share", row.recall, row.emotion)
        yield _row("f1", "share", row.f1, row.emotion)
        yield _row("iou", "share", row.iou, row.emotion)
    for first, second, seconds in figures.confusion:
        yield _row("confusion", "seconds", seconds, first, second)


def _row(
    statistic: str, unit: str, value: float | None, emotion: str = "", other: str = ""
) -> tuple[str, str, str, float | None, str]:
    return statistic, emotion, other, value, unit
