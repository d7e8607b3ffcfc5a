"""List, read and write folders named by a URL, such as s3://bucket/talks, through fsspec."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emoreport.errors import InputNotFoundError, MediaError, OutputError, SettingsError

CHUNK_BYTES: Final = 1 << 20
TRIES: Final = 3
PAUSE_S: Final = 1.0
"""Before the second try; twice as long before the third."""
WHOLE_OR_NOTHING: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci"})
"""Stores in which an object appears when all of it is there: no temporary name is needed."""
_MARKS: Final = (
    "ETag",
    "etag",
    "md5Hash",
    "md5",
    "mtime",
    "modified",
    "LastModified",
    "created",
    "ino",
)
"""What drivers call things that change with a file."""
_URL: Final = re.compile(r"^[a-z][a-z0-9+.-]+(?:://|::)", re.IGNORECASE)


class TransferError(MediaError):
    """A file could not be fetched; that says nothing about the file."""

    stage = "transfer"


def is_url(location: object) -> bool:
    """Whether a place is named by a URL and not by a path."""
    return bool(_URL.match(str(location)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store says of a file, under the names of ``os.stat``.

    Attributes
    ----------
    st_size
        Bytes.
    st_mtime_ns, st_ctime_ns, st_ino
        Numbers that change when the file does. A store that says nothing to go by gives others
        each time, so that the content is looked at again.
    """

    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Facts:
        """From what fsspec calls the info of a file."""
        marks = [str(info[key]) for key in _MARKS if info.get(key)]
        digest = hashlib.sha256("\n".join(marks or [secrets.token_hex(16)]).encode()).digest()
        return cls(
            int(info.get("size") or 0),
            int.from_bytes(digest[:7], "big"),
            int.from_bytes(digest[7:14], "big"),
            int.from_bytes(digest[14:21], "big"),
        )


class Store:
    """A folder named by a URL.

    Parameters
    ----------
    url
        Of the folder, as fsspec takes it. Keys and accounts come from where the store's own tools
        take them: environment, configuration files, fsspec's configuration.

    Raises
    ------
    SettingsError
        When fsspec or the driver of the store is not installed, or there is no such kind of store.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        scheme = url.split(":", 1)[0].lower()
        self._direct = scheme in WHOLE_OR_NOTHING
        try:
            from fsspec.core import url_to_fs

            self._fs, root = url_to_fs(self.url)
        except ImportError as error:
            raise SettingsError("remote.no_package", error=error, file=hidden(url)) from error
        except Exception as error:  # each driver has errors of its own for URLs it cannot use
            raise SettingsError(
                "remote.cannot_open", error=_brief(error), file=hidden(url)
            ) from error
        self._root = str(root).rstrip("/")

    def __truediv__(self, name: str) -> str:
        """URL of a name below the folder."""
        return f"{self.url}/{name}"

    def driver_path(self, name: str) -> str:
        """Name below the folder as the driver knows it."""
        return f"{self._root}/{name}"

    def listing(self) -> dict[str, Mapping[str, Any]]:
        """What the store says of each file below the folder, by its name there; may be none.

        Raises
        ------
        TransferError
            When the store cannot be reached.
        """
        with self._asked(""):
            self._fs.invalidate_cache()
            try:
                details = self._fs.find(self._root, detail=True)
            except FileNotFoundError:
                return {}
        prefix = f"{self._root}/"
        return {
            path.removeprefix(prefix): info
            for path, info in details.items()
            if path.startswith(prefix) and _harmless(path.removeprefix(prefix))
        }

    def read(self, name: str) -> bytes | None:
        """Content of a small file; None if there is none.

        Raises
        ------
        TransferError
            When it cannot be read.
        """
        with self._asked(name):
            try:
                self._fs.invalidate_cache()
                return bytes(self._fs.cat_file(self.driver_path(name)))
            except FileNotFoundError:
                return None

    def start_of(self, name: str, length: int) -> bytes:
        """The first bytes of a file, at most `length`.

        Raises
        ------
        TransferError
            When they cannot be read.
        """
        with (
            self._asked(name),
            self._fs.open(self.driver_path(name), "rb", block_size=length) as stream,
        ):
            return bytes(stream.read(length))

    def sha256(self, name: str) -> str:
        """Digest of a file's content, read once through this process.

        Raises
        ------
        TransferError
            When it cannot be read.
        """
        return self._again(name, lambda: self._stream(name, lambda _: None))

    def fetch(self, name: str, path: Path) -> str:
        """Copy a file to `path`; return the digest of its content.

        Raises
        ------
        TransferError
            When it cannot be read.
        OutputError
            When there is no room for it here.
        """
        return self._again(name, lambda: self._fetch(name, path))

    def _fetch(self, name: str, path: Path) -> str:
        try:
            # Without a buffer, so that a full disk is told where it can be caught.
            target = path.open("wb", buffering=0)
        except OSError as error:
            raise _no_room(error, path) from error
        with target:

            def keep(content: bytes) -> None:
                try:
                    while content:
                        content = content[target.write(content) :]
                except OSError as error:
                    raise _no_room(error, path) from error

            return self._stream(name, keep)

    def _stream(self, name: str, take: Callable[[bytes], None]) -> str:
        digest = hashlib.sha256()
        with self._fs.open(self.driver_path(name), "rb", cache_type="readahead") as stream:
            while content := stream.read(CHUNK_BYTES):
                digest.update(content)
                take(content)
        return digest.hexdigest()

    def write(self, name: str, content: Path | bytes) -> None:
        """Write a file so that it is there as a whole or not at all.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        final = self.driver_path(name)
        parent, _, last = final.rpartition("/")
        temporary = final if self._direct else f"{parent}/.{last[:40]}.tmp-{secrets.token_hex(8)}"
        try:
            if not self._direct:
                self._fs.makedirs(parent, exist_ok=True)
            if isinstance(content, bytes):
                self._fs.pipe_file(temporary, content)
                size = len(content)
            else:
                self._fs.put_file(str(content), temporary)
                size = content.stat().st_size
            self._fs.invalidate_cache()
            arrived = self._fs.info(temporary)["size"]
            if arrived != size:
                raise OSError(f"{arrived} of {size} bytes arrived")  # noqa: TRY301
            if temporary != final:
                self._replace(temporary, final)
        except Exception as error:  # each driver has errors of its own
            if temporary != final:
                with suppress(Exception):  # what is left has a name that nobody reads
                    self._fs.rm_file(temporary)
            raise OutputError(
                "remote.upload", error=_brief(error), file=hidden(self / name)
            ) from error

    def _replace(self, temporary: str, final: str) -> None:
        try:
            self._fs.mv(temporary, final)
        except Exception:
            # Some stores, WebDAV for one, do not rename over a file, and say so in their own ways.
            if not self._fs.exists(final):
                raise
            self._fs.rm_file(final)
            self._fs.mv(temporary, final)

    def remove(self, name: str) -> None:
        """Remove a file if it is there.

        Raises
        ------
        OutputError
            When it cannot be removed.
        """
        try:
            with suppress(FileNotFoundError):
                self._fs.rm_file(self.driver_path(name))
        except Exception as error:  # each driver has errors of its own
            raise OutputError(
                "remote.replace", error=_brief(error), file=hidden(self / name)
            ) from error

    def _again(self, name: str, read: Callable[[], str]) -> str:
        """Read a file, more than once if need be; networks stumble."""
        for number in range(TRIES - 1):
            try:
                return read()
            except (FileNotFoundError, PermissionError, OutputError):
                break
            except Exception:  # noqa: BLE001 - each driver has errors of its own
                time.sleep(PAUSE_S * (1 + number))
        with self._asked(name):
            return read()

    @contextmanager
    def _asked(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OutputError, TransferError):
            raise
        except Exception as error:  # each driver has errors of its own
            raise TransferError(
                "remote.fetch",
                error=_brief(error),
                file=hidden(self / name) if name else hidden(self.url),
            ) from error


def split(url: str) -> tuple[Store, str]:
    """The folder of a file's URL, and its name in there."""
    folder, _, name = url.rpartition("/")
    return Store(folder), name


def hidden(url: str) -> str:
    """URL for people: without a password and without what follows a question mark."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.password or parts.query:
            return parts._replace(
                netloc=parts.netloc.rpartition("@")[2] if parts.password else parts.netloc, query=""
            ).geturl()
    return url


def not_there(url: str) -> InputNotFoundError:
    """The error for a folder that holds nothing."""
    return InputNotFoundError("remote.empty", file=hidden(url))


def _harmless(name: str) -> bool:
    """Whether a name from a store stays below the folder it is put into."""
    parts: Sequence[str] = name.split("/")
    return all(part not in {"", ".", ".."} and "\0" not in part for part in parts)


def _brief(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]


def _no_room(error: OSError, path: Path) -> OutputError:
    return OutputError("remote.no_copy", error=error.strerror, file=path.parent)
