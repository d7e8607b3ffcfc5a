"""Names of the batch's own files in its output folder."""

from __future__ import annotations

from typing import Final

from emoreport.batch.manifest import MANIFEST_FILE
from emoreport.tables.csv_files import LOCALES, localised_name

SUMMARY: Final = "summary"
SUMMARY_CSV: Final = "summary.csv"
SUMMARY_XLSX: Final = "summary.xlsx"
SUMMARY_PARQUET: Final = "summary.parquet"
INTERVALS: Final = "intervals.parquet"
FAILURES: Final = "failures.csv"
OVERVIEW: Final = "batch.html"

TABLES: Final = (SUMMARY_CSV, SUMMARY_XLSX, SUMMARY_PARQUET, INTERVALS, FAILURES)
OWN_FILES: Final = frozenset(
    {*TABLES, OVERVIEW, MANIFEST_FILE, *(localised_name(SUMMARY, locale) for locale in LOCALES)}
)
"""No folder of results bears one of these names."""
