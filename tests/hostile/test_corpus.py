"""Hostile recordings, run through the batch: what must hold whatever a file does."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.hostile.arena import run_batch
from tests.hostile.corpus import Case, all_cases, make_corpus, sample
from tests.hostile.verdict import judge

KINDS = {
    "cut", "flip", "mp4 length", "mkv length", "avi length", "mp4 value", "mkv value", "avi value",
    "picture bomb", "sound bomb", "streams", "clock", "still", "disguised", "name", "special",
}  # fmt: skip
PER_KIND = {"name": 12, "special": 99, "sound bomb": 1, "streams": 1, "picture bomb": 4}
OTHERS = 3
TIME_LIMIT_S = 60.0
MEMORY_LIMIT_MB = 2500.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes, links and devices")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return all_cases()


def test_the_corpus_has_every_kind_and_no_file_twice(cases: list[Case]) -> None:
    assert {case.kind for case in cases} == KINDS
    assert len(cases) >= 500
    assert len({case.name for case in cases}) == len(cases)
    assert len({case.label for case in cases}) == len(cases)


def test_the_corpus_is_the_same_for_the_same_seed(cases: list[Case], tmp_path: Path) -> None:
    def digests(folder: Path, chosen: list[Case]) -> list[str]:
        make_corpus(folder, chosen)
        return [
            hashlib.sha256((folder / case.name).read_bytes()).hexdigest()
            for case in chosen
            if case.kind != "special"
        ]

    first = digests(tmp_path / "first", cases)
    assert digests(tmp_path / "second", all_cases()) == first
    assert len(set(first)) == len(first)
    assert digests(tmp_path / "third", all_cases(seed=1)) != first


@pytest.mark.slow
def test_a_few_of_every_kind_cost_the_batch_nothing(cases: list[Case], tmp_path: Path) -> None:
    chosen = sample(cases, PER_KIND, OTHERS)
    assert {case.kind for case in chosen} == KINDS
    run = run_batch(
        tmp_path,
        chosen,
        time_limit_s=TIME_LIMIT_S,
        memory_limit_mb=MEMORY_LIMIT_MB,
        deadline_s=240,
    )
    verdict = judge(run, chosen)
    assert verdict.broken == ()
    assert verdict.ends["finished"] > 20
    assert verdict.ends["failed"] > 10
    assert verdict.ends["passed over"] > 3
