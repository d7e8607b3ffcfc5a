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
    md5
        Digest, 32 hexadecimal digits. It tells damage and another version, not a file that
        somebody made to have the same one.
    """

    size_bytes: int | None = None
    sha256: str | None = None
    git_blob: str | None = None
    md5: str | None = None

    @property
    def has_digest(self) -> bool:
        """Whether the content can be told from another."""
        return any(digest is not None for digest in (self.sha256, self.git_blob, self.md5))


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file is: its length, SHA-256 and, where they were asked for, git blob id and MD5."""

    size_bytes: int
    sha256: str
    git_blob: str | None = None
    md5: str | None = None


def digest_file(
    path: Path, *, git_blob: bool = False, md5: bool = False, remedy: str = ""
) -> Digests:
    """Read a whole file once.

    Parameters
    ----------
    path
        The file.
    git_blob, md5
        Work out git's object id, or MD5, too.
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
            plain = hashlib.md5(usedforsecurity=False)
            others = [*[blob] * git_blob, *[plain] * md5]
            while chunk := stream.read(_CHUNK):
                for digest in (sha256, *others):
                    digest.update(chunk)
    except OSError as error:
        cause = f"cannot be read ({error.strerror or error})"
        raise ModelError(cause, remedy=remedy, file=path) from error
    return Digests(
        size,
        sha256.hexdigest(),
        blob.hexdigest() if git_blob else None,
        plain.hexdigest() if md5 else None,
    )


def check_file(path: Path, expected: Expected) -> tuple[Digests, str]:
    """Read a file; what it is, and what of it is not as expected ("" if it is the right one).

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    digests = digest_file(
        path, git_blob=expected.git_blob is not None, md5=expected.md5 is not None
    )
    return digests, difference(expected, digests)


def difference(expected: Expected, digests: Digests) -> str:
    """Say in one clause what of a file is not as expected; "" if it is the right one."""
    if expected.size_bytes not in {None, digests.size_bytes}:
        return f"has {digests.size_bytes} bytes, expected {expected.size_bytes}"
    if expected.sha256 not in {None, digests.sha256}:
        return f"has SHA-256 {digests.sha256}, expected {expected.sha256}"
    if expected.git_blob not in {None, digests.git_blob}:
        return f"has git blob id {digests.git_blob}, expected {expected.git_blob}"
    if expected.md5 not in {None, digests.md5}:
        return f"has MD5 {digests.md5}, expected {expected.md5}"
    return ""
