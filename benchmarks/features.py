"""What features cost beside an analysis without them.

    python -m benchmarks.features VIDEO [FACE_MODEL]     # processor time, with and without by turns

The analyses run by turns in one process; the first of each warms the caches and is left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from emoreport import Settings
from emoreport.pipeline import Analyzer
from emoreport.tables.feature_files import FEATURES_FILE, read_sources, row_counts

REPEATS = 6


def cost(video: Path, face: str) -> None:
    """Print processor time with features over that without, and the size of the file."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    plain = Settings(offline=True, face=face, acoustics=False, formats=("parquet",))
    with tempfile.TemporaryDirectory() as folder:
        for wanted in (True, False) * REPEATS:
            with Analyzer(plain.replace(features=wanted), announce=lambda _: None) as analyzer:
                begun = time.process_time()
                report = analyzer.analyze(video)
                report.write(Path(folder) / str(wanted))
                taken[wanted].append(time.process_time() - begun)
        path = Path(folder) / "True" / FEATURES_FILE
        size_mb = path.stat().st_size / 1e6
        counts, sources = row_counts(path), read_sources(path)
    with_s, without_s = (float(np.median(taken[wanted][1:])) for wanted in (True, False))
    print(f"{video}: {with_s:.2f} s with features, {without_s:.2f} s without; ", end="")
    print(f"ratio {with_s / without_s:.3f}")
    minutes = report.run.media.duration_s / 60
    shape = ", ".join(f"{kind} {counts[kind]} x {each.width}" for kind, each in sources.items())
    print(f"{shape}: {size_mb:.2f} MB, {size_mb / minutes:.2f} MB a minute")


def main() -> None:
    """Measure the video that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("face", nargs="?", default="compact")
    chosen = parser.parse_args()
    cost(chosen.video, chosen.face)


if __name__ == "__main__":
    main()
