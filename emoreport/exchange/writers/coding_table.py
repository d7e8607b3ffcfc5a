"""Write the machine's labels as the CSV that `agree` and `retable --labels` read."""

from __future__ import annotations

import csv
import io
from typing import Final

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.tiers import FACE, VOICE, tiers_of
from emoreport.results import Findings

COLUMNS: Final = ("start", "end", "emotion", "modality")


def coding_files(findings: Findings, _media: Media, _lang: str) -> Files:
    """Rows of face and voice: start, end (seconds, 3 decimals), emotion, modality."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for tier in tiers_of(findings):
        if tier.name in {FACE, VOICE}:
            writer.writerows(
                (seconds(cell.start_ms), seconds(cell.end_ms), cell.label, tier.name)
                for cell in tier.cells
            )
    return {"_coding.csv": stream.getvalue().encode("utf-8", "backslashreplace")}


def seconds(time_ms: int) -> str:
    """Seconds with three decimals, exactly."""
    whole, rest = divmod(time_ms, 1000)
    return f"{whole}.{rest:03d}"
