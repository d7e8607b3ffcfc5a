"""Decide what is to be done with each video: analyse it, leave it, or take it for a copy."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from emoreport.batch.discovery import Candidate, FileFacts
from emoreport.batch.engine import Opened, VideoJob
from emoreport.batch.lock import WORKING_FOLDER
from emoreport.batch.manifest import Manifest, Signature, VideoRecord
from emoreport.batch.names import OWN_FILES
from emoreport.batch.parts import has_part
from emoreport.errors import EmoreportError, InputNotFoundError, MediaError, OutputError
from emoreport.run.fingerprint import deciding_words, fingerprint_of, readings_fingerprint_of
from emoreport.run.folder import (
    folder_names,
    is_free,
    made_otherwise,
    safe_stem,
    same_name,
    stored_run,
)
from emoreport.settings import WordSettings
from emoreport.tables.readings import FRAMES_FILE, SPEECH_FILE
from emoreport.words.choosing import cause_of, transcript_record

PARTS_FOLDER: Final = "intervals"
AHEAD: Final = 2
"""So many steps are prepared while the workers are busy: digests take time."""

State = Literal["finished", "failed", "no_video", "copy"]


@dataclass(frozen=True, slots=True)
class Settled:
    """A video about which nothing more is to be done in this run.

    Attributes
    ----------
    name
        The video.
    state
        What it is; ``copy`` has the content of a video before it.
    record
        What became of it; None for a copy.
    sha256
        Digest of its content; empty if it cannot be read.
    """

    name: str
    state: State
    record: VideoRecord | None
    sha256: str = ""


Step = VideoJob | Settled


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user asked for.

    Attributes
    ----------
    overwrite
        Do everything again, finished or not.
    retry_failed
        Try again what failed before.
    """

    overwrite: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    """What decides results that are there, their readings, and their words."""

    results: str
    readings: str
    words: tuple[str, str] | None


class Planner:
    """Decides about videos one after the other, in the order of their names.

    Parameters
    ----------
    out
        The output folder.
    manifest
        What is known from earlier runs.
    opened
        What the models say of themselves.
    choices
        What the user asked for.
    words
        Where the transcripts are.
    """

    def __init__(
        self,
        out: Path,
        manifest: Manifest,
        opened: Opened,
        choices: Choices,
        words: WordSettings | None = None,
    ) -> None:
        self._out = out
        self._manifest = manifest
        self._fingerprint, self._readings = opened.fingerprint, opened.readings
        self._choices = choices
        self._words = words or WordSettings()
        self._taken = {same_name(name): sha256 for sha256, name in manifest.folders.items()}
        self._seen: set[str] = set()

    def steps(self, candidates: Sequence[Candidate]) -> Iterator[Step]:
        """Yield one step per video.

        Raises
        ------
        OutputError
            When the manifest cannot be written.
        """
        for candidate in candidates:
            yield self._step(candidate)

    def _step(self, candidate: Candidate) -> Step:
        try:
            facts = candidate.facts()
            sha256 = self._digest(candidate, facts)
            if sha256 in self._seen:
                return Settled(candidate.name, "copy", None, sha256)
            self._seen.add(sha256)
            job = self._job(candidate, facts, sha256)
            return job if self._choices.overwrite else self._from_manifest(job) or self._stored(job)
        except OSError as error:
            unread = MediaError("file.no_rights", error=error.strerror)
            return _unreadable(candidate, unread.stage, unread.cause, unread.remedy)
        except (InputNotFoundError, EmoreportError) as error:
            if isinstance(error, OutputError) and error.file == str(self._manifest.path):
                raise
            cause = cause_of(error, self._words)
            return _unreadable(candidate, error.stage, cause, error.remedy)

    def _digest(self, candidate: Candidate, facts: FileFacts) -> str:
        signature = Signature.of(facts)
        noted = self._manifest.digest(candidate.name, signature)
        sha256 = noted or candidate.sha256()
        self._manifest.note_digest(candidate.name, signature, sha256)
        return sha256

    def _job(self, candidate: Candidate, facts: FileFacts, sha256: str) -> VideoJob:
        name = self._folder_name(candidate.path, sha256)
        self._taken[same_name(name)] = sha256
        self._manifest.note_folder(sha256, name)
        return VideoJob(
            name=candidate.name,
            path=candidate.address,
            sha256=sha256,
            size_bytes=facts.st_size,
            mtime_ns=facts.st_mtime_ns,
            folder=str((self._out / name).absolute()),
            part=str(part_path(self._out, sha256).absolute()),
            certain=candidate.certain,
        )

    def _folder_name(self, video: Path, sha256: str) -> str:
        """Name of the folder of results; once given, a content keeps it."""
        noted = self._manifest.folder(sha256)
        if noted is not None:
            return noted
        for name in folder_names(video, sha256):
            if self._free(name, sha256):
                return name
        raise OutputError("batch.no_name_left", file=self._out / safe_stem(video))

    def _free(self, name: str, sha256: str) -> bool:
        if same_name(name) in OWN_FILES or self._taken.get(same_name(name), sha256) != sha256:
            return False
        folder = self._out / name
        if not os.path.lexists(folder):
            return True
        if folder.is_symlink() or not folder.is_dir():
            return False
        return is_free(folder, sha256)

    def _from_manifest(self, job: VideoJob) -> Step | None:
        """What the manifest says of a video; None if it does not say enough."""
        record = self._manifest.record_of(job.sha256, self._fingerprint)
        if record is None:
            return None
        if record.state == "finished":
            folder = Path(job.folder)
            made = _made(folder, job.sha256)
            same = made is not None and self._is_as_wanted(made, job)
            whole = same and _all_there(folder, record.files)
            if not whole or not has_part(Path(job.part), job.sha256, self._fingerprint):
                return None
        elif record.state == "failed" and self._choices.retry_failed:
            return None
        return Settled(job.name, record.state, record, job.sha256)

    def _stored(self, job: VideoJob) -> Step:
        """A job for a video that the manifest does not settle; its results may be there.

        Raises
        ------
        OutputError
            When there are results of it that no batch made, with other settings or models.
        """
        folder = Path(job.folder)
        made = _made(folder, job.sha256)
        if made is None:
            return job
        record = self._manifest.record_of(job.sha256, made.results)
        needed = {FRAMES_FILE, SPEECH_FILE}
        if not self._is_as_wanted(made, job):
            if record is None:
                raise made_otherwise(folder, "replace_or_elsewhere")
            same_readings = made.readings == self._readings and made.words == self._words_of(job)
            can_retable = same_readings and _all_there(folder, needed)
            return replace(job, retable=can_retable)
        return replace(
            job, collect=_all_there(folder, {*needed, *(record.files if record else ())})
        )

    def _is_as_wanted(self, made: _Made, job: VideoJob) -> bool:
        return made.results == self._fingerprint and made.words == self._words_of(job)

    def _words_of(self, job: VideoJob) -> tuple[str, str] | None:
        """What of the transcript of a video decides its results; None without one."""
        record = transcript_record(self._words, job.name)
        return None if record is None else record.decides


def _made(folder: Path, sha256: str) -> _Made | None:
    """What a folder holds of a content; None without any results."""
    run = stored_run(folder, sha256)
    if run is None:
        return None
    return _Made(fingerprint_of(run), readings_fingerprint_of(run), deciding_words(run))


def _all_there(folder: Path, names: Iterable[str]) -> bool:
    return all((folder / name).is_file() for name in names)


def part_path(out: Path, sha256: str) -> Path:
    """Where the rows of a content lie for the long table of intervals."""
    return out / WORKING_FOLDER / PARTS_FOLDER / f"{sha256}.parquet"


class Ahead:
    """Takes steps from a planner in a thread of its own, a few ahead.

    Parameters
    ----------
    steps
        The planner's.
    """

    def __init__(self, steps: Iterator[Step]) -> None:
        self._ready: queue.Queue[Step | BaseException | None] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(steps,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no further step."""
        self._stop.set()

    def __iter__(self) -> Iterator[Step | None]:
        """Yield the steps in order; None while the next one is being prepared.

        Raises
        ------
        OutputError
            What the planner raises.
        """
        while True:
            try:
                step = self._ready.get_nowait()
            except queue.Empty:
                yield None
                continue
            if isinstance(step, BaseException):
                raise step
            if step is None:
                return
            yield step

    def _work(self, steps: Iterator[Step]) -> None:
        try:
            for step in steps:
                if not self._put(step):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for the steps
            self._put(error)

    def _put(self, step: Step | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._ready.put(step, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False


def _unreadable(candidate: Candidate, stage: str, cause: str, remedy: str) -> Settled:
    nothing = VideoRecord("failed", "", {}, (), (), 0.0, stage, cause, remedy)
    return Settled(candidate.name, "failed", nothing)
