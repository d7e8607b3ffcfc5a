from __future__ import annotations

import os
import subprocess
import sys

import pytest

from emoreport.batch.engine import Limits
from emoreport.batch.engines import limits


def test_the_time_follows_what_the_header_claims_as_far_as_the_size_bears_it_out() -> None:
    size = 12_500_000  # a thousand seconds at the lowest data rate that is believed
    plain = limits.time_limit_s(Limits(), size, 60.0)
    assert plain == limits.BASE_TIME_S + 60 * limits.TIMES_REAL_TIME
    bomb = limits.time_limit_s(Limits(), size, 1e9)
    assert bomb == limits.BASE_TIME_S + 1000 * limits.TIMES_REAL_TIME
    assert limits.time_limit_s(Limits(), size, None) == bomb
    assert limits.time_limit_s(Limits(), 0, None) == limits.BASE_TIME_S
    assert limits.time_limit_s(Limits(time_s=7.0), size, 60.0) == 7.0


def test_the_machine_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "usable_processors", lambda: 8)
    monkeypatch.setattr(limits, "usable_memory_mb", lambda: 64_000.0)
    assert limits.share_out(None, 0, Limits()) == limits.Share(8, 1, 6400.0)
    assert limits.share_out(2, 0, Limits()) == limits.Share(2, 4, 25_600.0)
    assert limits.share_out(16, 0, Limits()).threads == 1
    assert limits.share_out(2, 3, Limits(memory_mb=500.0)) == limits.Share(2, 3, 500.0)


def test_little_memory_means_few_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "usable_processors", lambda: 8)
    for memory_mb, jobs in ((4000.0, 3), (100.0, 1)):
        monkeypatch.setattr(limits, "usable_memory_mb", lambda memory_mb=memory_mb: memory_mb)
        assert limits.share_out(None, 0, Limits()).jobs == jobs


def test_a_container_may_have_less_than_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    whole = limits.usable_memory_mb()
    group = tmp_path / "memory.max"
    monkeypatch.setattr(limits, "_CGROUP", (tmp_path / "none", group))
    group.write_text("max\n")
    assert limits.usable_memory_mb() >= whole
    group.write_text("50000000\n")
    assert limits.usable_memory_mb() == 50.0


def test_the_memory_of_a_process_is_seen_until_it_is_gone() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "x = b'1' * 60_000_000; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child.stdout.readline()
    assert 60 < limits.resident_mb(child.pid) < 200
    child.communicate(b"\n")
    assert limits.resident_mb(child.pid) == 0.0
    assert limits.usable_processors() <= os.cpu_count()
