"""Find out within seconds whether there is a network at all."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from emoreport.errors import ModelError, SettingsError
from emoreport.messages import Phrase

MIRROR_VARIABLE: Final = "EMOREPORT_MODEL_MIRROR"
OFFLINE_VARIABLES: Final = ("EMOREPORT_OFFLINE", "HF_HUB_OFFLINE")
_MOST_ADDRESSES: Final = 8
_REACH_PAUSE_S: Final = 0.2
_PORTS: Final = {"http": 80, "https": 443}
Result = TypeVar("Result")
_NO: Final = frozenset({"", "0", "false", "no", "off"})


class UnreachableError(ModelError):
    """No connection can be made, or none may be made."""


class TryAgain(Exception):  # noqa: N818 - a signal, caught by `persist`
    """An attempt failed that may succeed later; `final` is the error if it was the last one."""

    def __init__(self, final: ModelError) -> None:
        super().__init__(final.cause)
        self.final = final


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often the network is tried.

    Attributes
    ----------
    tries
        Attempts at everything.
    pause_s
        Pause before the second attempt, seconds; twice as long before each further one.
    reach_s
        Seconds that one attempt at a first connection may take, its name look-up included.
    connect_s
        Seconds that a connection for a transfer may take.
    read_s
        Seconds that a server may send nothing.
    """

    tries: int = 3
    pause_s: float = 0.5
    reach_s: float = 1.3
    connect_s: float = 3.0
    read_s: float = 30.0

    def pause(self, attempt: int) -> None:
        """Wait before the attempt of this number, counted from 0."""
        if attempt:
            time.sleep(self.pause_s * 2 ** (attempt - 1))


def persist(attempt: Callable[[], Result], patience: Patience) -> Result:
    """Result of `attempt`, which is made again after a pause where it raises `TryAgain`.

    Raises
    ------
    ModelError
        When the last attempt failed too.
    """
    failure = TryAgain(ModelError("net.not_tried"))
    for number in range(patience.tries):
        patience.pause(number)
        try:
            return attempt()
        except TryAgain as error:
            failure = error
    raise failure.final from failure


def offline_variable() -> str:
    """Variable that forbids the network; "" if none does."""
    for name in OFFLINE_VARIABLES:
        if os.environ.get(name, "").strip().lower() not in _NO:
            return name
    return ""


def checked_mirror(address: str) -> str:
    """Address of a mirror without its last slash; "" for none.

    Raises
    ------
    SettingsError
        When it is no http or https address.
    """
    address = address.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _PORTS and parts.hostname and parts.port != 0 and not parts.query
    except ValueError:  # a port that is no number
        usable = False
    if address and not usable:
        raise SettingsError("net.mirror", variable=MIRROR_VARIABLE, address=address)
    return address


def require_reachable(url: str, patience: Patience) -> None:
    """Make sure that the server of `url`, or the proxy on the way to it, takes connections.

    The limits of HTTP libraries hold for each address of a host by itself and not for the look-up
    of its name, so that a machine without network can wait for a minute. This answers within
    ``tries * reach_s`` and short pauses between, five seconds in all.

    Raises
    ------
    UnreachableError
        When it does not.
    """
    host, port = _next_hop(url)
    problem = ""
    for attempt in range(patience.tries):
        time.sleep(_REACH_PAUSE_S * attempt)
        problem = _connection_problem(host, port, patience.reach_s)
        if not problem:
            return
    raise UnreachableError(
        "net.no_connection", host=host, port=port, problem=problem, variable=MIRROR_VARIABLE
    )


def _next_hop(url: str) -> tuple[str, int]:
    """Host and port that a request for `url` connects to first."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    address = url if not proxy else proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 1080)
    except ValueError as error:  # a port that is no number
        raise SettingsError("net.proxy", address=address, error=error) from error
    return host, port


def _connection_problem(host: str, port: int, limit_s: float) -> str:
    """Why no connection was made within `limit_s` seconds; "" if one was.

    All addresses are tried at once. The threads are left behind where they wait for a system call
    that has no limit of its own.
    """
    answers: SimpleQueue[int | str] = SimpleQueue()

    def connect(family: int, kind: int, protocol: int, address: Any) -> None:  # noqa: ANN401 - a tuple whose form depends on the family
        try:
            with socket.socket(family, kind, protocol) as connection:
                connection.settimeout(limit_s)
                connection.connect(address)
        except OSError as error:
            answers.put(error.strerror or str(error))
        else:
            answers.put("")

    def resolve() -> None:
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:_MOST_ADDRESSES]
        except (OSError, UnicodeError) as error:
            answers.put(1)
            answers.put(getattr(error, "strerror", None) or str(error))
            return
        answers.put(len(addresses))
        for family, kind, protocol, _, address in addresses:
            _in_background(connect, family, kind, protocol, address)

    _in_background(resolve)
    return _first_success(answers, limit_s)


def _first_success(answers: SimpleQueue[int | str], limit_s: float) -> str:
    deadline_s = time.monotonic() + limit_s
    expected, failures = 0, list[str]()
    while not expected or len(failures) < expected:
        try:
            answer = answers.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except Empty:
            return (
                failures[0]
                if failures
                else str(Phrase("errors.net.no_answer", {"seconds": limit_s}))
            )
        if isinstance(answer, int):
            expected = answer
        elif answer:
            failures.append(answer)
        else:
            return ""
    return failures[0]


def _in_background(work: Any, *arguments: Any) -> None:  # noqa: ANN401 - any function
    threading.Thread(target=work, args=arguments, daemon=True).start()
