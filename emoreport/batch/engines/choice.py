"""Choose an engine and make it with the options that the user gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from emoreport.batch.engine import Engine, Limits, Watcher
from emoreport.errors import SettingsError
from emoreport.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the user asked for besides the settings.

    Attributes
    ----------
    jobs
        Videos at a time; None leaves it to the engine.
    limits
        What one video may cost.
    ray_address
        Of a running Ray cluster; None starts one on this machine.
    ray_gpus_per_actor
        Share of a graphics card that a worker on the cluster takes.
    """

    jobs: int | None = None
    limits: Limits = field(default_factory=Limits)
    ray_address: str | None = None
    ray_gpus_per_actor: float = 0.0


def _local(settings: Settings, options: EngineOptions, watcher: Watcher) -> Engine:
    from emoreport.batch.engines.limits import share_out
    from emoreport.batch.engines.local import LocalEngine

    share = share_out(options.jobs, settings.runtime.threads, options.limits)
    return LocalEngine(settings, share, options.limits, watcher)


def _ray(settings: Settings, options: EngineOptions, watcher: Watcher) -> Engine:
    from emoreport.batch.engines.ray_cluster import Cluster
    from emoreport.batch.engines.ray_engine import RayEngine

    cluster = Cluster(options.ray_address, options.jobs, options.ray_gpus_per_actor)
    return RayEngine(settings, cluster, options.limits, watcher)


ENGINES: Final[Mapping[str, Callable[[Settings, EngineOptions, Watcher], Engine]]] = {
    "local": _local,
    "ray": _ray,
}
"""Every engine by its name."""


def make_engine(name: str, settings: Settings, options: EngineOptions, watcher: Watcher) -> Engine:
    """Make the engine of that name; nothing is started yet.

    Raises
    ------
    SettingsError
        When there is no such engine.
    """
    if name not in ENGINES:
        raise SettingsError("batch.engine", name=name, engines=", ".join(ENGINES))
    return ENGINES[name](settings, options, watcher)
