"""Keep the start-up chatter of native libraries off the user's terminal.

MediaPipe, absl and TensorFlow Lite write informational lines straight to file descriptor 2 while
a graph is built and at its first run; no documented switch silences all of them. They are
filtered here by what they say, and everything else that was written meanwhile is passed on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Final

NOISE: Final = re.compile(
    rb"^(WARNING: (All log messages|Logging) before .* written to STDERR"
    rb"|INFO: .*"
    rb"|[IW]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ [\w./-]+:\d+\] .*)$"
)
"""Lines that say nothing to a user: informational and warning lines of the three libraries."""

_STDERR: Final = 2


@contextmanager
def native_noise_filtered() -> Iterator[None]:
    """Hold back what is written to standard error, then pass on all but known chatter.

    Python warnings of the libraries (deprecations inside them) are silenced as well. The
    descriptor belongs to the whole process, so this is for short stretches of work only: building
    a graph and its first run.
    """
    for name, value in (("GLOG_minloglevel", "2"), ("TF_CPP_MIN_LOG_LEVEL", "2")):
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _held_back():
            yield


def quiet_until(has_seen: bool) -> AbstractContextManager[None]:
    """Filter the chatter of a graph until it has seen its first face, at which it speaks up."""
    return nullcontext() if has_seen else native_noise_filtered()


@contextmanager
def _held_back() -> Iterator[None]:
    """Redirect descriptor 2 to a file; afterwards write there what is no chatter."""
    try:
        saved = os.dup(_STDERR)
    except OSError:  # standard error is closed: nothing can be written there, nothing to filter
        yield
        return
    with tempfile.TemporaryFile() as held:
        _flush_stderr()
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            _flush_stderr()
            os.dup2(saved, _STDERR)
            os.close(saved)
            for line in _worth_telling(held):
                os.write(_STDERR, line)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def _worth_telling(held: IO[bytes]) -> list[bytes]:
    held.seek(0)
    return [line for line in held if line.strip() and not NOISE.match(line.rstrip(b"\r\n"))]
