"""Show how far a download is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from emoreport.cli.console import PLAIN_EVERY_S, note_line
from emoreport.messages import number, spoken, text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class PullDisplay:
    """Progress of the files of models, as `ModelStore.pull` tells it.

    Parameters
    ----------
    lang
        Language of the lines.
    quiet
        Show nothing.
    """

    def __init__(self, *, lang: str, quiet: bool) -> None:
        self._lang = lang
        self._quiet = quiet
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Take progress: `done` of `total` bytes of the file `name` are here."""
        if self._quiet:
            return
        if sys.stderr.isatty() or self._bars is not None:
            self._show_bar(name, done, total)
        elif time.monotonic() - self._last_line >= PLAIN_EVERY_S:
            self._last_line = time.monotonic()
            self._print_line(name, done, total)

    def _show_bar(self, name: str, done: int, total: int | None) -> None:
        # Made at the first byte: a model that is complete already shows no empty bars.
        if self._bars is None:
            self._bars = _make_bars()
            self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)

    def _print_line(self, name: str, done: int, total: int | None) -> None:
        key = "progress" if total else "progress_open"
        share = 100 * done / total if total else 0.0
        note_line(
            text(
                f"cli.models.line.{key}",
                self._lang,
                file=name,
                share=f"{share:.0f}",
                done=number(done / 1e6, 1, spoken()),
                total=number((total or 0) / 1e6, 1, spoken()),
            )
        )


def _make_bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
