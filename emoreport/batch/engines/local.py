"""Analyse videos in worker processes on this machine, watched by the process that started them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Final, Self

from emoreport.batch.engine import Failed, Limits, Opened, VideoJob, VideoOutcome, Watcher
from emoreport.batch.engines import limits
from emoreport.batch.engines.limits import Share
from emoreport.batch.engines.wire import (
    MAX_LINE,
    WireError,
    decode,
    read_error,
    read_opened,
    read_outcome,
)
from emoreport.batch.engines.worker import command, job_message, settings_message
from emoreport.errors import EmoreportError
from emoreport.messages import Phrase, text
from emoreport.settings import Settings

ATTEMPTS: Final = 2
"""So often a video may cost a worker its life: the first death may have come from outside."""
FAILED_STARTS: Final = 3
OPENING_LIMIT_S: Final = 600.0
"""Seconds in which a worker that replaces another must have its models open."""
WATCH_EVERY_S: Final = 0.25
SOON_S: Final = 0.02
LAST_LINES: Final = 60
MAX_LAST_LINE: Final = 1000
"""So much is kept of what a worker writes to stderr."""
TRACEBACK: Final = "Traceback (most recent call last)"
FULL_SHARE: Final = 0.6
"""A worker that holds more than this share of its limit between two videos is replaced."""
CRASHED: Final = "worker"
LIMITS: Final = "limits"
"""Stages of failures that the parent finds out."""
POOLS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


class _Worker:
    """One worker process and what it is doing.

    Attributes
    ----------
    job
        The video it has; None while it is idle.
    since
        When it began with the job or, before its models are open, with those; monotonic seconds.
    claimed_s
        Length that the container of the video claims.
    verdict
        Why the parent ended it.
    """

    def __init__(
        self, number: int, settings: Settings, inbox: queue.Queue[tuple[int, Any]], threads: int
    ) -> None:
        self.number = number
        self.ready = False
        self.job: VideoJob | None = None
        self.stage = ""
        self.since = time.monotonic()
        self.claimed_s: float | None = None
        self.verdict: Failed | None = None
        environment = {**os.environ, **dict.fromkeys(POOLS, str(threads))}
        self._process = subprocess.Popen(  # noqa: S603 - this very Python
            command(os.getpid()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self.pid = self._process.pid
        self._said: deque[bytes] = deque(maxlen=LAST_LINES)
        self._overhearing = threading.Thread(target=self._overhear, daemon=True)
        self._overhearing.start()
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()
        self._send(settings_message(settings))

    def give(self, job: VideoJob) -> None:
        """Hand over a video."""
        self.job, self.stage, self.claimed_s = job, "", None
        if self.ready:
            self.since = time.monotonic()
        self._send(job_message(job))

    def end(self) -> None:
        """Kill the process and wait until it is gone."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def cause_of_death(self) -> Phrase:
        """How the process ended, once its line has closed."""
        self.end_after_line()
        code = self._process.returncode
        if code >= 0:
            words = self.last_words()
            # Of Python the last line says what went wrong; libraries warn of this and that.
            error = f" ({words.splitlines()[-1]})" if TRACEBACK in words else ""
            return Phrase("errors.batch.death.exit", {"code": code, "error": error})
        try:
            return Phrase("errors.batch.death.signal", {"signal": signal.Signals(-code).name})
        except ValueError:
            return Phrase("errors.batch.death.signal", {"signal": -code})

    def last_words(self) -> str:
        """What a process that has ended last wrote to stderr; "" if nothing."""
        self._overhearing.join(timeout=1)
        text = b"".join(self._said).decode("utf-8", "replace")
        shown = "".join(sign for sign in text if sign.isprintable() or sign == "\n")
        return f"{shown.strip()}\n" if shown.strip() else ""

    def end_after_line(self) -> None:
        """Give a process whose line has closed a moment to end, then kill it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self.end()

    def _send(self, content: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # dead already: its closed line tells
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def _overhear(self) -> None:
        """Keep the end of what libraries and Python itself write to stderr."""
        assert self._process.stderr is not None
        with self._process.stderr as stream, suppress(OSError):
            while line := stream.readline(MAX_LAST_LINE):
                self._said.append(line)

    def _listen(self, inbox: queue.Queue[tuple[int, Any]]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            try:
                while line := stream.readline(MAX_LINE):
                    inbox.put((self.number, decode(line)))
            except (OSError, WireError):
                with suppress(OSError):
                    self._process.kill()
        inbox.put((self.number, None))


class LocalEngine:
    """Worker processes on this machine.

    Parameters
    ----------
    settings
        What to do with each video.
    share
        How many workers there are, and what each may take.
    limits
        What one video may cost.
    watcher
        Is told what happens.
    """

    def __init__(self, settings: Settings, share: Share, limits: Limits, watcher: Watcher) -> None:
        self.settings = settings.replace(threads=share.threads)
        self._share = share
        self._limits = limits
        self._watcher = watcher
        self._inbox: queue.Queue[tuple[int, Any]] = queue.Queue()
        self._workers: dict[int, _Worker] = {}
        self._numbers = count()
        self._opened: Opened | None = None
        self._attempts: dict[str, int] = {}
        self._again: deque[VideoJob] = deque()
        self._failed_starts = 0
        self._last_watch = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers at once, whatever they do."""
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def open(self) -> Opened:
        """Start the first worker and have it open the models.

        Raises
        ------
        EmoreportError
            When a model is not available, or the worker dies of opening them.
        """
        self._watcher.announce(
            text(
                "batch.line.workers",
                self.settings.output.lang,
                jobs=self._share.jobs,
                threads=self._share.threads,
                memory=f"{self._share.memory_mb:.0f}",
            )
        )
        self._start()
        while self._opened is None:
            list(self._take(self._inbox.get()))
        return self._opened

    def run(self, jobs: Iterable[VideoJob | None]) -> Iterator[VideoOutcome]:
        """Analyse videos; yield one outcome each, in the order in which they end.

        Raises
        ------
        EmoreportError
            When no worker can be started any more.
        """
        source, more = iter(jobs), True
        while more or self._again or self._busy():
            more, soon = self._feed(source, more=more)
            try:
                item = self._inbox.get(timeout=SOON_S if soon else WATCH_EVERY_S)
            except queue.Empty:
                pass
            else:
                yield from self._take(item)
            self._watch()

    def _feed(self, source: Iterator[VideoJob | None], *, more: bool) -> tuple[bool, bool]:
        """Give free workers something to do; say whether `source` has more, and whether soon."""
        while len(self._busy()) < self._share.jobs:
            if self._again:
                self._hand_out(self._again.popleft())
                continue
            try:
                job = next(source) if more else None
            except StopIteration:
                return False, False
            if job is None:
                return more, more
            self._hand_out(job)
        return more, False

    # ------------------------------------------------------------------------- workers

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if worker.job is not None]

    def _start(self) -> _Worker:
        worker = _Worker(next(self._numbers), self.settings, self._inbox, self._share.threads)
        self._workers[worker.number] = worker
        return worker

    def _hand_out(self, job: VideoJob) -> None:
        idle = [worker for worker in self._workers.values() if worker.job is None]
        (idle[0] if idle else self._start()).give(job)

    def _take(self, item: tuple[int, Any]) -> Iterator[VideoOutcome]:
        """Take one message of a worker; None says that its line has closed."""
        number, message = item
        worker = self._workers.get(number)
        if worker is None:
            return
        if message is None:
            yield from self._bury(worker)
            return
        try:
            outcome = self._hear(worker, message)
        except (WireError, KeyError, TypeError):
            worker.end()  # no worker of ours talks like that; its closed line comes next
            return
        if outcome is not None:
            yield outcome

    def _hear(self, worker: _Worker, message: Mapping[str, Any]) -> VideoOutcome | None:
        kind = message["kind"]
        if kind == "outcome" and worker.job is not None:
            outcome = read_outcome(worker.job, message["outcome"])
            worker.job = None
            self._attempts.pop(outcome.job.name, None)
            if limits.resident_mb(worker.pid) > FULL_SHARE * self._share.memory_mb:
                self._dismiss(worker)
            return outcome
        if kind == "started" and worker.job is not None:
            worker.since = time.monotonic()
            self._watcher.started(worker.job)
        elif kind == "progress" and worker.job is not None:
            worker.stage = message["stage"]
            if worker.stage == "faces":
                worker.claimed_s = message["total_s"]
            self._watcher.progress(worker.job, worker.stage, message["done_s"], message["total_s"])
        elif kind == "pulling":
            self._watcher.pulling(message["name"], message["done"], message["total"])
        elif kind == "announce" and self._opened is None:
            self._watcher.announce(message["line"])
        elif kind == "opened":
            self._greet(worker, read_opened(message["opened"]))
        elif kind == "refused":
            raise read_error(message["error"])
        return None

    def _greet(self, worker: _Worker, opened: Opened) -> None:
        if self._opened is not None and opened != self._opened:
            raise EmoreportError("batch.models_changed")
        self._opened = opened
        self._failed_starts = 0
        worker.ready = True
        worker.since = time.monotonic()

    def _dismiss(self, worker: _Worker) -> None:
        worker.end()
        self._workers.pop(worker.number, None)

    def _bury(self, worker: _Worker) -> Iterator[Failed]:
        """Find out what the death of a worker means for the video that it had."""
        cause = worker.cause_of_death()
        self._dismiss(worker)
        job = worker.job
        if not worker.ready:
            self._failed_starts += 1
            if self._opened is None or self._failed_starts >= FAILED_STARTS:
                raise EmoreportError("batch.died_opening", cause=cause)
            if job is not None:
                self._again.append(job)
        elif job is None:
            pass  # it was idle, or its last word came before its end
        elif worker.verdict is not None:
            yield worker.verdict
        else:
            self._attempts[job.name] = self._attempts.get(job.name, 0) + 1
            if self._attempts[job.name] < ATTEMPTS:
                self._again.append(job)
            else:
                yield _crashed(job, cause, worker.stage, worker.last_words())

    def _watch(self) -> None:
        """End the workers whose videos cost more than they may."""
        now = time.monotonic()
        if now - self._last_watch < WATCH_EVERY_S:
            return
        self._last_watch = now
        for worker in self._busy():
            assert worker.job is not None
            if worker.verdict is not None:
                continue
            if not worker.ready:
                if now - worker.since > OPENING_LIMIT_S:
                    worker.end()
                continue
            allowed_s = limits.time_limit_s(self._limits, worker.job.size_bytes, worker.claimed_s)
            if now - worker.since > allowed_s:
                worker.verdict = Failed.worded(
                    worker.job, LIMITS, "too_slow", {"limit_s": allowed_s}, during=worker.stage
                )
            elif limits.resident_mb(worker.pid) > self._share.memory_mb:
                worker.verdict = Failed.worded(
                    worker.job,
                    LIMITS,
                    "too_large",
                    {"limit_mb": self._share.memory_mb},
                    during=worker.stage,
                )
            if worker.verdict is not None:
                worker.end()


def _crashed(job: VideoJob, cause: Phrase, stage: str, trace: str) -> Failed:
    values = {"cause": cause, "times": ATTEMPTS}
    return Failed.worded(job, CRASHED, "crashed", values, during=stage, trace=trace)
