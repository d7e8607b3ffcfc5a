"""Write files that appear whole or not at all.

A set of files is first written under hidden temporary names in the folder it is meant for, then
renamed in one go. Whatever happens before (a full disk, Ctrl-C), earlier files stay as they are
and the temporary ones go. What a user is told differs: results go elsewhere with --out
(`output_error`), the files of the model store with EMOREPORT_MODEL_DIR (`store_error`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Self

from emoreport.errors import EmoreportError, ModelError, OutputError
from emoreport.messages import Phrase

_TEMPORARY: Final = re.compile(
    r"^\..+\.tmp-(?:(?P<computer>[0-9a-f]{8})-)?(?P<pid>\d+)-[0-9a-f]{8}$"
)
_NAME_PART: Final = 40
"""Characters of the final name that a temporary name repeats; file systems limit the length."""
_ABANDONED_AFTER_S: Final = 3600.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MISPLACED: Final = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EISDIR})
STORE_ELSEWHERE: Final = Phrase("errors.elsewhere.store")
_SPARE_BYTES: Final = 16 << 20
"""Room that is left to others when the free space is checked."""


def output_error(error: OSError, file: object) -> OutputError:
    """Say what an operating-system error means for the user's output."""
    cause = error.strerror or str(error)
    if error.errno in _FULL:
        return OutputError("output.full", error=cause, file=file)
    if error.errno in _FORBIDDEN:
        return OutputError("output.not_allowed", error=cause, file=file)
    if error.errno in _MISPLACED:
        return OutputError("output.misplaced", error=cause, file=file)
    return OutputError("output.unwritable", error=cause, file=file)


def store_error(error: OSError, file: object, *, elsewhere: Phrase = STORE_ELSEWHERE) -> ModelError:
    """Say what an operating-system error means for the model store.

    `elsewhere` is the user's other choice.
    """
    cause = error.strerror or str(error)
    if error.errno in _FULL:
        return ModelError("store.full", error=cause, elsewhere=elsewhere, file=file)
    return ModelError("store.unwritable", error=cause, elsewhere=elsewhere, file=file)


class Staging:
    """Writes a set of files into one folder, all of them or none.

    Parameters
    ----------
    folder
        Where the files go; made if it is not there, and removed again if nothing came of it.
    explain
        Turns an operating-system error about a file into what the user reads; the methods raise
        what it returns.

    Raises
    ------
    OutputError
        On entering, when the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name, Staging(Path(name)) as staging:
    ...     staging.put("greeting.txt", b"hello")
    ...     [path.name for path in staging.commit()]
    ['greeting.txt']
    """

    def __init__(
        self, folder: Path, *, explain: Callable[[OSError, object], EmoreportError] = output_error
    ) -> None:
        self._folder = folder
        self._explain = explain
        self._staged: list[tuple[Path, Path]] = []
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        """Make the folder and clear away what a killed run left."""
        self._made = _missing_folders(self._folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._clean_up()
            raise self._explain(error, self._folder) from error
        remove_leftovers(self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not committed."""
        self._clean_up()

    def add(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Write one file under a temporary name.

        Parameters
        ----------
        name
            Its final name in the folder.
        write
            Writes the content to the binary stream that it is given.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        temporary = temporary_path(self._folder, name)
        final = self._folder / name
        # Noted before it exists, so that an interruption at any point finds it.
        self._staged.append((temporary, final))
        try:
            # Not tempfile: its files are for the owner alone, results are for the group too.
            with temporary.open("xb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._explain(error, final) from error

    def put(self, name: str, content: bytes) -> None:
        """Write one file that is in memory; as `add`."""
        self.add(name, lambda stream: stream.write(content))

    def commit(self, *, remove: Iterable[str] = ()) -> tuple[Path, ...]:
        """Give all files their final names, in the order in which they were added.

        Parameters
        ----------
        remove
            Names of earlier files that go before the first new one comes.

        Raises
        ------
        OutputError
            When a name cannot be taken, for instance by a file that another program holds open.
        """
        for name in remove:
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise self._explain(error, self._folder / name) from error
        done = []
        while self._staged:
            temporary, final = self._staged[0]
            try:
                temporary.replace(final)
            except OSError as error:
                raise self._explain(error, final) from error
            self._staged.pop(0)
            self._made.clear()
            done.append(final)
        sync_folder(self._folder)
        return tuple(done)

    def _clean_up(self) -> None:
        for temporary, _ in self._staged:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._staged.clear()
        for folder in self._made:
            with suppress(OSError):  # it holds something by now
                folder.rmdir()
        self._made.clear()


def write_file(path: Path, content: bytes) -> None:
    """Write one whole file of results or none.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    if path.is_dir():
        raise OutputError("output.is_folder", file=path)
    with Staging(path.parent) as staging:
        staging.put(path.name, content)
        staging.commit()


def write_store_file(path: Path, content: bytes) -> None:
    """Write one whole file of the model store or none.

    Raises
    ------
    ModelError
        When it cannot be written.
    """
    with Staging(path.parent, explain=store_error) as staging:
        staging.put(path.name, content)
        staging.commit()


def move_into_place(source: Path, target: Path, *, elsewhere: Phrase = STORE_ELSEWHERE) -> None:
    """Give a complete file of the model store its final name, durably.

    Raises
    ------
    ModelError
        When the name cannot be taken.
    """
    try:
        # Open for writing: some systems flush no file that is only read.
        with source.open("r+b") as stream:
            os.fsync(stream.fileno())
        source.replace(target)
    except OSError as error:
        raise store_error(error, target, elsewhere=elsewhere) from error
    sync_folder(target.parent)


def make_store_folder(folder: Path) -> None:
    """Make a folder of the model store and those above it.

    Raises
    ------
    ModelError
        When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(error, folder) from error


def require_space(folder: Path, size_bytes: int, *, elsewhere: Phrase = STORE_ELSEWHERE) -> None:
    """Make sure that so many bytes of a model can be written below `folder`, which exists.

    Raises
    ------
    ModelError
        When the disk has less free space than that.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # a file system that cannot tell; writing will
        return
    if free < size_bytes + _SPARE_BYTES:
        raise ModelError(
            "store.too_little_space",
            needed_mb=size_bytes / 1e6,
            free_mb=free / 1e6,
            elsewhere=elsewhere,
            file=folder,
        )


def temporary_path(folder: Path, name: str) -> Path:
    """A hidden name for a file that is not whole yet; `remove_leftovers` knows whose it is."""
    mark = f"tmp-{_computer()}-{os.getpid()}-{secrets.token_hex(4)}"
    return folder / f".{name[:_NAME_PART]}.{mark}"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed run left in `folder`; those in use stay."""
    with suppress(OSError):
        for path in folder.iterdir():
            match = _TEMPORARY.match(path.name)
            if match and _abandoned(path, match["computer"], int(match["pid"])):
                with suppress(OSError):
                    path.unlink()


def _missing_folders(folder: Path) -> list[Path]:
    """Folders that would have to be made for `folder`, the deepest first."""
    missing = []
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate):
            break
        missing.append(candidate)
    return missing


def _computer() -> str:
    """Mark of this computer; on a shared disk the process numbers of others mean nothing here."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _abandoned(path: Path, computer: str | None, pid: int) -> bool:
    # A container may give every run the same process number.
    if os.name == "posix" and pid != os.getpid() and computer in {None, _computer()}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            return False
    # Elsewhere a process cannot be asked without harm; a live file is seconds old.
    return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S


def sync_folder(folder: Path) -> None:
    """Make renames outlast a power cut, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
