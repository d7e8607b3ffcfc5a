"""Show how a batch is doing: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from emoreport.batch.discovery import Candidate
from emoreport.batch.engine import Failed, Finished, VideoJob, VideoOutcome
from emoreport.batch.manifest import Talk
from emoreport.cli.console import (
    PLAIN_EVERY_S,
    dim_line,
    error_line,
    note_line,
    shown,
    warning_line,
)
from emoreport.cli.pull_display import PullDisplay
from emoreport.messages import Words, number, spoken, text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from emoreport.batch.remote.staging import RemoteFolder

_word: Final = Words("batch")


@dataclass(slots=True)
class _Running:
    job: VideoJob
    since: float
    stage: str = "starting"
    stage_since: float = 0.0
    done_s: float = 0.0
    total_s: float | None = None

    @property
    def share(self) -> float:
        """Share of the face's stage, the longest one, 0–1."""
        if self.stage == "page":
            return 1.0
        if self.stage != "faces" or not self.total_s:
            return 0.0
        return min(1.0, self.done_s / self.total_s)

    @property
    def left_s(self) -> float:
        """Seconds that this video needs yet, going by its present stage; 0 if unknown."""
        if not self.total_s or self.done_s <= 0:
            return 0.0
        elapsed_s = time.monotonic() - self.stage_since
        return max(0.0, self.total_s - self.done_s) / self.done_s * elapsed_s

    @property
    def rate(self) -> str:
        elapsed_s = time.monotonic() - self.stage_since
        if not self.done_s or elapsed_s <= 0:
            return "–"
        return number(self.done_s / elapsed_s, 1, spoken())


class BatchDisplay:
    """Tells what happens in a batch; a `BatchWatcher`.

    Parameters
    ----------
    folder
        The folder of videos, as the user named it.
    lang
        Language of the lines.
    quiet
        Show errors and warnings only.
    verbose
        Show where errors come from.
    """

    def __init__(
        self, folder: Path | RemoteFolder, *, lang: str, quiet: bool, verbose: bool
    ) -> None:
        self._folder = folder
        self._lang = lang
        self._quiet = quiet
        self._verbose = verbose
        self._pulls = PullDisplay(lang=lang, quiet=quiet)
        self._live: Live | None = None
        self._running: dict[str, _Running] = {}
        self._bytes: dict[str, int] = {}
        self._done = 0
        self._failed = 0
        self._earlier = {"finished": 0, "failed": 0}
        self._worked_bytes = 0
        self._left_bytes = 0
        self._started = time.monotonic()
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()
        self._pulls.__exit__(*exception)
        if not self._quiet:
            for state, key in (("finished", "earlier"), ("failed", "failed_earlier")):
                if self._earlier[state]:
                    note_line(_word(f"line.{key}", self._lang, count=self._earlier[state]))

    # --------------------------------------------------------------------- what happens

    def videos_found(self, candidates: Sequence[Candidate]) -> None:
        """Take the videos of the folder."""
        self._bytes = {candidate.name: candidate.size_bytes for candidate in candidates}
        self._left_bytes = sum(self._bytes.values())
        self.note("found", count=len(candidates), folder=self._folder)

    def announce(self, line: str) -> None:
        """Take a line that a user must see."""
        if not self._quiet:
            dim_line(line)

    def pulling(self, name: str, done: int, total: int | None) -> None:
        """Show how far the download of a model is."""
        self._pulls(name, done, total)

    def started(self, job: VideoJob) -> None:
        """Show a video as running."""
        if self._live is None and not self._quiet and sys.stderr.isatty():
            self._pulls.__exit__(None, None, None)
            self._live = _make_live(self)
            self._live.start()
        if not self._running and not self._worked_bytes:
            self._started = time.monotonic()  # opening the models says nothing about the speed
        self._running[job.name] = _Running(job, time.monotonic())

    def progress(self, job: VideoJob, stage: str, done_s: float, total_s: float | None) -> None:
        """Show how far a stage is: the face's, which takes longest, or one beside it."""
        running = self._running.get(job.name)
        if running is None or (running.stage == "faces" and stage not in {"faces", "page"}):
            return
        now = time.monotonic()
        if running.stage != stage:
            running.stage, running.stage_since = stage, now
        running.done_s, running.total_s = done_s, total_s
        if not self._quiet and self._live is None and now - self._last_line >= PLAIN_EVERY_S:
            self._last_line = now
            share = (
                f"{100 * done_s / total_s:.0f} %"
                if total_s
                else text("cli.line.whole_seconds", self._lang, value=done_s)
            )
            stage_name = _word(f"stage.{stage}", self._lang)
            self.note("progress", name=job.name, stage=stage_name, share=share, rate=running.rate)

    def settled(self, talk: Talk, outcome: VideoOutcome | None) -> None:
        """Tell what became of a video."""
        self._running.pop(talk.name, None)
        size = self._bytes.get(talk.name, 0)
        self._left_bytes -= size
        self._done += 1
        self._failed += talk.state == "failed"
        if outcome is None:
            self._tell_known(talk)
        else:
            self._worked_bytes += size
        if talk.state == "failed":
            self._tell_failure(talk, outcome)
        elif talk.state == "no_video" and outcome is not None and talk.record is not None:
            self.note("no_video", name=talk.name, cause=talk.record.cause)
        elif isinstance(outcome, Finished):
            for line in outcome.warnings:
                warning_line(shown(f"{talk.name}: {line}"))
            if self._live is None:
                self.note(
                    "done",
                    name=talk.name,
                    seconds=number(outcome.wall_s, 1, self._lang),
                    done=self._done,
                    total=len(self._bytes),
                    left=self.left(),
                )

    def warn(self, key: str, **values: object) -> None:
        """Print a warning."""
        warning_line(shown(_word(f"line.{key}", self._lang, **values)))

    def note(self, key: str, **values: object) -> None:
        """Print a line of information."""
        if not self._quiet:
            note_line(shown(_word(f"line.{key}", self._lang, **values)))

    def _tell_known(self, talk: Talk) -> None:
        if talk.copy_of:
            self.note("copy", name=talk.name, other=talk.copy_of)
        elif talk.state in self._earlier:
            self._earlier[talk.state] += 1

    def _tell_failure(self, talk: Talk, outcome: VideoOutcome | None) -> None:
        record = talk.record
        if record is None:
            return
        remedy = f"; {record.remedy}" if record.remedy else ""
        name = self._folder / talk.name
        error_line(shown(f"{name}: {record.stage}: {record.cause}{remedy}"))
        if self._verbose and isinstance(outcome, Failed) and outcome.trace:
            print(outcome.trace, file=sys.stderr, end="")

    # --------------------------------------------------------------------- the live table

    def left(self) -> str:
        """Time that is left, in words: by the bytes, but no less than a running video needs."""
        running = [*self._running.values()]
        under_way = sum(self._bytes.get(video.job.name, 0) * video.share for video in running)
        worked = self._worked_bytes + under_way
        elapsed_s = time.monotonic() - self._started
        if worked <= 0 or elapsed_s <= 0:
            return _word("table.left_unknown", self._lang)
        left_s = (self._left_bytes - under_way) / worked * elapsed_s
        left_s = max([left_s, *(video.left_s for video in running)])
        return _word("table.left", self._lang, left=clock(left_s))

    def table(self) -> Group:
        """What the live table shows now."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        total = len(self._bytes)
        title = _word("table.title", self._lang, done=self._done, total=total, failed=self._failed)
        elapsed = clock(time.monotonic() - self._started)
        grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for key in ("running", "stage", "share", "rate", "time"):
            grid.add_column(
                _word(f"table.{key}", self._lang),
                justify="left" if key in {"running", "stage"} else "right",
                overflow="ellipsis",
                no_wrap=True,
            )
        now = time.monotonic()
        for video in [*self._running.values()]:
            grid.add_row(
                Text(shown(video.job.name)),
                _word(f"stage.{video.stage}", self._lang),
                f"{100 * video.share:.0f} %" if video.stage == "faces" else "",
                f"{video.rate}×" if video.stage != "starting" else "",
                clock(now - video.since),
            )
        bar = Table.grid()  # a bar alone does not end its line
        bar.add_row(ProgressBar(total=max(total, 1), completed=self._done, width=60))
        return Group(Text(f"{title} · {elapsed} · {self.left()}", style="bold"), bar, grid)


def clock(seconds: float) -> str:
    """Whole seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _make_live(display: BatchDisplay) -> Live:
    from rich.console import Console
    from rich.live import Live

    return Live(
        get_renderable=display.table,
        console=Console(stderr=True),
        refresh_per_second=4,
        transient=True,
    )
