"""Check a file against the size and the digests that are expected of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError
from emoreport.messages import Phrase

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
    path: Path, *, git_blob: bool = False, md5: bool = False, remedy: str | Phrase = ""
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
        raise ModelError(
            "file.unreadable", error=error.strerror or error, remedy=remedy, file=path
        ) from error
    return Digests(
        size,
        sha256.hexdigest(),
        blob.hexdigest() if git_blob else None,
        plain.hexdigest() if md5 else None,
    )


def check_file(path: Path, expected: Expected) -> tuple[Digests, Phrase | None]:
    """Read a file; what it is, and what of it is not as expected (None if it is the right one).

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    digests = digest_file(
        path, git_blob=expected.git_blob is not None, md5=expected.md5 is not None
    )
    return digests, difference(expected, digests)


def checked_file(path: Path, sha256: str, *, remedy: str | Phrase = "") -> Path:
    """The path of a file that its metadata describe, after its digest was found to be right.

    Raises
    ------
    ModelError
        When it cannot be read or is another file.
    """
    digest = digest_file(path, remedy=remedy).sha256
    if digest != sha256:
        raise ModelError("models.digest", digest=digest, expected=sha256, remedy=remedy, file=path)
    return path


def difference(expected: Expected, digests: Digests) -> Phrase | None:
    """What of a file is not as expected, in one clause; None if it is the right one."""
    for fact in ("size_bytes", "sha256", "git_blob", "md5"):
        wanted, given = getattr(expected, fact), getattr(digests, fact)
        if wanted not in {None, given}:
            values = {"given": given, "expected": wanted}
            return Phrase(f"errors.store.difference.{fact}", values)
    return None
