"""Writing into the model store so that a kill or a power cut leaves whole files only."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ELSEWHERE: Final = "name another folder in EMOREPORT_MODEL_DIR"
_SPARE_BYTES: Final = 16 << 20
"""Room that is left to others when the free space is checked."""


def disk_error(error: OSError, file: object, *, elsewhere: str = ELSEWHERE) -> ModelError:
    """Say what an operating-system error means; `elsewhere` is the user's other choice."""
    cause = error.strerror or str(error)
    if error.errno in _FULL:
        return ModelError(
            f"there is no room left ({cause})",
            remedy=f"free some space or {elsewhere}",
            file=file,
        )
    return ModelError(
        f"cannot be written ({cause})", remedy=f"mend its permissions or {elsewhere}", file=file
    )


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    ModelError
        When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error


def require_space(folder: Path, size_bytes: int, *, elsewhere: str = ELSEWHERE) -> None:
    """Make sure that so many bytes can be written below `folder`, which exists.

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
            f"{size_bytes / 1e6:.0f} MB are to be written, {free / 1e6:.0f} MB are free",
            remedy=f"free some space or {elsewhere}",
            file=folder,
        )


def move_into_place(source: Path, target: Path, *, elsewhere: str = ELSEWHERE) -> None:
    """Give a complete file its final name, durably.

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
        raise disk_error(error, target, elsewhere=elsewhere) from error
    sync_folder(target.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file, all of it or nothing; the caller keeps other writers away.

    Raises
    ------
    ModelError
        When it cannot be written.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        try:
            temporary.write_bytes(content)
        except OSError as error:
            raise disk_error(error, path) from error
        move_into_place(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames outlast a power cut, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
