"""Run a batch: from a folder of videos to the tables of all of them."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from emoreport.atomic import remove_leftovers
from emoreport.batch.discovery import Candidate, find_videos
from emoreport.batch.engine import Engine, Failed, Opened, VideoJob, VideoOutcome, Watcher
from emoreport.batch.lock import WORKING_FOLDER, only_batch
from emoreport.batch.manifest import Manifest, Talk, VideoRecord
from emoreport.batch.metadata import METADATA_FILE, Metadata, read_metadata
from emoreport.batch.parts import load_arrow
from emoreport.batch.plan import PARTS_FOLDER, Ahead, Choices, Planner, Settled
from emoreport.batch.remote.staging import RemoteFolder
from emoreport.batch.sharding import Shard
from emoreport.batch.together import reserved_columns, write_together
from emoreport.errors import EmoreportError, InputNotFoundError, OutputError
from emoreport.settings import Settings
from emoreport.words.choosing import refuse_one_file

UNWRITABLE_IN_A_ROW: Final = 3
"""So many videos in a row that could not be written end the batch: the disk is full or gone."""


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What is to be done.

    Attributes
    ----------
    folder
        Where the videos are.
    settings
        As for one video; `output.out` is where everything goes.
    include, exclude
        Shell patterns for paths below the folder or for file names.
    choices
        What to do again.
    metadata
        Table of the user's own columns; None takes the folder's own metadata.csv if there is one.
    encoding
        Of that table where it is not in Unicode; guessed where that is safe if None.
    shard
        Which part of the videos to do, beside others that do the rest; None for all. The tables of
        all together are made by a batch without it.
    """

    folder: Path | RemoteFolder
    settings: Settings
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    choices: Choices = field(default_factory=Choices)
    metadata: Path | None = None
    encoding: str | None = None
    shard: Shard | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of all videos.

    Attributes
    ----------
    talks
        In the order of their names.
    interrupted
        Whether it was stopped before its end.
    """

    talks: tuple[Talk, ...]
    interrupted: bool

    @property
    def counts(self) -> Counter[str]:
        """Number of videos by state."""
        return Counter(talk.state for talk in self.talks)


class BatchWatcher(Watcher, Protocol):
    """Is told what happens, from the first look at the folder to the last video."""

    def videos_found(self, candidates: Sequence[Candidate]) -> None:
        """These are the videos."""

    def settled(self, talk: Talk, outcome: VideoOutcome | None) -> None:
        """A video is done with; `outcome` is None where nothing had to be done now."""

    def warn(self, key: str, **values: object) -> None:
        """Take a warning: a key of the words ``batch.line`` and the values for its braces."""

    def note(self, key: str, **values: object) -> None:
        """Take a piece of information, likewise."""


EngineMaker = Callable[[Settings, Watcher], Engine]


def run_batch(request: BatchRequest, watcher: BatchWatcher, make: EngineMaker) -> BatchResult:
    """Analyse every video below a folder; what an earlier run finished is left as it is.

    Ctrl-C, SIGTERM and SIGHUP end it early: the tables of what is finished are written, and the
    same call goes on from there.

    Parameters
    ----------
    request
        What to do.
    watcher
        Is told what happens.
    make
        Makes the engine.

    Raises
    ------
    InputNotFoundError
        When the folder does not exist or holds no video.
    SettingsError
        When another batch writes into the output folder, or metadata.csv cannot be used.
    OutputError
        When manifest or tables cannot be written; what is finished stays.
    EmoreportError
        When the models cannot be opened, or no worker can be started any more.
    """
    load_arrow()
    refuse_one_file(request.settings.words)
    out = Path(request.settings.output.out)
    candidates = _find(request, out, watcher)
    if not candidates:
        raise InputNotFoundError("batch.no_videos", file=request.folder)
    part = ""
    if request.shard is not None:
        part = request.shard.suffix
        candidates = [candidate for candidate in candidates if request.shard.holds(candidate.path)]
        if not candidates:
            return BatchResult((), interrupted=False)
    names = [candidate.name for candidate in candidates]
    with only_batch(out, part), ExitStack() as stack:
        if not part:  # the processes of other parts may be at work, on other machines
            clean(out)
        manifest = Manifest(out, part)
        stack.callback(manifest.close)
        watcher.videos_found(candidates)
        metadata = Metadata()
        book = _Book(manifest, watcher)
        try:
            with stops_as_interrupts() as stops, make(request.settings, watcher) as engine:
                # Read before the models are opened, so that a slip in it costs no time.
                metadata = _metadata(request, names, frozenset(), watcher)
                book.opened = engine.open()
                metadata = _metadata(request, names, reserved_columns(book.opened), None)
                words = request.settings.words
                planner = Planner(out, manifest, book.opened, request.choices, words)
                ahead = Ahead(planner.steps(candidates))
                stack.callback(ahead.close)
                for outcome in engine.run(book.jobs(ahead)):
                    with stops.postponed():  # what the manifest calls finished is in the tables
                        book.take(outcome)
        except (KeyboardInterrupt, EmoreportError) as error:
            early: BaseException | None = error
        else:
            early = None
        talks = tuple(book.talks.get(name, Talk(name, "waiting")) for name in names)
        if not part:
            clean(out, manifest.folders.values())
            _write_up(request, talks, book.opened, metadata, early)
    if isinstance(early, EmoreportError):
        raise early  # what was finished before is in the tables
    return BatchResult(talks, interrupted=early is not None)


def _write_up(
    request: BatchRequest,
    talks: Sequence[Talk],
    opened: Opened | None,
    metadata: Metadata,
    early: BaseException | None,
) -> None:
    """Write the tables of all; an error that ended the batch `early` goes before one here."""
    if opened is None:
        return
    output = request.settings.output
    with suppress(*((OutputError,) if isinstance(early, EmoreportError) else ())):
        write_together(Path(output.out), talks, opened, metadata, output)


def _find(request: BatchRequest, out: Path, watcher: BatchWatcher) -> Sequence[Candidate]:
    def unreadable(name: str, cause: str) -> None:
        watcher.warn("unreadable", name=name, cause=cause)

    if isinstance(request.folder, RemoteFolder):
        return request.folder.find_videos(
            include=request.include, exclude=request.exclude, unreadable=unreadable
        )
    return find_videos(
        request.folder,
        include=request.include,
        exclude=request.exclude,
        skip=(out,),
        unreadable=unreadable,
    )


class _Book:
    """Keeps what became of each video, of copies too."""

    def __init__(self, manifest: Manifest, watcher: BatchWatcher) -> None:
        self.talks: dict[str, Talk] = {}
        self.opened: Opened | None = None
        self._manifest = manifest
        self._watcher = watcher
        self._firsts: dict[str, str] = {}
        self._copies: dict[str, list[str]] = {}
        self._unwritable = 0

    def jobs(self, steps: Ahead) -> Iterator[VideoJob | None]:
        """What is left for the engine of a planner's steps."""
        for step in steps:
            if isinstance(step, VideoJob):
                self._firsts[step.sha256] = step.name
                yield step
            elif step is None:
                yield None
            else:
                self._settle(step)

    def take(self, outcome: VideoOutcome) -> None:
        """Note what became of a video, and of its copies with it.

        Raises
        ------
        OutputError
            When the manifest cannot be written, or results could not several times in a row.
        """
        assert self.opened is not None
        job = outcome.job
        if isinstance(outcome, Failed) and not outcome.lasting:
            record = VideoRecord.of(outcome)
        else:
            record = self._manifest.note_outcome(outcome, self.opened.fingerprint)
        talk = Talk(job.name, record.state, record, job.sha256)
        self._keep(talk, outcome)
        for name in self._copies.pop(job.sha256, ()):
            self._keep(_copy_of(talk, name), None)
        unwritable = isinstance(outcome, Failed) and outcome.stage == OutputError.stage
        self._unwritable = self._unwritable + 1 if unwritable else 0
        if self._unwritable >= UNWRITABLE_IN_A_ROW:
            raise OutputError("batch.unwritable", count=self._unwritable)

    def _settle(self, step: Settled) -> None:
        if step.state == "copy":
            first = self._firsts[step.sha256]
            talk = self.talks.get(first)
            if talk is None:
                self._copies.setdefault(step.sha256, []).append(step.name)
                self.talks[step.name] = Talk(step.name, "waiting", None, step.sha256, first)
            else:
                self._keep(_copy_of(talk, step.name), None)
            return
        if step.sha256:
            self._firsts[step.sha256] = step.name
        self._keep(Talk(step.name, step.state, step.record, step.sha256), None)

    def _keep(self, talk: Talk, outcome: VideoOutcome | None) -> None:
        self.talks[talk.name] = talk
        self._watcher.settled(talk, outcome)


def _copy_of(first: Talk, name: str) -> Talk:
    """A copy of a failed video failed, too; that of a finished one has no row of its own."""
    state = "copy" if first.state == "finished" else first.state
    return Talk(name, state, first.record, first.sha256, first.name)


def clean(out: Path, folders: Iterable[str] = ()) -> None:
    """Remove what killed workers left: temporary files, and folders that nothing came into.

    Parameters
    ----------
    out
        The output folder.
    folders
        Names of folders in it that may be removed where they are empty.
    """
    remove_leftovers(out)
    remove_leftovers(out / WORKING_FOLDER / PARTS_FOLDER)
    with suppress(OSError):
        for folder in out.iterdir():
            if folder.is_dir() and not folder.is_symlink():
                remove_leftovers(folder)
    for name in folders:
        with suppress(OSError):  # it holds results, or was never made
            (out / name).rmdir()


class Stops:
    """What becomes of the signals that ask for an end."""

    def __init__(self) -> None:
        self._busy = False
        self._asked = False

    def ask(self, *_: object) -> None:
        """Raise KeyboardInterrupt, at once or after the work that is not to be cut in two."""
        if not self._busy:
            raise KeyboardInterrupt
        self._asked = True

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Do all of some work, or none: a signal that comes meanwhile is heeded after it."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._asked:
            raise KeyboardInterrupt


@contextmanager
def stops_as_interrupts() -> Iterator[Stops]:
    """Have SIGTERM and SIGHUP end the work as Ctrl-C does: schedulers send them before they kill.

    Only the main thread can ask for signals; elsewhere nothing changes.
    """
    stops = Stops()
    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # A program that runs under nohup has chosen to outlive its terminal.
    before = {
        number: signal.signal(number, stops.ask)
        for number in (signal.SIGINT, *wanted)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _metadata(
    request: BatchRequest,
    names: Sequence[str],
    reserved: frozenset[str],
    watcher: BatchWatcher | None,
) -> Metadata:
    path = request.metadata
    if path is None:
        if isinstance(request.folder, RemoteFolder):
            return Metadata()
        path = request.folder / METADATA_FILE
        if not path.is_file():
            return Metadata()
    metadata = read_metadata(path, names, reserved, request.encoding)
    if watcher is not None:
        if metadata.guessed_encoding:
            watcher.warn("guessed_encoding", file=path, encoding=metadata.guessed_encoding)
        watcher.note("metadata", file=path, columns=", ".join(metadata.columns))
        missing = [name for name in names if name not in metadata.rows]
        for key, affected in (("unused", metadata.unused), ("missing", missing)):
            if affected:
                watcher.warn(key, file=path, count=len(affected), names=_some(affected))
    return metadata


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
