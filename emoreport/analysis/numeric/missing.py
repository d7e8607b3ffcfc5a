"""NaN in an array is None in a row: both say that a value is missing."""

from __future__ import annotations

from emoreport.records import DoubleArray


def none_if_nan(value: float) -> float | None:
    """Return a value as a Python float, or None where it is NaN."""
    return None if value != value else float(value)  # noqa: PLR0124 - true of NaN only


def none_where_nan(values: DoubleArray) -> list[float | None]:
    """Values of an array as a list, with None where it is NaN."""
    return [none_if_nan(value) for value in values.tolist()]
