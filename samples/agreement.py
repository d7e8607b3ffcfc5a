"""How far the tables of samples/talk.mp4 agree with what its script intended, scene by scene.

    python samples/agreement.py statistics/talk

The sample is drawn and spoken by programs: an illustration, not evidence.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("talk.script.csv")
LEAST_S = 0.5
"""Labels that a scene has for a shorter time come from its edges and are not printed."""

Rows = list[dict[str, str]]


def read_rows(path: Path) -> Rows:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def labels_within(intervals: Rows, start_s: float, end_s: float) -> dict[str, float]:
    """Seconds of each label between two times, the longest first."""
    seconds: dict[str, float] = {}
    for row in intervals:
        shared_s = min(end_s, float(row["end"])) - max(start_s, float(row["start"]))
        if shared_s > 0:
            seconds[row["emotion"]] = seconds.get(row["emotion"], 0.0) + shared_s
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def main(folder: Path) -> None:
    """Print what was intended and what was read, and the share of time in which they agree."""
    tables = {
        "face": read_rows(folder / "video_intervals.csv"),
        "voice": read_rows(folder / "audio_intervals.csv"),
    }
    agreed_s = dict.fromkeys(tables, 0.0)
    script = read_rows(SCRIPT)
    heads = ("face is to be", "is read as", "voice is to be", "is read as")
    print(f"{'scene':14}{heads[0]:15}{heads[1]:29}{heads[2]:16}{heads[3]}")
    for scene in script:
        start_s, end_s = float(scene["start"]), float(scene["end"])
        cells = []
        for modality, intervals in tables.items():
            found = labels_within(intervals, start_s, end_s)
            agreed_s[modality] += found.get(scene[modality], 0.0)
            told = [f"{label} {had_s:.1f} s" for label, had_s in found.items() if had_s >= LEAST_S]
            cells += [scene[modality], ", ".join(told)]
        line = f"{start_s:4.1f}–{end_s:4.1f} s   {cells[0]:15}{cells[1]:29}{cells[2]:16}{cells[3]}"
        print(line.rstrip())
    total_s = float(script[-1]["end"])
    shares = (f"{name} {100 * part / total_s:.0f} %" for name, part in agreed_s.items())
    print(f"as intended: {', '.join(shares)} of the time")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "statistics/talk"))
