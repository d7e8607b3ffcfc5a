"""Connect to a Ray cluster, and define the actor that runs on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emoreport.batch.engine import Limits, VideoJob
from emoreport.batch.engines import limits
from emoreport.batch.engines.local import POOLS
from emoreport.batch.engines.wire import error_document, opened_document, outcome_document
from emoreport.errors import EmoreportError, SettingsError
from emoreport.messages import speak
from emoreport.settings import Settings

OBJECT_STORE_BYTES: Final = 80_000_000
"""Of a cluster that is started here; nothing but paths and summaries passes through it. Ray takes
no less than 75 MB."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the actors run.

    Attributes
    ----------
    address
        Of a running cluster, as ``ray.init`` takes it; None starts one on this machine, unless
        RAY_ADDRESS names one.
    actors
        Workers at a time; None takes as many as the cluster has room for.
    gpus_per_actor
        Share of a graphics card that one worker takes; 0 runs without any.
    """

    address: str | None = None
    actors: int | None = None
    gpus_per_actor: float = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A cluster that answers.

    Attributes
    ----------
    ray
        The library.
    actors
        Workers at a time.
    memory_mb
        Resident memory that one of them may take, megabytes.
    began_here
        Whether it ends with the batch.
    """

    ray: Any
    actors: int
    memory_mb: float
    began_here: bool

    @property
    def machines(self) -> int:
        """Number of machines that are alive."""
        return len([node for node in self.ray.nodes() if node["Alive"]])

    def is_alive(self, machine: str) -> bool:
        """Whether the cluster still counts on a machine."""
        return any(node["NodeID"] == machine and node["Alive"] for node in self.ray.nodes())


def connect(cluster: Cluster, threads: int, limits: Limits) -> Connection:
    """Reach the cluster and see what it has room for.

    Parameters
    ----------
    cluster
        Where it is, and how many actors are wanted.
    threads
        Processors of one actor.
    limits
        `memory_mb` overrides an actor's share of the memory.

    Raises
    ------
    SettingsError
        When Ray is not installed, the cluster cannot be reached or has no room for one actor.
    """
    # Read by Ray on import and by all that it starts: nothing is reported to its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise SettingsError("ray.not_installed") from error
    library: Any = ray
    began_here = not library.is_initialized()
    if began_here:
        _begin(library, cluster.address or os.environ.get("RAY_ADDRESS") or "local")
    resources = library.cluster_resources()
    processors, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
    room = int(processors // threads)
    if cluster.gpus_per_actor:
        room = min(room, int(gpus / cluster.gpus_per_actor))
    actors = cluster.actors or room
    if actors < 1:
        if began_here:
            library.shutdown()
        raise SettingsError("ray.no_room", threads=threads, gpus=cluster.gpus_per_actor)
    # What Ray counts as memory for work, shared out by processors.
    share_mb = resources.get("memory", 0.0) / 1e6 / max(processors, 1.0) * threads
    return Connection(library, actors, limits.memory_mb or share_mb, began_here)


def _begin(ray: Any, address: str) -> None:  # noqa: ANN401 - Ray has few types
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        options |= {
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "num_cpus": limits.usable_processors(),
        }
    try:
        ray.init(address=address, **options)
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError("ray.unreachable", address=address, error=first_line(error)) from error


def first_line(error: Exception) -> str:
    """The first line of what an error says; Ray's go on for pages."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class VideoActor:
    """What runs on the cluster. Two threads call it: one works, the other asks how it goes."""

    def __init__(self, values: Mapping[str, Any], threads: int, gpus: float) -> None:
        # Before the libraries are loaded that read them.
        os.environ.update(dict.fromkeys(POOLS, str(threads)))
        if not gpus:
            # `--device auto` takes any card it sees; what was not asked for is not taken.
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self._settings = Settings.from_values(values)
        speak(self._settings.output.lang)
        self._workshop: Any = None
        self._lock = threading.Lock()
        self._progress: dict[str, tuple[float, float | None]] = {}

    def open(self) -> dict[str, Any]:
        """Open the models; return what they are, where this runs, and lines for the user."""
        import ray

        from emoreport.batch.engines.work import Workshop

        lines: list[str] = []
        try:
            self._workshop = Workshop(self._settings, announce=lines.append, progress=self._tell)
        except EmoreportError as error:
            return {"error": error_document(error)}
        return {
            "opened": opened_document(self._workshop.opened),
            "node": ray.get_runtime_context().get_node_id(),
            "lines": lines,
        }

    def work(self, job: VideoJob) -> dict[str, Any]:
        """Analyse one video and write its results."""
        with self._lock:
            self._progress.clear()
        return outcome_document(self._workshop.work(job))

    def status(self) -> dict[str, Any]:
        """How far the video is, and how much memory this process holds."""
        with self._lock:
            progress = dict(self._progress)
        return {"progress": progress, "resident_mb": limits.resident_mb(os.getpid())}

    def _tell(self, _: VideoJob, stage: str, done_s: float, total_s: float | None) -> None:
        with self._lock:
            self._progress[stage] = (done_s, total_s)


class Actor:
    """One actor, and what it is doing as far as this process knows.

    Attributes
    ----------
    node
        The machine it runs on; empty until its models are open.
    job
        The video it has; None while it is idle.
    since
        When it was asked for what it does, monotonic seconds.
    question
        The reference of an unanswered question for its status.
    """

    def __init__(self, handle: Any) -> None:  # noqa: ANN401 - made by Ray
        self.handle = handle
        self.node = ""
        self.job: VideoJob | None = None
        self.since = time.monotonic()
        self.reference: Any = handle.open.remote()
        self.question: Any = None
        self.stage = ""
        self.claimed_s: float | None = None

    def give(self, job: VideoJob) -> None:
        """Hand over a video."""
        self.job, self.stage, self.claimed_s = job, "", None
        self.since = time.monotonic()
        self.reference = self.handle.work.remote(job)
