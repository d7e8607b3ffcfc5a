"""An engine without processes: the real work, done where the test runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from emoreport.batch.engine import Opened, VideoJob, VideoOutcome
from emoreport.batch.engines.work import Workshop
from emoreport.batch.manifest import Talk
from emoreport.batch.plan import Choices
from emoreport.batch.runner import BatchRequest, BatchResult, run_batch
from emoreport.settings import Settings

_OPEN: dict[str, Workshop] = {}


def settings_for(out: Path, **values) -> Settings:
    chosen = {"face": "compact", "speech": "compact", "offline": True, "threads": 1}
    return Settings.from_values({**chosen, "out": str(out), **values})


def workshop_for(settings: Settings) -> Workshop:
    """Open models once for all tests of a process: where the tables go does not matter to them."""
    key = str({name: one for name, one in settings.values().items() if name != "out"})
    if key not in _OPEN:
        _OPEN[key] = Workshop(settings, announce=lambda _: None, progress=lambda *_: None)
    return _OPEN[key]


@dataclass
class InlineEngine:
    """Does the jobs one after the other; `before` may raise or spoil something before each."""

    settings: Settings
    before: Callable[[VideoJob], None] = lambda job: None
    backwards: bool = False
    jobs: list[VideoJob] = field(default_factory=list)

    def open(self) -> Opened:
        return workshop_for(self.settings).opened

    def run(self, jobs: Iterable[VideoJob | None]) -> Iterator[VideoOutcome]:
        pulled = (job for job in jobs if job is not None)
        for job in reversed([*pulled]) if self.backwards else pulled:
            self.jobs.append(job)
            self.before(job)
            yield workshop_for(self.settings).work(job)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Told:
    """Keeps what a batch tells."""

    talks: list[Talk] = field(default_factory=list)
    warnings: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def announce(self, line: str) -> None: ...
    def pulling(self, name: str, done: int, total: int | None) -> None: ...
    def started(self, job: VideoJob) -> None: ...
    def progress(self, job: VideoJob, stage: str, done_s: float, total_s: float | None) -> None: ...
    def videos_found(self, candidates) -> None: ...
    def note(self, key: str, **values: object) -> None: ...

    def settled(self, talk: Talk, outcome: VideoOutcome | None) -> None:
        self.talks.append(talk)

    def warn(self, key: str, **values: object) -> None:
        self.warnings.append((key, values))


@dataclass
class Batch:
    """A folder of videos, and batches over it."""

    folder: Path
    out: Path
    engine: InlineEngine | None = None
    told: Told = field(default_factory=Told)

    def __call__(
        self,
        *,
        choices: Choices | None = None,
        before: Callable[[VideoJob], None] = lambda job: None,
        backwards: bool = False,
        **values,
    ) -> BatchResult:
        settings = settings_for(self.out, **values)
        self.told = Told()
        request = BatchRequest(self.folder, settings, choices=choices or Choices())

        def make(chosen: Settings, watcher: object) -> InlineEngine:
            self.engine = InlineEngine(chosen, before, backwards)
            return self.engine

        return run_batch(request, self.told, make)

    @property
    def done(self) -> list[tuple[str, bool]]:
        """Jobs of the last batch: name, and whether only rows were collected."""
        return [(job.name, job.collect) for job in self.engine.jobs]

    def states(self, result: BatchResult) -> dict[str, str]:
        return {talk.name: talk.state for talk in result.talks}
