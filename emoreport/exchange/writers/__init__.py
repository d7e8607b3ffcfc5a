"""Findings as files of other programs. Pure: findings in, bytes out.

Modules: `tiers` (rows in whole milliseconds, which all time-aligned formats share), `elan`,
`textgrid`, `captions` (WebVTT and SRT), `boris`, `bids`, `coding_table` (the CSV that coders fill
in) and `everything_json`. docs/exports.md describes the files.
"""

from emoreport.exchange.writers.formats import FORMATS, Media, export_files

__all__ = ["FORMATS", "Media", "export_files"]
