"""Keep what a batch has done so far, in a file of JSON lines that survives every interruption.

Each line is on the disk before the next step begins. A kill or a power cut can only leave the
last line unfinished: it is cut off at the next start, and what it said is found out again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

from emoreport.atomic import output_error
from emoreport.batch.discovery import FileFacts
from emoreport.batch.engine import Failed, Finished, VideoOutcome
from emoreport.batch.lock import WORKING_FOLDER, refuse_link
from emoreport.errors import StoredReadingsError

MANIFEST_FILE: Final = "manifest.jsonl"
PART_NAME: Final = "manifest"
PART_SUFFIX: Final = ".jsonl"
LAYOUT: Final = 1
_HEAD: Final = {"kind": "head", "layout": LAYOUT}
_HEAD_LINE: Final = json.dumps(_HEAD).encode("ascii")

State = Literal["finished", "failed", "no_video"]


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """What became of one content under one fingerprint.

    Attributes
    ----------
    state
        ``finished``, ``failed`` or ``no_video``.
    folder
        Name of the folder of results.
    summary, files, warnings, wall_s
        Of a finished one, as in `Finished`.
    stage, cause, remedy
        Of a failed one, as in `Failed`; `cause` also of a file without pictures.
    """

    state: State
    folder: str
    summary: Mapping[str, Any]
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    wall_s: float
    stage: str = ""
    cause: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, outcome: VideoOutcome) -> VideoRecord:
        """What an outcome leaves in the manifest."""
        folder = Path(outcome.job.folder).name
        if isinstance(outcome, Finished):
            summary, files, warnings = outcome.summary, outcome.files, outcome.warnings
            return cls("finished", folder, summary, files, warnings, outcome.wall_s)
        nothing: tuple[dict[str, Any], tuple[str, ...], tuple[str, ...], float] = ({}, (), (), 0.0)
        if isinstance(outcome, Failed):
            return cls("failed", folder, *nothing, outcome.stage, outcome.cause, outcome.remedy)
        return cls("no_video", folder, *nothing, cause=outcome.cause)


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells whether a file has been touched since its digest was taken."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, facts: FileFacts) -> Signature:
        """Signature of what ``stat`` says."""
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


@dataclass(frozen=True, slots=True)
class Talk:
    """One video of a batch and what became of it.

    Attributes
    ----------
    name
        Path below the batch's folder.
    state
        ``finished``, ``failed``, ``no_video``, ``copy`` or ``waiting``.
    record
        What became of it; None for one that was not reached, or whose first copy was not.
    sha256
        Digest of its content, if it was read.
    copy_of
        The video before it with the same content; empty if there is none.
    """

    name: str
    state: str
    record: VideoRecord | None = None
    sha256: str = ""
    copy_of: str = ""

    @property
    def counted(self) -> bool:
        """Whether it has a row in the summary: each content has one, however many copies."""
        return self.state == "finished" and self.record is not None


class Manifest:
    """The manifest of one output folder; several threads may use it.

    Parameters
    ----------
    out
        The output folder.
    part
        Suffix of the files of one part of a batch; that has a manifest of its own. Each also knows
        what the others hold.

    Raises
    ------
    OutputError
        When it cannot be written.
    StoredReadingsError
        When it is of a later layout, or no manifest at all.
    """

    def __init__(self, out: Path, part: str = "") -> None:
        self.path = manifest_path(out, part)
        self._lock = threading.Lock()
        self._folders: dict[str, str] = {}
        self._digests: dict[str, tuple[Signature, str]] = {}
        self._entries: dict[tuple[str, str], VideoRecord] = {}
        self._stream: FileIO | None = None
        refuse_link(self.path)
        try:
            self._read()
            parts = (out / WORKING_FOLDER).glob(f"{PART_NAME}-*{PART_SUFFIX}")
            for manifest in (out / MANIFEST_FILE, *sorted(parts)):
                if manifest != self.path and manifest.exists():
                    self._absorb(manifest)
            self._stream = FileIO(self.path, "ab", opener=_opened_itself)
        except OSError as error:
            raise output_error(error, self.path) from error
        if self._stream.tell() == 0:
            self._append(_HEAD)

    def close(self) -> None:
        """Close the file; nothing more can be noted."""
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    @property
    def folders(self) -> dict[str, str]:
        """Name of the folder of results by digest of the content, as it is now."""
        return self._folders.copy()

    def folder(self, sha256: str) -> str | None:
        """Name of the folder of results of a content; None if it has none yet."""
        return self._folders.get(sha256)

    def record_of(self, sha256: str, fingerprint: str) -> VideoRecord | None:
        """What became of a content under a fingerprint; None if that is not known."""
        return self._entries.get((sha256, fingerprint))

    def digest(self, name: str, signature: Signature) -> str | None:
        """Digest of a file's content if it was taken and the file was not touched since."""
        noted = self._digests.get(name)
        return noted[1] if noted is not None and noted[0] == signature else None

    def note_digest(self, name: str, signature: Signature, sha256: str) -> None:
        """Keep the digest of a file's content."""
        if self._digests.get(name) == (signature, sha256):
            return
        self._digests[name] = (signature, sha256)
        facts = [getattr(signature, field) for field in Signature.__slots__]
        self._append({"kind": "file", "name": name, "signature": facts, "sha256": sha256})

    def note_folder(self, sha256: str, folder: str) -> None:
        """Keep which folder belongs to a content."""
        if self._folders.get(sha256) != folder:
            self._folders[sha256] = folder
            self._append({"kind": "folder", "sha256": sha256, "folder": folder})

    def note_outcome(self, outcome: VideoOutcome, fingerprint: str) -> VideoRecord:
        """Keep what became of a video."""
        record = VideoRecord.of(outcome)
        sha256 = outcome.job.sha256
        self._entries[sha256, fingerprint] = record
        facts = {field: getattr(record, field) for field in VideoRecord.__slots__}
        key = {"kind": "video", "sha256": sha256, "fingerprint": fingerprint}
        self._append({**key, "name": outcome.job.name, **facts})
        return record

    def _append(self, line: Mapping[str, Any]) -> None:
        content = json.dumps(line, allow_nan=False).encode("ascii") + b"\n"
        with self._lock:
            if self._stream is None:
                return
            handle = self._stream.fileno()
            end = os.fstat(handle).st_size
            try:
                written = 0
                while written < len(content):
                    written += os.write(handle, content[written:])
                os.fsync(handle)
            except OSError as error:
                # On a full disk half a line may be there; the next one must not be joined to it.
                with suppress(OSError):
                    os.ftruncate(handle, end)
                raise output_error(error, self.path) from error

    def _read(self) -> None:
        """Read all lines; cut off a last one that was never finished."""
        if not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream):
                if not line.endswith(b"\n"):
                    if number == 0 and not _HEAD_LINE.startswith(line):
                        self._take(number, line)  # not ours: refused, never cut
                    break
                self._take(number, line)
                whole += len(line)
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)

    def _absorb(self, path: Path) -> None:
        """Take over what another manifest holds, which another batch may be writing."""
        with path.open("rb") as stream:
            for line in stream:
                try:
                    document = json.loads(line) if line.endswith(b"\n") else {"kind": ""}
                    kept = list(_kept(document["kind"], document))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    continue
                for (store, key), value in kept:
                    records = getattr(self, f"_{store}")
                    # Of two parts one may have failed where the other, later, has not.
                    if store != "entries" or key not in records or records[key].state != "finished":
                        records[key] = value

    def _take(self, number: int, line: bytes) -> None:
        try:
            document = json.loads(line)
            kind = document["kind"]
            if number == 0 and (kind != "head" or document["layout"] != LAYOUT):
                raise StoredReadingsError(
                    "batch.other_layout",
                    stored=document.get("layout"),
                    readable=LAYOUT,
                    file=self.path,
                )
            for key, value in _kept(kind, document):
                store: dict[Any, Any] = getattr(self, f"_{key[0]}")
                store[key[1]] = value
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if number == 0:
                raise StoredReadingsError("batch.no_manifest", file=self.path) from error
            # A damaged line in the middle costs what it said: that video is looked at again.


def _opened_itself(path: str, flags: int) -> int:
    # A link that came after the check is an error of the system.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def manifest_path(out: Path, part: str = "") -> Path:
    """Path of the manifest of a batch, or of one part of it."""
    return out / WORKING_FOLDER / f"{PART_NAME}{part}{PART_SUFFIX}" if part else out / MANIFEST_FILE


def _kept(kind: str, document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, Any], Any]]:
    """Where the content of one line belongs, and the content."""
    if kind == "file":
        signature = Signature(*map(int, document["signature"]))
        yield ("digests", str(document["name"])), (signature, str(document["sha256"]))
    elif kind == "folder":
        folder = str(document["folder"])
        if _stays_inside(folder):
            yield ("folders", str(document["sha256"])), folder
    elif kind == "video":
        facts = {field: document[field] for field in VideoRecord.__slots__}
        facts["files"], facts["warnings"] = tuple(facts["files"]), tuple(facts["warnings"])
        if _stays_inside(str(facts["folder"])) and all(map(_stays_inside, facts["files"])):
            yield (
                ("entries", (str(document["sha256"]), str(document["fingerprint"]))),
                VideoRecord(**facts),
            )


def _stays_inside(name: str) -> bool:
    """Whether a name from the file, which is where others may write, is no way out of there."""
    return bool(name) and Path(name).name == name and not name.startswith(".")
