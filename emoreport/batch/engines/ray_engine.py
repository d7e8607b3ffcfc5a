"""Analyse videos on a Ray cluster, with actors that open the models once.

Paths and settings travel to the actors, summaries come back. Every machine of the cluster has to
reach the videos and the output folder under the same paths, or by URL, and has models of its own.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Self

from emoreport.batch.engine import Failed, Limits, Opened, VideoJob, VideoOutcome, Watcher
from emoreport.batch.engines import limits
from emoreport.batch.engines.local import (
    ATTEMPTS,
    CRASHED,
    FAILED_STARTS,
    LIMITS,
    OPENING_LIMIT_S,
    SOON_S,
)
from emoreport.batch.engines.ray_cluster import (
    Actor,
    Cluster,
    Connection,
    VideoActor,
    connect,
    first_line,
)
from emoreport.batch.engines.wire import read_error, read_opened, read_outcome
from emoreport.errors import EmoreportError, SettingsError
from emoreport.messages import text
from emoreport.settings import Settings

LOST_MACHINES: Final = 10
"""So often a video is begun again because its machine was lost: that says nothing about it."""
WATCH_EVERY_S: Final = 1.0


class RayEngine:
    """Actors of a Ray cluster.

    Parameters
    ----------
    settings
        What to do with each video. `runtime.threads` is the number of processors of one actor; 0
        takes one.
    cluster
        Where the actors run.
    limits
        What one video may cost.
    watcher
        Is told what happens.
    """

    def __init__(
        self, settings: Settings, cluster: Cluster, limits: Limits, watcher: Watcher
    ) -> None:
        self.settings = settings.replace(threads=settings.runtime.threads or 1)
        self._cluster = cluster
        self._limits = limits
        self._watcher = watcher
        self._connected: Connection | None = None
        self._actors: list[Actor] = []
        self._opened: Opened | None = None
        self._again: deque[VideoJob] = deque()
        self._crashes: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        self._failed_starts = 0
        self._last_watch = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the actors at once, and the cluster if it was started here."""
        for actor in list(self._actors):
            self._dismiss(actor)
        connected, self._connected = self._connected, None
        if connected is not None and connected.began_here:
            connected.ray.shutdown()

    def open(self) -> Opened:
        """Connect, start the first actor and have it open the models.

        Raises
        ------
        SettingsError
            When Ray is not installed, or the cluster cannot be reached.
        EmoreportError
            When a model is not available, or no actor can be started.
        """
        if self.settings.runtime.device == "cuda" and not self._cluster.gpus_per_actor:
            raise SettingsError("ray.cuda_without_share")
        self._connected = connect(self._cluster, self.settings.runtime.threads, self._limits)
        self._watcher.announce(
            text(
                "ray.line.actors",
                self.settings.output.lang,
                actors=self._connected.actors,
                machines=self._connected.machines,
                threads=self.settings.runtime.threads,
                memory=f"{self._connected.memory_mb:.0f}",
            )
        )
        self._actors.append(self._start())
        while self._opened is None:
            list(self._turn(WATCH_EVERY_S))
        return self._opened

    def run(self, jobs: Iterable[VideoJob | None]) -> Iterator[VideoOutcome]:
        """Analyse videos; yield one outcome each, in the order in which they end.

        Raises
        ------
        EmoreportError
            When no actor can be started any more.
        """
        source = iter(jobs)
        more = True
        while more or self._again or self._busy():
            waiting = False
            while (more or self._again) and (idle := self._idle()):
                job = self._again.popleft() if self._again else next(source, self)
                if isinstance(job, RayEngine):  # the end of the source
                    more = False
                elif job is None:
                    waiting = True
                    break
                else:
                    idle.give(job)
                    self._watcher.started(job)
                    # Answers come once a second; the time of the stage counts from here.
                    self._watcher.progress(job, "faces", 0.0, None)
            if more or self._again:
                self._fill_up()
            yield from self._turn(SOON_S if waiting else WATCH_EVERY_S)

    # ------------------------------------------------------------------------- actors

    @property
    def _there(self) -> Connection:
        assert self._connected is not None
        return self._connected

    def _start(self) -> Actor:
        threads = self.settings.runtime.threads
        kind = self._there.ray.remote(
            num_cpus=threads,
            num_gpus=self._cluster.gpus_per_actor,
            # One thread works, one answers.
            max_concurrency=2,
            # What an actor had in hand when it was lost is decided here, not by Ray.
            max_restarts=0,
            max_task_retries=0,
        )(VideoActor)
        return Actor(kind.remote(self.settings.values(), threads, self._cluster.gpus_per_actor))

    def _fill_up(self) -> None:
        if self._failed_starts < FAILED_STARTS:
            while len(self._actors) < self._there.actors:
                self._actors.append(self._start())

    def _idle(self) -> Actor | None:
        ready = (actor for actor in self._actors if actor.node and actor.job is None)
        return next(ready, None)

    def _busy(self) -> list[Actor]:
        return [actor for actor in self._actors if actor.job is not None]

    def _dismiss(self, actor: Actor) -> None:
        self._actors.remove(actor)
        # A cluster that is gone cannot be asked to end anything.
        with suppress(Exception):
            self._there.ray.kill(actor.handle)

    # ------------------------------------------------------------------------- what they say

    def _turn(self, timeout_s: float) -> Iterator[VideoOutcome]:
        """Wait for what actors have to say, a moment at most, and act on it."""
        waited_for = {
            reference: actor
            for actor in self._actors
            for reference in (actor.reference, actor.question)
            if reference is not None
        }
        if waited_for:
            try:
                ready, _ = self._there.ray.wait(list(waited_for), num_returns=1, timeout=timeout_s)
            except self._there.ray.exceptions.RayError as error:
                raise EmoreportError("ray.silent", error=first_line(error)) from error
            for reference in ready:
                yield from self._take(waited_for[reference], reference)
        elif not self._actors:
            raise EmoreportError("ray.no_worker")
        else:
            time.sleep(timeout_s)
        yield from self._watch()

    def _take(self, actor: Actor, reference: Any) -> Iterator[VideoOutcome]:  # noqa: ANN401
        if reference == actor.question:
            actor.question = None
        else:
            actor.reference = None
        try:
            answer = self._there.ray.get(reference)
        except self._there.ray.exceptions.RayError as error:
            if actor in self._actors:
                yield from self._bury(actor, error)
            return
        if actor not in self._actors:
            return
        if "progress" in answer:
            yield from self._judge(actor, answer)
        elif actor.job is None:
            self._greet(actor, answer)
        else:
            outcome = read_outcome(actor.job, answer)
            actor.job = None
            self._crashes.pop(outcome.job.name, None)
            self._losses.pop(outcome.job.name, None)
            yield outcome

    def _greet(self, actor: Actor, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            raise read_error(answer["error"])
        opened = read_opened(answer["opened"])
        if self._opened is None:
            for line in answer["lines"]:
                self._watcher.announce(line)
        elif opened != self._opened:
            # Tables of one batch made by different models, and nothing in them to tell.
            raise EmoreportError(
                "ray.machines_differ",
                opened=_names(opened),
                node=answer["node"][:8],
                others=_names(self._opened),
            )
        self._opened = opened
        self._failed_starts = 0
        actor.node = answer["node"]

    def _bury(self, actor: Actor, error: Exception) -> Iterator[Failed]:
        """Find out what the loss of an actor means for the video that it had."""
        job, node = actor.job, actor.node
        self._dismiss(actor)
        if not node:
            self._failed_starts += 1
            if self._opened is None or (self._failed_starts >= FAILED_STARTS and not self._actors):
                raise EmoreportError("ray.ended_opening", error=first_line(error)) from error
            return
        if job is None:
            return
        tries = self._losses if self._machine_lost(node, error) else self._crashes
        tries[job.name] = tries.get(job.name, 0) + 1
        most = LOST_MACHINES if tries is self._losses else ATTEMPTS
        if tries[job.name] < most:
            self._again.append(job)
            return
        lasting = tries is self._crashes
        key = "crashed_alone" if lasting else "machine_lost"
        during = actor.stage
        yield Failed.worded(job, CRASHED, key, {"times": most}, during=during, lasting=lasting)

    def _machine_lost(self, node: str, error: Exception) -> bool:
        # Unavailable: no word from it, while the end of a process alone is reported as such.
        if isinstance(error, self._there.ray.exceptions.ActorUnavailableError):
            return True
        if getattr(error, "preempted", False) or "node has died" in str(error):
            return True
        return not self._there.is_alive(node)

    # ------------------------------------------------------------------------- limits

    def _watch(self) -> Iterator[Failed]:
        """Ask busy actors how it goes; end those whose videos take longer than they may."""
        now = time.monotonic()
        if now - self._last_watch < WATCH_EVERY_S:
            return
        self._last_watch = now
        for actor in list(self._actors):
            if actor.job is None:
                if not actor.node and now - actor.since > OPENING_LIMIT_S:
                    self._give_up_opening(actor)
                continue
            allowed_s = limits.time_limit_s(self._limits, actor.job.size_bytes, actor.claimed_s)
            if now - actor.since > allowed_s:
                yield self._end(actor, "too_slow", limit_s=allowed_s)
            elif actor.question is None:
                actor.question = actor.handle.status.remote()

    def _give_up_opening(self, actor: Actor) -> None:
        """An actor that waits for room in a full cluster does no harm beside others that work."""
        if any(working.node for working in self._actors):
            return
        self._dismiss(actor)
        raise EmoreportError("ray.not_opened", limit_s=OPENING_LIMIT_S)

    def _judge(self, actor: Actor, status: Mapping[str, Any]) -> Iterator[Failed]:
        """Pass on how far a video is; end its actor if that takes too much memory."""
        if actor.job is None:
            return
        for stage, (done_s, total_s) in status["progress"].items():
            actor.stage = stage
            if stage == "faces":
                actor.claimed_s = total_s
            self._watcher.progress(actor.job, stage, done_s, total_s)
        if status["resident_mb"] > self._there.memory_mb:
            yield self._end(actor, "too_large_ray", limit_mb=self._there.memory_mb)

    def _end(self, actor: Actor, key: str, **values: float) -> Failed:
        assert actor.job is not None
        self._dismiss(actor)
        return Failed.worded(actor.job, LIMITS, key, values, during=actor.stage)


def _names(opened: Opened) -> str:
    return ", ".join(opened.models)
