"""Read the one service of compose.yaml: the keys that ours uses, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docker.recipe import RecipeError
from docker.sandbox import CAPABILITIES

KNOWN: Final = frozenset(
    {
        "build",
        "cap_add",
        "cap_drop",
        "command",
        "image",
        "init",
        "network_mode",
        "read_only",
        "security_opt",
        "tmpfs",
        "volumes",
    }
)


@dataclass(frozen=True, slots=True)
class Service:
    """How the service is started.

    Parameters
    ----------
    command
        Arguments of the entry point.
    mounts
        Folders in the container that come from outside.
    build_args
        Build arguments that it gives.
    read_only, tmpfs, network, capabilities
        As in `Container`.
    """

    command: tuple[str, ...]
    mounts: tuple[str, ...]
    build_args: tuple[str, ...]
    read_only: bool
    tmpfs: tuple[str, ...]
    network: bool
    capabilities: frozenset[str]


def read_service(file: Path, name: str = "emoreport") -> Service:
    """Read the service `name` of a compose file.

    Raises
    ------
    RecipeError
        For a key or a value that the check cannot carry out.
    """
    import yaml

    service: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"][name]
    if unknown := sorted(set(service) - KNOWN):
        raise RecipeError(f"{file.name}: the check does not know {', '.join(unknown)}")
    if service.get("network_mode", "none") != "none":
        raise RecipeError(f"{file.name}: network_mode is known as none only")
    dropped = service.get("cap_drop", [])
    if dropped not in ([], ["ALL"]):
        raise RecipeError(f"{file.name}: cap_drop is known as [ALL] only")
    added = {str(capability).lower() for capability in service.get("cap_add", [])}
    return Service(
        command=tuple(service.get("command", ())),
        # The target is what follows the last colon: a default in the source has one of its own.
        mounts=tuple(str(volume).rpartition(":")[2] for volume in service.get("volumes", ())),
        build_args=tuple(service.get("build", {}).get("args", {})),
        read_only=bool(service.get("read_only", False)),
        tmpfs=tuple(service.get("tmpfs", ())),
        network=service.get("network_mode") != "none",
        capabilities=frozenset(added) | (frozenset() if dropped else CAPABILITIES),
    )
