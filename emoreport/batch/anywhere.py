"""Run a batch whose output folder is behind a URL: lock it, and copy its files there and back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from emoreport.batch.engine import Engine, Finished, Opened, VideoJob, VideoOutcome, Watcher
from emoreport.batch.lock import HOLDER_FILE, HOLDER_NAME, HOLDER_SUFFIX, WORKING_FOLDER
from emoreport.batch.manifest import MANIFEST_FILE, PART_NAME, PART_SUFFIX, manifest_path
from emoreport.batch.metadata import METADATA_FILE
from emoreport.batch.names import OWN_FILES
from emoreport.batch.remote.staging import PARTS, RemoteFolder
from emoreport.batch.remote.stores import Store, TransferError, hidden, is_url
from emoreport.batch.runner import BatchRequest, BatchResult, BatchWatcher, EngineMaker, run_batch
from emoreport.errors import OutputError, SettingsError
from emoreport.run.record import now
from emoreport.run.run_json import RUN_FILE
from emoreport.settings import Settings

BEAT_S: Final = 30.0
"""So often the manifest is uploaded, and the claim on the folder is renewed."""
STALE_S: Final = 300.0
"""A claim that is older was left by a batch that has ended without a word."""


def source_folder(path_or_url: str) -> Path | RemoteFolder:
    """The folder of videos that a user named by a path or a URL."""
    return RemoteFolder(path_or_url.rstrip("/")) if is_url(path_or_url) else Path(path_or_url)


def run_anywhere(request: BatchRequest, watcher: BatchWatcher, make: EngineMaker) -> BatchResult:
    """Do as `run_batch` does, with folder and output folder on this machine or behind URLs.

    Raises
    ------
    SettingsError, TransferError
        When a store cannot be opened or read; otherwise as `run_batch`.
    """
    url = request.settings.output.out
    with ExitStack() as stack:
        if isinstance(request.folder, RemoteFolder):
            inside = f"{url.rstrip('/')}/".removeprefix(f"{request.folder.url}/").rstrip("/")
            folder = replace(request.folder, out="" if is_url(inside) else inside)
            request = replace(request, folder=folder)
            if request.metadata is None and (table := folder.read(METADATA_FILE)) is not None:
                copies = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                (copies / METADATA_FILE).write_bytes(table)
                request = replace(request, metadata=copies / METADATA_FILE)
        if not is_url(url):
            return run_batch(request, watcher, make)
        part = request.shard.suffix if request.shard else ""
        output = stack.enter_context(RemoteOutput(url, part))
        shadowed = replace(request, settings=request.settings.replace(out=str(output.folder)))

        def uploading(settings: Settings, watcher: Watcher) -> Engine:
            # The path in run.json is where the results really are.
            return output.wrap(make(settings.replace(out=hidden(url)), watcher))

        return run_batch(shadowed, watcher, uploading)


class RemoteOutput:
    """A shadow of the output folder on this machine.

    It holds what a batch reads of its output folder: the manifest, each run.json, the rows of each
    video. Of all other files it holds empty ones, since only their being there matters. Workers
    upload the results of their videos by themselves.

    Parameters
    ----------
    url
        Of the output folder.
    part
        Suffix of the files of one part of a batch; empty for a batch that wants the folder for
        itself.

    Raises
    ------
    SettingsError
        When the store cannot be opened; on entering, when another batch writes into the folder.
    TransferError
        On entering, when the store cannot be read.
    OutputError
        On entering or leaving, when it cannot be written.
    """

    def __init__(self, url: str, part: str = "") -> None:
        self._store = Store(url)
        self._part = part
        self._holder = f"{WORKING_FOLDER}/{HOLDER_NAME}{part}{HOLDER_SUFFIX}"
        self._mark = {"process": os.getpid(), "computer": socket.gethostname(), "since": now()}
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._keep_up, daemon=True)
        self._uploaded_bytes = 0
        self.folder = Path()

    def __enter__(self) -> Self:
        """Claim the folder and make its shadow."""
        self._claim()
        self.folder = Path(tempfile.mkdtemp(prefix="emoreport-output-"))
        try:
            self._pull()
        except BaseException:
            self._leave()
            raise
        self._beat.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Upload what the batch wrote by itself, and let go of the folder."""
        self._stop.set()
        self._beat.join()
        try:
            self._upload_manifest()
            own = () if self._part else sorted(OWN_FILES - {MANIFEST_FILE})
            for name in own:
                # An empty one means a file of an earlier run that was not made again.
                if (path := self.folder / name).is_file() and path.stat().st_size:
                    self._store.write(name, path)
        finally:
            self._leave()

    def wrap(self, engine: Engine) -> Engine:
        """The engine, told to upload what it makes."""
        return _Uploading(engine, self)

    @property
    def url(self) -> str:
        """Of the output folder."""
        return self._store.url

    def arrived(self, outcome: VideoOutcome) -> None:
        """Take note of files that a worker has uploaded.

        Raises
        ------
        TransferError
            When the rows of the video cannot be read.
        """
        if not isinstance(outcome, Finished):
            return
        part = Path(outcome.job.part)
        part.parent.mkdir(parents=True, exist_ok=True)
        self._store.fetch(f"{PARTS}/{part.name}", part)
        folder = Path(outcome.job.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in outcome.files:
            (folder / name).touch()

    def _pull(self) -> None:
        for name in self._store.listing():
            path = self.folder / name
            folder, _, last = name.rpartition("/")
            needed = folder == PARTS or _is_manifest(name)
            needed = needed or (last == RUN_FILE and "/" not in folder)
            # Nothing else of the batch's own is read, and no deeper folder is a video's.
            if not needed and (name.startswith(".") or name.count("/") > 1):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if needed:
                self._store.fetch(name, path)
            else:
                path.touch()
        if (manifest := manifest_path(self.folder, self._part)).exists():
            self._uploaded_bytes = manifest.stat().st_size

    def _claim(self) -> None:
        for name in self._rivals():
            rival = self._claimed(name)
            if rival is None:
                continue
            raise SettingsError(
                "batch.busy_since",
                process=rival["process"],
                computer=rival["computer"],
                since=rival["since"],
                minutes=STALE_S / 60,
                file=hidden(self._store.url),
            )
        self._assert_claim()
        told = self._read_claim(self._holder)
        if told is None or told["process"] != self._mark["process"]:
            raise SettingsError("batch.same_moment", file=hidden(self._store.url))

    def _rivals(self) -> list[str]:
        """Where the claims of batches lie that would write the same files."""
        main = f"{WORKING_FOLDER}/{HOLDER_FILE}"
        if self._part:
            return [main, self._holder]
        start = f"{WORKING_FOLDER}/{HOLDER_NAME}"
        return sorted(name for name in self._store.listing() if name.startswith(start))

    def _claimed(self, name: str) -> dict[str, Any] | None:
        """The claim of another batch that seems to be alive; None if there is none."""
        told = self._read_claim(name)
        if told is None or time.time() - told["at"] > STALE_S:
            return None
        if told["computer"] == self._mark["computer"] and not _runs(told["process"]):
            return None
        return told

    def _read_claim(self, name: str) -> dict[str, Any] | None:
        try:
            told = json.loads(self._store.read(name) or b"")
            return {
                "process": int(told["process"]),
                "computer": str(told["computer"]),
                "since": str(told["since"]),
                "at": float(told["at"]),
            }
        except (ValueError, KeyError, TypeError):
            return None

    def _assert_claim(self) -> None:
        content = json.dumps({**self._mark, "at": time.time()}).encode("ascii")
        self._store.write(self._holder, content)

    def _keep_up(self) -> None:
        while not self._stop.wait(BEAT_S):
            # What does not arrive now will with the next beat or, at the latest, at the end.
            with suppress(OutputError, TransferError):
                self._assert_claim()
                self._upload_manifest()

    def _upload_manifest(self) -> None:
        manifest = manifest_path(self.folder, self._part)
        if not manifest.exists():
            return
        content = manifest.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) != self._uploaded_bytes:
            name = manifest.relative_to(self.folder).as_posix()
            self._store.write(name, whole)
            self._uploaded_bytes = len(whole)

    def _leave(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OutputError):  # it grows old by itself
            self._store.remove(self._holder)


class _Uploading:
    """An engine whose workers upload what they make."""

    def __init__(self, engine: Engine, output: RemoteOutput) -> None:
        self.settings = engine.settings
        self._engine = engine
        self._output = output

    def open(self) -> Opened:
        return self._engine.open()

    def run(self, jobs: Iterable[VideoJob | None]) -> Iterator[VideoOutcome]:
        sent = (job and replace(job, target=self._output.url) for job in jobs)
        for outcome in self._engine.run(sent):
            self._output.arrived(outcome)
            yield outcome

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> Self:
        self._engine.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._engine.__exit__(*exception)


def _is_manifest(name: str) -> bool:
    part = name.startswith(f"{WORKING_FOLDER}/{PART_NAME}-") and name.endswith(PART_SUFFIX)
    return part or name == MANIFEST_FILE


def _runs(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))
