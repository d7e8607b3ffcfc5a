"""Run a worker process of the local engine: messages arrive on stdin and leave on stdout.

It ends with its parent, however that ends.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoreport.batch.engine import VideoJob
from emoreport.batch.engines.wire import (
    decode,
    encode,
    error_document,
    job_document,
    opened_document,
    outcome_document,
    read_job,
)
from emoreport.errors import EmoreportError
from emoreport.messages import speak
from emoreport.settings import Settings

PROGRESS_EVERY_S: Final = 0.5
_SET_DEATH_SIGNAL: Final = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""
_FIRST_TO_GO: Final = "500"
"""Of the kernel's scale up to 1000: out of memory, it ends a worker before the parent."""


class _Line:
    """The way to the parent; several threads use it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def send(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - any JSON values
        content = encode({"kind": kind, **values})
        with self._lock:
            self._stream.write(content)
            self._stream.flush()

    def progress(self, job: VideoJob, stage: str, done_s: float, total_s: float | None) -> None:
        now = time.monotonic()
        first = stage not in self._last
        if first or now - self._last[stage] >= PROGRESS_EVERY_S:
            self._last[stage] = now
            self.send("progress", name=job.name, stage=stage, done_s=done_s, total_s=total_s)

    def begin(self) -> None:
        """Forget when the last video's progress was told."""
        self._last.clear()


def main() -> None:
    """Open the models, then work off jobs until the parent closes the line."""
    # A crash of a library then leaves on stderr where Python was.
    faulthandler.enable()
    line = _Line(_own_output())
    parent = int(sys.argv[2])
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who decides
    commands: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, commands), daemon=True).start()
    settings = Settings.from_values(commands.get()["settings"])
    speak(settings.output.lang)
    from emoreport.batch.engines.work import Workshop

    try:
        workshop = Workshop(
            settings,
            announce=lambda text: line.send("announce", line=text),
            progress=line.progress,
            pull_progress=lambda name, done, total: line.send(
                "pulling", name=name, done=done, total=total
            ),
        )
    except EmoreportError as error:
        line.send("refused", error=error_document(error))
        return
    line.send("opened", opened=opened_document(workshop.opened))
    while True:
        job = read_job(commands.get()["job"])
        line.begin()
        line.send("started", name=job.name)
        line.send("outcome", name=job.name, outcome=outcome_document(workshop.work(job)))


def command(parent: int) -> list[str]:
    """Command line that starts a worker: this Python, with the modules that this process finds.

    The working folder, which may hold anything, is not looked into for modules.
    """
    import json

    start = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from emoreport.batch.engines.worker import main; main()"
    )
    paths = [path for path in sys.path if path]
    return [sys.executable, "-P", "-c", start, json.dumps(paths), str(parent)]


def job_message(job: VideoJob) -> bytes:
    """What the parent sends to have a video analysed."""
    return encode({"kind": "job", "job": job_document(job)})


def settings_message(settings: Settings) -> bytes:
    """What the parent sends first."""
    return encode({"kind": "settings", "settings": settings.values()})


def _own_output() -> BinaryIO:
    """Take stdout for messages; whatever a library prints goes to stderr instead."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stream


def _listen(stream: BinaryIO, commands: queue.Queue[dict[str, Any]]) -> None:
    for content in stream:
        commands.put(decode(content))
    # The parent has gone or wants no more. Nothing is half-written under a final name.
    os._exit(0)


def _end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, even while a decoder runs wild."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    if os.getppid() != parent:  # it went before the kernel was asked
        os._exit(1)
