"""Copy videos and results from and to URLs; copies stay only while a worker needs them."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emoreport.batch.discovery import (
    SHARED_SUFFIXES,
    SNIFFED_BYTES,
    SOUNDS_AND_PICTURES,
    SUFFIXES,
    Candidate,
    is_wanted,
    looks_like_video,
)
from emoreport.batch.engine import VideoJob
from emoreport.batch.lock import WORKING_FOLDER
from emoreport.batch.remote.stores import (
    Facts,
    Store,
    TransferError,
    hidden,
    is_url,
    not_there,
    split,
)
from emoreport.run.run_json import RUN_FILE
from emoreport.tables.store import KNOWN_FILES

PARTS: Final = f"{WORKING_FOLDER}/intervals"
PREFIX: Final = "emoreport-staging-"
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class RemoteCandidate(Candidate):
    """A file behind a URL that seems to be a video.

    Attributes
    ----------
    store
        The folder that was searched.
    listed
        What its store says of it.
    """

    store: Store
    listed: Facts

    @property
    def address(self) -> str:
        """URL of the file."""
        return self.store / self.name

    def facts(self) -> Facts:
        """What its store said of it when it was found."""
        return self.listed

    def sha256(self) -> str:
        """Digest of its content, which passes through this machine for it.

        Raises
        ------
        TransferError
            When it cannot be read.
        """
        return self.store.sha256(self.name)


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder of videos behind a URL.

    Attributes
    ----------
    url
        As fsspec takes it.
    out
        Name of the output folder below it, which is not searched; empty if it is elsewhere.
    """

    url: str
    out: str = ""

    def __str__(self) -> str:
        return hidden(self.url)

    def __truediv__(self, name: str) -> str:
        """URL of a name below the folder, for people."""
        return f"{self}/{name}"

    def find_videos(
        self,
        *,
        include: Sequence[str],
        exclude: Sequence[str],
        unreadable: Callable[[str, str], None],
    ) -> list[RemoteCandidate]:
        """Find the videos; the same rules as `discovery.find_videos`, one listing.

        Parameters
        ----------
        include, exclude
            Shell patterns.
        unreadable
            Is told of a file whose first bytes cannot be read, with the cause.

        Raises
        ------
        InputNotFoundError
            When there is nothing there.
        TransferError, SettingsError
            When the store cannot be listed.
        """
        store = Store(self.url)
        listing = store.listing()
        if not listing:
            raise not_there(self.url)
        candidates = []
        for name, info in listing.items():
            if self.out and name.startswith(f"{self.out}/"):
                continue
            hides = any(part.startswith(".") for part in name.split("/"))
            if hides or not is_wanted(name, include, exclude):
                continue
            try:
                sure = _is_video(store, name)
            except TransferError as error:
                unreadable(name, error.cause)
                continue
            if sure is not None:
                facts = Facts.of(info)
                candidates.append(
                    RemoteCandidate(name, Path(name), facts.st_size, sure, store, facts)
                )
        return sorted(
            candidates, key=lambda candidate: candidate.name.encode("utf-8", "surrogateescape")
        )

    def read(self, name: str) -> bytes | None:
        """Content of a small file of the folder; None if there is none."""
        return Store(self.url).read(name)


def _is_video(store: Store, name: str) -> bool | None:
    """Whether a file's name says that it is a video; None if it is none."""
    suffix = Path(name).suffix.lower()
    if suffix in SOUNDS_AND_PICTURES:
        return None
    if suffix in SUFFIXES and suffix not in SHARED_SUFFIXES:
        return True
    if not looks_like_video(store.start_of(name, SNIFFED_BYTES)):
        return None
    return suffix in SUFFIXES


# --------------------------------------------------------------------------- in a worker


@contextmanager
def staged(job: VideoJob) -> Iterator[VideoJob]:
    """Give a job on this machine in place of one with URLs; upload its results at the end.

    A job without URLs is given back as it is. The upload begins only when the work ended without
    an error; run.json goes away first and comes last, so that a folder with it is complete.

    Raises
    ------
    TransferError
        When the video cannot be fetched, or has changed since its digest was taken.
    OutputError
        When the results cannot be uploaded.
    """
    if not is_url(job.path) and not job.target:
        yield job
        return
    with _room() as room:
        local = _with_video(job, room) if is_url(job.path) else job
        if job.target:
            local = replace(
                local,
                folder=str(room / "results" / Path(job.folder).name),
                part=str(room / "part" / Path(job.part).name),
                target="",
            )
            if job.collect or job.retable:
                _fetch_folder(job, Path(local.folder))
        before = _run_of(local)
        yield local
        if job.target:
            _upload(job, local, analysed_again=_run_of(local) != before)


@contextmanager
def _room() -> Iterator[Path]:
    """A folder for copies; what killed workers left behind is removed first."""
    from filelock import FileLock, Timeout

    places = Path(tempfile.gettempdir())
    for old in places.glob(f"{PREFIX}*"):
        if not _is_ours(old):
            continue
        lock = FileLock(old / _LOCK)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):  # in use
            continue
        shutil.rmtree(old, ignore_errors=True)
        lock.release()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        room = Path(name)
        with FileLock(room / _LOCK):
            yield room


def _is_ours(path: Path) -> bool:
    """Whether a folder was made by this user: in others', a lock could be a link to anything."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
    return stat.S_ISDIR(facts.st_mode) and mine


def _with_video(job: VideoJob, room: Path) -> VideoJob:
    store, name = split(job.path)
    folder = room / "video"
    folder.mkdir()
    path = folder / name
    # Also where stored readings are to do: they may turn out to be damaged.
    if store.fetch(name, path) != job.sha256:
        raise TransferError("remote.changed")
    facts = path.stat()
    return replace(job, path=str(path), size_bytes=facts.st_size, mtime_ns=facts.st_mtime_ns)


def _fetch_folder(job: VideoJob, folder: Path) -> None:
    store = Store(f"{job.target}/{folder.name}")
    folder.mkdir(parents=True)
    for name in store.listing():
        if "/" not in name and not name.startswith("."):
            store.fetch(name, folder / name)


def _run_of(job: VideoJob) -> tuple[int, int] | None:
    """Which file the run.json is: its content may be the same twice within one second."""
    try:
        facts = (Path(job.folder) / RUN_FILE).stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


def _upload(job: VideoJob, local: VideoJob, *, analysed_again: bool) -> None:
    """Put the rows and, if it was `analysed_again`, its files where they belong."""
    store = Store(job.target)
    folder, part = Path(local.folder), Path(local.part)
    if part.is_file():
        store.write(f"{PARTS}/{part.name}", part)
    if not analysed_again:
        return
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    store.remove(f"{folder.name}/{RUN_FILE}")
    for name in Store(store / folder.name).listing():
        # What others have put there stays.
        if name in KNOWN_FILES and name not in files:
            store.remove(f"{folder.name}/{name}")
    for name in [*(file for file in files if file != RUN_FILE), RUN_FILE]:
        store.write(f"{folder.name}/{name}", folder / name)
