"""The store's own record of what was pulled: ``models.lock.json``.

Where nothing is known of a file beforehand, the first pull writes its digest here and later pulls
are held to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from emoreport.atomic import write_store_file
from emoreport.errors import ModelError
from emoreport.models.store.integrity import Expected
from emoreport.models.store.locks import exclusive
from emoreport.models.store.registry import ModelFile

LOCK_FILE: Final = "models.lock.json"
LAYOUT: Final = 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LARGEST_BYTES: Final = 1 << 50
"""No file system of today holds a larger file; numbers without end do not fit a computation."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Length in bytes and SHA-256 of a file that was pulled."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PullRecord:
    """One model that was pulled.

    Attributes
    ----------
    revision
        Commit or version of the files.
    source
        Host that they came from.
    pulled_at
        When, in UTC, ISO 8601.
    files
        ``{file name: record}``.
    """

    revision: str
    source: str
    pulled_at: str
    files: Mapping[str, FileRecord]

    def document(self) -> dict[str, Any]:
        """Return the record as JSON holds it."""
        files = {name: asdict(record) for name, record in sorted(self.files.items())}
        return {
            "revision": self.revision,
            "source": self.source,
            "pulled_at": self.pulled_at,
            "files": files,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PullRecord:
        """Record that `document` gave.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError
            When it is something else.
        """
        files = {}
        for name, stored in document["files"].items():
            size, sha256 = stored["size_bytes"], stored["sha256"]
            sized = isinstance(size, int) and 0 <= size <= _LARGEST_BYTES
            if not sized or not _SHA256.fullmatch(sha256):
                raise ValueError(f"{name} has no usable size and SHA-256")
            files[str(name)] = FileRecord(size, sha256)
        facts = {key: document[key] for key in ("revision", "source", "pulled_at")}
        if not all(isinstance(fact, str) for fact in facts.values()):
            raise TypeError("revision, source and pulled_at must be text")
        for fact in facts.values():
            fact.encode()  # half a character can be read and not be written again
        return cls(**facts, files=files)


class LockFile:
    """The records of one store.

    Parameters
    ----------
    root
        The store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / LOCK_FILE

    def read(self) -> dict[str, PullRecord]:
        """Every record by the name of its model; nothing where nothing was pulled yet.

        Raises
        ------
        ModelError
            When the file cannot be read or is damaged.
        """
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["layout"] != LAYOUT:
                raise ValueError(f"layout {document['layout']!r}")  # noqa: TRY301
            models = document["models"].items()
            return {name: PullRecord.from_document(stored) for name, stored in models}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ModelError(
                "store.lock_unreadable", error=error.strerror or error, file=self._path
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError("store.lock_damaged", error=error, file=self._path) from error

    def put(self, records: Mapping[str, PullRecord]) -> None:
        """Add records, or replace those of the same models; all others stay.

        Raises
        ------
        ModelError
            When the file cannot be written.
        """
        with exclusive(self._root, LOCK_FILE, lambda: None):
            merged = self.read() | dict(records)
            models = {name: record.document() for name, record in sorted(merged.items())}
            document = {"layout": LAYOUT, "models": models}
            content = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            write_store_file(self._path, content.encode())


def expected_file(file: ModelFile, record: PullRecord | None) -> Expected:
    """What a file must be, by the registry and, where that is silent, by an earlier pull."""
    pulled = record.files.get(file.name) if record is not None else None
    if pulled is None:
        return Expected(file.size_bytes, file.sha256, file.git_blob, file.md5)
    size = pulled.size_bytes if file.size_bytes is None else file.size_bytes
    return Expected(size, file.sha256 or pulled.sha256, file.git_blob, file.md5)
