"""How far the tables of samples/talk.mp4 agree with what its script intended.

    python samples/agreement.py statistics/talk

Prints, for face and voice, the share of the time in which the interval's emotion is the one of
talk.script.csv. The sample is drawn and spoken by programs: an illustration, not evidence.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("talk.script.csv")


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def agreement(intervals: list[dict[str, str]], column: str) -> tuple[float, list[str]]:
    """Share of time in which `intervals` agree with a column of the script, and scene by scene."""
    agreed_s = total_s = 0.0
    lines = []
    for scene in read_rows(SCRIPT):
        start, end = float(scene["start"]), float(scene["end"])
        shares: dict[str, float] = {}
        for row in intervals:
            shared_s = min(end, float(row["end"])) - max(start, float(row["start"]))
            if shared_s > 0:
                shares[row["emotion"]] = shares.get(row["emotion"], 0.0) + shared_s
        agreed_s += shares.get(scene[column], 0.0)
        total_s += end - start
        found = ", ".join(f"{label} {seconds:.1f} s" for label, seconds in shares.items())
        lines.append(f"  {start:5.1f}–{end:4.1f} s intended {scene[column]:<10} found {found}")
    return agreed_s / total_s, lines


def main(folder: Path) -> None:
    """Print the agreement of both modalities."""
    for table, column in (("video_intervals", "face"), ("audio_intervals", "voice")):
        share, lines = agreement(read_rows(folder / f"{table}.csv"), column)
        print(f"{column}: {100 * share:.0f} % of the time as intended", *lines, sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "statistics/talk"))
