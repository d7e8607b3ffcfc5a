"""Print on the command line: lines on stderr, progress, and the closing panel."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, Self

from emoreport.errors import EXIT_USAGE, EXIT_VIDEO_FAILED
from emoreport.messages import number, spoken, text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

NO_SUCH_PLACE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
PLAIN_EVERY_S: Final = 10.0
"""Seconds between two plain progress lines when stderr is no terminal."""


DIM, PLAIN = "\x1b[2m", "\x1b[0m"
"""Control sequences of terminals (ECMA-48): faint, and back."""


def shown(line: str) -> str:
    """Text that is safe to print: names of files may hold anything.

    Characters that steer a terminal, turn its writing round or are no text are spelt out.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in line
    )


def error_line(message: str) -> None:
    """Print one error line on stderr."""
    _labelled_line("error", message)


def system_error_line(error: OSError, path: object = "") -> int:
    """Print what the operating system refused as one error line; return the exit code.

    `path` is named where the system names no file.
    """
    named = error.filename or path
    said = text("cli.line.system", spoken(), error=error.strerror or error)
    error_line(f"{named}: {said}".removeprefix(": "))
    return EXIT_USAGE if error.errno in NO_SUCH_PLACE else EXIT_VIDEO_FAILED


def warning_line(message: str) -> None:
    """Print one warning line on stderr."""
    _labelled_line("warning", message)


def _labelled_line(label: str, message: str) -> None:
    label = text(f"cli.line.{label}", spoken())
    print(f"{label}: {shown(' '.join(message.split()))}", file=sys.stderr, flush=True)


def note_line(message: str) -> None:
    """Print one line of information on stderr."""
    print(shown(message), file=sys.stderr, flush=True)


def dim_line(message: str) -> None:
    """Print one line of information on stderr that steps back on a terminal."""
    faint = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.name != "nt"
    start, end = (DIM, PLAIN) if faint else ("", "")
    print(f"{start}{shown(message)}{end}", file=sys.stderr, flush=True)


class ProgressDisplay:
    """Progress of the stages of one video: bars on a terminal, plain lines elsewhere.

    Parameters
    ----------
    name
        The video, as the lines call it.
    lang
        Language of the stage names.
    quiet
        Show nothing.
    """

    def __init__(self, name: str, *, lang: str, quiet: bool) -> None:
        self._name = name
        self._lang = lang
        self._quiet = quiet
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._last_line = time.monotonic()
        self._last_update = 0.0

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            self._bars = _make_bars()
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, stage: str, done_s: float, total_s: float | None) -> None:
        """Take progress: `done_s` of `total_s` seconds of the recording are through `stage`."""
        if self._quiet:
            return
        now = time.monotonic()
        started = self._started.setdefault(stage, now)
        if self._bars is not None:
            if now - self._last_update >= 0.1 or (total_s and done_s >= total_s):
                self._last_update = now
                self._update_bar(stage, done_s, total_s, now - started)
        elif now - self._last_line >= PLAIN_EVERY_S:
            self._last_line = now
            self._print_line(stage, done_s, total_s, now - started)

    def _update_bar(
        self, stage: str, done_s: float, total_s: float | None, elapsed_s: float
    ) -> None:
        assert self._bars is not None
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(
                text(f"cli.stage.{stage}", self._lang), total=total_s, rate=""
            )
        rate = f"{number(done_s / elapsed_s, 1, self._lang)}×" if elapsed_s > 0.5 else ""
        self._bars.update(self._tasks[stage], completed=done_s, total=total_s, rate=rate)

    def _print_line(
        self, stage: str, done_s: float, total_s: float | None, elapsed_s: float
    ) -> None:
        rate = done_s / elapsed_s if elapsed_s > 0 else 0.0
        values = {
            "name": self._name,
            "stage": text(f"cli.stage.{stage}", self._lang),
            "rate": number(rate, 1, self._lang),
        }
        if total_s:
            values["share"] = f"{min(100.0, 100 * done_s / total_s):.0f}"
            values["left"] = f"{max(0.0, total_s - done_s) / rate:.0f}" if rate > 0 else "?"
            note_line(text("cli.line.progress", self._lang, **values))
        else:
            values["done"] = f"{done_s:.0f}"
            note_line(text("cli.line.progress_open", self._lang, **values))


def _make_bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        # What is left on the screen is the result.
        transient=True,
    )


def closing_panel(
    title: str, rows: Sequence[tuple[str, str]], *, head: str, faint: Collection[str]
) -> None:
    """Show a sentence and label–value rows: framed on a terminal, plain lines elsewhere.

    `faint` are the labels of rows that step back.
    """
    title, head = shown(title), shown(head)
    rows = [(shown(label), shown(value)) for label, value in rows]
    if not sys.stdout.isatty():
        print(title)
        print(f"  {head}")
        for label, value in rows:
            print(f"  {label}: {value}")
        sys.stdout.flush()
        return
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for label, value in rows:
        dim = "dim" if label in faint else ""
        grid.add_row(Text(label, style=dim or "bold"), Text(value, style=dim))
    body = Group(Text(head), "", grid)
    Console().print(Panel(body, title=Text(title), title_align="left", expand=False))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: framed on a terminal, in plain columns elsewhere."""
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for row in (heads, *rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print("  ".join(cells).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
