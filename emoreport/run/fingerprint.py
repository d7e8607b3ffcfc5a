"""What in a run.json decides its results, and what its readings only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from emoreport.settings import OPTIONS

RETABLED_GROUPS: Final = frozenset({"analysis", "output"})
RETABLED_OPTIONS: Final = frozenset({"min_speech"})
WITHOUT_EFFECT: Final = frozenset({"out", "overwrite", "offline", "threads"})


def is_retabled(name: str) -> bool:
    """Whether a setting, by public name, acts on stored readings and not on how they are made.

    Of a setting that this version does not know that cannot be said: it is False.
    """
    group = OPTIONS[name].group if name in OPTIONS else ""
    return group in RETABLED_GROUPS or name in RETABLED_OPTIONS


def deciding_facts(run: Mapping[str, Any]) -> list[Any]:
    """Everything in a run.json, but the video and the label bridge, that decides the results.

    Raises
    ------
    KeyError, TypeError, AttributeError
        When `run` is none.
    """
    coded = (run.get("labels") or {}).get("sha256")
    return [_version(run), _settings(run), _models_that_ran(run), coded]


def fingerprint_of(run: Mapping[str, Any]) -> str:
    """Digest of everything in a run.json, but the video, that decides the results.

    Raises
    ------
    KeyError, TypeError, AttributeError
        When `run` is none.
    """
    return _digest([*deciding_facts(run), dict(run.get("bridge", {}))])


def readings_fingerprint_of(run: Mapping[str, Any]) -> str:
    """Digest of everything in a run.json, but the video, that decides the readings.

    Raises
    ------
    KeyError, TypeError, AttributeError
        When `run` is none.
    """
    settings = {name: value for name, value in _settings(run).items() if not is_retabled(name)}
    return _digest([_version(run), settings, _models_that_ran(run)])


def _version(run: Mapping[str, Any]) -> str:
    return str(run["versions"]["emoreport"])


def _settings(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run["settings"].items() if name not in WITHOUT_EFFECT}


def _models_that_ran(run: Mapping[str, Any]) -> dict[str, Any]:
    """Of each model what decides its answers: name, files, runtime and precision.

    Versions of runtimes move the last digits only and are left out.
    """
    found = {}
    for role, model in run["models"].items():
        library, *rest = str(model.get("runtime", "")).split(" ")
        files = sorted(dict(model.get("files", {})).items())
        found[role] = [model["name"], files, library, *rest[1:]]
    return found


def _digest(facts: Sequence[Any]) -> str:
    content = json.dumps(facts, sort_keys=True, ensure_ascii=True).encode("ascii")
    return hashlib.sha256(content).hexdigest()
