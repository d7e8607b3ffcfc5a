"""Read the bytes of a file that somebody sent, up to a limit of size."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from emoreport.errors import InputNotFoundError, StoredReadingsError

MAX_BYTES: Final = 64 * 2**20
"""An hour that is annotated word by word takes less than a tenth of this."""


def read_bytes(path: Path) -> bytes:
    """Content of a regular file of at most `MAX_BYTES`.

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
        raise StoredReadingsError("coding.not_regular", file=path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoredReadingsError("file.no_rights", error=error.strerror, file=path) from error
    if len(content) > MAX_BYTES:
        raise StoredReadingsError("coding.too_large", limit=MAX_BYTES // 2**20, file=path)
    return content


def sha256_of(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
