"""Check a file against the size and the digests that are expected of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Expected:
    r"""What a file must be; None where nothing is known.

    Attributes
    ----------
    size_bytes
        Length.
    sha256
        Digest, 64 hexadecimal digits.
    git_blob
        Git's object id, 40 hexadecimal digits: SHA-1 of ``blob <size>\0`` and the content.
    """

    size_bytes: int | None = None
    sha256: str | None = None
    git_blob: str | None = None

    @property
    def has_digest(self) -> bool:
        """Whether the content can be told from any other."""
        return self.sha256 is not None or self.git_blob is not None


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file is: its length, SHA-256 and, where it was asked for, git blob id."""

    size_bytes: int
    sha256: str
    git_blob: str | None = None


def digest_file(path: Path, *, git_blob: bool = False, remedy: str = "") -> Digests:
    """Read a whole file once.

    Parameters
    ----------
    path
        The file.
    git_blob
        Work out git's object id too.
    remedy
        What a user can do where it cannot be read.

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            sha256 = hashlib.sha256()
            # Git names objects by SHA-1; here it identifies a file, it protects nothing.
            blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
            while chunk := stream.read(_CHUNK):
                sha256.update(chunk)
                if git_blob:
                    blob.update(chunk)
    except OSError as error:
        cause = f"cannot be read ({error.strerror or error})"
        raise ModelError(cause, remedy=remedy, file=path) from error
    return Digests(size, sha256.hexdigest(), blob.hexdigest() if git_blob else None)


def check_file(path: Path, expected: Expected) -> tuple[Digests, str]:
    """Read a file; what it is, and what of it is not as expected ("" if it is the right one).

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    digests = digest_file(path, git_blob=expected.git_blob is not None)
    return digests, difference(expected, digests)


def difference(expected: Expected, digests: Digests) -> str:
    """Say in one clause what of a file is not as expected; "" if it is the right one."""
    if expected.size_bytes not in {None, digests.size_bytes}:
        return f"has {digests.size_bytes} bytes, expected {expected.size_bytes}"
    if expected.sha256 not in {None, digests.sha256}:
        return f"has SHA-256 {digests.sha256}, expected {expected.sha256}"
    if expected.git_blob not in {None, digests.git_blob}:
        return f"has git blob id {digests.git_blob}, expected {expected.git_blob}"
    return ""
