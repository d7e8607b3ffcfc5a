"""How long a batch still takes, as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from emoreport.batch.engine import Finished, VideoJob
from emoreport.batch.manifest import Talk
from emoreport.cli import batch_display
from emoreport.cli.batch_display import BatchDisplay


@dataclass
class File:
    name: str
    size_bytes: int


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    videos_found = Clock()
    monkeypatch.setattr(batch_display, "time", videos_found)
    return videos_found


def job(name: str) -> VideoJob:
    return VideoJob(name, name, "0" * 64, 1, 1, "folder", "part")


def display_of(**sizes: int) -> BatchDisplay:
    display = BatchDisplay(Path("talks"), lang="en", quiet=True, verbose=False)
    display.videos_found([File(name, size) for name, size in sizes.items()])
    return display


def settle(display: BatchDisplay, name: str) -> None:
    display.settled(Talk(name, "finished"), Finished(job(name), {}, (), (), 1.0))


def test_nothing_is_said_before_anything_is_known(clock: Clock) -> None:
    display = display_of(a=100, b=100)
    display.started(job("a"))
    clock.now += 5
    assert display.left() == "time left not known yet"


def test_what_is_left_goes_by_the_bytes(clock: Clock) -> None:
    display = display_of(a=100, b=300)
    display.started(job("a"))
    clock.now += 60
    settle(display, "a")
    assert display.left() == "3:00 left"


def test_the_share_of_a_running_video_counts(clock: Clock) -> None:
    display = display_of(a=100, b=100)
    display.started(job("a"))
    display.progress(job("a"), "faces", 0.0, 600.0)
    clock.now += 60
    display.progress(job("a"), "faces", 300.0, 600.0)
    assert display.left() == "3:00 left"


def test_a_small_file_that_is_long_is_not_nearly_done(clock: Clock) -> None:
    display = display_of(a=10_000, b=10)
    for name in ("a", "b"):
        display.started(job(name))
    display.progress(job("b"), "faces", 0.0, 3600.0)
    clock.now += 60
    settle(display, "a")
    display.progress(job("b"), "faces", 600.0, 3600.0)
    assert display.left() == "5:00 left"


def test_the_video_for_the_page_is_left_when_the_face_is_done(clock: Clock) -> None:
    display = display_of(a=100)
    display.started(job("a"))
    display.progress(job("a"), "faces", 600.0, 600.0)
    clock.now += 30
    display.progress(job("a"), "page", 0.0, 600.0)
    clock.now += 10
    display.progress(job("a"), "page", 100.0, 600.0)
    assert display.left() == "0:50 left"
