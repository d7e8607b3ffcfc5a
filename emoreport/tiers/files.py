"""Read the bytes of a file that somebody sent, up to a limit of size."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from emoreport.errors import InputNotFoundError, StoredReadingsError

MAX_BYTES: Final = 64 * 2**20
"""An hour that is annotated word by word takes less than a tenth of this."""


def read_bytes(path: Path, *, kind: str = "coding", max_bytes: int | None = None) -> bytes:
    """Content of a regular file of at most `max_bytes`, else `MAX_BYTES`.

    `kind` is the group of the words that say why a file is refused.

    Raises
    ------
    InputNotFoundError
        When it does not exist.
    StoredReadingsError
        When it is no regular file, cannot be read or is too large.
    """
    if not path.exists():
        raise InputNotFoundError("file.missing", file=path)
    if not path.is_file():
        raise StoredReadingsError(f"{kind}.not_regular", file=path)
    limit = MAX_BYTES if max_bytes is None else max_bytes
    try:
        with path.open("rb") as stream:
            # Room is made for what is asked for, so no more than the file holds.
            content = stream.read(min(limit, path.stat().st_size) + 1)
    except OSError as error:
        raise StoredReadingsError("file.no_rights", error=error.strerror, file=path) from error
    if len(content) > limit:
        raise StoredReadingsError(f"{kind}.too_large", limit=limit // 2**20, file=path)
    return content


def sha256_of(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
