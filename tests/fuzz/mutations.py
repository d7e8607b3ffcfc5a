"""Hypothesis strategies that damage whole files: byte by byte, and value by value."""

from __future__ import annotations

import copy
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from emoreport.errors import EmoreportError

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "40"))
"""Damaged files per target; `make soak` asks for more."""
SECONDS: Final = 20.0
MEMORY_MB: Final = 600.0
"""What reading one small file may cost at most, on a busy machine."""
DEEP: Final = 20_000
LONG_NUMBER: Final = 10**400

targets = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""The same files in every run."""

PIECES: Final = (
    b"", b"\x00", b"\xff" * 8, b"\n", b"\r\n", b'"', b"'", b"\\", b"<", b"&", b"<!DOCTYPE a>",
    b"]]>", b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"9" * 5000, b"=1+1", b"..", b"/",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xd0", b"[" * DEEP, b'{"a":' * DEEP, b"a." * DEEP,
    b"(" * 1000, b"\x80", b";", b",",
)  # fmt: skip


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """The file with up to six places cut out, doubled, changed or replaced; rarely cut off."""
    place = st.integers(0, max(len(content) - 1, 0))
    length = st.one_of(st.integers(0, 8), st.integers(0, max(len(content), 1)))
    new = st.one_of(st.sampled_from(PIECES), st.binary(max_size=16))
    edit = st.tuples(st.sampled_from(["cut", "double", "put", "flip", "end"]), place, length, new)
    return st.lists(edit, min_size=1, max_size=6).map(lambda edits: _edited(content, edits))


def _edited(content: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    data = bytearray(content)
    for kind, at, length, new in edits:
        if kind == "cut":
            del data[at : at + length]
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "put":
            data[at : at + len(new)] = new
        elif kind == "end" and length < 3:
            del data[at:]
        elif at < len(data):
            data[at] ^= 1 << length % 8
    return bytes(data)


VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1e-320, 1e308, float("nan"), float("inf"), LONG_NUMBER, 2**63, "",
    "x", "nan", "../../x", "/etc/passwd", "\x00", "\ud800", "=1+1", "9" * 5000, [], {}, [[]],
    {"": None}, [None], ["happiness"] * 2000, {"name": 1},
)  # fmt: skip


def wrong_values(document: Any) -> st.SearchStrategy[Any]:
    """The JSON document with one to three of its values replaced, added or left out."""
    paths = list(_paths(document, ()))
    edit = st.tuples(st.sampled_from(paths), st.sampled_from([*range(len(VALUES)), "drop", "nest"]))
    return st.lists(edit, min_size=1, max_size=3).map(lambda edits: _replaced(document, edits))


def _paths(document: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    entries: Any = ()
    if isinstance(document, dict):
        entries = document.items()
    elif isinstance(document, list):
        entries = enumerate(document)
    for key, value in entries:
        yield from _paths(value, (*above, key))


def _replaced(document: Any, edits: list[tuple[tuple[Any, ...], Any]]) -> Any:
    changed = copy.deepcopy(document)
    for path, how in edits:
        holder = changed
        try:
            for key in path[:-1]:
                holder = holder[key]
            if how == "drop":
                del holder[path[-1]]
            elif how == "nest":
                holder[path[-1]] = {path[-1]: holder[path[-1]]}
            else:
                holder[path[-1]] = copy.deepcopy(VALUES[how])
        except (LookupError, TypeError):
            continue  # an earlier edit took the place away
    return changed


def json_file(document: Any) -> bytes:
    """A document as a file, with what JSON does not allow but readers take."""
    return json.dumps(document).encode("ascii")


def survives(read: Callable[[], object], file: Path | None = None) -> object:
    """Read a damaged file: it is read or refused in one line, at a bounded cost.

    Returns
    -------
    What was read, or the error that refused it.
    """
    started, before_mb = time.monotonic(), _peak_mb()
    try:
        outcome = read()
    except EmoreportError as error:
        outcome = error
    if isinstance(outcome, EmoreportError):
        line = str(outcome)
        assert line == " ".join(line.split())
        assert outcome.cause
        assert file is None or outcome.file is not None
    assert time.monotonic() - started < SECONDS
    assert _peak_mb() - before_mb < MEMORY_MB
    return outcome


def _peak_mb() -> float:
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
