"""Fetch one file over HTTP: resumed, retried, checked, and in place only when it is right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin, urlsplit

from emoreport.atomic import (
    make_store_folder,
    move_into_place,
    require_space,
    store_error,
    write_store_file,
)
from emoreport.errors import ModelError
from emoreport.messages import Phrase
from emoreport.models.store.connection import (
    Patience,
    TryAgain,
    UnreachableError,
    persist,
    require_reachable,
)
from emoreport.models.store.integrity import Digests, Expected, check_file

if TYPE_CHECKING:
    from requests import Response

PullProgress = Callable[[str, int, int | None], None]
"""Told the name of a file, the bytes that are there, and all its bytes or None if unknown."""

_CHUNK: Final = 1 << 16
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429})
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)|bytes \*/(?P<whole>\d+)")
_LATER_REMEDY: Final = "later"


class MissingFileError(ModelError):
    """The source has no such file."""


class Downloader:
    """Fetches files over HTTP and HTTPS.

    Proxies are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``, …).

    Parameters
    ----------
    patience
        How long and how often the network is tried.
    headers
        Sent to the host of each address, not to others that it leads to.
    """

    def __init__(self, patience: Patience, headers: Mapping[str, str] | None = None) -> None:
        import requests

        self._patience = patience
        self._headers = dict(headers or {})
        self._reached: set[tuple[str, str]] = set()
        self._session = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def fetch(
        self,
        url: str,
        target: Path,
        expected: Expected,
        *,
        progress: PullProgress,
        remedy: str | Phrase,
    ) -> Digests:
        """Fetch one file; what an earlier call left of it is not fetched again.

        Parameters
        ----------
        url
            Its address.
        target
            Where it goes; its folder must exist.
        expected
            What it must be.
        progress
            Told how far it is.
        remedy
            What helps if something else arrives.

        Raises
        ------
        UnreachableError
            When there is no connection.
        MissingFileError
            When the server has no such file.
        ModelError
            When the server refuses, sends something else, or the disk is full.
        """
        part = _Part(target, url)
        persist(lambda: self._transfer(url, part, expected, progress, remedy), self._patience)
        digests, problem = check_file(part.path, expected)
        if problem:
            part.discard()
            raise ModelError("net.wrong_content", problem=problem, remedy=remedy, file=_shown(url))
        move_into_place(part.path, target)
        part.discard()
        return digests

    def _transfer(
        self,
        url: str,
        part: _Part,
        expected: Expected,
        progress: PullProgress,
        remedy: str | Phrase,
    ) -> None:
        offset, mark = part.resumable(expected)
        if offset and offset == expected.size_bytes:
            return
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if mark:
            headers["If-Range"] = mark
        with self._get(url, headers) as response:
            status = response.status_code
            if status == 416 and offset:
                if _whole_size(response) == offset:
                    return
                part.discard()
                raise TryAgain(ModelError("net.no_resume", file=_shown(url)))
            _refuse(response, url)
            if status == 206 and (_range_start(response) != offset or _changed(response, mark)):
                part.discard()
                raise TryAgain(ModelError("net.other_part", file=_shown(url)))
            if status == 200:
                offset = 0
            total = _total(response, offset, expected)
            if expected.size_bytes not in {None, total}:
                raise ModelError(
                    "net.offered_size",
                    total=total,
                    expected=expected.size_bytes,
                    remedy=remedy,
                    file=_shown(url),
                )
            if total is not None:
                require_space(part.path.parent, total - offset)
            part.begin(offset, response.headers.get("ETag", ""))
            self._receive(response, part, offset, total, progress)

    def _receive(
        self,
        response: Response,
        part: _Part,
        offset: int,
        total: int | None,
        progress: PullProgress,
    ) -> None:
        import requests

        done, address = offset, _shown(response.url)
        progress(part.name, done, total)
        try:
            with part.path.open("ab") as stream:
                for chunk in response.iter_content(_CHUNK):
                    done += len(chunk)
                    if total is not None and done > total:
                        raise ModelError("net.too_much", total=total, file=address)
                    stream.write(chunk)
                    stream.flush()  # a killed process loses nothing that has arrived
                    progress(part.name, done, total)
        except requests.RequestException as error:
            raise TryAgain(
                ModelError(
                    "net.broken_off",
                    done=done,
                    total=total or "unknown",
                    remedy=_LATER_REMEDY,
                    file=address,
                )
            ) from error
        except OSError as error:
            raise store_error(error, part.path) from error
        if total is not None and done < total:
            raise TryAgain(
                ModelError("net.closed", done=done, total=total, remedy=_LATER_REMEDY, file=address)
            )

    def _get(self, url: str, headers: Mapping[str, str]) -> Response:
        """Answer to a request; redirects are followed, but never from https to http."""
        first = urlsplit(url)
        for _ in range(_MOST_REDIRECTS + 1):
            parts = urlsplit(url)
            own = self._headers if (parts.scheme, parts.netloc) == first[:2] else {}
            response = self._request(url, {**headers, **own})
            if response.status_code not in _REDIRECTS or "Location" not in response.headers:
                return response
            response.close()
            target = urljoin(url, response.headers["Location"])
            if parts.scheme == "https" and urlsplit(target).scheme != "https":
                raise ModelError("net.unprotected", target=_shown(target), file=_shown(url))
            url = target
        raise ModelError("net.endless", file=_shown(url))

    def _request(self, url: str, headers: Mapping[str, str]) -> Response:
        import requests

        self._reach(url)
        # Compression would make the length and the ranges those of something else.
        sent = {"Accept-Encoding": "identity", "User-Agent": "emoreport", **headers}
        limits = (self._patience.connect_s, self._patience.read_s)
        try:
            return self._session.get(
                url, headers=sent, timeout=limits, stream=True, allow_redirects=False
            )
        except requests.exceptions.SSLError as error:
            raise ModelError("net.certificate", error=error, file=_shown(url)) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise TryAgain(
                UnreachableError(
                    "net.silent", name=type(error).__name__, remedy=_LATER_REMEDY, file=_shown(url)
                )
            ) from error
        except (requests.RequestException, ValueError) as error:
            raise ModelError("net.address", error=error, file=_shown(url)) from error

    def _reach(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"}:
            raise ModelError("net.scheme", file=_shown(url))
        if (parts.scheme, parts.netloc) not in self._reached:
            require_reachable(url, self._patience)
            self._reached.add((parts.scheme, parts.netloc))


class _Part:
    """What has arrived of a file: ``<name>.part``, and beside it where it came from."""

    def __init__(self, target: Path, url: str) -> None:
        self.name = target.name
        self.path = target.with_name(f"{target.name}.part")
        self._facts = target.with_name(f"{target.name}.part.json")
        # The host is left out: the same file from a mirror is the same file.
        self._source = urlsplit(url).path

    def resumable(self, expected: Expected) -> tuple[int, str]:
        """Bytes that can be kept, and the validator that the server is to compare."""
        try:
            facts = json.loads(self._facts.read_text(encoding="utf-8"))
            size, mark = self.path.stat().st_size, str(facts["etag"])
            same = facts["source"] == self._source
        except (OSError, ValueError, KeyError, TypeError):
            return 0, ""
        if not same or size > (expected.size_bytes or size):
            return 0, ""
        # A weak validator does not tell bytes; a digest will, at the end.
        strong = mark if mark.startswith('"') else ""
        return (size, strong) if strong or expected.has_digest else (0, "")

    def begin(self, offset: int, mark: str) -> None:
        """Keep the first `offset` bytes and note where the rest comes from."""
        make_store_folder(self.path.parent)
        try:
            if offset == 0:
                self.path.write_bytes(b"")
        except OSError as error:
            raise store_error(error, self.path) from error
        facts = json.dumps({"source": self._source, "etag": mark})
        write_store_file(self._facts, facts.encode())

    def discard(self) -> None:
        """Delete what is left."""
        for path in (self.path, self._facts):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _refuse(response: Response, url: str) -> None:
    """Raise for every answer that carries no content."""
    status, address = response.status_code, _shown(url)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status in {200, 206}:
        if kind == "text/html":
            raise ModelError("net.web_page", file=address)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise ModelError("net.compressed", file=address)
        return
    if status in {404, 410}:
        raise MissingFileError("net.no_file", status=status, file=address)
    if status in {401, 403, 407, 451}:
        raise ModelError("net.refused", status=status, file=address)
    refusal = ModelError("net.answered", status=status, remedy=_LATER_REMEDY, file=address)
    if status >= 500 or status in _LATER:
        raise TryAgain(refusal)
    raise refusal


def _total(response: Response, offset: int, expected: Expected) -> int | None:
    """All bytes of the file as the server counts them, else as expected; None if neither knows."""
    length = response.headers.get("Content-Length", "")
    return offset + int(length) if length.isdigit() else expected.size_bytes


def _changed(response: Response, mark: str) -> bool:
    """Whether a server sends a part of another version than the one begun with."""
    return bool(mark) and response.headers.get("ETag", mark) != mark


def _range_start(response: Response) -> int | None:
    range_header = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(range_header[1]) if range_header and range_header[1] else None


def _whole_size(response: Response) -> int | None:
    range_header = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(range_header["whole"]) if range_header and range_header["whole"] else None


def _shown(url: str) -> str:
    """Address as messages show it: without names, passwords and signatures."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
