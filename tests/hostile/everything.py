"""Run the whole corpus through the batch and print what came of it: part of `make soak`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.hostile.arena import run_batch
from tests.hostile.corpus import all_cases
from tests.hostile.verdict import judge

TIME_LIMIT_S = 120.0
MEMORY_LIMIT_MB = 2500.0
DEADLINE_S = 3600.0


def main() -> int:
    """Run it; 1 if a promise was broken."""
    cases = all_cases()
    with tempfile.TemporaryDirectory(prefix="emoreport-hostile-") as name:
        run = run_batch(
            Path(name),
            cases,
            time_limit_s=TIME_LIMIT_S,
            memory_limit_mb=MEMORY_LIMIT_MB,
            deadline_s=DEADLINE_S,
        )
        verdict = judge(run, cases)
    figures = {
        "cases": len(cases),
        "kinds": Counter(case.kind for case in cases),
        "ends": verdict.ends,
        "stages": verdict.stages,
        "wall_s": round(run.wall_s, 1),
        "parent_mb": round(run.parent_mb, 1),
        "longest": run.slowest(3),
        "broken": verdict.broken,
    }
    print(json.dumps(figures, indent=2, ensure_ascii=False))  # noqa: T201 - its purpose
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
