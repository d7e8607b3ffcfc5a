"""The figure of face against voice, read from a row of the summary."""

from __future__ import annotations

from collections.abc import Mapping

from emoreport.results import MismatchFigure
from emoreport.tables.cells import Cell


def mismatch_in(row: Mapping[str, Cell]) -> MismatchFigure:
    """The figure that a row of summary.csv holds, given by the names of its columns.

    Columns that an earlier version did not write are not known.
    """

    def number(name: str) -> float | None:
        value = row.get(name)
        return value if isinstance(value, float) else None

    def code(name: str) -> str | None:
        value = row.get(name)
        return value if isinstance(value, str) else None

    return MismatchFigure(
        mismatch_s=number("mismatch_seconds") or 0.0,
        compared_s=number("compared_seconds") or 0.0,
        share=number("mismatch_share"),
        expected=number("expected_mismatch_share"),
        verdict=code("mismatch_verdict"),
        note=code("mismatch_note"),
        p_value=number("mismatch_p_value"),
    )
