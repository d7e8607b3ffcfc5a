"""Define an engine: the part that analyses many videos, wherever its workers run.

Paths and settings travel to the workers, summaries and lines come back; frames and tables never
do. Everything here can be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from emoreport.errors import stage_name
from emoreport.messages import Phrase
from emoreport.settings import Settings


@dataclass(frozen=True, slots=True)
class VideoJob:
    """One video for a worker.

    Attributes
    ----------
    name
        Path below the batch's folder with forward slashes: what people and tables call the video.
    path
        Where it is: a path or a URL.
    sha256
        Digest of its content, hexadecimal.
    size_bytes, mtime_ns
        Its size and time of change when the digest was taken.
    folder
        Where its results go.
    part
        File for its rows of the batch's long table of intervals.
    collect
        Whether `folder` already holds the results, so that only the rows are missing.
    retable
        Whether it holds readings from which the results can be made without decoding.
    certain
        Whether its name says that it is a video. Of other files only the first bytes do: without
        pictures they are no failures.
    target
        URL of the output folder where that is behind one; `folder` and `part` then give the names
        in it. Empty for a folder on this machine.
    """

    name: str
    path: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    folder: str
    part: str
    collect: bool = False
    retable: bool = False
    certain: bool = True
    target: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The results of a video lie in its folder.

    Attributes
    ----------
    job
        What was asked for.
    summary
        Its row of summary.csv by column, unrounded; None for unknown.
    files
        Names of the files in its folder.
    warnings
        What a reader of its tables must know, one sentence each.
    wall_s
        Seconds that it took.
    """

    job: VideoJob
    summary: Mapping[str, Any]
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A video could not be analysed.

    Attributes
    ----------
    job
        What was asked for.
    stage, cause, remedy
        As in `EmoreportError`.
    lasting
        Whether the video would fail again as long as it and the settings stay the same. A full
        disk or a model that is gone says nothing about the video.
    trace
        Where it happened, for ``--verbose``; may be empty.
    """

    job: VideoJob
    stage: str
    cause: str
    remedy: str = ""
    lasting: bool = True
    trace: str = ""

    @classmethod
    def worded(
        cls,
        job: VideoJob,
        stage: str,
        key: str,
        values: Mapping[str, object] | None = None,
        *,
        during: str = "",
        lasting: bool = True,
        trace: str = "",
    ) -> Self:
        """A failure that no error was raised for; `key` names its words in ``errors.batch``.

        `during` is the stage that the analysis had reached; "" for none.
        """
        at = Phrase("errors.batch.during", {"stage": stage_name(during)})
        said = {"during": f" {at}" if during else "", **(values or {})}
        cause, remedy = (Phrase(f"errors.batch.{key}.{part}", said) for part in ("cause", "remedy"))
        return cls(job, stage, str(cause), str(remedy), lasting, trace)


@dataclass(frozen=True, slots=True)
class NoVideo:
    """A file that only looked like a video holds no pictures; that is no failure."""

    job: VideoJob
    cause: str


VideoOutcome = Finished | Failed | NoVideo


@dataclass(frozen=True, slots=True)
class Opened:
    """What the models say of themselves once they are open.

    Attributes
    ----------
    fingerprint
        Digest of everything but the video that decides the results: settings, models with their
        files, label bridge, version of emoreport.
    readings
        The same of what decides the readings only: results whose digests agree in this can be made
        from each other's readings.
    columns
        Names and kinds (``text``, ``number``, ``count``) of the columns of the long table of
        intervals, in order.
    models
        Names of the face model and of the voice model.
    """

    fingerprint: str
    readings: str
    columns: tuple[tuple[str, str], ...]
    models: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one video may cost.

    Attributes
    ----------
    time_s
        Seconds of wall time; None derives them from the size and length of the video.
    memory_mb
        Resident memory of its worker, megabytes (10⁶ bytes); None for a share of the machine's.
    """

    time_s: float | None = None
    memory_mb: float | None = None


class Watcher(Protocol):
    """Is told what happens while it happens."""

    def announce(self, line: str) -> None:
        """Take a line that a user must see: which model runs and why."""

    def pulling(self, name: str, done: int, total: int | None) -> None:
        """`done` of `total` bytes of a model's file are here."""

    def started(self, job: VideoJob) -> None:
        """A worker has begun with a video."""

    def progress(self, job: VideoJob, stage: str, done_s: float, total_s: float | None) -> None:
        """`done_s` of `total_s` seconds of the recording are through `stage`."""


class Engine(Protocol):
    """Analyses videos with workers that open their models once.

    An engine is made with the settings, the limits and a watcher.
    """

    settings: Settings

    def open(self) -> Opened:
        """Start a worker, open the models and say what they are.

        Raises
        ------
        EmoreportError
            When a model is not available.
        """

    def run(self, jobs: Iterable[VideoJob | None]) -> Iterator[VideoOutcome]:
        """Analyse videos; yield one outcome each, in the order in which they end.

        Parameters
        ----------
        jobs
            Pulled as workers become free, never far ahead. None means that the next job is not
            ready yet: come again soon. It must be pulled by one thread only.

        Raises
        ------
        EmoreportError
            When no worker can be started any more. A video that kills a worker is `Failed`.
        """

    def close(self) -> None:
        """End the workers at once, whatever they do."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
