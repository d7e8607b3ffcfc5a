"""What is promised of a batch over hostile files, and whether it was kept."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.fixtures.results_on_disk import assert_complete
from tests.hostile.arena import Run
from tests.hostile.corpus import Case

PARENT_MB: Final = 400.0
LONGEST_S: Final = 86_400.0


@dataclass(frozen=True)
class Verdict:
    """How the cases ended, and every promise that was broken.

    Attributes
    ----------
    ends
        Number of cases by how they ended: ``finished``, ``failed``, ``passed over`` (links that
        lead nowhere and what is no plain file).
    stages
        Number of failures by the stage that found them.
    broken
        What went wrong, one line each.
    """

    ends: Counter[str]
    stages: Counter[str]
    broken: tuple[str, ...]


def judge(run: Run, cases: Sequence[Case]) -> Verdict:
    """Hold a run against the promises."""
    ends: Counter[str] = Counter()
    broken = []
    for case in cases:
        about = run.lines_about(case)
        ends.update(map(_end, about))
        if len(about) != int(case.video):
            broken.append(f"{case.name} ({case.label}) gives {len(about)} lines: {about}")
    failures = _rows(run.out / "failures.csv")
    broken += [f"changed outside the output folder: {path}" for path in run.changed]
    broken += [f"outlived the batch: {process}" for process in run.orphans]
    broken += [line for line in run.lines if "Traceback" in line or "internal error" in line]
    if run.code != 1:
        broken.append(f"exit code {run.code}")
    if run.parent_mb > PARENT_MB:
        broken.append(f"the parent took {run.parent_mb:.0f} MB")
    broken += _output(run.out, ends, failures)
    stages = Counter(row["stage"] for row in failures)
    return Verdict(ends, stages, tuple(broken))


def _end(line: str) -> str:
    kinds = {"error": "failed", "warning": "passed over"}
    return kinds.get(line.partition(": ")[0], "finished")


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _output(out: Path, ends: Counter[str], failures: list[dict[str, Any]]) -> Iterator[str]:
    """Only whole results may lie there, and as many as the tables name."""
    folders = [entry for entry in out.iterdir() if entry.is_dir() and entry.name != ".batch"]
    for folder in folders:
        try:
            document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            # The check of the line ends would find a carriage return that belongs to the name.
            if "\r" not in document["input"]["name"]:
                assert_complete(folder)
        except (AssertionError, OSError, ValueError) as error:
            yield f"{folder.name!r} is not whole: {error}"
            continue
        if not 0 < document["media"]["duration_s"] <= LONGEST_S:
            yield f"{folder.name!r} lasts {document['media']['duration_s']} s"
    if folders and {folder.resolve().parent for folder in folders} != {out.resolve()}:
        yield "results lie outside the output folder"
    counts = (len(folders), len(_rows(out / "summary.csv")))
    if set(counts) != {ends["finished"]}:
        yield f"{ends['finished']} finished, folders and rows of the summary: {counts}"
    if len(failures) != ends["failed"]:
        yield f"{ends['failed']} failed, but failures.csv has {len(failures)} rows"
    if not all(row["stage"] and row["error"] for row in failures):
        yield "a failure has no stage or no cause"
