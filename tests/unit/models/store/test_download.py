"""One file over HTTP, from a server on this machine that is sometimes unkind."""

from __future__ import annotations

import io
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

from emoreport import atomic
from emoreport.errors import ModelError, SettingsError
from emoreport.models.store import connection
from emoreport.models.store.connection import (
    Patience,
    UnreachableError,
    checked_mirror,
    require_reachable,
)
from emoreport.models.store.download import Downloader, MissingFileError
from emoreport.models.store.integrity import Digests, Expected
from tests.fixtures.server import ModelServer, closed_port, git_blob, running_server
from tests.fixtures.stores import HASTY, go_online

CONTENT = random.Random(3).randbytes(700_000)
WHOLE = Expected(len(CONTENT), sha256(CONTENT).hexdigest())
UNKNOWN = Expected()
PATH = "/owner/name/weights.onnx"
LIMIT_S = 6.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    go_online(monkeypatch)
    with running_server() as running:
        yield running


Fetch = Callable[..., Digests]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights.onnx"


@pytest.fixture
def fetch(server: ModelServer, target: Path) -> Fetch:
    def call(
        expected: Expected = WHOLE, *, url: str = "", patience: Patience = HASTY, **facts: Any
    ) -> Digests:
        facts = {"progress": lambda *_: None, "remedy": "ask", **facts}
        with Downloader(patience, facts.pop("headers", None)) as downloader:
            return downloader.fetch(url or server.url + PATH, target, expected, **facts)

    return call


def part(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def assert_nothing_left(target: Path) -> None:
    assert list(target.parent.iterdir()) == []


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT)
    seen: list[tuple[str, int, int | None]] = []
    found = fetch(progress=lambda *step: seen.append(step))
    assert target.read_bytes() == CONTENT
    assert (found.size_bytes, found.sha256) == (WHOLE.size_bytes, WHOLE.sha256)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert seen[0] == ("weights.onnx", 0, len(CONTENT))
    assert seen[-1] == ("weights.onnx", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_the_content_is_asked_for_uncompressed(server: ModelServer, fetch: Fetch) -> None:
    server.serve(PATH, CONTENT)
    fetch()
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_git_blob_id_identifies_a_file_of_unknown_size(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT)
    assert fetch(Expected(git_blob=git_blob(CONTENT))).git_blob == git_blob(CONTENT)
    target.unlink()
    with pytest.raises(ModelError, match="git blob id"):
        fetch(Expected(git_blob=git_blob(CONTENT + b"x")))
    assert_nothing_left(target)


@pytest.mark.parametrize("expected", [WHOLE, Expected(sha256=WHOLE.sha256)], ids=["size", "none"])
def test_a_corrupted_file_is_deleted_and_is_an_error(
    server: ModelServer, fetch: Fetch, target: Path, expected: Expected
) -> None:
    server.serve(PATH, CONTENT[:-1] + b"!")
    with pytest.raises(ModelError, match="SHA-256") as caught:
        fetch(expected)
    assert caught.value.remedy == "ask"
    assert_nothing_left(target)
    assert len(server.requests) == 1


def test_a_file_of_another_size_is_refused_before_it_is_fetched(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT + b"more")
    with pytest.raises(ModelError, match=f"offers {len(CONTENT) + 4} bytes"):
        fetch()
    assert not part(target).exists()


def test_more_bytes_than_expected_are_not_written(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT * 3, has_length=False)
    with pytest.raises(ModelError, match="more than"):
        fetch()
    assert part(target).stat().st_size <= len(CONTENT)


def test_a_truncated_answer_goes_on_where_it_broke_off(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000, etag='"one"')
    fetch()
    assert target.read_bytes() == CONTENT
    first, second = server.requests
    assert "range" not in first.headers
    kept = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < kept <= 300_000
    assert (second.status, second.sent) == (206, len(CONTENT) - kept)
    assert second.headers["if-range"] == '"one"'


def test_a_server_that_always_truncates_is_given_up_after_three_tries(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=100_000, cuts=99)
    with pytest.raises(ModelError, match="broke off"):
        fetch()
    assert len(server.requests) == 3
    assert not target.exists()
    # What arrived is kept for the next pull.
    assert 0 < part(target).stat().st_size < len(CONTENT)


def test_a_truncated_answer_without_a_length_is_noticed(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000, has_length=False)
    fetch()
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [200, 206]


def test_a_server_that_falls_silent_is_asked_again(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, stall_at=200_000)
    fetch()
    assert target.read_bytes() == CONTENT
    assert server.requests[1].headers["range"] == "bytes=196608-"  # whole chunks of 64 KiB


def test_a_slow_server_is_waited_for(server: ModelServer, fetch: Fetch, target: Path) -> None:
    server.serve(PATH, CONTENT, chunk=60_000, pause_s=0.1)
    started_s = time.monotonic()
    fetch()
    assert time.monotonic() - started_s > HASTY.read_s
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_errors_of_the_server_are_tried_again(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, statuses=[500, 503])
    fetch()
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [500, 503, 200]


def test_errors_of_the_server_end_after_three_tries(server: ModelServer, fetch: Fetch) -> None:
    server.serve(PATH, CONTENT, statuses=[500, 502, 500, 500])
    with pytest.raises(ModelError, match="HTTP 500") as caught:
        fetch()
    assert not isinstance(caught.value, UnreachableError)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_file_is_said_at_once(server: ModelServer, fetch: Fetch, status: int) -> None:
    server.serve(PATH, CONTENT, statuses=[status])
    with pytest.raises(MissingFileError, match=f"no such file .HTTP {status}"):
        fetch()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_tells_what_to_do(server: ModelServer, fetch: Fetch, status: int) -> None:
    server.serve(PATH, CONTENT, statuses=[status])
    with pytest.raises(ModelError, match=f"HTTP {status}.*terms"):
        fetch()
    assert len(server.requests) == 1


def test_a_web_page_is_not_taken_for_a_model(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, b"<html>log in</html>", content_type="text/html; charset=utf-8")
    with pytest.raises(ModelError, match="web page"):
        fetch(UNKNOWN)
    assert_nothing_left(target)


def test_compressed_content_is_refused(server: ModelServer, fetch: Fetch) -> None:
    server.serve(PATH, CONTENT, headers={"Content-Encoding": "gzip"})
    with pytest.raises(ModelError, match="compresses"):
        fetch()


def test_redirects_are_followed_and_the_rest_is_asked_for_there(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, redirect="/elsewhere")
    server.serve("/elsewhere", CONTENT, cut_at=300_000)
    fetch()
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [302, 200, 302, 206]


def test_redirects_without_end_are_an_error(server: ModelServer, fetch: Fetch) -> None:
    server.serve(PATH, redirect=PATH)
    with pytest.raises(ModelError, match="without end"):
        fetch()
    assert len(server.requests) == 6


def test_headers_for_one_host_are_not_shown_to_another(server: ModelServer, fetch: Fetch) -> None:
    with running_server() as other:
        server.serve(PATH, redirect=f"{other.url}/cdn")
        other.serve("/cdn", CONTENT)
        fetch(headers={"Authorization": "Bearer secret"})
        assert server.requests[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.requests[0].headers


class Downgrade(requests.adapters.BaseAdapter):
    """Stands for a server behind TLS that leads to an address without."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 302
        response.request, response.url = request, request.url or ""
        response.raw = io.BytesIO()
        response.headers["Location"] = "http://127.0.0.1:9/x?token=secret"
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_a_redirect_from_https_to_http_is_refused(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    with Downloader(HASTY) as downloader:
        downloader._session.mount("https://", Downgrade())
        downloader._reached.add(("https", "models.invalid"))
        with pytest.raises(ModelError, match="unprotected address http://127") as caught:
            downloader.fetch(
                "https://models.invalid/x", target, WHOLE, progress=lambda *_: None, remedy=""
            )
    assert "secret" not in str(caught.value)


def test_a_server_that_ignores_ranges_starts_again(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000, ranges=False)
    fetch()
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [200, 200]
    assert "range" in server.requests[1].headers


def test_a_server_that_sends_another_range_starts_again(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    resource = server.serve(PATH, CONTENT, cut_at=300_000, range_shift=5)
    fetch()
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [200, 206, 200]
    assert resource.range_shift == 5


def test_a_file_that_changed_meanwhile_starts_again(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    old = server.serve(PATH, bytes(len(CONTENT)), cut_at=300_000, cuts=3, etag='"old"')
    with pytest.raises(ModelError):
        fetch(UNKNOWN, patience=Patience(tries=1))
    assert old.cuts == 2
    assert part(target).stat().st_size > 0
    server.serve(PATH, CONTENT, etag='"new"')
    fetch(UNKNOWN)
    assert target.read_bytes() == CONTENT
    assert server.requests[-1].headers["if-range"] == '"old"'
    assert server.requests[-1].status == 200


def test_a_changed_part_is_noticed_where_if_range_is_ignored(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, bytes(len(CONTENT)), cut_at=300_000, etag='"old"')
    with pytest.raises(ModelError):
        fetch(UNKNOWN, patience=Patience(tries=1))
    server.serve(PATH, CONTENT, etag='"new"', conditions=False)
    fetch(UNKNOWN)
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [200, 206, 200]


def test_what_is_left_is_not_trusted_without_validator_or_digest(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, bytes(len(CONTENT)), cut_at=300_000)
    with pytest.raises(ModelError):
        fetch(UNKNOWN, patience=Patience(tries=1))
    server.serve(PATH, CONTENT, etag='W/"weak"')
    fetch(UNKNOWN)
    assert target.read_bytes() == CONTENT
    assert "range" not in server.requests[-1].headers


def test_what_is_left_of_another_address_is_not_used(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve("/owner/name/old.onnx", bytes(300_000), cut_at=200_000)
    with pytest.raises(ModelError):
        fetch(Expected(), url=f"{server.url}/owner/name/old.onnx", patience=Patience(tries=1))
    server.serve(PATH, CONTENT)
    fetch()
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("expected", [WHOLE, Expected(sha256=WHOLE.sha256)], ids=["size", "none"])
def test_a_part_that_is_complete_needs_no_more_bytes(
    server: ModelServer, fetch: Fetch, target: Path, expected: Expected
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000, cuts=3)
    with pytest.raises(ModelError):
        fetch(patience=Patience(tries=1))
    part(target).write_bytes(CONTENT)
    server.requests.clear()
    fetch(expected)
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] in ([], [416])


def test_a_part_that_is_too_long_is_thrown_away(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000, cuts=1)
    with pytest.raises(ModelError):
        fetch(patience=Patience(tries=1))
    part(target).write_bytes(CONTENT + b"more")
    fetch(Expected(sha256=WHOLE.sha256))
    assert target.read_bytes() == CONTENT
    assert [request.status for request in server.requests] == [200, 416, 200]


def test_a_wrong_part_ends_in_an_error_and_the_next_pull_is_clean(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT, cut_at=300_000)
    with pytest.raises(ModelError):
        fetch(patience=Patience(tries=1))
    part(target).write_bytes(bytes(300_000))
    with pytest.raises(ModelError, match="SHA-256"):
        fetch()
    assert_nothing_left(target)
    fetch()
    assert target.read_bytes() == CONTENT


def test_a_full_disk_is_said_before_anything_is_fetched(
    server: ModelServer, fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(PATH, CONTENT)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(atomic.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match=r"0 MB are free.*EMOREPORT_MODEL_DIR"):
        fetch()
    assert_nothing_left(target)


def test_a_proxy_of_the_environment_is_used(
    server: ModelServer, fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(PATH, CONTENT)
    monkeypatch.setenv("HTTP_PROXY", server.url)
    fetch(url=f"http://models.invalid{PATH}")
    assert target.read_bytes() == CONTENT
    assert server.requests[0].path == f"http://models.invalid{PATH}"


def test_a_proxy_is_passed_by_where_no_proxy_says_so(
    server: ModelServer, fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(PATH, CONTENT)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fetch()
    assert server.requests[0].path == PATH


def test_a_server_that_hangs_up_is_unreachable_after_three_tries(
    server: ModelServer, fetch: Fetch
) -> None:
    server.serve(PATH, CONTENT, hangs_up=True)
    with pytest.raises(UnreachableError, match="does not answer") as caught:
        fetch()
    assert len(server.requests) == 3
    assert caught.value.__cause__ is not None


def test_a_server_without_tls_gives_no_protected_connection(
    server: ModelServer, fetch: Fetch
) -> None:
    with pytest.raises(ModelError, match=r"no protected connection.*REQUESTS_CA_BUNDLE"):
        fetch(url=server.url.replace("http:", "https:") + PATH)


def test_a_proxy_that_is_no_address_is_named(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:port")
    with pytest.raises(SettingsError, match="the proxy 'http://proxy:port'"):
        fetch(url="http://models.invalid/x")


def test_a_place_that_cannot_be_written_is_named(
    server: ModelServer, fetch: Fetch, target: Path
) -> None:
    server.serve(PATH, CONTENT)
    part(target).mkdir()
    with pytest.raises(ModelError, match=r"cannot be written.*EMOREPORT_MODEL_DIR"):
        fetch()


def test_no_server_is_said_within_six_seconds(fetch: Fetch, target: Path) -> None:
    started_s = time.monotonic()
    with pytest.raises(UnreachableError, match="EMOREPORT_MODEL_MIRROR"):
        fetch(url=f"http://127.0.0.1:{closed_port()}/x", patience=Patience())
    assert time.monotonic() - started_s < LIMIT_S
    assert_nothing_left(target)


def test_a_dead_proxy_is_said_within_six_seconds(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    started_s = time.monotonic()
    with pytest.raises(UnreachableError):
        fetch(url="http://models.invalid/x", patience=Patience())
    assert time.monotonic() - started_s < LIMIT_S


def test_an_unknown_host_is_said_within_six_seconds(fetch: Fetch) -> None:
    started_s = time.monotonic()
    with pytest.raises(UnreachableError, match=r"models\.invalid"):
        fetch(url="https://models.invalid/x", patience=Patience())
    assert time.monotonic() - started_s < LIMIT_S


def test_a_name_service_that_hangs_is_given_up_within_six_seconds(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(30)
        return []

    monkeypatch.setattr(connection.socket, "getaddrinfo", hang)
    started_s = time.monotonic()
    try:
        with pytest.raises(UnreachableError, match="no answer in"):
            fetch(url="https://models.example/x", patience=Patience())
        assert time.monotonic() - started_s < LIMIT_S
    finally:
        over.set()


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            with suppress(BlockingIOError):
                caller.connect(address)
            waiting.append(caller)
        try:
            yield f"http://127.0.0.1:{address[1]}/x"
        finally:
            for caller in waiting:
                caller.close()


def test_an_address_that_never_answers_is_given_up_within_six_seconds(
    black_hole: str, fetch: Fetch
) -> None:
    started_s = time.monotonic()
    with pytest.raises(UnreachableError):
        fetch(url=black_hole, patience=Patience())
    assert 3 < time.monotonic() - started_s < LIMIT_S


def test_one_good_address_of_several_is_enough(
    server: ModelServer, black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    ports = [int(url.split(":")[2].partition("/")[0]) for url in (black_hole, server.url)]
    found = [(*kinds, ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(connection.socket, "getaddrinfo", lambda *_, **__: found)
    require_reachable("http://models.example/x", Patience(tries=1))


def test_a_connection_that_is_refused_only_at_first_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["Connection refused", "Connection refused", ""])
    monkeypatch.setattr(connection, "_connection_problem", lambda *_: next(answers))
    require_reachable("http://models.example/x", HASTY)
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ""),
        ("https://models.example/", "https://models.example"),
        (" http://127.0.0.1:8000/models ", "http://127.0.0.1:8000/models"),
    ],
)
def test_a_mirror_is_an_address(text: str, address: str) -> None:
    assert checked_mirror(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "models.example",
        "ftp://models.example",
        "https://",
        "/mirror",
        "http://a:b",
        "https://a?b=c",
    ],
)
def test_a_mirror_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="EMOREPORT_MODEL_MIRROR"):
        checked_mirror(text)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_only_http_is_spoken(fetch: Fetch, url: str) -> None:
    with pytest.raises(ModelError, match="neither http nor https"):
        fetch(url=url)
