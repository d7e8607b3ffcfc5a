"""Name, claim and check folders of results: whose they are, whether they are up to date."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shlex
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Final

from emoreport.atomic import Staging, output_error
from emoreport.errors import InputNotFoundError, MediaError, OutputError, StoredReadingsError
from emoreport.records import RunPlan, RunRecord
from emoreport.run.fingerprint import deciding_facts, deciding_words
from emoreport.run.run_json import RUN_FILE, read_run

MAX_NAME_BYTES: Final = 255
LOCK_NAME: Final = ".claim-{:.16}.lock"
NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
DIGITS: Final = (8, 16, 64)
"""So many of the digest's digits follow the stem where a name is another video's already."""


class ResultFolders:
    """Folders below one output folder, each for another video of one command.

    Parameters
    ----------
    out
        The output folder.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._taken: dict[Path, str] = {}

    def claim(self, video: Path, sha256: str) -> Path:
        """Folder for a video's results: ``<stem>``, or ``<stem>-<8 hex>`` if that is another's.

        Parameters
        ----------
        video, sha256
            The input and the digest of its content.

        Raises
        ------
        OutputError
            When a symbolic link is in its place.
        """
        first, second = self._folders(video, sha256)
        folder = first if self._is_free(first, sha256) else second
        refuse_link(folder)
        self._taken[folder] = sha256
        return folder

    @contextmanager
    def hold(self, video: Path, sha256: str) -> Iterator[Path]:
        """Hold the folder that `claim` gives, against other processes, while a video is analysed.

        Where another process holds it for another video, it is ``<stem>-<8 hex>``. That it can be
        written is tried at once. The operating system ends the hold with its process.

        Raises
        ------
        OutputError
            When another process holds the folder or analyses the same video, a symbolic link is
            in its place, or it cannot be written.
        """
        with ExitStack() as held:
            held.enter_context(Staging(self._out))
            if not held.enter_context(_lock(self._out, sha256)):
                raise OutputError("run.busy", file=self._out)
            for folder in self._folders(video, sha256):
                with ExitStack() as attempt:
                    alone = attempt.enter_context(_lock(self._out, same_name(folder.name)))
                    # Looked at while it is held: another process may have written into it.
                    if alone and self._is_free(folder, sha256):
                        held.push(attempt.pop_all())
                        break
            else:
                raise OutputError("run.busy_names", file=self._out)
            refuse_link(folder)
            self._taken[folder] = sha256
            with Staging(folder) as trial:
                trial.put(RUN_FILE, b"")
            yield folder

    def _folders(self, video: Path, sha256: str) -> tuple[Path, Path]:
        stem, with_digits, *_ = folder_names(video, sha256)
        return self._out / stem, self._out / with_digits

    def _is_free(self, folder: Path, sha256: str) -> bool:
        return self._taken.get(folder, sha256) == sha256 and is_free(folder, sha256)


@contextmanager
def _lock(out: Path, name: str) -> Iterator[bool]:
    """Whether this process alone holds a name below an output folder.

    Raises
    ------
    OutputError
        When nothing can be written there.
    """
    from filelock import FileLock, Timeout

    path = out / LOCK_NAME.format(hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest())
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise output_error(error, out) from error
        yield True  # this file system has none: as if nobody else were there
        return
    try:
        yield True
    finally:
        # While it is held: once it is free, the file is another's.
        with suppress(OSError):
            path.unlink()
        lock.release()


def same_name(name: str) -> str:
    """Name as file systems compare it that know no upper case or no composed letters."""
    return unicodedata.normalize("NFC", name).casefold()


def folder_names(video: Path, sha256: str) -> Iterator[str]:
    """Names for the folder of a video's results, the best one first."""
    stem = safe_stem(video)
    yield stem
    for digits in DIGITS:
        yield f"{stem}-{sha256[:digits]}"


def safe_stem(video: Path) -> str:
    """The file's stem as a name for a folder: never a path, never hidden, never too long."""
    stem = re.sub(r"[\x00-\x1f/\\]", "_", video.stem).strip()
    if not stem.strip("."):
        stem = "video"
    room = MAX_NAME_BYTES - len("-01234567")
    while len(stem.encode("utf-8", "surrogateescape")) > room:
        stem = stem[:-1]
    return stem


def results_of(video: Path, place: Path) -> Path | None:
    """The folder that holds the results of a video; None where there are none.

    Parameters
    ----------
    video
        The recording; its content is read only where there are results under its name.
    place
        An output folder, or the folder of results itself.

    Raises
    ------
    InputNotFoundError, MediaError
        When the video cannot be read.
    """
    if not is_result(place) and not any(place.glob(f"{escape(safe_stem(video))}*/{RUN_FILE}")):
        return None
    sha256 = content_sha256(video)
    folders = (place, *(place / name for name in folder_names(video, sha256)))
    return next((folder for folder in folders if stored_run(folder, sha256)), None)


def refuse_link(folder: Path) -> None:
    """Refuse a folder of results that is a symbolic link.

    Raises
    ------
    OutputError
        When it is one.
    """
    if folder.is_symlink():
        raise OutputError("run.link", file=folder)


def is_result(folder: Path) -> bool:
    """Whether a folder holds the results of one talk."""
    return (folder / RUN_FILE).is_file()


def is_free(folder: Path, sha256: str) -> bool:
    """Whether a folder holds no results that can be read, or those of this content."""
    try:
        return read_run(folder).input.sha256 == sha256
    except (InputNotFoundError, StoredReadingsError):
        return True


def refuse_others(folder: Path, sha256: str) -> None:
    """Raise OutputError where a folder has come to hold the results of another content."""
    if not is_free(folder, sha256):
        raise OutputError("run.other_video", file=folder)


def stored_run(folder: Path, sha256: str) -> RunRecord | None:
    """The run whose results a folder holds; None for no results, or those of another content."""
    try:
        run = read_run(folder)
    except (InputNotFoundError, StoredReadingsError):
        return None
    return run if run.input.sha256 == sha256 else None


def is_up_to_date(folder: Path, plan: RunPlan) -> bool:
    """Whether `folder` already holds the results that `plan` would make.

    Raises
    ------
    OutputError
        When it holds results of the same video made with other settings, models or versions.
    """
    stored = stored_run(folder, plan.input.sha256)
    if stored is None:
        return False
    same_words = deciding_words(stored) == deciding_words(plan)
    if same_words and deciding_facts(stored) == deciding_facts(plan):
        return True
    raise made_otherwise(folder, "replace_or_retable")


def made_otherwise(folder: Path, remedy: str) -> OutputError:
    """The error for results that are not to be replaced unasked."""
    return OutputError("run.made_otherwise", remedy=remedy, file=folder)


def content_sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal.

    Raises
    ------
    InputNotFoundError
        When the path does not exist.
    MediaError
        When it is no regular file or cannot be read.
    """
    if not os.path.lexists(path):
        raise InputNotFoundError("file.missing", file=path)
    if path.is_dir():
        raise MediaError("run.folder_given", path=shlex.quote(str(path)), file=path)
    if not path.is_file():
        raise MediaError("media.not_regular_file", file=path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MediaError("file.no_rights", error=error.strerror, file=path) from error
